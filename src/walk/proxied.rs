//! The path through a forward proxy: its own name and connection, CONNECT, then TLS and the
//! call inside the tunnel, since that is what the application gets.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::HopDone;
use super::context::{Context, WalkKind};
use super::exchange::{Carried, Exchanged, HttpExchange};
use super::experiments::{self, ExperimentResult, Intrusiveness, Symptom};
use super::ledger::{Ledger, contacted};
use super::lookup::system_answer;
use super::machine::{is_network_refusal, with_alert};
use super::proxy_choice::Proxy;
use crate::evidence::dns::{DnsHop, SelectedAddress, SystemAnswer};
use crate::evidence::experiment::{ExperimentSkipReason, Experiments, SkippedExperiment};
use crate::evidence::http::HttpHop;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop, ProxyScheme};
use crate::evidence::tcp::{TcpAttempt, TcpHop};
use crate::evidence::tls::TlsHop;
use crate::evidence::{Hop, Observed, SkipReason, classify};
use crate::platform;
use crate::wire::connect::Connection;
use crate::wire::proxy;
use crate::wire::session::{Route, Verified};

/// Addresses of the proxy that are tried.
const ADDRESSES_TRIED: usize = 8;

/// What the proxied path showed.
pub(super) struct ProxiedPath<R> {
    pub(super) proxy: Observed<ProxyHop>,
    pub(super) tls: Observed<TlsHop>,
    pub(super) http: Observed<HttpHop>,
    pub(super) carried: Carried<R>,
    pub(super) ledger: Ledger,
    pub(super) experiments: Experiments,
}

/// Walks through `proxy`.
pub(super) async fn walk<X: HttpExchange>(
    context: &Context<'_>,
    proxy: &Proxy,
    last: Hop,
    exchange: &X,
) -> ProxiedPath<X::Reply> {
    let started_ms = context.elapsed_ms();
    let mut hop = ProxyHop {
        url: proxy.url.clone(),
        host: proxy.host.clone(),
        port: if proxy.hides_port { 0 } else { proxy.port },
        scheme: proxy.scheme,
        has_password: proxy.authorization.is_some(),
        dns: Observed::NotAsked { reason: SkipReason::NotNeeded },
        tcp: Observed::NotReached { stopped_at: Hop::Dns },
        connect: Observed::NotReached { stopped_at: Hop::Tcp },
    };
    let mut seen = ProxiedPath {
        proxy: Observed::NotReached { stopped_at: Hop::Proxy },
        tls: Observed::NotReached { stopped_at: Hop::Proxy },
        http: Observed::NotReached { stopped_at: Hop::Proxy },
        carried: Carried::default(),
        ledger: Ledger::new(),
        experiments: Experiments::default(),
    };
    if !proxy.is_walked() {
        let kind = match proxy.scheme {
            ProxyScheme::Socks => "a SOCKS proxy",
            _ => "a proxy that is itself reached over TLS",
        };
        let message = format!("{} is {kind}, which this version does not walk through", proxy.url);
        hop.tcp = Observed::NotPossible { message: message.clone() };
        hop.connect = Observed::NotPossible { message: message.clone() };
        seen.proxy = Observed::Done { started_ms, took_ms: 0.0, value: hop };
        seen.tls = Observed::NotPossible { message: message.clone() };
        seen.http = Observed::NotPossible { message };
        return seen;
    }
    let (connection, others) = connect_to_proxy(context, proxy, &mut hop, &mut seen).await;
    // The cost is read from a second handle, also where the proxy ends the connection itself.
    let handle = connection.as_ref().map(|c| Arc::clone(&c.socket));
    // An application that meets a dead address first waits for it: what becomes of the others is
    // seen in parallel with the tunnel. On the way to a token nothing waits for that.
    let others = async {
        match context.kind {
            WalkKind::Request => Vec::new(),
            _ => others.map(|(attempt, _)| attempt).collect().await,
        }
    };
    let through = async {
        let tunnelled = match connection {
            None => None,
            Some(connection) => {
                let began = context.elapsed_ms();
                let peer = proxy::really_at(&connection);
                let (outcome, route) = tunnel(context, proxy, connection).await;
                let took_ms = context.elapsed_ms() - began;
                hop.connect = Observed::Done { started_ms: began, took_ms, value: outcome };
                route.map(|route| (route, peer))
            }
        };
        let took_ms = context.elapsed_ms() - started_ms;
        (context.observe)(HopDone::Proxy(&hop, took_ms));
        seen.proxy = Observed::Done { started_ms, took_ms, value: hop };
        if let Some((route, peer)) = tunnelled {
            let inside = Inside { context, proxy, peer, socket: handle.as_deref() };
            match last {
                Hop::Tcp => {
                    seen.tls = Observed::NotAsked { reason: SkipReason::TlsInsideProtocol };
                    seen.http = Observed::NotAsked { reason: SkipReason::ServiceHasNoCall };
                }
                _ => inside.walk(route, (last == Hop::Http).then_some(exchange), &mut seen).await,
            }
        }
        seen
    };
    let (mut seen, others): (ProxiedPath<X::Reply>, Vec<TcpAttempt>) = join(through, others).await;
    for attempt in &others {
        seen.ledger.host(contacted(attempt));
    }
    if let Observed::Done { value, .. } = &mut seen.proxy
        && let Observed::Done { value: tcp, .. } = &mut value.tcp
    {
        tcp.attempts.extend(others);
    }
    let info = handle.as_ref().and_then(platform::tcp_info);
    if handle.is_some() && info.is_none() {
        seen.ledger.unknown();
    }
    if let Some(info) = info {
        seen.ledger.info(&info);
        if let Observed::Done { value, .. } = &mut seen.proxy
            && let Observed::Done { value: tcp, .. } = &mut value.tcp
            && let Some(walked) = tcp.selected
            && let Some(attempt) = tcp.attempts.iter_mut().find(|a| a.address.ip() == walked)
        {
            attempt.info = Some(info);
        }
    }
    seen
}

