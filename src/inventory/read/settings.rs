//! The settings of `watch` and `serve`.

use std::time::Duration;

use super::reader::Reader;
use crate::args;
use crate::evidence::text::begins_as_url;
use crate::inventory::document::{Serve, Time, Watch, Webhook};
use crate::inventory::{ServeSettings, WatchSettings, WebhookPlace, WebhookSettings, WebhookShape};

impl Reader<'_> {
    pub(super) fn watch(&mut self, from: &Watch) -> WatchSettings {
        let mut settings = WatchSettings::default();
        let second = Duration::from_secs(1);
        let long = second..=second * 86400 * 30;
        let count = |value: &mut u32, new: Option<u32>| *value = new.unwrap_or(*value);
        let time = |value: &mut Duration, new: Option<Duration>| *value = new.unwrap_or(*value);
        let confirm = &from.confirm;
        count(&mut settings.walks, self.count("confirm.walks", confirm.walks.as_ref(), 1..=100));
        let most = settings.walks;
        settings.bad = settings.bad.min(most);
        count(&mut settings.bad, self.count("confirm.bad", confirm.bad.as_ref(), 1..=most));
        let within = self.time("confirm.within", confirm.within.as_ref(), long.clone());
        time(&mut settings.within, within);
        let good = self.count("good_again", from.good_again.as_ref(), 1..=100);
        count(&mut settings.good_again, good);
        let changes = self.count("unstable.changes", from.unstable.changes.as_ref(), 2..=1000);
        count(&mut settings.unstable_changes, changes);
        let within = self.time("unstable.within", from.unstable.within.as_ref(), long.clone());
        time(&mut settings.unstable_within, within);
        settings.heartbeat_file = self.file("heartbeat", &from.heartbeat.file);
        let beat = &from.heartbeat;
        if beat.url_file.is_some() || beat.url_variable.is_some() {
            settings.heartbeat_url = self.place("heartbeat", &beat.url_file, &beat.url_variable);
        }
        let every = self.time("heartbeat.every", from.heartbeat.every.as_ref(), long);
        time(&mut settings.heartbeat_every, every);
        settings.webhook = from.webhook.as_ref().and_then(|webhook| self.webhook(webhook));
        settings.history_file = self.file("history", &from.history.file);
        let days = self.count("history.keep_days", from.history.keep_days.as_ref(), 1..=3650);
        if let Some(days) = days {
            settings.keep = second * 86400 * days;
        }
        let megabytes = from.history.keep_megabytes.as_ref();
        if let Some(size) = self.count("history.keep_megabytes", megabytes, 1..=100_000) {
            settings.keep_bytes = u64::from(size) << 20;
        }
        settings
    }

    fn webhook(&mut self, from: &Webhook) -> Option<WebhookSettings> {
        let shape = self.value("webhook.shape", from.shape.as_ref(), |shape| match shape {
            "generic" => Ok(WebhookShape::Generic),
            "slack" => Ok(WebhookShape::Slack),
            "teams" => Ok(WebhookShape::Teams),
            _ => Err("one of generic, slack, teams"),
        });
        let second = Duration::from_secs(1);
        let timeout = self.time("webhook.timeout", from.timeout.as_ref(), second..=second * 60);
        let url = self.place("webhook", &from.url_file, &from.url_variable)?;
        Some(WebhookSettings {
            url,
            shape: shape.unwrap_or_default(),
            timeout: timeout.unwrap_or(second * 10),
        })
    }

    /// The path of a file, which must not be a URL.
    fn file(&mut self, of: &str, file: &Option<String>) -> Option<String> {
        let checked = args::file(file.as_deref()?);
        if let Err(message) = &checked {
            let at = self.text.find(of).unwrap_or(0);
            self.problem(at, format!("{of}.file: {message}"));
        }
        checked.ok()
    }

    /// The place of a URL, which is a secret: exactly one, and not the URL itself.
    fn place(
        &mut self,
        of: &str,
        file: &Option<String>,
        variable: &Option<String>,
    ) -> Option<WebhookPlace> {
        let message = match (file, variable) {
            (Some(place), _) | (_, Some(place)) if begins_as_url(place) => {
                "url_file and url_variable name the place of the URL, which is a secret; this is \
                 the URL itself"
            }
            (Some(file), None) => return Some(WebhookPlace::File(file.clone())),
            (None, Some(variable)) => return Some(WebhookPlace::Variable(variable.clone())),
            _ => {
                "name the place of its URL, which is a secret, with either url_file or url_variable"
            }
        };
        let at = self.text.find(of).unwrap_or(0);
        self.problem(at, format!("{of}: {message}"));
        None
    }

    pub(super) fn serve(&mut self, from: &Serve) -> ServeSettings {
        let mut settings = ServeSettings::default();
        let listen = self.value("serve.listen", from.listen.as_ref(), |text| {
            text.parse().map_err(|_| "an address and a port, e.g. 127.0.0.1:9715")
        });
        settings.listen = listen.unwrap_or(settings.listen);
        let number = |value: Option<u32>| value.and_then(|value| usize::try_from(value).ok());
        let concurrency = self.count("serve.concurrency", from.concurrency.as_ref(), 1..=4096);
        settings.concurrency = number(concurrency).unwrap_or(settings.concurrency);
        let queue = self.count("serve.queue", from.queue.as_ref(), 0..=100_000);
        settings.queue = number(queue).unwrap_or(settings.queue);
        let refresh = from.refresh.as_ref();
        if refresh.is_some_and(|time| matches!(time.get_ref(), Time::Text(off) if off == "off")) {
            settings.refresh = None;
        } else {
            let second = Duration::from_secs(1);
            let refresh = self.time("serve.refresh", refresh, second..=second * 86400);
            settings.refresh = refresh.or(settings.refresh);
        }
        // Names without a port: `Host` is compared without its port.
        let name = |host: &String| match url::Host::parse(host) {
            Ok(url::Host::Domain(name)) if !name.contains('*') => Some(name),
            _ => None,
        };
        if let Some(hosts) = &from.hosts {
            match hosts.get_ref().iter().map(name).collect() {
                Some(names) => settings.hosts = names,
                None => {
                    self.problem(hosts.span().start, "serve.hosts: host names without a port");
                }
            }
        }
        settings
    }
}
