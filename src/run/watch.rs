//! `watch` and `history`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::round::{self, Reading};
use super::{Output, Progress, runtime};
use crate::args::{HistoryOptions, TextOrJson, Watch};
use crate::evidence::Trust;
use crate::evidence::text::repeatable;
use crate::inventory::{Inventory, WebhookPlace};
use crate::monitor::changed;
use crate::monitor::history::{HistoryQuery, IncidentRow, Reader, show};
use crate::monitor::walker::Walker;
use crate::monitor::watch::log::{self, Level};
use crate::monitor::watch::{self, Setup, Webhooks};
use crate::monitor::webhook::{Webhook, body};
use crate::platform;
use crate::render::{json, quoted};
use crate::secret::Secret;
use crate::wire::roots::{ExtraRoots, Roots};
use crate::wire::tls;
use crate::world::{Environment, World};

/// The largest file with a webhook's URL, in bytes.
const URL_LIMIT: u64 = 16 << 10;
/// Deadline of a heartbeat's call.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Exit status of `--test-webhook` if the test was not accepted: like that of a broken hop.
const WEBHOOK_FAILS: u8 = 2;
/// The history's file in systemd's state directory.
const HISTORY: &str = "history.db";
/// The history of the package's service, in its unit's state directory.
const PACKAGE_HISTORY: &str = "/var/lib/aoai-probe/history.db";

/// Watches until a signal ends it.
pub(super) fn watch(
    arguments: &Watch,
    world: World,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    let file = arguments.config.clone();
    let inventory = round::inventory(&file)?;
    let webhooks = webhooks(&inventory, &world, Reading::AtStart)?;
    if arguments.test_webhook {
        return test_webhook(&inventory, webhooks, &world.host);
    }
    let named = arguments.history.clone().or_else(|| inventory.watch.history_file.clone());
    let history = named.map(PathBuf::from).or_else(|| state_directory(&world.environment));
    let journal = journal(&world.environment);
    let host = world.host.clone();
    let setup = Setup {
        inventory,
        webhooks,
        reload: Arc::new(move || {
            let inventory = round::inventory_again(&file)?;
            let world = World::of_this_machine();
            let webhooks = self::webhooks(&inventory, &world, Reading::WhileRunning)?;
            Ok((inventory, webhooks))
        }),
        history,
        history_given: arguments.history.is_some(),
        walker: Arc::new(|| Walker::new(World::of_this_machine)),
        clock: Box::new(clock),
        host,
        concurrency: round::concurrency(),
    };
    let say = |text: &str, level: Level| {
        let now = clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let line = log::line(text, level, journal, now);
        progress(match level.is_trouble() {
            true => Progress::Trouble(&line),
            false => Progress::Change(&line),
        });
    };
    let runtime = runtime()?;
    let ended = runtime.block_on(watch::watch(setup, &say));
    // A lookup that still blocks must not hold the process.
    runtime.shutdown_background();
    ended.map(|()| Output::default()).map_err(|message| format!("watch: {message}"))
}

/// Sends one test notification, as `watch` would send a real one.
fn test_webhook(inventory: &Inventory, webhooks: Webhooks, host: &str) -> Result<Output, String> {
    let (Some(settings), Some(webhook)) = (&inventory.watch.webhook, webhooks.notifications) else {
        return Err("--test-webhook: the inventory has no [watch.webhook]".to_owned());
    };
    let body = body::test(settings.shape, host);
    let sent = runtime()?.block_on(webhook.call(&body));
    Ok(match sent {
        Ok(()) => {
            Output { out: "webhook: the test was accepted\n".to_owned(), ..Output::default() }
        }
        Err(why) => Output {
            err: format!("webhook: the test was not accepted: {why}\n"),
            status: WEBHOOK_FAILS,
            ..Output::default()
        },
    })
}

/// The wall clock: a watch runs longer than the world that is read at its start is valid.
#[expect(clippy::disallowed_methods, reason = "a clock that is read repeatedly")]
fn clock() -> SystemTime {
    SystemTime::now()
}

/// The file in the directory that systemd created for the service.
fn state_directory(environment: &Environment) -> Option<PathBuf> {
    let folder = environment.get("STATE_DIRECTORY")?.split(':').next()?;
    Some(PathBuf::from(folder).join(HISTORY))
}

