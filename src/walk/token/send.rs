//! One token request, and where it goes: to a host that has a name by a walk that
//! ends with its reply, to a metadata endpoint over a connection that does not leave this machine
//! or its platform.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::{Host, Url};

use super::acquire::{RequestLog, deadline, remaining_budget};
use super::refusal::refusal;
use super::shown::{secrets, shown_url};
use crate::credential::outbound::{OutboundRequest, Reply};
use crate::credential::{AcquiredToken, Credential, LateConnection};
use crate::evidence::identity::{TokenAnswer, TokenRequest};
use crate::evidence::repeat::Repeat;
use crate::evidence::text::clean;
use crate::evidence::{Expect, identity::Withheld};
use crate::platform;
use crate::secret::{Redactor, Secret};
use crate::target::Target;
use crate::walk::context::{Context, WalkKind};
use crate::walk::exchange::{Carried, Exchanged, HttpExchange};
use crate::walk::hops::{Start, Walked, walk_to};
use crate::walk::plan::Plan;
use crate::walk::proxy_choice::plain_through;
use crate::wire::connect;
use crate::wire::http::{self, SecretRequest, UnredactedResponse};
use crate::wire::session::{Releasable, Verified};

/// How long a metadata endpoint may take to accept: it is on this machine, or nowhere.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends one request, and records it as evidence.
pub(super) async fn send(
    context: &Context<'_>,
    request: OutboundRequest,
    log: &RequestLog,
) -> Option<Reply> {
    let started_ms = context.elapsed_ms();
    let began = Instant::now();
    let mut evidence = TokenRequest {
        purpose: request.purpose,
        method: request.method.to_owned(),
        url: clean(shown_url(&request.url).as_str(), 300),
        proxied_by: None,
        path: None,
        tcp: None,
        outcome: None,
        started_ms,
        took_ms: 0.0,
    };
    let reply = match request.url.scheme() {
        "https" => to_host(context, &request, &mut evidence, log).await,
        _ => to_metadata(context, &request, &mut evidence).await,
    };
    evidence.took_ms = began.elapsed().as_secs_f64() * 1e3;
    log.sent.borrow_mut().push(evidence);
    reply
}

/// One request over the session of a walk, in place of a target's calls.
struct OneRequest<'a>(&'a OutboundRequest);

impl HttpExchange for OneRequest<'_> {
    type Reply = (TokenAnswer, Option<Reply>);

    async fn token(&self, _: &Context<'_>) -> Option<Rc<AcquiredToken>> {
        None
    }

    async fn over(
        &self,
        context: &Context<'_>,
        session: Verified,
        effective: &[IpAddr],
        _: impl AsyncFn() -> Option<Verified>,
    ) -> Exchanged<Self::Reply> {
        let started_ms = context.elapsed_ms();
        let (withheld, reply): (Option<Withheld>, _) =
            match session.release(&context.release_policy(effective)) {
                Err(kept) => (Some(kept.why), None),
                Ok(released) => {
                    let port = context.target.seen.port;
                    let timeout = || context.hop_timeout();
                    let reply = exchange(context, self.0, released, port, timeout).await;
                    (None, Some(reply))
                }
            };
        Exchanged {
            started_ms,
            took_ms: context.elapsed_ms() - started_ms,
            calls: Vec::new(),
            alert: None,
            carried: Carried { withheld, date: None, reply },
        }
    }
}

/// Over TLS to a host that has a name: every hop as on the way to the target.
async fn to_host(
    context: &Context<'_>,
    request: &OutboundRequest,
    evidence: &mut TokenRequest,
    log: &RequestLog,
) -> Option<Reply> {
    let origin = request.url.origin().ascii_serialization();
    let target = Target::parse(&origin, None).ok()?;
    let base = Plan { resolvers: Vec::new(), direct: false, ..context.plan.clone() };
    let options = base.way_options(&context.world.connect_overrides);
    let plan = Plan {
        expect: Expect::Any,
        deployment: None,
        deadline: deadline(context),
        repeat: Repeat { options, inventory: None },
        ..base
    };
    let start = Start {
        target: &target,
        plan: &plan,
        world: context.world,
        credential: &Credential::none(),
        observe: &|_| {},
        since: context.since,
        kind: WalkKind::Request,
    };
    let Walked { evidence: walked, reply, detached } = walk_to(start, &OneRequest(request)).await;
    evidence.path = Some(Box::new(walked));
    let place = log.sent.borrow().len();
    let late = detached.into_iter().map(|attempt| LateConnection { request: place, attempt });
    log.late.borrow_mut().extend(late);
    let (answer, reply) = reply?;
    evidence.outcome = Some(answer);
    reply
}

/// In the clear to an address of this machine or of its platform, never through a proxy and
/// never by a name.
async fn to_metadata(
    context: &Context<'_>,
    request: &OutboundRequest,
    evidence: &mut TokenRequest,
) -> Option<Reply> {
    let url = &request.url;
    let port = url.port_or_known_default()?;
    evidence.proxied_by =
        plain_through(url.host_str()?, port, &context.world.environment).map(str::to_owned);
    let address = match url.host()? {
        Host::Ipv4(ip) => IpAddr::V4(ip),
        Host::Ipv6(ip) => IpAddr::V6(ip),
        // App Service says `localhost`; no resolver is asked for it (RFC 6761, section 6.3).
        Host::Domain("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Host::Domain(_) => return None,
    };
    let logical = SocketAddr::new(address, port);
    let to = context.world.connect_to(&address.to_string(), logical);
    let connect_timeout = METADATA_TIMEOUT.min(remaining_budget(context));
    let began = Instant::now();
    let (attempt, connection) =
        connect::connect(logical, to, None, context.since, connect_timeout).await;
    let attempt = evidence.tcp.insert(attempt);
    let connection = connection.filter(|connection| !connection.reset)?;
    let socket = Arc::clone(&connection.socket);
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let released = Releasable::local(connection, &host)?;
    // Where the user did not ask for this credential, an endpoint that accepts and stays silent
    // costs no more than one that does not accept.
    let timeout = || match context.credential.is_explicit() {
        true => remaining_budget(context),
        false => connect_timeout.saturating_sub(began.elapsed()),
    };
    let (answer, reply) = exchange(context, request, released, port, timeout).await;
    attempt.info = platform::tcp_info(&socket);
    evidence.outcome = Some(answer);
    reply
}

/// One request and its answer; redirects are not followed.
async fn exchange(
    context: &Context<'_>,
    request: &OutboundRequest,
    released: Releasable,
    port: u16,
    timeout: impl Fn() -> Duration,
) -> (TokenAnswer, Option<Reply>) {
    let mut connection = match http::open_released(released, port).await {
        Ok(connection) => connection,
        Err(http) => return (TokenAnswer { http, refusal: None }, None),
    };
    let path = path_and_query(&request.url);
    let secret_request = SecretRequest {
        method: request.method,
        path: &path,
        headers: &request.headers,
        body: request.form.as_ref(),
        body_limit: http::BODY_LIMIT,
    };
    let secrets: Vec<Secret> = secrets(request);
    let redactor = secrets.iter().fold(context.redactor(), Redactor::with);
    let (http, answer) = connection.send_secret(&secret_request, &redactor, timeout()).await;
    let refusal =
        answer.as_ref().and_then(|answer| refusal(request.purpose, &http, answer, &redactor));
    let reply =
        answer.map(|UnredactedResponse { status, headers, body }| Reply { status, headers, body });
    (TokenAnswer { http, refusal }, reply)
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
