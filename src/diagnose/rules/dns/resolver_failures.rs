//! Applications get no address because every deciding resolver fails: one rule for each way
//! in which the first of them does. They differ in data alone.

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::advice::{Resolver, Upstream};
use super::{fate, heard, local_error, words};
use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::view::tried::{Reach, Tcp};

pub(super) const EXPLAINS: &[&str] =
    &["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed", "proxy-name-unresolved"];

pub(super) const SILENT: Rule = rule!(
    "dns-resolver-silent",
    Dns,
    "No configured resolver answers: the first one is silent",
    Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Silent))?;
        let reach = r.reach;
        if has_own_rule(&reach) {
            return None;
        }
        let sent = r.seen.a.saw().map_or(0, |exchange| exchange.sent);
        let runs = reach == Reach::Nothing(Tcp::Stood);
        let resolver = Resolver::of(e, r);
        // A resolver that is slower than the deadline looks the same.
        let because = resolver
            .who(failure(e, r, Sure::Inferred, format!("{} does not answer", r.label())))
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
            .known_by(experiments(&reach, r))
            .known_by(words::or_too_slow(e))
            .look("see whether the resolver is reached at all", probe(e, r));
        let because = match runs {
            true => resolver.upstream(because, Upstream::Everything),
            false => resolver.way(because, r.seen.address.port()),
        };
        Some(because.check(words::dig(&e.dns.name, r.seen)))
    })
)
.explains(EXPLAINS);

pub(super) const PORT_REFUSED: Rule = rule!(
    "dns-resolver-port-refused",
    Dns,
    "No configured resolver answers: the first one's port is closed",
    Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::PortRefused))?;
        let port = r.seen.address.port();
        let resolver = Resolver::of(e, r);
        let because = failure(
            e,
            r,
            Sure::Proved,
            format!("port {port} of {} is closed", r.seen.address.ip()),
        )
        .known_by(format!(
            "the machine at {} itself reports that nothing listens on port {port}; a firewall \
             that rejects in its name would look alike",
            r.seen.address.ip()
        ));
        Some(resolver.runs(resolver.who(because)).check(words::dig(&e.dns.name, r.seen)))
    })
)
.explains(EXPLAINS);

pub(super) const UNREACHABLE: Rule = rule!(
    "dns-resolver-unreachable",
    Dns,
    "No configured resolver answers: the first one cannot be reached",
    Code(|e| {
        let r = first_of_failures(e)
            .filter(|r| matches!(r.gives, Gives::Unreachable(_) | Gives::NotSent(_)))?;
        let said = match &r.gives {
            Gives::Unreachable(icmp) => words::unreachable(icmp),
            Gives::NotSent(says) => format!("the question could not be sent: {says}"),
            _ => return None,
        };
        let short = format!("{} cannot be reached", r.label());
        Some(
            failure(e, r, Sure::Proved, words::clause(format!("{short}: {said}"), &short))
                .known_by(format!("asking {}: {said}", r.label()))
                .owner("Network")
                .look(
                    "see the route to the resolver",
                    format!("ip route get {}", r.seen.address.ip()),
                )
                .act(
                    Step::local(
                        "bring the route or tunnel up that leads there, or configure a resolver \
                         in reach",
                    )
                    .undo("put the old route or resolver back"),
                )
                .check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);

pub(super) const REFUSED: Rule = rule!("dns-refused", Dns, "No configured resolver gives an answer: the first one says REFUSED", Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Refused(_)))?;
        let reach = r.reach;
        let resolver = Resolver::of(e, r);
        let because = resolver
            .who(rcode(e, r))
                .known_by(format!(
                    "{} is reached and declines by its own rules: {}",
                    r.label(),
                    match reach {
                        _ if resolver.whose.class == ResolverClass::AzureDns => OF_AZURE,
                        Reach::RefusesAll =>
                            "it refuses the root's name servers as well, so it is not the name: \
                             this machine is not among its clients, it does not resolve for others, \
                             or it has no upstream",
                        Reach::OtherZones =>
                            "it answers for a fresh name of another zone, so this name or zone \
                             alone is refused: a block list, a view, or its forwarder refuses",
                        _ =>
                            "this machine is not among its clients, it does not resolve for \
                             others, or it blocks the name",
                    }
                ))
                .look(
                    "see whether it refuses every name or this one",
                    words::dig("azure.com", r.seen),
                );
        let because = match reach {
            Reach::OtherZones => {
                resolver.upstream(because, Upstream::Zone(reading::public_suffix(e)))
            }
            _ => refused(because, e, &resolver),
        };
        Some(because.check(words::dig(&e.dns.name, r.seen)))
    })).explains(EXPLAINS).decided_by(&["root-servers"]);

