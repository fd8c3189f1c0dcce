//! 168.63.129.16 answers only from inside a virtual network (fact D55); that this machine is
//! not Azure's rests on signs alone (fact T24), so the finding is inferred.

use crate::diagnose::resolver_class::{self, AZURE_DNS};
use crate::diagnose::view::gives::Gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;

use super::{fate, words};

pub(super) const RULE: Rule = rule!(
    "dns-azure-resolver-outside",
    Dns,
    "168.63.129.16 is asked from a machine outside Azure",
    Code(check)
)
.explains(&[
    "dns-resolver-silent",
    "dns-resolver-unreachable",
    "dns-resolver-port-refused",
    "dns-resolver-down",
    "dns-servfail",
    "dns-upstream-dead",
    "dns-zone-fails",
    "dns-system-fails",
    "dns-system-slow",
    "proxy-name-unresolved",
])
.short("168.63.129.16 is asked from outside Azure");

fn check(e: &View<'_>) -> Option<Because> {
    if resolver_class::in_azure(e) {
        return None;
    }
    let all = e.dns.asked();
    let resolver = all.iter().find(|r| {
        r.seen.address.ip() == AZURE_DNS
            && matches!(
                r.gives,
                Gives::Silent | Gives::Unreachable(_) | Gives::PortRefused | Gives::NotSent(_)
            )
    })?;
    // Applications ask it through a stub.
    let decides = e.dns.deciding().first().is_some_and(|first| {
        first.index == resolver.index
            || (resolver.seen.role == ResolverRole::StubUpstream && !first.gives.is_answer())
    });
    let lost = e.dns.all_fail();
    let level = match (lost && decides, reading::proxied(e)) {
        (true, false) => Level::Broken,
        (true, true) if fate::proxy_name_lost(e) => Level::Broken,
        (_, true) => Level::Note,
        (false, false) => Level::Risk,
    };
    let says = "168.63.129.16 is asked from outside Azure, where it does not answer".to_owned();
    let signs = match e.vantage.azure.answer {
        Some(false) => "this machine shows no sign of being in Azure",
        _ => "whether this machine is in Azure cannot be seen from here",
    };
    Some(
        Because::new(level, Sure::Inferred, says)
            .seen(format!("168.63.129.16: {}", words::gives(resolver)))
            .seen(signs)
            .read_at(resolver.pointer())
            .read_at("/vantage/azure")
            .known_by(
                "168.63.129.16 answers only questions that come from inside an Azure virtual \
                 network; a VPN or a peered network does not carry them",
            )
            .tells_it("cat /sys/class/dmi/id/chassis_asset_tag")
            .owner("DNS")
            .look(
                "find an inbound endpoint",
                "az dns-resolver inbound-endpoint list -g <group> --dns-resolver-name <resolver> \
                 -o table",
            )
            .act(
                Step::local(
                    "configure a resolver inside the virtual network in its place: an inbound \
                     endpoint of an Azure DNS Private Resolver, a forwarder machine, or Azure \
                     Firewall's DNS proxy",
                )
                .undo("put 168.63.129.16 back into the resolver configuration"),
            )
            .check(reading::again(e)),
    )
}
