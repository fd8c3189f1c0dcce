//! Parse, run, write, exit: nothing else.

#[path = "main/background_writer.rs"]
mod background_writer;

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aoai_probe::run::{self, Output, Progress, Terminal};
use aoai_probe::{panics, platform};

use self::background_writer::BackgroundWriter;

/// How long a pipe may have no reader.
const NO_READER: Duration = Duration::from_secs(5);
/// How long a reader may pause.
const NOT_READ: Duration = Duration::from_secs(30);
/// Between two attempts to write to a pipe.
const PAUSE: Duration = Duration::from_millis(20);

#[global_allocator]
static ALLOCATOR: platform::Allocator = platform::Allocator;

fn main() -> ExitCode {
    panics::install(|bug| {
        let _ = writeln!(std::io::stderr(), "{}", bug.report());
    });
    platform::protect_process();
    // Only these last, so only they are services of Windows.
    let lasts = std::env::args_os().nth(1).is_some_and(|word| word == "watch" || word == "serve");
    let status = lasts.then(|| platform::run_as_service(program)).flatten();
    ExitCode::from(status.unwrap_or_else(program))
}

/// Parses, runs and writes; the exit status.
fn program() -> u8 {
    let terminal = terminal();
    let shown = Cell::new(0);
    let status = Cell::new(false);
    let (changes, troubles) = (RefCell::new(None), RefCell::new(None));
    // The first result that could not be written.
    let lost: RefCell<Option<String>> = RefCell::new(None);
    let progress = |progress: Progress<'_>| match progress {
        Progress::Line(line) => {
            if status.replace(false) {
                let _ = write!(std::io::stderr(), "\r\u{1b}[K");
            }
            shown.set(shown.get() + line.lines().count());
            let _ = writeln!(std::io::stderr(), "{line}");
        }
        Progress::Status(line) => {
            status.set(true);
            let _ = write!(std::io::stderr(), "\r{line}\u{1b}[K");
        }
        Progress::Change(line) => {
            platform::write_event(line, false);
            say(&changes, line, std::io::stdout);
        }
        Progress::Result(text) => {
            if let Err(error) = to_standard_output(text) {
                lost.borrow_mut().get_or_insert(error);
            }
        }
        Progress::Trouble(line) => {
            platform::write_event(line, true);
            say(&troubles, line, std::io::stderr);
        }
    };
    let done = panics::program(|| run::run(std::env::args_os(), terminal, &progress));
    platform::end_programs();
    let Some(done) = done else { return run::BUG };
    let end = background_writer::shutdown_deadline();
    let is_read =
        |said: RefCell<Option<BackgroundWriter>>| said.take().is_none_or(|said| said.end(end));
    let (out, err) = (is_read(changes), is_read(troubles));
    if status.get() {
        let _ = write!(std::io::stderr(), "\r\u{1b}[K");
    }
    if shown.get() > 0 && done.replaces_progress {
        // The report shows the same hops and replaces the lines above it.
        let _ = write!(std::io::stderr(), "\u{1b}[{}A\u{1b}[J", shown.get());
    }
    if err {
        let _ = std::io::stderr().write_all(done.err.as_bytes());
    }
    if !out {
        return done.status;
    }
    let (report, bundle) = (deliver(&done), deliver_bundle(&done));
    match lost.take().map_or(Ok(()), Err).and(report).and(bundle) {
        Ok(()) => done.status,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "aoai-probe: {message}");
            run::USAGE
        }
    }
}

/// Whether the standard streams are terminals that show colours and move their cursor.
fn terminal() -> Terminal {
    fn is_able<S: IsTerminal>(stream: &S, shows_codes: fn(&S) -> bool) -> bool {
        stream.is_terminal() && shows_codes(stream)
    }
    Terminal {
        out: is_able(&std::io::stdout(), platform::shows_codes),
        err: is_able(&std::io::stderr(), platform::shows_codes),
    }
}

/// Writes a line of a long-running command.
fn say<S: Write>(
    lines: &RefCell<Option<BackgroundWriter>>,
    line: &str,
    stream: impl FnOnce() -> S + Send + 'static,
) {
    let mut lines = lines.borrow_mut();
    if lines.is_none() {
        *lines = BackgroundWriter::start(stream);
    }
    if let Some(lines) = lines.as_mut() {
        lines.write_line(line);
    }
}