/// What REFUSED from 168.63.129.16 means (facts D55, D67): there is no access list to correct.
const OF_AZURE: &str = "it has no access list that anybody could change, and a DNS security \
     policy answers with an alias instead. What is refused is refused by the server to which a \
     forwarding rule of this network sends the question, or by a device on the way that answers in \
     the name of 168.63.129.16, as where the question comes from outside Azure";

/// What to do about a server that refuses.
pub(super) fn refused(because: Because, e: &View<'_>, resolver: &Resolver<'_>) -> Because {
    match resolver.place() {
        _ if resolver.whose.class == ResolverClass::AzureDns => resolver.upstream(
            because.look("see which way the question takes", "ip route get 168.63.129.16"),
            Upstream::Everything,
        ),
        Some(place) => resolver.look(because.owner(resolver.owner())).act(
            Step::shared(
                format!(
                    "{place}: allow this machine{} in the access list of the server that refuses",
                    source(e)
                ),
                "who may use that server: add this one client",
            )
            .undo("take the client out of the list again"),
        ),
        None => resolver.upstream(because, Upstream::Everything),
    }
}

pub(super) const SERVFAIL: Rule = rule!(
    "dns-servfail",
    Dns,
    "No configured resolver gives an answer: the first one says SERVFAIL",
    Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::ServFail(_)))?;
        if has_own_rule(&r.reach) {
            return None;
        }
        let suffix = reading::public_suffix(e);
        let resolver = Resolver::of(e, r);
        let because = resolver
            .who(rcode(e, r))
            .known_by(format!(
                "{} is reached and could not finish: its forwarder for {suffix} does not \
                     answer, it refuses the chain (DNSSEC, private-address filter), or a policy \
                     answers so",
                r.label()
            ))
            .look(
                "see whether it fails for every name or this one",
                words::dig("azure.com", r.seen),
            );
        Some(
            resolver
                .upstream(because, Upstream::Zone(suffix))
                .check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS)
.decided_by(&["root-servers", "without-validation"]);

pub(super) const MALFORMED: Rule = rule!(
    "dns-malformed-answer",
    Dns,
    "No configured resolver gives an answer: the first one does not send DNS",
    Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::Malformed))?;
        Some(
            failure(
                e,
                r,
                Sure::Proved,
                format!("{} answers with bytes that are not a DNS message", r.label()),
            )
            .known_by(
                "what came back cannot be read as DNS: another program listens on the port, or a \
                 device on the way rewrites answers",
            )
            .owner(Resolver::of(e, r).owner())
            .look("see what comes back", words::dig(&e.dns.name, r.seen))
            .act(
                Step::local("replace what listens there, or configure another resolver")
                    .undo("put the old one back"),
            )
            .check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);

