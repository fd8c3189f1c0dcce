//! What findings of the dns hop leave open.
//!
//! What the control plane and the path say against each other is not here: those are rules
//! among the others of the hop (`rules/dns/zone_bypassed.rs` and its neighbours).

mod account;
mod addresses;
mod endpoints;
mod links;
mod policy;
mod records;
mod resolvers;

use std::net::IpAddr;

use crate::diagnose::azure::{Proof, Ruling, Witness};
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::dns::{AskedFrom, Origin, Server};
use crate::diagnose::view::azure::needs::missing;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Record, ZoneState};
use crate::evidence::azure::{Answer, ResourceId};

/// The questions.
pub(super) const WITNESSES: &[Witness] = &[
    Witness {
        findings: &["dns-zone-not-linked"],
        ask: links::zone_not_linked,
        says: Some("what the zone is linked to"),
    },
    Witness {
        findings: &["dns-suffix-left-out"],
        ask: links::suffix_left_out,
        says: Some("which zone lacks a record or a link"),
    },
    Witness {
        findings: &["dns-outside-resolver"],
        ask: links::outside_resolver,
        says: Some("what the zone is linked to"),
    },
    Witness {
        findings: &["dns-parent-zone-shadowed"],
        ask: links::parent_zone,
        says: Some("whose zone it is, and its links"),
    },
    Witness {
        findings: &["dns-record-missing"],
        ask: records::record_missing,
        says: Some("which zones have the record"),
    },
    Witness {
        findings: &["dns-zone-falls-back"],
        ask: records::falls_back,
        says: Some("the fallback policy of each link"),
    },
    Witness {
        findings: &["dns-no-private-endpoint", "dns-public-not-expected"],
        ask: endpoints::no_private_endpoint,
        says: Some("the account's private endpoints"),
    },
    Witness {
        findings: &["dns-own-record", "dns-address-not-expected", "dns-hosts-pin"],
        ask: addresses::whose,
        says: Some("whose address it is"),
    },
    Witness {
        findings: &["dns-resolvers-disagree"],
        ask: addresses::which_is_right,
        says: Some("the endpoints' addresses"),
    },
    Witness {
        findings: &["dns-blocked-by-policy"],
        ask: policy::which,
        says: Some("which policy blocks the name"),
    },
    Witness {
        findings: &[
            "dns-resolver-silent",
            "dns-resolver-port-refused",
            "dns-resolver-unreachable",
            "dns-resolver-down",
        ],
        ask: resolvers::silent,
        says: Some("what is at that address"),
    },
    Witness {
        findings: &["dns-azure-resolver-outside"],
        ask: resolvers::rather,
        says: Some("this network's DNS servers"),
    },
    Witness {
        findings: &["dns-upstream-dead", "dns-zone-fails", "dns-servfail", "dns-refused"],
        ask: resolvers::upstream,
        says: Some("where the rulesets forward it"),
    },
    Witness {
        findings: &["dns-forwards-privatelink-only", "dns-privatelink-forwarder-dead"],
        ask: resolvers::forwards,
        says: Some("which ruleset forwards what"),
    },
    Witness {
        findings: &["dns-name-not-found"],
        ask: account::exists,
        says: Some("whether there is such an account"),
    },
];

/// A network or a zone with its group: names alone are often the same in several groups.
fn named(id: &ResourceId) -> String {
    format!("{} (resource group {})", id.name(), id.group())
}

/// What the resolver is and from which network it asks, e.g. `10.1.0.10 is the inbound endpoint in-1
/// of the resolver hub-dns: it asks Azure DNS in hub (resource group net-rg)`.
fn who(label: &str, origin: &Origin<'_>) -> String {
    let network = named(&origin.network);
    match origin.server {
        Server::AzureDns => format!("{label} answers for this machine's network, {network}"),
        Server::Machine(_) => format!("{label} is {}, in {network}", origin.server.noun()),
        Server::Inbound(_) | Server::Firewall(_) => {
            format!("{label} is {}: it asks Azure DNS in {network}", origin.server.noun())
        }
    }
}

