//! A public address although the alias says that there is a private endpoint
//! (facts D32, D52–D56): the resolver does not see the private zone.

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Expect, Hop};

pub(super) const RULE: Rule = Rule {
    id: "dns-zone-not-linked",
    hop: Hop::Dns,
    title: "The privatelink alias is there, but the resolver gives a public address",
    page: include_str!("../../../../docs/findings/dns-zone-not-linked.md"),
    explains: &[
        "http-public-access-disabled",
        "http-network-rules",
        "http-endpoint-not-approved",
        "http-vnet-endpoint",
        "http-forbidden",
        "tcp-silent",
        "tcp-refused",
        "tcp-unreachable",
        "tcp-no-route",
        "tcp-admin-prohibited",
    ],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    if !reading::public_only(e)
        || matches!(e.asked.expect, Expect::Closed | Expect::Public | Expect::Any)
    {
        return None;
    }
    let name = &e.dns.name;
    let (index, resolver) = reading::deciding_resolvers(e)
        .find(|(_, r)| r.privatelink_alias(name).is_some() && !r.addresses(name).is_empty())?;
    let alias = resolver.privatelink_alias(name)?;
    let address = reading::list(&reading::counting(e));
    let label = resolver.label();
    let zone = alias.split_once('.').map_or(alias.as_str(), |(_, zone)| zone);
    let refused = reading::main_answer(e).filter(|_| reading::refused_by_network(e));
    // The service accepts: it works, though not privately. Asked for in so many words, or
    // refused, or not reached: the hop is broken.
    let works =
        reading::service_accepted(e) || reading::main_answer(e).is_some_and(|a| a.status == 401);
    let level = if works && !reading::private_demanded(e) { Level::Risk } else { Level::Broken };
    let mut because =
        Because::new(level, Sure::Inferred, format!("{label} gives the public address {address}"))
            .seen(format!(
                "{name} -> {alias} -> ... -> {address}, a public address (wanted: private)"
            ))
            .read_at(format!("/dns/resolvers/{index}/a"))
            .read_at("/dns/walked");
    if let Some(answer) = refused {
        because = because
            .seen(format!(
                "the service refuses there: 403 \"{}\"",
                answer.message().unwrap_or("network rules")
            ))
            .read_at("/http");
    }
    because = because.known_by(format!(
        "the alias {alias} says that there is a private endpoint, and {label} does not see its \
         zone: either its virtual network is not linked to {zone}, or it does not forward {} to \
         Azure DNS",
        reading::public_suffix(e)
    ));
    if let Some(soa) = reading::message(&resolver.zone_soa).and_then(|a| a.soa.as_ref()) {
        because = because
            .known_by(format!("the zone that {label} sees is {} of {}", soa.zone, soa.mname))
            .read_at(format!("/dns/resolvers/{index}/zone_soa"));
    }
    Some(
        because
            .ruled_out("key, certificate and route")
            .owner("DNS")
            .look(
                "see which of the two it is",
                format!("az network private-dns link vnet list -g <group> -z {zone} -o table"),
            )
            .change(
                format!("link the virtual network of {label} to the zone"),
                format!(
                    "az network private-dns link vnet create -g <group> -z {zone} -n <link> -v <vnet> -e false"
                ),
            )
            .step(format!(
                "or forward {} to 168.63.129.16 from a resolver inside Azure",
                reading::public_suffix(e)
            ))
            .check(format!("dig +short {name} @{label}")),
    )
}
