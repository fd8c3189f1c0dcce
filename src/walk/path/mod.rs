//! The direct path: names, connections, handshake and call, as one set of events.
//!
//! TCP and TLS start at the first valid answer, raw or from the system. The call waits for
//! `getaddrinfo`, since the secret goes only to an address that it gave too; a resolver that
//! stays silent holds back its own line only.

mod connections;
pub(super) mod finish;
mod names;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::Socket;

use super::established::EstablishedSession;
use super::experiments::{self, Made, Subject, Symptom};
use super::steps::peer_date;
use super::{Context, Finished};
use crate::evidence::dns::{DnsHop, Exchange, LateAnswer, ResolverSeen, SystemAnswer};
use crate::evidence::experiment::Experiments;
use crate::evidence::http::{HttpCall, HttpHop};
use crate::evidence::identity::Withheld;
use crate::evidence::tcp::{TcpAttempt, TcpHop};
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::{Choice, Observed};
use crate::wire::connect::Connection;
use crate::wire::dns::{Kind, Listener};
use crate::wire::tally::Ticket;
use crate::world;

/// How long after an answer a second one is waited for, where the walk has failed and nothing else
/// is under way. Who answers in place of a resolver is nearer than it is, by a round trip at most.
const SECOND_ANSWER: Duration = Duration::from_millis(100);

/// How far a direct path is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connect {
    /// It is the application's path: to TLS, and the call where there is one.
    Always {
        /// Whether the call is made.
        call: bool,
    },
    /// It runs beside a proxied one: to TLS, and only where the address is private.
    Beside {
        /// Also where it is public (`--direct`).
        public: bool,
    },
}

/// What one direct path showed.
pub(super) struct PathSeen {
    pub(super) dns: DnsHop,
    pub(super) tcp: Observed<TcpHop>,
    pub(super) tls: Observed<TlsHop>,
    pub(super) http: Observed<HttpHop>,
    pub(super) withheld: Option<Withheld>,
    /// Our clock and the peer's `Date`, at the same moment.
    pub(super) date: Option<(SystemTime, SystemTime)>,
    pub(super) datagrams: u32,
    pub(super) segments: Option<u32>,
    /// Segments that the kernel sent again.
    pub(super) repeated: u32,
    pub(super) hosts: Vec<String>,
    pub(super) experiments: Experiments,
}

type Events<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Event> + 'a>>>;

enum Event {
    Answer {
        resolver: usize,
        kind: Kind,
        seen: Observed<Exchange>,
        /// Its port, where more may come.
        listener: Option<Listener>,
    },
    /// A second answer to a question.
    Late {
        resolver: usize,
        kind: Kind,
        answer: LateAnswer,
        listener: Listener,
    },
    System(Observed<SystemAnswer>),
    Connected {
        address: IpAddr,
        attempt: TcpAttempt,
        connection: Option<Connection>,
    },
    Shaken {
        address: IpAddr,
        started_ms: f64,
        took_ms: f64,
        hop: Box<TlsHop>,
        session: Option<Box<EstablishedSession>>,
    },
    Called {
        started_ms: f64,
        took_ms: f64,
        calls: Vec<HttpCall>,
        /// The TLS alert that came in place of an answer.
        alert: Option<String>,
        clock: SystemTime,
    },
    Made(Box<Made>),
}

/// The state between events.
struct State<'a, 'c> {
    context: &'a Context<'c>,
    connect: Connect,
    events: Events<'a>,
    /// Second answers to questions that are answered. The walk never waits for them, but for a
    /// moment where no handshake stood (see `SECOND_ANSWER`).
    late: Events<'a>,
    dns: DnsHop,
    /// When the last question was answered whose port is still open.
    answered_at: Option<Instant>,
    /// Addresses that count for applications; none while that is not known yet.
    counting: Option<Vec<IpAddr>>,
    attempts: Vec<(IpAddr, Option<TcpAttempt>)>,
    ready: Vec<Connection>,
    sockets: Vec<(IpAddr, Socket)>,
    /// The address whose handshake runs or ran.
    shaking: Option<IpAddr>,
    tls: Option<(IpAddr, Observed<TlsHop>)>,
    session: Option<Box<EstablishedSession>>,
    http: Option<Observed<HttpHop>>,
    withheld: Option<Withheld>,
    date: Option<(SystemTime, SystemTime)>,
    dns_told: bool,
    tcp_told: bool,
    /// What is at the address does not behave as the service.
    in_doubt: bool,
    /// Resolvers that were asked for the zone's SOA.
    zones_asked: Vec<usize>,
    /// This walk's place in the round's count of each resolver's answers.
    tickets: Vec<Option<Ticket>>,
    /// What has been under way since when, and when it has been silent for too long.
    waiting: Vec<(Instant, Waiting)>,
    /// The patience with the handshake: an answer that is on its way is not late.
    handshake_patience: Duration,
    experiments: Experiments,
    /// The sessions of small ClientHellos that verified, each at the address it was tried at.
    small: Vec<(TlsHop, EstablishedSession)>,
    /// Experiments that were due; each is made once a subject.
    experimented: Vec<(&'static str, Subject)>,
}

/// What may be silent for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// A resolver's answer to the A question.
    Resolver(usize),
    /// Any answer of a resolver over UDP.
    AnyAnswer(usize),
    /// The first connection of all.
    Connection,
    /// The handshake at an address.
    Handshake(IpAddr),
}

