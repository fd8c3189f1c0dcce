//! Peers, files and users that mean no good, against the built binary: no secret in any
//! output, no walk without an end, no panic.

mod command_line;
mod echo;
mod files;
mod panics;
mod peers;
mod stall;

use std::process::Output;
use std::time::{Duration, Instant};

use assert_cmd::Command;

/// A key in the form of Azure's.
const KEY: &str = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
/// The target of the walks.
const HOST: &str = "myacct.openai.azure.com";
/// Deadlines of the walks here, in seconds.
const TIMES: [&str; 4] = ["--timeout", "1", "--deadline", "2"];
/// Such a walk ends in this time, on a machine that does much else.
const BOUND: Duration = Duration::from_secs(8);

/// The tool, with an empty environment.
fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aoai-probe"));
    command.env_clear().env("RUST_BACKTRACE", "1").timeout(BOUND * 3);
    command
}

/// Runs it and holds what every run promises: it ends in time, it says in words what is
/// wrong, and with one of its own statuses.
fn run(command: &mut Command) -> (Output, String) {
    let began = Instant::now();
    let output = command.output().expect("the tool runs");
    let took = began.elapsed();
    let shown = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(took < BOUND, "it took {took:?}: {shown}");
    let status = output.status.code();
    assert!(matches!(status, Some(0..=3 | 64)), "{status:?}: {shown}");
    for foreign in ["panicked", "stack backtrace", "bug of ours", "os error", "Err(", "Error {"] {
        assert!(!shown.contains(foreign), "{foreign:?} in: {shown}");
    }
    (output, shown)
}

/// No part of a secret longer than eleven characters is in `shown`.
fn assert_hidden(secret: &str, shown: &str, when: &str) {
    let shown = shown.to_lowercase();
    for run in secret.to_lowercase().as_bytes().windows(12) {
        let run = std::str::from_utf8(run).expect("ASCII");
        assert!(!shown.contains(run), "{when}: {run} in {shown}");
    }
}
