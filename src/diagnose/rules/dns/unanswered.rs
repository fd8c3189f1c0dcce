//! Questions that might have led to another finding and were not answered: a finding that concludes
//! from their absence is less certain, and says so.

use crate::diagnosis::{Confidence, Finding};
use crate::evidence::Evidence;
use crate::evidence::dns::{DnsOutcome, Exchange};

use super::text;

/// The zone's SOA, which the walk itself asks for.
const ZONE_SOA: &str = "zone-soa";

/// Lowers the confidence of a finding whose deciding questions were not answered, and names them.
pub(in crate::diagnose) fn lower(e: &Evidence, questions: &[&str], finding: &mut Finding) {
    if questions.is_empty() {
        return;
    }
    for (index, r) in e.dns.deciding() {
        // A resolver that answers nothing at all has findings of its own.
        if r.a_answer().is_none() {
            continue;
        }
        let own = r.zone_soa.value().filter(|_| questions.contains(&ZONE_SOA));
        let own = own.map(|exchange| (format!("/dns/resolvers/{index}/zone_soa"), exchange));
        let tried = e.experiments.questions.iter().enumerate();
        let tried = tried
            .filter(|(_, tried)| {
                tried.resolver == r.address && questions.contains(&tried.id.as_str())
            })
            .map(|(at, tried)| (format!("/experiments/questions/{at}"), &tried.exchange));
        for (place, exchange) in own.into_iter().chain(tried).filter(|(_, x)| unanswered(x)) {
            let (kind, name) = (&exchange.kind, &exchange.name);
            finding.reasoning.push(format!(
                "the answer to {kind} {name} would have shown more: {} was asked {} and did not \
                 answer",
                r.label(),
                times(exchange.sent)
            ));
            finding.decide_with.push(format!("{} {kind}", text::dig(name, r)));
            finding.cites.push(format!("/evidence{place}"));
            if finding.confidence == Confidence::Proved {
                finding.confidence = Confidence::Inferred;
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
