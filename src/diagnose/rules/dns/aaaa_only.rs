//! The private zone gives an IPv6 address and no IPv4 address: clients reach a private endpoint by
//! its IPv4 record (fact X47).

use std::net::IpAddr;

use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, dns64, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::Rcode;
use crate::evidence::vantage::NeighbourState;

use super::record_gap;
use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-aaaa-only",
    Dns,
    "The private zone holds an IPv6 record and no IPv4 record",
    Code(check)
)
.explains(&["dns-own-record"])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, ANOTHER_SERVER]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let zone = e.target.private_zone.as_deref()?;
    let r = e.dns.effective_resolver()?;
    let given = r.outcome.addresses();
    let application = e.dns.effective();
    let only6 = |all: &[IpAddr]| !all.is_empty() && all.iter().all(IpAddr::is_ipv6);
    // DNS64 addresses and mapped addresses are IPv4 records in another form.
    let made = given.iter().any(|a| {
        crate::evidence::address::embedded_ipv4(*a).is_some() || dns64::made_from(e, *a).is_some()
    });
    if !only6(given) || !only6(&application) || made {
        return None;
    }
    let answer = r.seen.a_answer()?;
    let in_zone = resolver_view::alias(r.seen, &e.dns.name).is_some()
        || answer.soa.as_ref().is_some_and(|soa| record_gap::is_privatelink_zone(&soa.zone));
    if answer.rcode != Rcode::NoError || !in_zone {
        return None;
    }
    let works = reading::tls_verified(e) && !e.http.refused_by_network();
    // A dead gateway or interface of this machine is proved, and comes first.
    let near = e.vantage.sources.iter().filter(|s| application.contains(&s.towards)).any(|s| {
        s.route.as_ref().is_some_and(|route| {
            let silent = route.neighbour.is_some_and(NeighbourState::is_silent);
            let down = route.interface.as_ref().is_some_and(|i| !i.running);
            route.gateway.is_some() && silent || down
        })
    });
    let level = match reading::proxied(e) || works || near {
        true => Level::Note,
        false => Level::Broken,
    };
    let label = r.label();
    let account = reading::account(e);
    let mut finding = FindingBuilder::new(
        level,
        Confidence::Inferred,
        text::clause(
            format!("{label} gives {} and no IPv4 address", text::brief(given)),
            "the private zone holds an IPv6 record and no IPv4 record",
        ),
    )
    .fact(format!("A: NOERROR without an address; AAAA: {}", text::brief(given)))
    .cites(r.pointer())
    .cites(format!("/dns/resolvers/{}/aaaa", r.index))
    .reasoning(
        "clients reach a private endpoint by the IPv4 address of its network interface: the name \
         needs an A record; an IPv6 route or firewall rule would not help",
    );
    if works {
        finding = finding
            .reasoning("this machine reaches it over IPv6; a client without IPv6 does not")
            .caveat();
    }
    Some(
        finding
            .owner("DNS")
            .inspect(
                "see which records the zone has for the name",
                format!(
                    "az network private-dns record-set list -g <group> -z {} --query \
                     \"[?name=='{account}']\" -o table",
                    reading::word(zone)
                ),
            )
            .inspect(
                "find the endpoint's network interface; `az network nic show --ids` shows its \
                 addresses",
                "az network private-endpoint show -g <group> -n <endpoint> --query \
                 \"networkInterfaces[0].id\" -o tsv",
            )
            .step(
                Step::shared(
                    "add the A record with the interface's address, preferably by the endpoint's \
                     DNS zone group (Terraform: `private_dns_zone_group` of \
                     `azurerm_private_endpoint`)",
                    "every client of the networks that the zone is linked to, for this name only",
                )
                .command(format!(
                    "az network private-dns record-set a add-record -g <group> -z {} -n {} -a \
                     <address>",
                    reading::word(zone),
                    reading::word(account)
                ))
                .undo(format!(
                    "az network private-dns record-set a remove-record -g <group> -z {} -n {} -a \
                     <address>",
                    reading::word(zone),
                    reading::word(account)
                )),
            )
            .step(
                Step::shared(
                    "then remove the AAAA record, unless a gateway of your own is behind it",
                    "every client of the networks that the zone is linked to, for this name only",
                )
                .undo("add it again: note its address first"),
            )
            .check(text::dig(&e.dns.name, r.seen)),
    )
}
