//! The report: what was seen and what was concluded, in the form that is saved.
//!
//! This module may not judge or print. Reading a saved report gives its evidence alone:
//! the conclusions are drawn anew by `diagnose`.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::diagnosis::{Diagnosis, Finding, State, Verdict};
use crate::evidence::{Evidence, Hop};
use crate::files;

mod bounds;

/// Version of the report's schema: a new field raises the minor number, a removed or
/// renamed one the major number.
pub const SCHEMA_VERSION: &str = "1.9";

/// The major schema version that this tool reads.
const SCHEMA_MAJOR: &str = "1";

/// Largest saved report that is read, in octets.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Deepest nesting that is read; reports stay below a third of it.
const DEEPEST: u32 = 100;

/// JSON values in one file, at most: bounds memory, since a value of two octets takes
/// thirty-two in memory. A report has about a thousand.
const MOST_VALUES: u32 = 2_000_000;

/// Elements of one list inside a report, at most: a walk keeps far fewer of anything.
const LONGEST_LIST: usize = 1000;

/// The report over one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this schema, `major.minor`.
    pub schema_version: String,
    /// The tool that made the report.
    pub tool: Tool,
    /// The name that an inventory gives the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The labels that an inventory gives it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Until when an inventory mutes it (`until`, RFC 3339), if it did at the walk's start: it
    /// is walked and told of as any other, and calls nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Every finding: the cause first, then by weight and hop.
    pub findings: Vec<Finding>,
    /// What was seen.
    pub evidence: Evidence,
}

/// The tool that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `aoai-probe`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What the exit status of a broken walk says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExitStyle {
    /// 2, whichever hop is broken: Nagios's states.
    #[default]
    State,
    /// The hop: 10 dns and vantage, 20 tcp, 30 proxy, 40 tls, 50 identity, 60 http.
    Hop,
}

impl Report {
    /// The report of this version of the tool.
    #[must_use]
    pub fn new(evidence: Evidence, diagnosis: Diagnosis) -> Self {
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            name: None,
            labels: BTreeMap::new(),
            muted_until: None,
            verdict: diagnosis.verdict,
            findings: diagnosis.findings,
            evidence,
        }
    }

    /// The target's name for people: the inventory's, else the host.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.evidence.target.host)
    }

    /// Its place among others, the worst first; what is muted weighs as much as what works.
    #[must_use]
    pub const fn weight(&self) -> u8 {
        match self.muted_until {
            Some(_) => State::Works.weight(),
            None => self.verdict.state.weight(),
        }
    }

    /// The exit status: 0 works or muted, 1 at risk, 2 (or the hop's number) broken, 3 cannot
    /// tell.
    #[must_use]
    pub const fn exit_status(&self, style: ExitStyle) -> u8 {
        if self.muted_until.is_some() {
            return 0;
        }
        match (self.verdict.state, style, self.verdict.broken_hop) {
            (State::Works, _, _) => 0,
            (State::AtRisk, _, _) => 1,
            (State::CannotTell, _, _) => 3,
            (State::Broken, ExitStyle::State, _) | (State::Broken, ExitStyle::Hop, None) => 2,
            (State::Broken, ExitStyle::Hop, Some(hop)) => match hop {
                Hop::Vantage | Hop::Dns => 10,
                Hop::Tcp => 20,
                Hop::Proxy => 30,
                Hop::Tls => 40,
                Hop::Identity => 50,
                Hop::Http => 60,
            },
        }
    }

    /// What targets with the same cause may have in common: the proxy where one is in the way,
    /// the resolvers where a name is the matter.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let cause = self.cause()?;
        if let Some(proxy) = self.evidence.proxy.saw() {
            return Some(match proxy.port {
                0 => format!("proxy {}", proxy.host),
                port => format!("proxy {}:{port}", proxy.host),
            });
        }
        if !matches!(cause.hop, Hop::Vantage | Hop::Dns) {
            return None;
        }
        let resolvers = &self.evidence.dns.resolvers;
        let asked: Vec<String> =
            resolvers.iter().take(3).map(|resolver| without_53(resolver.address)).collect();
        match asked.as_slice() {
            [] => None,
            [one] => Some(format!("resolver {one}")),
            several => Some(format!("resolvers {}", several.join(", "))),
        }
    }

    /// The finding that is the cause, if there is one.
    #[must_use]
    pub fn cause(&self) -> Option<&Finding> {
        let id = self.verdict.cause.as_deref()?;
        self.findings.iter().find(|finding| finding.id == id)
    }
}