/// The record of a zone, in words.
fn record_words(state: &ZoneState<'_>, azure: &AzureView<'_>, record: &str) -> Option<String> {
    let zone = named(&state.zone.id);
    Some(match &state.record {
        Record::Right(all) => {
            let right = azure.right_addresses();
            let endpoint = right.iter().find(|one| all.contains(&one.address))?;
            format!(
                "{zone} has {record} -> {}, the address of the endpoint {} (right)",
                reading::list(all),
                endpoint.endpoint.id.name()
            )
        }
        Record::Wrong(all) => {
            let right = azure.right_addresses();
            let is_right = |address: &IpAddr| right.iter().any(|one| one.address == *address);
            let wrong: Vec<IpAddr> = all.iter().copied().filter(|a| !is_right(a)).collect();
            let has = format!("{zone} has {record} -> {}", reading::list(all));
            match wrong.len() < all.len() {
                true => format!("{has}; no endpoint has {} (wrong)", reading::list(&wrong)),
                false => format!("{has}, which no endpoint has (wrong)"),
            }
        }
        Record::Given(all) => format!("{zone} has {record} -> {}", reading::list(all)),
        Record::Absent => format!("{zone} has no record {record}"),
        Record::Unknown => return None,
    })
}

/// Open, where some right is missing.
fn open(rights: impl IntoIterator<Item = Option<String>>) -> Option<Ruling> {
    let mut all: Vec<String> = rights.into_iter().flatten().collect();
    all.dedup();
    (!all.is_empty()).then_some(Ruling::Open(all))
}

/// Why the network that a resolver asks from is not known.
fn not_placed(azure: &AzureView<'_>, case: &ZoneCase<'_>) -> Option<Ruling> {
    let label = case.resolver.label();
    match &case.from {
        AskedFrom::One(_) | AskedFrom::Outside => None,
        AskedFrom::Several(networks) => {
            let names: Vec<String> = networks.iter().map(named).collect();
            Some(Ruling::Open(vec![format!(
                "what shows in which network {label} is ({} have the same addresses), e.g. this \
                 machine's own id by its metadata service,",
                names.join(" and ")
            )]))
        }
        AskedFrom::Unknown => not_seen(azure, &label),
    }
}

/// Nothing visible has the resolver's address: which reads were refused, or that it is not seen.
fn not_seen(azure: &AzureView<'_>, label: &str) -> Option<Ruling> {
    let estate = azure.estate();
    let over = "the resource group of the resolver";
    let inbound = "Microsoft.Network/dnsResolvers/inboundEndpoints/read";
    let interfaces = "Microsoft.Network/networkInterfaces/read";
    let refused = [
        estate.inbound_endpoints.refusal().and(missing(&estate.inbound_endpoints, inbound, over)),
        estate.interfaces.refusal().and(missing(&estate.interfaces, interfaces, over)),
    ];
    // What the caller does not see is missing without a sign (fact C2).
    let asked = estate.interfaces.known().is_some()
        || matches!(estate.interfaces, Answer::NotVisible)
        || matches!(estate.inbound_endpoints, Answer::NotVisible);
    let unseen = refused.iter().all(Option::is_none) && asked;
    let unseen = unseen.then(|| {
        format!("the right to read what has the address of {label} (nothing that this caller sees)")
    });
    open(refused.into_iter().chain([unseen]))
}

/// Sentences of the finding that hold whatever Resource Manager says: a proof's sentences replace
/// the others.
fn keep(proof: Proof, e: &View<'_>) -> Proof {
    let proof = match crate::diagnose::rules::dns::downstream::refused_by_network(e) {
        true => proof.reasoning(crate::diagnose::rules::dns::downstream::REFUSAL_IS_EXPECTED),
        false => proof,
    };
    match reading::proxied(e) {
        true => proof.reasoning(
            "a proxy carries the call and resolves the name itself, so this matters only once the \
             proxy is bypassed",
        ),
        false => proof,
    }
}

/// Proved where the origin decides; else suggested, with what must hold for it.
fn by_origin(origin: &Origin<'_>, proof: Proof) -> Ruling {
    match &origin.provided {
        _ if origin.decides() => Ruling::Proves(proof),
        Some(condition) => Ruling::Suggests(
            Proof { headline: None, ..proof }
                .reasoning(format!("this is the cause if {condition}, which Azure does not show")),
        ),
        None => Ruling::Suggests(Proof { headline: None, ..proof }.reasoning(format!(
            "another network may be meant than {}: by its address alone it is not certain",
            origin.network.name()
        ))),
    }
}

/// Addresses of the account's endpoints with the endpoints' names.
fn right_words(azure: &AzureView<'_>) -> Option<String> {
    let all = azure.right_addresses();
    let words: Vec<String> =
        all.iter().map(|one| format!("{} ({})", one.address, one.endpoint.id.name())).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Whether the address is one of the account's endpoints'.
fn is_right(azure: &AzureView<'_>, address: IpAddr) -> bool {
    azure.right_addresses().iter().any(|one| one.address == address)
}
