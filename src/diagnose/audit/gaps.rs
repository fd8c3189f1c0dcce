//! What was not read: nothing of it is known to fit.

use super::open;
use crate::audit::AuditCheck;
use crate::diagnose::view::azure::AzureView;
use crate::diagnosis::State;
use crate::evidence::azure::{Answer, ResourceId};

/// The questions without a usable answer, and what was left out of long lists. The rights that the
/// caller lacks have a check of their own.
pub(super) fn gaps(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let estate = view.estate();
    let whole = [
        gap("visible subscriptions", &estate.subscriptions),
        gap("private endpoints", &estate.endpoints),
        gap("network interfaces", &estate.interfaces),
        gap("virtual networks", &estate.networks),
        gap("inbound endpoints", &estate.inbound_endpoints),
        gap("forwarding rulesets", &estate.rulesets),
        gap("DNS security policies", &estate.resolver_policies),
        gap("firewalls", &estate.firewalls),
        gap("network security perimeter", &estate.perimeter),
    ];
    let rulesets = estate.rulesets.items().iter().flat_map(|one| {
        let of = |what: &str| format!("{what} of {}", one.id.name());
        [part(&of("rules"), &one.rules), part(&of("links"), &one.networks)]
    });
    let policies = estate.resolver_policies.items().iter();
    let policies = policies.map(|one| part(&format!("rules of {}", one.id.name()), &one.rules));
    let gaps: Vec<String> = whole
        .into_iter()
        .chain(rulesets)
        .chain(policies)
        .flatten()
        .chain(rows(view).into_iter().map(|id| format!("{} was not read", id.name())))
        .collect();
    let check = match gaps.as_slice() {
        [] => return Vec::new(),
        [only] => return vec![AuditCheck::new("reads", State::CannotTell, only)],
        more => {
            let says = format!("{} parts of it were not read", more.len());
            AuditCheck::new("reads", State::CannotTell, says)
        }
    };
    vec![gaps.into_iter().fold(check, AuditCheck::fact)]
}

fn gap<T>(what: &str, answer: &Answer<T>) -> Option<String> {
    matches!(answer, Answer::Failed { .. } | Answer::Refused { .. }).then(|| open(answer, what))
}

/// A part of an item: it is asked for, unless the list of the items was cut.
fn part<T>(what: &str, answer: &Answer<T>) -> Option<String> {
    match answer {
        Answer::NotAsked => Some(format!("{what}: not read, since there are too many")),
        _ => gap(what, answer),
    }
}

/// Endpoints, their interfaces and their networks that only Resource Graph shows, which learns of
/// changes late.
fn rows<'a>(view: &AzureView<'a>) -> Vec<&'a ResourceId> {
    let estate = view.estate();
    let endpoints = estate.endpoints.items();
    let endpoints_read = estate.endpoints.proved().is_some();
    let interfaces_read = estate.interfaces.proved().is_some();
    let networks_read = estate.networks.proved().is_some();
    let networks: Vec<ResourceId> =
        endpoints.iter().filter_map(|one| one.subnet.as_ref()?.up_to("virtualNetworks")).collect();
    let of_endpoints = |id: &ResourceId| endpoints.iter().any(|one| one.interfaces.contains(id));
    let interfaces = estate.interfaces.items().iter();
    let interfaces =
        interfaces.filter(|one| !(one.read || interfaces_read) && of_endpoints(&one.id));
    let known = estate.networks.items().iter();
    let known = known.filter(|one| !(one.read || networks_read) && networks.contains(&one.id));
    endpoints
        .iter()
        .filter(|one| !(one.read || endpoints_read))
        .map(|one| &one.id)
        .chain(interfaces.map(|one| &one.id))
        .chain(known.map(|one| &one.id))
        .collect()
}
