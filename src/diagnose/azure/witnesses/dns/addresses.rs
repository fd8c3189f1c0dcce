//! Whose address an answer holds.

use std::net::IpAddr;

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::evidence::azure::ConnectionStatus;

use super::{is_right, missing, named, open, right_words};

const INTERFACES: &str = "Microsoft.Network/networkInterfaces/read";

/// Whether the address that applications get is one of the account's endpoints'.
pub(super) fn whose(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let all = e.dns.effective();
    let Some(right) = right_words(azure) else { return unknown(e, azure) };
    let proof = Proof::default()
        .fact(format!("the account's endpoint has {right} for this name"))
        .cites("/estate/interfaces")
        .cites("/estate/connections");
    let (good, bad): (Vec<IpAddr>, Vec<IpAddr>) =
        all.iter().partition(|address| is_right(azure, **address));
    if bad.is_empty() {
        let proof = proof.reasoning(format!(
            "{} is the address of the account's own endpoint today",
            reading::list(&good)
        ));
        return Some(Ruling::Notes(
            proof.ruled_out("a stale address, and one of another endpoint"),
        ));
    }
    let other = bad.iter().find_map(|a| Some((*a, azure.endpoint_of_another(*a)?.0)));
    // Facts alone: the finding's own sentences say where the address comes from.
    if let Some((address, endpoint)) = other {
        return Some(Ruling::Proves(proof.fact(format!(
            "{address} is the address of {}, a private endpoint of another resource",
            named(endpoint)
        ))));
    }
    if !azure.knows_every_address() {
        return Some(Ruling::Notes(proof));
    }
    Some(Ruling::Proves(proof.fact(format!(
        "every endpoint of the account was read, and none has {}",
        reading::list(&bad)
    ))))
}

fn unknown(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let estate = azure.estate();
    let over = format!("the resource group of {}'s private endpoint", reading::account(e));
    let approved =
        |one: &&crate::evidence::azure::Connection| one.status == ConnectionStatus::Approved;
    let endpoint = estate.connections.items().iter().find(approved);
    let over =
        endpoint.and_then(|one| one.endpoint.as_ref()).map_or(over, |id| id.as_str().to_owned());
    open([
        missing(&estate.endpoints, "Microsoft.Network/privateEndpoints/read", &over),
        missing(&estate.interfaces, INTERFACES, &over),
    ])
}

/// Which of the resolvers' answers is the endpoint's address.
pub(super) fn which_is_right(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let Some(right) = right_words(azure) else { return unknown(e, azure) };
    let mut proof = Proof::default()
        .fact(format!("the account's endpoint has {right} for this name"))
        .cites("/estate/interfaces");
    let given = |r: &&ResolverView<'_>| !r.outcome.addresses().is_empty();
    let (good, bad): (Vec<_>, Vec<_>) = e
        .dns
        .resolver_views()
        .iter()
        .filter(given)
        .partition(|r| r.outcome.addresses().iter().all(|a| is_right(azure, *a)));
    let labels =
        |all: &[&ResolverView<'_>]| all.iter().map(|r| r.label()).collect::<Vec<_>>().join(", ");
    for r in &good {
        proof = proof.reasoning(format!("{} gives the endpoint's own address (right)", r.label()));
    }
    for r in bad.iter().filter(|_| azure.knows_every_address()) {
        let list = reading::list(r.outcome.addresses());
        proof = proof.reasoning(format!(
            "{} gives {list}, which no endpoint of the account has (wrong)",
            r.label()
        ));
    }
    if good.is_empty() || bad.is_empty() {
        return Some(Ruling::Notes(proof));
    }
    let (good, bad) = (labels(&good), labels(&bad));
    proof = proof.headline(
        crate::diagnose::headline::Clause::from(format!(
            "{good} gives the endpoint's address, {bad} another one"
        ))
        .or("only one resolver gives the endpoint's address"),
    );
    Some(match azure.knows_every_address() {
        true => Ruling::Suggests(proof),
        false => Ruling::Notes(Proof { headline: None, ..proof }),
    })
}
