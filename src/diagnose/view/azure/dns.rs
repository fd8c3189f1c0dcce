//! From which virtual network a resolver asks Azure DNS: that network's links, rulesets and policies
//! decide what it sees (facts C48, C49). Facts only, no judgement.

use std::net::IpAddr;

use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::resolver_view::ResolverView;
use crate::evidence::AZURE_DNS;
use crate::evidence::azure::{Firewall, InboundEndpoint, Interface, Peering, ResourceId};

use super::AzureView;
use super::here::{Here, holds};

/// The networks that this machine may be in.
#[derive(Debug, Clone, Default)]
pub(in crate::diagnose) struct OwnNetworks {
    /// One, or several candidates.
    pub(in crate::diagnose) networks: Vec<ResourceId>,
    /// Whether the machine's own id led to the only one (fact C48), and not its address alone.
    pub(in crate::diagnose) certain: bool,
}

/// What a resolver is in Azure.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose) enum Server<'a> {
    /// 168.63.129.16.
    AzureDns,
    /// An inbound endpoint of Azure DNS Private Resolver.
    Inbound(&'a InboundEndpoint),
    /// An Azure Firewall.
    Firewall(&'a Firewall),
    /// The interface of a virtual machine.
    Machine(&'a Interface),
}

impl Server<'_> {
    /// What it is, to follow "is".
    pub(in crate::diagnose) fn noun(&self) -> String {
        match self {
            Self::AzureDns => "Azure's own DNS".to_owned(),
            Self::Inbound(endpoint) => format!(
                "the inbound endpoint {} of the resolver {}",
                endpoint.id.name(),
                endpoint.id.segment("dnsResolvers").unwrap_or_default()
            ),
            Self::Firewall(firewall) => format!("the Azure Firewall {}", firewall.id.name()),
            Self::Machine(interface) => match &interface.machine {
                Some(machine) => format!("the virtual machine {}", machine.name()),
                None => format!("the network interface {}", interface.id.name()),
            },
        }
    }

    /// Its id, where it has one.
    pub(in crate::diagnose) fn id(&self) -> Option<&ResourceId> {
        match self {
            Self::AzureDns => None,
            Self::Inbound(endpoint) => Some(&endpoint.id),
            Self::Firewall(firewall) => Some(&firewall.id),
            Self::Machine(interface) => Some(interface.machine.as_ref().unwrap_or(&interface.id)),
        }
    }

    /// Where it is in the evidence.
    pub(in crate::diagnose) const fn pointer(&self) -> &'static str {
        match self {
            Self::AzureDns => "/estate/networks",
            Self::Inbound(_) => "/estate/inbound_endpoints",
            Self::Firewall(_) => "/estate/firewalls",
            Self::Machine(_) => "/estate/interfaces",
        }
    }
}

/// The network whose Azure DNS a resolver asks.
#[derive(Debug, Clone)]
pub(in crate::diagnose) struct Origin<'a> {
    /// What the resolver is.
    pub(in crate::diagnose) server: Server<'a>,
    /// The network.
    pub(in crate::diagnose) network: ResourceId,
    /// Whether Resource Manager itself said so, and no other network can be meant.
    pub(in crate::diagnose) certain: bool,
    /// What must hold for it and is not visible in Azure, to follow "if".
    pub(in crate::diagnose) provided: Option<String>,
}

impl Origin<'_> {
    /// Whether what the network's links show decides what the resolver sees.
    pub(in crate::diagnose) const fn decides(&self) -> bool {
        self.certain && self.provided.is_none()
    }
}

/// Where a resolver asks from.
#[derive(Debug, Clone)]
pub(in crate::diagnose) enum AskedFrom<'a> {
    /// From this network.
    One(Origin<'a>),
    /// From one of these networks, which have the same address.
    Several(Vec<ResourceId>),
    /// It is outside every virtual network.
    Outside,
    /// Nothing visible shows it.
    Unknown,
}

impl<'a> AskedFrom<'a> {
    /// The network, where it is only one.
    pub(in crate::diagnose) const fn one(&self) -> Option<&Origin<'a>> {
        match self {
            Self::One(origin) => Some(origin),
            _ => None,
        }
    }
}