/// CONNECT to the target over a connection to the proxy.
async fn tunnel(
    context: &Context<'_>,
    proxy: &Proxy,
    connection: Connection,
) -> (ConnectOutcome, Option<Route>) {
    let (host, port) = (&context.target.seen.host, context.target.seen.port);
    let authority = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let authorization = proxy.authorization.as_ref();
    let redactor = context.redactor();
    let timeout = context.hop_timeout();
    proxy::tunnel(connection, &authority, authorization, &redactor, timeout).await
}

/// A second session through the proxy, where the peer ends the first one after an answer.
async fn reopen_session(
    context: &Context<'_>,
    proxy: &Proxy,
    address: SocketAddr,
) -> Option<Verified> {
    let (_, connection) = context.connect(address, address).await;
    let connection = connection.filter(|connection| !connection.reset)?;
    context.extra_sockets.borrow_mut().push(Arc::clone(&connection.socket));
    let (_, route) = tunnel(context, proxy, connection).await;
    context.handshake(route?, None).await.1
}

/// The path inside the tunnel.
struct Inside<'a, 'c> {
    context: &'a Context<'c>,
    proxy: &'a Proxy,
    /// Where the connection to the proxy went.
    peer: SocketAddr,
    socket: Option<&'a socket2::Socket>,
}

impl Inside<'_, '_> {
    /// TLS, and what the session is for.
    async fn walk<X: HttpExchange>(
        &self,
        route: Route,
        exchange: Option<&X>,
        seen: &mut ProxiedPath<X::Reply>,
    ) {
        let context = self.context;
        let began = context.elapsed_ms();
        let (mut tls, session) = context.handshake(route, None).await;
        let took_ms = context.elapsed_ms() - began;
        (context.observe)(HopDone::Tls(&tls, took_ms));
        tls.tcp_info = self.socket.and_then(platform::tcp_info);
        seen.http = match (session, exchange) {
            (None, _) => Observed::NotReached { stopped_at: Hop::Tls },
            (Some(_), None) => Observed::NotAsked { reason: SkipReason::ServiceHasNoCall },
            (Some(session), Some(exchange)) => {
                let reopen = || reopen_session(context, self.proxy, self.peer);
                // What is confirmed is the application's own proxy: it finds the address.
                let exchanged = exchange.over(context, session, &[], reopen).await;
                let Exchanged { started_ms, took_ms, calls, alert, carried } = exchanged;
                tls = with_alert(tls, alert);
                seen.carried = carried;
                let hop = HttpHop { calls };
                (context.observe)(HopDone::Http(&hop, took_ms));
                if is_network_refusal(&context.plan.expect, &hop) {
                    schedule_experiments(context, self.proxy, seen).await;
                }
                Observed::Done { started_ms, took_ms, value: hop }
            }
        };
        seen.tls = Observed::Done { started_ms: began, took_ms, value: tls };
    }
}

