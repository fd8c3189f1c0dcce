//! From text to inventory, with every problem named by its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use super::document::{Document, Settings, Slow, Time, Watch, Webhook, When};
use super::{
    CredentialReference, Entry, INTERVAL, Inventory, MOST_TARGETS, ServeSettings, WatchSettings,
    WebhookPlace, WebhookSettings, WebhookShape,
};
use crate::args;
use crate::credential::{self, Choice, looks_like_a_key};
use crate::evidence::Trust;
use crate::report::{LONGEST_LABEL, MOST_LABELS, is_label_name};
use crate::target::Target;
use crate::walk::plan::{Limits, Plan};

/// Problems that are named; more of them help nobody.
const MOST_PROBLEMS: usize = 20;
/// The longest name of a target, in characters.
const LONGEST: usize = 200;
/// Names of labels that outputs give a meaning of their own.
const TAKEN_LABELS: &[&str] = &[
    "target",
    "instance",
    "job",
    "finding",
    "hop",
    "state",
    "phase",
    "role",
    "version",
    "le",
    "level",
    "sure",
    "owner",
    "class",
    "kind",
    "fingerprint_sha256",
    "subject",
    "issuer",
    "subjectalternative",
];

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// In words.
    pub says: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.says)
    }
}

/// Reads an inventory.
///
/// # Errors
///
/// What is wrong with it, at most twenty problems, in the file's order. No message repeats
/// what could be a secret.
pub fn read(text: &str) -> Result<Inventory, Vec<Problem>> {
    let document: Document = match toml::from_str(text) {
        Ok(document) => document,
        Err(error) => return Err(refused(text, &error)),
    };
    let mut reader = Reader { text, starts: starts(text), problems: Vec::new() };
    let inventory = reader.inventory(&document);
    if reader.problems.is_empty() {
        return Ok(inventory);
    }
    reader.problems.sort_by(|a, b| (a.line, &a.says).cmp(&(b.line, &b.says)));
    // What is wrong with the defaults is met with every target.
    reader.problems.dedup();
    reader.problems.truncate(MOST_PROBLEMS);
    Err(reader.problems)
}

/// Where each line but the first begins.
fn starts(text: &str) -> Vec<usize> {
    text.bytes().zip(1..).filter(|(octet, _)| *octet == b'\n').map(|(_, next)| next).collect()
}

/// Line of an octet's place.
fn line(text: &str, at: usize) -> usize {
    1 + starts(text).partition_point(|start| *start <= at)
}

/// What TOML or the form of the document does not allow.
fn refused(text: &str, error: &toml::de::Error) -> Vec<Problem> {
    let unknown = unknown_keys(text);
    if !unknown.is_empty() {
        return unknown;
    }
    let at = error.span().map_or(0, |span| span.start);
    vec![Problem { line: line(text, at), says: without_values(error.message()) }]
}

/// The words of TOML and serde, without the value that they repeat: it may be a secret.
fn without_values(words: &str) -> String {
    let mut says = String::new();
    let mut quoted = None;
    for letter in words.lines().next().unwrap_or("not TOML").chars() {
        match quoted {
            None if letter == '"' => {
                quoted = Some(letter);
                says.push_str("[not shown]");
            }
            None => says.push(letter),
            Some(mark) if mark == letter => quoted = None,
            Some(_) => {}
        }
    }
    let says = match says.contains("untagged enum Time") {
        true => "a time such as \"5s\", \"200ms\" or a number of seconds is wanted".to_owned(),
        false => says.split(", expected struct").next().unwrap_or_default().to_owned(),
    };
    crate::evidence::text::clean(&says, 200)
}

/// Keys that are not of the inventory's schema, with the nearest that is.
fn unknown_keys(text: &str) -> Vec<Problem> {
    let Ok(table) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let schema = schemars::schema_for!(Document);
    let mut found = Vec::new();
    let places = starts(text);
    look(&places, table.get_ref(), schema.as_value(), schema.as_value(), &mut found);
    found.sort_by_key(|problem: &Problem| problem.line);
    found.truncate(MOST_PROBLEMS);
    found
}

