//! The walk: order of the hops, what runs beside what, and nothing else.
//!
//! `walk` cannot fail: what the network does is evidence. It judges nothing; the only
//! decisions here are which address to go on with, and whether the secret may leave.

pub mod calls;
pub mod contacts;
pub mod experiments;
pub mod plan;
pub mod proxy_choice;

mod driver;
mod established;
mod ledger;
mod machine;
mod proxied;
mod steps;
mod token;
mod unfinished;
mod vantage;

pub use unfinished::{Seen, unfinished};

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::CryptoProvider;

use crate::credential::Credential;
use crate::evidence::http::HttpHop;
use crate::evidence::identity::{CredentialKind, IdentityHop, TokenOutcome, Withheld};
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::{TcpHop, TcpOutcome};
use crate::evidence::tls::TlsHop;
use crate::evidence::{Choice, Cost, Evidence, Observed, dns::DnsHop};
use crate::platform;
use crate::secret::{Redactor, Secret};
use crate::services::Call;
use crate::target::Target;
use crate::wire::pace::Pace;
use crate::wire::roots::Roots;
use crate::wire::tls;
use crate::world::World;

use driver::DirectPath;
use ledger::Ledger;
use machine::{ConnectPolicy, PathEvidence};
use plan::Plan;

/// A hop that has just finished, for whoever watches the walk.
#[derive(Debug, Clone, Copy)]
pub enum Finished<'a> {
    /// The name's first usable answer is known.
    Dns(&'a DnsHop, f64),
    /// The proxy answered, or did not.
    Proxy(&'a ProxyHop, f64),
    /// Connections.
    Tcp(&'a TcpHop, f64),
    /// The handshake.
    Tls(&'a TlsHop, f64),
    /// The calls.
    Http(&'a HttpHop, f64),
}

/// What a walk is for.
#[derive(Clone, Copy)]
enum Role<'a> {
    /// It is the one that the user asked for.
    Judged,
    /// It runs beside that one, to compare with: it makes no experiments.
    Beside,
    /// It is on the way to a token: one request in place of the target's calls.
    Errand(&'a token::Slot),
}

/// Everything that the parts of one walk share.
struct Context<'a> {
    target: &'a Target,
    plan: &'a Plan,
    world: &'a World,
    credential: &'a Credential,
    observe: &'a dyn Fn(Finished<'_>),
    since: Instant,
    roots: Arc<Roots>,
    provider: Arc<CryptoProvider>,
    /// The password of the proxy in the way: whoever answers behind it may know it.
    proxy_password: Option<&'a Secret>,
    /// Whether it runs beside the walk that is judged, to compare with: it makes no experiments.
    beside: bool,
    /// Further connections of the calls: nobody but the bill asks after them.
    further: std::cell::RefCell<Vec<socket2::Socket>>,
    /// The request that is made in place of the target's calls, on the way to a token.
    errand: Option<&'a token::Slot>,
    /// Spaces further questions to a resolver.
    pace: Pace,
}

impl Context<'_> {
    /// Milliseconds since the walk began.
    fn elapsed_ms(&self) -> f64 {
        self.since.elapsed().as_secs_f64() * 1e3
    }

    /// The deadline of a hop that begins now: its own, or what is left of the whole walk's.
    fn left(&self) -> Duration {
        self.plan.timeout.min(self.plan.deadline.saturating_sub(self.since.elapsed()))
    }

    /// The secrets of this walk that are known from its beginning.
    fn redactor(&self) -> Redactor<'_> {
        Redactor::default().with(self.credential.secret()).with(self.proxy_password)
    }

    /// This machine's clock, now.
    fn now(&self) -> SystemTime {
        self.world.now + self.since.elapsed()
    }

    /// Where a connection to `address` for the target really goes.
    fn detour(&self, address: IpAddr) -> (SocketAddr, SocketAddr) {
        let logical = SocketAddr::new(address, self.target.seen.port);
        (logical, self.world.detour(&self.target.seen.host, logical))
    }
}

