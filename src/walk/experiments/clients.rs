//! What an ordinary client gets where the service refuses the walk: past the credential, past
//! our own reading of the path, and past the proxy where one applies.

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
use crate::services::Call;
use crate::wire::http;
use crate::wire::reference_client::{self, Request};
use crate::wire::session::Verified;

/// The id of the one experiment here.
pub(in crate::walk) const STOCK_CLIENT: &str = "stock-client";

/// The experiments with clients.
pub(super) const EXPERIMENTS: &[Experiment] = &[Experiment {
    id: STOCK_CLIENT,
    question: "what does an ordinary client get, without a credential, and past the proxy?",
    proves: &[(
        "proxy-resolves-publicly",
        "refused as public through the proxy, let in past it at the private address",
    )],
    packets: 24,
    intrusiveness: Intrusiveness::Default,
    due: &[Symptom::CallRefused],
    probes: |target| match target.call() {
        Call::None => Vec::new(),
        _ => vec![Probe::StockClient],
    },
}];

/// Makes the walk's first call as an application would: by the system's resolver, on
/// connections of its own, through `proxy` where the walk goes through it; then past the proxy
/// as well, where the address is private. Ends within `timeout`.
pub(in crate::walk) async fn reference_client(
    context: &Context<'_>,
    id: &'static str,
    proxy: Option<&Proxy>,
    timeout: Duration,
) -> ExperimentResult {
    let (host, port) = (context.target.seen.host.as_str(), context.target.seen.port);
    let Some(call) = calls::calls(context.target, context.plan).into_iter().next() else {
        return not_possible(id, "no call is known for this service");
    };
    let began = context.since.elapsed();
    let own = addresses(context, host, port, timeout).await;
    // A client takes the port of its URL, so one that `--connect-to` changes must be the default.
    let odd = |list: &[SocketAddr], port: u16| list.iter().any(|to| to.port() != port);
    if port != 443 && odd(&own.detoured, port) {
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
                match at.detoured.first() {
                    Some(first) => Some(format!("http://{first}")),
                    None => Some(proxy.url.clone()),
                }
            }
            None => None,
        };
        let left = timeout.saturating_sub(context.since.elapsed().saturating_sub(began));
        let (outcome, peer) = if proxy.is_none() && own.detoured.is_empty() {
            (HttpOutcome::NotMade { says: format!("no address for {host}") }, None)
        } else {
            let request = Request {
                host,
                port,
                path: &call.path,
                addresses: &own.detoured,
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
        return not_possible(id, "the proxy wants a password, and an experiment carries none");
    }
    let private = own.answered.iter().any(|address| classify(*address).is_private());
    if !private && !context.plan.direct {
        return ExperimentResult::Clients(vec![one(Some(proxy)).await]);
    }
    let (through, past) = futures_util::join!(one(Some(proxy)), one(None));
    ExperimentResult::Clients(vec![through, past])
}

/// The first call at another address of the name, without a credential: what answers there is
/// the same resource, or it is not. The secret never goes there.
pub(super) async fn call_without_credential(
    context: &Context<'_>,
    id: &str,
    session: Verified,
    timeout: Duration,
) -> Option<ClientCall> {
    let target = context.target;
    let has_call = target.call() != Call::None && target.original_host.is_none();
    if !has_call || context.kind == WalkKind::TokenEndpoint {
        return None;
    }
    let (wanted, started) = (calls::calls(target, context.plan), context.since.elapsed());
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
    /// Where connections to them really go.
    detoured: Vec<SocketAddr>,
}

async fn addresses(context: &Context<'_>, host: &str, port: u16, timeout: Duration) -> Addresses {
    let answered = match host.parse() {
        Ok(address) => vec![address],
        // A lookup that stalls has cost the walk its patience once already.
        Err(_) => match tokio::time::timeout(timeout, system_answer(context, host)).await {
            Ok(Observed::Ran { saw: SystemAnswer::Addresses { addresses }, .. }) => addresses,
            _ => Vec::new(),
        },
    };
    let to = |address: &IpAddr| context.world.detour(host, SocketAddr::new(*address, port));
    let detoured = answered.iter().take(8).map(to).collect();
    Addresses { answered, detoured }
}
