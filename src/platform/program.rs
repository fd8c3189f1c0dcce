//! A program that is run to its end, and no longer.

use super::os;
use crate::{blocking, files};

/// Runs a program to its end, its input closed, at most `most` bytes of each output kept. One
/// that has not ended by `until` is killed, and those that it began; also where this process
/// ends before, by itself ([`super::end_programs`]) or by a signal.
///
/// # Errors
///
/// It cannot be started, or did not end in time (`TimedOut`).
pub fn run_program(
    mut command: std::process::Command,
    until: std::time::Instant,
    most: u64,
) -> std::io::Result<std::process::Output> {
    use std::io::Read;
    use std::process::Stdio;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let left = || until.saturating_duration_since(std::time::Instant::now());
    // The thread that waits for it exists before the program begins: without a thread it is not run,
    // and one that is killed leaves nothing behind.
    let (hand, handed) = std::sync::mpsc::channel::<std::process::Child>();
    let waiting = blocking::start(move || match handed.recv() {
        Ok(mut child) => child.wait(),
        Err(_) => Err(std::io::ErrorKind::NotFound.into()),
    })?;
    let mut child = command.spawn()?;
    let group = os::Group::of(child.id());
    let pipes = (child.stdout.take(), child.stderr.take());
    let _ = hand.send(child);
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        let read = move || pipe.map_or(Ok(Vec::new()), |pipe| files::first(pipe, most));
        blocking::start(read).inspect_err(|_| group.kill())
    };
    let out = read(pipes.0.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>))?;
    let err = read(pipes.1.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>))?;
    let status = match waiting.wait(left()) {
        Ok(status) => status?,
        Err(_) => {
            group.kill();
            return Err(std::io::ErrorKind::TimedOut.into());
        }
    };
    // What a program left running in the background may hold its outputs open; one that left the
    // group as well is not waited for.
    group.kill();
    let left = left().min(AFTER_THE_END);
    let read = |reading: blocking::Work<std::io::Result<Vec<u8>>>| {
        reading.wait(left).unwrap_or_else(|_| Ok(Vec::new()))
    };
    Ok(std::process::Output { status, stdout: read(out)?, stderr: read(err)? })
}

/// How long the outputs of a program that has ended may take to end.
const AFTER_THE_END: std::time::Duration = std::time::Duration::from_millis(200);
