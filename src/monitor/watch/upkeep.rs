//! What a watch does for itself: its own troubles, the inventory read again, the sign of life,
//! the end.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::beat;
use super::log::Level;
use super::{Reread, Watch, limit, unfit};
use crate::monitor::event::{Severity, span};
use crate::monitor::history::Trouble;
use crate::monitor::reading;
use crate::monitor::settings::Rules;
use crate::monitor::systemd::{self, Tell};
use crate::monitor::webhook::body;
use crate::render::words::count;

/// How long the end may take: what is under way is left, what is finished is kept.
const FAREWELL: Duration = Duration::from_millis(1500);
/// The history's part of it, at least.
const CLOSING: Duration = Duration::from_millis(500);
/// How far the clock may go apart from monotonic time before that is said, in milliseconds.
const JUMP: i64 = 5_000;
/// Half a second: both clocks are read in whole milliseconds, and five hours are no 4 h 59 min.
const HALF: i64 = 500;

impl Watch<'_> {
    pub(super) fn trouble(&mut self, trouble: &Trouble) {
        let file = self.setup.history.as_deref().unwrap_or(Path::new("")).display();
        let (says, level) = match trouble {
            Trouble::CannotWrite(why) => (
                format!("history: {file}: {why}; walks go on and are kept in memory"),
                Level::Error,
            ),
            Trouble::WritesAgain(walks) => {
                let walks = count(*walks as u64, "walk");
                (format!("history: {file}: is written again; {walks} had waited"), Level::Notice)
            }
            Trouble::SetAside(to) => (
                format!(
                    "history: {file}: was broken; it is now {}, a new one begins",
                    to.display()
                ),
                Level::Error,
            ),
            Trouble::Lost(events) => {
                self.telling.add(events.clone());
                return;
            }
            Trouble::Dropped(walks) => (
                format!(
                    "history: dropped while it could not be written: {}",
                    count(*walks, "walk")
                ),
                Level::Error,
            ),
        };
        (self.say)(&says, level);
    }

    /// Says something of our own once, until it is over.
    pub(super) fn own_trouble(&mut self, what: &'static str, says: &str) {
        if self.silent.insert(what) {
            (self.say)(says, Level::Error);
        }
    }

    pub(super) fn look_at_clock(&mut self, at: i64, mono: i64) {
        let jumped = at - mono - self.offset;
        if jumped.abs() >= JUMP {
            let way = if jumped > 0 { "forward" } else { "back" };
            let says = format!(
                "the clock jumped {} {way}; lengths of time are taken from another",
                span(jumped.abs() + HALF)
            );
            (self.say)(&says, Level::Error);
        }
        self.offset = at - mono;
    }

    /// Begins to read the inventory again, on a thread of its own: what it names may lie on a
    /// share that does not answer, and walks under way must not wait for it.
    pub(super) fn reload(&mut self) {
        if !self.reading.is_empty() {
            self.read_again = true;
            return;
        }
        systemd::tell(Tell::Reloading);
        let (read, walker) = (Arc::clone(&self.setup.reload), Arc::clone(&self.setup.walker));
        self.reading.push(Box::pin(reading::again(move || {
            let (inventory, hooks) = read()?;
            let unfit = unfit(&walker(), &inventory);
            Ok((inventory, hooks, unfit))
        })));
    }

    /// The inventory was read again.
    pub(super) fn reread(&mut self, read: Reread) {
        match read {
            Err(says) => {
                (self.say)(&format!("the inventory is not taken over: {says}"), Level::Error);
            }
            Ok((inventory, hooks, unfit)) => {
                for line in unfit {
                    (self.say)(&line, Level::Warning);
                }
                self.rules = Rules::of(&inventory.watch);
                // One that has read nothing yet.
                self.walker = Rc::new((self.setup.walker)());
                self.telling.replace(hooks.notices, &inventory);
                self.heart.replace(hooks.heartbeat);
                self.setup.inventory = inventory;
                self.say_what_needs_a_restart();
                self.take(&mut BTreeMap::new());
                (self.say)(
                    &format!("the inventory was read again: {}", self.status()),
                    Level::Info,
                );
            }
        }
        systemd::tell(Tell::Ready(&self.status()));
        if std::mem::take(&mut self.read_again) {
            self.reload();
        }
    }

    /// What is taken from the inventory at the start alone.
    fn say_what_needs_a_restart(&self) {
        let (new, begun) = (&self.setup.inventory.watch, &self.begun);
        // What the command line names stays, whatever the inventory says.
        let file = !self.setup.history_given && new.history_file != begun.history_file;
        let history = file || (new.keep, new.keep_octets) != (begun.keep, begun.keep_octets);
        let heartbeat = new.heartbeat_every != begun.heartbeat_every;
        for (changed, what) in [(history, "[watch.history]"), (heartbeat, "heartbeat.every")] {
            if changed {
                let says = format!("{what} has changed: that needs a restart");
                (self.say)(&says, Level::Error);
            }
        }
    }

    /// The sign of life: to systemd always, since this loop lives; to the file only while every
    /// target is walked in time.
    pub(super) fn beat(&mut self) {
        systemd::tell(Tell::Alive);
        let now = Instant::now();
        let late = self.targets.values().find(|watched| {
            let patience =
                (watched.entry.interval.saturating_mul(2)).saturating_add(limit(&watched.entry));
            now.duration_since(watched.last) > patience
        });
        if let Some(late) = late {
            let says = format!("no heartbeat: {} is not walked in time", late.entry.name);
            self.own_trouble("late", &says);
            return;
        }
        if self.silent.remove("late") {
            (self.say)("every target is walked in time again", Level::Notice);
        }
        self.pulse.now = self.wall() as f64 / 1e3;
        self.pulse.targets = self.targets.len();
        let open = |severity| {
            let machines = self.targets.values().flat_map(|watched| watched.machine.open());
            machines.filter(|(_, incident)| incident.severity == severity).count()
        };
        self.pulse.open =
            [Severity::Page, Severity::Ticket, Severity::Owner].map(|s| (s.id(), open(s)));
        if let Some(history) = &self.history {
            self.pulse.history_waiting = history.waiting();
            self.pulse.history_writes = history.writes();
        }
        // The beat is that of the start, for the file and the call alike.
        let every = self.begun.heartbeat_every;
        let body = || body::heartbeat(&self.pulse.figures(), &self.setup.host);
        self.heart.call(every, body);
        let Some(file) = self.setup.inventory.watch.heartbeat_file.clone() else { return };
        match beat::write(Path::new(&file), &self.pulse.text()) {
            Ok(()) => {
                self.silent.remove("heartbeat");
            }
            Err(error) => {
                let says = format!("heartbeat: {file}: {}", crate::wire::words(&error));
                self.own_trouble("heartbeat", &says);
            }
        }
    }

    /// The heartbeat's receiver has answered, or has not.
    pub(super) fn beaten(&mut self, taken: Result<(), String>) {
        match taken {
            Ok(()) => {
                if self.silent.remove("heart") {
                    (self.say)("heartbeat: it is taken again", Level::Notice);
                }
            }
            Err(why) => {
                let says = format!("heartbeat: {why}; the next one is sent all the same");
                self.own_trouble("heart", &says);
            }
        }
    }

    /// Ends: what is under way is left, what is finished is kept and said.
    pub(super) async fn farewell(mut self) {
        let last = Instant::now() + FAREWELL;
        let end = last - CLOSING;
        systemd::tell(Tell::Stopping);
        self.walks.abort_all();
        while let Ok(Some(events)) = tokio::time::timeout_at(end, self.writing.next()).await {
            self.telling.add(events);
        }
        self.tell();
        // A notice that is on its way may arrive; what does not is sent after the next start.
        while self.telling.waits() {
            match tokio::time::timeout_at(end, self.telling.outcome()).await {
                Ok(outcome) => self.told(outcome),
                Err(_) => break,
            }
        }
        if let Some(history) = self.history.take() {
            let left = history.close(last.saturating_duration_since(Instant::now()));
            while let Ok(trouble) = self.troubles.try_recv() {
                self.trouble(&trouble);
            }
            if left > 0 {
                let left = count(left as u64, "walk");
                let says = format!("history: {left} could not be written before the end");
                (self.say)(&says, Level::Error);
            }
        }
        (self.say)("ended", Level::Info);
    }
}
