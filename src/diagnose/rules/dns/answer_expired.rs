//! The resolver gives an answer from its cache after its time, because its upstream does not answer it
//! (RFC 8767; extended errors 3 and 19 of RFC 8914; facts D200, D201).

use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};

use super::advice::{Resolver, Upstream};
use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-answer-expired",
    Dns,
    "The resolver gives an expired answer: its upstream does not answer it",
    Code(check)
)
.decided_by(&["repeat-query"])
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["dns-name-not-found", "dns-record-missing", "dns-no-address", "dns-system-fails"])
.short("the resolver gives an expired answer");

/// The resolver whose answer applications use, where that answer had expired.
pub(in crate::diagnose::rules) fn expired<'v>(e: &'v View<'_>) -> Option<&'v ResolverView<'v>> {
    let r = e.dns.effective_resolver()?;
    resolver_view::message(r.seen)?.is_expired().then_some(r)
}

/// Whether the same question, asked again, got an expired answer each time; none where it was not asked
/// or not answered again.
fn stays_expired(e: &View<'_>, r: &ResolverView<'_>) -> Option<bool> {
    let again = dns_experiments::questions(e, r.seen, "repeat-query");
    let answers: Vec<bool> =
        again.filter_map(|(_, tried)| Some(tried.exchange.answer()?.is_expired())).collect();
    (!answers.is_empty()).then(|| answers.into_iter().all(|expired| expired))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = expired(e)?;
    let stays = stays_expired(e, r);
    // It gave what it had at once, and asked its upstream meanwhile, which answered (fact D200).
    if stays == Some(false) {
        return None;
    }
    let label = r.label();
    let none = r.outcome.addresses().is_empty();
    let level = match (reading::proxied(e), none && e.dns.lacks_address()) {
        (true, _) => Level::Note,
        (false, true) => Level::Broken,
        (false, false) => Level::Risk,
    };
    let message = text::clause(
        format!("{label} gives an expired answer, for its upstream does not answer it"),
        "the resolver gives an expired answer",
    );
    let confidence = if stays.is_some() { Confidence::Inferred } else { Confidence::Possible };
    let mut finding = FindingBuilder::new(level, confidence, message)
        .fact(format!("{} at {label}: {}", e.dns.name, text::outcome(r)))
        .cites(r.pointer());
    if let Some(text) = resolver_view::message(r.seen).and_then(text::extended_errors) {
        finding = finding.fact(format!("{label} adds: {text}"));
    }
    let finding = match stays {
        Some(_) => dns_experiments::pointers(e, r.seen, &["repeat-query"])
            .into_iter()
            .fold(finding, FindingBuilder::cites)
            .reasoning(format!(
                "{label} itself marks the answer as older than its TTL, and those to the same question \
                 after it: the server that it asks does not answer, or too late"
            )),
        None => finding
            .reasoning(format!(
                "{label} itself marks the answer as older than its TTL: the server that it asks does \
                 not answer; or {label} gives what it has at once, and asks meanwhile"
            ))
            .decide_with(text::repeated(&e.dns.name, r.seen)),
    };
    let finding = finding.reasoning(match none {
        true => "the name may exist by now",
        false => {
            "when the cache gives it up, or the server restarts, clients lose the name; and the \
                 address may be an old one"
        }
    });
    let resolver = Resolver::of(e, r);
    let finding = resolver.who(finding).inspect(
        "see whether a name that is not in its cache is answered",
        text::dig("x1.azure.com", r.seen),
    );
    Some(resolver.upstream(finding, Upstream::Everything).check(text::dig(&e.dns.name, r.seen)))
}
