//! A resolver that is up does not answer some questions of this walk: it, or a firewall in front of
//! it, limits the number of answers per second.

use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, Exchange, QuestionType};

use super::answers_others::{self, AnswersOthers};
use super::text;

pub(super) const RULE: Rule =
    rule!("dns-rate-limited", Dns, "A resolver answers some questions and not others", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed"])
        .about(crate::diagnose::About::Load);

/// With fewer unanswered questions, a single lost datagram explains them as well.
const FEW: usize = 2;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    e.dns.resolver_views().iter().find_map(|r| unheard(e, r).or_else(|| in_part(e, r)))
}

/// The walk's own question got no answer, and other questions did.
fn unheard(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    if !matches!(r.outcome, ResolverOutcome::Silent) {
        return None;
    }
    let heard = answers_others::evidence(e, r.seen)?;
    let (label, sent) = (r.label(), r.seen.a.value()?.sent);
    // Otherwise applications still have their addresses.
    let lost = e.dns.all_fail();
    let message = match heard {
        AnswersOthers::BySystem => {
            format!("{label} answers getaddrinfo, but not this tool's own question")
        }
        AnswersOthers::ByWalks { answered, asked } => {
            format!("{label} answered {answered} of {asked} checks of this round, but not this one")
        }
    };
    let finding = FindingBuilder::new(
        if lost { Level::Risk } else { Level::Note },
        Confidence::Inferred,
        text::clause(message, "a resolver answers others, but not this tool"),
    )
    .fact(match sent {
        1 => format!("{label} for {}: no answer to 1 packet", e.dns.name),
        _ => format!("{label} for {}: no answer to {sent} packets", e.dns.name),
    })
    .cites(r.pointer());
    let finding = match heard {
        AnswersOthers::BySystem => finding
            .fact(format!("getaddrinfo got its answer, and asks no other resolver than {label}"))
            .cites("/dns/system"),
        AnswersOthers::ByWalks { answered, asked } => finding
            .fact(format!("{answered} of {asked} checks of the last 30 s were answered"))
            .cites(format!("/dns/resolvers/{}/round", r.index)),
    };
    let finding = with_advice(finding, e, r);
    Some(if lost { finding.untested() } else { finding.caveat() })
}

/// The name was answered, and some repeats of the same question were not.
fn in_part(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    let own = r.seen.a.value()?;
    own.answer()?;
    let same = |exchange: &Exchange| exchange.kind == QuestionType::A && exchange.name == own.name;
    let all: Vec<&Exchange> = e
        .experiments
        .questions
        .iter()
        .filter(|tried| tried.resolver == r.seen.address && tried.edns)
        .map(|tried| &tried.exchange)
        .filter(|exchange| exchange.sent > 0 && same(exchange))
        .collect();
    let unanswered = all.iter().filter(|x| x.outcome == DnsOutcome::TimedOut).count();
    if unanswered < FEW || unanswered == all.len() {
        return None;
    }
    let (label, asked) = (r.label(), all.len());
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        text::clause(
            format!("{label} left {unanswered} of {asked} repeats of one question unanswered"),
            "a resolver left some repeats of one question unanswered",
        ),
    )
    .fact(format!("each of the {unanswered} was sent twice, from two ports"))
    .cites(r.pointer())
    .cites("/experiments/questions");
    Some(with_advice(finding, e, r).caveat())
}

fn with_advice(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let label = r.label();
    let repeats = text::dig(&e.dns.name, r.seen);
    finding
        .reasoning(
            "a resolver that answers some questions and drops others limits the answers to one \
             client (unbound `ip-ratelimit`, BIND `rate-limit`, a firewall's limit on UDP 53, \
             Azure's limit for each virtual machine), or is overloaded",
        )
        .ruled_out(format!("a resolver that is down: {label} answers"))
        .owner("DNS")
        .inspect(
            "see how many of 20 quick questions are answered",
            format!("for i in $(seq 20); do {repeats} +short +tries=1 +time=1; done"),
        )
        .step(
            Step::shared(
                format!(
                    "raise the limit of {label} for this machine, or use a resolver with spare \
                     capacity"
                ),
                "the limit protects the resolver from every client: raise it for this address only",
            )
            .undo("restore the old limit"),
        )
        .check(reading::again(e))
}
