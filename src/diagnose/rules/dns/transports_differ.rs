//! A resolver's address gives one kind of answer over UDP and another over TCP: the two transports
//! lead to different servers, by a NAT rule on this machine or by a device on the way.

use crate::diagnose::view::dns_experiments::{self, AnswerKind};
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OF_ONE_ANSWER};
use super::{answers_vary, text};

pub(super) const RULE: Rule = rule!(
    "dns-transports-differ",
    Dns,
    "A resolver's address answers differently over UDP and over TCP",
    Code(check)
)
.explains(&["dns-parent-zone-shadowed", "dns-suffix-left-out", "dns-forwards-privatelink-only"])
.explains_groups(&[OF_ONE_ANSWER, NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN])
.decided_by(&["over-tcp", "repeat-query"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let all = e.dns.resolver_views();
    let differ = |r: &ResolverView<'_>| dns_experiments::transports_differ(e, r.seen);
    let (r, (over_udp, over_tcp)) =
        deciding.iter().copied().chain(all).find_map(|r| Some((r, differ(r)?)))?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let (label, ip, port) = (r.label(), r.seen.address.ip(), r.seen.address.port());
    let (udp, tcp) = (over_udp.describe(), over_tcp.describe());
    let mut finding = FindingBuilder::new(
        answers_vary::level(e, r, bystander),
        Confidence::Proved,
        text::clause(
            format!("{label} gives {udp} over UDP and {tcp} over TCP"),
            "the resolver answers differently over UDP and over TCP",
        ),
    )
    .caveat()
    .fact(format!("{label} over UDP, each time that it was asked: {}", text::outcome(r)))
    .fact(format!("{label} over TCP: {tcp}"))
    .cites(r.pointer());
    for pointer in dns_experiments::pointers(e, r.seen, &["over-tcp", "repeat-query"]) {
        finding = finding.cites(pointer);
    }
    finding = finding
        .reasoning(format!(
            "a resolver gives the same answer over both: UDP and TCP port {port} of {ip} lead to \
             different servers, so the answer over UDP may not be the resolver's own"
        ))
        .reasoning(
            "a NAT rule on this machine can redirect UDP port 53 (a VPN client, a service mesh, a \
             DNS filter), and so can a device on the way or a load balancer",
        )
        .owner("Server")
        .inspect(
            "see whether this machine redirects its own DNS queries",
            "iptables -t nat -S OUTPUT; nft list ruleset",
        )
        .inspect("ask over UDP", text::dig(&e.dns.name, r.seen))
        .inspect("ask over TCP", format!("{} +tcp", text::dig(&e.dns.name, r.seen)))
        .step(Step::inspect(format!(
            "if no rule here does it, ask the network team which device redirects UDP port {port} \
             on the way to {ip}"
        )))
        .step(
            Step::local(format!(
                "exempt {ip} from the rule in the settings of the software that made it; it may be \
                 deliberate, so ask its owner first"
            ))
            .undo("restore the rule"),
        );
    if over_tcp == AnswerKind::Private && Library::of(e).is_glibc() {
        finding = finding.step(
            Step::local(
                "until then `options use-vc` in resolv.conf makes the C library ask over TCP, which \
                 gives the private address",
            )
            .undo("remove the option again"),
        );
    }
    Some(finding.check(reading::again(e)))
}