/// Writes the text to its destination. A reader that has gone away is not an error.
fn deliver(done: &Output) -> Result<(), String> {
    if let Some((file, text)) = &done.appended {
        let special = std::fs::metadata(file).is_ok_and(|about| !about.is_file());
        let written = match special {
            true => write_special(Path::new(file), text.as_bytes()),
            false => std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(file)
                .and_then(|mut file| file.write_all(text.as_bytes())),
        };
        // The result itself is still written; the summary is additional.
        if let Err(error) = written {
            let words = words(&error);
            let _ = writeln!(std::io::stderr(), "aoai-probe: GITHUB_STEP_SUMMARY: {words}");
        }
    }
    let Some(file) = &done.file else { return to_standard_output(&done.out) };
    let Err(error) = write(file, done.out.as_bytes(), true) else { return Ok(()) };
    // What was walked is not lost, as on a disk that is full by now.
    let ordinary = std::fs::metadata(file).map_or(true, |there| there.is_file());
    let instead = ordinary && to_standard_output(&done.out).is_ok();
    let instead = if instead { "; the result is on standard output" } else { "" };
    Err(format!("--output {file}: {}{instead}", words(&error)))
}

/// A reader that has gone away is not an error.
fn to_standard_output(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {}", words(&e)))
        }
        _ => Ok(()),
    }
}

/// Writes the bundle, which only its owner may read.
fn deliver_bundle(done: &Output) -> Result<(), String> {
    let Some(bundle) = &done.bundle else { return Ok(()) };
    let failed = |why: &str| format!("--bundle {}: {why}", bundle.file);
    let packed = bundle.packed().map_err(|why| failed(&why))?;
    write(&bundle.file, &packed, false).map_err(|error| failed(&words(&error)))
}

/// Replaces `file` atomically; a link stays a link, and a device or pipe is written to. What is
/// not `shared` only its owner may read.
fn write(file: &str, bytes: &[u8], shared: bool) -> std::io::Result<()> {
    // The target of a link; a new file is created under its given name.
    let path = std::fs::canonicalize(file).unwrap_or_else(|_| file.into());
    let there = std::fs::metadata(&path).ok();
    if there.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return write_special(&path, bytes);
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = new_file(folder, shared)?;
    new.write_all(bytes)?;
    if let Some(there) = there.filter(|_| shared) {
        new.as_file().set_permissions(there.permissions())?;
    }
    new.persist(&path).map_err(|e| e.error)?;
    Ok(())
}

/// A new file that takes another one's place. Like one of `>` where it is shared: a report contains
/// no secret, and the umask applies.
#[cfg(unix)]
fn new_file(folder: &Path, shared: bool) -> std::io::Result<tempfile::NamedTempFile> {
    let mode = if shared { 0o666 } else { 0o600 };
    tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
        .tempfile_in(folder)
}

/// The same, with the rights that its folder gives.
#[cfg(not(unix))]
fn new_file(folder: &Path, _: bool) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().tempfile_in(folder)
}

/// Writes to a device or pipe. A pipe without a reader, or with one that does not read, must not
/// block the process forever.
fn write_special(path: &Path, mut bytes: &[u8]) -> std::io::Result<()> {
    use std::io::ErrorKind;
    let begun = Instant::now();
    let mut file = loop {
        match platform::open_to_write(path) {
            Err(error) if platform::has_no_reader(path, &error) => {
                if begun.elapsed() >= NO_READER {
                    return Err(std::io::Error::other("no program reads from this pipe"));
                }
            }
            opened => break opened?,
        }
        std::thread::sleep(PAUSE);
    };
    let mut last = Instant::now();
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                (bytes, last) = (bytes.get(written..).unwrap_or_default(), Instant::now())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if last.elapsed() >= NOT_READ {
                    let message = "the program that opened this pipe does not read from it";
                    return Err(std::io::Error::other(message));
                }
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// An OS error's message, without its number and the name of the temporary file.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).split(" at path").next().unwrap_or("").into()
}
