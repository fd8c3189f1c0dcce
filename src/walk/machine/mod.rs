//! The direct path as a machine without I/O: events in, actions out.
//!
//! Every step of the walk is decided here: what is asked, which address is connected to, whose
//! handshake carries the walk, what has been silent for too long, which experiments are due.
//! Nothing here opens a socket, awaits, or reads a clock: an event brings its time, and what an
//! action opens is named by the address that it leads to. `driver` performs an action and
//! brings back the event that it ended with.
//!
//! TCP and TLS start at the first valid answer, raw or from the system. The call waits for
//! `getaddrinfo`, since the secret goes only to an address that it gave too; a resolver that
//! stays silent holds back its own line only.

mod addresses;
mod experiments;
mod finish;
mod handshakes;
mod phases;
mod resolvers;
mod stalls;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::experiments::{ExperimentResult, Probe, Subject};
use crate::evidence::dns::{
    DnsHop, Exchange, LateAnswer, ResolverEvidence, ResolverRole, SystemAnswer,
};
use crate::evidence::experiment::Experiments;
use crate::evidence::http::HttpCall;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::tls::TlsHop;
use crate::evidence::{Expect, Hop, Observed, SkipReason};
use crate::target::Target;

pub(super) use finish::{PathEvidence, with_alert};
pub(super) use handshakes::is_network_refusal;
use phases::{Address, CallPhase, Reported};
use stalls::Stalls;

/// How long after an answer a second one is waited for, where the walk has failed and nothing else
/// is under way. Who answers in place of a resolver is nearer than it is, by a round trip at most.
const SECOND_ANSWER: Duration = Duration::from_millis(100);

/// How far a direct path is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectPolicy {
    /// It is the application's path.
    Full {
        /// The last hop that is walked: `Tcp` where TLS begins inside a protocol of the service's,
        /// `Tls` where no call of the service is known, else `Http`.
        last: Hop,
    },
    /// It is compared with the proxied path that the application takes: to TLS, and only where
    /// the address is private.
    Comparison {
        /// Also where it is public (`--direct`).
        public: bool,
    },
}

/// Which experiments may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExperimentPolicy {
    /// None, and none is missed: the path is only compared with.
    NotHere,
    /// `--no-experiments`.
    Declined,
    /// Those that no security team objects to.
    Default,
    /// `--deep`: all.
    Deep,
}

/// Everything that the machine knows before the first event.
#[derive(Debug, Clone)]
pub(super) struct Settings<'a> {
    /// What is walked.
    pub(super) target: &'a Target,
    /// The resolvers to ask, in order, each with the interface of a link-local one.
    pub(super) resolvers: Vec<(SocketAddr, ResolverRole, Option<String>)>,
    /// The first `--resolver`, whose answer overrides the system's.
    pub(super) overriding_resolver: Option<SocketAddr>,
    /// Whether the C library asks over TCP from the start (`options use-vc`): what UDP would give
    /// then does not reach applications.
    pub(super) uses_tcp: bool,
    /// The addresses of the name in the hosts file.
    pub(super) pinned: Vec<IpAddr>,
    /// `--expect`.
    pub(super) expect: &'a Expect,
    /// How far the path is walked.
    pub(super) connect: ConnectPolicy,
    /// Which experiments may be made.
    pub(super) experiments: ExperimentPolicy,
    /// Whether the walk ends with the answer to its call: a token is waited for.
    pub(super) ends_with_call: bool,
    /// Whether applications may get the answer of any nameserver.
    pub(super) any_nameserver: bool,
    /// The deadline of one hop.
    pub(super) timeout: Duration,
    /// The deadline of the walk.
    pub(super) deadline: Duration,
    /// How long something may be silent before experiments on it begin.
    pub(super) stall_after: Duration,
}

/// A question of the walk to a resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// The A records of the name.
    A,
    /// The AAAA records of the name.
    Aaaa,
    /// The SOA of the private zone that the name should be in.
    ZoneSoa,
}

/// Which ClientHello a session began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    /// As today's larger clients send it: two segments.
    Full,
    /// One segment.
    Small,
}