/// How far a chain of servers is followed: a firewall that asks a resolver that asks Azure.
const HOPS: usize = 3;

impl<'a> AzureView<'a> {
    /// The networks that this machine may be in.
    pub(in crate::diagnose) fn own_networks(&self) -> OwnNetworks {
        let this = self.estate().this_machine.as_ref();
        let interfaces = &self.estate().interfaces;
        let is_own_and_read = |one: &Interface| one.read && one.machine.as_ref() == this;
        let by_id = this.is_some()
            && (interfaces.proved().is_some() || interfaces.items().iter().any(is_own_and_read));
        match self.here() {
            Here::At(place) => {
                let machine = place.interface.and_then(|interface| interface.machine.as_ref());
                let certain = place.certain || (by_id && machine == this);
                OwnNetworks { networks: vec![place.network.id.clone()], certain }
            }
            Here::Hidden(network) => OwnNetworks { networks: vec![network], certain: by_id },
            Here::Several(all) => {
                OwnNetworks { networks: distinct(all.into_iter().cloned()), certain: false }
            }
            Here::Outside | Here::Unknown => OwnNetworks::default(),
        }
    }

    /// The network whose Azure DNS `r` asks.
    pub(in crate::diagnose) fn asked_from(&self, r: &ResolverView<'_>) -> AskedFrom<'a> {
        let whose = resolver_class::of(self.walk, r.seen);
        if whose.class.is_outside() {
            return AskedFrom::Outside;
        }
        let stub = self.walk.vantage.resolver_config.stub.as_ref();
        let address = r.seen.address.ip();
        if let Some(stub) = stub.filter(|stub| stub.address == address) {
            return self.at_all(stub.upstreams.iter().copied(), HOPS, &self.own_networks());
        }
        match whose.class {
            ResolverClass::AppService
            | ResolverClass::ContainerApps
            | ResolverClass::HostedMachine => AskedFrom::Unknown,
            ResolverClass::ClusterDns
            | ResolverClass::NodeCache
            | ResolverClass::ContainerEngine
            | ResolverClass::LocalServer => self.through_own_network(&r.label()),
            _ => self.at(address, HOPS, &self.own_networks()),
        }
    }

    /// What has the address, among what can serve DNS.
    pub(in crate::diagnose) fn servers_at(&self, address: IpAddr) -> Vec<Server<'a>> {
        let estate = self.estate();
        if address.to_canonical() == AZURE_DNS {
            return vec![Server::AzureDns];
        }
        let inbound = estate.inbound_endpoints.items().iter();
        let inbound = inbound.filter(|one| one.addresses.contains(&address)).map(Server::Inbound);
        let firewalls = estate.firewalls.items().iter();
        let firewalls = firewalls.filter(|one| one.addresses.contains(&address));
        let machines = estate.interfaces.items().iter().filter(|interface| {
            interface.private_endpoint.is_none()
                && interface.ip_configurations.iter().any(|ip| ip.address == address)
        });
        inbound
            .chain(firewalls.map(Server::Firewall))
            .chain(machines.map(Server::Machine))
            .collect()
    }

