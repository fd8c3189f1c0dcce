//! 168.63.129.16 answers only from inside a virtual network (fact D55); only signs show that this
//! machine is not in Azure (fact T24), so the finding is inferred.

use crate::diagnose::resolver_class;
use crate::diagnose::view::resolver_view::ResolverOutcome;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::AZURE_DNS;
use crate::evidence::dns::ResolverRole;

use super::{downstream, text};

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

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if resolver_class::in_azure(e) {
        return None;
    }
    let all = e.dns.resolver_views();
    let resolver = all.iter().find(|r| {
        r.seen.address.ip() == AZURE_DNS
            && matches!(
                r.outcome,
                ResolverOutcome::Silent
                    | ResolverOutcome::Unreachable(..)
                    | ResolverOutcome::PortRefused
                    | ResolverOutcome::NotSent(_)
            )
    })?;
    // Applications may ask it through a stub.
    let decides = e.dns.deciding().first().is_some_and(|first| {
        first.index == resolver.index
            || (resolver.seen.role == ResolverRole::StubUpstream && !first.outcome.is_answer())
    });
    let lost = e.dns.all_fail();
    let level = match (lost && decides, reading::proxied(e)) {
        (true, false) => Level::Broken,
        (true, true) if downstream::proxy_name_unresolved(e) => Level::Broken,
        (_, true) => Level::Note,
        (false, false) => Level::Risk,
    };
    let message = "168.63.129.16 is asked from outside Azure, where it does not answer".to_owned();
    let signs = match e.vantage.azure.answer {
        Some(false) => "this machine shows no sign of being in Azure",
        _ => "it is not known whether this machine is in Azure",
    };
    Some(
        FindingBuilder::new(level, Confidence::Inferred, message)
            .fact(format!("168.63.129.16: {}", text::outcome(resolver)))
            .fact(signs)
            .cites(resolver.pointer())
            .cites("/vantage/azure")
            .reasoning(
                "168.63.129.16 answers only questions from inside an Azure virtual network; a VPN \
                 or a peered network does not carry them there",
            )
            .decide_with("cat /sys/class/dmi/id/chassis_asset_tag")
            .owner("DNS")
            .inspect(
                "find an inbound endpoint",
                "az dns-resolver inbound-endpoint list -g <group> --dns-resolver-name <resolver> \
                 -o table",
            )
            .step(
                Step::local(
                    "configure a resolver inside the virtual network instead: an inbound endpoint \
                     of an Azure DNS Private Resolver, a forwarder machine, or Azure Firewall's \
                     DNS proxy",
                )
                .undo("put 168.63.129.16 back into the resolver configuration"),
            )
            .check(reading::again(e)),
    )
}
