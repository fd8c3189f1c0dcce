//! The end of a path: what its events showed, as evidence.

use super::{Connect, PathSeen, State};
use crate::evidence::dns::{DnsOutcome, Exchange, ResolverSeen, Transport};
use crate::evidence::experiment::{TraceProbe, TraceSeen};
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::{Choice, Hop, Observed};
use crate::platform;
use crate::walk::steps::contacted;
use crate::walk::{NO_ADDRESS, experiments};

/// Segments of ours on a connection that is closed as soon as it stands: SYN, ACK, FIN, ACK.
pub(in crate::walk) const OPENED_AND_CLOSED: u32 = 4;

impl<'a, 'c> State<'a, 'c> {
    pub(super) fn finish(mut self) -> PathSeen {
        self.dns.walked = self.walked();
        self.forget_what_does_not_count();
        self.compare_with_the_round();
        let none = NO_ADDRESS;
        let mut segments = Some(0_u32);
        let mut repeated = 0_u32;
        let mut hosts: Vec<String> = Vec::new();
        let (over_tcp, over_udp): (Vec<_>, Vec<_>) =
            self.dns.resolvers.iter().partition(|r| self.asks_over_tcp(r));
        let sent = |r: &ResolverSeen| -> u32 {
            [&r.a, &r.aaaa, &r.zone_soa].into_iter().filter_map(|o| o.saw()).map(|x| x.sent).sum()
        };
        let mut datagrams: u32 = over_udp.into_iter().map(sent).sum();
        segments = segments.map(|sum| sum + over_tcp.into_iter().map(sent).sum::<u32>());
        for resolver in &self.dns.resolvers {
            let asked = [&resolver.a, &resolver.aaaa, &resolver.zone_soa];
            let over_tcp: u32 = asked.iter().filter_map(|o| o.saw()).map(|x| x.segments).sum();
            segments = segments.map(|sum| sum + over_tcp);
            hosts.push(resolver.address.ip().to_string());
        }
        let mut attempts: Vec<TcpAttempt> = Vec::new();
        for (address, attempt) in std::mem::take(&mut self.attempts) {
            let Some(mut attempt) = attempt else { continue };
            let socket = self.sockets.iter().find(|(a, _)| *a == address);
            attempt.info = socket.and_then(|(_, socket)| platform::tcp_info(socket));
            segments = match &attempt.info {
                Some(info) => segments.zip(info.first_sent()).map(|(a, b)| a + b),
                // This OS does not say.
                None if attempt.outcome == TcpOutcome::Connected => None,
                // Not connected: a SYN, if this machine lets one out.
                None => segments.map(|sum| sum + u32::from(left_this_machine(&attempt.outcome))),
            };
            repeated += match &attempt.info {
                Some(info) => info.total_retrans,
                None => attempt.syn_repeats.unwrap_or(0),
            };
            hosts.push(contacted(&attempt));
            attempts.push(attempt);
        }
        self.experiments.handshakes.sort_by_key(|tried| tried.started_ms);
        self.experiments.questions.sort_by_key(|tried| tried.started_ms);
        self.experiments.connections.sort_by_key(|tried| tried.started_ms);
        for tried in &self.experiments.handshakes {
            let info = tried.tls.as_ref().and_then(|tls| tls.tcp_info.as_ref());
            segments = match info {
                Some(info) => segments.zip(info.first_sent()).map(|(a, b)| a + b),
                None if tried.tls.is_some() => None,
                None => segments.map(|sum| sum + u32::from(left_this_machine(&tried.tcp))),
            };
            repeated += info.map_or(0, |info| info.total_retrans);
        }
        for tried in &self.experiments.questions {
            match tried.exchange.transport {
                Transport::Udp => datagrams += tried.exchange.sent,
                Transport::Tcp => segments = segments.map(|sum| sum + tried.exchange.sent),
            }
        }
        for tried in &self.experiments.connections {
            let sent = match &tried.outcome {
                TcpOutcome::Connected => OPENED_AND_CLOSED,
                outcome => u32::from(left_this_machine(outcome)),
            };
            segments = segments.map(|sum| sum + sent);
            hosts.push(tried.address.ip().to_string());
        }
        if self.experiments.clients.iter().any(|call| call.id == experiments::STOCK_CLIENT) {
            // An ordinary client keeps its sockets to itself: better no number than a wrong one.
            segments = None;
        }
        for trace in &self.experiments.traces {
            let sent = trace.hops.iter().map(|hop| match (&trace.probe, &hop.seen) {
                (_, TraceSeen::NotSent { .. }) => 0,
                (TraceProbe::Syn, TraceSeen::Answered) => OPENED_AND_CLOSED,
                _ => 1,
            });
            match trace.probe {
                TraceProbe::Udp => datagrams += sent.sum::<u32>(),
                TraceProbe::Syn => segments = segments.map(|all| all + sent.sum::<u32>()),
                // Three packets of the connection beside the ClientHello itself.
                TraceProbe::ClientHello => {
                    segments = segments.map(|all| all + sent.sum::<u32>() * 4);
                }
            }
        }
        let mut once: Vec<String> = Vec::new();
        for host in hosts {
            if !once.contains(&host) {
                once.push(host);
            }
        }
        let hosts = once;
        let tcp = self.tcp(attempts, none);
        let tls = match (self.tls, &tcp) {
            (Some((_, seen)), _) => seen,
            (None, Observed::NotAsked { by }) => Observed::NotAsked { by: *by },
            (None, Observed::NotReached { stopped_at }) => {
                Observed::NotReached { stopped_at: *stopped_at }
            }
            (None, _) => Observed::NotReached { stopped_at: Hop::Tcp },
        };
        let http = match (self.http, self.connect) {
            (Some(seen), _) => seen,
            (None, Connect::Always { call: false }) => {
                Observed::NotAsked { by: Choice::ServiceHasNoCall }
            }
            (None, Connect::Beside { .. }) => Observed::NotAsked { by: Choice::ProxyApplies },
            (None, Connect::Always { call: true }) => match &tls {
                Observed::NotReached { stopped_at } => {
                    Observed::NotReached { stopped_at: *stopped_at }
                }
                _ => Observed::NotReached { stopped_at: Hop::Tls },
            },
        };
        PathSeen {
            dns: self.dns,
            tcp,
            tls,
            http,
            withheld: self.withheld,
            date: self.date,
            datagrams,
            segments,
            repeated,
            hosts,
            experiments: self.experiments,
        }
    }

