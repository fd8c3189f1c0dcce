//! `watch`: every target on its interval, for as long as the process lives.
//!
//! One loop owns everything: when a target is due its walk begins beside the others, and when it
//! ends its machine takes it in. The history and the webhook have queues of their own, so that
//! neither holds a walk up.

mod beat;
pub mod log;
mod schedule;
mod target;
mod tell;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::beat::{Heart, Pulse};
use self::log::Level;
use self::schedule::Schedule;
use self::target::Watched;
use self::tell::Telling;
use super::event::Event;
use super::group::Notice;
use super::history::{self, Bounds, History, Keep, Trouble};
use super::observation::Observation;
use super::settings::Rules;
use super::signals::{Signal, Signals};
use super::state::Machine;
use super::systemd::{self, Tell};
use super::walker::Walker;
use super::webhook::Webhook;
use crate::inventory::{Entry, Inventory, WatchSettings, WebhookShape};
use crate::panics;
use crate::render::words::count;
use crate::report::Report;

/// Time beyond its own deadline after which a walk is given up: it would be a fault of ours.
const GRACE: Duration = Duration::from_secs(30);
/// Time away after which walks of before confirm nothing any more.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// How long an event waits for its walk to be in the history, before it is told all the same.
const WRITTEN: Duration = Duration::from_millis(2500);

/// Targets that are named at the start because they cannot be walked.
const MOST_WARNINGS: usize = 20;

/// What a watch works with.
pub struct Setup {
    /// What the inventory says.
    pub inventory: Inventory,
    /// Whom to tell.
    pub hooks: Hooks,
    /// Reads the inventory again, and what it names.
    pub reload: Reload,
    /// The file of the history.
    pub history: Option<PathBuf>,
    /// Whether it was named beside the inventory, whose own is then of no account.
    pub history_given: bool,
    /// Makes a walker that has read nothing yet.
    pub walker: Arc<dyn Fn() -> Walker + Send + Sync>,
    /// The wall clock.
    pub clock: Box<dyn Fn() -> SystemTime>,
    /// This machine's name.
    pub host: String,
    /// Walks at once.
    pub at_once: usize,
}

/// Reads the inventory again.
pub type Reload = Arc<dyn Fn() -> Read + Send + Sync>;

/// An inventory and whom to tell, or why they are not to be had.
pub type Read = Result<(Inventory, Hooks), String>;

/// The same, with the targets that cannot be walked now.
type Reread = Result<(Inventory, Hooks, Vec<String>), String>;

/// Who is called.
#[derive(Debug, Default)]
pub struct Hooks {
    /// About what changes.
    pub notices: Option<Webhook>,
    /// As long as all is well with the watch itself.
    pub heartbeat: Option<Webhook>,
}

/// Watches until a signal ends it; every line goes to `say`.
///
/// # Errors
///
/// What keeps it from beginning: a file of another program in the history's place.
pub async fn watch(setup: Setup, say: &dyn Fn(&str, Level)) -> Result<(), String> {
    let signals = Signals::new().map_err(|e| format!("signals: {}", crate::wire::words(&e)))?;
    let watch = Watch::begin(setup, say)?;
    tokio::task::LocalSet::new().run_until(watch.run(signals)).await;
    Ok(())
}

/// Which target a walk is of: its name, and which of those that had this name one after the other.
type Of = (String, u64);
/// A walk's target, and what came of it.
type Walked = (Of, Result<Report, String>);

struct Watch<'a> {
    setup: Setup,
    say: &'a dyn Fn(&str, Level),
    rules: Rules,
    /// The settings of the start, some of which stay in force until the end.
    begun: WatchSettings,
    walker: Rc<Walker>,
    started: Instant,
    targets: BTreeMap<String, Watched>,
    due: BTreeSet<(Instant, String)>,
    walks: JoinSet<Walked>,
    /// Targets taken in so far.
    generations: u64,
    history: Option<History>,
    troubles: mpsc::UnboundedReceiver<Trouble>,
    telling: Telling,
    writing: FuturesUnordered<futures_util::future::LocalBoxFuture<'static, Vec<Event>>>,
    pulse: Pulse,
    heart: Heart,
    /// Wall clock minus monotonic time, in milliseconds.
    offset: i64,
    silent: BTreeSet<&'static str>,
    /// The inventory that is being read again; whether it is to be read once more.
    reading: FuturesUnordered<futures_util::future::LocalBoxFuture<'static, Reread>>,
    read_again: bool,
}

