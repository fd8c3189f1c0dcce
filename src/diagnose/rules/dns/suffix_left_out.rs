//! The account's name under another suffix resolves privately at the same resolver, this one
//! does not (facts D2, D7, D69).

use crate::diagnose::view::{gives, tried};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{self, Resolver};
use super::missing::{self, Missing};
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{fate, words, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-suffix-left-out",
    Dns,
    "The account resolves privately under another suffix, and not under this one",
    Code(check)
)
.explains(&[
    "dns-record-missing",
    "dns-system-fails",
    "dns-resolvers-disagree",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "http-front-answered",
    "tls-interception",
    "tls-connection-lost",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
.short("another suffix of the account is private, this one is not");

fn check(e: &View<'_>) -> Option<Because> {
    let missing = missing::of(e).filter(|(_, why)| matches!(why, Missing::Record));
    let (r, level, seen) = match missing {
        Some((r, _)) => (r, fate::without_address(e), None),
        None => {
            let (all, outside) = zone_not_linked::unwanted(e)?;
            let decider = e.dns.decider()?;
            if !decider.gives.addresses().iter().all(|a| gives::is_outside(*a)) {
                return None;
            }
            let level = zone_not_linked::level(e, all.len() > outside.len());
            let chain = zone_not_linked::chain(decider, &e.dns.name, &outside);
            (decider, level, Some(chain))
        }
    };
    if tried::varies(e, r.seen) || tried::in_private_zone(e, r.seen).is_some() {
        return None;
    }
    let (index, sibling, address) = tried::private_sibling(e, r.seen)?;
    let label = r.label();
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let zone_seen = seen.is_none();
    let says = words::clause(
        format!("{sibling} resolves privately, this name does not"),
        "the account resolves privately under another suffix, not under this one",
    );
    // Where the zone itself says that it lacks the record, nothing else is left.
    let sure = if zone_seen { Sure::Proved } else { Sure::Inferred };
    let mut because = Because::new(level, sure, says)
        .seen(format!("{sibling} at {label}: {address} (private)"))
        .seen(seen.unwrap_or_else(|| format!("{} at {label}: {}", e.dns.name, words::gives(r))))
        .read_at(format!("/experiments/questions/{index}"))
        .read_at(r.pointer());
    because = because.known_by(if zone_seen {
        format!(
            "the endpoint is registered under the other suffix, and {zone} is seen and has no \
             record: the endpoint's DNS zone group lacks {zone}"
        )
    } else {
        format!(
            "the endpoint and the way to its zones are there for the other suffix; for {suffix} \
             the zone {zone} is missing in the endpoint's zone group or is not linked, or {label} \
             forwards the other suffix and not {suffix}"
        )
    });
    if !zone_seen {
        because = because.tells_it(
            "az network private-endpoint dns-zone-group list -g <group> --endpoint-name <endpoint> \
             -o table",
        );
    }
    let resolver = Resolver::of(e, r);
    because = resolver.who(because.ruled_out("an endpoint that does not exist").owner("DNS"));
    because = missing::zone_groups(because, "see which zones the endpoint registers in");
    because = missing::register(
        because,
        zone,
        "add",
        "add this suffix's zone to the endpoint's zone group",
    );
    if !zone_seen {
        let link = |verb: &str, rest: &str| {
            format!(
                "az network private-dns link vnet {verb} -g <group> -z {} -n <link>{rest}",
                reading::word(zone)
            )
        };
        because = because.act(
            Step::shared(
                format!(
                    "link {zone} to every network that the other suffix's zone is linked to \
                     (Terraform: azurerm_private_dns_zone_virtual_network_link)"
                ),
                advice::whole_suffix(suffix),
            )
            .command(link("create", " -v <vnet id> -e false"))
            .undo(link("delete", " --yes")),
        );
        if let Some(place) = resolver.place() {
            because = because.act(
                Step::shared(
                    format!("or {place}: treat {suffix} as the other suffix is treated"),
                    advice::whole_suffix(suffix),
                )
                .undo(format!("take the entry for {suffix} out again")),
            );
        }
    }
    Some(because.check(words::dig(&e.dns.name, r.seen)))
}
