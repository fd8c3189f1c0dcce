//! Where this machine is in Azure: its interface, subnet and network (fact C48).
//!
//! The metadata service names the machine, and Resource Manager its interfaces. Without it, the
//! source address of the walk is all there is, and many networks have the same prefixes: where
//! several fit, none is chosen.

use std::net::IpAddr;

use ipnet::IpNet;

use super::AzureView;
use crate::evidence::azure::{Interface, ResourceId, Subnet, VirtualNetwork};
use crate::evidence::classify;

/// Where this machine is.
pub(in crate::diagnose) enum Here<'a> {
    /// In this subnet.
    At(Place<'a>),
    /// In one of these networks: the source address fits each of them.
    Several(Vec<&'a ResourceId>),
    /// In a network that the caller does not see.
    Hidden(ResourceId),
    /// Not in Azure.
    Outside,
    /// No visible network has the source address.
    Unknown,
}

/// A place in a network.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct Place<'a> {
    /// The address that packets leave with.
    pub(in crate::diagnose) address: IpAddr,
    /// The interface; none where the network alone is known.
    pub(in crate::diagnose) interface: Option<&'a Interface>,
    /// Its network.
    pub(in crate::diagnose) network: &'a VirtualNetwork,
    /// Its subnet.
    pub(in crate::diagnose) subnet: &'a Subnet,
    /// Whether the metadata service names the machine, and Resource Manager was asked for the rest:
    /// the address alone leaves other networks possible.
    pub(in crate::diagnose) certain: bool,
}

impl<'a> AzureView<'a> {
    /// Where this machine is.
    pub(in crate::diagnose) fn here(&self) -> Here<'a> {
        let estate = &self.said.estate;
        let sources = self.own_addresses();
        if let Some(machine) = &estate.this_machine
            && let Some(place) = self.at_interface_of(machine, &sources)
        {
            return place;
        }
        if self.walk.vantage.azure.answer == Some(false) {
            return Here::Outside;
        }
        let with_source = |interface: &&Interface| {
            interface.private_endpoint.is_none()
                && interface.ip_configurations.iter().any(|c| sources.contains(&c.address))
        };
        let interfaces: Vec<_> = estate.interfaces.items().iter().filter(with_source).collect();
        let named = interfaces.iter().find(|interface| self.is_this_host(interface));
        let places: Vec<Place<'a>> = estate
            .networks
            .items()
            .iter()
            .flat_map(|network| network.subnets.iter().map(move |subnet| (network, subnet)))
            .filter_map(|(network, subnet)| {
                let address = *sources.iter().find(|source| holds(&subnet.prefixes, **source))?;
                Some(Place { address, interface: None, network, subnet, certain: false })
            })
            .collect();
        let one = match (named, interfaces.as_slice()) {
            (Some(interface), _) => Some(*interface),
            // Another network of the same prefix may have such an interface that is not visible.
            (None, [interface]) if places.len() <= 1 => Some(*interface),
            _ => None,
        };
        if let Some(interface) = one {
            return self.place_at(interface, &sources, false).unwrap_or(Here::Unknown);
        }
        match places.as_slice() {
            [] => Here::Unknown,
            [place] => Here::At(*place),
            several => Here::Several(several.iter().map(|place| &place.network.id).collect()),
        }
    }

    /// The private addresses that this machine's packets left with.
    pub(in crate::diagnose) fn own_addresses(&self) -> Vec<IpAddr> {
        let attempts = self.walk.tcp.value().map(|tcp| tcp.attempts.as_slice());
        let used = attempts.unwrap_or_default().iter().filter_map(|attempt| attempt.source);
        let chosen = self.walk.vantage.sources.iter().filter_map(|source| source.source);
        let mut all: Vec<IpAddr> = Vec::new();
        for address in used.chain(chosen) {
            if classify(address).is_private() && !all.contains(&address) {
                all.push(address);
            }
        }
        all
    }

    /// Whether the interface is of a virtual machine that has this host's name.
    fn is_this_host(&self, interface: &Interface) -> bool {
        let host = self.walk.vantage.host.split('.').next().unwrap_or_default();
        let name = interface.machine.as_ref().map(ResourceId::name);
        !host.is_empty() && name.is_some_and(|name| name.eq_ignore_ascii_case(host))
    }

    /// At the interface of this machine that has a source address; a pod's address is on none of
    /// them, and then the only one counts.
    fn at_interface_of(&self, machine: &ResourceId, sources: &[IpAddr]) -> Option<Here<'a>> {
        let estate = &self.said.estate;
        let listed = estate.machines.iter().find(|one| one.id == *machine);
        let own: Vec<&Interface> = estate
            .interfaces
            .items()
            .iter()
            .filter(|interface| {
                interface.machine.as_ref() == Some(machine)
                    || listed.is_some_and(|one| one.interfaces.contains(&interface.id))
            })
            .collect();
        let has_source = |interface: &&&Interface| {
            interface.ip_configurations.iter().any(|c| sources.contains(&c.address))
        };
        let interface = own.iter().find(has_source).or(match own.as_slice() {
            [only] => Some(only),
            _ => None,
        })?;
        self.place_at(interface, sources, true)
    }

    fn place_at(
        &self,
        interface: &'a Interface,
        sources: &[IpAddr],
        certain: bool,
    ) -> Option<Here<'a>> {
        let with_source = interface.ip_configurations.iter().find(|c| sources.contains(&c.address));
        let configuration = with_source.or_else(|| interface.ip_configurations.first())?;
        let subnet = configuration.subnet.as_ref()?;
        let Some((network, subnet)) = self.subnet(subnet) else {
            return Some(Here::Hidden(subnet.up_to("virtualNetworks")?));
        };
        let address = configuration.address;
        let all = &self.said.estate;
        let certain = certain
            && (interface.read || all.interfaces.proved().is_some())
            && (network.read || all.networks.proved().is_some());
        Some(Here::At(Place { address, interface: Some(interface), network, subnet, certain }))
    }

    /// A subnet with its network, if the caller sees it.
    pub(in crate::diagnose) fn subnet(
        &self,
        id: &ResourceId,
    ) -> Option<(&'a VirtualNetwork, &'a Subnet)> {
        let networks = self.said.estate.networks.items();
        networks.iter().find_map(|network| {
            Some((network, network.subnets.iter().find(|subnet| subnet.id == *id)?))
        })
    }
}

/// Whether one of the prefixes has the address in it; a text that is no prefix has none.
pub(in crate::diagnose) fn holds(prefixes: &[String], address: IpAddr) -> bool {
    prefixes.iter().filter_map(|text| prefix(text)).any(|net| net.contains(&address))
}

/// A prefix, or an address as the prefix of itself.
pub(in crate::diagnose) fn prefix(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
