//! What a walk cost the network, counted in one place.

use socket2::Socket;

use super::experiments::REFERENCE_CLIENT;
use crate::evidence::Cost;
use crate::evidence::dns::{ResolverEvidence, Transport};
use crate::evidence::experiment::{Experiments, TraceProbe, TraceResult};
use crate::evidence::tcp::{TcpAttempt, TcpInfo, TcpOutcome};
use crate::platform;

/// Segments of ours on a connection that is closed as soon as it is established: SYN, ACK, FIN, ACK.
const OPENED_AND_CLOSED: u32 = 4;

/// The cost of a walk, or of a part of one.
pub(super) struct Ledger(Cost);

impl Ledger {
    /// Nothing was sent.
    pub(super) const fn new() -> Self {
        Self(Cost {
            took_ms: 0.0,
            datagrams_sent: 0,
            segments_sent: Some(0),
            segments_repeated: 0,
            hosts: Vec::new(),
        })
    }

    /// The sum.
    pub(super) fn cost(self) -> Cost {
        self.0
    }

    /// Adds what something else cost.
    pub(super) fn add(&mut self, other: &Cost) {
        self.0.add(other);
    }

    /// Packets of ours on connections whose sockets cannot be asked: better no number than a
    /// wrong one.
    pub(super) const fn unknown(&mut self) {
        self.0.segments_sent = None;
    }

    fn segments(&mut self, sent: Option<u32>) {
        self.0.segments_sent = self.0.segments_sent.zip(sent).map(|(a, b)| a + b);
    }

    /// The address that a connection really went to.
    pub(super) fn host(&mut self, host: String) {
        if !self.0.hosts.contains(&host) {
            self.0.hosts.push(host);
        }
    }

    /// The walk's own questions to a resolver.
    pub(super) fn resolver(&mut self, resolver: &ResolverEvidence, uses_tcp: bool) {
        let asked = [&resolver.a, &resolver.aaaa, &resolver.zone_soa];
        for exchange in asked.into_iter().filter_map(|asked| asked.value()) {
            match uses_tcp {
                false => self.0.datagrams_sent += exchange.sent,
                true => self.segments(Some(exchange.sent)),
            }
            self.segments(Some(exchange.segments));
        }
        self.host(resolver.address.ip().to_string());
    }

    /// A connection of the walk, by what the kernel counted for its socket.
    pub(super) fn attempt(&mut self, attempt: &TcpAttempt) {
        self.segments(match &attempt.info {
            Some(info) => info.first_sent(),
            // This OS does not report it.
            None if attempt.outcome == TcpOutcome::Connected => None,
            // Not connected: a SYN, if this machine lets one out.
            None => Some(u32::from(left_this_machine(&attempt.outcome))),
        });
        self.0.segments_repeated += match &attempt.info {
            Some(info) => info.repeats(),
            None => attempt.syn_repeats.unwrap_or(0),
        };
        self.host(contacted(attempt));
    }

    /// A connection attempt that nothing waited for, and that is closed at once.
    pub(super) fn late_attempt(&mut self, attempt: &TcpAttempt) {
        self.segments(Some(opened_and_closed(&attempt.outcome)));
        self.0.segments_repeated += attempt.syn_repeats.unwrap_or(0);
        self.host(contacted(attempt));
    }

    /// A connection to an endpoint on this machine, or to none: its SYN at least.
    pub(super) fn plain_attempt(&mut self, attempt: &TcpAttempt) {
        match &attempt.info {
            Some(info) => self.info(info),
            None => self.segments(Some(1)),
        }
        self.host(contacted(attempt));
    }

    /// A SYN to each of so many addresses.
    pub(super) fn syns(&mut self, count: usize) {
        self.segments(u32::try_from(count).ok());
    }

    /// What the kernel counted for a socket.
    pub(super) fn info(&mut self, info: &TcpInfo) {
        self.segments(info.first_sent());
        self.0.segments_repeated += info.repeats();
    }

    /// A further connection of the calls.
    pub(super) fn socket(&mut self, socket: &Socket) {
        if let Some(info) = platform::tcp_info(socket) {
            self.info(&info);
        }
    }

    /// Everything that experiments sent.
    pub(super) fn experiments(&mut self, experiments: &Experiments) {
        for tried in &experiments.handshakes {
            let info = tried.tls.as_ref().and_then(|tls| tls.tcp_info.as_ref());
            self.segments(match info {
                Some(info) => info.first_sent(),
                None if tried.tls.is_some() => None,
                None => Some(u32::from(left_this_machine(&tried.tcp))),
            });
            self.0.segments_repeated += info.map_or(0, TcpInfo::repeats);
        }
        for tried in &experiments.questions {
            match tried.exchange.transport {
                Transport::Udp => self.0.datagrams_sent += tried.exchange.sent,
                Transport::Tcp => self.segments(Some(tried.exchange.sent)),
            }
        }
        for tried in &experiments.connections {
            self.segments(Some(opened_and_closed(&tried.outcome)));
            self.host(tried.address.ip().to_string());
        }
        if experiments.clients.iter().any(|call| call.id == REFERENCE_CLIENT) {
            // The sockets of a standard HTTP client are not ours to read.
            self.unknown();
        }
        for trace in &experiments.traces {
            let sent = trace.hops.iter().map(|hop| match (&trace.probe, &hop.result) {
                (_, TraceResult::NotSent { .. }) => 0,
                (TraceProbe::Syn, TraceResult::Answered) => OPENED_AND_CLOSED,
                _ => 1,
            });
            let sent: u32 = sent.sum();
            match trace.probe {
                TraceProbe::Udp | TraceProbe::Echo => self.0.datagrams_sent += sent,
                TraceProbe::Syn => self.segments(Some(sent)),
                // Three packets of the connection, and the ClientHello itself.
                TraceProbe::ClientHello => self.segments(Some(sent * 4)),
            }
        }
    }
}

/// Segments of a connection that is closed as soon as it is established.
fn opened_and_closed(outcome: &TcpOutcome) -> u32 {
    match outcome {
        TcpOutcome::Connected => OPENED_AND_CLOSED,
        outcome => u32::from(left_this_machine(outcome)),
    }
}

/// Whether a connection's SYN came as far as the wire: a route that is missing here, or a
/// refusal of this machine's own, sends nothing.
fn left_this_machine(outcome: &TcpOutcome) -> bool {
    match outcome {
        TcpOutcome::LocalError { .. } => false,
        TcpOutcome::Unreachable { icmp } => icmp.code.is_some(),
        _ => true,
    }
}

/// The address that a connection really went to.
pub(super) fn contacted(attempt: &TcpAttempt) -> String {
    attempt.connected_to().ip().to_string()
}
