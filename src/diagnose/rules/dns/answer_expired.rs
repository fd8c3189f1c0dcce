//! The resolver gives an answer from its cache after its time, because its upstream does not answer it
//! (RFC 8767; extended errors 3 and 19 of RFC 8914; facts D200, D201).

use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Observed;

use super::advice::{Resolver, Upstream};
use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-answer-expired",
    Dns,
    "The resolver gives an expired answer: its upstream does not answer it",
    Code(check)
)
.decided_by(&["later-query"])
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&[
    "dns-name-not-found",
    "dns-record-missing",
    "dns-no-address",
    "dns-system-fails",
    "dns-answers-vary",
])
.short("the resolver gives an expired answer");

/// The resolver whose answer applications use, where that answer had expired.
pub(in crate::diagnose::rules) fn expired<'v>(e: &'v View<'_>) -> Option<&'v ResolverView<'v>> {
    let r = e.dns.effective_resolver()?;
    resolver_view::message(r.seen)?.is_expired().then_some(r)
}

/// What the same question got when it was put again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Later {
    /// An answer that had not expired; whether it had an address.
    Fresh { address: bool },
    /// Expired answers alone, until so many milliseconds after the first one.
    Expired { after_ms: f64 },
    /// It was not put again, or so soon that the upstream may yet have answered.
    NotKnown,
}

/// An upstream that answers at all answers within this time, in milliseconds.
const UPSTREAM_MS: f64 = 1_500.0;

/// What BIND adds where `stale-answer-client-timeout` is 0 (fact D212): the upstream may be sound.
const NOT_WAITED: &str = "prioritized over lookup";

/// The questions that were put again.
const AGAIN: &[&str] = &["repeat-query", "later-query"];

fn later(e: &View<'_>, r: &ResolverView<'_>) -> Later {
    let Observed::Done { started_ms, .. } = r.seen.a else { return Later::NotKnown };
    let again = || AGAIN.iter().flat_map(|id| dns_experiments::questions(e, r.seen, id));
    let answers = || again().filter_map(|(_, tried)| Some((tried, tried.exchange.answer()?)));
    if let Some((_, fresh)) = answers().find(|(_, answer)| !answer.is_expired()) {
        return Later::Fresh { address: !fresh.chain(&e.dns.name).addresses.is_empty() };
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of one walk")]
    let after_ms =
        answers().map(|(tried, _)| tried.started_ms as f64 - started_ms).fold(0.0, f64::max);
    // BIND's own word that it did not wait for its upstream.
    let at_once = resolver_view::message(r.seen).is_some_and(|answer| {
        answer.extended_errors.iter().any(|error| error.text.contains(NOT_WAITED))
    });
    match after_ms >= UPSTREAM_MS && !at_once {
        true => Later::Expired { after_ms },
        false => Later::NotKnown,
    }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = expired(e)?;
    let later = later(e, r);
    let label = r.label();
    let none = r.outcome.addresses().is_empty();
    let lost = none && e.dns.lacks_address() && !reading::proxied(e);
    // It gave what it had at once, and asked its upstream meanwhile, which answered (fact D200). Only a
    // denial has done harm by then.
    if matches!(later, Later::Fresh { address } if !(lost && address)) {
        return None;
    }
    let level = match later {
        _ if lost => Level::Broken,
        Later::Expired { .. } if !reading::proxied(e) => Level::Risk,
        _ => Level::Note,
    };
    let (message, short) = match later {
        Later::Expired { .. } => (
            format!("{label} gives an expired answer, because its upstream does not answer"),
            "the resolver gives an expired answer",
        ),
        Later::Fresh { .. } => (
            format!("{label} gave an expired denial; asked again, it gives an address"),
            "the resolver gave an expired denial; the next answer is right",
        ),
        Later::NotKnown => {
            (format!("{label} gives an expired answer"), "the resolver gives an expired answer")
        }
    };
    let confidence = match later {
        Later::NotKnown => Confidence::Possible,
        Later::Fresh { .. } | Later::Expired { .. } => Confidence::Inferred,
    };
    let mut finding = FindingBuilder::new(level, confidence, text::clause(message, short))
        .caveat()
        .fact(format!("{} at {label}: {}", e.dns.name, text::outcome(r)))
        .cites(r.pointer());
    if let Some(text) = resolver_view::message(r.seen).and_then(text::extended_errors) {
        finding = finding.fact(format!("{label} adds: {text}"));
    }
    for pointer in dns_experiments::pointers(e, r.seen, AGAIN) {
        finding = finding.cites(pointer);
    }
    finding = finding.reasoning(match later {
        Later::Expired { after_ms } => format!(
            "{label} itself marks the answer as older than its TTL, and each one to the same question \
             in the {:.1} s after it: the server that it asks does not answer, or too late",
            after_ms / 1e3
        ),
        Later::Fresh { .. } => format!(
            "{label} itself marks the denial as older than its TTL: it gives what it has at once, asks \
             its upstream meanwhile, and has the new answer for the next lookup"
        ),
        Later::NotKnown => format!(
            "{label} itself marks the answer as older than its TTL: it gives what it has at once, and \
             asks meanwhile; or the server that it asks does not answer"
        ),
    });
    let resolver = Resolver::of(e, r);
    let finding = resolver.who(finding);
    if let Later::Fresh { .. } = later {
        return Some(ask_first(finding, e, r));
    }
    let finding = match later {
        Later::NotKnown => finding.decide_with(text::repeated(&e.dns.name, r.seen)),
        _ => finding,
    };
    let finding = finding.reasoning(match none {
        true => "the name may exist by now",
        false => {
            "when the cache gives it up, or the server restarts, clients lose the name; and the \
                 address may be an old one"
        }
    });
    let finding = finding.inspect(
        "see whether a name that is not in its cache is answered",
        text::dig("x1.azure.com", r.seen),
    );
    Some(resolver.upstream(finding, Upstream::Everything).check(text::dig(&e.dns.name, r.seen)))
}

/// How a resolver gives an expired answer only where it gets no fresh one.
fn ask_first(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let label = r.label();
    finding
        .owner("DNS")
        .inspect("see the answer that it has now", text::dig(&e.dns.name, r.seen))
        .step(
            Step::shared(
                format!(
                    "where this happens again: on {label}, have the upstream asked first, and an \
                     expired answer given only where it does not answer in time (unbound: \
                     `serve-expired-client-timeout: 1800`; BIND: `stale-answer-client-timeout off`)"
                ),
                format!(
                    "every client of {label}: it waits for the upstream where an answer has expired"
                ),
            )
            .undo("set the old value again"),
        )
        .check(reading::again(e))
}
