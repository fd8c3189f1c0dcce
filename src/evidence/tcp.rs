//! Connections: one attempt an address.

use std::net::{IpAddr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The TCP hop: every address, at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TcpHop {
    /// One attempt an address, in the order of the addresses.
    pub attempts: Vec<TcpAttempt>,
    /// The address on which the walk went on.
    pub selected: Option<IpAddr>,
}

/// One connection attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TcpAttempt {
    /// The address that DNS gave, and the port.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// Where the connection really went, when `--connect-to` redirects it.
    pub connect_to: Option<String>,
    /// The outcome.
    pub outcome: TcpOutcome,
    /// Our source address, as the OS chose it.
    pub source: Option<IpAddr>,
    /// The interface that has the source address.
    pub interface: Option<String>,
    /// Start, in milliseconds since the walk began.
    pub started_ms: f64,
    /// Time taken in milliseconds.
    pub took_ms: f64,
    /// What the kernel says of the connection, read at the walk's end (Linux, Windows, macOS).
    pub info: Option<TcpInfo>,
    /// How often the SYN was sent again (Linux, Windows).
    #[serde(default)]
    pub syn_repeats: Option<u32>,
}

/// How a connection attempt ended, by errno and ICMP, never by text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TcpOutcome {
    /// The three-way handshake completed.
    Connected,
    /// A RST came in answer to the SYN (closed port, or a firewall that rejects).
    Refused,
    /// The connection was reset while it was made.
    Reset,
    /// No answer within the deadline.
    TimedOut,
    /// The network says no: ICMP, or the local routing table.
    Unreachable {
        /// What was received, or the local error.
        icmp: Icmp,
    },
    /// The connection could not be tried from here (permission, no source address).
    LocalError {
        /// Errno.
        errno: i32,
        /// Its words.
        message: String,
    },
}

/// An ICMP message about a packet of ours, or the local kernel's equivalent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Icmp {
    /// What it means.
    pub meaning: IcmpMeaning,
    /// Who sent it; null when this machine's own kernel refused.
    pub from: Option<IpAddr>,
    /// ICMP type and code as received, e.g. `3/13`; null when it is a local error.
    pub code: Option<String>,
}

/// The meaning of an ICMP unreachable message (RFC 792, RFC 1812, RFC 4443).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IcmpMeaning {
    /// No route to the network.
    NetUnreachable,
    /// The host does not answer on its own link.
    HostUnreachable,
    /// A firewall prohibits it (type 3 code 9, 10, 13).
    AdminProhibited,
    /// The port is closed.
    PortUnreachable,
    /// The packet is too large (type 3 code 4).
    FragmentationNeeded,
    /// The hop limit ran out on the way.
    TimeExceeded,
    /// Anything else.
    Other,
}

impl IcmpMeaning {
    /// The meaning in words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NetUnreachable => "no route to the network",
            Self::HostUnreachable => "host unreachable",
            Self::AdminProhibited => "prohibited by a firewall",
            Self::PortUnreachable => "port unreachable",
            Self::FragmentationNeeded => "fragmentation needed",
            Self::TimeExceeded => "hop limit exceeded",
            Self::Other => "unreachable",
        }
    }
}

/// The part of TCP_INFO that tells something about a path (Linux; Windows and macOS count less of it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TcpInfo {
    /// Smoothed round trip in microseconds.
    pub rtt_us: u32,
    /// Segments retransmitted in total, the SYN among them; null where the system counts bytes.
    #[serde(default)]
    pub total_retrans: Option<u32>,
    /// Bytes of data retransmitted in total (Windows, macOS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_retrans: Option<u64>,
    /// How often the SYN was sent again, where the system counts that apart (Windows).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syn_retrans: Option<u32>,
    /// Maximum segment size for sending, in bytes.
    pub snd_mss: u32,
    /// Path MTU that the kernel believes in, in bytes; null where the system does not say.
    #[serde(default)]
    pub pmtu: Option<u32>,
    /// Bytes acknowledged by the peer.
    pub bytes_acked: Option<u64>,
    /// Bytes received in order.
    pub bytes_received: Option<u64>,
    /// Segments sent.
    pub segs_out: Option<u32>,
    /// Segments received.
    pub segs_in: Option<u32>,
    /// Packets that arrived out of order.
    pub rcv_ooopack: Option<u32>,
    /// Shortest round trip that was measured, in microseconds.
    #[serde(default)]
    pub min_rtt_us: Option<u32>,
    /// Repeats that the peer says it had twice (RFC 2883): nothing was lost.
    #[serde(default)]
    pub dsack_dups: Option<u32>,
    /// Whether one more segment, FIN, was to come: our side was open, and no repeat under way
    /// that it would wait for.
    #[serde(default)]
    pub open: bool,
}

