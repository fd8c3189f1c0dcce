//! `check --config`: one round over an inventory.

use std::cell::Cell;
use std::time::Duration;

use super::ends::ended;
use super::{Done, Progress, Terminal, replaces_progress, runtime, style, written};
use crate::args::{self, Check, ExitStyleArgument, Format, Output};
use crate::blocking;
use crate::diagnose::reading;
use crate::diagnosis::State;
use crate::evidence::Trust;
use crate::evidence::repeat::{InInventory, Repeat};
use crate::evidence::text::{clean, repeatable};
use crate::files::{self, May};
use crate::inventory::{self, CredentialReference, Entry, Inventory};
use crate::monitor::round;
use crate::monitor::walker::{NotWalked, Walker};
use crate::platform;
use crate::render::summary::{Row, Summary};
use crate::report::{ExitStyle, Report, Worst};
use crate::world::World;

/// The largest inventory that is read, in octets.
const LARGEST: u64 = 16 << 20;
/// How long a file may take that is read while a program runs.
const AGAIN: Duration = Duration::from_secs(1);
/// Open files that a walk in trouble may take.
const FILES_PER_WALK: u64 = 24;
/// Reads an inventory's file.
///
/// # Errors
///
/// What is wrong with the file, its problems with their lines.
pub(super) fn inventory(file: &str) -> Result<Inventory, String> {
    read(file, Reading::AtStart)
}

/// Reads it again while a program runs, which waits meanwhile.
///
/// # Errors
///
/// Those of [`inventory`]; also a pipe.
pub(super) fn inventory_again(file: &str) -> Result<Inventory, String> {
    read(file, Reading::WhileRunning)
}

/// When a file that the user named is read.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Nothing else waits; a pipe will do.
    AtStart,
    /// Signals and walks wait.
    WhileRunning,
}

impl Reading {
    /// Its bytes, `limit` of them at most.
    ///
    /// # Errors
    ///
    /// Why it cannot be read, in words.
    pub(super) fn file(self, path: &str, limit: u64) -> Result<Vec<u8>, String> {
        let from = path.to_owned();
        let (patience, may) = match self {
            Self::AtStart => (super::PATIENCE, May::BeAnything),
            Self::WhileRunning => (AGAIN, May::BeAFile),
        };
        blocking::within("input", patience, move || files::whole(from, may, limit))
            .map_err(|_| format!("no end of it within {} s", patience.as_secs()))?
            .map_err(|error| files::why(&error))
    }
}

fn read(file: &str, reading: Reading) -> Result<Inventory, String> {
    let octets = reading.file(file, LARGEST).map_err(|says| format!("--config {file}: {says}"))?;
    let text = String::from_utf8(octets).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|octet| **octet == b'\n').count();
        format!("--config {file}: line {line}: is not UTF-8 text")
    })?;
    let mut inventory = inventory::read(&text).map_err(|problems| {
        let lines: Vec<String> =
            problems.iter().map(|problem| format!("{file}: {problem}")).collect();
        format!("--config {}", lines.join("\naoai-probe: --config "))
    })?;
    for entry in &mut inventory.entries {
        let place =
            InInventory { file: clean(file, 500), name: entry.name.clone(), options: Vec::new() };
        entry.plan.repeat = Repeat { options: entry.options(), inventory: Some(place) };
    }
    Ok(inventory)
}

/// The entries of these names; all of them where none is given.
fn chosen<'a>(inventory: &'a Inventory, names: &[String]) -> Result<Vec<&'a Entry>, String> {
    if names.is_empty() {
        return Ok(inventory.entries.iter().collect());
    }
    let find = |name: &String| {
        let found = inventory.entries.iter().find(|entry| entry.name == *name);
        found.ok_or_else(|| {
            let near = inventory
                .entries
                .iter()
                .map(|entry| (strsim::osa_distance(&entry.name, name), entry.name.as_str()))
                .min()
                .map_or("", |(_, near)| near);
            if let Some(command) = super::meant::near_command(name) {
                return format!("is the command `aoai-probe {command}` meant by `{name}`?");
            }
            let name = repeatable(name);
            format!("no target of the inventory is called {name:?}; is {near:?} meant?")
        })
    };
    let mut chosen: Vec<&Entry> = names.iter().map(find).collect::<Result<_, _>>()?;
    let mut seen = std::collections::BTreeSet::new();
    chosen.retain(|entry| seen.insert(entry.line));
    Ok(chosen)
}

/// Walks that may be under way at once.
pub(super) fn at_once() -> usize {
    platform::open_files().map_or(round::AT_ONCE, |files| {
        usize::try_from(files / FILES_PER_WALK).unwrap_or(round::AT_ONCE).clamp(1, round::AT_ONCE)
    })
}

