//! Applications get no address because every deciding resolver fails: one rule for each way
//! in which the first of them does. They differ in data alone.

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

use super::gives::{self, Asked, Gives};
use super::tried::{self, Reach, Tcp};
use super::{fate, heard, words};

pub(super) const EXPLAINS: &[&str] =
    &["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed", "proxy-name-unresolved"];

pub(super) const SILENT: Rule = Rule {
    id: "dns-resolver-silent",
    hop: Hop::Dns,
    title: "No configured resolver answers: the first one is silent",
    page: include_str!("../../../../docs/findings/dns-resolver-silent.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Silent))?;
        let reach = tried::reach(e, r.seen);
        if told_apart(&reach) {
            return None;
        }
        let sent = r.seen.a.saw().map_or(0, |exchange| exchange.sent);
        let runs = reach == Reach::Nothing(Tcp::Stood);
        Some(
            // A resolver that is slower than the deadline looks the same.
            failure(e, &r, Sure::Inferred, format!("{} does not answer", r.label()))
                .known_by(format!(
                    "{sent} packet{} to {} had no answer of any kind, not even ICMP{}",
                    if sent == 1 { "" } else { "s" },
                    r.label(),
                    if runs {
                        ""
                    } else {
                        ": they are dropped on the way, or nothing runs at that address"
                    }
                ))
                .known_by(beside(&reach, &r))
                .known_by(words::or_too_slow(e))
                .owner(if runs { "DNS" } else { "Network" })
                .look("see whether the resolver is reached at all", probe(e, &r))
                .step(if runs {
                    format!(
                        "on {}: see its log and whom it asks in its turn (a dead upstream, two \
                         resolvers that forward to each other)",
                        r.label()
                    )
                } else {
                    format!(
                        "let UDP and TCP port {} through from this machine to {}, both ways, or \
                         configure a resolver that answers",
                        r.seen.address.port(),
                        r.seen.address.ip()
                    )
                })
                .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const PORT_REFUSED: Rule = Rule {
    id: "dns-resolver-port-refused",
    hop: Hop::Dns,
    title: "No configured resolver answers: the first one's port is closed",
    page: include_str!("../../../../docs/findings/dns-resolver-port-refused.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::PortRefused))?;
        let port = r.seen.address.port();
        Some(
            failure(
                e,
                &r,
                Sure::Proved,
                format!("port {port} of {} is closed", r.seen.address.ip()),
            )
            .known_by(format!(
                "the machine at {} says itself that nothing listens on port {port}; a firewall \
                 that rejects in its name would look alike",
                r.seen.address.ip()
            ))
            .owner("DNS")
            .look("on the resolver: see what listens there", format!("ss -lnup 'sport = :{port}'"))
            .step("start the DNS service there, or configure the right resolver here")
            .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const UNREACHABLE: Rule = Rule {
    id: "dns-resolver-unreachable",
    hop: Hop::Dns,
    title: "No configured resolver answers: the first one cannot be reached",
    page: include_str!("../../../../docs/findings/dns-resolver-unreachable.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e)
            .filter(|r| matches!(r.gives, Gives::Unreachable(_) | Gives::NotSent(_)))?;
        let said = match &r.gives {
            Gives::Unreachable(icmp) => words::unreachable(icmp),
            Gives::NotSent(says) => format!("the question could not be sent: {says}"),
            _ => return None,
        };
        let short = format!("{} cannot be reached", r.label());
        Some(
            failure(e, &r, Sure::Proved, words::clause(format!("{short}: {said}"), &short))
                .known_by(format!("asking {}: {said}", r.label()))
                .owner("Network")
                .look(
                    "see the route to the resolver",
                    format!("ip route get {}", r.seen.address.ip()),
                )
                .step("mend the route, tunnel or rule on the way, or configure a resolver in reach")
                .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const REFUSED: Rule = Rule {
    id: "dns-refused",
    hop: Hop::Dns,
    title: "No configured resolver gives an answer: the first one says REFUSED",
    page: include_str!("../../../../docs/findings/dns-refused.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Refused(_)))?;
        let reach = tried::reach(e, r.seen);
        Some(
            rcode(e, &r)
                .known_by(format!(
                    "{} is reached and declines by its own rules: {}",
                    r.label(),
                    match reach {
                        Reach::RefusesAll =>
                            "it refuses the root's name servers as well, so it is not the name: \
                             this machine is not among its clients, it resolves for nobody, or it has no \
                             upstream",
                        Reach::OtherZones =>
                            "it answers for a fresh name of another zone, so this name or zone \
                             alone is refused: a block list, a view, or its forwarder refuses",
                        _ =>
                            "this machine is not among its clients, it does not resolve for \
                             others, or it blocks the name",
                    }
                ))
                .owner("DNS")
                .look(
                    "see whether it refuses every name or this one",
                    words::dig("azure.com", r.seen),
                )
                .step(format!("allow this machine{} in the resolver's access list", source(e)))
                .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const SERVFAIL: Rule = Rule {
    id: "dns-servfail",
    hop: Hop::Dns,
    title: "No configured resolver gives an answer: the first one says SERVFAIL",
    page: include_str!("../../../../docs/findings/dns-servfail.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::ServFail(_)))?;
        if told_apart(&tried::reach(e, r.seen)) {
            return None;
        }
        let suffix = reading::public_suffix(e);
        Some(
            rcode(e, &r)
                .known_by(format!(
                    "{} is reached and could not finish: its forwarder for {suffix} does not \
                     answer, it refuses the chain (DNSSEC, private-address filter), or a policy \
                     answers so",
                    r.label()
                ))
                .owner("DNS")
                .look(
                    "see whether it fails for every name or this one",
                    words::dig("azure.com", r.seen),
                )
                .step(format!(
                    "on the resolver: check that the forwarder of {suffix} answers (inside Azure \
                     168.63.129.16, elsewhere a resolver inside the virtual network)"
                ))
                .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const MALFORMED: Rule = Rule {
    id: "dns-malformed-answer",
    hop: Hop::Dns,
    title: "No configured resolver gives an answer: the first one sends no DNS message",
    page: include_str!("../../../../docs/findings/dns-malformed-answer.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Malformed))?;
        Some(
            failure(
                e,
                &r,
                Sure::Proved,
                format!("{} answers with octets that are no DNS message", r.label()),
            )
            .known_by(
                "what came back cannot be read as DNS: another program listens on the port, or a \
                 device on the way rewrites answers",
            )
            .owner("DNS")
            .look("see what comes back", words::dig(&e.dns.name, r.seen))
            .step("mend or replace what listens there, or configure another resolver")
            .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

pub(super) const OTHER: Rule = Rule {
    id: "dns-error-answer",
    hop: Hop::Dns,
    title: "No configured resolver gives an answer: the first one answers with an error",
    page: include_str!("../../../../docs/findings/dns-error-answer.md"),
    explains: EXPLAINS,
    check: |e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::OtherError(_)))?;
        Some(
            rcode(e, &r)
                .known_by(format!(
                    "{} is reached and answers with an error that a resolver should not give for \
                     an ordinary question",
                    r.label()
                ))
                .owner("DNS")
                .look("see the answer in full", words::dig(&e.dns.name, r.seen))
                .look(
                    "and without EDNS, which some servers and firewalls cannot read",
                    format!("{} +noedns", words::dig(&e.dns.name, r.seen)),
                )
                .step("mend the server, or configure another resolver")
                .check(words::dig(&e.dns.name, r.seen)),
        )
    },
};

/// Whether the experiments give the failure a name of its own.
const fn told_apart(reach: &Reach) -> bool {
    matches!(
        reach,
        Reach::Unvalidated
            | Reach::OverTcpAlone
            | Reach::OverUdpAlone
            | Reach::OtherZones
            | Reach::NothingOfOthers
    )
}

/// What the experiments beside a silent resolver gave.
fn beside(reach: &Reach, r: &Asked<'_>) -> String {
    match reach {
        Reach::Nothing(Tcp::Refused) => format!(
            "TCP to its port is refused: {} is reached, or a firewall speaks for it, and UDP is \
             dropped or not served",
            r.label()
        ),
        Reach::Nothing(Tcp::Stood) => format!(
            "TCP to its port connects, and no answer comes there either: {} is reached, and what \
             runs there hangs or waits for its own upstream",
            r.label()
        ),
        Reach::Nothing(Tcp::Silent) => {
            "neither the root's name servers nor localhost is told, and TCP to its port is silent \
             as well"
                .to_owned()
        }
        _ => "each question was repeated until the deadline".to_owned(),
    }
}

/// The first deciding resolver, when applications get no address and no resolver before the
/// last word gives one. An answer with an odd rcode is itself the last word.
pub(super) fn first_of_failures(e: &Evidence) -> Option<Asked<'_>> {
    if !gives::application(e).is_empty() {
        return None;
    }
    if let Some(last_word) = gives::decider(e) {
        return matches!(last_word.gives, Gives::OtherError(_)).then_some(last_word);
    }
    let all = gives::deciding(e);
    if all.iter().any(|r| r.gives.is_answer() || rate_limited(e, r)) {
        return None;
    }
    all.into_iter().next()
}

/// Whether a resolver that left this walk without an answer answered others.
fn rate_limited(e: &Evidence, r: &Asked<'_>) -> bool {
    matches!(r.gives, Gives::Silent) && heard::other_than_by_us(e, r.seen).is_some()
}

fn rcode(e: &Evidence, r: &Asked<'_>) -> Because {
    let answer = gives::message(r.seen);
    let code = answer.map_or("an error", |a| a.rcode.as_str());
    let mut because = failure(e, r, Sure::Proved, format!("{} answers {code}", r.label()));
    if let Some(text) = answer.and_then(words::extended) {
        because = because.seen(format!("{} adds: {text}", r.label()));
    }
    because
}

pub(super) fn failure(e: &Evidence, r: &Asked<'_>, sure: Sure, says: String) -> Because {
    let level = if fate::proxy_name_lost(e) { Level::Broken } else { fate::without_address(e) };
    let mut because = Because::new(level, sure, says);
    for other in gives::asked(e) {
        because = because
            .seen(format!("{} for {}: {}", other.label(), e.dns.name, words::gives(&other)))
            .read_at(other.pointer());
    }
    if let Some(code) = reading::system_failed(e) {
        because = because.seen(format!("getaddrinfo says {code}")).read_at("/dns/system");
    }
    if let Some(stub) = &e.vantage.resolver_config.stub
        && stub.address == r.seen.address.ip()
    {
        because = because
            .seen(format!("{} is a stub for {}", r.label(), reading::list(&stub.upstreams)))
            .read_at("/vantage/resolver_config/stub");
    }
    because
}

/// The command that tells a dropped question from a dead resolver.
pub(super) fn probe(e: &Evidence, r: &Asked<'_>) -> String {
    format!("{} +tcp +time=3 +tries=1", words::dig(&e.dns.name, r.seen))
}

/// This machine's address towards the private side, if the evidence has one.
fn source(e: &Evidence) -> String {
    e.vantage
        .sources
        .iter()
        .find_map(|s| s.source)
        .map(|address| format!(" ({address})"))
        .unwrap_or_default()
}
