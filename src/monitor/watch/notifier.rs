//! Collects events for a while, and hands notifications to the webhook.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::event_loop::shape;
use super::schedule::SPREAD;
use crate::inventory::{Inventory, WebhookShape};
use crate::monitor::event::Event;
use crate::monitor::group::{self, Notification};
use crate::monitor::webhook::body::{self, Labels, Sender};
use crate::monitor::webhook::{Delivery, MAX_WAITING, Outcome, Webhook};

/// How long events are collected, at most, so that those with one cause become one notification.
const LONGEST: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_millis(200);

pub(super) struct Notifier {
    host: String,
    /// The command that lists the history; see [`Sender`].
    history: Option<String>,
    shape: WebhookShape,
    /// Not started before the first notification.
    webhook: Option<Webhook>,
    deliveries: Option<mpsc::Sender<Delivery>>,
    outcomes: (mpsc::UnboundedSender<Outcome>, mpsc::UnboundedReceiver<Outcome>),
    under_way: usize,
    collected: Vec<Event>,
    earlier: Vec<Event>,
    since: Option<Instant>,
    collect_for: Duration,
}

impl Notifier {
    pub(super) fn new(
        webhook: Option<Webhook>,
        host: &str,
        history: Option<String>,
        inventory: &Inventory,
    ) -> Self {
        Self {
            host: host.to_owned(),
            history,
            shape: shape(inventory),
            webhook,
            deliveries: None,
            outcomes: mpsc::unbounded_channel(),
            under_way: 0,
            collected: Vec::new(),
            earlier: Vec::new(),
            since: None,
            collect_for: collect_for(inventory),
        }
    }

    /// Applies a new inventory; deliveries that have begun continue.
    pub(super) fn replace(&mut self, webhook: Option<Webhook>, inventory: &Inventory) {
        self.shape = shape(inventory);
        self.collect_for = collect_for(inventory);
        self.webhook = webhook;
        self.deliveries = None;
    }

    /// Whether there is a webhook.
    pub(super) fn calls(&self) -> bool {
        self.webhook.is_some() || self.deliveries.is_some()
    }

    pub(super) fn add(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.collected.extend(events);
        }
    }

    /// Events of an earlier run that were not delivered: only for the webhook, since that run has
    /// printed them.
    pub(super) fn undelivered(&mut self, events: Vec<Event>) {
        if !events.is_empty() {
            self.since.get_or_insert_with(Instant::now);
            self.earlier.extend(events);
        }
    }

    /// When the collected events are due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + self.collect_for)
    }

    /// The notifications that are only for the webhook.
    pub(super) fn take_earlier(&mut self) -> Vec<Notification> {
        group::notifications(std::mem::take(&mut self.earlier))
    }

    pub(super) fn take(&mut self) -> Vec<Notification> {
        self.since = None;
        group::notifications(std::mem::take(&mut self.collected))
    }

    /// Passes a notification to the webhook, without events that are muted or only for the record.
    /// Returns a message when the queue is full.
    pub(super) fn send(&mut self, notice: &Notification, labels: &Labels) -> Option<String> {
        let events: Vec<Event> =
            notice.events.iter().filter(|event| event.should_notify()).cloned().collect();
        if events.is_empty() {
            return None;
        }
        if let Some(webhook) = self.webhook.take() {
            let (deliveries, queue) = mpsc::channel(MAX_WAITING);
            tokio::task::spawn_local(webhook.deliver(queue, self.outcomes.0.clone()));
            self.deliveries = Some(deliveries);
        }
        let deliveries = self.deliveries.as_ref()?;
        let reported = group::notifications(events);
        for notice in reported {
            let history = self.history.as_deref();
            let sender = Sender { host: &self.host, labels, history };
            for (body, events) in body::bodies(&notice, self.shape, &sender) {
                if deliveries.try_send(Delivery { body, events }).is_err() {
                    return Some(format!(
                        "webhook: {MAX_WAITING} notifications are queued; more are dropped"
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
                if !matches!(outcome, Outcome::Retrying(_)) {
                    self.under_way = self.under_way.saturating_sub(1);
                }
                outcome
            }
            // Cannot happen while this holds a sender itself.
            None => std::future::pending().await,
        }
    }
}

/// The walks of one round are spread over a fraction of the interval; twice that collects all of
/// their events.
fn collect_for(inventory: &Inventory) -> Duration {
    let longest = inventory.entries.iter().map(|entry| entry.interval).max().unwrap_or_default();
    if inventory.entries.len() < 2 {
        return Duration::ZERO;
    }
    (longest / SPREAD * 2).clamp(SHORTEST, LONGEST)
}
