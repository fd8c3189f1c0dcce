//! What the state of a target needs of a walk, read from its report. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnose::{self, About, rules::tls::is_inspected};
use crate::diagnosis::{Confidence, Effect, Finding, Fix, Level, State, Step};
use crate::evidence::http::HttpOutcome;
use crate::evidence::tls::Certificate;
use crate::evidence::{Evidence, Hop};
use crate::report::Report;
use crate::sorting;

/// The longest sentence that is kept of a cause, in characters.
const SENTENCE: usize = 300;

/// One walk, as far as incidents depend on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// The target's name in the inventory.
    pub target: String,
    /// Wall clock at the walk's end, in milliseconds since 1970.
    pub at: i64,
    /// Milliseconds of a monotonic axis; durations are computed from this alone.
    pub mono: i64,
    /// The path.
    pub path: TrackObservation,
    /// The service's load and its answer times; none if the walk did not get that far.
    pub service: Option<TrackObservation>,
    /// Facts that may change from walk to walk.
    pub facts: Facts,
    /// The presented certificate, unless it comes from an inspection product.
    pub certificate: Option<CertificateInfo>,
    /// Whether the target is muted (`until`): recorded, but not reported.
    pub muted: bool,
    /// The time between questions to Azure; none if it is not asked.
    pub azure_interval: Option<Duration>,
}

/// The state of one track in one walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackObservation {
    /// The state.
    pub state: State,
    /// The cause, unless it works.
    pub cause: Option<Cause>,
}

impl TrackObservation {
    /// A state without a cause.
    #[must_use]
    pub const fn bare(state: State) -> Self {
        Self { state, cause: None }
    }
}

/// Why a track does not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// Id of the finding; `walk-failed` for a failure of this tool, `not-judged` for CANNOT TELL.
    pub id: String,
    /// Its hop; none for a failure of this tool.
    pub hop: Option<Hop>,
    /// How sure it is.
    pub confidence: Option<Confidence>,
    /// The cause in one clause.
    pub message: String,
    /// The resolver or proxy at which several targets may share it.
    pub via: Option<String>,
    /// The team that can fix it.
    pub owner: Option<String>,
    /// The first fact of its evidence.
    #[serde(default)]
    pub fact: Option<String>,
    /// The first step of the fix: its command, or its text.
    #[serde(default)]
    pub first_step: Option<String>,
    /// What it has to do with Azure's answer, where the walk asked for it, answered or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<AskedAzure>,
}

/// What a cause has to do with Azure's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedAzure {
    /// Whether the finding rests on it.
    pub decides: bool,
    /// Wall clock of the walk that asked, in milliseconds since 1970.
    pub at: i64,
}

impl Cause {
    /// Proved before inferred before possible.
    #[must_use]
    pub const fn sureness(&self) -> u8 {
        match self.confidence {
            Some(Confidence::Proved) => 3,
            Some(Confidence::Inferred) => 2,
            Some(Confidence::Possible) => 1,
            None => 0,
        }
    }
}

/// Facts that may change from walk to walk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The addresses that count, sorted.
    pub addresses: Vec<String>,
    /// The CNAME chain of the deciding resolver.
    pub aliases: Vec<String>,
    /// The deciding resolver.
    pub resolver: Option<String>,
    /// The proxy in the way.
    pub proxy: Option<String>,
    /// The issuer of the leaf.
    pub issuer: Option<String>,
    /// Source address and interface of the connection.
    pub source: Option<String>,
    /// The route's prefix and next hop.
    pub route: Option<String>,
    /// Status of the first call.
    pub status: Option<u16>,
}

/// A certificate, as far as its end matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Whole days left; negative once it has expired.
    pub days_left: i64,
    /// RFC 3339.
    pub not_after: String,
    /// More than a third of its lifetime is left.
    pub young: bool,
    /// The inventory's limit in days, if fewer are left and that is a finding.
    pub fewer_than: Option<i64>,
}