fn look(
    places: &[usize],
    table: &toml::de::DeTable<'_>,
    schema: &serde_json::Value,
    whole: &serde_json::Value,
    found: &mut Vec<Problem>,
) {
    let schema = resolved(schema, whole);
    let Some(keys) = schema.get("properties").and_then(|keys| keys.as_object()) else { return };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(inner) = keys.get(name) else {
            if found.len() >= MOST_PROBLEMS {
                return;
            }
            let line = 1 + places.partition_point(|start| *start <= key.span().start);
            found.push(Problem { line, says: unknown(name, keys.keys().map(String::as_str)) });
            continue;
        };
        match value.get_ref() {
            toml::de::DeValue::Table(table) => look(places, table, inner, whole, found),
            toml::de::DeValue::Array(items) => {
                let Some(items_schema) = resolved(inner, whole).get("items") else { continue };
                for item in items {
                    if let toml::de::DeValue::Table(table) = item.get_ref() {
                        look(places, table, items_schema, whole, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A schema behind its reference.
fn resolved<'a>(
    schema: &'a serde_json::Value,
    whole: &'a serde_json::Value,
) -> &'a serde_json::Value {
    let any = schema.get("anyOf").and_then(|all| all.as_array()).into_iter().flatten();
    let reference = any
        .chain([schema])
        .find_map(|schema| schema.get("$ref")?.as_str()?.strip_prefix('#'))
        .and_then(|pointer| whole.pointer(pointer));
    reference.unwrap_or(schema)
}

fn unknown<'a>(name: &str, keys: impl Iterator<Item = &'a str>) -> String {
    if ["api_key", "token", "key", "password", "secret", "client_secret"].contains(&name) {
        return format!(
            "'{name}': no secret belongs into an inventory; api_key_file, api_key_variable or \
             token_file says where it is"
        );
    }
    let plain = name.len() <= 40
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    if !plain || looks_like_a_key(name) {
        return "an unknown key, which is not shown".to_owned();
    }
    let shown = format!("unknown key '{name}'");
    let near = keys
        .map(|key| (strsim::osa_distance(key, name), key))
        .filter(|(distance, key)| *distance <= key.len().max(name.len()) / 2)
        .min();
    match near {
        Some((_, key)) => format!("{shown}; is '{key}' meant?"),
        None => shown,
    }
}

/// Reads values, and keeps what is wrong with them.
struct Reader<'a> {
    text: &'a str,
    /// Where each line but the first begins: files are long, and every target has a line.
    starts: Vec<usize>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, says: impl Into<String>) {
        self.problems.push(Problem { line: self.line(at), says: says.into() });
    }

    fn line(&self, at: usize) -> usize {
        1 + self.starts.partition_point(|start| *start <= at)
    }

    /// A value through its parser.
    fn value<T, E: fmt::Display>(
        &mut self,
        name: &str,
        text: Option<&Spanned<String>>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text?;
        match parse(text.get_ref()) {
            Ok(value) => Some(value),
            Err(says) => {
                self.problem(text.span().start, format!("{name}: {says}"));
                None
            }
        }
    }

    fn time(
        &mut self,
        name: &str,
        time: Option<&Spanned<Time>>,
        bounds: std::ops::RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let time = time?;
        let value = match time.get_ref() {
            Time::Text(text) => humantime::parse_duration(text).ok(),
            Time::Seconds(seconds) => Some(Duration::from_secs((*seconds).into())),
            Time::Fraction(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        };
        let value = value.filter(|value| bounds.contains(value));
        if value.is_none() {
            let (from, to) = (bounds.start(), bounds.end());
            let (from, to) = (humantime::format_duration(*from), humantime::format_duration(*to));
            let says = format!("{name}: a time from {from} to {to}, e.g. \"5s\" or \"200ms\"");
            self.problem(time.span().start, says);
        }
        value
    }

    fn count(
        &mut self,
        name: &str,
        count: Option<&Spanned<u32>>,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        let count = count?;
        let value = Some(*count.get_ref()).filter(|value| bounds.contains(value));
        if value.is_none() {
            let says = format!("{name}: a number from {} to {}", bounds.start(), bounds.end());
            self.problem(count.span().start, says);
        }
        value
    }

    fn inventory(&mut self, document: &Document) -> Inventory {
        let defaults = &document.defaults;
        let misplaced = [("target", &defaults.target), ("name", &defaults.name)];
        for (key, value) in misplaced {
            if let Some(value) = value {
                self.problem(value.span().start, format!("'{key}' belongs into a [[target]]"));
            }
        }
        let mut entries = Vec::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        if document.target.is_empty() {
            self.problem(0, "no [[target]] in it");
        }
        if document.target.len() > MOST_TARGETS {
            self.problem(0, format!("more than {MOST_TARGETS} targets: split the file"));
        }
        for settings in document.target.iter().take(MOST_TARGETS) {
            let at = settings.span().start;
            let Some(entry) = self.entry(at, settings.get_ref(), defaults) else { continue };
            if let Some(first) = lines.get(&entry.name) {
                let says = format!(
                    "the name {} is already that of line {first}: give this target another name",
                    entry.name
                );
                self.problem(at, says);
            }
            lines.insert(entry.name.clone(), entry.line);
            entries.push(entry);
        }
        let watch = self.watch(&document.watch);
        let serve = self.serve(&document.serve);
        Inventory { entries, watch, serve }
    }

    fn entry(&mut self, at: usize, own: &Settings, defaults: &Settings) -> Option<Entry> {
        macro_rules! either {
            ($key:ident) => {
                own.$key.as_ref().or(defaults.$key.as_ref())
            };
        }
        let Some(typed) = own.target.as_ref() else {
            self.problem(at, "this [[target]] has no 'target': an account, a host or a URL");
            return None;
        };
        let service = either!(service).map(|service| service.get_ref().as_str());
        let target = self.value("target", Some(typed), |typed| Target::parse(typed, service))?;
        let name = self.value("name", own.name.as_ref(), |name| word(name).map(str::to_owned));
        let mut plan = Plan::default();
        let resolvers = either!(resolvers).map_or(&[][..], Vec::as_slice);
        plan.resolvers = resolvers
            .iter()
            .filter_map(|text| self.value("resolvers", Some(text), args::resolver))
            .collect();
        plan.expect = self.value("expect", either!(expect), args::expect).unwrap_or(plan.expect);
        plan.proxy = self.value("proxy", either!(proxy), args::proxy).unwrap_or(plan.proxy);
        plan.direct = own.direct.or(defaults.direct).unwrap_or(plan.direct);
        plan.trust = self.value("trust", either!(trust), trust).unwrap_or(plan.trust);
        plan.ca_file = either!(ca_file).map(|path| path.get_ref().clone());
        plan.deployment = self.value("deployment", either!(deployment), args::deployment);
        if let Some(version) = self.value("api_version", either!(api_version), args::api_version) {
            plan.api_version = version;
        }
        plan.experiments = own.experiments.or(defaults.experiments).unwrap_or(true);
        let second = Duration::from_secs(1);
        let walk = Duration::from_millis(50)..=second * 3600;
        let timeout = self.time("timeout", either!(timeout), walk.clone());
        plan.timeout = timeout.unwrap_or(plan.timeout);
        let deadline = self.time("deadline", either!(deadline), walk);
        plan.deadline = deadline.unwrap_or(plan.deadline);
        let day = second * 86400;
        let interval = self.time("interval", either!(interval), second..=day);
        let days = self.count("certificate_days", either!(certificate_days), 0..=825);
        plan.limits = self.limits(own.slow.as_ref(), defaults.slow.as_ref());
        plan.limits.certificate_days = days.or(plan.limits.certificate_days);
        let detours = either!(connect_to).map_or(&[][..], Vec::as_slice);
        let connect_to = detours
            .iter()
            .filter_map(|text| self.value("connect_to", Some(text), args::detour))
            .collect();
        let muted_until = either!(until).and_then(|until| self.moment(until));
        Some(Entry {
            name: name.unwrap_or_else(|| target.seen.host.clone()),
            line: self.line(at),
            credential: self.credential(own, defaults),
            labels: self.labels(own, defaults),
            target,
            plan,
            connect_to,
            interval: interval.unwrap_or(INTERVAL),
            muted_until,
        })
    }

    fn limits(&mut self, own: Option<&Slow>, defaults: Option<&Slow>) -> Limits {
        let mut limit = |name: &str, pick: fn(&Slow) -> Option<&Spanned<Time>>| {
            let time = own.and_then(pick).or(defaults.and_then(pick));
            self.time(name, time, Duration::from_millis(1)..=Duration::from_secs(3600))
        };
        Limits {
            certificate_days: None,
            dns: limit("slow.dns", |slow| slow.dns.as_ref()),
            tcp: limit("slow.tcp", |slow| slow.tcp.as_ref()),
            tls: limit("slow.tls", |slow| slow.tls.as_ref()),
            http: limit("slow.http", |slow| slow.http.as_ref()),
        }
    }

    /// The credential's place: the target's own if it says anything about it, else the
    /// defaults'; never a mixture.
    fn credential(&mut self, own: &Settings, defaults: &Settings) -> CredentialReference {
        let says = |settings: &Settings| {
            let keys = [
                &settings.credential,
                &settings.api_key_file,
                &settings.api_key_variable,
                &settings.token_file,
                &settings.assertion_file,
                &settings.identity,
            ];
            keys.iter().any(|key| key.is_some())
        };
        let from = if says(own) { own } else { defaults };
        let text = |key: &Option<Spanned<String>>| key.as_ref().map(|key| key.get_ref().clone());
        let places = [
            ("api_key_file", &from.api_key_file),
            ("api_key_variable", &from.api_key_variable),
            ("token_file", &from.token_file),
            ("assertion_file", &from.assertion_file),
        ];
        let given: Vec<_> = places.iter().filter_map(|(n, p)| Some((*n, p.as_ref()?))).collect();
        if let [(first, _), (second, place), ..] = given.as_slice() {
            let says = format!("{first} and {second} contradict each other");
            self.problem(place.span().start, says);
        }
        for (name, place) in &given {
            if place.get_ref() == "-" {
                self.problem(place.span().start, format!("{name}: a check has no standard input"));
            } else if looks_like_a_key(place.get_ref()) || place.get_ref().trim().is_empty() {
                self.problem(
                    place.span().start,
                    format!("{name} names the place of a secret; this looks like none"),
                );
            }
        }
        let choice = self.value("credential", from.credential.as_ref(), |name| {
            let choice = args::credential(name)?;
            match &choice {
                Choice::Named(name) if !credential::SOURCES.iter().any(|s| s.name == *name) => {
                    let names: Vec<&str> = credential::SOURCES.iter().map(|s| s.name).collect();
                    Err(format!("one of auto, none, {}", names.join(", ")))
                }
                _ => Ok(choice),
            }
        });
        let choice = choice.unwrap_or_default();
        if let Some((name, place)) = given.first() {
            let other = match &choice {
                Choice::Auto => None,
                Choice::None => Some("none"),
                Choice::Named(source) => {
                    let own = match *name {
                        "api_key_variable" => "api-key".to_owned(),
                        name => name.replace('_', "-"),
                    };
                    (*source != own).then_some(source.as_str())
                }
            };
            if let Some(other) = other {
                let says = format!("credential = \"{other}\" and {name} contradict each other");
                self.problem(place.span().start, says);
            }
        }
        CredentialReference {
            choice,
            api_key_file: text(&from.api_key_file),
            api_key_variable: text(&from.api_key_variable),
            token_file: text(&from.token_file),
            assertion_file: text(&from.assertion_file),
            identity: text(&from.identity),
        }
    }

    fn labels(&mut self, own: &Settings, defaults: &Settings) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (name, value) in defaults.labels.iter().chain(&own.labels) {
            let at = name.span().start;
            let name = name.get_ref();
            let fits = is_label_name(name);
            if !fits {
                let says = "labels: a name has letters, digits and _, e.g. team";
                self.problem(at, says);
            } else if TAKEN_LABELS.contains(&name.as_str()) {
                self.problem(at, format!("labels: '{name}' has a meaning of its own in outputs"));
            }
            let text = value.get_ref();
            if text.chars().count() > LONGEST_LABEL {
                self.problem(value.span().start, "labels: longer than 200 characters");
            } else if looks_like_a_key(text) {
                let says = format!("labels: the value of '{name}' looks like a key");
                self.problem(value.span().start, says);
            }
            seen.insert(name.clone());
            labels.insert(name.clone(), text.clone());
        }
        if seen.len() > MOST_LABELS {
            self.problem(0, format!("labels: a target has at most {MOST_LABELS}"));
        }
        labels
    }

    fn moment(&mut self, until: &Spanned<When>) -> Option<SystemTime> {
        let text = match until.get_ref() {
            When::Toml(date) => date.to_string(),
            When::Text(text) => text.clone(),
        };
        let moment = OffsetDateTime::parse(&text, &Rfc3339).ok().map(SystemTime::from);
        if moment.is_none() {
            let says = "until: a time such as 2026-12-01T08:00:00Z";
            self.problem(until.span().start, says);
        }
        moment
    }

    fn watch(&mut self, from: &Watch) -> WatchSettings {
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
        settings.heartbeat_file.clone_from(&from.heartbeat.file);
        let beat = &from.heartbeat;
        if beat.url_file.is_some() || beat.url_variable.is_some() {
            settings.heartbeat_url = self.place("heartbeat", &beat.url_file, &beat.url_variable);
        }
        let every = self.time("heartbeat.every", from.heartbeat.every.as_ref(), long);
        time(&mut settings.heartbeat_every, every);
        settings.webhook = from.webhook.as_ref().and_then(|webhook| self.webhook(webhook));
        settings.history_file.clone_from(&from.history.file);
        let days = self.count("history.keep_days", from.history.keep_days.as_ref(), 1..=3650);
        if let Some(days) = days {
            settings.keep = second * 86400 * days;
        }
        let megabytes = from.history.keep_megabytes.as_ref();
        if let Some(size) = self.count("history.keep_megabytes", megabytes, 1..=100_000) {
            settings.keep_octets = u64::from(size) << 20;
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

    /// Where a URL is, which is a secret: one place, and not the URL itself.
    fn place(
        &mut self,
        of: &str,
        file: &Option<String>,
        variable: &Option<String>,
    ) -> Option<WebhookPlace> {
        let says = match (file, variable) {
            (Some(place), _) | (_, Some(place)) if place.contains("://") => {
                "url_file and url_variable name the place of the URL, which is a secret: this is \
                 a URL itself"
            }
            (Some(file), None) => return Some(WebhookPlace::File(file.clone())),
            (None, Some(variable)) => return Some(WebhookPlace::Variable(variable.clone())),
            _ => "one of url_file and url_variable says where its URL is, which is a secret",
        };
        let at = self.text.find(of).unwrap_or(0);
        self.problem(at, format!("{of}: {says}"));
        None
    }

    fn serve(&mut self, from: &super::document::Serve) -> ServeSettings {
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
        settings
    }
}

fn trust(text: &str) -> Result<Trust, &'static str> {
    match text {
        "public" => Ok(Trust::Public),
        "system" => Ok(Trust::System),
        _ => Err("public or system"),
    }
}

/// A name that every output can show as it is.
fn word(text: &str) -> Result<&str, &'static str> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= LONGEST
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_alphanumeric() || " -_.:/@()+".contains(c));
    match fits && !looks_like_a_key(text) {
        true => Ok(text),
        false => Err("letters, digits, spaces and -_.:/@()+, at most 200 characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_target_takes_from_the_defaults_what_it_does_not_say() {
        let inventory = read(
            r#"
            [defaults]
            expect = "private"
            credential = "managed-identity"
            timeout = 2
            labels = { team = "ai" }
            slow = { dns = "200ms" }

            [[target]]
            target = "myacct"

            [[target]]
            target = "other"
            name = "prod west"
            timeout = "1500ms"
            api_key_file = "/run/secrets/key"
            labels = { env = "prod" }
            slow = { tls = 0.5 }
            until = 2026-12-01T00:00:00Z
            "#,
        )
        .unwrap();
        let [first, second] = inventory.entries.as_slice() else { panic!("{inventory:?}") };
        assert_eq!((first.name.as_str(), first.line), ("myacct.openai.azure.com", 9));
        assert_eq!(first.plan.timeout, Duration::from_secs(2));
        assert_eq!(first.credential.choice, Choice::Named("managed-identity".to_owned()));
        assert_eq!((second.name.as_str(), second.line), ("prod west", 12));
        assert_eq!(second.plan.timeout, Duration::from_millis(1500));
        assert_eq!(second.credential.choice, Choice::Auto, "no mixture of two credentials");
        assert_eq!(second.credential.api_key_file.as_deref(), Some("/run/secrets/key"));
        assert_eq!(second.labels.len(), 2);
        assert_eq!(second.plan.limits.dns, Some(Duration::from_millis(200)));
        assert_eq!(second.plan.limits.tls, Some(Duration::from_millis(500)));
        assert!(second.muted_until.is_some());
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest() {
        let found = problems("[defaults]\nexpct = \"any\"\n[[target]]\ntarget = \"myacct\"\n");
        assert_eq!(found, ["line 2: unknown key 'expct'; is 'expect' meant?"]);
        let found = problems("[watch]\nconfirm = { wlks = 3 }\n[[target]]\ntarget = \"myacct\"");
        assert_eq!(found, ["line 2: unknown key 'wlks'; is 'walks' meant?"]);
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_repeated() {
        const KEY: &str = "0123456789abcdefdeadbeef01234567";
        for text in [
            format!("[[target]]\ntarget = \"myacct\"\napi_key = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\napi_key_file = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\nname = \"{KEY}\""),
            format!("[[target]]\ntarget = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\ndirect = \"{KEY}\""),
            format!("[[target]]\ntarget = \"myacct\"\nlabels = {{ a = \"{KEY}\" }}"),
            format!("[[target]]\ntarget = \"myacct\"\n{KEY} = 1"),
        ] {
            let found = problems(&text).join("\n");
            assert!(!found.contains("deadbeef"), "{found}");
        }
    }

    #[test]
    fn every_problem_is_named_in_the_order_of_lines() {
        let found = problems(
            "[defaults]\ntimeout = \"5x\"\n[[target]]\ntarget = \"a b\"\n[[target]]\n\
             target = \"myacct\"\n[[target]]\ntarget = \"myacct\"\n[[target]]\n",
        );
        let starts: Vec<&str> = found.iter().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(starts, ["line 2", "line 4", "line 7", "line 9"], "{found:#?}");
    }

    #[test]
    fn hostile_text_is_an_error() {
        for text in ["", "\u{0}", "[[target]]", "[[[", "target = 1", "defaults = []", "a\nb"] {
            assert!(read(text).is_err(), "{text:?}");
        }
        let deep = format!("a = {}", "[".repeat(10_000));
        assert!(read(&deep).is_err());
    }
}