/// Walks the path to `target`.
pub async fn walk(
    target: &Target,
    plan: &Plan,
    world: &World,
    credential: &Credential,
    observe: &dyn Fn(Finished<'_>),
) -> Evidence {
    let since = Instant::now();
    let original = target.original();
    match &original {
        None => one(target, plan, world, credential, observe, since, Role::Judged).await,
        Some(original) => {
            // Beside a privatelink name: the name that applications must use, to TLS only.
            let none = Credential::none();
            let quiet = |_: Finished<'_>| {};
            let (mut evidence, beside) = futures_util::join!(
                one(target, plan, world, credential, observe, since, Role::Judged),
                one(original, plan, world, &none, &quiet, since, Role::Beside)
            );
            evidence.cost.add(&beside.cost);
            evidence.cost.took_ms = evidence.cost.took_ms.max(beside.cost.took_ms);
            evidence.original = Some(Box::new(beside));
            evidence
        }
    }
}

async fn one(
    target: &Target,
    plan: &Plan,
    world: &World,
    credential: &Credential,
    observe: &dyn Fn(Finished<'_>),
    since: Instant,
    role: Role<'_>,
) -> Evidence {
    let errand = match role {
        Role::Errand(slot) => Some(slot),
        Role::Judged | Role::Beside => None,
    };
    let mut choice = proxy_choice::decide(target, &plan.proxy, &world.environment);
    choice.decision.clients = proxy_choice::clients(target, &world.environment);
    let proxy_host = choice.proxy.as_ref().map(|proxy| proxy.host.as_str());
    let mut vantage = vantage::look(target, world, choice.decision.clone(), proxy_host);
    let context = Context {
        target,
        plan,
        world,
        credential,
        observe,
        since,
        roots: world.roots(plan.trust, &plan.extra_roots),
        provider: tls::provider(),
        proxy_password: choice.proxy.as_ref().and_then(|proxy| proxy.authorization.as_ref()),
        beside: matches!(role, Role::Beside),
        further: std::cell::RefCell::default(),
        errand,
        pace: Pace::default(),
    };
    let seconds = |t: SystemTime| {
        t.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
    };
    let calls = errand.is_some() || (target.call() != Call::None && target.original_host.is_none());
    let hops = async {
        match &choice.proxy {
            None => {
                let seen = driver::walk(&context, ConnectPolicy::Full { call: calls }).await;
                (seen, Observed::NotAsked { by: Choice::NoProxyApplies }, None)
            }
            // On the way to a token the path that is taken is all that counts.
            Some(proxy) if errand.is_some() => {
                let tunnel = proxied::walk(&context, proxy, calls).await;
                let seen = tunnel.proxy.clone();
                (driver::not_walked(&context), seen, Some(tunnel))
            }
            Some(proxy) => {
                let connect = ConnectPolicy::Comparison { public: plan.direct };
                let (beside, tunnel) = futures_util::join!(
                    driver::walk(&context, connect),
                    proxied::walk(&context, proxy, calls)
                );
                let seen = tunnel.proxy.clone();
                (beside, seen, Some(tunnel))
            }
        }
    };
    // The token is asked for while names, connections and handshakes are under way.
    let ((seen, proxy, tunnel), acquired) = futures_util::join!(hops, context.settled());
    let identity = credential.evidence(target, world.now, acquired.as_deref());
    let DirectPath { evidence: seen, withheld, date, cost } = seen;
    let mut ledger = Ledger::new();
    ledger.add(&cost);
    let mut addresses: Vec<IpAddr> = seen.dns.walked.iter().map(|w| w.address).collect();
    let PathEvidence { dns, tcp, tls, http, experiments } = seen;
    let mut evidence = Evidence {
        target: target.seen.clone(),
        asked: plan.asked(world),
        started: crate::evidence::text::rfc3339(seconds(world.now)),
        vantage: vantage.clone(),
        dns,
        proxy,
        tcp,
        tls,
        identity,
        http,
        direct: Observed::NotAsked { by: Choice::NoProxyApplies },
        original: None,
        experiments,
        cost,
        unfinished: None,
    };
    let mut date = date;
    let mut withheld = withheld;
    if let Some(tunnel) = tunnel {
        evidence.experiments.clients.extend(tunnel.experiments.clients);
        evidence.experiments.left_out.extend(tunnel.experiments.left_out);
        let direct = crate::evidence::DirectPath { tcp: evidence.tcp, tls: evidence.tls };
        evidence.direct = match (&direct.tcp, &direct.tls) {
            (Observed::NotAsked { by }, _) => Observed::NotAsked { by: *by },
            (Observed::Ran { started_ms, .. }, _) => Observed::Ran {
                started_ms: *started_ms,
                took_ms: direct.tcp.took_ms().unwrap_or(0.0) + direct.tls.took_ms().unwrap_or(0.0),
                saw: direct,
            },
            (Observed::NotReached { stopped_at }, _) => {
                Observed::NotReached { stopped_at: *stopped_at }
            }
            (Observed::NotPossible { says }, _) => Observed::NotPossible { says: says.clone() },
        };
        evidence.tcp = Observed::NotAsked { by: Choice::ProxyApplies };
        evidence.tls = tunnel.tls;
        evidence.http = tunnel.http;
        date = tunnel.date;
        withheld = tunnel.withheld;
        ledger.add(&tunnel.ledger.cost());
        if let Some(hop) = evidence.proxy.saw().and_then(|proxy| proxy.tcp.saw()) {
            addresses.extend(hop.attempts.iter().map(|a| a.address.ip()));
        }
    }
    evidence.identity.withheld = match errand {
        Some(_) => withheld,
        None => withheld_of(&evidence.identity, withheld, target, &evidence.http),
    };
    addresses.extend(evidence.experiments.connections.iter().map(|tried| tried.address.ip()));
    addresses.dedup();
    vantage.sources = vantage::sources(&addresses);
    let connected = |hop: &TcpHop| hop.attempts.iter().any(|a| a.outcome == TcpOutcome::Connected);
    if evidence.tcp.saw().is_some_and(|hop| !connected(hop)) {
        vantage.tunnels_down = platform::tunnels_down();
    }
    name_interfaces(&mut evidence, &vantage.sources);
    vantage.clock_ahead_s = date.map(|(ours, theirs)| seconds(ours) - seconds(theirs));
    evidence.vantage = vantage;
    for socket in context.further.borrow().iter() {
        ledger.socket(socket);
    }
    for request in evidence.identity.acquisition.iter().flat_map(|asked| &asked.requests) {
        ledger.add(&token::cost(request));
    }
    evidence.cost = Cost { took_ms: context.elapsed_ms(), ..ledger.cost() };
    evidence
}

/// Why a credential in hand did not go out.
fn withheld_of(
    identity: &IdentityHop,
    withheld: Option<Withheld>,
    target: &Target,
    http: &Observed<HttpHop>,
) -> Option<Withheld> {
    if identity.kind == CredentialKind::None {
        return None;
    }
    if identity.acquisition.as_ref().is_some_and(|a| a.outcome != TokenOutcome::Acquired) {
        return Some(Withheld::NoToken);
    }
    match http {
        Observed::Ran { .. } => withheld,
        _ if target.call() == Call::None => Some(Withheld::ServiceHasNoCall),
        _ => Some(Withheld::NotReached),
    }
}

/// Puts the interface's name beside each source address.
fn name_interfaces(evidence: &mut Evidence, sources: &[crate::evidence::vantage::SourceTowards]) {
    let hops = [
        Some(&mut evidence.tcp),
        match &mut evidence.direct {
            Observed::Ran { saw, .. } => Some(&mut saw.tcp),
            _ => None,
        },
        match &mut evidence.proxy {
            Observed::Ran { saw, .. } => Some(&mut saw.tcp),
            _ => None,
        },
    ];
    for hop in hops.into_iter().flatten() {
        let Observed::Ran { saw, .. } = hop else { continue };
        for attempt in &mut saw.attempts {
            attempt.interface = sources
                .iter()
                .find(|s| s.towards == attempt.address.ip() && attempt.detour.is_none())
                .and_then(|s| s.interface.clone());
        }
    }
}