/// Whether standard output is the journal: systemd gives its device and inode, so that output which
/// is redirected elsewhere is recognised (systemd.exec(5), JOURNAL_STREAM).
#[cfg(unix)]
fn journal(environment: &Environment) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Some(named) = environment.get("JOURNAL_STREAM") else { return false };
    let stream = std::fs::metadata("/proc/self/fd/1");
    stream.is_ok_and(|about| named == format!("{}:{}", about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn journal(_: &Environment) -> bool {
    false
}

/// The inventory's webhooks, with the URLs from their places.
fn webhooks(inventory: &Inventory, world: &World, reading: Reading) -> Result<Webhooks, String> {
    // Behind an inspecting proxy, its root is in the machine's own store.
    let system = inventory.entries.iter().any(|entry| entry.plan.trust == Trust::System);
    let trust = if system { Trust::System } else { Trust::Public };
    let hook = |of: &str, place: &WebhookPlace, timeout: Duration| {
        hook(place, timeout, trust, world, reading).map_err(|message| format!("{of}: {message}"))
    };
    let (notifications, heartbeat) = (&inventory.watch.webhook, &inventory.watch.heartbeat_url);
    Ok(Webhooks {
        notifications: notifications
            .as_ref()
            .map(|settings| hook("webhook", &settings.url, settings.timeout))
            .transpose()?,
        heartbeat: heartbeat
            .as_ref()
            .map(|place| hook("heartbeat", place, HEARTBEAT))
            .transpose()?,
    })
}

fn hook(
    place: &WebhookPlace,
    timeout: Duration,
    trust: Trust,
    world: &World,
    reading: Reading,
) -> Result<Webhook, String> {
    let (place, url) = match place {
        WebhookPlace::Variable(name) => match world.environment.get(name) {
            Some(url) => (name, url.to_owned()),
            None => return Err(format!("{name} is not set")),
        },
        WebhookPlace::File(file) => {
            let bytes =
                reading.file(file, URL_LIMIT).map_err(|message| format!("{file}: {message}"))?;
            let text = String::from_utf8(bytes).map_err(|_| format!("{file}: is not text"))?;
            (file, text)
        }
    };
    let provider = tls::provider();
    let store = world.system_store.clone();
    let roots = Roots::new(Arc::clone(&provider), trust, ExtraRoots::default(), store);
    let verifier = roots.policy().verifier.clone();
    let url = Secret::new(url.trim().to_owned());
    Webhook::new(url, timeout, verifier, &provider)
        .map_err(|message| format!("the URL in {place} {message}"))
}

/// The newest incidents that are compared with the last good walk before each.
const MAX_COMPARED: usize = 50;

/// What differs between each incident's evidence and the last good walk before it.
fn changes(reader: &Reader, incidents: &[IncidentRow]) -> Result<show::Changes, String> {
    let mut changes = show::Changes::new();
    for past in incidents.iter().rev().take(MAX_COMPARED) {
        let Some(walk) = past.walk else { continue };
        let Some(good) = reader.last_good(&past.target, walk)? else { continue };
        let (Some(before), Some(after)) = (reader.report(good)?, reader.report(walk)?) else {
            continue;
        };
        let Some(after) = changed::kept(&after) else { continue };
        let changed = changed::changed_since(&before, &after);
        if !changed.is_empty() {
            changes.insert(walk, show::SinceGood { walk: good, changed });
        }
    }
    Ok(changes)
}

/// Shows the history of `watch`.
pub(super) fn history(arguments: &HistoryOptions, world: &World) -> Result<Output, String> {
    let (file, again) = match (&arguments.history, &arguments.config) {
        (Some(file), _) => {
            (PathBuf::from(file), format!("aoai-probe history --history {} ", quoted(file)))
        }
        (None, Some(config)) => match round::inventory(config)?.watch.history_file {
            Some(file) => {
                (PathBuf::from(file), format!("aoai-probe history --config {} ", quoted(config)))
            }
            None => return Err(format!("--config {config}: has no [watch.history] file")),
        },
        (None, None) => {
            let file = state_directory(&world.environment);
            // On Windows it would be a path that any user may create.
            let package = platform::HAS_UNIX_PATHS.then(|| PathBuf::from(PACKAGE_HISTORY));
            let file = file.or(package).ok_or(
                "no history is named: use --history FILE, or --config FILE with an inventory that \
                 has it",
            )?;
            // A file that this user may not see is opened anyway: the error explains it.
            if !file.try_exists().unwrap_or(true) {
                return Err(format!(
                    "there is no history at {}: name it with --history FILE, or name an inventory \
                     that has it with --config FILE",
                    file.display()
                ));
            }
            (file, "aoai-probe history ".to_owned())
        }
    };
    let named = file.display().to_string();
    let reader = Reader::open(&file).map_err(|error| format!("{named}: {error}"))?;
    let in_file = |message: String| format!("{named}: {message}");
    if let Some(walk) = arguments.walk {
        let report = reader.report(walk).map_err(in_file)?;
        let report =
            report.ok_or_else(|| format!("{named}: contains no report of a walk {walk}"))?;
        // A terminal would obey what another program may have written there.
        let report = json::escape(&report);
        return Ok(Output { out: format!("{report}\n"), ..Output::default() });
    }
    let since = arguments.since.map(|since| {
        let now = world.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ago = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX).saturating_sub(ago)
    });
    let wanted = HistoryQuery { target: arguments.name.clone(), since };
    let incidents = reader.incidents(&wanted).map_err(in_file)?;
    let targets = reader.targets(&wanted).map_err(in_file)?;
    if let Some(name) = &wanted.target
        && incidents.is_empty()
        && targets.is_empty()
    {
        let name = repeatable(name);
        return Err(format!("{named}: contains no target '{name}' in that time"));
    }
    let changes = changes(&reader, &incidents).map_err(in_file)?;
    let out = match arguments.format {
        TextOrJson::Json => show::json(&incidents, &targets, &changes),
        TextOrJson::Human => show::human(&incidents, &targets, &changes, &again),
    };
    Ok(Output { out, ..Output::default() })
}