/// Does the experiments on a refused call: the same call by a standard HTTP client, through the
/// proxy and past it.
async fn schedule_experiments<R>(context: &Context<'_>, proxy: &Proxy, seen: &mut ProxiedPath<R>) {
    let stock =
        |experiment: &&experiments::Experiment| experiment.id == experiments::REFERENCE_CLIENT;
    for experiment in experiments::triggered_by(Symptom::CallRefused).filter(stock) {
        let left_out = |why| {
            ExperimentResult::SkippedExperiment(SkippedExperiment {
                id: experiment.id.to_owned(),
                reason: why,
            })
        };
        let made = match (context.plan.experiments, experiment.intrusiveness) {
            (false, _) => left_out(ExperimentSkipReason::Option),
            (true, Intrusiveness::Deep) if !context.plan.deep => {
                left_out(ExperimentSkipReason::NeedsDeep)
            }
            _ => {
                let timeout = context.hop_timeout().min(context.plan.stall_after() * 2);
                experiments::reference_client(context, experiment.id, Some(proxy), timeout).await
            }
        };
        experiments::record(&mut seen.experiments, made);
        if !seen.experiments.clients.is_empty() {
            seen.ledger.unknown();
        }
    }
}

/// Connections to the proxy's addresses that have not ended.
type Connecting<'a> =
    FuturesUnordered<Pin<Box<dyn Future<Output = (TcpAttempt, Option<Connection>)> + 'a>>>;

/// The proxy's own name and connection, and the connections that are still under way then.
async fn connect_to_proxy<'a, R>(
    context: &'a Context<'_>,
    proxy: &'a Proxy,
    hop: &mut ProxyHop,
    seen: &mut ProxiedPath<R>,
) -> (Option<Connection>, Connecting<'a>) {
    let addresses: Vec<IpAddr> = match proxy.host.parse() {
        Ok(address) => vec![address],
        Err(_) => {
            let system = system_answer(context, &proxy.host).await;
            let addresses = match system.value() {
                Some(SystemAnswer::Addresses { addresses }) => addresses.clone(),
                _ => Vec::new(),
            };
            let (started_ms, took_ms) = match &system {
                Observed::Done { started_ms, took_ms, .. } => (*started_ms, *took_ms),
                _ => (context.elapsed_ms(), 0.0),
            };
            let value = DnsHop {
                name: proxy.host.clone(),
                resolvers: Vec::new(),
                selected: addresses
                    .iter()
                    .map(|a| SelectedAddress { address: *a, class: classify(*a), effective: true })
                    .collect(),
                first_address_ms: (!addresses.is_empty()).then_some(started_ms + took_ms),
                system,
            };
            hop.dns = Observed::Done { started_ms, took_ms, value };
            addresses
        }
    };
    let mut pending: Connecting<'a> = FuturesUnordered::new();
    if addresses.is_empty() {
        return (None, pending);
    }
    // The name leads to a host, so what follows it is a port.
    hop.port = proxy.port;
    let began = context.elapsed_ms();
    for address in addresses.iter().take(ADDRESSES_TRIED).copied() {
        pending.push(Box::pin(async move {
            let logical = SocketAddr::new(address, proxy.port);
            let to = context.world.connect_to(&proxy.host, logical);
            context.connect(logical, to).await
        }));
    }
    let mut attempts = Vec::new();
    let mut first: Option<Connection> = None;
    // The first established one is used; the others continue in parallel.
    while let Some((attempt, connection)) = pending.next().await {
        seen.ledger.host(contacted(&attempt));
        attempts.push(attempt);
        if let Some(connection) = connection.filter(|connection| !connection.reset) {
            first = Some(connection);
            break;
        }
    }
    let walked = first.as_ref().and_then(|_| attempts.last()).map(|a| a.address.ip());
    let took_ms = context.elapsed_ms() - began;
    // A SYN went to each, also to those that were not waited for.
    let tried = addresses.len().min(ADDRESSES_TRIED);
    // The socket's own count, read at the end, holds that of the first.
    seen.ledger.syns(tried - usize::from(first.is_some()));
    hop.tcp =
        Observed::Done { started_ms: began, took_ms, value: TcpHop { attempts, selected: walked } };
    (first, pending)
}
