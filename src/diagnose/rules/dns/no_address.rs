//! The name is there and has no address: an empty record set, a filter that takes private
//! addresses out of answers, or a server that does not resolve.

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tunnel;

use super::advice::Resolver;
use super::missing::{self, Missing};
use super::words;

pub(super) const RULE: Rule =
    rule!("dns-no-address", Dns, "The name is there, but the answer holds no address", Code(check))
        .explains(&["dns-system-fails", "dns-resolvers-disagree"])
        .decided_by(&["zone-soa", "parent-zone"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (r, Missing::Address) = missing::of(e)? else { return None };
    let name = &e.dns.name;
    let label = r.label();
    let answer = gives::message(r.seen)?;
    let alias = r.seen.aliases(name).pop();
    let private_elsewhere = e
        .dns
        .asked()
        .iter()
        .any(|other| other.gives.addresses().iter().any(|a| tunnel::is_private(e, *a)));
    let filtered = answer.extended_errors.iter().any(|error| (15..=18).contains(&error.code));
    let lame = !answer.recursion_available && !answer.authoritative;
    let in_zone = answer.soa.as_ref().is_some_and(|soa| missing::is_privatelink_zone(&soa.zone));
    let (sure, says, why) = if private_elsewhere || filtered {
        (
            Sure::Inferred,
            format!("{label} answers without the address, as a filter would"),
            "a filter takes the private address out of the answer: protection against DNS \
             rebinding (dnsmasq `stop-dns-rebind`, unbound `private-address`), or a policy"
                .to_owned(),
        )
    } else if in_zone {
        (
            Sure::Inferred,
            format!("{label} sees the private zone, and the name has no A record there"),
            "the privatelink zone holds the name without an A record: an empty or half deleted \
             record set"
                .to_owned(),
        )
    } else if lame {
        (
            Sure::Inferred,
            format!("{label} gives no address and offers no recursion"),
            format!(
                "{label} sets neither RA nor AA: it is a name server for other zones, not a \
                 resolver"
            ),
        )
    } else {
        let says = match (&alias, answer.soa.is_some()) {
            (Some(_), _) => format!("{label} gives an alias and no address"),
            (None, _) => format!("{label} says that the name has no address"),
        };
        let mut why = "either the record set has no A record, or a filter took a private address \
                       out of the answer (dnsmasq `stop-dns-rebind`, unbound `private-address`)"
            .to_owned();
        if answer.soa.is_none() {
            why.push_str("; a zone that has no record would name itself (SOA), and none is named");
        }
        (Sure::Possible, says, why)
    };
    let says = words::clause(says, "the answer holds no address");
    let mut because = missing::because(e, r, sure, says);
    if let Some(alias) = &alias {
        because = because.seen(format!("{name} -> {alias} -> nothing"));
    }
    because = because.known_by(why);
    if sure == Sure::Possible {
        because = because
            .tells_it(format!(
                "az network private-dns record-set a list -g <group> -z {} -o table",
                reading::private_zone(e)
            ))
            .tells_it("on the server that answers: grep -rE 'rebind|private-address' /etc");
    }
    let resolver = Resolver::of(e, r);
    because = resolver.who(because);
    let suffix = reading::public_suffix(e);
    let check = words::dig(name, r.seen);
    Some(if in_zone && !filtered && !private_elsewhere {
        because
            .owner("DNS")
            .look(
                "see which records the zone has",
                format!(
                    "az network private-dns record-set a list -g <group> -z {} -o table",
                    reading::private_zone(e)
                ),
            )
            .act(
                Step::shared(
                    "have the endpoint's DNS zone group register the A record again (Terraform: \
                     `private_dns_zone_group` of `azurerm_private_endpoint`)",
                    "every client of the zone, for the names of this endpoint",
                )
                .undo("delete the zone group again: its records go with it"),
            )
            .check(check)
    } else {
        because = resolver
            .look(because.owner(resolver.owner()).look("see the answer in full", check.clone()));
        // At a resolver of somebody else's nothing can be set.
        if let Some(place) = resolver.place() {
            because = because.act(
                Step::shared(
                    format!(
                        "{place}: let {suffix} have private addresses: dnsmasq \
                         `rebind-domain-ok=/{suffix}/`, unbound `private-domain: \"{suffix}\"`"
                    ),
                    format!(
                        "every client of {label}: answers for {suffix} are no longer protected \
                         against DNS rebinding"
                    ),
                )
                .undo("take the line out again"),
            );
        }
        because
            .act(
                Step::shared(
                    "or give the name its A record, or configure a resolver that resolves",
                    "every client of that zone or resolver",
                )
                .undo("take the record out, or set the old resolver again"),
            )
            .check(check)
    })
}
