//! A truncated answer whose repeat over TCP fails (RFC 7766): port 53 is open for UDP only.

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::dns_experiments::{self, Reachability};
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, Exchange, Rcode, SystemAnswer};

use super::advice::Resolver;
use super::{downstream, edns_differs, libc_lookup, text};

pub(super) const RULE: Rule =
    rule!("dns-tcp-blocked", Dns, "DNS must be asked over TCP, and TCP fails", Code(check))
        .explains(&["dns-system-fails", "dns-system-slow", "proxy-name-unresolved"]);

/// Why TCP failed for the question as the C library puts it: with EDNS the walk gets an answer that does
/// not fit into a plain one.
fn plain<'a>(e: &'a View<'_>, r: &'a ResolverView<'_>) -> Option<&'a str> {
    dns_experiments::plain_cut_off(e, r.seen)
        .filter(|_| library::asks_plain(e) && libc_lookup::resolvers_not_asked(e).is_none())
}

/// The question whose repeat over TCP failed.
fn repeated<'a>(e: &'a View<'_>, r: &'a ResolverView<'_>, plain: bool) -> Option<&'a Exchange> {
    let cut_off = |x: &&Exchange| matches!(x.outcome, DnsOutcome::TcpFailed { .. });
    let asked_plainly = dns_experiments::questions(e, r.seen, "plain-question");
    let mut asked_plainly = asked_plainly.map(|(_, tried)| &tried.exchange).filter(cut_off);
    if plain { asked_plainly.next() } else { r.seen.a.value().filter(cut_off) }
}

/// The error that came over TCP.
fn error_of(exchange: &Exchange) -> Option<&Rcode> {
    match &exchange.outcome {
        DnsOutcome::TcpFailed { rcode, .. } => rcode.as_ref(),
        _ => None,
    }
}

/// The port is open: what is behind it does not answer, or answers with an error.
fn accepted(
    finding: FindingBuilder,
    resolver: &Resolver<'_>,
    error: Option<&Rcode>,
) -> FindingBuilder {
    let label = resolver.label();
    let finding = match error {
        None => finding.reasoning(
            "the connection was established, so the port is open: the resolver does not answer over \
             TCP or ends such connections (its limit on them is reached), or what accepts them in its \
             place (a balancer, a firewall, the DNS proxy of a network policy, as Cilium has one) \
             reaches no server over TCP",
        ),
        Some(rcode) => finding
            .reasoning(format!(
                "over TCP the same question was answered {rcode}: what takes connections in the \
                 resolver's place (a balancer, a firewall, the DNS proxy of a network policy, as Cilium \
                 has one) reaches no server over TCP"
            ))
            .reasoning(
                "or it answers some questions with an error, over UDP too: one of several servers \
                 fails, or a limit on the questions of one client is reached",
            ),
    };
    let finding = resolver
        .who(finding)
        .ruled_out("a closed TCP port, and a firewall that drops connections to it")
        .owner(resolver.owner());
    resolver.inspect(finding).step(match resolver.place() {
        Some(place) => Step::inspect(format!(
            "{place}: see whether it answers over TCP when it is asked there, and what its log says; \
             behind a balancer, ask each server"
        )),
        None => Step::local(format!(
            "if it stays so, use another resolver than {label} that sees the same zones"
        ))
        .undo("put the old resolver back"),
    })
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let all = e.dns.resolver_views();
    let resolver = all.iter().find(|r| {
        matches!(r.outcome, ResolverOutcome::TcpFailed(_))
            || (e.dns.effective().is_empty() && r.reachability == Reachability::UdpOnly)
            || plain(e, r).is_some()
    })?;
    let plain = plain(e, resolver);
    let over_tcp_alone = matches!(resolver.outcome, ResolverOutcome::Silent);
    // The C library waits for TCP for minutes, and has no other answer to take.
    let answering = || e.dns.deciding().into_iter().filter(|r| !r.outcome.addresses().is_empty());
    let waits = plain.is_some()
        && e.dns.system.value() == Some(&SystemAnswer::Stalled)
        && answering().all(|r| self::plain(e, r).is_some());
    let none =
        if plain.is_some() { waits || e.dns.effective().is_empty() } else { e.dns.all_fail() };
    let lost = none && e.dns.deciding().iter().any(|r| r.index == resolver.index);
    let level = match (lost, downstream::level_without_address(e)) {
        (true, _) if downstream::proxy_name_unresolved(e) => Level::Broken,
        (true, level) => level,
        (false, Level::Broken) => Level::Risk,
        (false, level) => level,
    };
    let label = resolver.label();
    let repeated = repeated(e, resolver, plain.is_some());
    let connects = repeated.is_some_and(|exchange| exchange.segments > 1);
    let error = repeated.and_then(error_of);
    let (fails, short) = match connects {
        true => ("fails over TCP", "TCP fails"),
        false => ("TCP to it fails", "TCP fails"),
    };
    let mut finding = FindingBuilder::new(
        level,
        // An error may come over UDP another time.
        if waits || error.is_some() { Confidence::Inferred } else { Confidence::Proved },
        if over_tcp_alone {
            format!("`use-vc` asks {label} over TCP, but it answers only over UDP").into()
        } else if plain.is_some() {
            text::clause(
                format!("{label} truncates its answer without EDNS, and {fails}"),
                format!("the answer without EDNS is truncated, and {short}"),
            )
        } else {
            text::clause(
                format!("{label} truncates its answer, and {fails}"),
                format!("the resolver truncates its answer, and {short}"),
            )
        },
    )
    .fact(format!("{label}: {}", text::outcome(resolver)))
    .cites(resolver.pointer())
    .reasoning(if plain.is_some() {
        format!(
            "the answer has more than 512 bytes: with EDNS it fits into a UDP message, and {} asks \
             without and repeats the question over TCP, which failed here",
            Library::of(e).words()
        )
    } else if over_tcp_alone {
        "`options use-vc` makes the C library ask over TCP from the start; that got no answer here, and \
         questions over UDP did"
            .to_owned()
    } else {
        "the answer over UDP has the TC bit; a resolver library then repeats the question over TCP, \
         which failed here"
            .to_owned()
    })
    .owner("Network")
    .inspect("ask over TCP", format!("{} +tcp", text::dig(&e.dns.name, resolver.seen)));
    if waits {
        finding = finding.reasoning(text::slower_looks_the_same(e)).cites("/dns/system");
    }
    if let Some(why) = plain {
        finding = finding.fact(format!("{label} without EDNS: truncated; over TCP: {why}"));
        for pointer in dns_experiments::pointers(e, resolver.seen, &["plain-question"]) {
            finding = finding.cites(pointer);
        }
    }
    finding = match platform_advice::on(e, Topic::ResolverUnanswered) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None => finding,
    };
    finding = match connects {
        true => accepted(finding, &Resolver::of(e, resolver), error),
        false => finding.step(
            Step::shared(
                format!(
                    "allow TCP port {} to {}, and have the resolver listen on it",
                    resolver.seen.address.port(),
                    resolver.seen.address.ip()
                ),
                "every client behind the same firewall rule",
            )
            .undo("remove the rule again"),
        ),
    };
    if plain.is_some() && Library::of(e).is_glibc() {
        finding = finding.step(edns_differs::with_edns());
    }
    Some(finding.check(format!("{} +tcp", text::dig(&e.dns.name, resolver.seen))))
}
