//! Targets: their own keys and those of the defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use super::reader::Reader;
use crate::args;
use crate::credential::{Source, SourceChoice, looks_like_a_key};
use crate::evidence::Trust;
use crate::evidence::text::may_hold_password;
use crate::inventory::document::{Settings, Slow, Time, When};
use crate::inventory::{AZURE_INTERVAL, CredentialReference, Entry, INTERVAL};
use crate::report::{MAX_LABEL, MAX_LABELS, is_label_name};
use crate::target::Target;
use crate::walk::plan::{Limits, Plan};

/// The longest name of a target, in characters.
const LONGEST: usize = 200;
/// Label names that outputs use themselves.
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
    "confidence",
    "owner",
    "class",
    "kind",
    "fingerprint_sha256",
    "subject",
    "issuer",
    "subjectalternative",
];

impl Reader<'_> {
    pub(super) fn entry(
        &mut self,
        at: usize,
        own: &Settings,
        defaults: &Settings,
    ) -> Option<Entry> {
        macro_rules! either {
            ($key:ident) => {
                own.$key.as_ref().or(defaults.$key.as_ref())
            };
        }
        let Some(typed) = own.target.as_ref() else {
            self.problem(
                at,
                "this [[target]] has no 'target': an account name, a host name or a URL",
            );
            return None;
        };
        let service = either!(service).map(|service| service.get_ref().as_str());
        let target = self.value("target", Some(typed), |typed| Target::parse(typed, service))?;
        let name = self.value("name", own.name.as_ref(), |name| word(name).map(str::to_owned));
        let backend = self.value("backend", own.backend.as_ref(), |host| target.backend(host));
        let mut plan = Plan { backend, ..Plan::default() };
        let resolvers = either!(resolvers).map_or(&[][..], Vec::as_slice);
        plan.resolvers = resolvers
            .iter()
            .filter_map(|text| self.value("resolvers", Some(text), args::resolver))
            .collect();
        plan.expect = self.value("expect", either!(expect), args::expect).unwrap_or(plan.expect);
        plan.proxy = self.value("proxy", either!(proxy), args::proxy).unwrap_or(plan.proxy);
        plan.direct = own.direct.or(defaults.direct).unwrap_or(plan.direct);
        plan.trust = self.value("trust", either!(trust), trust).unwrap_or(plan.trust);
        plan.ca_file = self.value("ca_file", either!(ca_file), args::named_file);
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
        let asks = own.azure.or(defaults.azure).unwrap_or(false);
        let azure = self.time("azure_interval", either!(azure_interval), AZURE_INTERVAL..=day);
        let days = self.count("certificate_days", either!(certificate_days), 0..=825);
        plan.limits = self.limits(own.slow.as_ref(), defaults.slow.as_ref());
        plan.limits.certificate_days = days.or(plan.limits.certificate_days);
        let texts = either!(connect_to).map_or(&[][..], Vec::as_slice);
        let connect_to = texts
            .iter()
            .filter_map(|text| self.value("connect_to", Some(text), args::connect_override))
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
            azure: asks.then_some(azure.unwrap_or(AZURE_INTERVAL)),
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

    /// The place of the credential: the target's own keys if it has any, else those of the defaults;
    /// never a mixture.
    fn credential(&mut self, own: &Settings, defaults: &Settings) -> CredentialReference {
        let message = |settings: &Settings| {
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
        let from = if message(own) { own } else { defaults };
        let text = |key: &Option<Spanned<String>>| key.as_ref().map(|key| key.get_ref().clone());
        let places = [
            ("api_key_file", &from.api_key_file),
            ("api_key_variable", &from.api_key_variable),
            ("token_file", &from.token_file),
            ("assertion_file", &from.assertion_file),
        ];
        let given: Vec<_> = places.iter().filter_map(|(n, p)| Some((*n, p.as_ref()?))).collect();
        if let [(first, _), (second, place), ..] = given.as_slice() {
            let message = format!("{first} and {second} cannot both be given");
            self.problem(place.span().start, message);
        }
        for (name, place) in &given {
            if *name == "api_key_variable" && !is_variable(place.get_ref()) {
                let message =
                    "api_key_variable: the name of an environment variable, e.g. PROD_KEY";
                self.problem(place.span().start, message);
            } else if place.get_ref() == "-" {
                self.problem(place.span().start, format!("{name}: a check has no standard input"));
            } else if let Err(message) = args::file(place.get_ref()) {
                self.problem(place.span().start, format!("{name}: {message}"));
            } else if looks_like_a_key(place.get_ref()) || place.get_ref().trim().is_empty() {
                self.problem(
                    place.span().start,
                    format!("{name} names the place of a secret; this does not look like one"),
                );
            }
        }
        let choice = self.value("credential", from.credential.as_ref(), |name| {
            let choice = args::credential(name)?;
            match &choice {
                SourceChoice::Named(name) if Source::named(name).is_none() => {
                    Err(format!("one of auto, none, {}", Source::names()))
                }
                _ => Ok(choice),
            }
        });
        let choice = choice.unwrap_or_default();
        if let Some((name, place)) = given.first() {
            let other = match &choice {
                SourceChoice::Auto => None,
                SourceChoice::None => Some("none"),
                SourceChoice::Named(source) => {
                    let own = match *name {
                        "api_key_variable" => "api-key".to_owned(),
                        name => name.replace('_', "-"),
                    };
                    (*source != own).then_some(source.as_str())
                }
            };
            if let Some(other) = other {
                let message = format!("credential = \"{other}\" and {name} contradict each other");
                self.problem(place.span().start, message);
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
                let message = "labels: a name consists of letters, digits and _, e.g. team";
                self.problem(at, message);
            } else if TAKEN_LABELS.contains(&name.as_str()) {
                self.problem(at, format!("labels: outputs use the name '{name}' themselves"));
            }
            let text = value.get_ref();
            if may_hold_password(text) {
                let message = format!("labels: the value of '{name}' may contain a password");
                self.problem(value.span().start, message);
            } else if text.chars().count() > MAX_LABEL {
                self.problem(value.span().start, "labels: longer than 200 characters");
            } else if looks_like_a_key(text) {
                let message = format!("labels: the value of '{name}' looks like a key");
                self.problem(value.span().start, message);
            }
            seen.insert(name.clone());
            labels.insert(name.clone(), text.clone());
        }
        if seen.len() > MAX_LABELS {
            self.problem(0, format!("labels: a target has at most {MAX_LABELS}"));
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
            let message = "until: a time such as 2026-12-01T08:00:00Z";
            self.problem(until.span().start, message);
        }
        moment
    }
}

fn trust(text: &str) -> Result<Trust, &'static str> {
    match text {
        "public" => Ok(Trust::Public),
        "system" => Ok(Trust::System),
        _ => Err("public or system"),
    }
}

/// Whether a text is the name of an environment variable.
fn is_variable(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text can be the name of a target.
#[must_use]
pub fn is_name(text: &str) -> bool {
    word(text).is_ok()
}

/// A name that every output can show unchanged.
fn word(text: &str) -> Result<&str, &'static str> {
    let fits = !text.trim().is_empty()
        && text.chars().count() <= LONGEST
        && text.chars().all(|c| c.is_alphanumeric() || " -_.:/@()+".contains(c));
    match () {
        () if !fits => Err("letters, digits, spaces and -_.:/@()+, at most 200 characters"),
        () if text.starts_with('-') => Err("begins with '-', as an option does"),
        () if may_hold_password(text) => Err("looks like a user name and a password"),
        () if looks_like_a_key(text) => Err("looks like a key"),
        () => Ok(text),
    }
}
