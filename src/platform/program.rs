//! A program that is run to its end, and no longer.

use super::os;

/// Runs a program to its end, its input closed, at most `most` octets of each output kept. One
/// that does not end within `patience` is killed, and those that it began.
///
/// # Errors
///
/// It cannot be started, or did not end in time (`TimedOut`).
pub fn run_program(
    mut command: std::process::Command,
    patience: std::time::Duration,
    most: u64,
) -> std::io::Result<std::process::Output> {
    use std::io::Read;
    use std::process::Stdio;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut octets = Vec::new();
            let read = pipe.map(|pipe| pipe.take(most).read_to_end(&mut octets));
            read.map_or(Ok(Vec::new()), |read| read.map(|_| octets))
        })
    };
    let out = read(child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let err = read(child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let id = child.id();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = tell.send(child.wait());
    });
    let status = match told.recv_timeout(patience) {
        Ok(status) => status?,
        Err(_) => {
            os::kill_group(id);
            return Err(std::io::ErrorKind::TimedOut.into());
        }
    };
    // What a program left running in the background may hold its outputs open.
    os::kill_group(id);
    let read = |thread: std::thread::JoinHandle<_>| {
        thread.join().unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))
    };
    Ok(std::process::Output { status, stdout: read(out)?, stderr: read(err)? })
}
