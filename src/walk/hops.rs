//! One walk, from what is known before a packet is sent to its evidence.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime};

use super::context::{Context, WalkKind};
use super::direct::Detached;
use super::driver::{self, DirectPath};
use super::exchange::{Carried, HttpExchange};
use super::ledger::Ledger;
use super::machine::{ConnectPolicy, PathEvidence};
use super::plan::Plan;
use super::{HopDone, proxied, proxy_choice, proxy_script, token, vantage};
use crate::credential::Credential;
use crate::evidence::http::HttpHop;
use crate::evidence::identity::{CredentialKind, IdentityHop, TokenOutcome, Withheld};
use crate::evidence::tcp::{TcpHop, TcpOutcome};
use crate::evidence::vantage::{ProcessorTime, SourceTowards};
use crate::evidence::{Cost, Evidence, Hop, Observed, SkipReason};
use crate::platform;
use crate::services::Opening;
use crate::target::Target;
use crate::wire::pace::Pace;
use crate::wire::tls;
use crate::world::World;

/// What a walk starts from.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) target: &'a Target,
    pub(super) plan: &'a Plan,
    pub(super) world: &'a World,
    pub(super) credential: &'a Credential,
    /// Told of each hop that has finished.
    pub(super) observe: &'a dyn Fn(HopDone<'_>),
    /// The time from which all times of the walk are counted.
    pub(super) since: Instant,
    pub(super) kind: WalkKind,
}

/// What a walk returns.
pub(super) struct Walked<R> {
    pub(super) evidence: Evidence,
    /// What its exchange gave, if it came to one.
    pub(super) reply: Option<R>,
    /// Connections that it did not wait for.
    pub(super) detached: Vec<Detached>,
}

