//! What lies between this machine, the resolvers and the endpoints.

use std::net::IpAddr;

use futures_util::join;
use serde_json::Value;

use super::gathered::Gathered;
use super::met::push_all;
use super::questions::Questions;
use super::{here, interfaces, path, resolvers};
use crate::evidence::azure::{Answer, Estate, Interface, ResourceId, VirtualNetwork};
use crate::evidence::classify;

/// What is known of the networks around this machine, the resolvers and the endpoints.
pub(super) struct Around {
    pub(super) interfaces: Gathered<Interface>,
    pub(super) networks: Gathered<VirtualNetwork>,
    pub(super) resolver_rows: Answer<Vec<Value>>,
}

impl Around {
    /// Reads what is between this machine, the resolvers and the endpoints.
    pub(super) async fn read(
        mut self,
        q: &Questions<'_, '_>,
        no_interfaces: Answer<Vec<Interface>>,
        estate: &mut Estate,
    ) {
        let ours = self.own_networks(q);
        let far = path::far_subnets(q, &self.interfaces, &estate.endpoints);
        let theirs: Vec<ResourceId> =
            far.iter().filter_map(|subnet| subnet.up_to("virtualNetworks")).collect();
        let is_open = q.wants(q.met.open.tcp);
        let mut ids = ours.clone();
        if is_open {
            push_all(&mut ids, theirs.iter().cloned());
        }
        if q.wants(q.met.open.dns) {
            let of_resolvers = self.interfaces.known();
            let of_resolvers =
                of_resolvers.filter(|one| interfaces::has_address(one, &q.met.resolvers));
            push_all(&mut ids, of_resolvers.flat_map(interfaces::networks_of));
        }
        self.networks.read(q, ids).await;
        let servers = self.dns_servers(q, &ours);
        join!(
            interfaces::find(q, &mut self.interfaces, &servers, "interfaces of DNS servers"),
            resolvers::read(q, &self.resolver_rows, &ours, &servers, estate),
        );
        let mut stopped = q.met.silent_resolvers.clone();
        if q.met.open.unresolved {
            push_all(&mut stopped, q.met.resolvers.iter().chain(&servers).copied());
        }
        if is_open {
            let hubs = path::hubs(&self.networks, &ours, &theirs);
            if !hubs.is_empty() {
                self.networks.read(q, hubs).await;
            }
            let (groups, tables) = path::rules(q, &self.interfaces, &self.networks, &far).await;
            let hops = path::next_hops(&tables, &q.met.ends());
            interfaces::find(q, &mut self.interfaces, &hops, "interfaces of next hops").await;
            self.firewalls(q, &hops, estate).await;
            push_all(&mut stopped, hops);
            (estate.security_groups, estate.route_tables) = (groups, tables);
        }
        let machines = path::machines_at(&self.interfaces, &stopped);
        let (states, (routes, rules)) =
            join!(here::states(q, machines), path::effective(q, &self.interfaces));
        for state in states {
            match estate.machines.iter_mut().find(|known| known.id == state.id) {
                Some(known) => known.power_state = state.power_state,
                None => estate.machines.push(state),
            }
        }
        (estate.effective_routes, estate.effective_rules) = (routes, rules);
        estate.interfaces = self.interfaces.into_answer(no_interfaces);
        estate.networks = self.networks.into_answer(Answer::NotAsked);
    }

    /// The networks that this machine is in, or may be in.
    fn own_networks(&self, q: &Questions<'_, '_>) -> Vec<ResourceId> {
        let mut own = Vec::new();
        let interfaces = interfaces::own(q, &self.interfaces);
        push_all(&mut own, interfaces.into_iter().flat_map(interfaces::networks_of));
        if own.is_empty() {
            own.extend(self.networks.known().map(|network| network.id.clone()));
        }
        own
    }

    /// The DNS servers that this machine's network or interface gives it, where names are at fault: a
    /// stub on this machine asks them.
    fn dns_servers(&self, q: &Questions<'_, '_>, ours: &[ResourceId]) -> Vec<IpAddr> {
        if !q.wants(q.met.open.dns) {
            return Vec::new();
        }
        let networks = self.networks.known().filter(|network| ours.contains(&network.id));
        let of_networks = networks.flat_map(|network| &network.dns_servers);
        let own = interfaces::own(q, &self.interfaces).into_iter();
        let all = own.flat_map(|one| &one.dns_servers).chain(of_networks);
        let mut servers = Vec::new();
        push_all(&mut servers, all.filter_map(|server| server.parse().ok()));
        servers.retain(|server| !classify(*server).is_public());
        servers
    }

    /// Adds the firewalls that are next hops, unless an interface is known to be.
    async fn firewalls(&mut self, q: &Questions<'_, '_>, hops: &[IpAddr], estate: &mut Estate) {
        let known = estate.firewalls.items();
        let is_known = |hop: &IpAddr| {
            self.interfaces.known().any(|one| interfaces::has_address(one, &[*hop]))
                || known.iter().any(|one| one.addresses.contains(hop))
        };
        let unknown: Vec<IpAddr> = hops.iter().copied().filter(|hop| !is_known(hop)).collect();
        if unknown.is_empty() {
            return;
        }
        if matches!(self.resolver_rows, Answer::NotAsked) {
            self.resolver_rows = resolvers::rows(q, true).await;
        }
        let more = resolvers::firewalls(q, &self.resolver_rows, &unknown, known).await;
        estate.firewalls = match (std::mem::take(&mut estate.firewalls), more) {
            (Answer::Listed { mut value }, Answer::Listed { value: more }) => {
                value.extend(more);
                Answer::Listed { value }
            }
            (known @ Answer::Listed { .. }, _) => known,
            (_, more) => more,
        };
    }
}
