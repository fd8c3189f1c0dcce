//! The loop that owns everything: it starts due walks and processes finished ones. The history and
//! the webhook have queues of their own, so that neither of them delays a walk.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Setup;
use super::Webhooks;
use super::heartbeat::{HeartbeatSender, WatchStats};
use super::log::Level;
use super::notifier::Notifier;
use super::schedule::Schedule;
use super::target::WatchedTarget;
use super::validate::invalid_targets;
use crate::inventory::{Entry, Inventory, WatchSettings, WebhookShape};
use crate::monitor::event::Event;
use crate::monitor::group::Notification;
use crate::monitor::history::{self, Bounds, History, HistoryWrite, WriterEvent};
use crate::monitor::observation::Observation;
use crate::monitor::settings::Rules;
use crate::monitor::signals::{Signal, Signals};
use crate::monitor::state::TargetState;
use crate::monitor::systemd::{self, SystemdState};
use crate::monitor::walker::Walker;
use crate::panics;
use crate::render::text::count;
use crate::report::Report;
use crate::sorting;

/// Time beyond its own deadline after which a walk is given up: only a bug takes so long.
const MAX_OVERRUN: Duration = Duration::from_secs(30);

/// Downtime after which earlier walks no longer count.
const FORGET_AFTER: Duration = Duration::from_secs(15 * 60);

/// How long an event waits for its walk to be in the history before it is reported anyway.
const HISTORY_WAIT: Duration = Duration::from_millis(2500);

/// A new inventory with its webhooks and the targets that cannot be walked now, or why it cannot be
/// used.
pub(super) type InventoryRead = Result<(Inventory, Webhooks, Vec<String>), String>;

/// A target that is being watched. A name may be removed from the inventory and come back, so it
/// has a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetKey {
    pub(super) name: String,
    pub(super) generation: u64,
}

/// The target of a finished walk, and its result.
type FinishedWalk = (TargetKey, Result<Report, String>);

/// State of the watch.
pub(super) struct Watch<'a> {
    pub(super) setup: Setup,
    pub(super) say: &'a dyn Fn(&str, Level),
    pub(super) rules: Rules,
    /// The settings at the start; some of them stay in force until the end.
    pub(super) initial_settings: WatchSettings,
    pub(super) walker: Rc<Walker>,
    pub(super) started: Instant,
    pub(super) targets: BTreeMap<String, WatchedTarget>,
    pub(super) due: BTreeSet<(Instant, String)>,
    pub(super) walks: JoinSet<FinishedWalk>,
    /// Generations assigned so far.
    pub(super) generations: u64,
    pub(super) history: Option<History>,
    pub(super) history_events: mpsc::UnboundedReceiver<WriterEvent>,
    pub(super) notifier: Notifier,
    pub(super) writing: FuturesUnordered<futures_util::future::LocalBoxFuture<'static, Vec<Event>>>,
    pub(super) stats: WatchStats,
    pub(super) heartbeat_sender: HeartbeatSender,
    /// Wall clock minus monotonic time, in milliseconds.
    pub(super) offset: i64,
    /// Own problems that have been reported and are not over.
    pub(super) reported_problems: BTreeSet<&'static str>,
    /// The inventory that is being read; whether it has to be read again afterwards.
    pub(super) reading:
        FuturesUnordered<futures_util::future::LocalBoxFuture<'static, InventoryRead>>,
    pub(super) reload_requested: bool,
}

