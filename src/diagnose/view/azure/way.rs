//! The way from this machine to an address through Azure: what each security group, each peering
//! and the route do to a packet, and what of it could not be read.

use std::net::IpAddr;

use super::AzureView;
use super::here::Place;
use super::needs::right;
use super::packet_rules::{Access, Decision, Packet, decide, decide_in_effect};
use super::routes::{Choice, End, Next, Peered, is_or_joins, obeys_security_groups, peering};
use crate::evidence::azure::{
    Firewall, Interface, NetworkRule, ResourceId, Subnet, VirtualNetwork,
};

/// The way of a packet.
pub(in crate::diagnose) struct Way<'a> {
    /// Where it begins.
    pub(in crate::diagnose) place: Place<'a>,
    /// The subnet that it leads to, if the caller sees it.
    pub(in crate::diagnose) end: Option<(&'a VirtualNetwork, &'a Subnet)>,
    /// Every group on it that was read, in order.
    pub(in crate::diagnose) gates: Vec<Gate<'a>>,
    /// What the rules in effect at this machine's interface do, where they were read.
    pub(in crate::diagnose) in_effect: Option<Decision<'a>>,
    /// How the networks of both ends are peered; none where one is not seen.
    pub(in crate::diagnose) peered: Option<Peered<'a>>,
    /// Where it is sent.
    pub(in crate::diagnose) route: Choice<'a>,
    /// Rights that are missing to see the rest.
    pub(in crate::diagnose) missing: Vec<String>,
}

/// A security group, and what it does to the packet.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct Gate<'a> {
    /// The group.
    pub(in crate::diagnose) group: &'a ResourceId,
    /// What it is associated with: `this machine's subnet`.
    pub(in crate::diagnose) at: &'static str,
    /// What it does.
    pub(in crate::diagnose) decision: Decision<'a>,
    /// The appliance before it, which may put an address of its own in the place of the source.
    pub(in crate::diagnose) behind: Option<IpAddr>,
}

/// What is at an appliance's address.
pub(in crate::diagnose) enum Appliance<'a> {
    /// An Azure Firewall.
    Firewall(&'a ResourceId),
    /// An interface; with its machine's power state, if that was read.
    Machine(&'a Interface, Option<&'a str>),
    /// Nothing that is visible.
    NotVisible,
}

