//! The integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics and says why"
)]

mod explain;
mod fixtures;
mod generated;
mod hostile;
mod render;
mod report;