impl TcpInfo {
    /// Segments sent, repeats apart, the FIN that was still to come with them.
    #[must_use]
    pub fn first_sent(&self) -> Option<u32> {
        let (all, again) = self.segs_out.zip(self.total_retrans)?;
        Some(all.saturating_sub(again) + u32::from(self.open))
    }

    /// Segments sent again, the SYN among them: as counted, or where the system counts bytes, as
    /// few as can hold them.
    #[must_use]
    pub fn repeats(&self) -> u32 {
        self.total_retrans.unwrap_or_else(|| {
            let data = self.bytes_retrans.unwrap_or(0).div_ceil(self.snd_mss.max(1).into());
            u32::try_from(data).unwrap_or(u32::MAX).saturating_add(self.syn_retrans.unwrap_or(0))
        })
    }

    /// How often the SYN was sent again, of a connection that carries no data yet; none where the system
    /// counts data alone (macOS).
    #[must_use]
    pub fn syn_repeats(&self) -> Option<u32> {
        self.syn_retrans.or(self.total_retrans)
    }

    /// The round trip in milliseconds: the shortest where it is known, since the smoothed one
    /// holds the peer's delayed acknowledgements too.
    #[must_use]
    pub fn round_trip_ms(&self) -> f64 {
        // The kernel says "never measured" with all bits set.
        let shortest = self.min_rtt_us.filter(|us| *us != u32::MAX && *us > 0);
        f64::from(shortest.unwrap_or(self.rtt_us)) / 1e3
    }
}

impl TcpAttempt {
    /// Where the connection went: the address, or what `--connect-to` put in its place. Routes,
    /// firewalls and their commands are about this one.
    #[must_use]
    pub fn connected_to(&self) -> SocketAddr {
        let detour = self.connect_to.as_deref().and_then(|to| to.parse().ok());
        detour.unwrap_or(self.address)
    }

    /// Segments that had to be sent again after the SYN and were lost, as far as the peer does
    /// not say that it had them twice.
    #[must_use]
    pub fn lost(&self) -> u32 {
        let Some(info) = &self.info else { return 0 };
        let after_syn = info.repeats().saturating_sub(self.syn_repeats.unwrap_or(0));
        after_syn.saturating_sub(info.dsack_dups.unwrap_or(0))
    }
}

impl TcpHop {
    /// The attempt on which the walk went on.
    #[must_use]
    pub fn walked_attempt(&self) -> Option<&TcpAttempt> {
        let walked = self.selected?;
        self.attempts.iter().find(|a| a.address.ip() == walked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_windows_counts_bytes_segments_are_as_few_as_hold_them() {
        let mut info: TcpInfo =
            serde_json::from_value(serde_json::json!({ "rtt_us": 900, "snd_mss": 1460 })).unwrap();
        assert_eq!((info.repeats(), info.first_sent(), info.pmtu), (0, None, None));
        (info.bytes_retrans, info.syn_retrans) = (Some(1461), Some(1));
        assert_eq!(info.repeats(), 3);
        // Linux counts them itself.
        (info.total_retrans, info.segs_out) = (Some(1), Some(5));
        assert_eq!((info.repeats(), info.first_sent()), (1, Some(4)));
    }
}