impl<'a> Watch<'a> {
    pub(super) fn start(mut setup: Setup, say: &'a dyn Fn(&str, Level)) -> Result<Self, String> {
        let walker = Rc::new((setup.walker)());
        for line in invalid_targets(&walker, &setup.inventory) {
            say(&line, Level::Warning);
        }
        let started = Instant::now();
        let now = milliseconds((setup.clock)());
        let (sender, history_events) = mpsc::unbounded_channel();
        let bounds =
            Bounds { keep: setup.inventory.watch.keep, bytes: setup.inventory.watch.keep_bytes };
        let calls = setup.webhooks.notifications.is_some();
        let (history, recovered) = match &setup.history {
            None => (None, history::RecoveredState::default()),
            Some(file) => {
                let report = move |event| {
                    let _ = sender.send(event);
                };
                let (history, recovered) = History::start(file, bounds, now, calls, report)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                (Some(history), recovered)
            }
        };
        let heartbeat_sender = HeartbeatSender::new(setup.webhooks.heartbeat.take());
        let list_command = setup.history.as_ref().map(|file| {
            let file = file.display().to_string();
            format!("aoai-probe history --history {}", crate::diagnose::reading::word(&file))
        });
        let webhook = setup.webhooks.notifications.take();
        let notifier = Notifier::new(webhook, &setup.host, list_command, &setup.inventory);
        let mut watch = Self {
            rules: Rules::of(&setup.inventory.watch),
            initial_settings: setup.inventory.watch.clone(),
            setup,
            say,
            walker,
            started,
            targets: BTreeMap::new(),
            due: BTreeSet::new(),
            walks: JoinSet::new(),
            generations: 0,
            history,
            history_events,
            notifier,
            writing: FuturesUnordered::new(),
            stats: WatchStats { history_writes: true, ..WatchStats::default() },
            heartbeat_sender,
            offset: now,
            reported_problems: BTreeSet::new(),
            reading: FuturesUnordered::new(),
            reload_requested: false,
        };
        let resumed = recovered.machines.into_iter().map(|machine| {
            let machine = machine.resumed(now, 0, FORGET_AFTER);
            (machine.target().to_owned(), machine)
        });
        watch.apply_inventory(&mut sorting::map(resumed));
        for event in recovered.lost {
            let (target, to_deliver) = (event.target.clone(), watch.notifier.calls());
            let write = HistoryWrite::Removed { target, events: vec![event.clone()], to_deliver };
            let written = watch.history.as_ref().map(|history| history.enqueue(write));
            watch.notify_after_write(written, vec![event]);
        }
        match &watch.history {
            // Without a webhook now, these events must not be sent once there is one.
            Some(history) if !watch.notifier.calls() && !recovered.undelivered.is_empty() => {
                drop(history.enqueue(HistoryWrite::Delivered(recovered.undelivered)));
            }
            _ => watch.notifier.undelivered(recovered.undelivered),
        }
        Ok(watch)
    }

    /// Applies the inventory: targets that were watched before continue, new ones start with their
    /// saved state where there is one, and removed ones close their incidents.
    pub(super) fn apply_inventory(&mut self, machines: &mut BTreeMap<String, TargetState>) {
        let now = Instant::now();
        let mut previous = std::mem::take(&mut self.targets);
        for entry in &self.setup.inventory.entries {
            let entry = Rc::new(entry.clone());
            let name = entry.name.clone();
            if let Some(mut watched) = previous.remove(&name) {
                if watched.schedule.interval != entry.interval {
                    watched.schedule = Schedule { begin: now, interval: entry.interval };
                    self.due.retain(|(_, other)| *other != name);
                    if !watched.walking {
                        self.due.insert((watched.schedule.first(fastrand::f64()), name.clone()));
                    }
                }
                watched.entry = entry;
                self.targets.insert(name, watched);
                continue;
            }
            let schedule = Schedule { begin: now, interval: entry.interval };
            self.due.insert((schedule.first(fastrand::f64()), name.clone()));
            let machine = machines.remove(&name).unwrap_or_else(|| TargetState::new(&name));
            self.generations += 1;
            let watched = WatchedTarget {
                generation: self.generations,
                entry,
                machine,
                schedule,
                walking: false,
                began: now,
                last: now,
                last_result: None,
                report_kept: None,
                last_good: None,
            };
            self.targets.insert(name, watched);
        }
        let removed = previous.into_iter().map(|(name, watched)| (name, watched.machine));
        let removed: Vec<_> = removed.chain(std::mem::take(machines)).collect();
        for (name, mut machine) in removed {
            self.due.retain(|(_, other)| *other != name);
            let events = machine.removed(self.wall(), self.mono());
            let to_deliver = self.notifier.calls();
            let write = HistoryWrite::Removed { target: name, events: events.clone(), to_deliver };
            let written = self.history.as_ref().map(|history| history.enqueue(write));
            self.notify_after_write(written, events);
        }
    }