pub(super) const OTHER: Rule = rule!(
    "dns-error-answer",
    Dns,
    "No configured resolver gives an answer: the first one answers with an error",
    Code(|e| {
        let r = first_of_failures(e).filter(|r| matches!(r.gives, Gives::OtherError(_)))?;
        Some(
            rcode(e, r)
                .known_by(format!(
                    "{} is reached and answers with an error that a resolver should not give for \
                     an ordinary question",
                    r.label()
                ))
                .owner(Resolver::of(e, r).owner())
                .look("see the answer in full", words::dig(&e.dns.name, r.seen))
                .look(
                    "and without EDNS, which some servers and firewalls cannot read",
                    format!("{} +noedns", words::dig(&e.dns.name, r.seen)),
                )
                .act(
                    Step::local("fix or replace that server, or configure another resolver")
                        .undo("put the old one back"),
                )
                .check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);

/// Whether the experiments give the failure a name of its own.
const fn has_own_rule(reach: &Reach) -> bool {
    matches!(
        reach,
        Reach::Unvalidated
            | Reach::OverTcpAlone
            | Reach::OverUdpAlone
            | Reach::OtherZones
            | Reach::NothingOfOthers
    )
}

/// What the experiments on a silent resolver gave.
fn experiments(reach: &Reach, r: &Asked<'_>) -> String {
    match reach {
        Reach::Nothing(Tcp::Refused) => format!(
            "TCP to its port is refused: {} is reached, or a firewall answers for it, and UDP is \
             dropped or not served",
            r.label()
        ),
        Reach::Nothing(Tcp::Stood) => format!(
            "TCP to its port connects, and no answer comes there either: {} is reached, and what \
             runs there hangs or waits for its own upstream",
            r.label()
        ),
        Reach::Nothing(Tcp::Silent) => {
            "questions for the root and for localhost have no answer either, and TCP to its port \
             is silent as well"
                .to_owned()
        }
        _ => "each question was repeated until the deadline".to_owned(),
    }
}

/// The first deciding resolver, when applications get no address and no resolver before the
/// last word gives one. An answer with an odd rcode is itself the last word.
pub(super) fn first_of_failures<'v>(e: &'v View<'_>) -> Option<&'v Asked<'v>> {
    if !e.dns.effective().is_empty() {
        return None;
    }
    if let Some(last_word) = e.dns.decider() {
        return matches!(last_word.gives, Gives::OtherError(_)).then_some(last_word);
    }
    let all = e.dns.deciding();
    if all.iter().any(|r| r.gives.is_answer() || rate_limited(e, r)) {
        return None;
    }
    // What this machine itself could not send has a rule of its own.
    all.into_iter().next().filter(|r| local_error::refused(r.seen).is_none())
}

/// Whether a resolver that left this walk without an answer answered others.
fn rate_limited(e: &View<'_>, r: &Asked<'_>) -> bool {
    matches!(r.gives, Gives::Silent) && heard::other_than_by_us(e, r.seen).is_some()
}

fn rcode(e: &View<'_>, r: &Asked<'_>) -> Because {
    let answer = gives::message(r.seen);
    let code = answer.map_or("an error", |a| a.rcode.as_str());
    let mut because = failure(e, r, Sure::Proved, format!("{} answers {code}", r.label()));
    if let Some(text) = answer.and_then(words::extended) {
        because = because.seen(format!("{} adds: {text}", r.label()));
    }
    because
}

pub(super) fn failure(e: &View<'_>, r: &Asked<'_>, sure: Sure, says: impl Into<Clause>) -> Because {
    let level = if fate::proxy_name_lost(e) { Level::Broken } else { fate::without_address(e) };
    let mut because = Because::new(level, sure, says);
    for other in e.dns.asked() {
        because = because
            .seen(format!("{} for {}: {}", other.label(), e.dns.name, words::gives(other)))
            .read_at(other.pointer());
    }
    if let Some(code) = reading::system_failed(e) {
        because = because.seen(format!("getaddrinfo says {code}")).read_at("/dns/system");
    }
    if let Some(stub) = &e.vantage.resolver_config.stub
        && stub.address == r.seen.address.ip()
    {
        because = because
            .seen(format!("{} is a stub that asks {}", r.label(), reading::list(&stub.upstreams)))
            .read_at("/vantage/resolver_config/stub");
    }
    because
}

/// The command that separates a dropped question from a dead resolver.
pub(super) fn probe(e: &View<'_>, r: &Asked<'_>) -> String {
    format!("{} +tcp +time=3 +tries=1", words::dig(&e.dns.name, r.seen))
}

/// This machine's address towards the private side, if the evidence has one.
fn source(e: &View<'_>) -> String {
    e.vantage
        .sources
        .iter()
        .find_map(|s| s.source)
        .map(|address| format!(" ({address})"))
        .unwrap_or_default()
}