impl Observation {
    /// Reads a report. `at` is the wall clock in milliseconds since 1970, `mono` the monotonic
    /// axis in milliseconds.
    #[must_use]
    pub fn of(target: &str, report: &Report, at: i64, mono: i64, muted: bool) -> Self {
        let facts = Facts::of(&report.evidence);
        let (path, service) = judged(report, &facts, at);
        let tls = report.evidence.tls.value().filter(|tls| !is_inspected(tls));
        let leaf = tls.and_then(|tls| tls.chain.first());
        Self {
            target: target.to_owned(),
            at,
            mono,
            path,
            service,
            facts,
            certificate: leaf.map(|leaf| CertificateInfo::of(leaf, report)),
            muted,
            azure_interval: None,
        }
    }

    /// Whether what Azure showed at a question may count at this walk: the next question is not yet due.
    #[must_use]
    pub fn may_count(&self, asked: AskedAzure) -> bool {
        let since = u128::from(self.at.abs_diff(asked.at));
        self.azure_interval.is_some_and(|interval| since <= interval.as_millis())
    }

    /// A walk that failed by a fault of this tool: nothing is known about the path.
    #[must_use]
    pub fn own_failure(target: &str, message: &str, at: i64, mono: i64, muted: bool) -> Self {
        let cause = Cause {
            id: "walk-failed".to_owned(),
            hop: None,
            confidence: None,
            message: message.to_owned(),
            via: None,
            owner: None,
            fact: None,
            first_step: None,
            azure: None,
        };
        Self {
            target: target.to_owned(),
            at,
            mono,
            path: TrackObservation { state: State::CannotTell, cause: Some(cause) },
            service: None,
            facts: Facts::default(),
            certificate: None,
            muted,
            azure_interval: None,
        }
    }
}

impl CertificateInfo {
    fn of(leaf: &Certificate, report: &Report) -> Self {
        let soon = report.findings.iter().any(|finding| about(finding) == About::Expiry);
        let limit = report.evidence.options.limits.certificate_days.filter(|_| soon);
        Self {
            sha256: leaf.sha256.clone(),
            days_left: leaf.days_left,
            not_after: leaf.not_after.clone(),
            young: leaf.is_young(),
            fewer_than: limit.map(i64::from),
        }
    }
}

/// What a finding is about; that of an unknown rule, of a later release, is the path. Load that lets no
/// call through is the path's: no service was reached.
fn about(finding: &Finding) -> About {
    let about = diagnose::rule(&finding.id).map_or(About::Path, |rule| rule.about);
    let stops = finding.level == Level::Broken && finding.hop < Hop::Http;
    if about == About::Load && stops { About::Path } else { about }
}

/// Path and service separately: the state of the walk without the findings of the other.
fn judged(report: &Report, facts: &Facts, at: i64) -> (TrackObservation, Option<TrackObservation>) {
    let weighs = |f: &&Finding| f.is_unexplained();
    let heaviest = |of: &dyn Fn(&Finding) -> bool| {
        report
            .findings
            .iter()
            .filter(weighs)
            .filter(|finding| of(finding))
            .min_by_key(|f| (std::cmp::Reverse(f.level), f.hop))
    };
    let path = heaviest(&|f| about(f) == About::Path);
    let service = heaviest(&|f| about(f) == About::Load);
    if report.verdict.state == State::CannotTell {
        let cause = Cause {
            id: "not-judged".to_owned(),
            hop: None,
            confidence: None,
            message: bounded(report.verdict.headline()),
            via: None,
            owner: None,
            fact: None,
            first_step: None,
            azure: None,
        };
        return (TrackObservation { state: State::CannotTell, cause: Some(cause) }, None);
    }
    let of = |finding: Option<&Finding>| TrackObservation {
        state: match finding.map(|f| f.level) {
            Some(Level::Broken) => State::Broken,
            Some(Level::Risk) => State::AtRisk,
            _ => State::Works,
        },
        cause: finding.map(|f| Cause { azure: azure(f, report, at), ..cause(f, facts) }),
    };
    let path = of(path);
    let answered = report.evidence.http.value().is_some() || service.is_some();
    let reached = answered && path.state != State::Broken;
    let service = reached.then(|| of(service));
    (path, service)
}

fn cause(finding: &Finding, facts: &Facts) -> Cause {
    let via = match finding.hop {
        Hop::Dns => facts.resolver.as_ref().map(|resolver| format!("resolver {resolver}")),
        Hop::Proxy => facts.proxy.as_ref().map(|proxy| format!("proxy {proxy}")),
        _ => None,
    };
    Cause {
        id: finding.id.clone(),
        hop: Some(finding.hop),
        confidence: Some(finding.confidence),
        message: bounded(&finding.headline),
        via,
        owner: finding.fix.as_ref().map(|fix| fix.owner.clone()),
        fact: finding.facts.first().map(|fact| bounded(fact)),
        first_step: finding.fix.as_ref().and_then(first_step).map(bounded),
        azure: None,
    }
}

