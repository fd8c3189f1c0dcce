//! IPv6 addresses that a resolver makes from an IPv4 record (DNS64, RFC 6147): no zone holds them,
//! and a NAT64 gateway has to carry what goes there (fact X63).

use std::net::{IpAddr, Ipv4Addr};

use super::{Because, reading};
use crate::diagnosis::Step;
use crate::evidence::address::embedded_ipv4;
use crate::evidence::{Evidence, classify};

/// The IPv4 address that an IPv6 address was made from: inside NAT64's well-known prefix, or under
/// a network's own prefix, where its last 32 bits are an IPv4 address that the name has.
pub(super) fn made_from(e: &Evidence, address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    if v6.to_ipv4_mapped().is_some() {
        return None;
    }
    if let Some(inner) = embedded_ipv4(address) {
        return Some(inner);
    }
    let o = v6.octets();
    let last = Ipv4Addr::new(o[12], o[13], o[14], o[15]);
    let has = |r: &crate::evidence::dns::ResolverSeen| {
        r.addresses(&e.dns.name).contains(&IpAddr::V4(last))
    };
    e.dns.resolvers.iter().any(has).then_some(last)
}

/// Says where such an address comes from, and what to do about it.
pub(super) fn fix(e: &Evidence, because: Because, address: IpAddr, inner: Ipv4Addr) -> Because {
    let because = because.known_by(format!(
        "{address} holds {inner}: a resolver with DNS64 makes it from the IPv4 record, and no zone \
         has it"
    ));
    let private = classify(IpAddr::V4(inner)).is_private();
    let because = match private && embedded_ipv4(address).is_some() {
        true => because.known_by(
            "the prefix 64:ff9b::/96 is for public addresses alone (RFC 6052, section 3.1): a NAT64 \
             gateway need not carry a private one",
        ),
        false => because,
    };
    let asked = e.dns.resolvers.iter().find(|r| r.addresses(&e.dns.name).contains(&address));
    let at = asked.map_or_else(String::new, |r| match r.address.port() {
        53 => format!(" @{}", r.address.ip()),
        port => format!(" -p {port} @{}", r.address.ip()),
    });
    let because = because.owner("DNS").look(
        "see whether the resolver has DNS64: it then gives an IPv6 address for a name that has IPv4 \
         addresses alone (RFC 7050)",
        format!("dig +short ipv4only.arpa AAAA{at}"),
    );
    let because = because.act(Step::look(format!(
        "see whether the NAT64 gateway has a way to {inner}: clients without IPv4 reach it by that \
         gateway alone"
    )));
    let whose = asked.map_or_else(|| "the resolver".to_owned(), |r| r.label());
    let what = if private { "private addresses" } else { "names of this suffix" };
    because
        .act(
            Step::shared(
                format!(
                    "where clients have IPv4: keep {what} out of DNS64 at {whose} (BIND: `mapped` in \
                     its `dns64` block, e.g. `mapped {{ !10.0.0.0/8; !172.16.0.0/12; \
                     !192.168.0.0/16; any; }};`)"
                ),
                format!(
                    "every client of {whose}: those without IPv4 get no address for such a record \
                     any more"
                ),
            )
            .undo("put the old block back"),
        )
        .check(reading::again(e))
}