/// The exit status over several targets: broken counts before cannot tell, that before
/// at risk; among broken ones the earliest hop counts. A muted one counts as one that works. No report at all: cannot tell.
#[must_use]
pub fn worst(reports: &[Report], style: ExitStyle) -> u8 {
    let mut worst = Worst::default();
    reports.iter().for_each(|report| worst.count(report, style));
    worst.status()
}

/// The exit status over the reports that were counted so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Worst(Option<(u8, u8)>);

impl Worst {
    /// Counts a report.
    pub fn count(&mut self, report: &Report, style: ExitStyle) {
        let one = (report.weight(), report.exit_status(style));
        self.0 = Some(self.0.map_or(one, |worst| worst.min(one)));
    }

    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        self.0.map_or(3, |(_, status)| status)
    }
}

/// Why a saved report cannot be judged again. The words follow the file's name and a colon.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot be read: {}", without_number(.0))]
    Io(#[from] io::Error),
    /// More than 16 MiB.
    #[error("larger than 16 MiB: no report is that large")]
    TooLarge,
    /// Nothing in it.
    #[error("empty")]
    Empty,
    /// UTF-16 text.
    #[error("UTF-16 text, as PowerShell's `>` writes it: save reports with --output FILE")]
    Utf16,
    /// Not JSON.
    #[error("not JSON: line {line}, column {column} makes no sense")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The JSON text ends too early.
    #[error("cut off: the JSON text ends at line {line}, column {column}, before it is complete")]
    CutOff {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Nested deeper than any report.
    #[error("nested deeper than {DEEPEST} levels: no report is that deep")]
    TooDeep,
    /// More values than are read.
    #[error("more than {MOST_VALUES} values: split the file")]
    TooManyValues,
    /// A list that no walk makes so long.
    #[error("a list of more than {LONGEST_LIST} elements inside a report: no walk keeps so many")]
    ListTooLong,
    /// JSON of another kind.
    #[error("not a report of aoai-probe: {says}")]
    NotReport {
        /// What is amiss.
        says: String,
    },
    /// A report of another major schema version.
    #[error("report of schema {found}; this aoai-probe reads schema {SCHEMA_MAJOR}.x")]
    OtherSchema {
        /// The version in the file.
        found: String,
    },
    /// A field that is needed is missing or has another type.
    #[error("report of schema {found} that cannot be judged: {says}")]
    Unfit {
        /// The version in the file.
        found: String,
        /// What is missing or wrong, and where.
        says: String,
    },
}

/// Reads the evidence of a saved report, or of an array of them, to be judged again, with the
/// names and labels that they carry.
///
/// # Errors
///
/// Every [`ReadError`]. Not more than 16 MiB are read, whatever comes.
pub fn read(from: impl Read) -> Result<Vec<Saved>, ReadError> {
    let bytes = files::first(from, LARGEST + 1)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ReadError::TooLarge);
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(ReadError::Utf16);
    }
    let text = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&bytes);
    let Some(first) = text.iter().find(|octet| !octet.is_ascii_whitespace()) else {
        return Err(ReadError::Empty);
    };
    within_bounds(text)?;
    let several = *first == b'[';
    let version = known_schema(text, several)?;
    let saved: Result<Vec<Saved>, serde_json::Error> = match several {
        true => serde_json::from_slice(text),
        false => serde_json::from_slice(text).map(|one| vec![one]),
    };
    let saved =
        saved.map_err(|error| ReadError::Unfit { found: version.clone(), says: words(&error) })?;
    let unfit = |saved: &Saved| {
        no_label(saved)
            .or_else(|| bounds::beyond(&saved.evidence))
            .or_else(|| no_name(&saved.evidence))
    };
    match saved.iter().find_map(unfit) {
        Some(says) => Err(ReadError::Unfit { found: version, says }),
        None => Ok(saved),
    }
}