/// Walks to a target, and does `exchange` over its session.
pub(super) async fn walk_to<X: HttpExchange>(start: Start<'_>, exchange: &X) -> Walked<X::Reply> {
    let Start { target, plan, world, credential, observe, since, kind } = start;
    let processor_before = platform::processor_time();
    let timeout = plan.timeout.min(plan.deadline.saturating_sub(since.elapsed()));
    proxy_script::run(target, plan, world, timeout).await;
    let mut choice = proxy_choice::decide(target, &plan.proxy, world.into());
    choice.decision.clients = proxy_choice::clients(target, world.into());
    let proxy_host = choice.proxy.as_ref().map(|proxy| proxy.host.as_str());
    let mut vantage = vantage::inspect_host(target, world, choice.decision.clone(), proxy_host);
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
        kind,
        extra_sockets: std::cell::RefCell::default(),
        pace: Pace::default(),
    };
    let seconds = |t: SystemTime| {
        t.duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
    };
    let to_token = kind == WalkKind::Request;
    let calls = to_token || target.is_called();
    let last = match target.opening() {
        Opening::Protocol(_) | Opening::Clear(_) if !to_token => Hop::Tcp,
        _ if calls => Hop::Http,
        _ => Hop::Tls,
    };
    let hops = async {
        match &choice.proxy {
            None => {
                let seen = driver::walk(&context, ConnectPolicy::Full { last }, exchange).await;
                (seen, Observed::NotAsked { reason: SkipReason::NoProxyApplies }, None)
            }
            // For a token only the path that carries the request matters.
            Some(proxy) if to_token => {
                let tunnel = proxied::walk(&context, proxy, last, exchange).await;
                let seen = tunnel.proxy.clone();
                (driver::not_walked(&context), seen, Some(tunnel))
            }
            Some(proxy) => {
                let connect = ConnectPolicy::Comparison { public: plan.direct };
                let (direct, tunnel) = futures_util::join!(
                    driver::walk(&context, connect, exchange),
                    proxied::walk(&context, proxy, last, exchange)
                );
                let seen = tunnel.proxy.clone();
                (direct, seen, Some(tunnel))
            }
        }
    };
    // The token is asked for while names, connections and handshakes are under way.
    let ((seen, proxy, tunnel), acquired) = futures_util::join!(hops, exchange.token(&context));
    let identity = credential.evidence(target, world.now, acquired.as_deref());
    let DirectPath { evidence: seen, mut carried, cost, detached } = seen;
    let mut ledger = Ledger::new();
    ledger.add(&cost);
    let port = target.seen.port;
    let mut peers: Vec<SocketAddr> =
        seen.dns.selected.iter().map(|w| SocketAddr::new(w.address, port)).collect();
    let PathEvidence { dns, tcp, tls, http, experiments } = seen;
    let mut evidence = Evidence {
        target: target.seen.clone(),
        options: plan.asked(world),
        started: crate::evidence::text::rfc3339(seconds(world.now)),
        vantage: vantage.clone(),
        dns,
        proxy,
        tcp,
        tls,
        identity,
        http,
        direct: Observed::NotAsked { reason: SkipReason::NoProxyApplies },
        original: None,
        backend: None,
        experiments,
        azure: None,
        cost,
        unfinished: None,
    };
    if let Some(tunnel) = tunnel {
        evidence.experiments.clients.extend(tunnel.experiments.clients);
        evidence.experiments.skipped.extend(tunnel.experiments.skipped);
        let direct = crate::evidence::DirectPath { tcp: evidence.tcp, tls: evidence.tls };
        evidence.direct = match (&direct.tcp, &direct.tls) {
            (Observed::NotAsked { reason }, _) => Observed::NotAsked { reason: *reason },
            (Observed::Done { started_ms, .. }, _) => Observed::Done {
                started_ms: *started_ms,
                took_ms: direct.tcp.took_ms().unwrap_or(0.0) + direct.tls.took_ms().unwrap_or(0.0),
                value: direct,
            },
            (Observed::NotReached { stopped_at }, _) => {
                Observed::NotReached { stopped_at: *stopped_at }
            }
            (Observed::NotPossible { message }, _) => {
                Observed::NotPossible { message: message.clone() }
            }
        };
        evidence.tcp = Observed::NotAsked { reason: SkipReason::ProxyApplies };
        evidence.tls = tunnel.tls;
        evidence.http = tunnel.http;
        carried = tunnel.carried;
        ledger.add(&tunnel.ledger.cost());
        if let Some(hop) = evidence.proxy.value().and_then(|proxy| proxy.tcp.value()) {
            peers.extend(hop.attempts.iter().map(|a| a.address));
        }
    }
    let Carried { withheld, date, reply } = carried;
    evidence.identity.withheld = match kind {
        WalkKind::Request => withheld,
        WalkKind::Primary | WalkKind::Reference => {
            withheld_of(&evidence.identity, withheld, target, &evidence.http)
        }
    };
    peers.extend(evidence.experiments.connections.iter().map(|tried| tried.address));
    peers.dedup_by_key(|peer| peer.ip());
    vantage.sources = vantage::sources(world, &peers);
    let hops = [
        evidence.tcp.value(),
        evidence.direct.value().and_then(|direct| direct.tcp.value()),
        evidence.proxy.value().and_then(|proxy| proxy.tcp.value()),
    ];
    let (dns, questions) = (&evidence.dns, &evidence.experiments.questions);
    vantage.own_senders = vantage::own_senders(world, hops.into_iter().flatten(), dns, questions);
    vantage.hop_limit = vantage::hop_limit(hops.into_iter().flatten(), dns);
    let connected = |hop: &TcpHop| hop.attempts.iter().any(|a| a.outcome == TcpOutcome::Connected);
    if evidence.tcp.value().is_some_and(|hop| !connected(hop)) {
        vantage.tunnels_down = platform::tunnels_down();
    }
    name_interfaces(&mut evidence, &vantage.sources);
    vantage.clock_ahead_s = date.map(|(ours, theirs)| seconds(ours) - seconds(theirs));
    vantage.processor =
        platform::processor_time().zip(processor_before).map(|(now, before)| ProcessorTime {
            ran_ms: now.ran_ms - before.ran_ms,
            waited_ms: now.waited_ms - before.waited_ms,
        });
    evidence.vantage = vantage;
    for socket in context.extra_sockets.borrow().iter() {
        ledger.socket(socket);
    }
    for request in evidence.identity.acquisition.iter().flat_map(|asked| &asked.requests) {
        ledger.add(&token::cost(request));
    }
    evidence.cost = Cost { took_ms: context.elapsed_ms(), ..ledger.cost() };
    Walked { evidence, reply, detached }
}

/// Why an available credential was not sent.
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
        Observed::Done { .. } => withheld,
        _ if !target.has_call() => Some(Withheld::ServiceHasNoCall),
        _ => Some(Withheld::NotReached),
    }
}

/// Adds the interface's name to each source address.
fn name_interfaces(evidence: &mut Evidence, sources: &[SourceTowards]) {
    let hops = [
        Some(&mut evidence.tcp),
        match &mut evidence.direct {
            Observed::Done { value, .. } => Some(&mut value.tcp),
            _ => None,
        },
        match &mut evidence.proxy {
            Observed::Done { value, .. } => Some(&mut value.tcp),
            _ => None,
        },
    ];
    for hop in hops.into_iter().flatten() {
        let Observed::Done { value, .. } = hop else { continue };
        for attempt in &mut value.attempts {
            attempt.interface = sources
                .iter()
                .find(|s| s.towards == attempt.address.ip() && attempt.connect_to.is_none())
                .and_then(|s| s.interface.clone());
        }
    }
}
