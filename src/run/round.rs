//! `check --config`: one round over an inventory.

use crate::sorting;
use std::cell::{Cell, OnceCell};
use std::time::Duration;

use super::about::About;
use super::anonymous::Anonymous;
use super::bundle::Bundle;
use super::compare::Baseline;
use super::interruption::interrupted;
use super::output::{exit_style, replaces_progress, style, written};
use super::{Output, Progress, Terminal, azure, check, destinations, runtime};
use crate::args::{self, AzureOptions, Check, Format, OutputOptions};
use crate::blocking;
use crate::credential::{self, Credential};
use crate::diagnose::reading;
use crate::diagnosis::State;
use crate::evidence::Trust;
use crate::evidence::repeat::{InInventory, Repeat};
use crate::evidence::text::{clean, repeatable};
use crate::files::{self, May};
use crate::inventory::{self, CredentialReference, Entry, Inventory};
use crate::monitor::round;
use crate::monitor::walker::{self, NotWalked, Walker};
use crate::platform;
use crate::render::Style;
use crate::render::summary::{Row, Summary};
use crate::report::{Report, Worst};
use crate::world::World;

/// The largest inventory, in bytes.
const LARGEST: u64 = 16 << 20;
/// How long reading a file may take while a monitor runs.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(1);
/// Open files that a failing walk may take.
const FILES_PER_WALK: u64 = 24;
/// Reads an inventory's file.
///
/// # Errors
///
/// What is wrong with the file; its problems with their lines.
pub(super) fn inventory(file: &str) -> Result<Inventory, String> {
    read(file, Reading::AtStart)
}

/// Reads it again while a monitor runs, which waits meanwhile.
///
/// # Errors
///
/// Those of [`inventory`]; also if it is a pipe.
pub(super) fn inventory_again(file: &str) -> Result<Inventory, String> {
    read(file, Reading::WhileRunning)
}

/// When a file that the user named is read.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    /// Nothing else waits, and a pipe is allowed.
    AtStart,
    /// Signals and walks wait.
    WhileRunning,
}

impl Reading {
    /// Its content, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub(super) fn file(self, path: &str, limit: u64) -> Result<Vec<u8>, String> {
        let from = path.to_owned();
        let (timeout, may) = match self {
            Self::AtStart => (super::INPUT_TIMEOUT, May::BeAnything),
            Self::WhileRunning => (RELOAD_TIMEOUT, May::BeAFile),
        };
        blocking::run_with_timeout(timeout, move || files::whole(from, may, limit))
            .map_err(|_| format!("not complete after {} s", timeout.as_secs()))?
            .map_err(|error| files::why(&error))
    }
}

fn read(file: &str, reading: Reading) -> Result<Inventory, String> {
    let bytes =
        reading.file(file, LARGEST).map_err(|message| format!("--config {file}: {message}"))?;
    let text = String::from_utf8(files::as_utf8(bytes)).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
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

/// The entries with these names; all of them without names.
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
            if let Some(command) = super::suggestions::near_command(name) {
                return format!(
                    "`{name}` is not a target; did you mean the command `aoai-probe {command}`?"
                );
            }
            let name = repeatable(name);
            format!("the inventory has no target {name:?}; did you mean {near:?}?")
        })
    };
    let mut chosen: Vec<&Entry> = names.iter().map(find).collect::<Result<_, _>>()?;
    let mut seen = std::collections::BTreeSet::new();
    chosen.retain(|entry| seen.insert(entry.line));
    Ok(chosen)
}

/// Walks that may run at the same time.
pub(super) fn concurrency() -> usize {
    platform::open_files().map_or(round::CONCURRENCY, |files| {
        usize::try_from(files / FILES_PER_WALK)
            .unwrap_or(round::CONCURRENCY)
            .clamp(1, round::CONCURRENCY)
    })
}

/// Entries that are walked once, and how the result is shown.
pub(super) struct Round<'a> {
    /// What is walked.
    pub(super) entries: Vec<Entry>,
    /// Whether the state of the entry with this index counts.
    pub(super) counts: &'a dyn Fn(usize) -> bool,
    /// The words of the command line that chose the entries, for a bundle.
    pub(super) words: Vec<String>,
    /// The inventory's file; without one, each entry can be checked by its name alone.
    pub(super) file: Option<&'a str>,
    /// For people: the table of all reports that comes before their causes.
    pub(super) table: Option<fn(&[Report], Style) -> String>,
    /// What is walked afterwards, and does not count.
    pub(super) follow_up: Option<FollowUp<'a>>,
}

/// Walks that follow from what the first ones saw.
pub(super) struct FollowUp<'a> {
    /// Reads a report of the first walks, with the index of its entry.
    pub(super) seen: &'a dyn Fn(usize, &Report),
    /// What is to be walked now.
    pub(super) entries: &'a dyn Fn() -> Vec<Entry>,
    /// What it contacts, for `--plan`.
    pub(super) plan: &'static str,
}

