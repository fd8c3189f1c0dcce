//! The call went to a private address, and a device on the path ended the connection and made its own (fact
//! T220).

use std::net::IpAddr;

use super::account_rules::{allow, see_rules};
use super::connections;
use crate::diagnose::engines::network_refusal::Row;
use crate::diagnose::rules::http::private_path::Forwarder;
use crate::diagnose::{FindingBuilder, endpoint_of};
use crate::diagnosis::Step;
use crate::evidence::Evidence;

/// The device decides where the call goes: its rules and its DNS come before the endpoint and the zone.
pub(super) fn forwarded(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    address: IpAddr,
    known: Forwarder,
) -> FindingBuilder {
    let host = &e.target.host;
    let finding = finding
        .owner("Network (firewall)")
        .step(Step::inspect(format!(
            "see in the device's log which rule takes the connection to {address}, and to which address \
             it forwards it: an application rule or TLS inspection resolves {host} itself, a network \
             rule keeps the address"
        )))
        .inspect(
            "see where the name leads at the resolver that the device asks",
            format!("nslookup {host} <resolver of the device>"),
        );
    // Without the service's word, the endpoint may still be another's.
    let finding = match known {
        Forwarder::SeenFrom(_) => see_rules(e, finding, row),
        Forwarder::EndsThere => endpoint_of::look(
            finding.decide_with(endpoint_of::everywhere(address)).decide_with(connections(e)),
            format!(
                "if the device leads to {address} too: see which endpoint and which names that belongs to"
            ),
            address,
        ),
    };
    let zone = e.target.private_zone.as_deref().unwrap_or("the private zone");
    let finding = finding
        .step(
            Step::shared(
                format!(
                    "let the traffic to {address} pass by a network rule in place of the application rule"
                ),
                "what the application rule inspects and logs of that traffic is missing from then on; the \
                 inspection may be deliberate",
            )
            .undo("remove the network rule again"),
        )
        .step(
            Step::shared(
                format!(
                    "have the device resolve {host} with a resolver that sees {zone}: link the zone to the \
                     virtual network of its DNS, or forward the name there"
                ),
                "every client of that resolver: names of the zone that have no record in it stop resolving \
                 there",
            )
            .or()
            .undo("remove the link or the forwarding"),
        );
    match known {
        Forwarder::EndsThere => finding,
        Forwarder::SeenFrom(egress) => {
            allow(e, finding, row, Some(egress), "allow the address that the device calls from")
        }
    }
}
