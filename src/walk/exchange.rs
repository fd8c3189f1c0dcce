//! What a session is for: the target's calls, or one request on the way to a token. The direct
//! and the proxied path end in the same exchange, over a session that verified; whether a secret
//! goes along is decided by [`Verified::release`] alone.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::SystemTime;

use super::context::Context;
use super::{calls, token};
use crate::credential::AcquiredToken;
use crate::evidence::http::{HttpCall, HttpOutcome};
use crate::evidence::identity::Withheld;
use crate::secret::Redactor;
use crate::services::Service;
use crate::wire::http::{self, Authentication};
use crate::wire::session::{ReleasePolicy, Verified};

/// What a walk does over its session.
pub(super) trait HttpExchange {
    /// What it returns to the caller of the walk, apart from its evidence.
    type Reply;

    /// The token of the walk's credential, with everything that its acquisition left behind.
    async fn token(&self, context: &Context<'_>) -> Option<Rc<AcquiredToken>>;

    /// Does it over `session`. `effective` are the addresses that applications get; `reopen`
    /// opens another session, which is used only if it is like the first one.
    async fn over(
        &self,
        context: &Context<'_>,
        session: Verified,
        effective: &[IpAddr],
        reopen: impl AsyncFn() -> Option<Verified>,
    ) -> Exchanged<Self::Reply>;
}

/// What an exchange showed.
pub(super) struct Exchanged<R> {
    pub(super) started_ms: f64,
    pub(super) took_ms: f64,
    pub(super) calls: Vec<HttpCall>,
    /// The TLS alert that came in place of an answer.
    pub(super) alert: Option<String>,
    pub(super) carried: Carried<R>,
}

/// What an exchange returns besides its calls.
pub(super) struct Carried<R> {
    /// Why the credential did not leave.
    pub(super) withheld: Option<Withheld>,
    /// Our clock and the peer's `Date`, at the same moment.
    pub(super) date: Option<(SystemTime, SystemTime)>,
    pub(super) reply: Option<R>,
}

impl<R> Default for Carried<R> {
    fn default() -> Self {
        Self { withheld: None, date: None, reply: None }
    }
}

/// The target's calls, the credential with them if it may leave.
pub(super) struct TargetCalls;

impl HttpExchange for TargetCalls {
    type Reply = ();

    async fn token(&self, context: &Context<'_>) -> Option<Rc<AcquiredToken>> {
        token::finished(context).await
    }

    async fn over(
        &self,
        context: &Context<'_>,
        session: Verified,
        effective: &[IpAddr],
        reopen: impl AsyncFn() -> Option<Verified>,
    ) -> Exchanged<()> {
        // The way to a token has its own times.
        let acquired = token::acquired(context).await;
        let token = acquired.as_ref().and_then(|acquired| acquired.token.as_ref());
        let anonymous = context.target.service().is_some_and(Service::asks_anonymously);
        let (authentication, no_key) = match token {
            _ if anonymous => (Authentication::None, Some(Withheld::CallerNotTested)),
            Some(token) => (Authentication::Bearer(token), None),
            None => match context.credential.authentication(context.target.keys()) {
                Ok(authentication) => (authentication, None),
                Err(why) => (Authentication::None, Some(why)),
            },
        };
        let redactor = context.redactor().with(token);
        let started_ms = context.elapsed_ms();
        let policy = context.release_policy(effective);
        let likeness = session.likeness();
        let reopen = async || reopen().await.filter(|session| session.likeness() == likeness);
        let (withheld, opened) = open(context, session, &policy).await;
        let (calls, alert) = match opened {
            Ok(line) => make(context, line, authentication, &redactor, &policy, reopen).await,
            Err(outcome) => (not_made(context, outcome), None),
        };
        let date = peer_date(&calls).map(|date| (context.now(), date));
        Exchanged {
            started_ms,
            took_ms: context.elapsed_ms() - started_ms,
            calls,
            alert,
            carried: Carried { withheld: withheld.or(no_key), date, reply: None },
        }
    }
}

/// A connection for calls, by what may go over it.
enum Line {
    /// No secret.
    Anonymous(http::Connection),
    /// The credential.
    Released(http::SecretConnection),
}

impl Line {
    async fn call(
        &mut self,
        call: &http::Call,
        authentication: Authentication<'_>,
        redactor: &Redactor<'_>,
        context: &Context<'_>,
    ) -> HttpCall {
        let timeout = context.hop_timeout();
        match self {
            Line::Anonymous(line) => line.call(call, redactor, timeout).await,
            Line::Released(line) => line.call(call, authentication, redactor, timeout).await,
        }
    }

    fn alert(&self) -> Option<String> {
        match self {
            Line::Anonymous(line) => line.alert(),
            Line::Released(line) => line.alert(),
        }
        .map(str::to_owned)
    }
}

/// Puts HTTP on a session, released if it may be; with the reason where it may not.
async fn open(
    context: &Context<'_>,
    session: Verified,
    policy: &ReleasePolicy<'_>,
) -> (Option<Withheld>, Result<Line, HttpOutcome>) {
    let port = context.target.seen.port;
    match session.release(policy) {
        Ok(released) => (None, http::open_released(released, port).await.map(Line::Released)),
        Err(kept) => {
            let opened = http::open(kept.session, port).await;
            (Some(kept.why), opened.map(Line::Anonymous))
        }
    }
}

/// Makes the calls one after another, and returns the TLS alert that came in place of an
/// answer.
async fn make(
    context: &Context<'_>,
    mut line: Line,
    authentication: Authentication<'_>,
    redactor: &Redactor<'_>,
    policy: &ReleasePolicy<'_>,
    reopen: impl AsyncFn() -> Option<Verified>,
) -> (Vec<HttpCall>, Option<String>) {
    let mut made: Vec<HttpCall> = Vec::new();
    for call in &calls::calls(context.target, context.plan, context.now()) {
        let mut one = line.call(call, authentication, redactor, context).await;
        // A server may end a connection after any answer (RFC 9112, section 9.6): clients
        // open another one, and so do we.
        // The session may also have ended while it waited for a token.
        let ended = matches!(one.outcome, HttpOutcome::Closed | HttpOutcome::Reset);
        let waited = context.credential.flow().is_some();
        if ended
            && (waited || !made.is_empty())
            && let Some(session) = reopen().await
            && let (_, Ok(another)) = open(context, session, policy).await
        {
            line = another;
            one = line.call(call, authentication, redactor, context).await;
        }
        // A second call shows nothing when the first was refused.
        let goes_on =
            one.answer().is_some_and(|a| a.body_complete && a.status != 403) && one.credential_sent;
        made.push(one);
        if !goes_on {
            break;
        }
    }
    (made, line.alert())
}

/// The first call, where the connection was lost before it was made.
fn not_made(context: &Context<'_>, outcome: HttpOutcome) -> Vec<HttpCall> {
    let first = calls::calls(context.target, context.plan, context.now()).into_iter().next();
    let one = first.map(|call| HttpCall {
        purpose: call.purpose,
        method: if call.body.is_some() { "POST" } else { "GET" }.to_owned(),
        path: call.path,
        credential_sent: false,
        outcome,
        took_ms: 0.0,
    });
    one.into_iter().collect()
}

/// The peer's `Date` (RFC 9110, section 6.6.1).
fn peer_date(calls: &[HttpCall]) -> Option<SystemTime> {
    let answer = calls.first()?.answer()?;
    httpdate::parse_http_date(answer.header("date")?).ok()
}
