//! The call went to an address that a tunnel client or a service mesh generated.

use std::net::IpAddr;

use super::account_rules::{allow, see_rules};
use crate::diagnose::FindingBuilder;
use crate::diagnose::engines::network_refusal::Row;
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::tunnel::{Maker, TunnelAddress};

/// A tunnel client or a service mesh generated the address: which address it dials is not visible
/// from here, so neither the zone nor the account's rules come first.
pub(super) fn through_tunnel(
    e: &Evidence,
    finding: FindingBuilder,
    row: &Row,
    (address, made): (IpAddr, &TunnelAddress),
    egress: Option<IpAddr>,
) -> FindingBuilder {
    let (host, takes) = (&e.target.host, made.maker.acceptor());
    let finding = finding
        .reasoning(format!(
            "{address} is a {} ({}): {takes} accepts the connection and opens another one; which \
             address it dials for {host} is not visible from here",
            made.maker.noun(),
            made.sign
        ))
        .cites(made.pointer.clone());
    let finding = match made.maker {
        Maker::Client => {
            finding.owner("Network (VPN or zero-trust client)").step(Step::inspect(format!(
                "see in the client's log or console which address its exit dials for {host}, and \
                 from which network"
            )))
        }
        Maker::Mesh => finding.owner("Network (service mesh)").inspect(
            "see which address the sidecar or the egress gateway dials",
            format!("istioctl proxy-config endpoints <pod>.<namespace> | grep {host}"),
        ),
    };
    let (message, affects) = match made.maker {
        Maker::Client => (
            format!(
                "have only {host} resolved by a resolver that sees the private zone, so that the \
                 tunnel's exit dials the endpoint; or exclude it from the tunnel, if this \
                 machine's own network has the endpoint"
            ),
            format!("every client under the same policy, for {host}"),
        ),
        Maker::Mesh => (
            format!(
                "have the sidecar or egress gateway resolve {host} with a resolver that sees the \
                 private zone (Istio: a ServiceEntry with resolution DNS), so that it dials the \
                 endpoint"
            ),
            format!("every workload in the mesh that calls {host}"),
        ),
    };
    let finding =
        finding.step(Step::shared(message, affects).undo("restore the former rule or entry"));
    let finding = see_rules(e, finding, row);
    allow(e, finding, row, egress, "allow the address that these calls leave from")
}
