//! Parse, run, write, exit: nothing else.

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use aoai_probe::run::{self, Done, Terminal};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|info| bug(info.location())));
    aoai_probe::platform::protect_process();
    let terminal =
        Terminal { out: std::io::stdout().is_terminal(), err: std::io::stderr().is_terminal() };
    let shown = Cell::new(0);
    let progress = |line: &str| {
        shown.set(shown.get() + line.lines().count());
        let _ = writeln!(std::io::stderr(), "{line}");
    };
    let done = run::run(std::env::args_os(), terminal, &progress);
    if shown.get() > 0 && done.replaces_progress {
        // The report shows the same hops: it takes the place of the lines above it.
        let _ = write!(std::io::stderr(), "\u{1b}[{}A\u{1b}[J", shown.get());
    }
    let _ = std::io::stderr().write_all(done.err.as_bytes());
    match deliver(&done) {
        Ok(()) => ExitCode::from(done.status),
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "aoai-probe: {message}");
            ExitCode::from(run::USAGE)
        }
    }
}

/// Writes the text where it belongs. A reader that has gone away is no failure.
fn deliver(done: &Done) -> Result<(), String> {
    let Some(file) = &done.file else {
        let mut out = std::io::stdout();
        let _ = out.write_all(done.out.as_bytes()).and_then(|()| out.flush());
        return Ok(());
    };
    let path = Path::new(file);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fail = |e: std::io::Error| format!("--output {file}: {e}");
    let mut new = tempfile::NamedTempFile::new_in(folder).map_err(fail)?;
    new.write_all(done.out.as_bytes()).map_err(fail)?;
    readable(new.as_file()).map_err(fail)?;
    new.persist(path).map_err(|e| fail(e.error))?;
    Ok(())
}

/// A report holds no secret: others (a collector, a ticket) may read it, as with `>`.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
const fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

/// A panic is a bug of ours. Its message may hold anything, so only the place is said.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "a panic has no way back to main")]
fn bug(place: Option<&std::panic::Location<'_>>) {
    let place = place.map_or_else(String::new, |p| format!(" at {}:{}", p.file(), p.line()));
    let _ = writeln!(
        std::io::stderr(),
        "aoai-probe: this is a bug of ours{place}; the walk was not judged"
    );
    std::process::exit(run::BUG.into());
}
