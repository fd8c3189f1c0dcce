//! The root, or a top-level domain, answers that the name does not exist: this network has a root
//! of its own and does not resolve internet names. There a proxy resolves them (fact D91).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::Expect;
use crate::evidence::vantage::ProxyReason;

use super::advice::{self, Resolver};
use super::record_gap::{self, RecordGap};
use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-no-internet-names",
    Dns,
    "The resolver has a root of its own and does not resolve internet names",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree", "proxy-name-unresolved"])
.explains_groups(record_gap::SYMPTOMS);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, RecordGap::InternetNames(soa)) = record_gap::of(e)? else { return None };
    let name = &e.dns.name;
    let (label, zone) = (r.label(), record_gap::zone_name(&soa.zone));
    let resolver = Resolver::of(e, r);
    let others = text::other_answers(e.dns.resolver_views(), r.index);
    let proxy = match &e.vantage.proxy.reason {
        _ if reading::proxied(e) => None,
        ProxyReason::Exempted { entry } => {
            Some(format!("NO_PROXY ({entry}) exempts the name from the proxy"))
        }
        ProxyReason::SystemExempted { entry } => {
            Some(format!("the system's proxy settings ({entry}) exempt the name from the proxy"))
        }
        ProxyReason::ScriptDirect => {
            Some("the script of the system's proxy settings gives none".to_owned())
        }
        ProxyReason::OptionNone => Some("--proxy none was given".to_owned()),
        _ => Some("no proxy is configured".to_owned()),
    };
    let message = match (others.first(), &proxy) {
        (Some((_, text)), _) => format!("{label} resolves no internet names, while {text}"),
        (None, Some(proxy)) => format!("{label} resolves no internet names, and {proxy}"),
        (None, None) => format!("{label} resolves no internet names, as a proxied network may"),
    };
    let message = text::clause(message, format!("{label} resolves no internet names"));
    let finding = record_gap::finding(e, r, Confidence::Inferred, message)
        .cites("/vantage/proxy")
        .reasoning(format!(
            "{label} answers NXDOMAIN with the SOA of {zone} ({}); on the internet that zone has \
             the domain of this name, so this network has a root of its own",
            soa.mname
        ))
        .ruled_out("a misspelt or deleted account: the account's zone was not asked");
    let finding = resolver.who(finding);
    if proxy.is_none() {
        return Some(finding.reasoning("the proxy that carries the call resolves the name itself"));
    }
    let suffix = reading::public_suffix(e);
    let private = matches!(e.options.expect, Expect::Private | Expect::Cidr { .. });
    let by_proxy = |finding: FindingBuilder| {
        finding.step(
            Step::local(
                "have the application use the proxy (HTTPS_PROXY, or its own setting); the \
                 variable applies to one shell, a service needs it in its unit",
            )
            .command("export HTTPS_PROXY=http://<proxy>:<port>")
            .undo("unset HTTPS_PROXY"),
        )
    };
    let by_forwarder = |finding: FindingBuilder| {
        let place = resolver.place().unwrap_or_else(|| format!("instead of {label}"));
        finding.step(
            Step::shared(
                format!(
                    "if the account is reached privately from here: {place}: forward {suffix} to a \
                     resolver inside the virtual network (an inbound endpoint)"
                ),
                advice::whole_suffix(suffix),
            )
            .undo(format!("remove the forwarder for {suffix} again")),
        )
    };
    let finding = finding.owner("Network").inspect(
        "see whether another internet name resolves there",
        text::dig("azure.com", r.seen),
    );
    let finding =
        if private { by_proxy(by_forwarder(finding)) } else { by_forwarder(by_proxy(finding)) };
    Some(record_gap::search_steps(finding, e).check(match others.is_empty() {
        true => reading::again(e),
        false => text::dig(name, r.seen),
    }))
}
