//! A resolver that is there, and leaves questions of this walk without an answer: it limits how
//! many it answers a second, or a firewall before it does.

use crate::diagnose::view::gives::{Asked, Gives};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{DnsOutcome, Exchange};

use super::heard::{self, Heard};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-rate-limited",
    Dns,
    "A resolver answers, and leaves some of the questions unanswered",
    Code(check)
)
.explains(&["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed"])
.about(crate::diagnose::About::Load);

/// Questions without an answer below which one lost datagram is as good a reason.
const FEW: usize = 2;

fn check(e: &View<'_>) -> Option<Because> {
    e.dns.asked().iter().find_map(|r| unheard(e, r).or_else(|| in_part(e, r)))
}

/// The walk's own question had no answer, and others had.
fn unheard(e: &View<'_>, r: &Asked<'_>) -> Option<Because> {
    if !matches!(r.gives, Gives::Silent) {
        return None;
    }
    let heard = heard::other_than_by_us(e, r.seen)?;
    let (label, sent) = (r.label(), r.seen.a.saw()?.sent);
    // Applications have their addresses all the same.
    let lost = e.dns.all_fail();
    let says = match heard {
        Heard::BySystem => {
            format!("{label} answers getaddrinfo, and not this walk's own question")
        }
        Heard::ByWalks { answered, asked } => {
            format!("{label} answered {answered} of {asked} walks of this round, and not this one")
        }
    };
    let because = Because::new(
        if lost { Level::Risk } else { Level::Note },
        Sure::Inferred,
        words::clause(says, "a resolver answers others, and not this walk"),
    )
    .seen(match sent {
        1 => format!("{label} for {}: no answer to 1 packet", e.dns.name),
        _ => format!("{label} for {}: no answer to {sent} packets", e.dns.name),
    })
    .read_at(r.pointer());
    let because = match heard {
        Heard::BySystem => because
            .seen(format!("getaddrinfo had its answer, and asks no other resolver than {label}"))
            .read_at("/dns/system"),
        Heard::ByWalks { answered, asked } => because
            .seen(format!("{answered} of {asked} walks of the last 30 s were answered"))
            .read_at(format!("/dns/resolvers/{}/round", r.index)),
    };
    let because = with_advice(because, e, r);
    Some(if lost { because.untested() } else { because.caveat() })
}

/// The name was answered, and repeats of the same question were not.
fn in_part(e: &View<'_>, r: &Asked<'_>) -> Option<Because> {
    let own = r.seen.a.saw()?;
    own.answer()?;
    let same = |exchange: &Exchange| exchange.kind == "A" && exchange.name == own.name;
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
    let because = Because::new(
        Level::Note,
        Sure::Inferred,
        words::clause(
            format!("{label} left {unanswered} of {asked} repeats of one question unanswered"),
            "a resolver left some repeats of one question unanswered",
        ),
    )
    .seen(format!("each of the {unanswered} was asked twice, from two ports"))
    .read_at(r.pointer())
    .read_at("/experiments/questions");
    Some(with_advice(because, e, r).caveat())
}

fn with_advice(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let label = r.label();
    let repeats = words::dig(&e.dns.name, r.seen);
    because
        .known_by(
            "a resolver that answers some questions and drops others limits how many it answers \
             to one client (unbound `ip-ratelimit`, BIND `rate-limit`, a firewall's limit on UDP \
             53, Azure's limit for each virtual machine), or is overloaded",
        )
        .ruled_out(format!("a resolver that does not answer: {label} does"))
        .owner("DNS")
        .look(
            "see how many of 20 quick questions are answered",
            format!("for i in $(seq 20); do {repeats} +short +tries=1 +time=1; done"),
        )
        .act(
            Step::shared(
                format!("raise the limit of {label} for this machine, or have it ask a resolver with room"),
                "the limit protects the resolver from every client: raise it for this address alone",
            )
            .undo("set the former limit again"),
        )
        .check(reading::again(e))
}
