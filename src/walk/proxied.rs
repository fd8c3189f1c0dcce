//! The path through a forward proxy: its own name and connection, CONNECT, then TLS and the
//! call inside the tunnel, since that is what the application gets.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::SystemTime;

use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::established::{EstablishedSession, Peer};
use super::experiments::{self, Made, Symptom, Tier};
use super::ledger::Ledger;
use super::machine::{is_network_refusal, with_alert};
use super::proxy_choice::Proxy;
use super::steps::{contacted, peer_date, system_answer};
use super::{Context, Finished};
use crate::evidence::dns::{DnsHop, SystemAnswer, WalkedAddress};
use crate::evidence::experiment::{Experiments, LeftOut, LeftOutReason};
use crate::evidence::http::HttpHop;
use crate::evidence::identity::Withheld;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop, ProxyScheme};
use crate::evidence::tcp::{TcpAttempt, TcpHop};
use crate::evidence::tls::TlsHop;
use crate::evidence::{Choice, Hop, Observed, classify};
use crate::platform;
use crate::wire::connect::{self, Connection};
use crate::wire::proxy;

/// Addresses of the proxy that are tried.
const ADDRESSES_TRIED: usize = 8;

/// What the proxied path showed.
pub(super) struct TunnelSeen {
    pub(super) proxy: Observed<ProxyHop>,
    pub(super) tls: Observed<TlsHop>,
    pub(super) http: Observed<HttpHop>,
    pub(super) withheld: Option<Withheld>,
    pub(super) date: Option<(SystemTime, SystemTime)>,
    pub(super) ledger: Ledger,
    pub(super) experiments: Experiments,
}

