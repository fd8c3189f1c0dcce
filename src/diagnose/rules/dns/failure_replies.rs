//! Every deciding resolver fails; the way in which the first of them fails decides the advice.

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::ResolverClass;
use crate::diagnose::rules::hop_limit;
use crate::diagnose::view::dns_experiments::{Reachability, TcpProbe};
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tcp::IcmpMeaning;

use super::advice::{Resolver, Upstream};
use super::failures::{
    OF_AZURE, Row, adds, admit, answers, closes, may_lack_endpoints, own_filter, probe, refused,
};
use super::symptoms::NO_ADDRESS;
use super::{record_gap, text};

pub(super) const SILENT: Rule = rule!(
    "dns-resolver-silent",
    Dns,
    "No configured resolver answers: the first one is silent",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::Silent),
        // A resolver that is slower than the deadline looks the same.
        confidence: |_| Confidence::Inferred,
        message: |_, r| format!("{} does not answer", r.label()).into(),
        shown_by: &[],
        why: silent,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS)
.yields_to(&["dns-udp-filtered", "dns-upstream-dead", "dns-zone-fails", "dns-tcp-blocked"]);

pub(super) const PORT_REFUSED: Rule = rule!(
    "dns-resolver-port-refused",
    Dns,
    "No configured resolver answers: the first one's port is closed",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::PortRefused),
        confidence: |_| Confidence::Proved,
        message: |_, r| {
            let at = r.seen.address;
            format!("port {} of {} is closed", at.port(), at.ip()).into()
        },
        shown_by: &[],
        why: port_refused,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const UNREACHABLE: Rule = rule!(
    "dns-resolver-unreachable",
    Dns,
    "No configured resolver answers: the first one cannot be reached",
    DnsFailure(&Row {
        when: |r| unreached(r).is_some(),
        // The code of a message is that of a missing route or of a rule: its sender alone is known.
        confidence: |r| match &r.outcome {
            ResolverOutcome::NotSent(_)
            | ResolverOutcome::Unreachable(_, Refuser::Routing | Refuser::Link) => {
                Confidence::Proved
            }
            _ => Confidence::Inferred,
        },
        message: cannot_be_reached,
        shown_by: &[],
        why: unreachable,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const REFUSED: Rule = rule!(
    "dns-refused",
    Dns,
    "No configured resolver gives an answer: the first one answers REFUSED",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::Refused(_)),
        confidence: |_| Confidence::Proved,
        message: answers,
        shown_by: &[],
        why: declines,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS)
.decided_by(&["root-servers"]);

pub(super) const SERVFAIL: Rule = rule!(
    "dns-servfail",
    Dns,
    "No configured resolver gives an answer: the first one answers SERVFAIL",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::ServFail(_)),
        confidence: |_| Confidence::Proved,
        message: answers,
        shown_by: &[],
        why: servfail,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS)
.yields_to(&["dns-validation-fails", "dns-upstream-dead", "dns-zone-fails"])
.decided_by(&["root-servers", "without-validation"]);

pub(super) const MALFORMED: Rule = rule!(
    "dns-malformed-answer",
    Dns,
    "No configured resolver gives an answer: the first one does not send DNS",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::Malformed),
        confidence: |_| Confidence::Proved,
        message: |_, r| {
            format!("{} answers with bytes that are not a DNS message", r.label()).into()
        },
        shown_by: &[],
        why: malformed,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const OTHER: Rule = rule!(
    "dns-error-answer",
    Dns,
    "No configured resolver gives an answer: the first one answers with an error",
    DnsFailure(&Row {
        when: |r| matches!(r.outcome, ResolverOutcome::OtherError(_)),
        confidence: |_| Confidence::Proved,
        message: answers,
        shown_by: &[],
        why: other_error,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

fn silent(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let sent = r.seen.a.value().map_or(0, |exchange| exchange.sent);
    let runs =
        matches!(r.reachability, Reachability::Unanswered(TcpProbe::Connected | TcpProbe::Closed));
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(finding)
        .reasoning(format!(
            "{sent} packet{} over UDP to {} got no answer of any kind, not even ICMP{}",
            if sent == 1 { "" } else { "s" },
            r.label(),
            if runs {
                ""
            } else {
                ": they are dropped on the way, or rejected without a message, or no host has that \
                 address"
            }
        ))
        .reasoning(experiments(e, r))
        .reasoning(text::slower_looks_the_same(e))
        .inspect("see whether the resolver can be reached at all", probe(e, r));
    match r.reachability {
        Reachability::Unanswered(TcpProbe::Closed) => admit(finding, e, &resolver),
        _ if runs => resolver.upstream(finding, Upstream::Everything),
        _ => resolver.way(finding, r.seen.address.port()),
    }
}

/// What the experiments on a silent resolver show.
fn experiments(e: &View<'_>, r: &ResolverView<'_>) -> String {
    match r.reachability {
        Reachability::Unanswered(TcpProbe::Refused) => format!(
            "TCP to its port is refused: {} is up, or a firewall answers for it, and UDP is \
             dropped or not served",
            r.label()
        ),
        Reachability::Unanswered(TcpProbe::Connected) => format!(
            "TCP to its port connects, and no answer comes over TCP either: {} is up, and the \
             server hangs or waits for its own upstream",
            r.label()
        ),
        Reachability::Unanswered(TcpProbe::Closed) => closes(e, r),
        Reachability::Unanswered(TcpProbe::Silent) => {
            "questions for the root and for localhost get no answer either, and TCP to its port is \
             silent as well"
                .to_owned()
        }
        _ => "each question was repeated until the deadline".to_owned(),
    }
}

fn port_refused(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let resolver = Resolver::of(e, r);
    let finding = finding.reasoning(format!(
        "the machine at {} itself reports that nothing listens on port {}; a firewall that rejects \
         in its name would look the same",
        r.seen.address.ip(),
        r.seen.address.port()
    ));
    resolver.runs(resolver.who(finding))
}

/// Why the question did not reach it, as the network or this machine reports.
fn unreached(r: &ResolverView<'_>) -> Option<String> {
    match &r.outcome {
        ResolverOutcome::Unreachable(icmp, refuser) => {
            Some(text::unreachable(icmp, Some(*refuser)))
        }
        ResolverOutcome::NotSent(message) => {
            Some(format!("the question could not be sent: {message}"))
        }
        _ => None,
    }
}

fn cannot_be_reached(_: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let short = format!("{} cannot be reached", r.label());
    text::clause(format!("{short}: {}", unreached(r).unwrap_or_default()), &short)
}

fn unreachable(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let port = r.seen.address.port();
    let finding =
        finding.reasoning(format!("asking {}: {}", r.label(), unreached(r).unwrap_or_default()));
    if may_lack_endpoints(e, r) {
        let resolver = Resolver::of(e, r);
        let finding = finding.reasoning(
            "in a cluster, the node rejects with this message where a Service has no endpoints \
             (kube-proxy): no pod of CoreDNS is ready; a rule of a packet filter would look the same",
        );
        return resolver.runs(resolver.who(finding));
    }
    let finding = match &r.outcome {
        ResolverOutcome::Unreachable(_, Refuser::Filter) => {
            let finding = finding.reasoning(
                "this machine itself sent that message at once; without a route its kernel refuses \
                 without a message, and it reports a neighbour that does not answer only after \
                 seconds: a rule of its packet filter rejects",
            );
            return own_filter(finding, port);
        }
        ResolverOutcome::Unreachable(icmp, Refuser::Device(from) | Refuser::Peer(from))
            if icmp.meaning == IcmpMeaning::TimeExceeded =>
        {
            return hop_limit::ran_out(e, r.seen.address.ip(), Some(*from)).add(finding);
        }
        ResolverOutcome::Unreachable(_, Refuser::Peer(from)) => {
            let resolver = Resolver::of(e, r);
            return resolver
                .who(finding)
                .reasoning(format!(
                    "{from} itself sent that message: the resolver's host is up, and a rule of its \
                     own packet filter rejects the question; a device on the way that translates \
                     addresses (NAT) would send a message in the same name"
                ))
                .owner(resolver.owner())
                .inspect("see whether TCP is rejected too", probe(e, r))
                .step(Step::inspect(format!(
                    "have the administrators of {from} see the rules of its packet filter for UDP and TCP \
                     {port}, and whether they admit this machine"
                )));
        }
        ResolverOutcome::Unreachable(_, Refuser::Link) => finding
            .reasoning("no host on this machine's link answers for it, or for the gateway to it"),
        ResolverOutcome::Unreachable(icmp, Refuser::Device(from)) => {
            finding.reasoning(match icmp.meaning {
                IcmpMeaning::PortUnreachable | IcmpMeaning::AdminProhibited => {
                    format!("{from} is not the resolver: a rule there rejects the question")
                }
                _ => format!(
                    "{from} has no way to the resolver, or a rule there rejects the question with \
                     this code"
                ),
            })
        }
        _ => finding,
    };
    let finding = match &r.outcome {
        ResolverOutcome::Unreachable(_, Refuser::Device(from)) => {
            finding.step(Step::inspect(format!(
                "on {from}: see its route to the resolver, and its rules for UDP and TCP {port}"
            )))
        }
        _ => finding,
    };
    finding
        .owner("Network")
        .inspect("see the route to the resolver", format!("ip route get {}", r.seen.address.ip()))
        .step(
            Step::local(
                "bring up the route or tunnel that leads there, or configure a reachable resolver",
            )
            .undo("put the old route or resolver back"),
        )
}

fn declines(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(adds(finding, r))
        .reasoning(format!(
            "{} is up and refuses by its own rules: {}",
            r.label(),
            match r.reachability {
                _ if resolver.whose.class == ResolverClass::AzureDns => OF_AZURE,
                Reachability::RefusesEverything =>
                    "it refuses the question for the root's name servers too, so the name is not \
                     the reason: this machine is not among its clients, it does not resolve for \
                     others, it has no upstream, or it refuses a client that asks too often \
                     (dnsdist `MaxQPSIPRule`)",
                Reachability::OtherZonesOnly =>
                    "it answers for an uncached name in another zone, so only this name or zone is \
                     refused, by a block list, a view, or its forwarder",
                _ =>
                    "this machine is not among its clients, it does not resolve for others, or it \
                     blocks the name",
            }
        ))
        .inspect(
            "see whether it refuses every name or only this one",
            text::dig("azure.com", r.seen),
        );
    match r.reachability {
        Reachability::OtherZonesOnly => {
            resolver.upstream(finding, Upstream::Zone(reading::public_suffix(e)))
        }
        Reachability::RefusesEverything => refused(
            finding.inspect(
                "see whether it refuses a question that comes alone: one that is answered shows a \
                 limit on how often this machine may ask",
                text::dig(&e.dns.name, r.seen),
            ),
            e,
            &resolver,
        ),
        _ => refused(finding, e, &resolver),
    }
}

fn servfail(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let suffix = reading::public_suffix(e);
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(adds(finding, r))
        .reasoning(format!(
            "{} is up and could not complete the lookup: its forwarder for {suffix} does not \
             answer, it rejects the answer (DNSSEC, private-address filter), or a policy answers \
             SERVFAIL",
            r.label()
        ))
        .inspect(
            "see whether it fails for every name or only this one",
            text::dig("azure.com", r.seen),
        );
    resolver.upstream(finding, Upstream::Zone(suffix))
}

fn malformed(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    finding
        .reasoning(
            "the reply is not a DNS message: another program listens on the port, or a device on \
             the way rewrites answers",
        )
        .owner(Resolver::of(e, r).owner())
        .inspect("see the reply", text::dig(&e.dns.name, r.seen))
        .step(
            Step::local("replace the program that listens there, or configure another resolver")
                .undo("put the old one back"),
        )
}

fn other_error(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    adds(finding, r)
        .reasoning(format!(
            "{} is up and answers with an error that a resolver should not give for an ordinary \
             question",
            r.label()
        ))
        .owner(Resolver::of(e, r).owner())
        .inspect("see the answer in full", text::dig(&e.dns.name, r.seen))
        .inspect(
            "and without EDNS, which some servers and firewalls do not understand",
            format!("{} +noedns", text::dig(&e.dns.name, r.seen)),
        )
        .step(
            Step::local("fix or replace that server, or configure another resolver")
                .undo("put the old one back"),
        )
}