    /// Inbound endpoints whose resolver is in one of the networks: they see what is linked there.
    pub(in crate::diagnose) fn inbound_in(
        &self,
        networks: &[ResourceId],
    ) -> impl Iterator<Item = &'a InboundEndpoint> {
        let all = self.estate().inbound_endpoints.items().iter();
        all.filter(|one| one.network.as_ref().is_some_and(|network| networks.contains(network)))
    }

    /// A server that hands on to the DNS servers that this machine's network has.
    fn through_own_network(&self, label: &str) -> AskedFrom<'a> {
        let own = self.own_networks();
        let [network] = own.networks.as_slice() else { return several(own.networks) };
        let settings = self.estate().networks.items().iter().find(|one| one.id == *network);
        let Some(settings) = settings else { return AskedFrom::Unknown };
        let next = self.at_servers(&settings.dns_servers, HOPS, &own);
        provided(next, &format!("{label} forwards to the DNS servers of {}", network.name()))
    }

    /// The network that all of these lead to: a client may ask any of them.
    fn at_all(
        &self,
        addresses: impl Iterator<Item = IpAddr>,
        hops: usize,
        own: &OwnNetworks,
    ) -> AskedFrom<'a> {
        let mut all = addresses.map(|address| self.at(address, hops, own));
        let Some(first) = all.next() else { return AskedFrom::Unknown };
        all.fold(first, |first, other| match (first, other) {
            (AskedFrom::One(first), AskedFrom::One(other)) if first.network == other.network => {
                AskedFrom::One(Origin {
                    certain: first.certain && other.certain,
                    provided: first.provided.or(other.provided),
                    ..first
                })
            }
            (AskedFrom::Several(first), AskedFrom::Several(other)) if first == other => {
                AskedFrom::Several(first)
            }
            _ => AskedFrom::Unknown,
        })
    }

    /// The same for configured servers; without any, Azure DNS answers.
    fn at_servers(&self, servers: &[String], hops: usize, own: &OwnNetworks) -> AskedFrom<'a> {
        if servers.is_empty() {
            return self.at(AZURE_DNS, hops, own);
        }
        let addresses: Result<Vec<IpAddr>, _> = servers.iter().map(|one| one.parse()).collect();
        match addresses {
            Ok(addresses) => self.at_all(addresses.into_iter(), hops, own),
            Err(_) => AskedFrom::Unknown,
        }
    }

    /// The network whose Azure DNS answers what is asked of an address in one of `own`.
    fn at(&self, address: IpAddr, hops: usize, own: &OwnNetworks) -> AskedFrom<'a> {
        if address.to_canonical() == AZURE_DNS {
            return match own.networks.as_slice() {
                [network] => AskedFrom::One(Origin {
                    server: Server::AzureDns,
                    network: network.clone(),
                    certain: own.certain,
                    provided: None,
                }),
                _ => several(own.networks.clone()),
            };
        }
        let Some(hops) = hops.checked_sub(1) else { return AskedFrom::Unknown };
        let found = self.servers_at(address).into_iter();
        let mut found: Vec<Origin<'a>> =
            found.filter_map(|server| self.origin(server, hops)).collect();
        let near = |network: &ResourceId| !own.certain || self.is_peer_of(own, network);
        if distinct(found.iter().map(|one| one.network.clone())).len() > 1 {
            found.retain(|one| near(&one.network));
        }
        let networks = distinct(found.iter().map(|one| one.network.clone()));
        let Some(first) = found.into_iter().next() else { return AskedFrom::Unknown };
        if networks.len() > 1 {
            return AskedFrom::Several(networks);
        }
        let certain = first.certain && self.is_reached(&first.server, address, own);
        AskedFrom::One(Origin { certain, ..first })
    }

    /// Whether it is certainly this server that answers this machine at the address, and Resource
    /// Manager itself said what it is.
    pub(in crate::diagnose) fn answers_here(&self, server: &Server<'_>, address: IpAddr) -> bool {
        let own = self.own_networks();
        self.is_given(server) && self.is_reached(server, address, &own)
    }

    /// Whether what is asked of the address in `own` can reach no other server than this one: where
    /// the asker is not known, or the server in no network that it is connected to, the address alone
    /// does not show it.
    fn is_reached(&self, server: &Server<'_>, address: IpAddr, own: &OwnNetworks) -> bool {
        let has_it = |network: &ResourceId| self.holds_server(server, network);
        let near = self.connected(own).iter().any(has_it);
        // Another network with this prefix may have a server there that the caller does not see.
        let mut others = self.networks_with(address).into_iter();
        let rival = others.any(|other| self.is_peer_of(own, &other) && !has_it(&other));
        own.certain && near && !rival
    }

    /// Whether Resource Manager itself said what the server is, and not a row of Resource Graph.
    fn is_given(&self, server: &Server<'_>) -> bool {
        let estate = self.estate();
        match server {
            Server::AzureDns => true,
            Server::Inbound(one) => one.read || estate.inbound_endpoints.proved().is_some(),
            Server::Firewall(one) => one.read || estate.firewalls.proved().is_some(),
            Server::Machine(one) => one.read || estate.interfaces.proved().is_some(),
        }
    }

    fn origin(&self, server: Server<'a>, hops: usize) -> Option<Origin<'a>> {
        let certain = self.is_given(&server);
        match server {
            Server::AzureDns => None,
            Server::Inbound(endpoint) => {
                Some(Origin { server, network: endpoint.network.clone()?, certain, provided: None })
            }
            Server::Machine(interface) => Some(Origin {
                server,
                network: networks_of(interface).next()?,
                certain,
                provided: Some(format!("{} forwards to Azure DNS", server_name(&server))),
            }),
            Server::Firewall(firewall) if firewall.dns_proxy == Some(true) => {
                let own = firewall.subnet.as_ref().and_then(|one| one.up_to("virtualNetworks"));
                // What it asks, it asks in its own network.
                let own = OwnNetworks { networks: own.into_iter().collect(), certain };
                let further = self.at_servers(&firewall.dns_servers, hops, &own).one().cloned()?;
                Some(Origin { server, ..further })
            }
            Server::Firewall(_) => None,
        }
    }

    /// Whether the server's own subnet is in the network.
    fn holds_server(&self, server: &Server<'_>, network: &ResourceId) -> bool {
        match server {
            Server::AzureDns => true,
            Server::Inbound(endpoint) => endpoint.network.as_ref() == Some(network),
            Server::Firewall(firewall) => {
                firewall.subnet.as_ref().and_then(|one| one.up_to("virtualNetworks")).as_ref()
                    == Some(network)
            }
            Server::Machine(interface) => networks_of(interface).any(|one| one == *network),
        }
    }

    /// Whether this machine is in the network or in one that is peered with it.
    fn is_peer_of(&self, own: &OwnNetworks, network: &ResourceId) -> bool {
        own.networks.contains(network)
            || self
                .estate()
                .networks
                .items()
                .iter()
                .filter(|one| own.networks.contains(&one.id))
                .flat_map(|one| &one.peerings)
                .any(|peering| peering.network.as_ref() == Some(network))
    }

    /// The networks that this machine may be in, and those that a connected peering joins with them.
    fn connected(&self, own: &OwnNetworks) -> Vec<ResourceId> {
        let is_connected = |peering: &&Peering| {
            peering.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("Connected"))
        };
        let all = self.estate().networks.items().iter();
        let peers = all
            .filter(|one| own.networks.contains(&one.id))
            .flat_map(|one| one.peerings.iter().filter(is_connected))
            .filter_map(|peering| peering.network.clone());
        own.networks.iter().cloned().chain(peers).collect()
    }

    /// Networks with a prefix that holds the address.
    fn networks_with(&self, address: IpAddr) -> Vec<ResourceId> {
        let all = self.estate().networks.items().iter();
        all.filter(|network| holds(&network.prefixes, address)).map(|one| one.id.clone()).collect()
    }
}

