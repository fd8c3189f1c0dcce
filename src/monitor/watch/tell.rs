//! What is about to be told: events that gather for a while, and letters on their way.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::schedule::SPREAD;
use crate::inventory::{Inventory, WebhookShape};
use crate::monitor::event::Event;
use crate::monitor::group::{self, Notice};
use crate::monitor::webhook::body::{self, Labels, Sender};
use crate::monitor::webhook::{Letter, MOST_WAITING, Outcome, Webhook};

/// How long events gather at most, so that those of one cause are told as one.
const LONGEST: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_millis(200);

pub(super) struct Telling {
    host: String,
    /// The command that lists the history; see [`Sender`].
    history: Option<String>,
    shape: WebhookShape,
    /// Not begun before the first turn of the loop.
    webhook: Option<Webhook>,
    letters: Option<mpsc::Sender<Letter>>,
    outcomes: (mpsc::UnboundedSender<Outcome>, mpsc::UnboundedReceiver<Outcome>),
    under_way: usize,
    gathered: Vec<Event>,
    earlier: Vec<Event>,
    since: Option<Instant>,
    gather: Duration,
}

impl Telling {
    pub(super) fn new(
        webhook: Option<Webhook>,
        host: &str,
        history: Option<String>,
        inventory: &Inventory,
    ) -> Self {
        Self {
            host: host.to_owned(),
            history,
            shape: super::shape(inventory),
            webhook,
            letters: None,
            outcomes: mpsc::unbounded_channel(),
            under_way: 0,
            gathered: Vec::new(),
            earlier: Vec::new(),
            since: None,
            gather: gather(inventory),
        }
    }

    /// What a new inventory says; letters on their way go on.
    pub(super) fn replace(&mut self, webhook: Option<Webhook>, inventory: &Inventory) {
        self.shape = super::shape(inventory);
        self.gather = gather(inventory);
        self.webhook = webhook;
        self.letters = None;
    }

    /// Whether there is a webhook.
    pub(super) fn calls(&self) -> bool {
        self.webhook.is_some() || self.letters.is_some()
    }

    pub(super) fn add(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.gathered.extend(events);
        }
    }

    /// Events of an earlier run that had not arrived: for the webhook alone, since that run has
    /// said them.
    pub(super) fn undelivered(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.earlier.extend(events);
        }
    }

    /// When what has gathered is to be told.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + self.gather)
    }

    /// What is for the webhook alone.
    pub(super) fn take_earlier(&mut self) -> Vec<Notice> {
        group::notices(std::mem::take(&mut self.earlier))
    }

    pub(super) fn take(&mut self) -> Vec<Notice> {
        self.since = None;
        group::notices(std::mem::take(&mut self.gathered))
    }

    /// Hands a notice to the webhook; what is muted and what is for the record stays here. Says
    /// so when too many wait.
    pub(super) fn send(&mut self, notice: &Notice, labels: &Labels) -> Option<String> {
        let events: Vec<Event> =
            notice.events.iter().filter(|event| event.is_told()).cloned().collect();
        if events.is_empty() {
            return None;
        }
        if let Some(webhook) = self.webhook.take() {
            let (letters, queue) = mpsc::channel(MOST_WAITING);
            tokio::task::spawn_local(webhook.deliver(queue, self.outcomes.0.clone()));
            self.letters = Some(letters);
        }
        let letters = self.letters.as_ref()?;
        let told = group::notices(events);
        for notice in told {
            let history = self.history.as_deref();
            let sender = Sender { host: &self.host, labels, history };
            for (body, events) in body::bodies(&notice, self.shape, &sender) {
                if letters.try_send(Letter { body, events }).is_err() {
                    return Some(format!(
                        "webhook: {MOST_WAITING} notices wait; more are not told"
                    ));
                }
                self.under_way += 1;
            }
        }
        None
    }

    pub(super) const fn waits(&self) -> bool {
        self.under_way > 0
    }

    pub(super) async fn outcome(&mut self) -> Outcome {
        match self.outcomes.1.recv().await {
            Some(outcome) => {
                if !matches!(outcome, Outcome::TriedInVain(_)) {
                    self.under_way = self.under_way.saturating_sub(1);
                }
                outcome
            }
            // Not while this holds a sender itself.
            None => std::future::pending().await,
        }
    }
}

/// The walks of one round are spread over a part of the interval; twice that has their events
/// together.
fn gather(inventory: &Inventory) -> Duration {
    let longest = inventory.entries.iter().map(|entry| entry.interval).max().unwrap_or_default();
    if inventory.entries.len() < 2 {
        return Duration::ZERO;
    }
    (longest / SPREAD * 2).clamp(SHORTEST, LONGEST)
}