impl<'a> Watch<'a> {
    fn begin(mut setup: Setup, say: &'a dyn Fn(&str, Level)) -> Result<Self, String> {
        let walker = Rc::new((setup.walker)());
        for line in unfit(&walker, &setup.inventory) {
            say(&line, Level::Warning);
        }
        let started = Instant::now();
        let now = milliseconds((setup.clock)());
        let (trouble, troubles) = mpsc::unbounded_channel();
        let bounds =
            Bounds { keep: setup.inventory.watch.keep, octets: setup.inventory.watch.keep_octets };
        let calls = setup.hooks.notices.is_some();
        let (history, left) = match &setup.history {
            None => (None, history::Left::default()),
            Some(file) => {
                let says = move |report| {
                    let _ = trouble.send(report);
                };
                let (history, left) = History::start(file, bounds, now, calls, says)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                (Some(history), left)
            }
        };
        let heart = Heart::new(setup.hooks.heartbeat.take());
        let list = setup.history.as_ref().map(|file| {
            let file = file.display().to_string();
            format!("aoai-probe history --history {}", crate::diagnose::reading::word(&file))
        });
        let notices = setup.hooks.notices.take();
        let telling = Telling::new(notices, &setup.host, list, &setup.inventory);
        let mut watch = Self {
            rules: Rules::of(&setup.inventory.watch),
            begun: setup.inventory.watch.clone(),
            setup,
            say,
            walker,
            started,
            targets: BTreeMap::new(),
            due: BTreeSet::new(),
            walks: JoinSet::new(),
            generations: 0,
            history,
            troubles,
            telling,
            writing: FuturesUnordered::new(),
            pulse: Pulse { history_writes: true, ..Pulse::default() },
            heart,
            offset: now,
            silent: BTreeSet::new(),
            reading: FuturesUnordered::new(),
            read_again: false,
        };
        let resumed = left.machines.into_iter().map(|machine| {
            let machine = machine.resumed(now, 0, FORGET);
            (machine.target().to_owned(), machine)
        });
        watch.take(&mut resumed.collect());
        for event in left.lost {
            let (target, to_deliver) = (event.target.clone(), watch.telling.calls());
            let keep = Keep::Removed { target, events: vec![event.clone()], to_deliver };
            let written = watch.history.as_ref().map(|history| history.keep(keep));
            watch.tell_when(written, vec![event]);
        }
        match &watch.history {
            // Whoever has no webhook now is not told of today when there is one tomorrow.
            Some(history) if !watch.telling.calls() && !left.undelivered.is_empty() => {
                drop(history.keep(Keep::Delivered(left.undelivered)));
            }
            _ => watch.telling.undelivered(left.undelivered),
        }
        Ok(watch)
    }

    /// Takes the inventory's targets in: those that were there go on, with the machines that
    /// are known; those that are not in it any more end what they have open.
    fn take(&mut self, machines: &mut BTreeMap<String, Machine>) {
        let now = Instant::now();
        let mut before = std::mem::take(&mut self.targets);
        for entry in &self.setup.inventory.entries {
            let entry = Rc::new(entry.clone());
            let name = entry.name.clone();
            if let Some(mut there) = before.remove(&name) {
                if there.schedule.interval != entry.interval {
                    there.schedule = Schedule { begin: now, interval: entry.interval };
                    self.due.retain(|(_, other)| *other != name);
                    if !there.walking {
                        self.due.insert((there.schedule.first(fastrand::f64()), name.clone()));
                    }
                }
                there.entry = entry;
                self.targets.insert(name, there);
                continue;
            }
            let schedule = Schedule { begin: now, interval: entry.interval };
            self.due.insert((schedule.first(fastrand::f64()), name.clone()));
            let machine = machines.remove(&name).unwrap_or_else(|| Machine::new(&name));
            self.generations += 1;
            let watched = Watched {
                generation: self.generations,
                entry,
                machine,
                schedule,
                walking: false,
                began: now,
                last: now,
                said: None,
                kept: None,
            };
            self.targets.insert(name, watched);
        }
        let gone = before.into_iter().map(|(name, watched)| (name, watched.machine));
        let gone: Vec<_> = gone.chain(std::mem::take(machines)).collect();
        for (name, mut machine) in gone {
            self.due.retain(|(_, other)| *other != name);
            let events = machine.removed(self.wall(), self.mono());
            let to_deliver = self.telling.calls();
            let keep = Keep::Removed { target: name, events: events.clone(), to_deliver };
            let written = self.history.as_ref().map(|history| history.keep(keep));
            self.tell_when(written, events);
        }
    }