fn server_name(server: &Server<'_>) -> String {
    server.id().map_or_else(String::new, |id| id.name().to_owned())
}

fn networks_of(interface: &Interface) -> impl Iterator<Item = ResourceId> {
    let subnets = interface.ip_configurations.iter().filter_map(|ip| ip.subnet.as_ref());
    subnets.filter_map(|subnet| subnet.up_to("virtualNetworks"))
}

fn several(networks: Vec<ResourceId>) -> AskedFrom<'static> {
    match networks.len() {
        0 | 1 => AskedFrom::Unknown,
        _ => AskedFrom::Several(networks),
    }
}

fn provided<'a>(asked: AskedFrom<'a>, condition: &str) -> AskedFrom<'a> {
    match asked {
        AskedFrom::One(origin) => AskedFrom::One(Origin {
            provided: Some(match &origin.provided {
                Some(further) => format!("{condition} and {further}"),
                None => condition.to_owned(),
            }),
            ..origin
        }),
        other => other,
    }
}

/// Each once; ids are equal whatever their case.
fn distinct(ids: impl Iterator<Item = ResourceId>) -> Vec<ResourceId> {
    ids.fold(Vec::new(), |mut all, id| {
        if !all.contains(&id) {
            all.push(id);
        }
        all
    })
}
