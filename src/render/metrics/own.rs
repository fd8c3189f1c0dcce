//! Metrics of our own: state, cause, hops, certificate, address class, cost.

use super::blackbox::seconds;
use super::certificate::{leaf_expiry, leaf_lifetime, timestamp};
use super::{Metric, Sample, Unit};
use crate::diagnosis::{Finding, Level, State};
use crate::evidence::{AddressClass, Evidence, Hop, tunnel};
use crate::render::fact::Fact;
use crate::render::progress::Mark;
use crate::report::Report;

pub(super) const METRICS: &[Metric] = &[
    Metric {
        name: "aoai_probe_build_info",
        help: "The version of aoai-probe",
        unit: Unit::Info,
        labels: &["version"],
        samples: |report| vec![Sample::of(&[&report.tool.version], 1.0)],
    },
    Metric {
        name: "aoai_probe_state",
        help: "State of the path: the current one is 1",
        unit: Unit::State,
        labels: &["state"],
        samples: |report| {
            let states = [State::Works, State::AtRisk, State::Broken, State::CannotTell];
            set(&[], states.map(|state| (state.id(), state == report.verdict.state)))
        },
    },
    Metric {
        name: "aoai_probe_muted",
        help: "1 while the inventory mutes the target (until): it is walked and raises no alert",
        unit: Unit::State,
        labels: &[],
        samples: |report| Sample::plain(f64::from(u8::from(report.muted_until.is_some()))),
    },
    Metric {
        name: "aoai_probe_hop_state",
        help: "State of each hop: the current one is 1; a symptom of another hop's fault is \
               broken too",
        unit: Unit::State,
        labels: &["hop", "state"],
        samples: |report| {
            let marks = [
                (Mark::Works, "works"),
                (Mark::Care, "at_risk"),
                (Mark::Breaks, "broken"),
                (Mark::NotDone, "not_walked"),
            ];
            let of = |(hop, fact): &(Hop, Fact)| {
                set(&[hop.name()], marks.map(|(mark, word)| (word, mark == fact.mark)))
            };
            report.facts().iter().flat_map(of).collect()
        },
    },
    Metric {
        name: "aoai_probe_hop_duration_seconds",
        help: "How long each hop took, where it was walked",
        unit: Unit::Seconds,
        labels: &["hop"],
        samples: |report| {
            let of =
                |(hop, fact): &(Hop, Fact)| Some(Sample::of(&[hop.name()], seconds(fact.took_ms?)));
            report.facts().iter().filter_map(of).collect()
        },
    },
    Metric {
        name: "aoai_probe_finding_info",
        help: "Every finding: the cause, secondary findings, symptoms of a cause, notes; \
               owner is the team that can fix it",
        unit: Unit::Info,
        labels: &["finding", "hop", "level", "confidence", "role", "owner"],
        samples: |report| report.findings.iter().map(|f| finding(report, f)).collect(),
    },
    Metric {
        name: "aoai_probe_certificate_expiry_timestamp_seconds",
        help: "When the leaf certificate expires, also where it was rejected",
        unit: Unit::Timestamp,
        labels: &[],
        samples: |report| Sample::some(report.evidence.tls.value().and_then(leaf_expiry)),
    },
    Metric {
        name: "aoai_probe_certificate_lifetime_seconds",
        help: "Lifetime of the leaf certificate, from begin to end: days if a proxy signs it for \
               each session",
        unit: Unit::Seconds,
        labels: &[],
        samples: |report| Sample::some(report.evidence.tls.value().and_then(leaf_lifetime)),
    },
    Metric {
        name: "aoai_probe_addresses",
        help: "Addresses that applications get for the name, by class; unusable ones are \
               loopback, link-local, reserved and the like",
        unit: Unit::Count,
        labels: &["class"],
        samples: |report| addresses(report),
    },
    Metric {
        name: "aoai_probe_round_trip_seconds",
        help: "Shortest round trip to the peer of the connection, as the kernel measured it",
        unit: Unit::Seconds,
        labels: &[],
        samples: |report| {
            let attempt = report.evidence.tcp.value().and_then(|hop| hop.walked_attempt());
            let info = attempt.and_then(|attempt| attempt.info.as_ref());
            Sample::some(info.map(|info| seconds(info.round_trip_ms())))
        },
    },
    Metric {
        name: "aoai_probe_credential_sent",
        help: "1 when the call carried a credential, so that authentication was tested",
        unit: Unit::State,
        labels: &[],
        samples: |report| {
            let calls = report.evidence.http.value().map(|hop| hop.calls.as_slice());
            let sent = calls.is_some_and(|calls| calls.iter().any(|call| call.credential_sent));
            Sample::plain(f64::from(u8::from(sent)))
        },
    },
    Metric {
        name: "aoai_probe_sent_packets",
        help: "What the walk sent: UDP datagrams or ICMP echo requests, TCP segments, and segments that the kernel \
               had to send again",
        unit: Unit::Count,
        labels: &["kind"],
        samples: |report| {
            let cost = &report.evidence.cost;
            let of = |kind: &str, number: u32| Sample::of(&[kind], f64::from(number));
            let mut samples = vec![of("datagram", cost.datagrams_sent)];
            samples.extend(cost.segments_sent.map(|segments| of("segment", segments)));
            samples.push(of("repeated", cost.segments_repeated));
            samples
        },
    },
    Metric {
        name: "aoai_probe_contacted_hosts",
        help: "Addresses that the walk sent anything to",
        unit: Unit::Count,
        labels: &[],
        #[expect(clippy::cast_precision_loss, reason = "a walk contacts few hosts")]
        samples: |report| Sample::plain(report.evidence.cost.hosts.len() as f64),
    },
    Metric {
        name: "aoai_probe_finished_timestamp_seconds",
        help: "When the walk ended, by this machine's clock: alert when it grows old",
        unit: Unit::Timestamp,
        labels: &[],
        samples: |report| Sample::some(finished(&report.evidence)),
    },
];

