//! Questions that would have decided otherwise and were not answered: what a finding concludes
//! from their absence is less sure, and says so.

use crate::diagnose::reading;
use crate::diagnosis::{Finding, Sure};
use crate::evidence::dns::{DnsOutcome, Exchange};
use crate::evidence::{Evidence, Hop};

use super::words;

/// The zone's SOA, which the walk itself asks for.
const ZONE_SOA: &str = "zone-soa";

/// Findings that another answer would have turned into another finding, each with the questions
/// that could have done so.
const DECIDED_BY: &[(&str, &[&str])] = &[
    ("dns-zone-not-linked", &[ZONE_SOA, "privatelink-name", "parent-zone", "sibling-suffix"]),
    ("dns-public-not-expected", &[ZONE_SOA, "privatelink-name", "parent-zone"]),
    ("dns-no-private-endpoint", &[ZONE_SOA, "privatelink-name"]),
    ("dns-resolvers-disagree", &[ZONE_SOA, "privatelink-name"]),
    ("dns-record-missing", &[ZONE_SOA, "parent-zone"]),
    ("dns-name-not-found", &[ZONE_SOA, "parent-zone"]),
    ("dns-no-address", &[ZONE_SOA, "parent-zone"]),
    ("dns-system-differs", &["searched-name"]),
    ("dns-servfail", &["root-servers", "without-validation"]),
    ("dns-refused", &["root-servers"]),
];

/// Lowers the confidence of a finding whose deciding questions were not answered, and names them.
pub(in crate::diagnose) fn lower(e: &Evidence, finding: &mut Finding) {
    if finding.hop != Hop::Dns {
        return;
    }
    let Some((_, ids)) = DECIDED_BY.iter().find(|(id, _)| *id == finding.id) else { return };
    for (index, r) in reading::deciding_resolvers(e) {
        // What answers nothing at all has findings of its own.
        if r.a_answer().is_none() {
            continue;
        }
        let own = r.zone_soa.saw().filter(|_| ids.contains(&ZONE_SOA));
        let own = own.map(|exchange| (format!("/dns/resolvers/{index}/zone_soa"), exchange));
        let tried = e.experiments.questions.iter().enumerate();
        let tried = tried
            .filter(|(_, tried)| tried.resolver == r.address && ids.contains(&tried.id.as_str()))
            .map(|(at, tried)| (format!("/experiments/questions/{at}"), &tried.exchange));
        for (place, exchange) in own.into_iter().chain(tried).filter(|(_, x)| unanswered(x)) {
            let (kind, name) = (&exchange.kind, &exchange.name);
            finding.known_by.push(format!(
                "{kind} {name} would have decided more: {} was asked {} and did not answer",
                r.label(),
                times(exchange.sent)
            ));
            finding.tells_it.push(format!("{} {kind}", words::dig(name, r)));
            finding.read_at.push(format!("/evidence{place}"));
            if finding.sure == Sure::Proved {
                finding.sure = Sure::Inferred;
            }
        }
    }
}

fn unanswered(exchange: &Exchange) -> bool {
    exchange.outcome == DnsOutcome::TimedOut && exchange.sent > 0
}

fn times(sent: u32) -> String {
    match sent {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}
