//! A trace shows routers that forward the packets for an address to each other (fact T199). Where they
//! report the end of a connection attempt's own packets, `hop_limit` says so.

use std::net::IpAddr;

use crate::diagnose::FindingBuilder;
use crate::diagnosis::Step;

/// Addresses of routers, in words.
pub(super) fn among(routers: &[IpAddr]) -> String {
    let names: Vec<String> = routers.iter().map(ToString::to_string).collect();
    names.join(" and ")
}

/// What to do about it.
pub(super) fn explain(finding: FindingBuilder, ip: IpAddr, routers: &[IpAddr]) -> FindingBuilder {
    let names = among(routers);
    finding
        .reasoning(format!(
            "the trace: {names} report again and again that the life of a packet to {ip} ended with them: \
             they forward it to each other until none is left, and it never gets there"
        ))
        .ruled_out("an NSG or a firewall at the address: no packet gets there")
        .owner("Network")
        .inspect(format!("see the routers on the path to {ip}"), format!("traceroute -n {ip}"))
        .step(
            Step::shared(
                format!("correct the route to {ip} on {names}"),
                "every host that these routers serve",
            )
            .undo("restore the former route or setting"),
        )
}
