//! `getaddrinfo` is much later than the resolvers: what applications wait for at every new
//! name (resolv.conf(5): timeout, attempts, ndots).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Observed;
use crate::evidence::dns::SystemAnswer;

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-system-slow",
    Dns,
    "The system's own lookup is much slower than the resolvers",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let Observed::Ran { started_ms, took_ms, saw } = &e.dns.system else { return None };
    let stalled = *saw == SystemAnswer::Stalled;
    let at = started_ms + took_ms;
    let baseline = first_answer(e);
    let late = baseline.is_some_and(|first| at - first > threshold(e));
    // Where no resolver answers, that is the fault, and the lookup can only wait.
    if baseline.is_none() || (!stalled && !late) {
        return None;
    }
    // `--resolver` says whose answer is walked; what applications get instead is a note.
    let level =
        if reading::proxied(e) || e.asked.resolver_given { Level::Note } else { Level::Risk };
    let says = if stalled {
        format!("getaddrinfo gave nothing in {took_ms:.0} ms; applications still wait")
    } else {
        format!("applications wait {took_ms:.0} ms for the address")
    };
    let mut because = Because::new(level, Sure::Proved, says).read_at("/dns/system");
    for r in e.dns.asked() {
        because = because
            .seen(format!(
                "{}: {}{}",
                r.label(),
                words::gives(r),
                r.seen.a.took_ms().map(|ms| format!(" in {ms:.0} ms")).unwrap_or_default()
            ))
            .read_at(r.pointer());
    }
    let config = &e.vantage.resolver_config;
    if !config.options.is_empty() {
        because = because
            .seen(format!("options: {}", config.options.join(" ")))
            .read_at("/vantage/resolver_config");
    }
    because = match words::searched(e) {
        Some(lookups) => because.known_by(format!(
            "ndots makes the C library try the search list first: {lookups} {} before this one; \
             where no server answers for one of those domains, that is what it waits for",
            if lookups == 1 { "name" } else { "names" }
        )),
        None => because.known_by(
            "the resolvers were asked by themselves at the same time and were quicker: the C \
             library waits for a dead nameserver, a lost question or answer, an AAAA answer or a \
             local daemon",
        ),
    };
    let mut because = because
        .owner("Server")
        .look("time what applications get", format!("time getent ahosts {}", e.dns.name));
    if let Some(advice) = platform_advice::on(e, Topic::ResolverSetting) {
        because = because.known_by(advice.why).act(advice.step());
    }
    Some(
        because
            .act(
                Step::local(
                    "take dead nameservers out, or shorten `timeout:` and `attempts:`; with a \
                     dropped AAAA answer set `single-request-reopen`; with a search list end the \
                     name with a dot or lower `ndots:`",
                )
                .undo("set the old options again: keep a copy of the file"),
            )
            .check(format!("time getent ahosts {}", e.dns.name)),
    )
}

/// When the first address was there without the C library, in milliseconds of the walk.
fn first_answer(e: &View<'_>) -> Option<f64> {
    let raw =
        e.dns.deciding().into_iter().filter(|r| !r.gives.addresses().is_empty()).filter_map(|r| {
            match &r.seen.a {
                Observed::Ran { started_ms, took_ms, .. } => Some(started_ms + took_ms),
                _ => None,
            }
        });
    raw.chain(e.dns.first_address_ms).min_by(f64::total_cmp)
}

/// A fifth of a hop's deadline: a second with the default of five.
#[expect(clippy::cast_precision_loss, reason = "a deadline in milliseconds is far below 2^52")]
fn threshold(e: &View<'_>) -> f64 {
    e.asked.timeout_ms as f64 / 5.0
}