/// One sample per state, of which one is 1.
fn set<const N: usize>(labels: &[&str], states: [(&str, bool); N]) -> Vec<Sample> {
    let one = |(state, holds): (&str, bool)| {
        let labels: Vec<&str> = labels.iter().copied().chain([state]).collect();
        Sample::of(&labels, f64::from(u8::from(holds)))
    };
    states.into_iter().map(one).collect()
}

fn finding(report: &Report, finding: &Finding) -> Sample {
    let level = match finding.level {
        Level::Note => "note",
        Level::Risk => "risk",
        Level::Broken => "broken",
    };
    let role = match &finding.explained_by {
        _ if report.verdict.cause.as_deref() == Some(&finding.id) => "cause",
        Some(_) => "symptom",
        None if finding.level == Level::Note => "note",
        None => "also",
    };
    // Alerts are routed by team; the report names the exact owner.
    let team = finding.fix.as_ref().map_or("", |fix| fix.team());
    let hop = finding.hop.name();
    Sample::of(&[&finding.id, hop, level, finding.confidence.word(), role, team], 1.0)
}

fn addresses(report: &Report) -> Vec<Sample> {
    let counting = report.evidence.dns.selected.iter().filter(|walked| walked.effective);
    // A tunnel's address is neither.
    let counting = counting.filter(|one| tunnel::address(&report.evidence, one.address).is_none());
    let classes: Vec<AddressClass> = counting.map(|walked| walked.class).collect();
    type Is = fn(AddressClass) -> bool;
    let kinds: [(&str, Is); 3] = [
        ("private", AddressClass::is_private),
        ("public", AddressClass::is_public),
        ("unusable", AddressClass::is_unusable),
    ];
    #[expect(clippy::cast_precision_loss, reason = "an answer holds few addresses")]
    let of = |(kind, is): (&str, Is)| {
        Sample::of(&[kind], classes.iter().filter(|class| is(**class)).count() as f64)
    };
    kinds.into_iter().map(of).collect()
}

fn finished(e: &Evidence) -> Option<f64> {
    Some(timestamp(&e.started)? + (e.cost.took_ms / 1e3).round())
}
