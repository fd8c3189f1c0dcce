//! `getaddrinfo` is much slower than the resolvers, and applications wait for it at every new name
//! (resolv.conf(5): timeout, attempts, ndots).

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Observed;
use crate::evidence::dns::{Exchange, SystemAnswer};

use super::advice::Resolver;
use super::{library_waits, text};

pub(super) const RULE: Rule = rule!(
    "dns-system-slow",
    Dns,
    "The system's own lookup is much slower than the resolvers",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.about(crate::diagnose::About::Load);

/// Whether the system's lookup takes much longer than the resolvers do. Where no resolver answers, that
/// is the fault.
pub(super) fn is_slow(e: &View<'_>) -> bool {
    let Observed::Done { started_ms, took_ms, value } = &e.dns.system else { return false };
    let at = started_ms + took_ms;
    first_answer(e)
        .is_some_and(|first| *value == SystemAnswer::Stalled || at - first > threshold(e))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let Observed::Done { took_ms, value, .. } = &e.dns.system else { return None };
    if !is_slow(e) {
        return None;
    }
    let stalled = *value == SystemAnswer::Stalled;
    // `--resolver` says whose answer is walked; what applications get is then only a note.
    let level =
        if reading::proxied(e) || e.options.resolver_given { Level::Note } else { Level::Risk };
    let message = if stalled {
        format!("getaddrinfo gave no answer in {took_ms:.0} ms; applications still wait")
    } else {
        format!("applications wait {took_ms:.0} ms for the address")
    };
    let mut finding = FindingBuilder::new(level, Confidence::Proved, message).cites("/dns/system");
    for r in e.dns.resolver_views() {
        finding = finding
            .fact(format!(
                "{}: {}{}",
                r.label(),
                text::outcome(r),
                r.seen.a.took_ms().map(|ms| format!(" in {ms:.0} ms")).unwrap_or_default()
            ))
            .cites(r.pointer());
    }
    let library = Library::of(e);
    let late = late_aaaa(e);
    let config = &e.vantage.resolver_config;
    if !config.options.is_empty() {
        finding = finding
            .fact(format!("options: {}", config.options.join(" ")))
            .cites("/vantage/resolver_config");
    }
    finding = match (&late, text::search_list_lookups(e)) {
        (Some((r, ms)), _) => finding
            .fact(format!("{} for AAAA: an answer in {ms:.0} ms", r.label()))
            .cites(format!("/dns/resolvers/{}/aaaa", r.index))
            .reasoning(format!(
                "{} asks for A and AAAA and waits for both answers; {} is as slow for AAAA when it is \
                 asked directly: it, or the server that it asks, delays these answers or loses some",
                library.words(),
                r.label()
            )),
        (None, Some(lookups)) => finding.reasoning(format!(
            "ndots makes {0} try the search list first: {lookups} {1} before this one; if no server \
             answers for one of those domains, {0} waits for it",
            library.words(),
            if lookups == 1 { "name" } else { "names" }
        )),
        (None, None) => finding.reasoning(format!(
            "the resolvers, asked directly at the same time, were quicker: {} waits for {}a lost \
             question or answer, an AAAA answer or a local {}",
            library.words(),
            // musl asks all nameservers at once.
            if library == Library::Musl { "" } else { "a dead nameserver, " },
            if library.is_winsock() { "client (VPN, zero trust)" } else { "daemon" }
        )),
    };
    if let Some(option) = library_waits::single_request(e) {
        finding = finding.reasoning(format!(
            "`{option}` is set: {} asks for AAAA only after the A answer, so a lookup takes as long \
             as both",
            library.words()
        ));
    }
    let check = format!("time getent ahosts {}", e.dns.name);
    if let Some((r, _)) = &late {
        let resolver = Resolver::of(e, r);
        let finding = resolver.who(finding).owner(resolver.owner()).inspect(
            "time the answer for AAAA",
            format!("{} AAAA", text::dig(&e.dns.name, r.seen)),
        );
        let finding = match resolver.place() {
            Some(place) => finding.step(Step::inspect(format!(
                "{place}: see which server is asked for {}, and time its answers for AAAA",
                reading::public_suffix(e)
            ))),
            None => finding,
        };
        return Some(finding.check(check));
    }
    let mut finding = finding.owner("Server").inspect("time what applications get", check.clone());
    if let Some(advice) = platform_advice::on(e, Topic::ResolverSetting) {
        finding = finding.reasoning(advice.why).step(advice.step());
    }
    let step = match library {
        Library::Winsock => Step::local(
            "remove dead nameservers from the interfaces and from the rules by name (NRPT), or give \
             the interface with the right ones the lowest metric",
        )
        .undo("set the old servers and metrics again: note them first"),
        Library::Musl => Step::local(
            "lower `timeout:` and `attempts:`; with a search list end the name with a dot or lower \
             `ndots:`",
        )
        .undo("set the old options again: keep a copy of the file"),
        Library::Glibc | Library::Other => Step::local(
            "remove dead nameservers, or lower `timeout:` and `attempts:`; if AAAA answers are \
             dropped set `single-request-reopen`; with a search list end the name with a dot or \
             lower `ndots:`",
        )
        .undo("set the old options again: keep a copy of the file"),
    };
    Some(finding.step(step).check(check))
}

/// The first deciding resolver, where its AAAA answer comes as late as that of the system, with its time.
fn late_aaaa<'v>(e: &'v View<'_>) -> Option<(&'v ResolverView<'v>, f64)> {
    let r = e.dns.deciding().into_iter().next().filter(|r| !r.outcome.addresses().is_empty())?;
    let ms = r.seen.aaaa.took_ms().filter(|_| r.seen.aaaa.value().is_some_and(answered))?;
    let waits = !library_waits::asks_no_aaaa(e) && e.dns.system.took_ms()? + threshold(e) > ms;
    (waits && ms - r.seen.a.took_ms()? > threshold(e)).then_some((r, ms))
}

fn answered(exchange: &Exchange) -> bool {
    exchange.answer().is_some()
}

/// When a resolver gave the first address, in milliseconds since the walk's start.
fn first_answer(e: &View<'_>) -> Option<f64> {
    let raw =
        e.dns.deciding().into_iter().filter(|r| !r.outcome.addresses().is_empty()).filter_map(
            |r| match &r.seen.a {
                Observed::Done { started_ms, took_ms, .. } => Some(started_ms + took_ms),
                _ => None,
            },
        );
    raw.chain(e.dns.first_address_ms).min_by(f64::total_cmp)
}

/// A fifth of a hop's deadline: a second with the default of five.
#[expect(clippy::cast_precision_loss, reason = "a deadline in milliseconds is far below 2^52")]
fn threshold(e: &View<'_>) -> f64 {
    e.options.timeout_ms as f64 / 5.0
}
