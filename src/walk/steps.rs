//! Single steps that the direct and the proxied path share.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use socket2::Socket;

use super::established::{EstablishedSession, Peer};
use super::{Context, calls};
use crate::evidence::Observed;
use crate::evidence::dns::SystemAnswer;
use crate::evidence::experiment::ClientCall;
use crate::evidence::http::{HttpCall, HttpOutcome};
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::tls::TlsHop;
use crate::platform;
use crate::services::Call;
use crate::wire::connect;
use crate::wire::http::{self, Authentication};
use crate::wire::tls::{self, Handshake, Hello, Session, Versions};
use crate::world::{FixedAnswer, SystemLookup};

/// `getaddrinfo` may take this much longer than a hop's deadline: glibc's own wait for a dead
/// first nameserver is 5 s, as is ours, and its answer comes just after.
const LOOKUP_GRACE: Duration = Duration::from_millis(200);

impl Context<'_> {
    /// A handshake for the target's name over a stream that leads to `peer`.
    pub(super) async fn handshake(
        &self,
        peer: Peer,
        stream: Box<dyn tls::Stream>,
        socket: Option<&Socket>,
    ) -> (TlsHop, Option<EstablishedSession>) {
        let request = Handshake {
            server_name: &self.target.seen.host,
            roots: std::sync::Arc::clone(&self.roots),
            provider: std::sync::Arc::clone(&self.provider),
            now: self.now(),
            timeout: self.left(),
            hello: Hello::Full,
            versions: Versions::Both,
            redactor: self.redactor(),
        };
        let (hop, session) = tls::handshake(stream, socket, &request).await;
        let session = session.map(|session| EstablishedSession::new(peer, &hop, session));
        (hop, session)
    }

    /// A second session to an address, where a server ends the first one after an answer.
    pub(super) async fn session_again(&self, address: IpAddr) -> Option<EstablishedSession> {
        let (logical, to) = self.detour(address);
        let (_, connection) = connect::connect(logical, to, None, self.since, self.left()).await;
        let connection = connection?;
        self.further.borrow_mut().extend(connection.socket.try_clone());
        let peer = Peer::of(&connection);
        self.handshake(peer, Box::new(connection.stream), Some(&connection.socket)).await.1
    }

    /// The target's calls over one session, the credential with them if it may leave, and the
    /// TLS alert that came in place of an answer. `effective` are the addresses that
    /// applications get; `again` opens another session, which is used only if it leads to the
    /// same peer and the same store accepts it.
    pub(super) async fn calls(
        &self,
        established: EstablishedSession,
        effective: &[IpAddr],
        again: impl AsyncFn() -> Option<EstablishedSession>,
    ) -> (Vec<HttpCall>, Option<String>) {
        let host = match self.target.seen.port {
            443 => self.target.seen.host.clone(),
            port => format!("{}:{port}", self.target.seen.host),
        };
        let send = established.withheld(self, effective).is_none();
        let likeness = established.likeness();
        let again = async || again().await.filter(|session| session.is_like(&likeness));
        let session = established.into_session();
        if let Some(slot) = self.errand {
            if send {
                self.run_errand(slot, session, &host).await;
            }
            return (Vec::new(), None);
        }
        let acquired = self.acquired().await;
        let token = acquired.as_ref().and_then(|acquired| acquired.token.as_ref());
        let authentication = match (send, token) {
            (false, _) => Authentication::None,
            (true, Some(token)) => Authentication::Bearer(token),
            (true, None) => self.credential.authentication(),
        };
        let redactor = self.redactor().with(token);
        let wanted = calls::calls(self.target, self.plan);
        let mut made = Vec::new();
        let mut connection = match http::open(session, &host).await {
            Ok(connection) => connection,
            Err(outcome) => return (vec![not_made(&wanted[0], outcome)], None),
        };
        for call in &wanted {
            let mut one = connection.call(call, authentication, &redactor, self.left()).await;
            // A server may end a connection after any answer (RFC 9112, section 9.6): clients
            // open another one, and so do we.
            // The session may also have ended while it waited for a token.
            let ended = matches!(one.outcome, HttpOutcome::Closed | HttpOutcome::Reset);
            let waited = self.credential.way().is_some();
            if ended
                && (waited || !made.is_empty())
                && let Some(session) = again().await
                && let Ok(another) = http::open(session.into_session(), &host).await
            {
                connection = another;
                one = connection.call(call, authentication, &redactor, self.left()).await;
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

impl Context<'_> {
    /// The first call at another address of the name, without a credential: what answers there is
    /// the same resource, or it is not. The secret never goes there.
    pub(super) async fn call_without_credential(
        &self,
        id: &str,
        address: IpAddr,
        session: Session,
        timeout: Duration,
    ) -> Option<ClientCall> {
        let has_call = self.target.call() != Call::None && self.target.original_host.is_none();
        if !has_call || self.errand.is_some() {
            return None;
        }
        let host = match self.target.seen.port {
            443 => self.target.seen.host.clone(),
            port => format!("{}:{port}", self.target.seen.host),
        };
        let (wanted, started) = (calls::calls(self.target, self.plan), self.since.elapsed());
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        let outcome = match http::open(session, &host).await {
            Ok(mut connection) => {
                let redactor = self.redactor();
                connection.call(&wanted[0], Authentication::None, &redactor, timeout).await.outcome
            }
            Err(outcome) => outcome,
        };
        Some(ClientCall {
            id: id.to_owned(),
            client: "aoai-probe".to_owned(),
            proxy: None,
            peer: Some(address.to_string()),
            started_ms: millis(started),
            took_ms: millis(self.since.elapsed().saturating_sub(started)),
            outcome,
        })
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
            let unknown = || SystemAnswer::Failed { code: "EAI_NONAME".to_owned() }.into();
            let FixedAnswer { answer, after } = table.get(host).cloned().unwrap_or_else(unknown);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            if answer == SystemAnswer::Stalled {
                tokio::time::sleep(context.left() + LOOKUP_GRACE).await;
            }
            ran(answer)
        }
        SystemLookup::Getaddrinfo => {
            let (tell, told) = tokio::sync::oneshot::channel();
            let name = host.to_owned();
            // A new one each time, though it costs 0.1 ms: glibc remembers by thread that a
            // resolver could not answer A and AAAA together, and the next walk has to ask as an
            // application that has just started.
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