/// A connection that is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Established {
    /// It was reset before anything was sent.
    pub(super) reset: bool,
    /// The kernel's measure of the round trip; zero where it has none.
    pub(super) round_trip: Duration,
}

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The walk begins.
    Begin,
    /// A question to a resolver has ended; `listens` where a second answer would be seen.
    Answer { resolver: usize, question: Question, seen: Observed<Exchange>, listens: bool },
    /// A question that is answered got a second, other answer.
    LateAnswer { resolver: usize, question: Question, answer: LateAnswer },
    /// `getaddrinfo` has ended.
    System(Observed<SystemAnswer>),
    /// A connection attempt has ended; `established` where there is a connection.
    Connected { attempt: TcpAttempt, established: Option<Established> },
    /// A handshake has ended; `session` where it verified and there is a session.
    Handshake { address: IpAddr, started_ms: f64, took_ms: f64, hop: Box<TlsHop>, session: bool },
    /// An experiment has ended.
    Experiment(Box<ExperimentResult>),
    /// The calls have ended; `alert` is the TLS alert that came in place of an answer.
    Called { started_ms: f64, took_ms: f64, calls: Vec<HttpCall>, alert: Option<String> },
    /// The time that [`Machine::next_stall`] named has come.
    Stalled,
    /// Every action has ended.
    Idle,
}

/// Something to do. What it opens is known by the address that it leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Put a question to a resolver.
    Ask { resolver: usize, server: SocketAddr, question: Question, uses_tcp: bool },
    /// Probe the system (`getaddrinfo`).
    LookUp,
    /// Connect to an address.
    Connect { address: IpAddr },
    /// Do the handshake on the connection to an address.
    Handshake { address: IpAddr },
    /// Make an experiment.
    Experiment { id: &'static str, probe: Probe, subject: Subject, timeout: Duration },
    /// Make the calls over the session to an address; `effective` are the addresses that
    /// applications get.
    Call { address: IpAddr, hello: Hello, effective: Vec<IpAddr> },
    /// Tell who watches the walk that a hop has finished.
    Report(Report),
    /// Nothing is under way: wait for a second answer until then.
    Listen { until: Duration },
    /// Nothing is left to be done.
    Finish,
}

/// A hop that has finished, with its time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Report {
    /// The name: [`Machine::dns`].
    Dns(f64),
    /// Connections: [`Machine::tcp`].
    Tcp,
    /// The handshake: [`Machine::tls`].
    Tls(f64),
    /// The calls: [`Machine::calls`].
    Http(f64),
}

/// The state between events.
pub(super) struct Machine<'a> {
    settings: Settings<'a>,
    /// The time of the event that is handled, since the walk began.
    at: Duration,
    actions: Vec<Action>,
    dns: DnsHop,
    /// Addresses that applications get; none while that is not known yet.
    effective: Option<Vec<IpAddr>>,
    /// Every address that was connected to, in that order.
    addresses: Vec<Address>,
    /// Connections that were established so far.
    arrivals: u32,
    /// When the last question was answered whose port is still open.
    listening_since: Option<Duration>,
    /// The address whose handshake carries the walk: its place.
    selected: Option<usize>,
    call: CallPhase,
    reported: Reported,
    /// What is at the address does not behave as the service.
    address_suspect: bool,
    /// `getaddrinfo` had not ended a while after a resolver gave an address.
    system_late: bool,
    /// Resolvers that were asked for the zone's SOA.
    zones_asked: Vec<usize>,
    stalls: Stalls,
    /// How long a handshake may be silent: an answer that is on its way is not late.
    handshake_stall_after: Duration,
    experiments: Experiments,
    /// Experiments that were due; each is made once a subject.
    scheduled: Vec<(&'static str, Subject)>,
}