    /// Puts beside a resolver that did not answer this walk what it answered to the others.
    fn compare_with_the_round(&mut self) {
        let Some(tally) = &self.context.world.tally else { return };
        for resolver in &mut self.dns.resolvers {
            let asked = [&resolver.a, &resolver.aaaa].into_iter().filter_map(|o| o.saw());
            let silent = |exchange: &Exchange| exchange.outcome == DnsOutcome::TimedOut;
            if asked.clone().next().is_some() && asked.into_iter().all(silent) {
                let round = tally.of(resolver.address);
                resolver.round = (round.asked > 1).then_some(round);
            }
        }
    }

    /// A handshake that a raw answer began does not stand for the applications' path when the
    /// system then gave other addresses and none of them could be walked.
    fn forget_what_does_not_count(&mut self) {
        let counting = self.counting.as_deref().unwrap_or_default();
        let Some(address) = self.shaking else { return };
        if !counting.is_empty() && !counting.contains(&address) {
            self.shaking = None;
            self.tls = None;
            self.session = None;
        }
    }

    pub(super) fn tcp(&self, attempts: Vec<TcpAttempt>, stopped_at: Hop) -> Observed<TcpHop> {
        if attempts.is_empty() {
            return match self.connect {
                Connect::Beside { public: false } if !self.dns.walked.is_empty() => {
                    Observed::NotAsked { by: Choice::DirectPathIsPublic }
                }
                _ => Observed::NotReached { stopped_at },
            };
        }
        let walked = self.shaking;
        let began = attempts.iter().map(|a| a.started_ms).fold(f64::INFINITY, f64::min);
        // The hop's time is that of the connection that the walk went on with.
        let took = attempts
            .iter()
            .find(|a| Some(a.address.ip()) == walked)
            .map_or_else(|| attempts.iter().map(|a| a.took_ms).fold(0.0, f64::max), |a| a.took_ms);
        let mut attempts = attempts;
        let order = |attempt: &TcpAttempt| {
            self.dns.walked.iter().position(|w| w.address == attempt.address.ip())
        };
        attempts.sort_by_key(|a| order(a).unwrap_or(usize::MAX));
        Observed::Ran { started_ms: began, took_ms: took, saw: TcpHop { attempts, walked } }
    }
}

/// Whether a connection's SYN came as far as the wire: a route that is missing here, or a
/// refusal of this machine's own, sends nothing.
pub(in crate::walk) fn left_this_machine(outcome: &TcpOutcome) -> bool {
    match outcome {
        TcpOutcome::LocalError { .. } => false,
        TcpOutcome::Unreachable { icmp } => icmp.code.is_some(),
        _ => true,
    }
}