/// Walks the inventory once and writes what was found.
pub(super) fn check(
    file: &str,
    arguments: &Check,
    world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Done, String> {
    let inventory = inventory(file)?;
    let entries = chosen(&inventory, &arguments.targets)?;
    let entries: Vec<Entry> =
        entries.into_iter().map(|entry| overridden(entry, arguments)).collect();
    let entries: Vec<&Entry> = entries.iter().collect();
    let environment = world.environment.clone();
    if arguments.plan {
        return Ok(Done { out: contacts(&entries, &world), ..Done::default() });
    }
    let walker = Walker::in_world(world);
    let output = &arguments.output;
    let exit_style = match output.exit_style {
        ExitStyleArgument::State => ExitStyle::State,
        ExitStyleArgument::Hop => ExitStyle::Hop,
    };
    // Only what names every target keeps every report: rounds are long.
    let summarised = summarised(output);
    let mut summary = Summary::default();
    let mut worst = Worst::default();
    let mut reports: Vec<(usize, Report)> = Vec::new();
    let mut failed: Vec<String> = Vec::new();
    let total = entries.len();
    let watched = terminal.err && !output.quiet;
    let finished = |place: usize, walked: Result<Report, NotWalked>| {
        let report = walked.unwrap_or_else(|why| {
            let entry = entries[place];
            failed.push(format!("line {}: {}: {why}", entry.line, entry.name));
            walker.not_walked(entry, &why.to_string())
        });
        worst.count(&report, exit_style);
        summary.count(place, Row::of(&report));
        if !summarised {
            reports.push((place, report));
        }
        if watched {
            let bad = summary.of_state(State::Broken);
            let line = format!("  {} of {total} walked, {bad} broken", summary.walked());
            progress(Progress::Status(&line));
        }
    };
    let at_once = at_once();
    let interrupted = Cell::new(None);
    let runtime = runtime()?;
    runtime.block_on(async {
        let ends = async { interrupted.set(Some(ended().await)) };
        round::walk(&walker, &entries, at_once, ends, finished).await;
    });
    // A lookup that still blocks must not hold the process.
    runtime.shutdown_background();
    let walked = summary.walked();
    let mut done = match summarised {
        true => {
            let to_terminal = terminal.out && output.output.is_none();
            let style = style(output, &environment, to_terminal);
            let file = crate::render::quoted(file);
            let options = reading::command_options(&args::given(arguments));
            let again = format!("aoai-probe check --config {file} -v{options} ");
            Done {
                out: summary.render(&again, style),
                file: output.output.clone(),
                ..Done::default()
            }
        }
        false => {
            reports.sort_by_key(|(place, _)| *place);
            let reports: Vec<Report> = reports.into_iter().map(|(_, report)| report).collect();
            written(&reports, output, &environment, terminal)?
        }
    };
    done.status = worst.status();
    for says in failed {
        done.err.push_str(&format!("aoai-probe: not walked: {says}\n"));
    }
    if let Some(ended) = interrupted.get() {
        platform::default_signals();
        done.err.push_str(&format!("aoai-probe: interrupted: {walked} of {total} walked\n"));
        done.status = ended.status();
    }
    done.replaces_progress = replaces_progress(output, &environment, terminal);
    Ok(done)
}

/// The entry with what the command line says in place of the inventory, for this run.
fn overridden(entry: &Entry, arguments: &Check) -> Entry {
    let mut entry = entry.clone();
    let given = args::given(arguments);
    if given.is_empty() {
        return entry;
    }
    fn over<T: Clone>(given: &Option<T>, setting: &mut T) {
        if let Some(given) = given {
            *setting = given.clone();
        }
    }
    let plan = &mut entry.plan;
    over(&arguments.expect, &mut plan.expect);
    over(&arguments.proxy, &mut plan.proxy);
    over(&arguments.trust.map(Trust::from), &mut plan.trust);
    over(&arguments.timeout, &mut plan.timeout);
    over(&arguments.deadline, &mut plan.deadline);
    over(&arguments.api_version, &mut plan.api_version);
    plan.deployment = arguments.deployment.clone().or(plan.deployment.take());
    plan.ca_file = arguments.ca_file.clone().or(plan.ca_file.take());
    plan.direct |= arguments.direct;
    plan.deep |= arguments.deep;
    plan.experiments = (plan.experiments || arguments.deep) && !arguments.no_experiments;
    if !arguments.resolvers.is_empty() {
        plan.resolvers.clone_from(&arguments.resolvers);
    }
    if !arguments.connect_to.is_empty() {
        entry.connect_to.clone_from(&arguments.connect_to);
    }
    let reference = super::reference(arguments);
    if reference != CredentialReference::default() {
        entry.credential = reference;
    }
    entry.plan.repeat.options = entry.options();
    if let Some(inventory) = &mut entry.plan.repeat.inventory {
        inventory.options = given;
    }
    entry
}

/// Whether the result is the summary by cause and not report by report.
fn summarised(output: &Output) -> bool {
    output.format == Format::Human && !output.verbose
}

fn contacts(entries: &[&Entry], world: &World) -> String {
    let one = |entry: &&Entry| {
        let mut world = world.clone();
        world.detours.splice(..0, entry.connect_to.iter().cloned());
        let request = entry.credential.request(&world, entry.plan.deadline);
        super::contacts(&entry.name, &entry.target, &entry.plan, &world, &request)
    };
    entries.iter().map(one).collect()
}