/// Walks the inventory once and renders the results.
pub(super) fn run(
    file: &str,
    arguments: &Check,
    world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    let inventory = inventory(file)?;
    let entries = chosen(&inventory, &arguments.targets)?;
    let round = Round {
        entries: entries.into_iter().map(|entry| overridden(entry, arguments)).collect(),
        counts: &|_| true,
        words: vec![format!("--config={file}")],
        file: Some(file),
        table: None,
        follow_up: None,
    };
    walked(round, arguments, world, terminal, progress)
}

/// The files that a round reads, each with the words for it.
fn inputs<'a>(round: &'a Round<'_>, arguments: &'a Check) -> Vec<(&'static str, &'a str)> {
    let of_round = [("baseline", arguments.baseline.as_deref()), ("inventory", round.file)];
    let of_entries = round.entries.iter().flat_map(|entry| {
        let reference = &entry.credential;
        [
            ("key file", reference.api_key_file.as_deref()),
            ("token file", reference.token_file.as_deref()),
            ("assertion file", reference.assertion_file.as_deref()),
            ("file of roots", entry.plan.ca_file.as_deref()),
        ]
    });
    let files = of_round.into_iter().chain(of_entries);
    files.filter_map(|(what, file)| Some((what, file?))).collect()
}

/// Walks the entries of a round once and renders the results.
pub(super) fn walked(
    round: Round<'_>,
    arguments: &Check,
    world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    let entries: Vec<&Entry> = round.entries.iter().collect();
    destinations::check(&arguments.output, &inputs(&round, arguments))?;
    let environment = world.environment.clone();
    // The key of a walk, in place of a name: neither looked up nor shown.
    for entry in &entries {
        let leaked = credential::leaked_into_args(&environment, &entry.typed_words());
        leaked.map_err(|error| format!("line {}: {error}", entry.line))?;
    }
    if arguments.plan {
        let more = round.follow_up.map_or("", |follow_up| follow_up.plan);
        return Ok(Output { out: contacts(&entries, &world) + more, ..Output::default() });
    }
    let targets = entries.iter().map(|entry| &entry.target.seen);
    let baseline = Baseline::read(arguments.baseline.as_ref(), targets)?;
    let walker = Walker::in_world(world);
    let output = &arguments.output;
    let exit_style = exit_style(output);
    // Reports are only kept for formats that show every target, and for a
    // baseline: rounds are long.
    let summarised = summarised(output);
    let kept =
        !summarised || baseline.is_some() || output.bundle.is_some() || round.table.is_some();
    let mut summary = Summary::default();
    let mut worst = Worst::default();
    let mut reports: Vec<(usize, Report)> = Vec::new();
    let mut failed: Vec<String> = Vec::new();
    let total = entries.len();
    let watched = terminal.err && !output.writing.quiet;
    let names = entries.iter().map(|entry| entry.name.as_str());
    let mut anonymous = output.anonymise.then(|| Anonymous::of_targets(names)).transpose()?;
    let mut refused = None;
    let mut done = 0_usize;
    let added: OnceCell<Vec<Entry>> = OnceCell::new();
    let entry_at = |place: usize| match place.checked_sub(total) {
        None => entries.get(place).copied(),
        Some(further) => added.get().and_then(|added| added.get(further)),
    };
    let mut finished = |place: usize, walked: Result<Report, NotWalked>| {
        let Some(entry) = entry_at(place) else { return };
        if let Err(why @ NotWalked::HoldsSecret(_)) = &walked {
            // Any report would show the name, in which the secret is.
            refused = Some(format!("line {}: {why}", entry.line));
            return;
        }
        let report = walked.unwrap_or_else(|why| {
            failed.push(format!("line {}: {}: {why}", entry.line, entry.name));
            walker.not_walked(entry, &why.to_string())
        });
        if let Some(follow_up) = round.follow_up.as_ref().filter(|_| place < total) {
            (follow_up.seen)(place, &report);
        }
        let report = match anonymous.as_mut().map(|anonymous| anonymous.report(&report)) {
            None => report,
            Some(Ok(report)) => report,
            Some(Err(why)) => {
                refused = Some(why);
                return;
            }
        };
        // The walks that follow are no part of the progress.
        done += usize::from(place < total);
        if (round.counts)(place) {
            worst.count(&report, exit_style);
            summary.count(place, Row::of(&report));
        }
        if kept {
            reports.push((place, report));
        }
        if watched {
            let bad = summary.of_state(State::Broken);
            let line = format!("  {done} of {total} walked, {bad} broken");
            progress(Progress::Status(&line));
        }
    };
    let concurrency = concurrency();
    let interruption = Cell::new(None);
    let runtime = runtime()?;
    runtime.block_on(async {
        let stop = || async { interruption.set(Some(interrupted().await)) };
        round::walk(&walker, &entries, concurrency, stop(), &mut finished).await;
        if let (Some(follow_up), None) = (&round.follow_up, interruption.get()) {
            let further: Vec<&Entry> = added.get_or_init(follow_up.entries).iter().collect();
            let finished = |place: usize, walked| finished(total + place, walked);
            round::walk(&walker, &further, concurrency, stop(), finished).await;
        }
    });
    // A lookup that still blocks must not delay the end of the process.
    runtime.shutdown_background();
    if let Some(why) = refused {
        return Err(why);
    }
    sorting::by_key(&mut reports, |(place, _)| *place);
    let (places, reports): (Vec<usize>, Vec<Report>) = reports.into_iter().unzip();
    let bundle = output.bundle.as_ref().map(|bundle| {
        let options = [round.words.clone(), args::given(arguments)].concat();
        let about = About { command: "check", options, environment: &environment };
        Bundle::new(bundle, &reports, &about, anonymous.as_mut())
    });
    let mut shown = |text: &str| match &mut anonymous {
        Some(anonymous) => anonymous.text(text),
        None => text.to_owned(),
    };
    let again = match round.file {
        Some(file) => format!("check --config {}", crate::render::quoted(&shown(file))),
        None => "check".to_owned(),
    };
    // The parts of an application have options of their own, which their rows add.
    let given = if round.table.is_none() { args::given(arguments) } else { Vec::new() };
    let given: Vec<String> = given.iter().map(|one| shown(one)).collect();
    let options = reading::command_options(&given);
    let again = format!("aoai-probe {again} -v{options} ");
    let to_terminal = terminal.out && output.writing.output.is_none();
    let mut text = match summarised {
        true => {
            let style = style(&output.writing, &environment, to_terminal);
            let table = round.table.map(|table| table(&reports, style)).unwrap_or_default();
            Output {
                out: summary.render(&table, &again, style),
                file: output.writing.output.clone(),
                ..Output::default()
            }
        }
        false => {
            let all = reports.iter().zip(places);
            let counted = all.filter(|(_, place)| (round.counts)(*place));
            let counted: Vec<Report> = counted.map(|(report, _)| report.clone()).collect();
            let reports = if shows_uncounted(output.format) { &reports } else { &counted };
            written(reports, &again, output, &environment, terminal)?
        }
    };
    if let Some(baseline) = baseline {
        let style = style(&output.writing, &environment, to_terminal);
        text.out.push_str(&baseline.compared(&reports, style));
    }
    text.bundle = bundle.transpose()?;
    text.status = worst.status();
    for message in failed {
        text.err.push_str(&format!("aoai-probe: not walked: {}\n", shown(&message)));
    }
    if let Some(anonymous) = &anonymous {
        text.err.push_str(&anonymous.warning());
    }
    if let Some(signal) = interruption.get() {
        platform::default_signals();
        text.err.push_str(&format!("aoai-probe: interrupted: {done} of {total} walked\n"));
        text.status = signal.status();
    }
    text.replaces_progress = replaces_progress(output, &environment, terminal);
    Ok(text)
}