/// The part of a report that is judged again; the old conclusions are not read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Saved {
    /// What was seen.
    pub evidence: Evidence,
    /// The name that an inventory gives the target.
    #[serde(default)]
    pub name: Option<String>,
    /// The labels that an inventory gives it.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Labels of one target, at most.
pub const MOST_LABELS: usize = 16;
/// The longest name and value of a label, in characters.
pub const LONGEST_LABEL: usize = 200;

/// Whether a label may be called so: as Prometheus has it, and not one of its own.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
        && !name.starts_with("__")
        && name.len() <= LONGEST_LABEL
}

/// A name or a label that no inventory gives.
fn no_label(saved: &Saved) -> Option<String> {
    let long = |text: &str| text.chars().count() > LONGEST_LABEL;
    if saved.labels.len() > MOST_LABELS {
        return Some(format!("labels: more than {MOST_LABELS}"));
    }
    if saved.name.as_deref().is_some_and(long) {
        return Some(format!("name: longer than {LONGEST_LABEL} characters"));
    }
    let bad = saved.labels.iter().find(|(name, value)| !is_label_name(name) || long(value))?;
    Some(format!("labels holds '{}', which is no label of an inventory", printable(bad.0)))
}

/// The part of a report that says how to read the rest.
#[derive(Deserialize)]
struct Head {
    schema_version: String,
}

/// The schema version of the file, once every report in it has one that is read here.
fn known_schema(text: &[u8], several: bool) -> Result<String, ReadError> {
    let heads: Result<Vec<Head>, serde_json::Error> = match several {
        true => serde_json::from_slice(text),
        false => serde_json::from_slice(text).map(|one| vec![one]),
    };
    let heads = heads.map_err(|error| ReadError::NotReport { says: words(&error) })?;
    for head in &heads {
        if head.schema_version.split('.').next() != Some(SCHEMA_MAJOR) {
            return Err(ReadError::OtherSchema { found: printable(&head.schema_version) });
        }
    }
    heads
        .first()
        .map(|head| printable(&head.schema_version))
        .ok_or(ReadError::NotReport { says: "an empty array".to_owned() })
}

/// Refuses what is not JSON, too deep or too much, before anything is kept in memory.
fn within_bounds(text: &[u8]) -> Result<(), ReadError> {
    let mut seen = Seen::default();
    let mut json = serde_json::Deserializer::from_slice(text);
    let result =
        Count { seen: &mut seen, depth: 0 }.deserialize(&mut json).and_then(|()| json.end());
    match result {
        Ok(()) => Ok(()),
        Err(_) if seen.too_deep => Err(ReadError::TooDeep),
        Err(_) if seen.values > MOST_VALUES => Err(ReadError::TooManyValues),
        Err(_) if seen.list_too_long => Err(ReadError::ListTooLong),
        Err(error) if error.is_eof() => {
            Err(ReadError::CutOff { line: error.line(), column: error.column() })
        }
        Err(error) => Err(ReadError::NotJson { line: error.line(), column: error.column() }),
    }
}

/// What the first pass over a file counted.
#[derive(Default)]
struct Seen {
    values: u32,
    too_deep: bool,
    list_too_long: bool,
}

/// Counts the values of a JSON text and keeps none of them.
struct Count<'a> {
    seen: &'a mut Seen,
    depth: u32,
}

