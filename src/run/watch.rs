//! `watch` and `history`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::round::{self, Reading};
use super::{Done, Progress, runtime};
use crate::args::{Past, PastFormat, Watch};
use crate::evidence::Trust;
use crate::evidence::text::repeatable;
use crate::inventory::{Inventory, WebhookPlace};
use crate::monitor::history::{Listed, Reader, show};
use crate::monitor::walker::Walker;
use crate::monitor::watch::log::{self, Level};
use crate::monitor::watch::{self, Hooks, Setup};
use crate::monitor::webhook::{Webhook, body};
use crate::render::quoted;
use crate::secret::Secret;
use crate::wire::roots::{ExtraRoots, Roots};
use crate::wire::tls;
use crate::world::{Environment, World};

/// The largest file of a webhook's URL, in octets.
const URL_LIMIT: u64 = 16 << 10;
/// Deadline of a heartbeat's call.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Exit status of `--test-webhook` where the test was not taken: as of a broken hop.
const WEBHOOK_FAILS: u8 = 2;
/// The history in systemd's state directory.
const HISTORY: &str = "history.db";
/// The history of the package's watch: its unit's state directory.
const PACKAGE_HISTORY: &str = "/var/lib/aoai-probe/history.db";

/// Watches until a signal ends it.
pub(super) fn watch(
    arguments: &Watch,
    world: World,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Done, String> {
    let file = arguments.config.clone();
    let inventory = round::inventory(&file)?;
    let hooks = hooks(&inventory, &world, Reading::AtStart)?;
    if arguments.test_webhook {
        return test_webhook(&inventory, hooks, &world.host);
    }
    let named = arguments.history.clone().or_else(|| inventory.watch.history_file.clone());
    let history = named.map(PathBuf::from).or_else(|| state_directory(&world.environment));
    let journal = journal(&world.environment);
    let host = world.host.clone();
    let setup = Setup {
        inventory,
        hooks,
        reload: Arc::new(move || {
            let inventory = round::inventory_again(&file)?;
            let world = World::of_this_machine();
            let hooks = self::hooks(&inventory, &world, Reading::WhileRunning)?;
            Ok((inventory, hooks))
        }),
        history,
        history_given: arguments.history.is_some(),
        walker: Arc::new(|| Walker::new(World::of_this_machine)),
        clock: Box::new(clock),
        host,
        at_once: round::at_once(),
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
    ended.map(|()| Done::default()).map_err(|says| format!("watch: {says}"))
}

/// Sends one test notification, as `watch` would send a real one.
fn test_webhook(inventory: &Inventory, hooks: Hooks, host: &str) -> Result<Done, String> {
    let (Some(settings), Some(webhook)) = (&inventory.watch.webhook, hooks.notices) else {
        return Err("--test-webhook: the inventory has no [watch.webhook]".to_owned());
    };
    let body = body::test(settings.shape, host);
    let sent = runtime()?.block_on(webhook.call(&body));
    Ok(match sent {
        Ok(()) => Done { out: "webhook: the test was taken\n".to_owned(), ..Done::default() },
        Err(why) => Done {
            err: format!("webhook: the test was not taken: {why}\n"),
            status: WEBHOOK_FAILS,
            ..Done::default()
        },
    })
}

/// A watch outlives the world that was read at its start.
#[expect(clippy::disallowed_methods, reason = "a clock that is asked again and again")]
fn clock() -> SystemTime {
    SystemTime::now()
}

/// The file in the directory that systemd made for the service.
fn state_directory(environment: &Environment) -> Option<PathBuf> {
    let folder = environment.get("STATE_DIRECTORY")?.split(':').next()?;
    Some(PathBuf::from(folder).join(HISTORY))
}

/// Whether standard output is the journal's: systemd names its device and number, so that what
/// is piped elsewhere is not taken for it (systemd.exec(5), JOURNAL_STREAM).
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

/// The webhooks that the inventory names, with their URLs from their places.
fn hooks(inventory: &Inventory, world: &World, reading: Reading) -> Result<Hooks, String> {
    // Who runs an inspecting proxy has its root in the machine's own store.
    let system = inventory.entries.iter().any(|entry| entry.plan.trust == Trust::System);
    let trust = if system { Trust::System } else { Trust::Public };
    let hook = |of: &str, place: &WebhookPlace, timeout: Duration| {
        hook(place, timeout, trust, world, reading).map_err(|says| format!("{of}: {says}"))
    };
    let (notices, heartbeat) = (&inventory.watch.webhook, &inventory.watch.heartbeat_url);
    Ok(Hooks {
        notices: notices
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
            let octets = reading.file(file, URL_LIMIT).map_err(|says| format!("{file}: {says}"))?;
            let text = String::from_utf8(octets).map_err(|_| format!("{file}: is no text"))?;
            (file, text)
        }
    };
    let provider = tls::provider();
    let store = world.system_store.clone();
    let roots = Roots::new(Arc::clone(&provider), trust, ExtraRoots::default(), store);
    let verifier = roots.policy().verifier.clone();
    let url = Secret::new(url.trim().to_owned());
    Webhook::new(url, timeout, verifier, &provider)
        .map_err(|says| format!("the URL in {place} {says}"))
}

/// Shows what `watch` has kept.
pub(super) fn history(arguments: &Past, world: &World) -> Result<Done, String> {
    let (file, again) = match (&arguments.history, &arguments.config) {
        (Some(file), _) => {
            (PathBuf::from(file), format!("aoai-probe history --history {} ", quoted(file)))
        }
        (None, Some(config)) => match round::inventory(config)?.watch.history_file {
            Some(file) => {
                (PathBuf::from(file), format!("aoai-probe history --config {} ", quoted(config)))
            }
            None => return Err(format!("--config {config}: names no [watch.history] file")),
        },
        (None, None) => {
            let file = state_directory(&world.environment);
            let file = file.unwrap_or_else(|| PathBuf::from(PACKAGE_HISTORY));
            // What this user may not see is opened all the same: the error says so.
            if !file.try_exists().unwrap_or(true) {
                return Err(format!(
                    "there is no history at {}: name it with --history FILE, or with --config \
                     FILE the inventory that names it",
                    file.display()
                ));
            }
            (file, "aoai-probe history ".to_owned())
        }
    };
    let named = file.display().to_string();
    let reader = Reader::open(&file).map_err(|error| format!("{named}: {error}"))?;
    let in_file = |says: String| format!("{named}: {says}");
    if let Some(walk) = arguments.walk {
        let report = reader.report(walk).map_err(in_file)?;
        let report =
            report.ok_or_else(|| format!("{named}: no report of a walk {walk} is kept"))?;
        return Ok(Done { out: format!("{report}\n"), ..Done::default() });
    }
    let since = arguments.since.map(|since| {
        let now = world.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ago = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX).saturating_sub(ago)
    });
    let wanted = Listed { target: arguments.name.clone(), since };
    let incidents = reader.incidents(&wanted).map_err(in_file)?;
    let targets = reader.targets(&wanted).map_err(in_file)?;
    if let Some(name) = &wanted.target
        && incidents.is_empty()
        && targets.is_empty()
    {
        let name = repeatable(name);
        return Err(format!("{named}: knows no target '{name}' in that time"));
    }
    let out = match arguments.format {
        PastFormat::Json => show::json(&incidents, &targets),
        PastFormat::Human => show::human(&incidents, &targets, &again),
    };
    Ok(Done { out, ..Done::default() })
}
