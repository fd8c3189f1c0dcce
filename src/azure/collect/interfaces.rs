//! Network interfaces: of the addresses that the walk met, of the endpoints, of machines.

use std::net::IpAddr;

use super::gathered::{Gathered, Kind};
use super::questions::Questions;
use crate::azure::allowed::INTERFACE;
use crate::azure::{graph, resources};
use crate::evidence::azure::{Interface, ResourceId};

/// How an interface is read.
pub(super) static KIND: Kind<Interface> = Kind {
    row: INTERFACE,
    read: resources::interface,
    mark: |interface| interface.read = true,
    most: 32,
};

/// Whether an interface has one of the addresses.
pub(super) fn has_address(interface: &Interface, addresses: &[IpAddr]) -> bool {
    interface.ip_configurations.iter().any(|one| addresses.contains(&one.address))
}

/// The subnets of an interface.
pub(super) fn subnets_of(interface: &Interface) -> impl Iterator<Item = &ResourceId> {
    interface.ip_configurations.iter().filter_map(|one| one.subnet.as_ref())
}

/// The networks of the subnets of an interface.
pub(super) fn networks_of(interface: &Interface) -> impl Iterator<Item = ResourceId> {
    subnets_of(interface).filter_map(|subnet| subnet.up_to("virtualNetworks"))
}

/// Adds the interfaces that have one of the addresses, as far as none is known to.
pub(super) async fn find(
    q: &Questions<'_, '_>,
    interfaces: &mut Gathered<Interface>,
    addresses: &[IpAddr],
    question: &'static str,
) {
    let is_known = |address: &IpAddr| {
        let asked = q.met.addresses.contains(address);
        asked || interfaces.known().any(|one| has_address(one, &[*address]))
    };
    let unknown: Vec<IpAddr> = addresses.iter().copied().filter(|one| !is_known(one)).collect();
    let rows = q.graph(question, graph::interfaces(&unknown)).await;
    interfaces.add_rows(rows.items());
    interfaces.read(q, None).await;
}

/// This machine's interfaces: those of the machine that its metadata service names, else those that
/// have its addresses. An address alone can be another machine's, in another network.
pub(super) fn own<'a>(
    q: &Questions<'_, '_>,
    interfaces: &'a Gathered<Interface>,
) -> Vec<&'a Interface> {
    let machine = q.scope.this_machine.as_ref();
    let by_id: Vec<&Interface> = interfaces
        .known()
        .filter(|one| machine.is_some() && one.machine.as_ref() == machine)
        .collect();
    match by_id.is_empty() {
        false => by_id,
        true => interfaces.known().filter(|one| is_own_address(q, one)).collect(),
    }
}

/// This machine's interface by the machine's id, or by its host name and its address: an address
/// alone is not enough to have something computed there. Of several, those with its address.
pub(super) fn own_by_name<'a>(
    q: &Questions<'_, '_>,
    interfaces: &'a Gathered<Interface>,
) -> Vec<&'a Interface> {
    let is_own = |interface: &&&Interface| match (&q.scope.this_machine, &interface.machine) {
        (Some(id), Some(machine)) => id == machine,
        (None, Some(machine)) => machine.name().eq_ignore_ascii_case(&q.met.machine),
        (_, None) => false,
    };
    let all = own(q, interfaces);
    let named: Vec<&Interface> = all.iter().filter(is_own).copied().collect();
    match named.len() {
        0 | 1 => named,
        _ => named.into_iter().filter(|one| is_own_address(q, one)).collect(),
    }
}

fn is_own_address(q: &Questions<'_, '_>, interface: &Interface) -> bool {
    // Outside Azure, an interface with this machine's address is another machine's.
    q.met.may_be_in_azure
        && interface.private_endpoint.is_none()
        && has_address(interface, &q.met.own)
}