impl Count<'_> {
    fn inner(&mut self) -> Count<'_> {
        Count { seen: &mut *self.seen, depth: self.depth + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.seen.values += 1;
        if self.seen.values > MOST_VALUES {
            return Err(D::Error::custom("too many values"));
        }
        if self.depth > DEEPEST {
            self.seen.too_deep = true;
            return Err(D::Error::custom("too deep"));
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut length = 0;
        while sequence.next_element_seed(self.inner())?.is_some() {
            length += 1;
            // The outermost list holds reports.
            if length > LONGEST_LIST && self.depth > 0 {
                self.seen.list_too_long = true;
                return Err(A::Error::custom("a list too long"));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(self.inner())?;
        }
        Ok(())
    }
}

/// A resolver as people write it: the port only where it is another than 53.
fn without_53(address: SocketAddr) -> String {
    match address.port() {
        53 => address.ip().to_string(),
        _ => address.to_string(),
    }
}

/// An OS error's words without their number.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Where a name holds what no name has: rules put names into commands that people copy, and
/// whoever saved the report may not be who reads it.
fn no_name(evidence: &Evidence) -> Option<String> {
    let target = &evidence.target;
    let mut names: Vec<(&str, &str)> = vec![("target.host", &target.host)];
    let parts = [&target.account, &target.public_suffix, &target.private_zone];
    names.extend(parts.into_iter().flatten().map(|name| ("target", name.as_str())));
    let proxy = evidence.proxy.saw();
    let applies = evidence.vantage.proxy.applies.as_deref();
    names.extend(proxy.map(|hop| ("proxy.host", hop.host.as_str())));
    names.extend(proxy.map(|hop| ("proxy.url", hop.url.as_str())));
    names.extend(applies.map(|url| ("vantage.proxy.applies", url)));
    names.extend(evidence.tls.saw().map(|hop| ("tls.server_name", hop.server_name.as_str())));
    for hop in [Some(&evidence.dns), proxy.and_then(|p| p.dns.saw())].into_iter().flatten() {
        names.push(("dns.name", &hop.name));
        for asked in hop.resolvers.iter().flat_map(|r| [&r.a, &r.aaaa, &r.zone_soa]) {
            let Some(exchange) = asked.saw() else { continue };
            names.push(("dns.resolvers", &exchange.name));
            let Some(answer) = exchange.answer() else { continue };
            names.extend(answer.soa.iter().map(|soa| ("dns.resolvers", soa.zone.as_str())));
            for record in &answer.records {
                names.push(("dns.resolvers", &record.name));
                let alias = record.kind == "CNAME";
                names.extend(alias.then_some(("dns.resolvers", record.data.as_str())));
            }
        }
    }
    for hop in [Some(&evidence.tcp), proxy.map(|p| &p.tcp)].into_iter().flatten() {
        let attempts = hop.saw().map(|hop| hop.attempts.as_slice()).unwrap_or_default();
        names.extend(attempts.iter().filter_map(|a| Some(("tcp.attempts", a.detour.as_deref()?))));
    }
    // Control characters are escaped wherever they are shown, as `\u{1b}`: inert in a shell.
    let fits = |c: char| {
        c.is_ascii_alphanumeric()
            || "-_.:/[]*\\%{}".contains(c)
            || c.is_control() && !c.is_whitespace()
    };
    let bad = names.into_iter().find(|(_, name)| !name.chars().all(fits));
    bad.map(|(place, name)| format!("{place} holds '{}', which is no name", printable(name)))
        .or_else(|| evidence.original.as_deref().and_then(no_name))
        .or_else(|| {
            // The walks on the way to a token bring names of their own.
            let how = evidence.identity.acquisition.as_ref()?;
            how.requests.iter().filter_map(|request| request.path.as_deref()).find_map(no_name)
        })
}

/// An error's words: printable and short, since they may quote the file.
fn words(error: &serde_json::Error) -> String {
    printable(&error.to_string())
}

fn printable(text: &str) -> String {
    text.chars().take(200).collect::<String>().escape_debug().to_string()
}
