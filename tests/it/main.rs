//! The integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test that cannot go on panics and says why; it reads its own files"
)]

mod advice;
mod anonymise;
mod architecture;
mod azure_cli;
mod binary;
mod budget;
mod bundle;
mod catalogue;
#[cfg(target_os = "linux")]
mod children;
mod compare;
#[cfg(target_os = "linux")]
mod completions;
mod defaults;
mod dependencies;
mod destinations;
mod docs;
mod documented;
mod explain;
mod first_screen;
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
mod pages;
#[cfg(unix)]
mod panics;
mod passwords;
mod program;
mod render;
mod repeated;
mod report;
mod resolver_classes;
mod shell;
mod systems;
mod tickets;
mod verdict;
mod words;
