//! Questions that would have decided otherwise and were not answered: what a finding concludes
//! from their absence is less sure, and says so.

use crate::diagnosis::{Finding, Sure};
use crate::evidence::Evidence;
use crate::evidence::dns::{DnsOutcome, Exchange};

use super::words;

/// The zone's SOA, which the walk itself asks for.
const ZONE_SOA: &str = "zone-soa";

/// Lowers the confidence of a finding whose deciding questions were not answered, and names them.
pub(in crate::diagnose) fn lower(e: &Evidence, questions: &[&str], finding: &mut Finding) {
    if questions.is_empty() {
        return;
    }
    for (index, r) in e.dns.deciding() {
        // What answers nothing at all has findings of its own.
        if r.a_answer().is_none() {
            continue;
        }
        let own = r.zone_soa.saw().filter(|_| questions.contains(&ZONE_SOA));
        let own = own.map(|exchange| (format!("/dns/resolvers/{index}/zone_soa"), exchange));
        let tried = e.experiments.questions.iter().enumerate();
        let tried = tried
            .filter(|(_, tried)| {
                tried.resolver == r.address && questions.contains(&tried.id.as_str())
            })
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