/// Whether the walk at that time asked Azure, and the finding rests on the answer. A question that got
/// no answer counts as asked: it takes the turn of the interval.
fn azure(finding: &Finding, report: &Report, at: i64) -> Option<AskedAzure> {
    report.evidence.azure.as_ref()?;
    let decides = finding.cites.iter().any(|cited| cited.starts_with("/evidence/azure"));
    Some(AskedAzure { decides, at })
}

/// What to do first: the first read-only command, else the first step.
fn first_step(fix: &Fix) -> Option<&str> {
    let reads = |step: &&Step| step.effect == Effect::ReadOnly && step.command.is_some();
    let step = fix.steps.iter().find(reads).or_else(|| fix.steps.first())?;
    Some(step.command.as_deref().unwrap_or(&step.text))
}

fn bounded(text: &str) -> String {
    text.chars().take(SENTENCE).collect()
}

impl Facts {
    /// Reads them from the evidence.
    #[must_use]
    pub fn of(e: &Evidence) -> Self {
        let mut addresses: Vec<String> =
            e.dns.effective().iter().map(ToString::to_string).collect();
        sorting::ascending(&mut addresses);
        let resolver = e.dns.deciding().next().map(|(_, resolver)| resolver);
        let proxy = e.proxy.value();
        let attempt = match proxy {
            Some(proxy) => proxy.tcp.value().and_then(|tcp| tcp.walked_attempt()),
            None => e.tcp.value().and_then(|tcp| tcp.walked_attempt()),
        };
        let source = attempt.and_then(|attempt| {
            let from = attempt.source?;
            Some(match &attempt.interface {
                Some(interface) => format!("{from} ({interface})"),
                None => from.to_string(),
            })
        });
        let towards = attempt.map(|attempt| attempt.address.ip());
        let route = e.vantage.sources.iter().find(|s| Some(s.towards) == towards).and_then(|s| {
            let route = s.route.as_ref()?;
            let prefix = route.prefix.as_deref()?;
            Some(match route.gateway {
                Some(gateway) => format!("{prefix} via {gateway}"),
                None => format!("{prefix} on the link"),
            })
        });
        let leaf = e.tls.value().and_then(|tls| tls.chain.first());
        let issuer = leaf
            .map(|leaf| leaf.issuer_common_name.clone().unwrap_or_else(|| bounded(&leaf.issuer)));
        let status = e.http.value().and_then(|http| http.main()).and_then(|c| match &c.outcome {
            HttpOutcome::Answered { answer } => Some(answer.status),
            _ => None,
        });
        Self {
            addresses,
            aliases: resolver.map(|r| r.aliases(&e.dns.name)).unwrap_or_default(),
            resolver: resolver.map(|r| r.label()),
            proxy: proxy.map(|proxy| proxy.url.clone()),
            issuer,
            source,
            route,
            status,
        }
    }

    /// The differences from `before`, as text, without what this walk did not reach.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<String> {
        let mut out = Vec::new();
        let list = |names: &[String]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let mut say = |what: &str, was: String, is: String| {
            if was != is {
                out.push(format!("{what} {was} -> {is}"));
            }
        };
        say("address", list(&before.addresses), list(&self.addresses));
        say("CNAME", list(&before.aliases), list(&self.aliases));
        let mut field = |what: &str, was: &Option<String>, is: &Option<String>| {
            if let (Some(was), Some(is)) = (was, is) {
                say(what, was.clone(), is.clone());
            }
        };
        field("resolver", &before.resolver, &self.resolver);
        field("issuer", &before.issuer, &self.issuer);
        field("source", &before.source, &self.source);
        field("route", &before.route, &self.route);
        let status = |status: Option<u16>| status.map(|status| status.to_string());
        field("HTTP", &status(before.status), &status(self.status));
        let proxy = |proxy: &Option<String>| proxy.clone().unwrap_or_else(|| "none".to_owned());
        say("proxy", proxy(&before.proxy), proxy(&self.proxy));
        out
    }
}