/// The entry with the overrides of the command line, for this run.
pub(super) fn overridden(entry: &Entry, arguments: &Check) -> Entry {
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
    let reference = check::reference(arguments);
    if reference != CredentialReference::default() {
        entry.credential = reference;
    }
    entry.plan.repeat.options = entry.options();
    if let Some(inventory) = &mut entry.plan.repeat.inventory {
        inventory.options = given;
    }
    entry
}

/// Whether a format has a place for the label of a report that does not count; in any other one the
/// report would alarm.
const fn shows_uncounted(format: Format) -> bool {
    matches!(format, Format::Human | Format::Html | Format::Json | Format::JsonLines)
}

/// Whether the result is the summary by cause instead of all reports.
fn summarised(output: &OutputOptions) -> bool {
    output.format == Format::Human && !output.writing.verbose
}

fn contacts(entries: &[&Entry], world: &World) -> String {
    let one = |entry: &&Entry| {
        let mut world = world.clone();
        world.connect_overrides.splice(..0, entry.connect_to.iter().cloned());
        let request = entry.credential.request(&world, entry.plan.deadline);
        let request = request.for_service(entry.target.service());
        let usable = walker::environment(entry, &world.environment).and_then(|environment| {
            Credential::check(&request, &environment).map_err(|error| error.to_string())?;
            Ok(environment)
        });
        match usable {
            Ok(environment) => world.environment = environment,
            Err(why) => return format!("{} would not be walked: {why}\n", entry.name),
        }
        let walk = check::contacts(&entry.name, &entry.target, &entry.plan, &world, &request);
        let azure = AzureOptions { azure: entry.azure.is_some(), ..AzureOptions::default() };
        walk + &azure::contacts(&azure, &entry.target, &entry.plan, &world, &request)
    };
    entries.iter().map(one).collect()
}
