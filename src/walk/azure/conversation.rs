//! What is done over the session to Resource Manager: reads, several at a time.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use crate::azure::allowed::Request;
use crate::azure::reader::Sending;
use crate::azure::{Reader, Reply, Scope, collect};
use crate::credential::AcquiredToken;
use crate::evidence::Evidence;
use crate::evidence::azure::{Estate, Read};
use crate::evidence::http::HttpOutcome;
use crate::secret::{Redactor, Secret};
use crate::walk::context::Context;
use crate::walk::exchange::{Carried, Exchanged, HttpExchange};
use crate::walk::token;
use crate::wire::http::{self, SecretConnection, SecretRequest, UnredactedResponse};
use crate::wire::session::{ReleasePolicy, Verified};

/// Connections at a time: Resource Manager has 25 new reads a second for a caller, and its front
/// answers each in tenths of a second.
const CONNECTIONS: usize = 6;
/// How long one read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of one answer, at most: a page of a thousand networks has several million.
const BODY_LIMIT: usize = 16 << 20;

/// The reads that the evidence of a walk makes due.
pub(super) struct Conversation<'a> {
    pub(super) host: &'a str,
    pub(super) walked: &'a Evidence,
    pub(super) scope: &'a Scope,
    pub(super) deadline: Instant,
}

impl HttpExchange for Conversation<'_> {
    type Reply = (Vec<Read>, Estate);

    async fn token(&self, context: &Context<'_>) -> Option<Rc<AcquiredToken>> {
        token::finished(context).await
    }

    async fn over(
        &self,
        context: &Context<'_>,
        session: Verified,
        effective: &[IpAddr],
        reopen: impl AsyncFn() -> Option<Verified>,
    ) -> Exchanged<Self::Reply> {
        let acquired = token::acquired(context).await;
        let token = acquired.as_ref().and_then(|acquired| acquired.token.as_ref());
        let started_ms = context.elapsed_ms();
        let mut carried = Carried::default();
        if let Some(token) = token {
            let likeness = session.likeness();
            let policy = context.release_policy(effective);
            match session.release(&policy) {
                Err(kept) => carried.withheld = Some(kept.why),
                Ok(released) => {
                    let first = http::open_released(released, context.target.seen.port).await;
                    let reopen =
                        async || reopen().await.filter(|other| other.likeness() == likeness);
                    let lines = Lines {
                        context,
                        policy,
                        reopen,
                        idle: RefCell::new(first.into_iter().collect()),
                        free: Semaphore::new(CONNECTIONS),
                        headers: headers(token),
                        redactor: context.redactor().with(Some(token)),
                        deadline: self.deadline,
                    };
                    let send = |request: Request| -> Sending<'_> { Box::pin(lines.send(request)) };
                    let reader = Reader::new(self.host, &send, self.deadline);
                    let estate = collect(&reader, self.walked, self.scope).await;
                    carried.reply = Some((reader.into_reads(), estate));
                }
            }
        }
        let took_ms = context.elapsed_ms() - started_ms;
        Exchanged { started_ms, took_ms, calls: Vec::new(), alert: None, carried }
    }
}

/// The header fields of every read.
fn headers(token: &Secret) -> Vec<(String, Secret)> {
    // One allocation: a string that grows leaves copies behind.
    let mut bearer = String::with_capacity(7 + token.expose().len());
    bearer.push_str("Bearer ");
    bearer.push_str(token.expose());
    let field = |name: &str, value: Secret| (name.to_owned(), value);
    vec![
        field("authorization", Secret::new(bearer)),
        field("accept", Secret::new("application/json".to_owned())),
        field("content-type", Secret::new("application/json".to_owned())),
    ]
}

/// The connections to Resource Manager.
struct Lines<'a, F> {
    context: &'a Context<'a>,
    policy: ReleasePolicy<'a>,
    reopen: F,
    idle: RefCell<Vec<SecretConnection>>,
    free: Semaphore,
    headers: Vec<(String, Secret)>,
    redactor: Redactor<'a>,
    deadline: Instant,
}

impl<F: AsyncFn() -> Option<Verified>> Lines<'_, F> {
    /// Sends one request over a connection of its own while it lasts.
    async fn send(&self, request: Request) -> Result<Reply, String> {
        let Ok(_place) = self.free.acquire().await else { return Err("closed".to_owned()) };
        // A server may end an idle connection at any time (RFC 9112, section 9.6): a read is
        // repeated once, over a new one.
        let fresh = Cell::new(false);
        loop {
            let idle = self.idle.borrow_mut().pop();
            let mut line = match idle {
                Some(line) => line,
                None => {
                    fresh.set(true);
                    self.open().await?
                }
            };
            let timeout = READ_TIMEOUT.min(self.deadline.saturating_duration_since(Instant::now()));
            let body = request.body().map(|body| Secret::new(body.to_owned()));
            let sent = SecretRequest {
                method: request.method(),
                path: request.path(),
                headers: &self.headers,
                body: body.as_ref(),
                body_limit: BODY_LIMIT,
            };
            let (outcome, response) = line.send_secret(&sent, &self.redactor, timeout).await;
            match (&outcome, response) {
                (HttpOutcome::Answered { answer }, Some(response)) => {
                    if !answer.body_complete {
                        return Err("the answer did not come to its end".to_owned());
                    }
                    self.idle.borrow_mut().push(line);
                    return Ok(reply(response, &self.redactor));
                }
                (HttpOutcome::Closed | HttpOutcome::Reset, _) if !fresh.get() => {}
                (outcome, _) => return Err(words(outcome).to_owned()),
            }
        }
    }

    async fn open(&self) -> Result<SecretConnection, String> {
        let lost = || "the connection to Resource Manager was lost".to_owned();
        let session = (self.reopen)().await.ok_or_else(lost)?;
        let released = session.release(&self.policy).map_err(|_| lost())?;
        http::open_released(released, self.context.target.seen.port).await.map_err(|_| lost())
    }
}

fn reply(response: UnredactedResponse, redactor: &Redactor<'_>) -> Reply {
    let field = |name: &str| {
        let found = response.headers.iter().find(|(known, _)| known == name);
        // A peer may echo a secret.
        found.map(|(_, value)| redactor.redact(value))
    };
    Reply {
        status: response.status,
        retry_after: field("retry-after").and_then(|text| text.trim().parse().ok()),
        location: field("location"),
        correlation_id: field("x-ms-correlation-request-id"),
        body: redactor.redact(&String::from_utf8_lossy(&response.body)).into_bytes(),
    }
}

const fn words(outcome: &HttpOutcome) -> &'static str {
    match outcome {
        HttpOutcome::Answered { .. } => "an answer that cannot be read",
        HttpOutcome::Silent => "no answer in time",
        HttpOutcome::Closed => "the connection was closed before an answer",
        HttpOutcome::Reset => "the connection was reset before an answer",
        HttpOutcome::Malformed { .. } | HttpOutcome::NotMade { .. } => "an answer that is not HTTP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_echoed_in_a_header_field_stays_secret() {
        let token = Secret::new("eyJhbGciOi.canary-token.signature".to_owned());
        let redactor = Redactor::new([]).with(Some(&token));
        let field = |name: &str| (name.to_owned(), format!("x&echo={}", token.expose()));
        let response = UnredactedResponse {
            status: 202,
            headers: vec![field("location"), field("x-ms-correlation-request-id")],
            body: Vec::new().into(),
        };
        let shown = format!("{:?}", reply(response, &redactor));
        assert!(shown.contains("x&echo=") && !shown.contains("canary-token"), "{shown}");
    }
}