    pub(super) async fn run(mut self, mut signals: Signals) {
        let watchdog = systemd::watchdog();
        let every = self.setup.inventory.watch.heartbeat_every;
        let mut beats = tokio::time::interval(every.min(watchdog.unwrap_or(every)));
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let status = self.status();
        (self.say)(&status, Level::Info);
        systemd::notify(SystemdState::Ready(&status));
        loop {
            self.start_due_walks();
            let due = match self.walks.len() < self.setup.concurrency {
                true => self.due.first().map(|(due, _)| *due),
                false => None,
            };
            tokio::select! {
                signal = signals.next() => match signal {
                    Signal::Stop => break,
                    Signal::Reload => self.reload(),
                },
                Some(walked) = self.walks.join_next() => match walked {
                    Ok((key, report)) => self.walk_finished(key, report),
                    // Not a bug in one walk: those are in its report.
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
                Some(read) = self.reading.next() => self.inventory_read(read),
                Some(event) = self.history_events.recv() => self.history_event(&event),
                Some(events) = self.writing.next() => self.notifier.add(events),
                () = until(self.notifier.due()) => self.send_notifications(),
                outcome = self.notifier.outcome() => self.webhook_result(outcome),
                result = self.heartbeat_sender.called() => self.heartbeat_answered(result),
                () = until(due) => {}
                _ = beats.tick() => self.heartbeat(),
            }
        }
        self.shut_down().await;
    }

    /// Starts the walks that are due, as far as the limit allows.
    pub(super) fn start_due_walks(&mut self) {
        let now = Instant::now();
        while self.walks.len() < self.setup.concurrency
            && self.due.first().is_some_and(|(due, _)| *due <= now)
            && let Some((_, name)) = self.due.pop_first()
        {
            let Some(watched) = self.targets.get_mut(&name) else { continue };
            (watched.walking, watched.began) = (true, now);
            let (entry, walker) = (Rc::clone(&watched.entry), Rc::clone(&self.walker));
            let key = TargetKey { name, generation: watched.generation };
            self.walks.spawn_local(async move {
                let walk = tokio::time::timeout(limit(&entry), walker.walk(&entry, None));
                let report = match walk.await {
                    Ok(walked) => walked.map_err(|why| why.to_string()),
                    Err(_) => Err("the walk did not end".to_owned()),
                };
                (key, report)
            });
        }
    }

    pub(super) fn walk_finished(&mut self, key: TargetKey, report: Result<Report, String>) {
        let (at, mono) = (self.wall(), self.mono());
        self.check_clock(at, mono);
        let name = key.name;
        let Some(watched) = self.targets.get_mut(&name) else { return };
        // The target was removed and added again meanwhile: the new one has walks of its own.
        if watched.generation != key.generation {
            return;
        }
        let muted = watched.entry.muted_until.is_some_and(|until| milliseconds(until) > at);
        let mut seen = match &report {
            Ok(report) => panics::caught(|| Observation::of(&name, report, at, mono, muted))
                .unwrap_or_else(|bug| {
                    Observation::own_failure(&name, &bug.to_string(), at, mono, muted)
                }),
            Err(message) => Observation::own_failure(&name, message, at, mono, muted),
        };
        seen.azure_interval = watched.entry.azure;
        self.stats.walks += 1;
        self.stats.failed_walks += u64::from(report.is_err());
        let mut events = watched.machine.observe(&seen, &self.rules);
        if let Ok(report) = &report {
            // A bug in the comparison must not end the watch.
            let _ = panics::caught(|| {
                watched.compare_with_last_good(report, &mut events);
            });
        }
        let record = watched.record(&seen, report.as_ref().ok(), &events, self.notifier.calls());
        let now = Instant::now();
        (watched.walking, watched.last) = (false, now);
        self.stats.skipped_ticks += watched.schedule.skipped(watched.began, now);
        let next = watched.schedule.next(now, watched.machine.in_doubt(), fastrand::f64());
        self.due.retain(|(_, other)| *other != name);
        self.due.insert((next, name));
        let write = HistoryWrite::Walk(Box::new(record));
        let written = self.history.as_ref().map(|history| history.enqueue(write));
        self.notify_after_write(written, events);
    }

    /// Reports events once they are in the history: otherwise a crash between the two would report
    /// them again after the restart.
    pub(super) fn notify_after_write(
        &self,
        written: Option<tokio::sync::oneshot::Receiver<()>>,
        events: Vec<Event>,
    ) {
        if events.is_empty() {
            return;
        }
        self.writing.push(Box::pin(async move {
            if let Some(written) = written {
                let _ = tokio::time::timeout(HISTORY_WAIT, written).await;
            }
            events
        }));
    }

    /// Reports the collected events, grouped by cause.
    pub(super) fn send_notifications(&mut self) {
        for notification in self.notifier.take_earlier() {
            self.send(&notification);
        }
        for notification in self.notifier.take() {
            let level =
                notification.events.iter().map(Level::of).min_by_key(|level| level.number());
            let muted = notification.events.iter().all(|event| event.muted);
            let line = if muted {
                format!("(muted) {}", notification.line)
            } else {
                notification.line.clone()
            };
            (self.say)(&line, level.unwrap_or(Level::Info));
            self.send(&notification);
        }
    }

    /// Passes a notification to the webhook.
    pub(super) fn send(&mut self, notification: &Notification) {
        let labels = sorting::map(notification.events.iter().filter_map(|event| {
            let watched = self.targets.get(&event.target)?;
            Some((event.target.clone(), watched.entry.labels.clone()))
        }));
        if let Some(full) = self.notifier.send(notification, &labels) {
            self.stats.webhook_failed += 1;
            self.report_problem("webhook full", &full);
        }
    }

    pub(super) fn webhook_result(&mut self, outcome: crate::monitor::webhook::Outcome) {
        use crate::monitor::webhook::Outcome;
        let events = match outcome {
            Outcome::Retrying(why) => {
                self.report_problem("webhook", &format!("webhook: {why}; retrying"));
                return;
            }
            Outcome::GivenUp(events, why) => {
                self.stats.webhook_failed += 1;
                let lost = count(events.len() as u64, "event");
                let message = format!("webhook: {why}; not delivered: {lost}");
                (self.say)(&message, Level::Error);
                events
            }
            Outcome::Delivered(events) => {
                if self.reported_problems.remove("webhook") {
                    (self.say)("webhook: notifications are delivered again", Level::Notice);
                }
                self.reported_problems.remove("webhook full");
                events
            }
        };
        if let Some(history) = &self.history {
            drop(history.enqueue(HistoryWrite::Delivered(events)));
        }
    }

    pub(super) fn status(&self) -> String {
        let targets = count(self.targets.len() as u64, "target");
        let history = match &self.setup.history {
            Some(file) => format!("history in {}", file.display()),
            None => "no history".to_owned(),
        };
        let webhook = if self.notifier.calls() { "a webhook" } else { "no webhook" };
        format!("watching {targets}, {history}, {webhook}")
    }

    /// Milliseconds since 1970.
    pub(super) fn wall(&self) -> i64 {
        milliseconds((self.setup.clock)())
    }

    /// Milliseconds since the start.
    pub(super) fn mono(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// How long a walk may take before it is given up.
pub(super) fn limit(entry: &Entry) -> Duration {
    entry.plan.deadline.saturating_mul(2).saturating_add(MAX_OVERRUN)
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Milliseconds since 1970.
pub(super) fn milliseconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

/// The shape of a webhook's body, when the inventory names one.
pub(super) fn shape(inventory: &Inventory) -> WebhookShape {
    inventory.watch.webhook.as_ref().map(|webhook| webhook.shape).unwrap_or_default()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
