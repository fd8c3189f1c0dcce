//! What an experiment sends: a question to the network as plain data, and its words for `--plan`.

use std::net::IpAddr;
use std::time::Duration;

use crate::evidence::dns::QuestionType;
use crate::evidence::experiment::{TraceProbe, Variation};

/// How a question to a resolver is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// UDP, with EDNS.
    Udp,
    /// UDP without EDNS, once.
    NoEdns,
    /// UDP without EDNS, and TCP after a truncated answer, as C libraries ask.
    Plain,
    /// UDP without EDNS and without recursion desired.
    NonRecursive,
    /// UDP with EDNS and checking disabled (CD).
    CheckingDisabled,
    /// TCP.
    Tcp,
}

/// One question to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// The handshake with one thing changed, at the address in trouble.
    Handshake(Variation),
    /// The walk's own handshake at another address of the same name.
    OtherAddress,
    /// A question to the resolver in trouble.
    Question {
        /// The name.
        name: String,
        /// The type.
        kind: QuestionType,
        /// How it is carried.
        transport: Transport,
    },
    /// The same over UDP, a while after the symptom.
    LaterQuestion {
        /// The name.
        name: String,
        /// The type.
        kind: QuestionType,
        /// How long after it.
        wait: Duration,
    },
    /// The target's name followed by a domain of the search list, asked of the resolver in
    /// trouble; nothing where the list is shorter.
    SearchedName {
        /// Place of the domain in the list, from 0.
        place: usize,
    },
    /// A connection to another address than the walk's.
    Connection {
        /// The address.
        address: IpAddr,
    },
    /// A connection to an unallocated address, of the family of the one in trouble.
    UnallocatedAddress,
    /// TTL-limited packets towards the address in trouble.
    Trace {
        /// What is sent.
        probe: TraceProbe,
        /// The largest TTL.
        longest: u8,
    },
    /// The handshake in smaller segments, until the largest size that is answered is nearly known.
    Segments,
    /// The ClientHello in TTL-limited packets, on connections to the address in trouble.
    TraceHello,
    /// The walk's first call by a standard HTTP client, without a credential.
    ReferenceClient,
}

impl Probe {
    /// What it sends and to whom, for `--plan`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Probe::Handshake(Variation::ServerName { name }) => {
                format!("a handshake at the same address, SNI {name}")
            }
            Probe::OtherAddress => {
                "a handshake, and the call if there is one, without a credential, at another address of \
                 the name"
                    .to_owned()
            }
            Probe::Handshake(_) | Probe::Segments => "handshakes at the same address".to_owned(),
            Probe::TraceHello => {
                "the ClientHello in TTL-limited packets to that address".to_owned()
            }
            Probe::Question { name, kind, transport } => {
                let over = match transport {
                    Transport::Udp => "UDP",
                    Transport::NoEdns => "UDP without EDNS",
                    Transport::Plain => "UDP without EDNS (TCP if truncated)",
                    Transport::NonRecursive => "UDP without recursion",
                    Transport::CheckingDisabled => "UDP with checking disabled",
                    Transport::Tcp => "TCP",
                };
                format!("{kind} {name} over {over}, to the same resolver")
            }
            Probe::LaterQuestion { name, kind, wait } => {
                let after = wait.as_secs_f64();
                format!("{kind} {name} over UDP, {after} s later, to the same resolver")
            }
            Probe::SearchedName { .. } => {
                "A of the name with a search domain over UDP, to the same resolver".to_owned()
            }
            Probe::Connection { address } => format!("a connection to {address}"),
            Probe::UnallocatedAddress => {
                "a connection to 192.0.2.1 (or 2001:db8::1), an unallocated address".to_owned()
            }
            Probe::Trace { probe: TraceProbe::Udp, .. } => {
                "TTL-limited UDP to the same address".to_owned()
            }
            Probe::Trace { probe: TraceProbe::Echo, .. } => {
                "TTL-limited ICMP echo requests to the same address".to_owned()
            }
            Probe::Trace { .. } => "TTL-limited SYNs to the same address".to_owned(),
            Probe::ReferenceClient => {
                "the call again by a standard HTTP client, without a credential".to_owned()
            }
        }
    }
}
