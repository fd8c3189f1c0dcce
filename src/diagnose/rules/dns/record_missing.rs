//! The alias leads into the privatelink zone, and that zone has no record of the account
//! (facts D7, D8, D50, D51).

use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::gives::{self, Asked};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{self, Resolver};
use super::lacking::{self, Host};
use super::missing::{self, Missing};
use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-record-missing",
    Dns,
    "The private zone is seen and has no record of the account",
    Code(check)
)
.explains(&["dns-system-fails", "dns-resolvers-disagree"])
.decided_by(&["zone-soa", "parent-zone"])
.short("the private zone gives no address for this name");

fn check(e: &View<'_>) -> Option<Because> {
    let (r, Missing::Record) = missing::of(e)? else { return None };
    let name = &e.dns.name;
    let soa = gives::message(r.seen).and_then(|answer| answer.soa.as_ref());
    let alias = gives::alias(r.seen, name);
    let zone = zone(e, alias.as_deref(), soa.map(|soa| soa.zone.as_str()));
    let leads_on = r.seen.aliases(name).pop().filter(|last| {
        !crate::evidence::dns::is_privatelink(last) && alias.as_ref().is_some_and(|a| a != last)
    });
    if let Some(last) = leads_on {
        return Some(leads_nowhere(e, r, &zone, &last));
    }
    let record = alias.as_deref().unwrap_or(name).split('.').next().unwrap_or(name);
    // The zone's own word leaves nothing open; without it a filter could look alike.
    let sure = match soa {
        Some(soa) if is_azure_private(soa) => Sure::Proved,
        _ => Sure::Inferred,
    };
    let says = words::clause(
        format!("{} sees {zone}, and it has no record {record}", r.label()),
        format!("{} sees the private zone, and it lacks the record", r.label()),
    );
    let mut because = missing::because(e, r, sure, says);
    if let Some(alias) = &alias {
        because = because.seen(format!("{name} -> {alias} -> nothing"));
    }
    because = because.known_by(format!(
        "the alias says that a private endpoint exists or existed; the zone {zone} that {} sees \
         has no address for it",
        r.label()
    ));
    let resolver = Resolver::of(e, r).about(&zone);
    because = resolver.who(because);
    if sure == Sure::Proved {
        because = because
            .ruled_out("a missing zone link: without it the answer would be a public address");
    }
    because = match lacking::host(r) {
        Host::Own(mname) => lacking::own(because, e, &zone, mname),
        host => {
            let because = because.known_by(
                "the endpoint has no DNS zone group, its record was registered in another zone or \
                 deleted with another endpoint, or the endpoint is in another tenant",
            );
            let because = match host {
                Host::Unknown => because.look(
                    "see whose zone it is: an SOA of azureprivatedns.net is a private zone of \
                     Azure, another one a zone of a server of your own, where the record has to be",
                    format!("{} SOA", words::dig(&zone, r.seen)),
                ),
                Host::Public => because.known_by(
                    "the SOA is that of Azure's public zone: no private zone of that name is seen \
                     there, and the account may just have been deleted",
                ),
                _ => because,
            };
            in_azure(because, &zone)
        }
    };
    Some(because.check(words::dig(name, r.seen)))
}

/// How a private zone of Azure comes to have the record.
fn in_azure(because: Because, zone: &str) -> Because {
    let because = advice::records(because.owner("DNS"), zone);
    let because = missing::zone_groups(because, "see whether the endpoint registers itself");
    let because =
        missing::register(because, zone, "create", "have the endpoint register its record");
    let policy = |value: &str| {
        format!(
            "az network private-dns link vnet update -g <group> -z {} -n <link> \
             --resolution-policy {value}",
            reading::word(zone)
        )
    };
    because.act(
        Step::shared(
            "or, where this account has no endpoint of yours, fall back to its public address \
             (Terraform: resolution_policy of azurerm_private_dns_zone_virtual_network_link)",
            format!(
                "every name of {zone} in that network: where a record is missing by mistake, calls \
                 go to the public address unnoticed"
            ),
        )
        .command(policy("NxDomainRedirect"))
        .undo(policy("Default")),
    )
}

/// The zone has the name, as an alias of another one that does not exist there.
fn leads_nowhere(e: &View<'_>, r: &Asked<'_>, zone: &str, last: &str) -> Because {
    let name = &e.dns.name;
    missing::because(
        e,
        r,
        Sure::Inferred,
        words::clause(
            format!("{} follows {zone} on to {last}, which it does not find", r.label()),
            format!("{zone} leads on to a name that does not exist"),
        ),
    )
    .seen(format!("{name} -> {} -> nothing", r.seen.aliases(name).join(" -> ")))
    .known_by(format!(
        "{zone}, or a record that follows, has an alias in place of an address: {last} does not exist \
         for the server that follows it, which is Azure DNS and not {} where it forwards",
        r.label()
    ))
    .ruled_out("a missing alias of the account: its name leads into the privatelink zone")
    .owner("DNS")
    .look("follow it by itself", words::dig(last, r.seen))
    .act(
        Step::shared(
            format!(
                "put the private endpoint's address into {zone} in place of the alias, or have \
                 {last} resolve inside the virtual network (a linked zone, a forwarding ruleset)"
            ),
            format!("every client of {zone} that calls this account"),
        )
        .undo("put the alias back: note the record first"),
    )
    .check(words::dig(name, r.seen))
}

/// The zone that lacks the record: by its SOA, by the alias, by the service's table.
fn zone(e: &View<'_>, alias: Option<&str>, soa: Option<&str>) -> String {
    soa.filter(|zone| missing::is_privatelink_zone(zone))
        .or_else(|| alias.and_then(|alias| alias.split_once('.')).map(|(_, zone)| zone))
        .unwrap_or_else(|| reading::private_zone(e))
        .to_owned()
}