    async fn run(mut self, mut signals: Signals) {
        let watchdog = systemd::watchdog();
        let every = self.setup.inventory.watch.heartbeat_every;
        let mut beats = tokio::time::interval(every.min(watchdog.unwrap_or(every)));
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let status = self.status();
        (self.say)(&status, Level::Info);
        systemd::tell(Tell::Ready(&status));
        loop {
            self.begin_due();
            let due = match self.walks.len() < self.setup.at_once {
                true => self.due.first().map(|(due, _)| *due),
                false => None,
            };
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Stop => break,
                    Signal::Reload => self.reload(),
                },
                Some(walked) = self.walks.join_next() => match walked {
                    Ok((of, report)) => self.walked(of, report),
                    // No bug of one walk: those are in its report.
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                Some(read) = self.reading.next() => self.reread(read),
                Some(trouble) = self.troubles.recv() => self.trouble(&trouble),
                Some(events) = self.writing.next() => self.telling.add(events),
                () = until(self.telling.due()) => self.tell(),
                outcome = self.telling.outcome() => self.told(outcome),
                taken = self.heart.called() => self.beaten(taken),
                () = until(due) => {}
                _ = beats.tick() => self.beat(),
            }
        }
        self.farewell().await;
    }

    /// Begins the walks that are due, as far as the bound allows.
    fn begin_due(&mut self) {
        let now = Instant::now();
        while self.walks.len() < self.setup.at_once
            && self.due.first().is_some_and(|(due, _)| *due <= now)
            && let Some((_, name)) = self.due.pop_first()
        {
            let Some(watched) = self.targets.get_mut(&name) else { continue };
            (watched.walking, watched.began) = (true, now);
            let (entry, walker) = (Rc::clone(&watched.entry), Rc::clone(&self.walker));
            let of = (name, watched.generation);
            self.walks.spawn_local(async move {
                let walk = tokio::time::timeout(limit(&entry), walker.walk(&entry, None));
                let report = match walk.await {
                    Ok(walked) => walked.map_err(|why| why.to_string()),
                    Err(_) => Err("the walk did not end".to_owned()),
                };
                (of, report)
            });
        }
    }

    fn walked(&mut self, (name, generation): Of, report: Result<Report, String>) {
        let (at, mono) = (self.wall(), self.mono());
        self.look_at_clock(at, mono);
        let Some(watched) = self.targets.get_mut(&name) else { return };
        // Taken away and put back meanwhile: the target that is there now has its own walks.
        if watched.generation != generation {
            return;
        }
        let muted = watched.entry.muted_until.is_some_and(|until| milliseconds(until) > at);
        let seen = match &report {
            Ok(report) => panics::caught(|| Observation::of(&name, report, at, mono, muted))
                .unwrap_or_else(|bug| {
                    Observation::own_failure(&name, &bug.to_string(), at, mono, muted)
                }),
            Err(says) => Observation::own_failure(&name, says, at, mono, muted),
        };
        self.pulse.walks += 1;
        self.pulse.failed_walks += u64::from(report.is_err());
        let events = watched.machine.observe(&seen, &self.rules);
        let record = watched.record(&seen, report.as_ref().ok(), &events, self.telling.calls());
        let now = Instant::now();
        (watched.walking, watched.last) = (false, now);
        self.pulse.skipped_ticks += watched.schedule.skipped(watched.began, now);
        let next = watched.schedule.next(now, watched.machine.in_doubt(), fastrand::f64());
        self.due.retain(|(_, other)| *other != name);
        self.due.insert((next, name));
        let keep = Keep::Walk(Box::new(record));
        let written = self.history.as_ref().map(|history| history.keep(keep));
        self.tell_when(written, events);
    }

    /// Tells events once what they rest on is in the history: nobody is told twice after a
    /// crash of what was told and not written.
    fn tell_when(&self, written: Option<tokio::sync::oneshot::Receiver<()>>, events: Vec<Event>) {
        if events.is_empty() {
            return;
        }
        self.writing.push(Box::pin(async move {
            if let Some(written) = written {
                let _ = tokio::time::timeout(WRITTEN, written).await;
            }
            events
        }));
    }

    /// Says what has gathered, grouped by cause.
    fn tell(&mut self) {
        for notice in self.telling.take_earlier() {
            self.send(&notice);
        }
        for notice in self.telling.take() {
            let level = notice.events.iter().map(Level::of).min_by_key(|level| level.number());
            let muted = notice.events.iter().all(|event| event.muted);
            let line = if muted { format!("(muted) {}", notice.line) } else { notice.line.clone() };
            (self.say)(&line, level.unwrap_or(Level::Info));
            self.send(&notice);
        }
    }

    /// Hands a notice to the webhook.
    fn send(&mut self, notice: &Notice) {
        let labels = notice
            .events
            .iter()
            .filter_map(|event| {
                let watched = self.targets.get(&event.target)?;
                Some((event.target.clone(), watched.entry.labels.clone()))
            })
            .collect();
        if let Some(full) = self.telling.send(notice, &labels) {
            self.pulse.webhook_failed += 1;
            self.own_trouble("webhook full", &full);
        }
    }

    fn told(&mut self, outcome: super::webhook::Outcome) {
        use super::webhook::Outcome;
        let events = match outcome {
            Outcome::TriedInVain(why) => {
                self.own_trouble("webhook", &format!("webhook: {why}; it is tried again"));
                return;
            }
            Outcome::GivenUp(events, why) => {
                self.pulse.webhook_failed += 1;
                let lost = count(events.len() as u64, "event");
                let says = format!("webhook: {why}; not told: {lost}");
                (self.say)(&says, Level::Error);
                events
            }
            Outcome::Delivered(events) => {
                if self.silent.remove("webhook") {
                    (self.say)("webhook: it takes notices again", Level::Notice);
                }
                self.silent.remove("webhook full");
                events
            }
        };
        if let Some(history) = &self.history {
            drop(history.keep(Keep::Delivered(events)));
        }
    }

    fn status(&self) -> String {
        let targets = count(self.targets.len() as u64, "target");
        let history = match &self.setup.history {
            Some(file) => format!("history in {}", file.display()),
            None => "no history".to_owned(),
        };
        let webhook = if self.telling.calls() { "a webhook" } else { "no webhook" };
        format!("watching {targets}, {history}, {webhook}")
    }

    /// Milliseconds since 1970.
    fn wall(&self) -> i64 {
        milliseconds((self.setup.clock)())
    }

    /// Milliseconds since the start.
    fn mono(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// How long a walk may take before it is given up.
fn limit(entry: &Entry) -> Duration {
    entry.plan.deadline.saturating_mul(2).saturating_add(GRACE)
}

/// Targets that cannot be walked now, each with what it lacks: the others are watched all the
/// same, and what is missing may come while they are.
fn unfit(walker: &Walker, inventory: &Inventory) -> Vec<String> {
    let says = inventory.entries.iter().filter_map(|entry| {
        let says = walker.prepare(entry).err()?;
        Some(format!("not walked: line {}: {}: {says}", entry.line, entry.name))
    });
    says.take(MOST_WARNINGS).collect()
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Milliseconds since 1970.
fn milliseconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// The shape of a webhook's body, when the inventory names one.
fn shape(inventory: &Inventory) -> WebhookShape {
    inventory.watch.webhook.as_ref().map(|webhook| webhook.shape).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