/// Walks through `proxy`.
pub(super) async fn walk(context: &Context<'_>, proxy: &Proxy, call: bool) -> TunnelSeen {
    let started_ms = context.elapsed_ms();
    let mut hop = ProxyHop {
        url: proxy.url.clone(),
        host: proxy.host.clone(),
        port: if proxy.hides_port { 0 } else { proxy.port },
        scheme: proxy.scheme,
        has_password: proxy.authorization.is_some(),
        dns: Observed::NotAsked { by: Choice::NotNeeded },
        tcp: Observed::NotReached { stopped_at: Hop::Dns },
        connect: Observed::NotReached { stopped_at: Hop::Tcp },
    };
    let mut seen = TunnelSeen {
        proxy: Observed::NotReached { stopped_at: Hop::Proxy },
        tls: Observed::NotReached { stopped_at: Hop::Proxy },
        http: Observed::NotReached { stopped_at: Hop::Proxy },
        withheld: None,
        date: None,
        ledger: Ledger::new(),
        experiments: Experiments::default(),
    };
    if proxy.scheme != ProxyScheme::Http {
        let kind = match proxy.scheme {
            ProxyScheme::Socks => "a SOCKS proxy",
            _ => "a proxy that is itself reached over TLS",
        };
        let says = format!("{} is {kind}; this version does not walk through one", proxy.url);
        hop.tcp = Observed::NotPossible { says: says.clone() };
        hop.connect = Observed::NotPossible { says: says.clone() };
        seen.proxy = Observed::Ran { started_ms, took_ms: 0.0, saw: hop };
        seen.tls = Observed::NotPossible { says: says.clone() };
        seen.http = Observed::NotPossible { says };
        return seen;
    }
    let (connection, others) = reach(context, proxy, &mut hop, &mut seen).await;
    // The bill is asked of a second handle, also where the proxy ends the connection itself.
    let handle = connection.as_ref().and_then(|c| c.socket.try_clone().ok());
    // An application that meets a dead address first waits for it: what becomes of the others is
    // seen beside the tunnel. On the way to a token nobody waits for that.
    let others = async {
        match context.errand {
            None => others.map(|(attempt, _)| attempt).collect().await,
            Some(_) => Vec::new(),
        }
    };
    let through = async {
        let stream = match connection {
            None => None,
            Some(connection) => {
                let began = context.elapsed_ms();
                let (outcome, stream) = tunnel(context, proxy, connection.stream).await;
                let took_ms = context.elapsed_ms() - began;
                hop.connect = Observed::Ran { started_ms: began, took_ms, saw: outcome };
                // Where the connection really went: a second one goes there as well.
                let peer = connection.socket.peer_addr().ok().and_then(|a| a.as_socket());
                let peer = peer.unwrap_or(connection.address);
                stream.map(|stream| (stream, peer, connection.socket))
            }
        };
        let took_ms = context.elapsed_ms() - started_ms;
        (context.observe)(Finished::Proxy(&hop, took_ms));
        seen.proxy = Observed::Ran { started_ms, took_ms, saw: hop };
        if let Some((stream, peer, socket)) = stream {
            inside(context, proxy, (stream, peer), &socket, call, &mut seen).await;
        }
        seen
    };
    let (mut seen, others): (TunnelSeen, Vec<TcpAttempt>) = join(through, others).await;
    for attempt in &others {
        seen.ledger.host(contacted(attempt));
    }
    if let Observed::Ran { saw, .. } = &mut seen.proxy
        && let Observed::Ran { saw: tcp, .. } = &mut saw.tcp
    {
        tcp.attempts.extend(others);
    }
    let info = handle.as_ref().and_then(platform::tcp_info);
    if handle.is_some() && info.is_none() {
        seen.ledger.unknown();
    }
    if let Some(info) = info {
        seen.ledger.info(&info);
        if let Observed::Ran { saw, .. } = &mut seen.proxy
            && let Observed::Ran { saw: tcp, .. } = &mut saw.tcp
            && let Some(walked) = tcp.walked
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
    stream: tokio::net::TcpStream,
) -> (ConnectOutcome, Option<Box<dyn crate::wire::tls::Stream>>) {
    let (host, port) = (&context.target.seen.host, context.target.seen.port);
    let authority = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let authorization = proxy.authorization.as_ref();
    let redactor = context.redactor();
    proxy::tunnel(Box::new(stream), &authority, authorization, &redactor, context.left()).await
}

/// A second session through the proxy, where the peer ends the first one after an answer.
async fn session_again(
    context: &Context<'_>,
    proxy: &Proxy,
    address: SocketAddr,
) -> Option<EstablishedSession> {
    let (_, connection) =
        connect::connect(address, address, None, context.since, context.left()).await;
    let connection = connection.filter(|connection| !connection.reset)?;
    context.further.borrow_mut().extend(connection.socket.try_clone());
    let (_, stream) = tunnel(context, proxy, connection.stream).await;
    context.handshake(Peer::Proxy(address), stream?, None).await.1
}

/// TLS and the call inside the tunnel.
async fn inside(
    context: &Context<'_>,
    proxy: &Proxy,
    (stream, peer): (Box<dyn crate::wire::tls::Stream>, SocketAddr),
    socket: &socket2::Socket,
    call: bool,
    seen: &mut TunnelSeen,
) {
    let began = context.elapsed_ms();
    let (mut tls, session) = context.handshake(Peer::Proxy(peer), stream, None).await;
    let took_ms = context.elapsed_ms() - began;
    (context.observe)(Finished::Tls(&tls, took_ms));
    tls.tcp_info = platform::tcp_info(socket);
    let (tls_began, tls_took) = (began, took_ms);
    seen.http = match session {
        None => Observed::NotReached { stopped_at: Hop::Tls },
        Some(_) if !call => Observed::NotAsked { by: Choice::ServiceHasNoCall },
        Some(session) => {
            // What is confirmed is the application's own proxy: it finds the address.
            seen.withheld = session.withheld(context, &[]);
            // The way to a token has its own times.
            context.acquired().await;
            let began = context.elapsed_ms();
            let again = || session_again(context, proxy, peer);
            let (calls, alert) = context.calls(session, &[], again).await;
            tls = with_alert(tls, alert);
            seen.date = peer_date(&calls).map(|date| (context.now(), date));
            let took_ms = context.elapsed_ms() - began;
            let hop = HttpHop { calls };
            (context.observe)(Finished::Http(&hop, took_ms));
            if is_network_refusal(&context.plan.expect, &hop) {
                look_into(context, proxy, seen).await;
            }
            Observed::Ran { started_ms: began, took_ms, saw: hop }
        }
    };
    seen.tls = Observed::Ran { started_ms: tls_began, took_ms: tls_took, saw: tls };
}

/// Makes the experiments on a refused call: the same one by an ordinary client, through the
/// proxy and past it.
async fn look_into(context: &Context<'_>, proxy: &Proxy, seen: &mut TunnelSeen) {
    let stock = |entry: &&experiments::Entry| entry.id == experiments::STOCK_CLIENT;
    for entry in experiments::due(Symptom::CallRefused).filter(stock) {
        let left_out = |why| Made::LeftOut(LeftOut { id: entry.id.to_owned(), why });
        let made = match (context.plan.experiments, entry.tier) {
            (false, _) => left_out(LeftOutReason::Option),
            (true, Tier::Deep) if !context.plan.deep => left_out(LeftOutReason::NeedsDeep),
            _ => {
                let timeout = context.left().min(context.plan.patience() * 2);
                experiments::stock(context, entry.id, Some(proxy), timeout).await
            }
        };
        experiments::keep(&mut seen.experiments, made);
        if !seen.experiments.clients.is_empty() {
            seen.ledger.unknown();
        }
    }
}

/// Connections to the proxy's addresses that have not ended.
type Connecting<'a> =
    FuturesUnordered<Pin<Box<dyn Future<Output = (TcpAttempt, Option<Connection>)> + 'a>>>;

/// The proxy's own name and connection, and the connections that are still under way then.
async fn reach<'a>(
    context: &'a Context<'_>,
    proxy: &'a Proxy,
    hop: &mut ProxyHop,
    seen: &mut TunnelSeen,
) -> (Option<Connection>, Connecting<'a>) {
    let addresses: Vec<IpAddr> = match proxy.host.parse() {
        Ok(address) => vec![address],
        Err(_) => {
            let system = system_answer(context, &proxy.host).await;
            let addresses = match system.saw() {
                Some(SystemAnswer::Addresses { addresses }) => addresses.clone(),
                _ => Vec::new(),
            };
            let (started_ms, took_ms) = match &system {
                Observed::Ran { started_ms, took_ms, .. } => (*started_ms, *took_ms),
                _ => (context.elapsed_ms(), 0.0),
            };
            let saw = DnsHop {
                name: proxy.host.clone(),
                resolvers: Vec::new(),
                walked: addresses
                    .iter()
                    .map(|a| WalkedAddress { address: *a, class: classify(*a), counts: true })
                    .collect(),
                first_address_ms: (!addresses.is_empty()).then_some(started_ms + took_ms),
                system,
            };
            hop.dns = Observed::Ran { started_ms, took_ms, saw };
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
            let to = context.world.detour(&proxy.host, logical);
            connect::connect(logical, to, None, context.since, context.left()).await
        }));
    }
    let mut attempts = Vec::new();
    let mut first: Option<Connection> = None;
    // The first that stands is used; the others go on beside it.
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
    hop.tcp = Observed::Ran { started_ms: began, took_ms, saw: TcpHop { attempts, walked } };
    (first, pending)
}
