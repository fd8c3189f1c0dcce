//! The resolver whose answer applications use takes a second or more (fact T46).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::ResolverRole;

use super::text;

pub(super) const RULE: Rule =
    rule!("dns-resolver-slow", Dns, "The resolver takes a second or more to answer", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care)
        .explains(&["dns-system-slow"])
        .about(crate::diagnose::About::Load);

/// The number of sends, repeats included, that a single lost packet does not explain.
const SENDS: u32 = 3;
/// An answer that takes longer than this, in milliseconds, is slow whatever was lost.
const VERY_LONG_MS: f64 = 3000.0;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let all = e.dns.deciding();
    let first = all.iter().find(|r| !r.outcome.addresses().is_empty())?;
    let exchange = first.seen.a.value()?;
    let took = first.seen.a.took_ms().filter(|ms| *ms >= LONG_MS)?;
    // Applications wait for it unless something else answers them: a hosts file, a cache, a proxy
    // that resolves the name itself.
    let system_waits = e.dns.system.took_ms().is_none_or(|ms| ms >= LONG_MS);
    let waits = system_waits && !resolver_view::is_from_hosts_file(e) && !reading::proxied(e);
    // A quick `getaddrinfo` shows a cache, which holds the answer only for its TTL.
    let persistent = exchange.sent >= SENDS || took >= VERY_LONG_MS;
    let cached = !system_waits
        && persistent
        && !resolver_view::is_from_hosts_file(e)
        && !reading::proxied(e);
    let bystander = e.options.resolver_given && first.seen.role != ResolverRole::Given;
    let level = if (waits || cached) && !bystander { Level::Risk } else { Level::Note };
    let label = first.label();
    let shown = timing::words(took);
    let message = match exchange.sent {
        0 | 1 => format!("{label} took {shown} to answer"),
        sent => format!("{label} answered after {shown}, asked {sent} times"),
    };
    let mut finding =
        FindingBuilder::new(level, Confidence::Proved, message).cites(first.pointer());
    for r in e.dns.resolver_views() {
        finding = finding.fact(format!(
            "{}: {}{}",
            r.label(),
            text::outcome(r),
            r.seen.a.took_ms().map(|ms| format!(" in {}", timing::words(ms))).unwrap_or_default()
        ));
    }
    finding = finding.reasoning(match exchange.sent {
        0 | 1 => {
            "it was asked directly and once: it, or a resolver that it asks, is slow; an answer \
             from its cache comes at once"
        }
        _ => {
            "the first question or its answer was lost, or it is slower than our interval between \
             repeats"
        }
    });
    if cached {
        finding = finding
            .reasoning(
                "getaddrinfo was quick: a cache or a daemon on this machine had the answer; an \
                 application that asks after it has expired waits",
            )
            .cites("/dns/system");
    }
    let dig = text::dig(&e.dns.name, first.seen);
    Some(
        finding
            .owner("DNS")
            .inspect("time it twice: the second answer comes from its cache", dig.clone())
            .step(Step::inspect(format!(
                "look at the forwarders of {label}: each question waits for the timeout of a dead \
                 first one"
            )))
            .check(dig),
    )
}
