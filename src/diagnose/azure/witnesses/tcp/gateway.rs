//! A caller outside Azure: its packets come through a gateway, whose subnet has routes of its own.

use std::net::IpAddr;

use super::appliance_words;
use crate::diagnose::azure::way_back::{self, Flow};
use crate::diagnose::azure::{Proof, Ruling, commands};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::gateway::Gateway;
use crate::diagnose::view::azure::here::Here;
use crate::diagnose::view::azure::routes::{End, Next};
use crate::diagnosis::Step;
use crate::evidence::azure::{ResourceId, Subnet, VirtualNetwork};

/// The network and the subnet of the endpoint, for a caller outside Azure.
fn end<'a>(
    azure: &AzureView<'a>,
    subnet: Option<&'a ResourceId>,
) -> Option<(&'a VirtualNetwork, &'a Subnet)> {
    match azure.here() {
        Here::Outside => azure.end(subnet).seen(),
        _ => None,
    }
}

/// What a route of the gateway's subnet drops. Of several gateways, none is known to be the one, and
/// one that is not visible may be it.
pub(super) fn ruling(
    azure: &AzureView<'_>,
    subnet: Option<&ResourceId>,
    ip: IpAddr,
) -> Option<Ruling> {
    let end = end(azure, subnet)?;
    let mut gateways = azure.gateways(end, ip);
    gateways.retain(|gateway| !gateway.unused);
    let [gateway] = gateways.as_slice() else { return None };
    if !azure.hidden_gateways(end.0).is_empty() {
        return None;
    }
    let (route, table) = gateway.route.by?;
    let named = way_back::named(route, table);
    let at = place(gateway);
    let base = Proof::default()
        .instead()
        .cites("/estate/route_tables")
        .step(Step::inspect("see the routes of the table").command(commands::routes(table)));
    let proof = match gateway.route.next {
        Next::Dropped => base
            .headline(
                Clause::from(format!("{named} drops packets to {ip} from the gateway"))
                    .or(format!("the route {} of the gateway drops packets to {ip}", route.name))
                    .or(format!("a route of the gateway drops packets to {ip}")),
            )
            .fact(format!("{at}: {named}, next hop None"))
            .reasoning(format!(
                "this machine is outside Azure, and the only visible gateway that the network \
                 of {ip} may use is in {at}: {named} drops what comes from there"
            ))
            .owner("Network"),
        Next::Appliance(Some(address)) => {
            let fault = azure.appliance_fault(gateway.network, address)?;
            base.headline(
                Clause::from(format!(
                    "packets to {ip} go from the gateway to an appliance: {fault}"
                ))
                .or(format!("the appliance {address} does not forward packets to {ip}")),
            )
            .fact(format!("{at}: {named}, next hop {address}"))
            .fact(fault)
            .reasoning(format!(
                "this machine is outside Azure, and {named} sends what comes through the gateway \
                 in {at} to {address}, which does not forward it"
            ))
            .cites("/estate/interfaces")
            .owner("Network (firewall)")
        }
        _ => return None,
    };
    Some(Ruling::Suggests(proof))
}

fn place(gateway: &Gateway<'_>) -> String {
    format!("{}/{}", gateway.network.id.name(), gateway.subnet.id.name())
}

/// What is known of the way through gateways, where none of it drops the packets.
pub(super) fn described(
    azure: &AzureView<'_>,
    subnet: Option<&ResourceId>,
    ip: IpAddr,
) -> Option<Proof> {
    let end = end(azure, subnet)?;
    let gateways = azure.gateways(end, ip);
    let [gateway] = gateways.as_slice() else {
        let names: Vec<String> = gateways.iter().map(place).collect();
        return (!names.is_empty()).then(|| {
            Proof::default()
                .fact(format!("gateways to the network of {ip}: {}", names.join(", ")))
                .reasoning("which of the gateways carries this connection is not known")
                .cites("/estate/networks")
        });
    };
    let at = place(gateway);
    let (fact, through) = match (gateway.route.next, gateway.route.by) {
        (Next::Appliance(Some(address)), Some((route, table))) => {
            let named = way_back::named(route, table);
            let what = appliance_words(azure, gateway.network, address);
            (format!("{at}: {named} sends packets for {ip} to {address}: {what}"), Some(address))
        }
        (Next::Direct, None) => (format!("{at}: no route has a detour for packets to {ip}"), None),
        (Next::Dropped, Some((route, table))) => {
            let named = way_back::named(route, table);
            (format!("{at}: {named}, next hop None"), None)
        }
        _ => return None,
    };
    let mut proof = Proof::default().fact(fact).cites("/estate/networks");
    if let Some(why) = way_back::not_announced(end.0, gateway.network) {
        proof = proof.reasoning(why);
    }
    if gateway.unused || !azure.hidden_gateways(end.0).is_empty() {
        let open = "whether this connection comes through that gateway is not known";
        return Some(proof.reasoning(open).cites("/estate/route_tables"));
    }
    let Some(caller) = azure.own_addresses().first().copied() else { return Some(proof) };
    let flow = Flow { caller, endpoint: ip, subnet: end.1, through };
    Some(match way_back::described(azure, flow) {
        Some(back) => proof.and(back),
        None => proof,
    })
}

/// What the caller may not read of it.
pub(super) fn missing(
    azure: &AzureView<'_>,
    subnet: Option<&ResourceId>,
    ip: IpAddr,
) -> Vec<String> {
    let Here::Outside = azure.here() else { return Vec::new() };
    match azure.end(subnet) {
        End::Endpoint(network, subnet) => azure.missing_of_gateways((network, subnet), ip),
        End::Hidden(network) => {
            let action = "Microsoft.Network/virtualNetworks/read";
            vec![crate::diagnose::view::azure::needs::right(action, &network)]
        }
        End::Elsewhere => Vec::new(),
    }
}
