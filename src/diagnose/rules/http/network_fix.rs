//! What to do about a network refusal: it depends on where the call went (facts H3, X1, X2, X15,
//! X20, T21).

mod account_rules;
mod forwarder;
mod gateway;
mod public;
mod tunnel;

use std::net::IpAddr;

use crate::diagnose::engines::network_refusal::{Names, Policy, Row, own_name};
use crate::diagnose::rules::proxy::no_proxy;
use crate::diagnose::{FindingBuilder, account, endpoint_of, reading};
use crate::diagnosis::Step;
use crate::evidence::{Evidence, tunnel as tunnels};

use super::host_kind::host_kind;
use super::private_path;
use super::reference_client;
use super::refusal_match::{walked, walked_private};

use account_rules::{allow, see_rules};
pub(super) use gateway::behind;

/// Looks at the connections of private endpoints to the account.
fn connections(e: &Evidence) -> String {
    let query = "[].{endpoint:properties.privateEndpoint.id,\
                 state:properties.privateLinkServiceConnectionState.status}";
    format!("{} --query \"{query}\"", account::connections(e))
}

/// Adds the causes that remain, the owner and the steps.
pub(in crate::diagnose) fn by_place(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    if host_kind(e).is_gateway() {
        return gateway::behind_gateway(e, finding);
    }
    let finding = match row.names == Names::Subdomain {
        true if !own_name(e) => return subdomain(e, finding),
        true => endpoint(e, finding, "see the account's own endpoint: it should have this name"),
        false => finding,
    };
    // Without the proxy, the same refusal: the proxy makes no difference.
    let past =
        reference_client::direct(e).is_some_and(|direct| reading::proxied(e) && direct.refused(e));
    let private = match past {
        true => e.dns.effective().into_iter().find(|a| tunnels::is_private(e, *a)),
        false => walked(e).filter(|_| walked_private(e)),
    };
    match private {
        None if reading::proxied(e) => through_proxy(e, finding, row, egress),
        Some(address) => privately(e, finding, row, address, egress),
        None => {
            match walked(e).and_then(|address| Some((address, tunnels::address(e, address)?))) {
                Some((address, made)) => {
                    tunnel::through_tunnel(e, finding, row, (address, &made), egress)
                }
                None => public::publicly(e, finding, row, egress),
            }
        }
    }
}

fn endpoint(e: &Evidence, finding: FindingBuilder, message: &str) -> FindingBuilder {
    finding.inspect(message, account::show(e, account::resource(e).endpoint))
}

fn subdomain(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    endpoint(e, finding.owner("Application"), "see the account's own endpoint").step(Step::local(
        format!(
            "replace {} with that endpoint in the application's configuration; keep the old line \
             to undo it",
            e.target.host
        ),
    ))
}

fn through_proxy(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let finding = finding
        .reasoning(
            "the proxy makes the connection, so the service sees the proxy's network, not this \
             machine's",
        )
        .owner("Network");
    let finding = see_rules(e, finding, row);
    let finding = if no_proxy::would_help(e) {
        finding.step(no_proxy::step(
            e,
            "exempt the host from the proxy, so that the call takes the private path",
        ))
    } else if e.dns.private_endpoint_seen() {
        finding
            .reasoning(match no_proxy::leads_privately(e) {
                true => {
                    "there is a private endpoint, but the direct path to it fails from here: without \
                     the proxy the call would fail as well, until that path is fixed"
                }
                false => {
                    "there is a private endpoint, but names lead to the public address here too: \
                     without the proxy the call would be refused as well, until the resolvers, the \
                     proxy's or this machine's, see the private zone"
                }
            })
            .inspect(
                "see what is wrong on the path without the proxy, before bypassing it",
                reading::again_with(e, "--proxy none"),
            )
    } else {
        finding
    };
    allow(e, finding, row, egress, "allow the proxy's egress address")
}

fn privately(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    address: IpAddr,
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let finding = private_path::causes(e, finding, address, egress, row.names == Names::Endpoint);
    if let Some(known) = private_path::forwarder(e, egress) {
        return forwarder::forwarded(e, finding, row, address, known);
    }
    let finding = finding
        .decide_with(endpoint_of::everywhere(address))
        .decide_with(connections(e))
        .owner("Azure platform");
    let finding = endpoint_of::look(
        finding,
        format!("see which endpoint and which names {address} belongs to"),
        address,
    )
    .inspect("see which endpoints the account has approved", connections(e))
    .step(Step::inspect(
        "if the endpoint or the rules are new, wait and check again: rules take minutes, a new \
         endpoint up to hours",
    ));
    let finding =
        if row.policy == Policy::Perimeter { see_rules(e, finding, row) } else { finding };
    finding
        .inspect(
            "before approving, see who requests it and for what",
            "az network private-endpoint-connection show --id <connection id> --query \
             \"properties.{endpoint:privateEndpoint.id,\
             reason:privateLinkServiceConnectionState.description}\"",
        )
        .step(
            Step::shared(
                "approve the connection, if it is yours and pending (Terraform: \
                 azurerm_private_endpoint)",
                "the whole network of that endpoint, and networks peered with it, get a private \
                 path to the account",
            )
            .command(
                "az network private-endpoint-connection approve --id <connection id> \
                 --description approved",
            )
            .undo("az network private-endpoint-connection reject --id <connection id>"),
        )
        .step(
            Step::shared(
                format!(
                    "correct the record of {} in the private zone to the address that the \
                     endpoint's interface has for this name (Terraform: the \
                     private_dns_zone_group of azurerm_private_endpoint maintains it)",
                    e.target.host
                ),
                "every client that resolves this name through the zone",
            )
            .or()
            .undo(format!("restore the address {address}")),
        )
}
