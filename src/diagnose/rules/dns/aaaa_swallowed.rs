//! The A question is answered and the AAAA question is not (RFC 4074): resolver libraries ask
//! both and wait for both.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::{DnsOutcome, Rcode, ResolverRole};

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-aaaa-swallowed",
    Dns,
    "The A question is answered, the AAAA question is not",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["dns-system-slow", "dns-system-fails"]);

fn check(e: &View<'_>) -> Option<Because> {
    // Witnesses that applications do not ask make nobody wait.
    let deciding = e.dns.deciding();
    let (resolver, how) = deciding.iter().find_map(|r| {
        // A resolver that fails on A as well is down, and has its own finding.
        reading::message(&r.seen.a).filter(|_| r.gives.is_answer())?;
        let how = match &r.seen.aaaa.saw()?.outcome {
            DnsOutcome::Answered { answer } => {
                let a = reading::message(&r.seen.a)?;
                let same = answer.rcode == Rcode::NoError || answer.rcode == a.rcode;
                (!same).then(|| answer.rcode.to_string())?
            }
            DnsOutcome::TimedOut => "no answer".to_owned(),
            DnsOutcome::PortRefused => "port closed".to_owned(),
            DnsOutcome::Unreachable { icmp } => words::unreachable(icmp),
            DnsOutcome::Malformed => "no DNS message".to_owned(),
            DnsOutcome::TcpFailed { says, .. } | DnsOutcome::LocalError { says, .. } => {
                says.clone()
            }
        };
        Some((r, how))
    })?;
    let silent = matches!(resolver.seen.aaaa.saw().map(|x| &x.outcome), Some(DnsOutcome::TimedOut));
    let gives_address = !resolver.gives.addresses().is_empty();
    let level = if !silent || reading::proxied(e) || resolver.seen.role == ResolverRole::Given {
        // An error is at least quick: libraries go on with the A answer.
        Level::Note
    } else if gives_address && reading::system_failed(e).is_some() {
        Level::Broken
    } else {
        Level::Risk
    };
    // A C library that ends the lookup at the AAAA answer's rcode, as musl does (fact X21).
    let ends_lookup = !silent
        && gives_address
        && reading::system_failed(e).is_some()
        && !reading::proxied(e)
        && resolver.seen.role != ResolverRole::Given;
    let level = if ends_lookup { Level::Broken } else { level };
    let musl = !silent && gives_address && !ends_lookup;
    let label = resolver.label();
    let says = if silent {
        words::clause(
            format!("{label} answers the A question and swallows the AAAA question"),
            "the A question is answered and the AAAA question is swallowed",
        )
    } else if musl {
        words::clause(
            format!("{label} answers AAAA with {how}: musl clients (Alpine) get no address"),
            "the AAAA question fails: musl clients (Alpine) get no address",
        )
    } else {
        words::clause(
            format!("{label} answers the A question, but AAAA with {how}"),
            "the AAAA question fails where the A question is answered",
        )
    };
    let sure = if silent || ends_lookup { Sure::Inferred } else { Sure::Proved };
    let mut because = Because::new(level, sure, says)
        .seen(format!("{label}: A {}; AAAA {how}", words::gives(resolver)))
        .read_at(resolver.pointer())
        .read_at(format!("/dns/resolvers/{}/aaaa", resolver.index));
    if silent {
        because = because.known_by(words::or_too_slow(e));
    } else {
        because = because.known_by(
            "glibc goes on with the A answer; musl, which Alpine images have, fails the whole \
             lookup when either of the two answers is an error",
        );
    }
    if musl {
        because = because.caveat();
    }
    if let Some(took) = e.dns.system.took_ms() {
        because = because.seen(format!("getaddrinfo took {took:.0} ms")).read_at("/dns/system");
    }
    Some(
        because
            .known_by(if silent {
                let (one, all) = words::waits(e);
                format!(
                    "both questions went to the same resolver at the same time; glibc waits for \
                     both before it gives any address: {one} s at each new lookup, at most {all} s \
                     (`timeout:` times `attempts:`)"
                )
            } else {
                "both questions went to the same resolver at the same time; glibc waits for both \
                 before it gives any address"
                    .to_owned()
            })
            .owner("DNS")
            .look("ask for AAAA alone", format!("{} AAAA", words::dig(&e.dns.name, resolver.seen)))
            .act(
                Step::shared(
                    format!(
                        "have {label}, or the firewall before it, answer AAAA with an empty NOERROR"
                    ),
                    format!("every client of {label}"),
                )
                .undo("set it back as it was"),
            )
            .act(
                Step::local(
                    "until then set `options single-request-reopen`, or a shorter `timeout:`; musl \
                     (Alpine) reads neither of them",
                )
                .undo("take the option out again"),
            )
            .check(format!("{} AAAA", words::dig(&e.dns.name, resolver.seen))),
    )
}