impl<'a> AzureView<'a> {
    /// The way from `place` to port `port` of `address`, in the subnet `end`.
    pub(in crate::diagnose) fn way(
        &self,
        place: Place<'a>,
        address: IpAddr,
        port: u16,
        end: Option<&'a ResourceId>,
    ) -> Way<'a> {
        let mut missing = Vec::new();
        let mut gates = Vec::new();
        let end = self.end(end);
        let subnet_of_end = end.seen();
        if let End::Hidden(network) = &end {
            missing.push(right("Microsoft.Network/virtualNetworks/read", network));
        }
        let known = self.in_virtual_network(&place, subnet_of_end.map(|(network, _)| network));
        let packet = |direction| Packet {
            direction,
            source: place.address,
            destination: address,
            port,
            virtual_network: &known,
        };
        let route = self.route(&place, address, &end);
        let out = packet("Outbound");
        let nic = place.interface.and_then(|interface| interface.security_group.as_ref());
        let here = [
            (nic, "this machine's interface"),
            (place.subnet.security_group.as_ref(), "this machine's subnet"),
        ];
        for (group, at) in here {
            self.pass(group, at, &out, &mut gates, &mut missing);
        }
        if let Some((_, subnet)) = subnet_of_end
            && obeys_security_groups(subnet)
        {
            let group = subnet.security_group.as_ref();
            let at = "the endpoint's subnet";
            self.pass(group, at, &packet("Inbound"), &mut gates, &mut missing);
            if let (Next::Appliance(hop), Some(gate)) = (route.next, gates.last_mut())
                && gate.at == at
            {
                self.behind(hop, gate, &packet("Inbound"));
            }
        }
        let effective = self.said.estate.effective_rules.proved();
        if let Some(id) = &place.subnet.route_table
            && self.route_table(id).is_none()
        {
            missing.push(right("Microsoft.Network/routeTables/read", id));
        }
        Way {
            place,
            end: subnet_of_end,
            gates,
            in_effect: effective.and_then(|rules| decide_in_effect(rules, &out)),
            peered: subnet_of_end.map(|(network, _)| peering(place.network, network)),
            route,
            missing,
        }
    }

    /// What is known of the subnet at the end of a way.
    pub(in crate::diagnose) fn end(&self, subnet: Option<&'a ResourceId>) -> End<'a> {
        let Some(id) = subnet else { return End::Elsewhere };
        match (self.subnet(id), id.up_to("virtualNetworks")) {
            (Some((network, subnet)), _) => End::Endpoint(network, subnet),
            (None, Some(network)) => End::Hidden(network),
            (None, None) => End::Elsewhere,
        }
    }

    /// Prefixes that the tag `VirtualNetwork` has for certain: those of the network, and of
    /// peers that let packets in.
    fn in_virtual_network(
        &self,
        place: &Place<'a>,
        end: Option<&'a VirtualNetwork>,
    ) -> Vec<String> {
        let peer = |network: &&VirtualNetwork| {
            matches!(peering(place.network, network), Peered::Connected | Peered::Same)
        };
        let networks = self.said.estate.networks.items().iter().chain(end).filter(peer);
        networks.flat_map(|network| network.prefixes.iter().cloned()).collect()
    }

    fn pass(
        &self,
        group: Option<&'a ResourceId>,
        at: &'static str,
        packet: &Packet<'_>,
        gates: &mut Vec<Gate<'a>>,
        missing: &mut Vec<String>,
    ) {
        let Some(id) = group else { return };
        match self.said.estate.security_groups.iter().find(|group| group.id == *id) {
            Some(group) => {
                let decision = decide(group.rules.iter(), packet);
                gates.push(Gate { group: id, at, decision, behind: None });
            }
            None => missing.push(right("Microsoft.Network/networkSecurityGroups/read", id)),
        }
    }

    /// Decides only what holds for both sources, as an appliance may translate it.
    fn behind(&self, hop: Option<IpAddr>, gate: &mut Gate<'a>, packet: &Packet<'_>) {
        gate.behind = hop;
        let mut groups = self.said.estate.security_groups.iter();
        let group = groups.find(|group| group.id == *gate.group);
        let translated = hop.zip(group).map(|(source, group)| {
            decide(group.rules.iter(), &Packet { source, ..*packet }).access
        });
        if translated != Some(gate.decision.access) {
            gate.decision.access = Access::MayMatch;
        }
    }

    /// What is at the address of an appliance to which a route of `from` leads. A next hop is in
    /// that network or in a peer: of others with equal addresses, none is meant.
    pub(in crate::diagnose) fn appliance(
        &self,
        from: &VirtualNetwork,
        address: IpAddr,
    ) -> Appliance<'a> {
        let estate = &self.said.estate;
        let near = |subnet: Option<&ResourceId>| {
            let network = subnet.and_then(|id| id.up_to("virtualNetworks"));
            network.is_some_and(|network| is_or_joins(from, &network))
        };
        let mut firewalls = estate.firewalls.items().iter();
        let at = |firewall: &&Firewall| {
            firewall.addresses.contains(&address) && near(firewall.subnet.as_ref())
        };
        if let Some(firewall) = firewalls.find(at) {
            return Appliance::Firewall(&firewall.id);
        }
        let has = |interface: &&Interface| {
            let mut configurations = interface.ip_configurations.iter();
            configurations.any(|one| one.address == address && near(one.subnet.as_ref()))
        };
        let mut interfaces = estate.interfaces.items().iter().filter(has);
        match (interfaces.next(), interfaces.next()) {
            (Some(interface), None) => {
                let id = interface.machine.as_ref();
                let machine = estate.machines.iter().find(|machine| Some(&machine.id) == id);
                let state = machine.and_then(|machine| machine.power_state.as_deref());
                Appliance::Machine(interface, state)
            }
            _ => Appliance::NotVisible,
        }
    }
}

impl AzureView<'_> {
    /// Why the appliance to which a route of `from` leads forwards nothing, if Azure shows that.
    pub(in crate::diagnose) fn appliance_fault(
        &self,
        from: &VirtualNetwork,
        address: IpAddr,
    ) -> Option<String> {
        let Appliance::Machine(interface, state) = self.appliance(from, address) else {
            return None;
        };
        match state {
            Some(state) if !state.eq_ignore_ascii_case("running") => {
                let machine = interface.machine.as_ref().map_or("its machine", |id| id.name());
                Some(format!("{machine}, at {address}, is {state}"))
            }
            _ if interface.forwards == Some(false) => Some(format!(
                "{}, at {address}, does not forward (enableIPForwarding is off)",
                interface.id.name()
            )),
            _ => None,
        }
    }
}

impl<'a> Way<'a> {
    /// The first group that drops the packet, with its rule.
    pub(in crate::diagnose) fn denied(&self) -> Option<(Gate<'a>, &'a NetworkRule)> {
        let gate = self.gates.iter().find(|gate| gate.decision.access == Access::Deny)?;
        Some((*gate, gate.decision.rule?))
    }

    /// The first group that may drop the packet, with the rule whose tag is not known.
    pub(in crate::diagnose) fn doubtful(&self) -> Option<(Gate<'a>, &'a NetworkRule)> {
        let gate = self.gates.iter().find(|gate| gate.decision.access == Access::MayMatch)?;
        Some((*gate, gate.decision.rule?))
    }

    /// Whether everything on it was read, and nothing of it drops the packet.
    pub(in crate::diagnose) fn is_open(&self) -> bool {
        let peered = matches!(self.peered, Some(Peered::Same | Peered::Connected));
        let routed = matches!(self.route.next, Next::Direct | Next::Appliance(Some(_)));
        let passed = self.gates.iter().all(|gate| gate.decision.access == Access::Allow)
            && self.in_effect.is_none_or(|decision| decision.access == Access::Allow);
        let through_appliance = matches!(self.route.next, Next::Appliance(Some(_)));
        self.missing.is_empty() && passed && routed && (peered || through_appliance)
    }
}
