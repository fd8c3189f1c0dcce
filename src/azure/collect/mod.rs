//! The order of the questions: what the walk met leads to ids, and ids to what decides (fact C61).
//!
//! Each step asks its questions at the same time, and the next one asks about what they named. Every
//! question keeps its own answer: a refusal of one hides none of the others.

mod access;
mod account;
mod around;
mod changes;
mod endpoints;
mod gathered;
mod here;
mod interfaces;
mod joined;
mod met;
mod path;
mod questions;
mod resolvers;
#[cfg(test)]
mod tests;
mod zones;

use futures_util::join;

use self::around::Around;
use self::gathered::Gathered;
use self::joined::without_value;
use self::questions::Questions;
use super::{Reader, graph};
use crate::evidence::Evidence;
use crate::evidence::azure::{Estate, ResourceId};

/// What narrows or widens the questions.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// `--account-id`: no search for the account is needed.
    pub account: Option<ResourceId>,
    /// `--subscription`: queries ask in this one alone.
    pub subscription: Option<String>,
    /// `--azure-effective`: computations too.
    pub effective: bool,
    /// Everything about the account's private access, whatever the walk met: an audit.
    pub audit: bool,
    /// The id of this machine by its metadata service (fact C47).
    pub this_machine: Option<ResourceId>,
}

/// Asks what the evidence of a walk leaves open.
pub async fn collect(reader: &Reader<'_>, evidence: &Evidence, scope: &Scope) -> Estate {
    let mut q = Questions::new(reader, evidence, scope);
    let mut estate = Estate { this_machine: scope.this_machine.clone(), ..Estate::default() };

    // Which account it is, and what the caller sees at all.
    let (subscriptions, found) = join!(account::subscriptions(&q), account::find(&q));
    estate.subscriptions = subscriptions;
    let found = account::search(&q, &estate.subscriptions, found).await;

    // What is around it.
    let id = found.id.clone();
    let endpoints = id.as_ref().and_then(graph::private_endpoints);
    let ((), endpoint_rows, interface_rows, zone_rows) = join!(
        account::read(&q, found, &mut estate),
        q.graph("private endpoints of the account", endpoints),
        q.graph("interfaces of the addresses that were met", graph::interfaces(&q.met.addresses)),
        q.graph("private zones of the target's names", graph::zones(&q.zones())),
    );
    if let Some(name) = estate.account.known().and_then(account::name_of) {
        q.met.learn(name);
    }

    // Each of these as Resource Manager has it.
    let mut interfaces = Gathered::new(&interfaces::KIND);
    interfaces.add_rows(interface_rows.items());
    let (endpoints, mut zones, machine, (), access, deleted) = join!(
        endpoints::read(&q, &estate.connections, endpoint_rows),
        zones::listed(&q, &zone_rows),
        here::machine(&q),
        interfaces.read(&q, None),
        access::read(&q, id.as_ref()),
        account::deleted(&q, &estate),
    );
    (estate.endpoints, estate.deleted) = (endpoints, deleted);
    (estate.roles, estate.denies) = (access.roles, access.denies);
    (estate.deployments, estate.perimeter) = (access.deployments, access.perimeter);

    // What only those name.
    let of_endpoints = estate.endpoints.items().iter().flat_map(|one| one.interfaces.clone());
    let of_machine = machine.iter().flat_map(|machine| machine.interfaces.clone());
    let named: Vec<ResourceId> = of_endpoints.chain(of_machine).collect();
    let (of_groups, ()) =
        join!(zones::of_groups(&q, &estate.endpoints, &zones), interfaces.read(&q, named),);
    zones.extend(of_groups);
    estate.machines.extend(machine);
    let asks_resolvers = resolvers::are_wanted(&q, &interfaces);
    let mut networks = Gathered::new(&here::NETWORK);
    let (of_records, (), resolver_rows) = join!(
        zones::with_record(&q, &zones),
        here::search(&q, &mut interfaces, &mut networks),
        resolvers::rows(&q, asks_resolvers),
    );
    zones.extend(of_records);
    estate.zones = zones::answer(zones, zone_rows);

    // What lies between.
    let around = Around { interfaces, networks, resolver_rows };
    around.read(&q, without_value(interface_rows), &mut estate).await;
    estate.changes = changes::read(&q, &estate).await;
    estate
}
