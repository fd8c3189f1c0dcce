//! This machine in Azure: its interface, its network, and its machine's identities (fact C48).

use std::net::IpAddr;

use futures_util::join;
use ipnet::IpNet;
use serde_json::Value;

use super::gathered::{Gathered, Kind};
use super::interfaces;
use super::questions::Questions;
use crate::azure::allowed::{MACHINE, MACHINE_STATE, VIRTUAL_NETWORK};
use crate::azure::{graph, resources};
use crate::evidence::azure::{
    Answer, Interface, ResourceId, Subnet, VirtualMachine, VirtualNetwork,
};

/// How a network is read.
pub(super) static NETWORK: Kind<VirtualNetwork> = Kind {
    row: VIRTUAL_NETWORK,
    read: resources::virtual_network,
    mark: |network| network.read = true,
    most: 12,
};

/// Networks with a fitting prefix that are kept, at most.
const CANDIDATES: usize = 6;
/// Machines whose power state is asked for, at most.
const STATES: usize = 6;

/// The machine that the metadata service names; instances of scale sets have another type.
pub(super) async fn machine(q: &Questions<'_, '_>) -> Option<VirtualMachine> {
    let id = q.scope.this_machine.as_ref()?;
    q.get(MACHINE, id, resources::virtual_machine).await.proved().cloned()
}

/// Finds this machine where no interface is known to be its own: among the instances of scale sets,
/// and, for want of better, by the prefixes of networks. Several candidates are kept.
pub(super) async fn search(
    q: &Questions<'_, '_>,
    interfaces: &mut Gathered<Interface>,
    networks: &mut Gathered<VirtualNetwork>,
) {
    let own = &q.met.own;
    let is_sought = q.met.may_be_in_azure && !own.is_empty();
    if !is_sought || !interfaces::own(q, interfaces).is_empty() {
        return;
    }
    let (instances, rows) = join!(
        q.graph(
            "instances of scale sets with this machine's address",
            graph::scale_set_interfaces(own)
        ),
        q.graph("networks with this machine's address", graph::networks()),
    );
    interfaces.add_rows(instances.items());
    if !interfaces::own(q, interfaces).is_empty() {
        return;
    }
    let fits = |row: &&Value| {
        let network = resources::virtual_network(row);
        network.is_some_and(|network| own.iter().any(|address| holds(&network.prefixes, *address)))
    };
    let candidates: Vec<Value> =
        rows.items().iter().filter(fits).take(CANDIDATES).cloned().collect();
    networks.add_rows(&candidates);
}

/// Whether one of the prefixes holds the address.
pub(super) fn holds(prefixes: &[String], address: IpAddr) -> bool {
    let nets = prefixes.iter().filter_map(|prefix| prefix.parse::<IpNet>().ok());
    nets.into_iter().any(|net| net.contains(&address))
}

/// The subnets that this machine is, or may be, in.
pub(super) fn subnets<'a>(
    q: &Questions<'_, '_>,
    interfaces: &Gathered<Interface>,
    networks: &'a Gathered<VirtualNetwork>,
) -> Vec<&'a Subnet> {
    let own = interfaces::own(q, interfaces);
    let ids: Vec<&ResourceId> =
        own.iter().flat_map(|interface| interfaces::subnets_of(interface)).collect();
    let by_address = |subnet: &&Subnet| {
        q.met.may_be_in_azure && q.met.own.iter().any(|own| holds(&subnet.prefixes, *own))
    };
    let all = networks.known().flat_map(|network| &network.subnets);
    match ids.is_empty() {
        false => all.filter(|subnet| ids.contains(&&subnet.id)).collect(),
        true => all.filter(by_address).collect(),
    }
}

/// The power state of machines.
pub(super) async fn states(q: &Questions<'_, '_>, mut ids: Vec<ResourceId>) -> Vec<VirtualMachine> {
    ids.truncate(STATES);
    let states = q.get_all(MACHINE_STATE, &ids, resources::power_state).await;
    let machine = |(id, state): (ResourceId, Answer<String>)| {
        Some(VirtualMachine {
            id,
            power_state: Some(state.proved()?.clone()),
            interfaces: Vec::new(),
            user_identities: None,
            user_identity_ids: Vec::new(),
            user_identity_principals: Vec::new(),
            system_identity: None,
        })
    };
    ids.into_iter().zip(states).filter_map(machine).collect()
}
