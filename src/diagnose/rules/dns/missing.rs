//! What the four rules about a missing name or address share: how an answer without an address
//! is read. Which zone said no is read from the SOA of its authority section (RFC 2308).

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::dns::{Answer, Rcode, ResolverRole, Soa, is_privatelink};

use super::{fate, words};

/// Domains under which Microsoft's public zones have their primary servers.
const MICROSOFT: &[&str] = &[
    "azure-dns.com",
    "azure-dns.net",
    "azure-dns.org",
    "azure-dns.info",
    "azuredns-cloud.net",
    "dns-tm.com",
    "msft.net",
    "microsoft.com",
    "t-msedge.net",
    "azure-dns.us",
    "azure-dns.cn",
];

/// Why applications get no address from the resolver that has the last word.
pub(super) enum Missing {
    /// Under an alias into the privatelink zone, or by the word of that zone: no such name, or
    /// no address at it.
    Record,
    /// A private or internal zone hides the public suffix or a parent of it.
    ShadowedBy(Shadow),
    /// The root or a top-level domain denies a name that the internet's would not.
    InternetNames(Soa),
    /// The name does not exist.
    Name,
    /// The name exists and has no address.
    Address,
}

/// What says that a zone of one's own answers for a public suffix.
pub(super) enum Shadow {
    /// The SOA is that of an Azure private DNS zone.
    PrivateZone(Soa),
    /// The SOA's primary server is not Microsoft's.
    ForeignZone(Soa),
    /// The suffix itself does not exist there either, and no zone is named that says so.
    Denied,
    /// AA is set, with no SOA: a resolver is no authority for a name that it looked up.
    Authority,
}

/// The resolver that leaves applications without an address, and why.
pub(super) fn of<'v>(e: &'v View<'_>) -> Option<(&'v Asked<'v>, Missing)> {
    let r = e.dns.decided_nothing()?;
    let missing = match &r.gives {
        Gives::NoName(answer) => {
            if in_privatelink(e, r, answer) {
                Missing::Record
            } else if let Some(soa) = own_root(e, r, answer) {
                Missing::InternetNames(soa.clone())
            } else if let Some(shadow) = shadow(e, r, answer) {
                Missing::ShadowedBy(shadow)
            } else {
                Missing::Name
            }
        }
        // The privatelink zone's own SOA: it is seen, and lacks the address. dnsmasq passes the
        // zone's NXDOMAIN on as an empty answer.
        Gives::NoAddress(answer)
            if answer.soa.as_ref().is_some_and(|soa| is_privatelink_zone(&soa.zone)) =>
        {
            Missing::Record
        }
        Gives::NoAddress(answer) => match shadow(e, r, answer) {
            // Without an SOA an empty answer is more often a filter's than a zone's.
            Some(Shadow::Authority) | None => Missing::Address,
            Some(shadow) => Missing::ShadowedBy(shadow),
        },
        _ => return None,
    };
    Some((r, missing))
}

fn in_privatelink(e: &View<'_>, r: &Asked<'_>, answer: &Answer) -> bool {
    r.seen.aliases(&e.dns.name).iter().any(|alias| is_privatelink(alias))
        || answer.soa.as_ref().is_some_and(|soa| is_privatelink_zone(&soa.zone))
}

/// Whether a zone's own name begins with `privatelink`, or lies under such a zone.
pub(super) fn is_privatelink_zone(zone: &str) -> bool {
    zone.to_ascii_lowercase().split('.').any(|label| label == "privatelink")
}

/// Who signs for the internet's root and its oldest top-level domains.
const INTERNETS_OWN: &[&str] = &["root-servers.net", "gtld-servers.net", "verisign-grs.com"];

/// The SOA of a root or top-level domain that is not the internet's: by its primary server, or
/// because it denies the domain of a known service, which is there.
fn own_root<'a>(e: &View<'_>, r: &Asked<'_>, answer: &'a Answer) -> Option<&'a Soa> {
    let soa = answer.soa.as_ref()?;
    let zone = soa.zone.trim_end_matches('.');
    let name = r.seen.aliases(&e.dns.name).pop().unwrap_or_else(|| e.dns.name.clone());
    let above = zone.is_empty() || (!zone.contains('.') && words::lies_in(&name, zone));
    let internets = INTERNETS_OWN
        .iter()
        .any(|d| words::lies_in(&soa.mname, d) || words::lies_in(&soa.rname, d));
    let known = name == e.dns.name
        && e.target.public_suffix.as_deref().is_some_and(|suffix| words::lies_in(&name, suffix));
    // Other top-level domains have other operators: only the three that Azure uses are known.
    let azures = zone.is_empty() || matches!(zone, "com" | "net");
    (above && (known || (azures && !internets))).then_some(soa)
}

