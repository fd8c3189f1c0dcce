//! Every deciding resolver fails, and how the first of them does says what to do.

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::view::gives::{Asked, Gives};
use crate::diagnose::view::tried::{Reach, Tcp};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{Resolver, Upstream};
use super::failures::{OF_AZURE, Row, adds, answers, probe, refused};
use super::symptoms::NO_ADDRESS;
use super::words;

pub(super) const SILENT: Rule = rule!(
    "dns-resolver-silent",
    Dns,
    "No configured resolver answers: the first one is silent",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::Silent),
        // A resolver that is slower than the deadline looks the same.
        sure: |_| Sure::Inferred,
        says: |_, r| format!("{} does not answer", r.label()).into(),
        shown_by: &[],
        why: silent,
    })
)
.explains(NO_ADDRESS)
.yields_to(&["dns-udp-filtered", "dns-upstream-dead", "dns-zone-fails", "dns-tcp-blocked"]);

pub(super) const PORT_REFUSED: Rule = rule!(
    "dns-resolver-port-refused",
    Dns,
    "No configured resolver answers: the first one's port is closed",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::PortRefused),
        sure: |_| Sure::Proved,
        says: |_, r| {
            let at = r.seen.address;
            format!("port {} of {} is closed", at.port(), at.ip()).into()
        },
        shown_by: &[],
        why: port_refused,
    })
)
.explains(NO_ADDRESS);

pub(super) const UNREACHABLE: Rule = rule!(
    "dns-resolver-unreachable",
    Dns,
    "No configured resolver answers: the first one cannot be reached",
    DnsFailure(&Row {
        when: |r| unreached(r).is_some(),
        sure: |_| Sure::Proved,
        says: cannot_be_reached,
        shown_by: &[],
        why: unreachable,
    })
)
.explains(NO_ADDRESS);

pub(super) const REFUSED: Rule = rule!(
    "dns-refused",
    Dns,
    "No configured resolver gives an answer: the first one says REFUSED",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::Refused(_)),
        sure: |_| Sure::Proved,
        says: answers,
        shown_by: &[],
        why: declines,
    })
)
.explains(NO_ADDRESS)
.decided_by(&["root-servers"]);

pub(super) const SERVFAIL: Rule = rule!(
    "dns-servfail",
    Dns,
    "No configured resolver gives an answer: the first one says SERVFAIL",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::ServFail(_)),
        sure: |_| Sure::Proved,
        says: answers,
        shown_by: &[],
        why: servfail,
    })
)
.explains(NO_ADDRESS)
.yields_to(&["dns-validation-fails", "dns-upstream-dead", "dns-zone-fails"])
.decided_by(&["root-servers", "without-validation"]);

pub(super) const MALFORMED: Rule = rule!(
    "dns-malformed-answer",
    Dns,
    "No configured resolver gives an answer: the first one does not send DNS",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::Malformed),
        sure: |_| Sure::Proved,
        says: |_, r| {
            format!("{} answers with bytes that are not a DNS message", r.label()).into()
        },
        shown_by: &[],
        why: malformed,
    })
)
.explains(NO_ADDRESS);

pub(super) const OTHER: Rule = rule!(
    "dns-error-answer",
    Dns,
    "No configured resolver gives an answer: the first one answers with an error",
    DnsFailure(&Row {
        when: |r| matches!(r.gives, Gives::OtherError(_)),
        sure: |_| Sure::Proved,
        says: answers,
        shown_by: &[],
        why: other_error,
    })
)
.explains(NO_ADDRESS);

fn silent(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let sent = r.seen.a.saw().map_or(0, |exchange| exchange.sent);
    let runs = r.reach == Reach::Nothing(Tcp::Stood);
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(because)
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
        .known_by(experiments(r))
        .known_by(words::or_too_slow(e))
        .look("see whether the resolver is reached at all", probe(e, r));
    match runs {
        true => resolver.upstream(because, Upstream::Everything),
        false => resolver.way(because, r.seen.address.port()),
    }
}

/// What the experiments on a silent resolver gave.
fn experiments(r: &Asked<'_>) -> String {
    match r.reach {
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

fn port_refused(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let resolver = Resolver::of(e, r);
    let because = because.known_by(format!(
        "the machine at {} itself reports that nothing listens on port {}; a firewall that \
         rejects in its name would look alike",
        r.seen.address.ip(),
        r.seen.address.port()
    ));
    resolver.runs(resolver.who(because))
}

/// Why the question did not reach it, by the network's or this machine's word.
fn unreached(r: &Asked<'_>) -> Option<String> {
    match &r.gives {
        Gives::Unreachable(icmp) => Some(words::unreachable(icmp)),
        Gives::NotSent(says) => Some(format!("the question could not be sent: {says}")),
        _ => None,
    }
}

fn cannot_be_reached(_: &View<'_>, r: &Asked<'_>) -> Clause {
    let short = format!("{} cannot be reached", r.label());
    words::clause(format!("{short}: {}", unreached(r).unwrap_or_default()), &short)
}

fn unreachable(because: Because, _: &View<'_>, r: &Asked<'_>) -> Because {
    because
        .known_by(format!("asking {}: {}", r.label(), unreached(r).unwrap_or_default()))
        .owner("Network")
        .look("see the route to the resolver", format!("ip route get {}", r.seen.address.ip()))
        .act(
            Step::local(
                "bring the route or tunnel up that leads there, or configure a resolver in reach",
            )
            .undo("put the old route or resolver back"),
        )
}

fn declines(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(adds(because, r))
        .known_by(format!(
            "{} is reached and declines by its own rules: {}",
            r.label(),
            match r.reach {
                _ if resolver.whose.class == ResolverClass::AzureDns => OF_AZURE,
                Reach::RefusesAll =>
                    "it refuses the root's name servers as well, so it is not the name: this \
                     machine is not among its clients, it does not resolve for others, or it has \
                     no upstream",
                Reach::OtherZones =>
                    "it answers for a fresh name of another zone, so this name or zone alone is \
                     refused: a block list, a view, or its forwarder refuses",
                _ =>
                    "this machine is not among its clients, it does not resolve for others, or it \
                     blocks the name",
            }
        ))
        .look("see whether it refuses every name or this one", words::dig("azure.com", r.seen));
    match r.reach {
        Reach::OtherZones => resolver.upstream(because, Upstream::Zone(reading::public_suffix(e))),
        _ => refused(because, e, &resolver),
    }
}

fn servfail(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let suffix = reading::public_suffix(e);
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(adds(because, r))
        .known_by(format!(
            "{} is reached and could not finish: its forwarder for {suffix} does not answer, it \
             refuses the chain (DNSSEC, private-address filter), or a policy answers so",
            r.label()
        ))
        .look("see whether it fails for every name or this one", words::dig("azure.com", r.seen));
    resolver.upstream(because, Upstream::Zone(suffix))
}

fn malformed(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    because
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
}

fn other_error(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    adds(because, r)
        .known_by(format!(
            "{} is reached and answers with an error that a resolver should not give for an \
             ordinary question",
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
}