impl<'a> Machine<'a> {
    /// A walk that has not begun.
    pub(super) fn new(settings: Settings<'a>) -> Self {
        let none = || Observed::NotAsked { reason: SkipReason::NotNeeded };
        let resolvers = settings
            .resolvers
            .iter()
            .map(|(address, role, scope)| ResolverEvidence {
                address: *address,
                scope: scope.clone(),
                role: *role,
                a: none(),
                aaaa: none(),
                zone_soa: none(),
                round: None,
            })
            .collect();
        Self {
            dns: DnsHop {
                name: settings.target.seen.host.clone(),
                resolvers,
                system: Observed::NotAsked { reason: SkipReason::NotNeeded },
                selected: Vec::new(),
                first_address_ms: None,
            },
            at: Duration::ZERO,
            actions: Vec::new(),
            effective: None,
            addresses: Vec::new(),
            arrivals: 0,
            listening_since: None,
            selected: None,
            call: CallPhase::NotMade,
            reported: Reported::default(),
            address_suspect: false,
            system_late: false,
            zones_asked: Vec::new(),
            stalls: Stalls::default(),
            handshake_stall_after: settings.stall_after,
            experiments: Experiments::default(),
            scheduled: Vec::new(),
            settings,
        }
    }

    /// What is to be done now that `event` has happened, `at` since the walk began.
    pub(super) fn on(&mut self, at: Duration, event: Event) -> Vec<Action> {
        self.at = at;
        match event {
            Event::Begin => self.begin(),
            Event::Answer { resolver, question, seen, listens } => {
                if listens {
                    self.listening_since = Some(at);
                }
                self.answered(resolver, question, seen);
            }
            Event::LateAnswer { resolver, question, answer } => {
                self.answered_again(resolver, question, answer);
            }
            Event::System(seen) => self.system_answered(seen),
            Event::Connected { attempt, established } => self.connected(attempt, established),
            Event::Handshake { address, started_ms, took_ms, hop, session } => {
                self.handshake_done(address, started_ms, took_ms, hop, session);
            }
            Event::Experiment(result) => self.experiment_done(*result),
            Event::Called { started_ms, took_ms, calls, alert } => {
                self.called(started_ms, took_ms, calls, alert);
            }
            Event::Stalled => self.on_stall(),
            Event::Idle => self.on_idle(),
        }
        match &self.call {
            CallPhase::Done(_) if self.settings.ends_with_call => self.act(Action::Finish),
            _ => self.advance(),
        }
        std::mem::take(&mut self.actions)
    }

    /// When the machine wants to hear of the time, if nothing happens before.
    pub(super) fn next_stall(&self) -> Option<Duration> {
        self.stalls.next()
    }

    /// Starts what the last event made possible.
    fn advance(&mut self) {
        self.report_dns();
        self.start_handshake();
        if self.effective.is_some() {
            self.report_tcp();
        }
        self.try_other_addresses();
        self.make_call();
    }

    /// Everything that was started has ended. Where no handshake succeeded, the address may be one
    /// that an injected answer gave, and the resolver's own answer is still on its way. Where the small
    /// ClientHello alone is answered, applications that send it work: the walk goes on as they do.
    fn on_idle(&mut self) {
        if let Some(until) = self.listens_until() {
            self.act(Action::Listen { until });
        } else if !self.fall_back_to_small_hello() {
            self.act(Action::Finish);
        }
    }

    /// Until when a second answer is waited for, if one is.
    fn listens_until(&self) -> Option<Duration> {
        let full = matches!(self.settings.connect, ConnectPolicy::Full { .. });
        let own_path = full && self.settings.experiments != ExperimentPolicy::NotHere;
        let settled = self.addresses.iter().any(Address::has_verified);
        let until = self.listening_since? + SECOND_ANSWER;
        let until = until.min(self.at + self.hop_timeout());
        (own_path && !self.settings.ends_with_call && !settled && self.at < until).then_some(until)
    }

    fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Milliseconds since the walk began.
    fn elapsed_ms(&self) -> f64 {
        self.at.as_secs_f64() * 1e3
    }

    /// The deadline of a hop that begins now: its own, or what is left of the whole walk's.
    fn hop_timeout(&self) -> Duration {
        self.settings.timeout.min(self.settings.deadline.saturating_sub(self.at))
    }
}
