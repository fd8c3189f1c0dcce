//! The direct path: names, connections, handshake and call, as one set of events.
//!
//! TCP and TLS start at the first valid answer, raw or from the system. The call waits for
//! `getaddrinfo`, since the secret goes only to an address that it gave too; a resolver that
//! stays silent holds back its own line only.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::Socket;

use super::experiments::{self, Symptom, Tried};
use super::{Context, Finished, NO_ADDRESS, calls};
use crate::evidence::dns::{
    DnsHop, Exchange, ResolverRole, ResolverSeen, SystemAnswer, WalkedAddress,
};
use crate::evidence::experiment::{Changed, Experiment};
use crate::evidence::http::{HttpCall, HttpHop, HttpOutcome};
use crate::evidence::identity::Withheld;
use crate::evidence::tcp::{TcpAttempt, TcpHop, TcpOutcome};
use crate::evidence::tls::{Store, TlsHop, TlsOutcome};
use crate::evidence::{Choice, Expect, Hop, Observed, classify};
use crate::platform;
use crate::wire::connect::{self, Connection};
use crate::wire::dns::{self, Kind};
use crate::wire::http::{self, Authentication};
use crate::wire::tls::{self, Handshake, Hello, Session, Versions};
use crate::world::SystemLookup;

/// `getaddrinfo` may take this much longer than a hop's deadline: glibc's own wait for a dead
/// first nameserver is 5 s, as is ours, and its answer comes just after.
const LOOKUP_GRACE: Duration = Duration::from_millis(200);

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
    pub(super) hosts: Vec<String>,
    pub(super) experiments: Vec<Experiment>,
}

type Events<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Event> + 'a>>>;

enum Event {
    Answer {
        resolver: usize,
        kind: Kind,
        seen: Observed<Exchange>,
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
        session: Option<Box<Session>>,
    },
    Called {
        started_ms: f64,
        took_ms: f64,
        calls: Vec<HttpCall>,
        /// The TLS alert that came in place of an answer.
        alert: Option<String>,
        clock: SystemTime,
    },
    Tried(Box<Tried>),
}

/// The state between events.
struct State<'a, 'c> {
    context: &'a Context<'c>,
    connect: Connect,
    events: Events<'a>,
    dns: DnsHop,
    /// Addresses that count for applications; none while that is not known yet.
    counting: Option<Vec<IpAddr>>,
    attempts: Vec<(IpAddr, Option<TcpAttempt>)>,
    ready: Vec<(IpAddr, Connection)>,
    sockets: Vec<(IpAddr, Socket)>,
    /// The address whose handshake runs or ran.
    shaking: Option<IpAddr>,
    tls: Option<(IpAddr, Observed<TlsHop>)>,
    session: Option<(IpAddr, Box<Session>)>,
    http: Option<Observed<HttpHop>>,
    withheld: Option<Withheld>,
    date: Option<(SystemTime, SystemTime)>,
    dns_told: bool,
    tcp_told: bool,
    /// Resolvers that were asked for the zone's SOA.
    zones_asked: Vec<usize>,
    /// The address of the handshake under way, and when it has been silent for too long.
    patience: Option<(IpAddr, Instant)>,
    experiments: Vec<Experiment>,
    /// The session of the small ClientHello, when it verified.
    small: Option<(TlsHop, Session)>,
    /// Whether experiments were begun; each kind of trouble has its set once.
    experimented: bool,
}

