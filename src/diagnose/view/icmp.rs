//! Who refused a packet of ours, as far as the message, its sender and its time show. The code alone
//! is no cause: packet filters reject with any code (iptables `--reject-with`, nft `reject with`;
//! fact T49).

use std::net::IpAddr;

use crate::commands::System;
use crate::evidence::Evidence;
use crate::evidence::tcp::{Icmp, IcmpMeaning};

/// What refused a packet of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Refuser {
    /// This machine's routing table, before anything was sent.
    Routing,
    /// This machine, because no host on its link answered for the next hop.
    Link,
    /// This machine, by a message that neither its routing table nor its link sends.
    Filter,
    /// A device on the way.
    Device(IpAddr),
    /// The address itself that the packet was for: a host is up there, or a device on the way sends
    /// in its name (a translator of addresses does so for what is behind it; fact T60).
    Peer(IpAddr),
    /// The system does not show whether it was this machine or a device.
    Unknown,
}

/// Milliseconds within which this machine's own kernel refuses, sooner than any answer could come.
/// Where the error queue cannot be read (a sandbox), a router's message comes later and without its
/// sender.
pub(in crate::diagnose) const AT_ONCE_MS: f64 = 5.0;

/// Milliseconds within which a packet filter rejects. A neighbour that does not answer is asked
/// several times, a second apart, before it is given up (arp(7); fact T49).
const FILTER_MS: f64 = 500.0;

/// Milliseconds after which a message of a router may come from an address that it asked for in vain.
const ROUTER_ASKED_MS: f64 = 2_000.0;

impl Refuser {
    /// Who refused a packet from `source`, where that is known, to `peer`, after `took_ms`.
    pub(in crate::diagnose) fn of(
        e: &Evidence,
        icmp: &Icmp,
        source: Option<IpAddr>,
        peer: IpAddr,
        took_ms: f64,
    ) -> Self {
        match (icmp.from.filter(|_| icmp.code.is_some()), icmp.meaning) {
            (Some(from), _) if !is_local(e, icmp, source) => match from == peer {
                true => Self::Peer(from),
                false => Self::Device(from),
            },
            (Some(_), IcmpMeaning::HostUnreachable) if took_ms >= FILTER_MS => Self::Link,
            // A neighbour that another program asked for before is given up sooner.
            (Some(_), IcmpMeaning::HostUnreachable) if took_ms >= AT_ONCE_MS => Self::Unknown,
            (Some(_), _) => Self::Filter,
            (None, _) if !shows_sender(e) => Self::Unknown,
            (None, IcmpMeaning::NetUnreachable) if took_ms < AT_ONCE_MS => Self::Routing,
            (None, IcmpMeaning::NetUnreachable) => Self::Unknown,
            // For a route of type `unreachable` no source address is chosen.
            (None, IcmpMeaning::HostUnreachable) if source.is_some() => Self::Link,
            (None, IcmpMeaning::HostUnreachable) => Self::Routing,
            (None, _) => Self::Filter,
        }
    }
}

/// Whether a router's message that a host is unreachable comes as late as one that asked for it on its
/// link sends it. A rule that rejects answers each SYN at once, unless the device limits its messages
/// (fact T61): a late one fits a silent host better, and does not prove it. Where the system does not
/// show the message when it comes, or only as the connection is given up, its time is not known.
pub(in crate::diagnose) fn router_may_have_asked(e: &Evidence, took_ms: f64) -> bool {
    let given_up = f64::from(u32::try_from(e.options.timeout_ms).unwrap_or(u32::MAX)) * 0.9;
    shows_sender(e) && (ROUTER_ASKED_MS..given_up).contains(&took_ms)
}

/// Whether an error without a sender is this machine's own. Linux's error queue names the router whose
/// message it is; Windows has the same codes for both, and names the sender only where it shows the
/// ICMP message.
pub(in crate::diagnose) fn shows_sender(e: &Evidence) -> bool {
    System::of(&e.vantage.os) == System::Linux
}

/// Whether the message is this machine's own: its routing table, its firewall, its ARP. The kernel
/// sends it from the interface's primary address, also where the connection has another source.
pub(in crate::diagnose) fn is_local(e: &Evidence, icmp: &Icmp, source: Option<IpAddr>) -> bool {
    icmp.from.is_none_or(|from| Some(from) == source || e.vantage.own_senders.contains(&from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_symptom_and_sender_and_time_show_who_refused() {
        let base = include_str!("../../../fixtures/bases/private.json");
        let e: Evidence = serde_json::from_str(base).unwrap();
        let own: IpAddr = "10.3.0.4".parse().unwrap();
        let router: IpAddr = "10.0.0.1".parse().unwrap();
        let peer: IpAddr = "10.3.0.5".parse().unwrap();
        for (meaning, from, source, took_ms, refuser) in [
            (IcmpMeaning::NetUnreachable, None, None, 0.1, Refuser::Routing),
            (IcmpMeaning::NetUnreachable, None, Some(own), 38.0, Refuser::Unknown),
            (IcmpMeaning::NetUnreachable, Some(own), Some(own), 0.1, Refuser::Filter),
            (IcmpMeaning::PortUnreachable, Some(own), Some(own), 0.1, Refuser::Filter),
            (IcmpMeaning::HostUnreachable, Some(own), Some(own), 0.1, Refuser::Filter),
            (IcmpMeaning::HostUnreachable, Some(own), Some(own), 3050.0, Refuser::Link),
            (IcmpMeaning::HostUnreachable, None, Some(own), 3050.0, Refuser::Link),
            (IcmpMeaning::HostUnreachable, None, None, 0.1, Refuser::Routing),
            (IcmpMeaning::NetUnreachable, Some(router), Some(own), 1.0, Refuser::Device(router)),
            (IcmpMeaning::HostUnreachable, Some(peer), Some(own), 1.0, Refuser::Peer(peer)),
        ] {
            let code = from.map(|_| "3/x".to_owned());
            let icmp = Icmp { meaning, from, code };
            assert_eq!(
                Refuser::of(&e, &icmp, source, peer, took_ms),
                refuser,
                "{icmp:?} {took_ms}"
            );
        }
    }
}
