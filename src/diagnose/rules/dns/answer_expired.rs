//! The resolver gives an answer from its cache after its time, because its upstream does not answer it
//! (RFC 8767; extended errors 3 and 19 of RFC 8914; facts D200, D201).

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
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["dns-name-not-found", "dns-record-missing", "dns-no-address", "dns-system-fails"])
.short("the resolver gives an expired answer");

/// Extended errors: Stale Answer, Stale NXDOMAIN Answer.
const STALE: &[u16] = &[3, 19];

/// The resolver whose answer applications use, where that answer had expired.
pub(in crate::diagnose::rules) fn expired<'v>(e: &'v View<'_>) -> Option<&'v ResolverView<'v>> {
    let r = e.dns.effective_resolver()?;
    let errors = &resolver_view::message(r.seen)?.extended_errors;
    errors.iter().any(|error| STALE.contains(&error.code)).then_some(r)
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = expired(e)?;
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
    let mut finding = FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(format!("{} at {label}: {}", e.dns.name, text::outcome(r)))
        .cites(r.pointer());
    if let Some(text) = resolver_view::message(r.seen).and_then(text::extended_errors) {
        finding = finding.fact(format!("{label} adds: {text}"));
    }
    let finding = finding
        .reasoning(format!(
            "{label} itself marks the answer as older than its TTL: servers do so where those that \
             they ask do not answer, or too late"
        ))
        .reasoning(match none {
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
