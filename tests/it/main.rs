//! The integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics and says why; it reads its own files"
)]

mod advice;
mod architecture;
mod binary;
mod budget;
mod catalogue;
#[cfg(target_os = "linux")]
mod children;
#[cfg(target_os = "linux")]
mod completions;
mod dependencies;
mod documented;
mod explain;
mod fixtures;
mod fleet;
mod formats;
mod generated;
mod history;
mod hostile;
mod monitors;
mod mutations;
mod observation;
#[cfg(unix)]
mod panics;
mod passwords;
mod program;
mod render;
mod report;
mod resolver_classes;
mod shell;
mod verdict;
mod words;
