//! `--expect private`, and nothing in DNS says that there is a private endpoint (facts D30,
//! D31, D41).

use std::net::IpAddr;

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};

use super::advice::Resolver;
use super::symptoms::{NOT_CONNECTED, NOT_LET_IN};
use super::{no_private_endpoint, words};

pub(super) const RULE: Rule = rule!(
    "dns-public-not-expected",
    Dns,
    "A private address is expected, and the address is public",
    Code(check)
)
.explains(&["dns-resolvers-disagree", "dns-unusable-address"])
.explains_groups(&[NOT_CONNECTED, NOT_LET_IN])
.decided_by(&["zone-soa", "privatelink-name", "parent-zone"]);

fn check(e: &View<'_>) -> Option<Because> {
    let outside: Vec<IpAddr> =
        e.dns.effective().into_iter().filter(|a| gives::is_outside(*a)).collect();
    // With a sign of an endpoint the question is why it is not given: other rules answer it.
    if !reading::private_demanded(e) || outside.is_empty() || gives::endpoint(e).is_some() {
        return None;
    }
    let name = &e.dns.name;
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let mut because = Because::new(
        level,
        Sure::Proved,
        format!("{} is public, and --expect private was given", words::brief(&outside)),
    )
    .seen(format!("{name} -> {} (wanted: private)", reading::list(&outside)))
    .read_at("/dns/walked")
    .read_at("/asked/expect")
    .known_by(match e.dns.aliases_seen() {
        true => {
            "no resolver shows an alias into a privatelink zone or a private address: the account \
             has no private endpoint connection, or every resolver asked here hides it"
        }
        false => {
            "getaddrinfo gives addresses alone: whether the account has no private endpoint \
             connection, or the resolver asked does not see its private zone, is not seen"
        }
    });
    if !e.dns.aliases_seen() {
        // Nothing shows that an endpoint is missing, so none is to be made on this evidence.
        return Some(because.owner("DNS").look(
            "walk the path as one of this system's resolvers shows it, which shows the aliases too",
            reading::again_with(e, "--resolver <address>"),
        )
        .look(
            "see whether the account has an approved endpoint",
            "az network private-endpoint-connection list --id <account resource id> -o table",
        )
        .check(reading::again(e)));
    }
    if let Some(decider) = e.dns.decider() {
        because = because.read_at(decider.pointer());
        if let Some(configuration) = no_private_endpoint::configuration(decider.seen, name) {
            because = because.known_by(configuration);
        }
        let resolver = Resolver::of(e, decider);
        because = resolver.who(because);
        if resolver.whose.class.is_outside() {
            because = because.known_by(
                "where an account has a private endpoint connection, public resolvers show the \
                 alias too",
            );
        }
    }
    let zone = reading::private_zone(e);
    Some(
        because
            .owner("Azure platform")
            .look(
                "see whether the account has an approved endpoint",
                "az network private-endpoint-connection list --id <account resource id> -o table",
            )
            .act(
                Step::shared(
                    format!(
                        "create the private endpoint, with a DNS zone group for {zone} (Terraform: \
                         azurerm_private_endpoint with private_dns_zone_group)"
                    ),
                    "every client of the account: its name becomes an alias into the privatelink \
                     zone, and stops resolving in networks that are linked to such a zone without \
                     the record",
                )
                .command(
                    "az network private-endpoint create -g <group> -n <endpoint> --subnet <subnet \
                     id> --private-connection-resource-id <account resource id> --group-id \
                     <group id> --connection-name <name>",
                )
                .undo("az network private-endpoint delete -g <group> -n <endpoint>"),
            )
            .act(Step::look("or, where the account is meant to be public, drop --expect private"))
            .check(format!("dig +short {}", reading::word(name))),
    )
}
