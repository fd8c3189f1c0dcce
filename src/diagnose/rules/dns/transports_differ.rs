//! A resolver's address gives one kind of answer over UDP and another over TCP: the two transports
//! lead to different servers. Which of the two is the resolver itself, the answers do not show.

use crate::diagnose::view::answer_series::{self, AnswerKind};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::Transport;

use super::library_waits::has_option;
use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OF_ONE_ANSWER};
use super::{answers_vary, text};

pub(super) const RULE: Rule = rule!(
    "dns-transports-differ",
    Dns,
    "A resolver's address answers differently over UDP and over TCP",
    Code(check)
)
.explains_groups(&[OF_ONE_ANSWER, NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN])
.decided_by(&["over-tcp", "repeat-query"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let all = e.dns.resolver_views();
    let differ = |r: &ResolverView<'_>| answer_series::by_transport(e, r.seen);
    let (r, (over_udp, over_tcp)) =
        deciding.iter().copied().chain(all).find_map(|r| Some((r, differ(r)?)))?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let (label, ip, port) = (r.label(), r.seen.address.ip(), r.seen.address.port());
    let both = [over_udp.clone(), over_tcp.clone()];
    let (udp, tcp) = (over_udp.describe(&both), over_tcp.describe(&both));
    let own_is_tcp = r.seen.a.value().is_some_and(|own| own.transport == Transport::Tcp);
    let (own, (name, other)) = match own_is_tcp {
        true => ("TCP", ("UDP", &over_udp)),
        false => ("UDP", ("TCP", &over_tcp)),
    };
    // An empty answer over the other transport shows no better server: what is wrong over the walk's
    // is wrong by itself.
    let worse = *other == AnswerKind::NoAddress;
    let mut finding = FindingBuilder::new(
        if worse { Level::Note } else { answers_vary::level(e, r, bystander) },
        Confidence::Inferred,
        text::clause(
            format!("{label} gives {udp} over UDP and {tcp} over TCP"),
            "the resolver answers differently over UDP and over TCP",
        ),
    )
    .caveat()
    .fact(format!("{label} over {own}, each time that it was asked: {}", text::outcome(r)))
    .fact(format!("{label} over {name}: {}", other.describe(&both)))
    .cites(r.pointer());
    for pointer in dns_experiments::pointers(e, r.seen, &["over-tcp", "repeat-query"]) {
        finding = finding.cites(pointer);
    }
    finding = finding
        .reasoning(format!(
            "a resolver gives the same answer over both: UDP and TCP port {port} of {ip} lead to \
             different servers; which of the two is the one that is meant is not known"
        ))
        .reasoning(
            "a NAT rule on this machine can redirect UDP port 53 alone, or TCP port 53 alone (a VPN \
             client, a service mesh, a DNS filter), and so can a device on the way; a load \
             balancer, or two servers behind the address, would look the same",
        )
        .reasoning(
            "if the answer over UDP is the resolver's own, its forwarders and private zones are \
             wrong, and not the way to it",
        )
        .owner("Server")
        .inspect(
            "see whether this machine redirects its own DNS queries, and over which transport",
            "iptables -t nat -S OUTPUT; nft list ruleset",
        )
        .inspect("ask over UDP", text::dig(&e.dns.name, r.seen))
        .inspect("ask over TCP", format!("{} +tcp", text::dig(&e.dns.name, r.seen)))
        .step(Step::inspect(format!(
            "if no rule here does it, ask the DNS team which servers are behind {ip} for UDP and \
             for TCP, and the network team which device redirects port {port} on the way"
        )))
        .step(
            Step::local(format!(
                "if a rule here does it, exempt {ip} from it in the settings of the software that \
                 made it; it may be deliberate, so ask its owner first"
            ))
            .undo("restore the rule"),
        );
    if Library::of(e).is_glibc() && !own_is_tcp && over_tcp.is_private() && !over_udp.is_private() {
        finding = finding.step(
            Step::local(
                "until then `options use-vc` in resolv.conf makes the C library ask over TCP, which \
                 gives the private address",
            )
            .undo("remove the option again"),
        );
    }
    if own_is_tcp && has_option(e, "use-vc") && over_udp.is_private() && !over_tcp.is_private() {
        finding = finding.step(
            Step::local(
                "until then remove `options use-vc` from resolv.conf: the C library then asks over \
                 UDP, which gives the private address",
            )
            .undo("set the option again"),
        );
    }
    Some(finding.check(reading::again(e)))
}