/// Whether an SOA is that of one of Microsoft's public zones.
pub(super) fn is_microsofts(soa: &Soa) -> bool {
    MICROSOFT.iter().any(|d| words::lies_in(&soa.mname, d) || words::lies_in(&soa.rname, d))
}

fn shadow(e: &View<'_>, r: &Asked<'_>, answer: &Answer) -> Option<Shadow> {
    let suffix = e.target.public_suffix.as_deref()?;
    let name = &e.dns.name;
    if !r.seen.aliases(name).is_empty() || !words::lies_in(name, suffix) || is_privatelink(name) {
        return None;
    }
    match &answer.soa {
        // A zone must hold the name; the root and the top level are read by `own_root`.
        Some(soa) if soa.zone.contains('.') && words::lies_in(name, &soa.zone) => {
            if is_azure_private(soa) {
                Some(Shadow::PrivateZone(soa.clone()))
            } else if is_microsofts(soa) {
                None
            } else {
                Some(Shadow::ForeignZone(soa.clone()))
            }
        }
        Some(_) => None,
        None => match tried::parent_soa(e, r.seen) {
            // The zone itself, asked for by its name, where the answer names none.
            Some(soa) if words::lies_in(name, &soa.zone) && is_azure_private(soa) => {
                Some(Shadow::PrivateZone(soa.clone()))
            }
            _ if answer.rcode == Rcode::NxDomain && tried::parent_denied(e, r.seen) => {
                Some(Shadow::Denied)
            }
            _ => answer.authoritative.then_some(Shadow::Authority),
        },
    }
}

/// A zone's name for people: the root's has no label.
pub(super) fn zone_name(zone: &str) -> &str {
    if zone.trim_end_matches('.').is_empty() { "the root" } else { zone }
}

/// The finding as far as the four rules share it: level, sureness, headline, and what every
/// resolver and the system said.
pub(super) fn because(e: &View<'_>, r: &Asked<'_>, sure: Sure, says: impl Into<Clause>) -> Because {
    let mut because = Because::new(fate::without_address(e), sure, says)
        .seen(format!("{} at {}: {}", e.dns.name, r.label(), words::gives(r)))
        .read_at(r.pointer());
    let answer = gives::message(r.seen);
    if let Some(soa) = answer.and_then(|answer| answer.soa.as_ref()) {
        because = because
            .seen(format!("the zone that says so: {} of {}", zone_name(&soa.zone), soa.mname))
            .read_at(format!("{}/saw/outcome/answer/soa", r.pointer()));
    }
    if let Some(text) = answer.and_then(words::extended) {
        because = because.seen(format!("{} adds: {text}", r.label()));
    }
    let first = match r.seen.role {
        ResolverRole::Given => "is the one of --resolver",
        _ => "is asked first",
    };
    for (index, text) in words::others(e.dns.asked(), r.index) {
        because = because
            .seen(format!("{text}, but {} {first} and has the last word", r.label()))
            .read_at(format!("/dns/resolvers/{index}/a"));
    }
    if let Some(code) = reading::system_failed(e) {
        because = because.seen(format!("getaddrinfo says {code}")).read_at("/dns/system");
    }
    because
}

/// The step that has the endpoint register its record in `zone`; `verb` is `create` or `add`.
pub(super) fn register(because: Because, zone: &str, verb: &str, says: &str) -> Because {
    let group = "az network private-endpoint dns-zone-group";
    let zone_word = reading::word(zone);
    let zone_name = reading::word(&zone.replace('.', "-"));
    let endpoint = "-g <group> --endpoint-name <endpoint> -n default";
    because.act(
        Step::shared(
            format!("{says} (Terraform: private_dns_zone_group of azurerm_private_endpoint)"),
            format!(
                "every network that is linked to {zone}: the account's name gives the endpoint's \
                 address there, in place of a record of that name"
            ),
        )
        .command(format!(
            "{group} {verb} {endpoint} --private-dns-zone {zone_word} --zone-name {zone_name}"
        ))
        // The group takes a record over that was there, and deletes it with itself.
        .undo(format!(
            "{}; then write the record back that the zone had for the name before, if it had one: \
             note it first",
            match verb {
                "add" => format!("{group} remove {endpoint} --zone-name {zone_name}"),
                _ => format!("{group} delete {endpoint}"),
            }
        )),
    )
}

/// The step that shows in which zones the endpoint registers itself.
pub(super) fn zone_groups(because: Because, says: &str) -> Because {
    because.look(
        says,
        "az network private-endpoint dns-zone-group list -g <group> --endpoint-name <endpoint> \
         -o table",
    )
}
