//! Performs the actions of the direct path's machine: an action becomes a future of `wire`, and its
//! end an event. The only awaits of the direct path are here, and its sockets and sessions are
//! kept here, by the address that they lead to.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::Socket;

use super::HopDone;
use super::context::{Context, WalkKind};
use super::direct::{self, Detached};
use super::exchange::{Carried, Exchanged, HttpExchange};
use super::experiments::{self, ExperimentResult, Probe, Subject};
use super::ledger::Ledger;
use super::lookup::system_answer;
use super::machine::{
    Action, ConnectPolicy, Established, Event, Hello, Machine, PathEvidence, Question, Report,
};
use crate::evidence::dns::{DnsHop, DnsOutcome, Exchange, LateAnswer, QuestionType, SystemAnswer};
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::tls::TlsHop;
use crate::evidence::{Cost, Observed};
use crate::wire::connect::Connection;
use crate::wire::dns::{self, Listener};
use crate::wire::session::Verified;
use crate::wire::tally::Ticket;
use crate::{panics, platform};

/// What one direct path showed.
pub(super) struct DirectPath<R> {
    pub(super) evidence: PathEvidence,
    pub(super) carried: Carried<R>,
    pub(super) cost: Cost,
    /// Connections that nothing waited for.
    pub(super) detached: Vec<Detached>,
}

/// What an action ended with.
enum Done<R> {
    Answer {
        resolver: usize,
        question: Question,
        seen: Observed<Exchange>,
        /// Its port, where a second answer may come.
        listener: Option<Listener>,
    },
    Late {
        resolver: usize,
        question: Question,
        answer: LateAnswer,
        listener: Listener,
    },
    System(Observed<SystemAnswer>),
    Connected {
        address: IpAddr,
        attempt: TcpAttempt,
        connection: Option<Connection>,
    },
    Handshake {
        address: IpAddr,
        started_ms: f64,
        took_ms: f64,
        hop: Box<TlsHop>,
        session: Option<Verified>,
    },
    Experiment {
        result: Box<ExperimentResult>,
        session: Option<Verified>,
    },
    Exchanged(Box<Exchanged<R>>),
}

type Work<'a, R> = FuturesUnordered<Pin<Box<dyn Future<Output = Done<R>> + 'a>>>;

/// What the machine's actions work with.
struct Driver<'a, 'c, X: HttpExchange> {
    context: &'a Context<'c>,
    exchange: &'a X,
    work: Work<'a, X::Reply>,
    /// Second answers to questions that are answered.
    late: Work<'a, X::Reply>,
    /// Connections that were not used.
    idle: Vec<Connection>,
    /// A second handle to the socket of each address, for what the kernel counts.
    sockets: Vec<(IpAddr, Arc<Socket>)>,
    /// Sessions that verified, by what they lead to and how they began.
    sessions: Vec<(IpAddr, Hello, Verified)>,
    /// This walk's place in the round's count of each resolver's answers.
    tickets: Vec<(usize, SocketAddr, Ticket)>,
    carried: Carried<X::Reply>,
    detached: Vec<Detached>,
}

/// Walks the direct path to the target.
pub(super) async fn walk<X: HttpExchange>(
    context: &Context<'_>,
    connect: ConnectPolicy,
    exchange: &X,
) -> DirectPath<X::Reply> {
    let mut machine = Machine::new(context.settings(connect));
    let mut driver = Driver {
        context,
        exchange,
        work: FuturesUnordered::new(),
        late: FuturesUnordered::new(),
        idle: Vec::new(),
        sockets: Vec::new(),
        sessions: Vec::new(),
        tickets: Vec::new(),
        carried: Carried::default(),
        detached: Vec::new(),
    };
    let mut event = Event::Begin;
    loop {
        let mut listen = None;
        for action in machine.on(context.since.elapsed(), event) {
            match action {
                Action::Listen { until } => listen = Some(until),
                Action::Finish => return driver.finish(machine),
                Action::Report(report) => report_hop(context, &machine, report),
                action => driver.begin(&machine, action),
            }
        }
        event = match listen {
            Some(until) => driver.late_answer(until).await,
            None => driver.next(machine.next_stall()).await,
        };
    }
}

/// A path that was not walked.
pub(super) fn not_walked<R>(context: &Context<'_>) -> DirectPath<R> {
    let machine = Machine::new(context.settings(ConnectPolicy::Comparison { public: false }));
    let cost = cost(&machine);
    let evidence = machine.finish();
    DirectPath { evidence, carried: Carried::default(), cost, detached: Vec::new() }
}

/// Reports a hop that has finished to the caller.
fn report_hop(context: &Context<'_>, machine: &Machine<'_>, report: Report) {
    let observe = context.observe;
    match report {
        Report::Dns(took_ms) => observe(HopDone::Dns(machine.dns(), took_ms)),
        Report::Tcp => {
            if let Observed::Done { value, took_ms, .. } = machine.tcp() {
                observe(HopDone::Tcp(&value, took_ms));
            }
        }
        Report::Tls(took_ms) => {
            if let Some(hop) = machine.tls() {
                observe(HopDone::Tls(&hop, took_ms));
            }
        }
        Report::Http(took_ms) => {
            if let Some(hop) = machine.calls() {
                observe(HopDone::Http(hop, took_ms));
            }
        }
    }
}

