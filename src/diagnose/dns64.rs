//! IPv6 addresses that a resolver generates from an IPv4 record (DNS64, RFC 6147): they are in no
//! zone, and a NAT64 gateway has to carry their traffic (fact X63).

use std::net::{IpAddr, Ipv4Addr};

use super::{FindingBuilder, reading};
use crate::diagnosis::Step;
use crate::evidence::address::embedded_ipv4;
use crate::evidence::{Evidence, classify};

/// The IPv4 address that an IPv6 address was made from.
pub(super) fn made_from(e: &Evidence, address: IpAddr) -> Option<Ipv4Addr> {
    e.dns.made_from(address)
}

/// The same, where no address of the walk connects: what the network and this machine can do.
pub(super) fn carry(
    e: &Evidence,
    finding: FindingBuilder,
    address: IpAddr,
    inner: Ipv4Addr,
) -> FindingBuilder {
    fix(e, finding, address, inner).owner("Network").step(
        Step::local(format!("give this machine IPv4, and a route to {inner}"))
            .or()
            .undo("remove the address again"),
    )
}

/// Adds where such an address comes from, and what to do about it.
pub(super) fn fix(
    e: &Evidence,
    finding: FindingBuilder,
    address: IpAddr,
    inner: Ipv4Addr,
) -> FindingBuilder {
    let finding = finding.reasoning(format!(
        "{address} contains {inner}: a resolver with DNS64 generates it from the IPv4 record, and \
         it is in no zone"
    ));
    let private = classify(IpAddr::V4(inner)).is_private();
    let finding = match private && embedded_ipv4(address).is_some() {
        true => finding.reasoning(
            "the prefix 64:ff9b::/96 is for public addresses only (RFC 6052, section 3.1): a \
             NAT64 gateway need not carry a private one",
        ),
        false => finding,
    };
    let asked = e.dns.resolvers.iter().find(|r| r.addresses(&e.dns.name).contains(&address));
    let at = asked.map_or_else(String::new, |r| match r.address.port() {
        53 => format!(" @{}", r.address.ip()),
        port => format!(" -p {port} @{}", r.address.ip()),
    });
    let finding = finding.owner("DNS").inspect(
        "see whether the resolver uses DNS64: it then returns an IPv6 address for a name that \
         only has IPv4 addresses (RFC 7050)",
        format!("dig +short ipv4only.arpa AAAA{at}"),
    );
    let finding = finding.step(Step::inspect(format!(
        "see whether the NAT64 gateway has a route to {inner}: clients without IPv4 reach it only \
         through that gateway"
    )));
    let whose = asked.map_or_else(|| "the resolver".to_owned(), |r| r.label());
    let what = if private { "private addresses" } else { "names of this suffix" };
    finding
        .step(
            Step::shared(
                format!(
                    "if clients have IPv4, keep {what} out of DNS64 at {whose} (BIND: `mapped` in \
                     its `dns64` block, e.g. `mapped {{ !10.0.0.0/8; !172.16.0.0/12; \
                     !192.168.0.0/16; any; }};`)"
                ),
                format!(
                    "every client of {whose}: those without IPv4 no longer get an address for \
                     such a record"
                ),
            )
            .undo("restore the old block"),
        )
        .check(reading::again(e))
}