/// Walks the direct path to the target.
pub(super) async fn walk(context: &Context<'_>, connect: Connect) -> PathSeen {
    let mut state = State::new(context, connect);
    state.ask();
    loop {
        let event = match state.waiting.iter().map(|(until, _)| *until).min() {
            None => state.next().await,
            // Something is under way: when it has been silent for a while, the experiments
            // begin beside it, so that the verdict comes with its deadline.
            Some(until) => match tokio::time::timeout_at(until.into(), state.next()).await {
                Ok(event) => event,
                Err(_) => {
                    state.lose_patience(until);
                    continue;
                }
            },
        };
        let Some(event) = event else {
            // All has been tried. Where the small ClientHello alone is answered, applications
            // that send it work: the walk goes on as they do.
            if state.go_on_with_small_hello() || state.wait_for_a_second_answer().await {
                continue;
            }
            break;
        };
        state.take(event);
        // On the way to a token, its answer is the end.
        if context.errand.is_some() && state.http.is_some() {
            break;
        }
        state.go_on();
    }
    state.finish()
}

/// A path that was not walked.
pub(super) fn nothing(context: &Context<'_>) -> PathSeen {
    State::new(context, Connect::Beside { public: false }).finish()
}

impl<'a, 'c> State<'a, 'c> {
    fn new(context: &'a Context<'c>, connect: Connect) -> Self {
        let none = || Observed::NotAsked { by: Choice::NotNeeded };
        let resolvers = context
            .plan
            .resolvers(context.world)
            .into_iter()
            .map(|(address, role)| ResolverSeen {
                address,
                scope: world::scope(&context.world.resolver_config, address),
                role,
                a: none(),
                aaaa: none(),
                zone_soa: none(),
                round: None,
            })
            .collect();
        Self {
            context,
            connect,
            events: FuturesUnordered::new(),
            late: FuturesUnordered::new(),
            answered_at: None,
            dns: DnsHop {
                name: context.target.seen.host.clone(),
                resolvers,
                system: Observed::NotAsked { by: Choice::NotNeeded },
                walked: Vec::new(),
                first_address_ms: None,
            },
            counting: None,
            attempts: Vec::new(),
            ready: Vec::new(),
            sockets: Vec::new(),
            shaking: None,
            tls: None,
            session: None,
            http: None,
            withheld: None,
            date: None,
            dns_told: false,
            tcp_told: false,
            in_doubt: false,
            zones_asked: Vec::new(),
            tickets: Vec::new(),
            waiting: Vec::new(),
            handshake_patience: context.plan.patience(),
            experiments: Experiments::default(),
            small: Vec::new(),
            experimented: Vec::new(),
        }
    }