/// Walks the direct path to the target.
pub(super) async fn walk(context: &Context<'_>, connect: Connect) -> PathSeen {
    let mut state = State::new(context, connect);
    state.ask();
    loop {
        let event = match state.patience {
            None => state.events.next().await,
            // A handshake is under way: when it has been silent for a while, the experiments
            // begin beside it, so that the verdict comes with its deadline.
            Some((address, until)) => {
                match tokio::time::timeout_at(until.into(), state.events.next()).await {
                    Ok(event) => event,
                    Err(_) => {
                        state.patience = None;
                        state.experiment(address, Symptom::TlsSilent);
                        continue;
                    }
                }
            }
        };
        let Some(event) = event else {
            // All has been tried. Where the small ClientHello alone is answered, applications
            // that send it work: the walk goes on as they do.
            if state.go_on_with_small_hello() {
                continue;
            }
            break;
        };
        state.take(event);
        state.go_on();
    }
    state.finish()
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
                role,
                a: none(),
                aaaa: none(),
                zone_soa: none(),
            })
            .collect();
        Self {
            context,
            connect,
            events: FuturesUnordered::new(),
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
            zones_asked: Vec::new(),
            patience: None,
            experiments: Vec::new(),
            small: None,
            experimented: false,
        }
    }

    /// Sends every question at once.
    fn ask(&mut self) {
        for index in 0..self.dns.resolvers.len() {
            self.question(index, Kind::A);
            self.question(index, Kind::Aaaa);
        }
        let context = self.context;
        self.events.push(Box::pin(async move {
            Event::System(system_answer(context, &context.target.seen.host).await)
        }));
    }

    fn question(&self, resolver: usize, kind: Kind) {
        let context = self.context;
        let server = self.dns.resolvers[resolver].address;
        let name = match kind {
            Kind::A | Kind::Aaaa => context.target.seen.host.clone(),
            Kind::Soa => context.target.seen.private_zone.clone().unwrap_or_default(),
        };
        self.events.push(Box::pin(async move {
            let started_ms = context.elapsed_ms();
            let saw = dns::exchange(server, &name, kind, context.left()).await;
            let took_ms = context.elapsed_ms() - started_ms;
            Event::Answer { resolver, kind, seen: Observed::Ran { started_ms, took_ms, saw } }
        }));
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Answer { resolver, kind, seen } => self.answered(resolver, kind, seen),
            Event::System(seen) => self.system_answered(seen),
            Event::Connected { address, attempt, connection } => {
                if let Some(connection) = connection {
                    if let Ok(socket) = connection.socket.try_clone() {
                        self.sockets.push((address, socket));
                    }
                    self.ready.push((address, connection));
                }
                if let Some(slot) = self.attempts.iter_mut().find(|(a, _)| *a == address) {
                    slot.1 = Some(attempt);
                }
            }
            Event::Shaken { address, started_ms, took_ms, hop, session } => {
                if self.shaking == Some(address) {
                    self.patience = None;
                    self.tls = Some((address, Observed::Ran { started_ms, took_ms, saw: *hop }));
                    self.session = session.map(|session| (address, session));
                    if let Some((_, Observed::Ran { saw, .. })) = &self.tls {
                        (self.context.observe)(Finished::Tls(saw, took_ms));
                        if let Some(symptom) = experiments::symptom(&saw.outcome) {
                            self.experiment(address, symptom);
                        }
                    }
                }
            }
            Event::Tried(tried) => {
                self.experiments.push(tried.experiment);
                self.small = tried.session.or_else(|| self.small.take());
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
                (self.context.observe)(Finished::Http(&hop, took_ms));
                self.http = Some(Observed::Ran { started_ms, took_ms, saw: hop });
            }
        }
    }

    fn answered(&mut self, resolver: usize, kind: Kind, seen: Observed<Exchange>) {
        let name = self.dns.name.clone();
        let entry = &mut self.dns.resolvers[resolver];
        match kind {
            Kind::A => entry.a = seen,
            Kind::Aaaa => entry.aaaa = seen,
            Kind::Soa => {
                entry.zone_soa = seen;
                return;
            }
        }
        self.ask_zones();
        let entry = &self.dns.resolvers[resolver];
        let given = self.context.asked_resolver();
        let decides = match given {
            Some(first) => entry.address == first,
            None => matches!(entry.role, ResolverRole::Configured | ResolverRole::Assumed),
        };
        if !decides {
            return;
        }
        let found = entry.addresses(&name);
        // `--resolver` names the answer that counts, as soon as it gives an address.
        let complete = entry.a.saw().is_some() && entry.aaaa.saw().is_some();
        if given.is_some() && (complete || !found.is_empty()) {
            self.counting = Some(found.clone());
        }
        self.use_addresses(&found);
    }

    /// Asks for the SOA of the private zone wherever it would tell something, once each.
    fn ask_zones(&mut self) {
        let expected = self.dns.private_endpoint_seen()
            || matches!(self.context.plan.expect, Expect::Private | Expect::Cidr { .. });
        for index in 0..self.dns.resolvers.len() {
            if !self.zones_asked.contains(&index)
                && self.zone_is_in_doubt(&self.dns.resolvers[index], expected)
            {
                self.zones_asked.push(index);
                self.question(index, Kind::Soa);
            }
        }
    }

    /// Whether a resolver gave no private address although there should be one, or no name.
    fn zone_is_in_doubt(&self, resolver: &ResolverSeen, expected: bool) -> bool {
        let Some(answer) = resolver.a_answer() else { return false };
        let addresses = answer.chain(&self.dns.name).addresses;
        self.context.target.seen.private_zone.is_some()
            && !addresses.iter().any(|a| classify(*a).is_private())
            && (expected || answer.rcode == "NXDOMAIN")
    }

    fn system_answered(&mut self, seen: Observed<SystemAnswer>) {
        self.dns.system = seen;
        if self.context.asked_resolver().is_some() {
            return;
        }
        match self.dns.system.saw() {
            Some(SystemAnswer::Addresses { addresses }) => {
                let addresses = addresses.clone();
                self.counting = Some(addresses.clone());
                self.use_addresses(&addresses);
            }
            _ => self.counting = Some(Vec::new()),
        }
    }

    /// Starts a connection to each address that is new.
    fn use_addresses(&mut self, addresses: &[IpAddr]) {
        let context = self.context;
        if !addresses.is_empty() && self.dns.first_address_ms.is_none() {
            self.dns.first_address_ms = Some(context.elapsed_ms());
        }
        // Many addresses of a resolver leave room for those that applications get of them.
        let most = if self.counting.is_some() { 32 } else { 16 };
        for address in addresses {
            let wanted = match self.connect {
                Connect::Always { .. } | Connect::Beside { public: true } => true,
                Connect::Beside { public: false } => classify(*address).is_private(),
            };
            if !wanted
                || self.attempts.len() >= most
                || self.attempts.iter().any(|(a, _)| a == address)
            {
                continue;
            }
            self.attempts.push((*address, None));
            let address = *address;
            self.events.push(Box::pin(async move {
                let (logical, to) = context.detour(address);
                let (attempt, connection) =
                    connect::connect(logical, to, None, context.since, context.left()).await;
                Event::Connected { address, attempt, connection }
            }));
        }
    }

    /// Starts what the last event made possible.
    fn go_on(&mut self) {
        self.tell_dns();
        self.shake();
        if self.counting.is_some() {
            self.tell_tcp();
        }
        self.call();
    }

    fn tell_dns(&mut self) {
        if !self.dns_told && self.counting.is_some() {
            self.dns_told = true;
            self.dns.walked = self.walked();
            if matches!(self.connect, Connect::Always { .. }) {
                let took = self.dns.first_address_ms.unwrap_or_else(|| self.context.elapsed_ms());
                (self.context.observe)(Finished::Dns(&self.dns, took));
            }
        }
    }

    /// Says that TCP stands, or that no address that was tried takes a connection.
    fn tell_tcp(&mut self) {
        let over = self.shaking.is_some()
            || (!self.attempts.is_empty() && self.attempts.iter().all(|(_, a)| a.is_some()));
        if self.tcp_told || !over || !matches!(self.connect, Connect::Always { .. }) {
            return;
        }
        self.tcp_told = true;
        let attempts = self.attempts.iter().filter_map(|(_, attempt)| attempt.clone()).collect();
        if let Observed::Ran { saw, took_ms, .. } = self.tcp(attempts, NO_ADDRESS) {
            (self.context.observe)(Finished::Tcp(&saw, took_ms));
        }
    }

    /// Begins the handshake on the first connection to an address that counts, or on the
    /// first one of all while that is not known; begins anew when it turns out not to count.
    fn shake(&mut self) {
        let counts = |address: IpAddr| match &self.counting {
            None => true,
            Some(list) if list.is_empty() => true,
            Some(list) => list.contains(&address),
        };
        if let Some(address) = self.shaking {
            let replaceable = self.http.is_none() && !counts(address);
            if !replaceable || self.next_to_shake(&counts).is_none() {
                return;
            }
            self.tls = None;
            self.session = None;
        }
        let Some(at) = self.next_to_shake(&counts) else { return };
        let (address, connection) = self.ready.remove(at);
        let reset = connection.reset;
        if reset
            && let Some((_, Some(attempt))) = self.attempts.iter_mut().find(|(a, _)| *a == address)
        {
            attempt.outcome = TcpOutcome::Connected;
        }
        self.shaking = Some(address);
        self.tell_tcp();
        let context = self.context;
        self.patience = Some((address, Instant::now() + context.plan.patience()));
        self.events.push(Box::pin(async move {
            let started_ms = context.elapsed_ms();
            let (mut hop, session) =
                context.handshake(Box::new(connection.stream), Some(&connection.socket)).await;
            if reset {
                hop.outcome = TlsOutcome::Reset;
            }
            let took_ms = context.elapsed_ms() - started_ms;
            let (hop, session) = (Box::new(hop), session.map(Box::new));
            Event::Shaken { address, started_ms, took_ms, hop, session }
        }));
    }

    /// The connection to go on with. Where private and public addresses stand side by side the
    /// private one is the path that is judged, and not whichever connects first: two walks of
    /// the same path must say the same.
    fn next_to_shake(&self, counts: &impl Fn(IpAddr) -> bool) -> Option<usize> {
        let private = |address: IpAddr| counts(address) && classify(address).is_private();
        let first = self.ready.iter().position(|(a, c)| !c.reset && private(*a));
        if first.is_some() {
            return first;
        }
        let to_come = self.attempts.iter().any(|(a, seen)| seen.is_none() && private(*a));
        if to_come {
            return None;
        }
        let any = self.ready.iter().position(|(a, c)| !c.reset && counts(*a));
        // One that was reset as soon as it stood is the path only where there is no other.
        let last = self.counting.is_some() && self.attempts.iter().all(|(_, seen)| seen.is_some());
        any.or_else(|| self.ready.iter().position(|(a, _)| last && counts(*a)))
    }

    /// Begins the experiments that a symptom makes due, all at once. They end with the deadline
    /// of the hop that is in trouble.
    fn experiment(&mut self, address: IpAddr, symptom: Symptom) {
        let context = self.context;
        let own_path = matches!(self.connect, Connect::Always { .. });
        if self.experimented || !own_path || !context.plan.experiments {
            return;
        }
        self.experimented = true;
        let patience = context.plan.patience();
        let timeout = match symptom {
            Symptom::TlsSilent => context.left().saturating_sub(patience),
            Symptom::TlsCut => context.left().min(patience * 2),
        };
        for (id, changed) in experiments::due(symptom, context.target) {
            self.events.push(Box::pin(async move {
                let tried = experiments::handshake(context, address, id, changed, timeout).await;
                Event::Tried(Box::new(tried))
            }));
        }
    }

    /// Puts the small ClientHello's session in the place of the failed one, if that is what
    /// parts them, and makes the call over it.
    fn go_on_with_small_hello(&mut self) -> bool {
        let Some((hop, session)) = self.small.take() else { return false };
        let sizes_help = self
            .experiments
            .iter()
            .any(|tried| matches!(tried.changed, Changed::SegmentSize { .. }) && tried.answered());
        let Some((address, Observed::Ran { started_ms, took_ms, saw: failed })) = self.tls.take()
        else {
            return false;
        };
        if sizes_help || failed.outcome == TlsOutcome::Verified {
            self.tls = Some((address, Observed::Ran { started_ms, took_ms, saw: failed }));
            return false;
        }
        let whole = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3).as_millis();
        self.experiments.push(Experiment {
            id: "full-hello".to_owned(),
            changed: Changed::Nothing,
            started_ms: u64::try_from(whole(started_ms)).unwrap_or(u64::MAX),
            took_ms: u64::try_from(whole(took_ms)).unwrap_or(u64::MAX),
            tcp: TcpOutcome::Connected,
            tls: Some(experiments::seen(&failed)),
        });
        let small = self.experiments.iter().find(|tried| tried.changed == Changed::SmallHello);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one walk")]
        let times = small
            .map_or((started_ms, took_ms), |tried| (tried.started_ms as f64, tried.took_ms as f64));
        self.tls =
            Some((address, Observed::Ran { started_ms: times.0, took_ms: times.1, saw: hop }));
        self.session = Some((address, Box::new(session)));
        self.call();
        true
    }

    /// Makes the call, once it is known whether the address counts.
    fn call(&mut self) {
        if self.connect != (Connect::Always { call: true }) || self.counting.is_none() {
            return;
        }
        let Some((address, session)) = self.session.take() else { return };
        let counting = self.counting.as_deref().unwrap_or_default();
        if !counting.is_empty() && !counting.contains(&address) {
            // Applications do not go there: what this address does is no evidence of their path.
            self.session = Some((address, session));
            return;
        }
        let confirmed = counting.contains(&address);
        let context = self.context;
        let accepted_by = match &self.tls {
            Some((_, Observed::Ran { saw, .. })) => saw.accepted_by,
            _ => None,
        };
        let only_system = match &self.tls {
            Some((_, Observed::Ran { saw, .. })) => {
                saw.accepted_by == Some(Store::System) && !context.roots.trusts_system()
            }
            _ => true,
        };
        self.withheld = match (confirmed, only_system) {
            (_, true) => Some(Withheld::OnlySystemStoreAccepts),
            (false, false) => Some(Withheld::AddressNotConfirmed),
            (true, false) => None,
        };
        let send = self.withheld.is_none();
        self.events.push(Box::pin(async move {
            let started_ms = context.elapsed_ms();
            let again = || context.session_again(address, accepted_by);
            let (calls, alert) = context.calls(*session, send, again).await;
            let took_ms = context.elapsed_ms() - started_ms;
            Event::Called { started_ms, took_ms, calls, alert, clock: context.now() }
        }));
    }

    /// The addresses of the walk: those that count first.
    fn walked(&self) -> Vec<WalkedAddress> {
        // Where the system gave no word at all, the resolvers' is the best there is.
        let unknown = !matches!(
            self.dns.system.saw(),
            Some(SystemAnswer::Addresses { .. } | SystemAnswer::Failed { .. })
        ) && self.context.asked_resolver().is_none();
        let counting = self.counting.as_deref().unwrap_or_default();
        let raw = self.dns.resolvers.iter().enumerate().filter(|(_, r)| {
            matches!(r.role, ResolverRole::Configured | ResolverRole::Assumed)
                && self.context.asked_resolver().is_none()
        });
        let mut walked: Vec<WalkedAddress> = Vec::new();
        let all = counting
            .iter()
            .map(|a| (*a, true))
            .chain(raw.flat_map(|(_, r)| r.addresses(&self.dns.name)).map(|a| (a, unknown)));
        for (address, counts) in all {
            if !walked.iter().any(|w| w.address == address) {
                walked.push(WalkedAddress { address, class: classify(address), counts });
            }
        }
        walked
    }

    fn finish(mut self) -> PathSeen {
        self.dns.walked = self.walked();
        self.forget_what_does_not_count();
        let none = NO_ADDRESS;
        let mut segments = Some(0);
        let mut hosts: Vec<String> = Vec::new();
        let datagrams = self
            .dns
            .resolvers
            .iter()
            .flat_map(|r| [&r.a, &r.aaaa, &r.zone_soa])
            .filter_map(|o| o.saw())
            .map(|exchange| exchange.sent)
            .sum();
        for resolver in &self.dns.resolvers {
            hosts.push(resolver.address.ip().to_string());
        }
        let mut attempts: Vec<TcpAttempt> = Vec::new();
        for (address, attempt) in std::mem::take(&mut self.attempts) {
            let Some(mut attempt) = attempt else { continue };
            let socket = self.sockets.iter().find(|(a, _)| *a == address);
            attempt.info = socket.and_then(|(_, socket)| platform::tcp_info(socket));
            segments = match &attempt.info {
                Some(info) => segments.zip(info.segs_out).map(|(a, b)| a + b),
                // Not connected: a SYN at least, and what the kernel repeated is not known.
                None => segments.map(|sum| sum + 1),
            };
            hosts.push(contacted(&attempt));
            attempts.push(attempt);
        }
        self.experiments.sort_by_key(|tried| tried.started_ms);
        for tried in &self.experiments {
            let info = tried.tls.as_ref().and_then(|tls| tls.tcp_info.as_ref());
            segments = match info {
                Some(info) => segments.zip(info.segs_out).map(|(a, b)| a + b),
                None => segments.map(|sum| sum + 1),
            };
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
            hosts,
            experiments: self.experiments,
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

    fn tcp(&self, attempts: Vec<TcpAttempt>, stopped_at: Hop) -> Observed<TcpHop> {
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

impl Context<'_> {
    /// The first `--resolver`, whose answer counts.
    pub(super) fn asked_resolver(&self) -> Option<SocketAddr> {
        self.plan.resolvers.first().copied()
    }

    /// A handshake for the target's name.
    pub(super) async fn handshake(
        &self,
        stream: Box<dyn tls::Stream>,
        socket: Option<&Socket>,
    ) -> (TlsHop, Option<Session>) {
        let request = Handshake {
            server_name: &self.target.seen.host,
            roots: std::sync::Arc::clone(&self.roots),
            provider: std::sync::Arc::clone(&self.provider),
            now: self.now(),
            timeout: self.left(),
            hello: Hello::Full,
            versions: Versions::Both,
        };
        tls::handshake(stream, socket, &request).await
    }

    /// A second session to the same address, where a server ends the first one after an answer.
    /// It must be accepted by the same store: the secret is for nobody else.
    async fn session_again(&self, address: IpAddr, by: Option<Store>) -> Option<Session> {
        let (logical, to) = self.detour(address);
        let (_, connection) = connect::connect(logical, to, None, self.since, self.left()).await;
        let connection = connection?;
        let (hop, session) =
            self.handshake(Box::new(connection.stream), Some(&connection.socket)).await;
        session.filter(|_| hop.accepted_by == by)
    }

    /// The target's calls over one session, the credential with them if it may leave, and the
    /// TLS alert that came in place of an answer. `again` opens another session like the first.
    pub(super) async fn calls(
        &self,
        session: Session,
        send: bool,
        again: impl AsyncFn() -> Option<Session>,
    ) -> (Vec<HttpCall>, Option<String>) {
        let host = match self.target.seen.port {
            443 => self.target.seen.host.clone(),
            port => format!("{}:{port}", self.target.seen.host),
        };
        let authentication =
            if send { self.credential.authentication() } else { Authentication::None };
        let wanted = calls::calls(self.target, self.plan);
        let mut made = Vec::new();
        let mut connection = match http::open(session, &host).await {
            Ok(connection) => connection,
            Err(outcome) => return (vec![not_made(&wanted[0], outcome)], None),
        };
        for call in &wanted {
            let secret = self.credential.secret();
            let mut one = connection.call(call, authentication, secret, self.left()).await;
            // A server may end a connection after any answer (RFC 9112, section 9.6): clients
            // open another one, and so do we.
            let ended = matches!(one.outcome, HttpOutcome::Closed | HttpOutcome::Reset);
            if ended
                && !made.is_empty()
                && let Some(session) = again().await
                && let Ok(another) = http::open(session, &host).await
            {
                connection = another;
                one = connection.call(call, authentication, secret, self.left()).await;
            }
            // A second call tells nothing when the first was not let in.
            let goes_on = one.answer().is_some_and(|a| a.body_complete && a.status != 403)
                && send
                && !matches!(authentication, Authentication::None);
            made.push(one);
            if !goes_on {
                break;
            }
        }
        (made, connection.alert().map(str::to_owned))
    }
}

/// The address that a connection really went to.
pub(super) fn contacted(attempt: &TcpAttempt) -> String {
    let detour = attempt.detour.as_deref().and_then(|to| to.parse::<SocketAddr>().ok());
    detour.unwrap_or(attempt.address).ip().to_string()
}

fn not_made(call: &http::Call, outcome: HttpOutcome) -> HttpCall {
    HttpCall {
        purpose: call.purpose,
        method: if call.body.is_some() { "POST" } else { "GET" }.to_owned(),
        path: call.path.clone(),
        credential_sent: false,
        outcome,
        took_ms: 0.0,
    }
}

/// The peer's `Date` (RFC 9110, section 6.6.1).
pub(super) fn peer_date(calls: &[HttpCall]) -> Option<SystemTime> {
    let answer = calls.first()?.answer()?;
    httpdate::parse_http_date(answer.header("date")?).ok()
}

/// The system's answer for `host`, on a thread that the process does not wait for.
pub(super) async fn system_answer(context: &Context<'_>, host: &str) -> Observed<SystemAnswer> {
    let started_ms = context.elapsed_ms();
    let began = Instant::now();
    let ran = |saw| Observed::Ran { started_ms, took_ms: began.elapsed().as_secs_f64() * 1e3, saw };
    match &context.world.lookup {
        SystemLookup::Fixed(table) => {
            let answer = table
                .get(host)
                .cloned()
                .unwrap_or_else(|| SystemAnswer::Failed { code: "EAI_NONAME".to_owned() });
            if answer == SystemAnswer::Stalled {
                tokio::time::sleep(context.left() + LOOKUP_GRACE).await;
            }
            ran(answer)
        }
        SystemLookup::Getaddrinfo => {
            let (tell, told) = tokio::sync::oneshot::channel();
            let name = host.to_owned();
            let thread =
                std::thread::Builder::new().name("getaddrinfo".to_owned()).spawn(move || {
                    let _ = tell.send(platform::lookup(&name));
                });
            if let Err(error) = thread {
                return Observed::NotPossible {
                    says: format!("no thread for it: {}", crate::wire::words(&error)),
                };
            }
            match tokio::time::timeout(context.left() + LOOKUP_GRACE, told).await {
                Ok(Ok(answer)) => ran(answer),
                Ok(Err(_)) | Err(_) => ran(SystemAnswer::Stalled),
            }
        }
    }
}
