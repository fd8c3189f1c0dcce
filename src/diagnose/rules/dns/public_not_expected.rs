//! `--expect private`, and nothing in DNS shows that there is a private endpoint (facts D30, D31,
//! D41).

use std::net::IpAddr;

use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level, Step};

use super::advice::Resolver;
use super::symptoms::{NOT_CONNECTED, NOT_LET_IN};
use super::{no_private_endpoint, text};

pub(super) const RULE: Rule = rule!(
    "dns-public-not-expected",
    Dns,
    "A private address is expected, and the address is public",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "dns-unusable-address"])
.explains_groups(&[NOT_CONNECTED, NOT_LET_IN])
.decided_by(&["zone-soa", "privatelink-name", "parent-zone"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let outside: Vec<IpAddr> =
        e.dns.effective().into_iter().filter(|a| resolver_view::leads_outside(e, *a)).collect();
    // Where something shows an endpoint, other rules say why its address is not given.
    if !reading::private_demanded(e)
        || outside.is_empty()
        || resolver_view::shows_endpoint(e, e.dns.effective_resolver())
    {
        return None;
    }
    let name = &e.dns.name;
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let mut finding = FindingBuilder::new(
        level,
        Confidence::Proved,
        format!("{} is public, and --expect private was given", text::brief(&outside)),
    )
    .fact(format!("{name} -> {} (wanted: private)", reading::list(&outside)))
    .cites("/dns/selected")
    .cites("/options/expect")
    .reasoning(match e.dns.aliases_seen() {
        true => {
            "no resolver shows an alias into a privatelink zone or a private address: the account \
             has no private endpoint connection, or every resolver asked here hides it"
        }
        false => {
            "getaddrinfo gives only addresses: either the account has no private endpoint \
             connection, or the resolver does not see its private zone"
        }
    });
    if !e.dns.aliases_seen() {
        // Nothing shows that an endpoint is missing, so the advice does not create one.
        return Some(finding.owner("DNS").inspect(
            "check the path with one of this system's resolvers, which shows the aliases too",
            reading::again_with(e, "--resolver <address>"),
        )
        .inspect(
            "see whether the account has an approved endpoint",
            format!("{} -o table", account::connections(e)),
        )
        .check(reading::again(e)));
    }
    if let Some(decider) = e.dns.effective_resolver() {
        finding = finding.cites(decider.pointer());
        if let Some(configuration) = no_private_endpoint::configuration(decider.seen, name) {
            finding = finding.reasoning(configuration);
        }
        let resolver = Resolver::of(e, decider);
        finding = resolver.who(finding);
        if resolver.whose.class.is_outside() {
            finding = finding.reasoning(
                "where an account has a private endpoint connection, public resolvers show the \
                 alias too",
            );
        }
    }
    let zone = reading::private_zone(e);
    Some(
        finding
            .owner("Azure platform")
            .inspect(
                "see whether the account has an approved endpoint",
                format!("{} -o table", account::connections(e)),
            )
            .step(
                Step::shared(
                    format!(
                        "create the private endpoint, with a DNS zone group for {zone} (Terraform: \
                         azurerm_private_endpoint with private_dns_zone_group)"
                    ),
                    "every client of the account: its name becomes an alias into the privatelink \
                     zone, and stops resolving in networks that are linked to such a zone without \
                     the record",
                )
                .command(format!(
                    "az network private-endpoint create -g <group> -n <endpoint> --subnet <subnet \
                     id> --private-connection-resource-id <account resource id> --group-id {} \
                     --connection-name <name>",
                    account::group_id(e).unwrap_or("<group id>")
                ))
                .undo("az network private-endpoint delete -g <group> -n <endpoint>"),
            )
            .step(Step::inspect("if the account is meant to be public, drop --expect private").or())
            .check(format!("dig +short {}", reading::word(name))),
    )
}
