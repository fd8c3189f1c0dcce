//! The resolver whose answer applications use takes a second or more (fact T46), or longer than the
//! resolver library waits.

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{LookupFailure, ResolverRole};

use super::{downstream, libc_lookup, library_waits, text};

pub(super) const RULE: Rule =
    rule!("dns-resolver-slow", Dns, "The resolver takes a second or more to answer", Code(check))
        .for_tokens(crate::diagnose::ForTokens::Care)
        .explains(&["dns-system-slow", "dns-system-fails"])
        .about(crate::diagnose::About::Load);

/// The number of sends, repeats included, that a single lost packet does not explain.
const SENDS: u32 = 3;
/// An answer that takes longer than this, in milliseconds, is slow whatever was lost.
const VERY_LONG_MS: f64 = 3000.0;

/// An answer that comes this long after a question, in milliseconds, is not explained by the loss of
/// the question before it.
const NO_LOSS_MS: f64 = 300.0;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    longer_than_the_library_waits(e).or_else(|| slow(e))
}

/// Every answer with an address comes after the library has given up: applications get none.
fn longer_than_the_library_waits(e: &View<'_>) -> Option<FindingBuilder> {
    let failure = LookupFailure::of(libc_lookup::failed_at_resolvers(e)?);
    let confidence = match failure {
        LookupFailure::TryAgain => Confidence::Proved,
        LookupFailure::NotShown => Confidence::Inferred,
        _ => return None,
    };
    if !e.dns.effective().is_empty() || e.options.resolver_given {
        return None;
    }
    let deciding = e.dns.deciding();
    let answering: Vec<_> =
        deciding.iter().filter(|r| !r.outcome.addresses().is_empty()).copied().collect();
    let first = *answering.first()?;
    let waits = library_waits::gives_up_after(e, first)?;
    let in_time = |r: &&ResolverView<'_>| {
        let limit = library_waits::gives_up_after(e, r);
        limit.zip(r.seen.a.took_ms()).is_none_or(|(limit, took)| took < milliseconds(limit))
    };
    // A lookup that ends sooner was ended by something else.
    let waited = e.dns.system.took_ms()? > milliseconds(waits) * 0.9;
    if answering.iter().any(in_time) || !waited {
        return None;
    }
    let took = first.seen.a.took_ms()?;
    let level = match downstream::proxy_name_unresolved(e) {
        true => Level::Broken,
        false => downstream::level_without_address(e),
    };
    let may_be_loss = may_be_loss(e, first, took);
    let set_in = |key| library_waits::set_in(e, key);
    let confidence = if may_be_loss { Confidence::Inferred } else { confidence };
    let library = Library::of(e).words();
    let (label, shown) = (first.label(), timing::words(took));
    let message = text::clause(
        format!("{label} answers after {shown}, but {library} waits {waits} s: no address"),
        "the resolver answers later than applications wait",
    );
    let mut finding = with_times(FindingBuilder::new(level, confidence, message), e)
        .fact(match (reading::system_failed(e), e.dns.system.took_ms()) {
            (Some(code), Some(ms)) => format!("getaddrinfo: {code} after {}", timing::words(ms)),
            _ => "getaddrinfo failed".to_owned(),
        })
        .cites("/dns/system")
        .cites(first.pointer())
        .cites("/vantage/resolver_config/options")
        .reasoning(format!(
            "{library} stops waiting for {label} after {waits} s{}; its answer comes later, so the \
             lookup fails, and again at each name that is not in the resolver's cache",
            match Library::of(e) {
                Library::Glibc => match (set_in("timeout:"), set_in("attempts:")) {
                    (one, other) if one == other => {
                        format!(" (`timeout:` and `attempts:` of {one})")
                    }
                    (one, other) => format!(" (`timeout:` of {one}, `attempts:` of {other})"),
                },
                Library::Musl => " (`timeout:` of resolv.conf)".to_owned(),
                Library::Winsock | Library::Other => String::new(),
            }
        ));
    finding = match may_be_loss {
        true => finding.reasoning(
            "the answer came just after the question was repeated: the loss of the first one would \
             look the same",
        ),
        false => finding,
    };
    let finding = steps(finding, e, first);
    let finding = match Library::of(e) {
        Library::Glibc if library_waits::set_by_environment(e, "timeout:") => finding
            .inspect("see the variable that sets it", "printenv RES_OPTIONS")
            .step(
                Step::local(format!(
                    "until then raise `timeout:` in RES_OPTIONS above {shown}, where that variable \
                     is set for the application (its unit, container or shell): it comes before \
                     resolv.conf; each lookup then waits that long for a dead resolver, too"
                ))
                .undo("set the variable to its old value"),
            ),
        Library::Glibc | Library::Musl => finding.step(
            Step::local(format!(
                "until then raise `timeout:` in the options of resolv.conf above {shown}, where the \
                 service that writes the file sets it: each lookup then waits that long for a dead \
                 resolver, too"
            ))
            .undo("set the old value again: keep a copy of the file"),
        ),
        Library::Winsock | Library::Other => finding,
    };
    Some(finding.check(format!("getent ahosts {}", e.dns.name)))
}

#[expect(clippy::cast_precision_loss, reason = "seconds of resolv.conf, a few hundred at most")]
fn milliseconds(seconds: u64) -> f64 {
    seconds as f64 * 1e3
}

/// Whether the answer came so soon after a repeat of the question (after a fifth and three fifths of
/// the deadline) that the questions before it may have been lost.
#[expect(clippy::cast_precision_loss, reason = "a deadline in milliseconds is far below 2^52")]
fn may_be_loss(e: &View<'_>, r: &ResolverView<'_>, took: f64) -> bool {
    let sent = r.seen.a.value().map_or(0, |exchange| exchange.sent);
    let deadline = e.options.timeout_ms as f64;
    let last_sent = match sent {
        0 | 1 => return false,
        2 => deadline / 5.0,
        _ => deadline * 3.0 / 5.0,
    };
    took - last_sent < NO_LOSS_MS
}

/// Each resolver with its outcome and its time.
fn with_times(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    e.dns.resolver_views().iter().fold(finding, |finding, r| {
        let time = r.seen.a.took_ms().map(|ms| format!(" in {}", timing::words(ms)));
        finding.fact(format!("{}: {}{}", r.label(), text::outcome(r), time.unwrap_or_default()))
    })
}

/// Where the time may go.
fn steps(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    finding
        .owner("DNS")
        .inspect(
            "time it twice: the second answer comes from its cache",
            text::dig(&e.dns.name, r.seen),
        )
        .step(Step::inspect(format!(
            "look at the forwarders of {}: each question waits for the timeout of a dead first one",
            r.label()
        )))
}

fn slow(e: &View<'_>) -> Option<FindingBuilder> {
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
    finding = with_times(finding, e);
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
    Some(steps(finding, e, first).check(text::dig(&e.dns.name, first.seen)))
}
