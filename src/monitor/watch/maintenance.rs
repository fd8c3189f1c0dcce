//! What the watch does besides walking: its own problems, reloading, the heartbeat, shutdown.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::event_loop::{InventoryRead, Watch, limit};
use super::heartbeat;
use super::log::Level;
use super::validate::invalid_targets;
use crate::monitor::event::{Severity, span};
use crate::monitor::history::WriterEvent;
use crate::monitor::reload;
use crate::monitor::settings::Rules;
use crate::monitor::systemd::{self, SystemdState};
use crate::monitor::webhook::body;
use crate::render::text::count;

/// How long the shutdown may take: unfinished walks are dropped, finished ones are kept.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(1500);
/// The part of it that is reserved for the history.
const HISTORY_GRACE: Duration = Duration::from_millis(500);
/// How far the wall clock may depart from monotonic time before it is reported, in milliseconds.
const CLOCK_JUMP_MS: i64 = 5_000;
/// Half a second: both clocks are read in whole milliseconds, and five hours must not be shown as
/// 4 h 59 min.
const HALF_SECOND_MS: i64 = 500;

impl Watch<'_> {
    pub(super) fn history_event(&mut self, event: &WriterEvent) {
        let file = self.setup.history.as_deref().unwrap_or(Path::new("")).display();
        let (message, level) = match event {
            WriterEvent::CannotWrite(why) => (
                format!("history: {file}: {why}; walks continue and are kept in memory"),
                Level::Error,
            ),
            WriterEvent::Recovered(walks) => {
                let walks = count(*walks as u64, "walk");
                (
                    format!("history: {file}: can be written again; {walks} had been waiting"),
                    Level::Notice,
                )
            }
            WriterEvent::Quarantined(to) => (
                format!(
                    "history: {file}: was corrupt; it is now {}, and a new file was created",
                    to.display()
                ),
                Level::Error,
            ),
            WriterEvent::Lost(events) => {
                self.notifier.add(events.clone());
                return;
            }
            WriterEvent::Dropped(walks) => (
                format!(
                    "history: dropped while it could not be written: {}",
                    count(*walks, "walk")
                ),
                Level::Error,
            ),
        };
        (self.say)(&message, level);
    }

    /// Reports a problem of the watch itself once, until it is over.
    pub(super) fn report_problem(&mut self, what: &'static str, message: &str) {
        if self.reported_problems.insert(what) {
            (self.say)(message, Level::Error);
        }
    }

    pub(super) fn check_clock(&mut self, at: i64, mono: i64) {
        let jumped = at - mono - self.offset;
        if jumped.abs() >= CLOCK_JUMP_MS {
            let way = if jumped > 0 { "forward" } else { "back" };
            let message = format!(
                "the clock jumped {} {way}; durations do not depend on it",
                span(jumped.abs() + HALF_SECOND_MS)
            );
            (self.say)(&message, Level::Error);
        }
        self.offset = at - mono;
    }

    /// Starts to read the inventory again, on a thread of its own: its files may be on a share that
    /// does not answer, and walks must not wait for it.
    pub(super) fn reload(&mut self) {
        if !self.reading.is_empty() {
            self.reload_requested = true;
            return;
        }
        systemd::notify(SystemdState::Reloading);
        let (read, walker) = (Arc::clone(&self.setup.reload), Arc::clone(&self.setup.walker));
        self.reading.push(Box::pin(reload::read_inventory(move || {
            let (inventory, webhooks) = read()?;
            let invalid_targets = invalid_targets(&walker(), &inventory);
            Ok((inventory, webhooks, invalid_targets))
        })));
    }

    /// The inventory has been read.
    pub(super) fn inventory_read(&mut self, read: InventoryRead) {
        match read {
            Err(message) => {
                (self.say)(&format!("the new inventory is not used: {message}"), Level::Error);
            }
            Ok((inventory, webhooks, invalid_targets)) => {
                for line in invalid_targets {
                    (self.say)(&line, Level::Warning);
                }
                self.rules = Rules::of(&inventory.watch);
                // A new walker, which has read nothing yet.
                self.walker = Rc::new((self.setup.walker)());
                self.notifier.replace(webhooks.notifications, &inventory);
                self.heartbeat_sender.replace(webhooks.heartbeat);
                self.setup.inventory = inventory;
                self.report_ignored_changes();
                self.apply_inventory(&mut BTreeMap::new());
                (self.say)(&format!("inventory reloaded: {}", self.status()), Level::Info);
            }
        }
        systemd::notify(SystemdState::Ready(&self.status()));
        if std::mem::take(&mut self.reload_requested) {
            self.reload();
        }
    }

    /// Reports changes of settings that are only read at the start.
    fn report_ignored_changes(&self) {
        let (new, initial_settings) = (&self.setup.inventory.watch, &self.initial_settings);
        // A file on the command line has precedence over the inventory.
        let file = !self.setup.history_given && new.history_file != initial_settings.history_file;
        let history = file
            || (new.keep, new.keep_bytes) != (initial_settings.keep, initial_settings.keep_bytes);
        let heartbeat = new.heartbeat_every != initial_settings.heartbeat_every;
        for (changed, what) in [(history, "[watch.history]"), (heartbeat, "heartbeat.every")] {
            if changed {
                let message = format!("{what} has changed: restart to apply it");
                (self.say)(&message, Level::Error);
            }
        }
    }

    /// The heartbeat: to systemd always, since this loop runs; to the file and the URL only while every
    /// target is walked in time.
    pub(super) fn heartbeat(&mut self) {
        systemd::notify(SystemdState::Alive);
        let now = Instant::now();
        let late = self.targets.values().find(|watched| {
            let allowed =
                (watched.entry.interval.saturating_mul(2)).saturating_add(limit(&watched.entry));
            now.duration_since(watched.last) > allowed
        });
        if let Some(late) = late {
            let message = format!("no heartbeat: {} was not walked in time", late.entry.name);
            self.report_problem("late", &message);
            return;
        }
        if self.reported_problems.remove("late") {
            (self.say)("every target is walked in time again", Level::Notice);
        }
        self.stats.now = self.wall() as f64 / 1e3;
        self.stats.targets = self.targets.len();
        let open = |severity| {
            let machines = self.targets.values().flat_map(|watched| watched.machine.open());
            machines.filter(|(_, incident)| incident.severity == severity).count()
        };
        self.stats.open =
            [Severity::Page, Severity::Ticket, Severity::Owner].map(|s| (s.id(), open(s)));
        if let Some(history) = &self.history {
            self.stats.history_waiting = history.waiting();
            self.stats.history_writes = history.writes();
        }
        // The interval at the start applies to the file and the call alike.
        let every = self.initial_settings.heartbeat_every;
        let body = || body::heartbeat(&self.stats.to_json(), &self.setup.host);
        self.heartbeat_sender.call(every, body);
        let Some(file) = self.setup.inventory.watch.heartbeat_file.clone() else { return };
        match heartbeat::write(Path::new(&file), &self.stats.text()) {
            Ok(()) => {
                self.reported_problems.remove("heartbeat");
            }
            Err(error) => {
                let message = format!("heartbeat: {file}: {}", crate::wire::words(&error));
                self.report_problem("heartbeat", &message);
            }
        }
    }

    /// The heartbeat's receiver has answered, or the call has failed.
    pub(super) fn heartbeat_answered(&mut self, result: Result<(), String>) {
        match result {
            Ok(()) => {
                if self.reported_problems.remove("heartbeat call") {
                    (self.say)("heartbeat: the call succeeds again", Level::Notice);
                }
            }
            Err(why) => {
                let message = format!("heartbeat: {why}; the next one will be sent");
                self.report_problem("heartbeat call", &message);
            }
        }
    }

    /// Ends: unfinished walks are dropped, finished ones are kept and reported.
    pub(super) async fn shut_down(mut self) {
        let last = Instant::now() + SHUTDOWN_GRACE;
        let end = last - HISTORY_GRACE;
        systemd::notify(SystemdState::Stopping);
        self.walks.abort_all();
        while let Ok(Some(events)) = tokio::time::timeout_at(end, self.writing.next()).await {
            self.notifier.add(events);
        }
        self.send_notifications();
        // A notification that is being sent may arrive; what does not is sent after the next start.
        while self.notifier.waits() {
            match tokio::time::timeout_at(end, self.notifier.outcome()).await {
                Ok(outcome) => self.webhook_result(outcome),
                Err(_) => break,
            }
        }
        if let Some(history) = self.history.take() {
            let left = history.close(last.saturating_duration_since(Instant::now()));
            while let Ok(event) = self.history_events.try_recv() {
                self.history_event(&event);
            }
            if left > 0 {
                let left = count(left as u64, "walk");
                let message = format!("history: {left} could not be written before the shutdown");
                (self.say)(&message, Level::Error);
            }
        }
        (self.say)("ended", Level::Info);
    }
}
