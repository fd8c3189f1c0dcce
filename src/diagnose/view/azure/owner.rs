//! Whose an address is: an interface of a private endpoint has it, of a machine, or none that is
//! visible.

use std::net::IpAddr;

use super::AzureView;
use super::here::Here;
use super::routes::is_or_joins;
use crate::evidence::azure::{Connection, Interface, IpConfiguration, PrivateEndpoint, ResourceId};
use crate::services::{find, find_privatelink};

/// What hands connections on behind a private endpoint, as the operator has set it up (fact C65).
const RELAYS: &[&str] =
    &["Microsoft.Network/privateLinkServices", "Microsoft.Network/applicationGateways"];

/// Whose an address is.
pub(in crate::diagnose) enum Owner<'a> {
    /// A private endpoint of the account.
    Account(EndpointAddress<'a>),
    /// A private endpoint that leads to a service of the operator's own, which may hand connections on
    /// to the account (fact C65); or that may, since what it leads to is not visible.
    Relay(&'a ResourceId, Option<&'a ResourceId>),
    /// A private endpoint of something else.
    OtherEndpoint(&'a ResourceId, &'a IpConfiguration),
    /// A private endpoint; whether it is the account's is not visible.
    UnknownEndpoint(&'a ResourceId, &'a IpConfiguration),
    /// An interface of a machine or an appliance.
    Other(&'a Interface),
    /// Interfaces in different networks have it, and nothing shows which one answers here.
    Several(Vec<&'a Interface>),
    /// No visible interface has it.
    NotVisible,
}

/// An address of the account's private endpoint.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct EndpointAddress<'a> {
    /// The private endpoint.
    pub(in crate::diagnose) id: &'a ResourceId,
    /// Its address.
    pub(in crate::diagnose) configuration: &'a IpConfiguration,
    /// Its connection at the account.
    pub(in crate::diagnose) connection: Option<&'a Connection>,
}

impl<'a> AzureView<'a> {
    /// Whose the address is. Where several interfaces have it, the one counts that is in this
    /// machine's network, or in one that is peered with it.
    pub(in crate::diagnose) fn owner(&self, address: IpAddr) -> Owner<'a> {
        let all: Vec<(&'a Interface, &'a IpConfiguration)> = self
            .said
            .estate
            .interfaces
            .items()
            .iter()
            .filter_map(|interface| {
                let has = |c: &&IpConfiguration| c.address == address;
                Some((interface, interface.ip_configurations.iter().find(has)?))
            })
            .collect();
        let near: Vec<_> = all.iter().filter(|(_, c)| self.near_here(c)).copied().collect();
        match (all.as_slice(), near.as_slice()) {
            ([], _) => Owner::NotVisible,
            ([one], _) | (_, [one]) => self.owner_of(*one),
            _ => Owner::Several(all.iter().map(|(interface, _)| *interface).collect()),
        }
    }

    fn owner_of(
        &self,
        (interface, configuration): (&'a Interface, &'a IpConfiguration),
    ) -> Owner<'a> {
        let Some(id) = &interface.private_endpoint else { return Owner::Other(interface) };
        let account = Owner::Account(EndpointAddress {
            id,
            configuration,
            connection: self.connection_of(id),
        });
        if self.is_of_account(id) {
            return account;
        }
        let estate = &self.said.estate;
        let targets = self.endpoint(id).map(|endpoint| endpoint.targets.as_slice());
        let targets = targets.unwrap_or_default();
        let relay = targets.iter().find(|target| RELAYS.iter().any(|kind| target.is_a(kind)));
        if relay.is_some() {
            return Owner::Relay(id, relay);
        }
        if !targets.is_empty() {
            return Owner::OtherEndpoint(id, configuration);
        }
        if estate.connections.known().is_some() {
            let of_service =
                |name: &String| find(name).or_else(|| find_privatelink(name)).is_some();
            return match configuration.fqdns.iter().any(of_service) {
                true => Owner::OtherEndpoint(id, configuration),
                false => Owner::Relay(id, None),
            };
        }
        let host = &self.walk.dns.name;
        match configuration.fqdns.iter().any(|name| name.eq_ignore_ascii_case(host)) {
            true => account,
            false => Owner::UnknownEndpoint(id, configuration),
        }
    }

    /// Whether what has the address may be in front of the account on purpose: a machine, or a service
    /// of the operator's own behind a private endpoint.
    pub(in crate::diagnose) fn may_be_in_front(&self, address: IpAddr) -> bool {
        matches!(self.owner(address), Owner::Other(_) | Owner::Several(_) | Owner::Relay(..))
    }

    /// Whether it is certain that this machine's packets reach the visible interface with the
    /// address: Resource Manager was asked for it, and it is in this machine's network or in one that
    /// is peered with it. Elsewhere another network, not visible, may have the address too.
    pub(in crate::diagnose) fn owner_is_certain(&self, address: IpAddr) -> bool {
        let Here::At(place) = self.here() else { return false };
        let all = &self.said.estate.interfaces;
        let reached = |configuration: &IpConfiguration| {
            let subnet = configuration.subnet.as_ref();
            configuration.address == address
                && subnet
                    .and_then(|subnet| subnet.up_to("virtualNetworks"))
                    .is_some_and(|network| is_or_joins(place.network, &network))
        };
        place.certain
            && all.items().iter().any(|interface| {
                (interface.read || all.proved().is_some())
                    && interface.ip_configurations.iter().any(reached)
            })
    }

    /// Whether the address is in this machine's network or in one that is peered with it.
    fn near_here(&self, configuration: &IpConfiguration) -> bool {
        let Here::At(place) = self.here() else { return false };
        let Some(subnet) = &configuration.subnet else { return false };
        let Some(network) = subnet.up_to("virtualNetworks") else { return false };
        let peer =
            |peering: &crate::evidence::azure::Peering| peering.network.as_ref() == Some(&network);
        place.network.id == network || place.network.peerings.iter().any(peer)
    }

    /// The connection of a private endpoint at the account.
    pub(in crate::diagnose) fn connection_of(
        &self,
        endpoint: &ResourceId,
    ) -> Option<&'a Connection> {
        let connections = self.said.estate.connections.items();
        connections.iter().find(|connection| connection.endpoint.as_ref() == Some(endpoint))
    }

    /// A private endpoint, if the caller sees it.
    pub(in crate::diagnose) fn endpoint(&self, id: &ResourceId) -> Option<&'a PrivateEndpoint> {
        self.said.estate.endpoints.items().iter().find(|endpoint| endpoint.id == *id)
    }

    fn is_of_account(&self, endpoint: &ResourceId) -> bool {
        let account = self.said.estate.account.known().map(|account| &account.id);
        self.connection_of(endpoint).is_some()
            || self.endpoint(endpoint).is_some_and(|endpoint| {
                account.is_none_or(|account| endpoint.targets.contains(account))
            })
    }

    /// The addresses of the account's endpoints that are seen.
    pub(in crate::diagnose) fn account_addresses(&self) -> Vec<EndpointAddress<'a>> {
        let interfaces = self.said.estate.interfaces.items().iter();
        interfaces
            .filter_map(|interface| {
                let id = interface.private_endpoint.as_ref().filter(|id| self.is_of_account(id))?;
                let connection = self.connection_of(id);
                Some(interface.ip_configurations.iter().map(move |configuration| EndpointAddress {
                    id,
                    configuration,
                    connection,
                }))
            })
            .flatten()
            .collect()
    }

    /// Whether every address of every endpoint of the account was read: only then is another
    /// address proved to be none of theirs (facts C2, C3).
    pub(in crate::diagnose) fn knows_every_address(&self) -> bool {
        let estate = &self.said.estate;
        let Some(connections) = estate.connections.proved() else { return false };
        let read = |id: &ResourceId| {
            let interface = estate.interfaces.items().iter().find(|one| one.id == *id);
            interface.is_some_and(|one| one.read || estate.interfaces.proved().is_some())
        };
        connections.iter().all(|connection| {
            let endpoint = connection.endpoint.as_ref().and_then(|id| self.endpoint(id));
            endpoint.is_some_and(|endpoint| {
                (endpoint.read || estate.endpoints.proved().is_some())
                    && !endpoint.interfaces.is_empty()
                    && endpoint.interfaces.iter().all(read)
            })
        })
    }
}
