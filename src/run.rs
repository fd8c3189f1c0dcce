//! The one function that knows every stage: from arguments to text and exit status.
//!
//! It writes nothing itself: it returns text to `main` and passes finished hops to a callback.

mod about;
mod anonymous;
mod application;
mod audit;
mod azure;
mod bundle;
mod check;
mod compare;
mod credentials;
mod destinations;
mod generate;
mod interruption;
mod output;
mod pasted;
mod plugin;
mod repeated;
mod round;
mod saved_reports;
mod serve;
mod suggestions;
mod target_walks;
mod usage;
mod watch;

use std::time::Duration;

use clap::Parser;

use crate::args::{Cli, Command};
use crate::diagnose::diagnose;
use crate::evidence::Evidence;
use crate::report::Report;
use crate::world::World;

pub use audit::audit_in;
pub use bundle::Bundle;
pub use check::check_in;
pub use saved_reports::diagnose_in;

/// Exit status for a usage error (sysexits.h, EX_USAGE).
pub const USAGE: u8 = 64;
/// Exit status where nothing can be told: here, of a report that cannot be read.
const CANNOT_TELL: u8 = 3;
/// Exit status for a bug in this tool (sysexits.h, EX_SOFTWARE).
pub const BUG: u8 = 70;

/// How long a file or a pipe that the user names may take.
const INPUT_TIMEOUT: Duration = Duration::from_secs(30);
/// Files that the runtime itself opens: for polling, wake-ups and signals.
const RUNTIME_FILES: usize = 8;

/// What `main` has to write, and the exit status.
#[derive(Debug, Default)]
pub struct Output {
    /// Text for standard output, or for `file`.
    pub out: String,
    /// Text for standard error.
    pub err: String,
    /// The file for `out`, instead of standard output.
    pub file: Option<String>,
    /// A zip archive to write as well.
    pub bundle: Option<Bundle>,
    /// A file, and text to append to it.
    pub appended: Option<(String, String)>,
    /// Whether `out` goes to the terminal that shows the progress, and replaces it.
    pub replaces_progress: bool,
    /// The exit status.
    pub status: u8,
}

/// What is shown while walks are running.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A line that stays until the report is printed.
    Line(&'a str),
    /// A line that replaces the last one.
    Status(&'a str),
    /// A change, written immediately and permanently.
    Change(&'a str),
    /// A part of the result, written immediately to standard output. Its reader may delay the next
    /// walk, but gets everything.
    Result(&'a str),
    /// A problem of the tool itself, written immediately and permanently.
    Trouble(&'a str),
}

/// The terminal, as `main` sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard output is one.
    pub out: bool,
    /// Standard error is one.
    pub err: bool,
}

/// Runs the tool. `progress` receives a line for each finished hop of a walk, or the progress of a
/// round.
pub fn run(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Output {
    let arguments: Vec<std::ffi::OsString> = arguments.into_iter().collect();
    match plugin::is_requested(&arguments) {
        false => run_any(arguments, terminal, progress),
        true => plugin::plugin_output(run_any(arguments, terminal, progress)),
    }
}

fn run_any(
    arguments: Vec<std::ffi::OsString>,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Output {
    let first = arguments.get(1).map(|word| word.to_string_lossy().into_owned());
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let hint = usage::hint(&error, first.as_deref());
            let error = usage::without_password(error);
            let text = error.render().to_string() + &hint;
            return match error.use_stderr() {
                true => Output { err: text, status: USAGE, ..Output::default() },
                false => Output { out: text, ..Output::default() },
            };
        }
    };
    let world = World::of_this_machine;
    let result = match cli.command {
        None => check::check(&cli.check, &world, terminal, progress),
        Some(Command::Check(arguments)) => check::check(&arguments, &world, terminal, progress),
        Some(Command::App(arguments)) => {
            application::check(&arguments, world(), terminal, progress)
        }
        Some(Command::Explain(arguments)) => match &arguments.answer {
            Some(file) => pasted::explain(file, &arguments, &world(), terminal),
            None => generate::explain_finding(arguments.finding.as_deref()),
        },
        Some(Command::Diagnose { reports, azure, way, output }) => {
            let (azure, way, world) = (&azure, &way, &world);
            let question = saved_reports::Question { azure, way, world, made_here: false };
            saved_reports::diagnose_files(&reports, &question, &output, terminal)
        }
        Some(Command::Azure(arguments)) => audit_in(&arguments, world(), terminal),
        Some(Command::Compare { a, b, format, anonymise, writing }) => {
            let form = (format, anonymise);
            compare::compare_files(&a, &b, form, &writing, &world().environment, terminal)
        }
        Some(Command::Serve(arguments)) => serve::serve(&arguments, progress),
        Some(Command::Watch(arguments)) => watch::watch(&arguments, world(), progress),
        Some(Command::History(arguments)) => watch::history(&arguments, &world()),
        Some(Command::Generate { what }) => generate::generated(what, &world),
    };
    result.unwrap_or_else(|message| Output {
        err: format!("aoai-probe: {message}\n"),
        status: USAGE,
        ..Output::default()
    })
}

/// A runtime on one thread, for all walks.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    use socket2::{Domain, Socket, Type};
    // If its own files cannot be opened, tokio panics.
    let spare = (0..RUNTIME_FILES).map(|_| Socket::new(Domain::IPV4, Type::DGRAM, None));
    if let Err(error) = spare.collect::<Result<Vec<_>, _>>() {
        return Err(format!("the network cannot be used: {}", crate::wire::words(&error)));
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Deadlines are checked after this many polls; those of a flooding peer are long.
        .event_interval(4)
        .build()
        .map_err(|e| format!("the network cannot be used: {}", crate::wire::words(&e)))
}

fn judged(evidence: Evidence) -> Report {
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}