    /// The next event; a second answer is none that the walk waits for.
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            biased;
            event = self.events.next() => event,
            Some(late) = self.late.next() => Some(late),
        }
    }

    /// Where no handshake stood, the address may be one that an injected answer gave, and the
    /// resolver's own answer is still on its way. Takes it, if it comes in time.
    async fn wait_for_a_second_answer(&mut self) -> bool {
        let own_path = matches!(self.connect, Connect::Always { .. })
            && !self.context.beside
            && self.context.errand.is_none();
        let verified = matches!(&self.tls, Some((_, Observed::Ran { saw, .. }))
            if saw.outcome == TlsOutcome::Verified);
        let Some(answered) = self.answered_at.filter(|_| own_path && !verified) else {
            return false;
        };
        let until = (answered + SECOND_ANSWER).min(Instant::now() + self.context.left());
        match tokio::time::timeout_at(until.into(), self.late.next()).await {
            Ok(Some(event)) => {
                self.take(event);
                self.go_on();
                true
            }
            _ => false,
        }
    }

    /// Begins to wait for something.
    fn wait(&mut self, what: Waiting) {
        let patience = match what {
            Waiting::Handshake(_) => self.handshake_patience,
            _ => self.context.plan.patience(),
        };
        self.waiting.push((Instant::now() + patience, what));
    }

    /// Begins the experiments on whatever has been silent until now.
    fn lose_patience(&mut self, now: Instant) {
        let (over, left) = self.waiting.drain(..).partition(|(until, _)| *until <= now);
        self.waiting = left;
        let over: Vec<(Instant, Waiting)> = over;
        for (_, what) in over {
            match what {
                Waiting::Handshake(address) => {
                    self.address_is_in_doubt();
                    self.experiment(Subject::Address(address), Symptom::TlsSilent);
                }
                Waiting::Resolver(index) => self.resolver_is_silent(index),
                Waiting::AnyAnswer(index) => self.resolver_is_mute(index),
                Waiting::Connection => self.no_connection(Symptom::TcpSilent),
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Answer { resolver, kind, seen, listener } => {
                if let Some(listener) = listener.filter(|_| matches!(kind, Kind::A | Kind::Aaaa)) {
                    self.answered_at = Some(Instant::now());
                    self.listen(resolver, kind, listener);
                }
                self.answered(resolver, kind, seen);
            }
            Event::Late { resolver, kind, answer, listener } => {
                self.answered_again(resolver, kind, answer);
                self.listen(resolver, kind, listener);
            }
            Event::System(seen) => self.system_answered(seen),
            Event::Connected { address, attempt, connection } => {
                if let Some(connection) = connection {
                    if let Ok(socket) = connection.socket.try_clone() {
                        self.sockets.push((address, socket));
                    }
                    self.ready.push(connection);
                }
                if let Some(slot) = self.attempts.iter_mut().find(|(a, _)| *a == address) {
                    slot.1 = Some(attempt);
                }
                if self.ready.is_empty() && self.shaking.is_none() {
                    self.no_connection(Symptom::TcpRefused);
                }
            }
            Event::Shaken { address, started_ms, took_ms, hop, session } => {
                if self.shaking == Some(address) {
                    self.waiting.retain(|(_, what)| !matches!(what, Waiting::Handshake(_)));
                    self.tls = Some((address, Observed::Ran { started_ms, took_ms, saw: *hop }));
                    self.session = session;
                    if let Some((_, Observed::Ran { saw, .. })) = &self.tls {
                        (self.context.observe)(Finished::Tls(saw, took_ms));
                        let verified = saw.outcome == TlsOutcome::Verified;
                        if let Some(symptom) = experiments::symptom(&saw.outcome) {
                            self.experiment(Subject::Address(address), symptom);
                        }
                        if !verified {
                            self.address_is_in_doubt();
                        }
                    }
                }
            }
            Event::Made(made) => {
                self.small.extend(experiments::keep(&mut self.experiments, *made));
            }
            Event::Called { started_ms, took_ms, calls, alert, clock } => {
                if let (Some(description), Some((_, Observed::Ran { saw, took_ms, .. }))) =
                    (alert, &mut self.tls)
                {
                    saw.outcome = TlsOutcome::Alert { description };
                    (self.context.observe)(Finished::Tls(saw, *took_ms));
                }
                self.date = peer_date(&calls).map(|date| (clock, date));
                let hop = HttpHop { calls };
                if let Some(address) = self.shaking
                    && self.context.refusal_to_look_into(&hop)
                {
                    self.experiment(Subject::Address(address), Symptom::CallRefused);
                }
                (self.context.observe)(Finished::Http(&hop, took_ms));
                self.http = Some(Observed::Ran { started_ms, took_ms, saw: hop });
            }
        }
    }

    /// Starts what the last event made possible.
    fn go_on(&mut self) {
        self.tell_dns();
        self.shake();
        if self.counting.is_some() {
            self.tell_tcp();
        }
        self.other_addresses();
        self.call();
    }
}
