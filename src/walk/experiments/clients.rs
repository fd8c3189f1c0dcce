//! What a standard HTTP client gets where the service refuses the walk: without the credential,
//! without our own handling of the path, and without the proxy where one applies.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::context::{Context, WalkKind};
use super::super::lookup::system_answer;
use super::super::proxy_choice::Proxy;
use super::super::{calls, token};
use super::{Experiment, ExperimentResult, Intrusiveness, Probe, Symptom, millis, not_possible};
use crate::evidence::dns::SystemAnswer;
use crate::evidence::experiment::ClientCall;
use crate::evidence::http::HttpOutcome;
use crate::evidence::{Observed, classify};
use crate::wire::http;
use crate::wire::reference_client::{self, Request};
use crate::wire::session::Verified;

/// The id of the one experiment here.
pub(in crate::walk) const REFERENCE_CLIENT: &str = "reference-client";

/// The experiments with clients.
pub(super) const EXPERIMENTS: &[Experiment] = &[Experiment {
    id: REFERENCE_CLIENT,
    question: "what does a standard HTTP client get, without a credential, and without the proxy?",
    proves: &[(
        "proxy-resolves-publicly",
        "through the proxy it is refused as public, without the proxy it is accepted at the private address",
    )],
    packets: 24,
    intrusiveness: Intrusiveness::Default,
    due: &[Symptom::CallRefused],
    probes: |target| if target.is_called() { vec![Probe::ReferenceClient] } else { Vec::new() },
}];

/// Makes the walk's first call as an application would: by the system's resolver, on
/// connections of its own, through `proxy` where the walk goes through it; and without the proxy
/// as well, where the address is private. Ends within `timeout`.
pub(in crate::walk) async fn reference_client(
    context: &Context<'_>,
    id: &'static str,
    proxy: Option<&Proxy>,
    timeout: Duration,
) -> ExperimentResult {
    let (host, port) = (context.target.seen.host.as_str(), context.target.seen.port);
    let calls = calls::calls(context.target, context.plan, context.now());
    let Some(call) = calls.into_iter().next() else {
        return not_possible(id, "no call is known for this service");
    };
    let began = context.since.elapsed();
    let own = addresses(context, host, port, timeout).await;
    // A client takes the port of its URL, so one that `--connect-to` changes must be the default.
    let odd = |list: &[SocketAddr], port: u16| list.iter().any(|to| to.port() != port);
    if port != 443 && odd(&own.connect_to, port) {
        return not_possible(id, "--connect-to changes a port that the URL names");
    }
    let acquired = token::at_hand(context);
    let token = acquired.as_ref().and_then(|acquired| acquired.token.as_ref());
    let redactor = context.redactor().with(token);
    let one = async |proxy: Option<&Proxy>| {
        let started = context.since.elapsed();
        let through = match proxy {
            Some(proxy) => {
                let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(began));
                let at = addresses(context, &proxy.host, proxy.port, left).await;
                match at.connect_to.first() {
                    Some(first) => Some(format!("http://{first}")),
                    None => Some(proxy.url.clone()),
                }
            }
            None => None,
        };
        let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(began));
        let (outcome, peer) = if proxy.is_none() && own.connect_to.is_empty() {
            (HttpOutcome::NotMade { message: format!("no address for {host}") }, None)
        } else {
            let request = Request {
                host,
                port,
                path: &call.path,
                headers: &call.headers,
                addresses: &own.connect_to,
                proxy: through.as_deref(),
                roots: &context.roots,
                provider: &context.provider,
                now: context.now(),
                timeout: left,
                redactor: &redactor,
            };
            reference_client::call(&request).await
        };
        ClientCall {
            id: id.to_owned(),
            client: "reqwest".to_owned(),
            proxy: proxy.map(|proxy| proxy.url.clone()),
            peer,
            started_ms: millis(started),
            took_ms: millis(context.since.elapsed().saturating_sub(started)),
            outcome,
        }
    };
    let Some(proxy) = proxy else { return ExperimentResult::Clients(vec![one(None).await]) };
    if proxy.authorization.is_some() {
        return not_possible(id, "the proxy requires a password, and an experiment sends none");
    }
    let private = own.answered.iter().any(|address| classify(*address).is_private());
    if !private && !context.plan.direct {
        return ExperimentResult::Clients(vec![one(Some(proxy)).await]);
    }
    let (through, past) = futures_util::join!(one(Some(proxy)), one(None));
    ExperimentResult::Clients(vec![through, past])
}

/// The first call at another address of the name, without a credential, which shows whether the
/// same resource answers there. The secret is never sent there.
pub(super) async fn call_without_credential(
    context: &Context<'_>,
    id: &str,
    session: Verified,
    timeout: Duration,
) -> Option<ClientCall> {
    let target = context.target;
    if !target.is_called() || context.kind == WalkKind::Request {
        return None;
    }
    let wanted = calls::calls(target, context.plan, context.now());
    let started = context.since.elapsed();
    let peer = session.address().map(|address| address.to_string());
    let outcome = match http::open(session, target.seen.port).await {
        Ok(mut connection) => {
            connection.call(wanted.first()?, &context.redactor(), timeout).await.outcome
        }
        Err(outcome) => outcome,
    };
    Some(ClientCall {
        id: id.to_owned(),
        client: "aoai-probe".to_owned(),
        proxy: None,
        peer,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        outcome,
    })
}

/// The addresses of a name as the system gives them.
struct Addresses {
    answered: Vec<IpAddr>,
    /// Where connections to them really go: `--connect-to` changes it.
    connect_to: Vec<SocketAddr>,
}

async fn addresses(context: &Context<'_>, host: &str, port: u16, timeout: Duration) -> Addresses {
    let answered = match host.parse() {
        Ok(address) => vec![address],
        // A lookup that stalls has already cost the walk its stall timeout.
        Err(_) => match tokio::time::timeout(timeout, system_answer(context, host)).await {
            Ok(Observed::Done { value: SystemAnswer::Addresses { addresses }, .. }) => addresses,
            _ => Vec::new(),
        },
    };
    let to = |address: &IpAddr| context.world.connect_to(host, SocketAddr::new(*address, port));
    let connect_to = answered.iter().take(8).map(to).collect();
    Addresses { answered, connect_to }
}
