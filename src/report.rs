//! The report: evidence and conclusions, in the form that is saved.
//!
//! This module does not judge or print. Reading a saved report returns only its evidence: `diagnose`
//! draws the conclusions anew.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diagnosis::{Diagnosis, Finding, State, Verdict};
use crate::evidence::{Evidence, Hop};

mod bounds;
mod embedded;
pub mod json;
mod json_bounds;
mod names;
mod read;

pub use embedded::{BEGIN as EMBEDDED_BEGIN, END as EMBEDDED_END};
pub use read::{ReadError, SavedReport, read};

/// Version of the report's schema: a new field raises the minor number, a removed or
/// renamed one the major number.
pub const SCHEMA_VERSION: &str = "1.10";

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
    /// The end of the period in which an inventory mutes it (`until`, RFC 3339), if it was muted at the
    /// start of the walk: it is walked and shown as usual, but raises no alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted_until: Option<String>,
    /// Set where `--anonymise` replaced the names: a random id of that run. Only reports with the same
    /// id have the same replacement for the same name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymised: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// Every finding: the cause first, then by weight and hop.
    pub findings: Vec<Finding>,
    /// The evidence.
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

/// The exit status when a hop is broken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExitStyle {
    /// 2, whichever hop is broken, as Nagios expects.
    #[default]
    State,
    /// The hop: 10 dns and vantage, 20 tcp, 30 proxy, 40 tls, 50 identity, 60 http.
    Hop,
}

impl Report {
    /// A report of this version of the tool.
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
            anonymised: None,
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

    /// Its rank when reports are sorted, the worst first; a muted one ranks like one that works.
    #[must_use]
    pub const fn severity_rank(&self) -> u8 {
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

    /// Where targets with the same cause may share it: this machine if the cause is about it, the proxy if
    /// there is one, the resolvers if the cause is about a name.
    #[must_use]
    pub fn shared_location(&self) -> Option<String> {
        let cause = self.cause()?;
        if cause.hop == Hop::Vantage {
            let host = &self.evidence.vantage.host;
            return (!host.is_empty()).then(|| format!("machine {host}"));
        }
        if let Some(proxy) = self.evidence.proxy.value() {
            return Some(match proxy.port {
                0 => format!("proxy {}", proxy.host),
                port => format!("proxy {}:{port}", proxy.host),
            });
        }
        if cause.hop != Hop::Dns {
            return None;
        }
        let resolvers = &self.evidence.dns.resolvers;
        let asked: Vec<String> =
            resolvers.iter().take(3).map(|resolver| strip_default_port(resolver.address)).collect();
        match asked.as_slice() {
            [] => None,
            [one] => Some(format!("resolver {one}")),
            several => Some(format!("resolvers {}", several.join(", "))),
        }
    }

    /// Findings besides the cause that need action and that no other finding explains.
    pub fn secondary_findings(&self) -> impl Iterator<Item = &Finding> {
        let cause = self.verdict.cause.as_deref();
        let others = self.findings.iter().filter(move |f| cause != Some(f.id.as_str()));
        others.filter(|finding| finding.is_unexplained())
    }

    /// The finding that is the cause, if there is one.
    #[must_use]
    pub fn cause(&self) -> Option<&Finding> {
        let id = self.verdict.cause.as_deref()?;
        self.findings.iter().find(|finding| finding.id == id)
    }
}

/// The exit status over several targets: broken counts before cannot tell, that before
/// at risk; among broken ones the earliest hop counts. A muted one counts as one that works. Without
/// any report: cannot tell.
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
        let one = (report.severity_rank(), report.exit_status(style));
        self.0 = Some(self.0.map_or(one, |worst| worst.min(one)));
    }

    /// The exit status.
    #[must_use]
    pub fn status(self) -> u8 {
        self.0.map_or(3, |(_, status)| status)
    }
}

/// Labels of one target, at most.
pub const MAX_LABELS: usize = 16;
/// The longest name or value of a label, in characters.
pub const MAX_LABEL: usize = 200;

/// Whether a label may have this name: valid in Prometheus, and not reserved by it.
#[must_use]
pub fn is_label_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
        && !name.starts_with("__")
        && name.len() <= MAX_LABEL
}

/// A resolver without its port, if that is 53.
fn strip_default_port(address: SocketAddr) -> String {
    match address.port() {
        53 => address.ip().to_string(),
        _ => address.to_string(),
    }
}

/// The labels of the reports of an application's parts.
pub mod part {
    /// The label of a report that names its part.
    pub const PART: &str = "part";
    /// The part that gives tokens.
    pub const LOGIN: &str = "login";
    /// A host that clients ask which check revocation; also the id of its service.
    pub const REVOCATION: &str = "revocation";
    /// A part whose name shows no service.
    pub const HOST: &str = "host";
    /// The label of a report whose state does not count, since nothing that is configured uses its name.
    pub const USED: &str = "used";
    /// The value of [`USED`] there.
    pub const UNUSED: &str = "no";
}
