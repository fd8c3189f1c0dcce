//! Gateways from outside Azure: what the routes of their subnets do to packets for the endpoints.

use crate::audit::AuditCheck;
use crate::diagnose::azure::{commands, way_back};
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::gateway::Gateway;
use crate::diagnose::view::azure::routes::Next;
use crate::diagnosis::{State, Step};
use std::net::IpAddr;

/// Each visible gateway to the network of an endpoint, once for each way that its packets take.
pub(super) fn gateways(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let mut checks = Vec::new();
    let mut known = Vec::new();
    for endpoint in view.account_addresses() {
        let ip = endpoint.configuration.address;
        let subnet = endpoint.configuration.subnet.as_ref();
        let Some(end) = view.end(subnet).seen() else { continue };
        for gateway in view.gateways(end, ip) {
            let one = (&gateway.subnet.id, endpoint.id, gateway.route.next);
            if !known.contains(&one) {
                known.push(one);
                let check = check(view, &gateway, ip);
                let why = way_back::not_announced(end.0, gateway.network);
                checks.push(why.into_iter().fold(check, AuditCheck::fact));
            }
        }
    }
    checks
}

fn check(view: &AzureView<'_>, gateway: &Gateway<'_>, ip: IpAddr) -> AuditCheck {
    let at = format!("{}/{}", gateway.network.id.name(), gateway.subnet.id.name());
    let named = gateway.route.by.map(|(route, table)| way_back::named(route, table));
    let named = named.as_deref().unwrap_or("Azure's own route");
    let (state, says) = match gateway.route.next {
        Next::Direct => {
            (State::Works, format!("{at}: packets for {ip} go to the endpoint without a detour"))
        }
        Next::Dropped => (State::AtRisk, format!("{at}: {named} drops packets for {ip}")),
        Next::Appliance(Some(address)) => match view.appliance_fault(gateway.network, address) {
            Some(fault) => (State::AtRisk, format!("{at}: {named} leads to an appliance: {fault}")),
            None => (State::Works, format!("{at}: {named} sends packets for {ip} to {address}")),
        },
        _ => (State::CannotTell, format!("{at}: where packets for {ip} go is not known")),
    };
    let check = AuditCheck::new("gateway", state, says).fact(gateway.subnet.id.as_str());
    match gateway.route.by {
        Some((_, table)) => check
            .step(Step::inspect("see the routes of the table").command(commands::routes(table))),
        None => check,
    }
}
