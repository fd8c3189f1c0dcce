//! The resolver whose answer counts gives it, and takes a second or more (fact T46).

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-resolver-slow",
    Dns,
    "The resolver takes a second or more for its answer",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["dns-system-slow"])
.about(crate::diagnose::About::Load);

/// Sends, repeats included, that no single lost packet explains.
const SENDS: u32 = 3;
/// An answer that comes later than this is slow whatever was lost, in milliseconds.
const VERY_LONG_MS: f64 = 3000.0;

fn check(e: &View<'_>) -> Option<Because> {
    let all = e.dns.deciding();
    let first = all.iter().find(|r| !r.gives.addresses().is_empty())?;
    let exchange = first.seen.a.saw()?;
    let took = first.seen.a.took_ms().filter(|ms| *ms >= LONG_MS)?;
    // Applications wait for it unless something else answers them: a hosts file, a cache, a
    // proxy that asks by itself.
    let system_waits = e.dns.system.took_ms().is_none_or(|ms| ms >= LONG_MS);
    let waits = system_waits && !gives::pinned(e) && !reading::proxied(e);
    // A quick `getaddrinfo` shows a cache, which holds the answer for its TTL alone.
    let persistent = exchange.sent >= SENDS || took >= VERY_LONG_MS;
    let cached = !system_waits && persistent && !gives::pinned(e) && !reading::proxied(e);
    let bystander = e.asked.resolver_given && first.seen.role != ResolverRole::Given;
    let level = if (waits || cached) && !bystander { Level::Risk } else { Level::Note };
    let label = first.label();
    let shown = timing::words(took);
    let says = match exchange.sent {
        0 | 1 => format!("{label} took {shown} for its answer"),
        sent => format!("{label} answered after {shown}, asked {sent} times"),
    };
    let mut because = Because::new(level, Sure::Proved, says).read_at(first.pointer());
    for r in e.dns.asked() {
        because = because.seen(format!(
            "{}: {}{}",
            r.label(),
            words::gives(r),
            r.seen.a.took_ms().map(|ms| format!(" in {}", timing::words(ms))).unwrap_or_default()
        ));
    }
    because = because.known_by(match exchange.sent {
        0 | 1 => {
            "the question was put to it alone and once: it, or a resolver that it asks, is slow; \
             an answer from its cache comes at once"
        }
        _ => {
            "the first question or its answer was lost, or it is slower than the time until we \
             ask again"
        }
    });
    if cached {
        because = because
            .known_by(
                "getaddrinfo was quick: a cache or a daemon on this machine had the answer; an \
                 application that asks when it is no longer there waits",
            )
            .read_at("/dns/system");
    }
    let dig = words::dig(&e.dns.name, first.seen);
    Some(
        because
            .owner("DNS")
            .look("time it, twice: the second answer comes from its cache", dig.clone())
            .act(Step::look(format!(
                "look at the forwarders of {label}: a dead first one costs each question its timeout"
            )))
            .check(dig),
    )
}