impl<'a, X: HttpExchange> Driver<'a, '_, X> {
    /// The next event: the end of an action, or the time at which something is late.
    async fn next(&mut self, stall: Option<Duration>) -> Event {
        let done = match stall {
            None => self.done().await,
            Some(at) => {
                let until = self.context.since + at;
                match tokio::time::timeout_at(until.into(), self.done()).await {
                    Ok(done) => done,
                    Err(_) => return Event::Stalled,
                }
            }
        };
        done.map_or(Event::Idle, |done| self.event(done))
    }

    /// The end of an action, or a second answer that comes before it; none where nothing is under
    /// way.
    async fn done(&mut self) -> Option<Done<X::Reply>> {
        tokio::select! {
            biased;
            done = self.work.next() => done,
            Some(late) = self.late.next() => Some(late),
        }
    }

    /// A second answer that comes while nothing else is under way.
    async fn late_answer(&mut self, until: Duration) -> Event {
        let until = self.context.since + until;
        let late = tokio::time::timeout_at(until.into(), self.late.next()).await;
        late.ok().flatten().map_or(Event::Idle, |done| self.event(done))
    }

    /// Goes on listening for a second answer to a question.
    fn listen(&self, resolver: usize, question: Question, mut listener: Listener) {
        self.late.push(Box::pin(async move {
            let answer = listener.next().await;
            Done::Late { resolver, question, answer, listener }
        }));
    }

    /// Keeps what was opened, and makes the machine's event of it.
    fn event(&mut self, done: Done<X::Reply>) -> Event {
        match done {
            Done::Late { resolver, question, answer, listener } => {
                self.listen(resolver, question, listener);
                Event::LateAnswer { resolver, question, answer }
            }
            Done::Answer { resolver, question, seen, listener } => {
                let listener = listener.filter(|_| question != Question::ZoneSoa);
                let listens = listener.is_some();
                if let Some(listener) = listener {
                    self.listen(resolver, question, listener);
                }
                let ticket = self.tickets.iter().find(|(asked, ..)| *asked == resolver);
                if let (Some(tally), Some((_, server, ticket))) =
                    (&self.context.world.tally, ticket)
                    && seen.value().is_some_and(|exchange| exchange.answer().is_some())
                {
                    tally.answered(*server, *ticket);
                }
                Event::Answer { resolver, question, seen, listens }
            }
            Done::System(seen) => Event::System(seen),
            Done::Connected { address, attempt, connection } => {
                let established = connection.as_ref().map(|connection| Established {
                    reset: connection.reset,
                    round_trip: connection.round_trip,
                });
                if let Some(connection) = connection {
                    self.sockets.push((address, Arc::clone(&connection.socket)));
                    self.idle.push(connection);
                }
                Event::Connected { attempt, established }
            }
            Done::Handshake { address, started_ms, took_ms, hop, session } => {
                let verified = session.is_some();
                self.sessions.extend(session.map(|session| (address, Hello::Full, session)));
                Event::Handshake { address, started_ms, took_ms, hop, session: verified }
            }
            Done::Experiment { result, session } => {
                if let Some(session) = session
                    && let Some(address) = session.address()
                {
                    self.sessions.push((address, Hello::Small, session));
                }
                Event::Experiment(result)
            }
            Done::Exchanged(exchanged) => {
                let Exchanged { started_ms, took_ms, calls, alert, carried } = *exchanged;
                self.carried = carried;
                Event::Called { started_ms, took_ms, calls, alert }
            }
        }
    }

    /// Begins what the machine wants done.
    fn begin(&mut self, machine: &Machine<'_>, action: Action) {
        match action {
            Action::Ask { resolver, server, question, uses_tcp } => {
                self.ask(machine.dns(), resolver, server, question, uses_tcp);
            }
            Action::LookUp => {
                let context = self.context;
                self.work.push(Box::pin(async move {
                    Done::System(system_answer(context, &context.target.seen.host).await)
                }));
            }
            Action::Connect { address } => self.connect(address),
            Action::Handshake { address } => self.handshake(address),
            Action::Experiment { id, probe, subject, timeout } => {
                self.experiment(id, probe, subject, timeout);
            }
            Action::Call { address, hello, effective } => self.call(address, hello, effective),
            Action::Report(_) | Action::Listen { .. } | Action::Finish => {}
        }
    }

    fn ask(
        &mut self,
        dns: &DnsHop,
        resolver: usize,
        server: SocketAddr,
        question: Question,
        uses_tcp: bool,
    ) {
        let context = self.context;
        let (name, kind) = match question {
            Question::A => (dns.name.clone(), QuestionType::A),
            Question::Aaaa => (dns.name.clone(), QuestionType::Aaaa),
            Question::ZoneSoa => {
                (context.target.seen.private_zone.clone().unwrap_or_default(), QuestionType::Soa)
            }
        };
        if question == Question::A
            && let Some(tally) = &context.world.tally
        {
            self.tickets.push((resolver, server, tally.asks(server)));
        }
        if question != Question::ZoneSoa {
            // The applications' own questions: a healthy walk waits for nothing.
            context.pace.asked(server);
        }
        self.work.push(Box::pin(async move {
            if question == Question::ZoneSoa {
                context.pace.turn(server, context.hop_timeout()).await;
            }
            let started_ms = context.elapsed_ms();
            let (value, listener) = match uses_tcp {
                false => dns::exchange(server, &name, kind, context.hop_timeout()).await,
                true => (dns::over_tcp(server, &name, kind, context.hop_timeout()).await, None),
            };
            let took_ms = context.elapsed_ms() - started_ms;
            let seen = Observed::Done { started_ms, took_ms, value };
            if seen.value().is_some_and(|exchange| exchange.answer().is_some()) {
                context.pace.heard(server);
            }
            Done::Answer { resolver, question, seen, listener }
        }));
    }

    fn connect(&mut self, address: IpAddr) {
        let context = self.context;
        if context.kind != WalkKind::Request {
            self.work.push(Box::pin(async move {
                let (attempt, connection) = direct::connect(context, address).await;
                Done::Connected { address, attempt, connection }
            }));
            return;
        }
        let (done, task) = direct::connect_detached(context, address);
        self.detached.push(task);
        self.work.push(Box::pin(async move {
            match done.await {
                Ok(Ok((attempt, connection))) => Done::Connected { address, attempt, connection },
                Ok(Err(bug)) => panics::pass_on(bug),
                // Only a runtime that ends drops the task before it has sent.
                Err(_) => std::future::pending().await,
            }
        }));
    }

    fn handshake(&mut self, address: IpAddr) {
        let Some(at) = self.idle.iter().position(|idle| idle.address.ip() == address) else {
            return;
        };
        let connection = self.idle.remove(at);
        let context = self.context;
        self.work.push(Box::pin(async move {
            let started_ms = context.elapsed_ms();
            let (route, socket) = connection.into_route();
            // While the peer's answer is on its way: at the end of the walk nothing else would be.
            let (peer, _) = context.connect_to(address);
            let route_towards = async { context.world.routes.look_up_early(peer) };
            let ((hop, session), ()) =
                futures_util::join!(context.handshake(route, Some(&socket)), route_towards);
            let took_ms = context.elapsed_ms() - started_ms;
            Done::Handshake { address, started_ms, took_ms, hop: Box::new(hop), session }
        }));
    }

    fn experiment(&mut self, id: &'static str, probe: Probe, subject: Subject, timeout: Duration) {
        let context = self.context;
        self.work.push(Box::pin(async move {
            let (result, session) = experiments::run(context, id, probe, subject, timeout).await;
            Done::Experiment { result: Box::new(result), session }
        }));
    }

    fn call(&mut self, address: IpAddr, hello: Hello, effective: Vec<IpAddr>) {
        let here = self.sessions.iter().position(|(at, with, _)| (*at, *with) == (address, hello));
        let Some(here) = here else { return };
        let (_, _, session) = self.sessions.swap_remove(here);
        let (context, exchange) = (self.context, self.exchange);
        self.work.push(Box::pin(async move {
            let reopen = || direct::reopen_session(context, address);
            let exchanged = exchange.over(context, session, &effective, reopen).await;
            Done::Exchanged(Box::new(exchanged))
        }));
    }

    /// Everything that the path showed, and what it cost.
    fn finish(self, mut machine: Machine<'_>) -> DirectPath<X::Reply> {
        for attempt in machine.attempts_mut() {
            let address = attempt.address.ip();
            let socket = self.sockets.iter().find(|(known, _)| *known == address);
            attempt.info = socket.and_then(|(_, socket)| platform::tcp_info(socket));
        }
        let cost = cost(&machine);
        let mut evidence = machine.finish();
        compare_with_the_round(self.context, &mut evidence.dns);
        DirectPath { evidence, carried: self.carried, cost, detached: self.detached }
    }
}

/// What a direct path cost.
fn cost(machine: &Machine<'_>) -> Cost {
    let mut ledger = Ledger::new();
    for resolver in &machine.dns().resolvers {
        ledger.resolver(resolver, machine.uses_tcp(resolver));
    }
    for attempt in machine.attempts() {
        ledger.attempt(&attempt);
    }
    ledger.experiments(machine.experiments());
    ledger.cost()
}

/// Puts with a resolver that did not answer this walk what it answered to the others.
fn compare_with_the_round(context: &Context<'_>, dns: &mut DnsHop) {
    let Some(tally) = &context.world.tally else { return };
    for resolver in &mut dns.resolvers {
        let asked = [&resolver.a, &resolver.aaaa].into_iter().filter_map(|o| o.value());
        let silent = |exchange: &Exchange| exchange.outcome == DnsOutcome::TimedOut;
        if asked.clone().next().is_some() && asked.into_iter().all(silent) {
            let round = tally.of(resolver.address);
            resolver.round = (round.asked > 1).then_some(round);
        }
    }
}
