//! The way to a token: each request of it is a walk of its own, to Entra ID or to a metadata
//! endpoint, and its hops are evidence of the identity hop.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;
use url::{Host, Url};

use super::ledger::Ledger;
use super::plan::Plan;
use super::proxy_choice::plain_through;
use super::{Context, Role, one};
use crate::credential::acquire::{self, Wanted};
use crate::credential::errand::{Errand, Reply};
use crate::credential::{Acquired, Credential, Late, ways};
use crate::evidence::http::HttpOutcome;
use crate::evidence::identity::{
    Acquisition, TokenAnswer, TokenOutcome, TokenPurpose, TokenRefusal, TokenRequest,
};
use crate::evidence::repeat::Repeat;
use crate::evidence::tcp::TcpAttempt;
use crate::evidence::text::clean;
use crate::evidence::{Cost, Evidence, Expect, Observed};
use crate::platform;
use crate::secret::{Redactor, Secret};
use crate::target::Target;
use crate::wire::connect;
use crate::wire::http::{self, Raw, RawAnswer};
use crate::wire::redacted;
use crate::wire::tls::Session;

/// How long a metadata endpoint may take to accept: it is on this machine, or nowhere.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);

/// A request that waits for a session that verified, and then its answer.
pub(super) struct Slot {
    errand: Errand,
    answer: RefCell<Option<(TokenAnswer, Option<Reply>)>>,
    /// Connections, which may outlive the walk that ends with the answer.
    connecting: RefCell<Vec<JoinHandle<Option<TcpAttempt>>>>,
}

/// A connection attempt, and the connection where it stands.
type Tried = (TcpAttempt, Option<connect::Connection>);

impl Slot {
    /// Lets a connection attempt run to its end, also when the walk no longer waits for it: an
    /// address that never answers makes tokens slow for clients that try it first.
    pub(super) fn outlives(
        &self,
        connecting: impl Future<Output = Tried> + Send + 'static,
    ) -> oneshot::Receiver<Tried> {
        let (tell, told) = oneshot::channel();
        self.connecting.borrow_mut().push(tokio::spawn(async move {
            match tell.send(connecting.await) {
                Ok(()) => None,
                Err((attempt, _)) => Some(attempt),
            }
        }));
        told
    }
}

/// The requests on the way to a token, and the connections that outlived them.
#[derive(Default)]
struct Requests {
    seen: RefCell<Vec<TokenRequest>>,
    late: RefCell<Vec<Late>>,
}

impl Context<'_> {
    /// How long a step on the way to a token may take.
    fn left_for_token(&self) -> Duration {
        self.plan.timeout.min(self.token_deadline().saturating_sub(self.since.elapsed()))
    }

    /// When a step that begins now must have ended: never in the last quarter of what is left of
    /// the walk, for the target's own call comes after it.
    fn token_deadline(&self) -> Duration {
        let rest = self.plan.deadline.saturating_sub(self.since.elapsed());
        self.plan.deadline.saturating_sub(rest / 4)
    }

    /// The token of the walk's credential, asked for once for each scope, whoever asks first;
    /// none where the credential is no token, or is at hand.
    pub(super) async fn acquired(&self) -> Option<Rc<Acquired>> {
        let way = self.credential.way()?;
        let scope = self.credential.scope(self.target)?;
        let cell = self.credential.cell(&scope);
        let acquired = cell.get_or_init(|| async {
            let started = Instant::now();
            let requests = Requests::default();
            let authority = self.credential.authority(self.target);
            let wanted = Wanted {
                scope: &scope,
                authority: &authority,
                provider: &self.provider,
                patience: self.left_for_token(),
                now: self.now(),
                environment: &self.world.environment,
            };
            let send = |errand| -> std::pin::Pin<Box<dyn Future<Output = Option<Reply>> + '_>> {
                Box::pin(self.send(errand, &requests))
            };
            let came = acquire::acquire(way, &wanted, &send).await;
            let Requests { seen, late } = requests;
            let requests: Vec<TokenRequest> = seen.take();
            let (tenant, client) = self.credential.ids();
            let outcome = outcome(came.outcome, requests.last());
            let evidence = Acquisition {
                source: self.credential.name().to_owned(),
                tenant,
                client,
                scope: scope.clone(),
                secret_is_id: self.credential.secret_is_id(),
                secret_has_blank_ends: self.credential.secret_has_blank_ends(),
                assertion: came.beside.assertion,
                assertion_has_blank_ends: came.beside.assertion_has_blank_ends,
                sdk_refuses: came.beside.sdk_refuses,
                requests,
                outcome,
                took_ms: started.elapsed().as_secs_f64() * 1e3,
            };
            Rc::new(Acquired {
                token: came.token,
                evidence: RefCell::new(evidence),
                late,
                settled: OnceCell::new(),
            })
        });
        Some(Rc::clone(acquired.await))
    }

    /// [`Self::acquired`], with what became of connections that nothing waited for. The call is
    /// made meanwhile.
    pub(super) async fn settled(&self) -> Option<Rc<Acquired>> {
        let acquired = self.acquired().await?;
        let settle = || async {
            for Late { request, attempt } in acquired.late.take() {
                if let Ok(Some(attempt)) = attempt.await {
                    let mut evidence = acquired.evidence.borrow_mut();
                    let request = evidence.requests.get_mut(request);
                    if let Some(path) = request.and_then(|request| request.path.as_mut()) {
                        keep_late(path, attempt);
                    }
                }
            }
        };
        acquired.settled.get_or_init(settle).await;
        Some(acquired)
    }

    /// Sends one errand, and keeps what was seen of it.
    async fn send(&self, errand: Errand, requests: &Requests) -> Option<Reply> {
        let started_ms = self.elapsed_ms();
        let began = Instant::now();
        let mut seen = TokenRequest {
            purpose: errand.purpose,
            method: errand.method.to_owned(),
            url: clean(shown_url(&errand.url).as_str(), 300),
            proxied_by: None,
            path: None,
            tcp: None,
            outcome: None,
            started_ms,
            took_ms: 0.0,
        };
        let reply = match errand.url.scheme() {
            "https" => self.to_host(errand, &mut seen, requests).await,
            _ => self.to_metadata(&errand, &mut seen).await,
        };
        seen.took_ms = began.elapsed().as_secs_f64() * 1e3;
        requests.seen.borrow_mut().push(seen);
        reply
    }

    /// Over TLS to a host that has a name: every hop as on the way to the target.
    async fn to_host(
        &self,
        errand: Errand,
        seen: &mut TokenRequest,
        requests: &Requests,
    ) -> Option<Reply> {
        let origin = errand.url.origin().ascii_serialization();
        let target = Target::parse(&origin, None).ok()?;
        let way = Plan { resolvers: Vec::new(), direct: false, ..self.plan.clone() };
        let options = way.way_options(&self.world.detours);
        let plan = Plan {
            expect: Expect::Any,
            deployment: None,
            deadline: self.token_deadline(),
            repeat: Repeat { options, inventory: None },
            ..way
        };
        let slot = Slot { errand, answer: RefCell::default(), connecting: RefCell::default() };
        let none = Credential::none();
        let quiet = |_: super::Finished<'_>| {};
        let walk: std::pin::Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(one(
            &target,
            &plan,
            self.world,
            &none,
            &quiet,
            self.since,
            Role::Errand(&slot),
        ));
        seen.path = Some(Box::new(walk.await));
        let request = requests.seen.borrow().len();
        let connecting = slot.connecting.take().into_iter();
        requests.late.borrow_mut().extend(connecting.map(|attempt| Late { request, attempt }));
        let (answer, reply) = slot.answer.into_inner()?;
        seen.outcome = Some(answer);
        reply
    }

    /// In the clear to an address of this machine or of its platform, never through a proxy and
    /// never by a name.
    async fn to_metadata(&self, errand: &Errand, seen: &mut TokenRequest) -> Option<Reply> {
        let port = errand.url.port_or_known_default()?;
        seen.proxied_by =
            plain_through(errand.url.host_str()?, port, &self.world.environment).map(str::to_owned);
        let address = match errand.url.host()? {
            Host::Ipv4(ip) => IpAddr::V4(ip),
            Host::Ipv6(ip) => IpAddr::V6(ip),
            // App Service says `localhost`; no resolver is asked for it (RFC 6761, section 6.3).
            Host::Domain("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Host::Domain(_) => return None,
        };
        let logical = SocketAddr::new(address, port);
        let to = self.world.detour(&address.to_string(), logical);
        let patience = METADATA_PATIENCE.min(self.left_for_token());
        let began = Instant::now();
        let (attempt, connection) = connect::connect(logical, to, None, self.since, patience).await;
        let attempt = seen.tcp.insert(attempt);
        let connection = connection.filter(|connection| !connection.reset)?;
        let socket = connection.socket;
        let host = match errand.url.port() {
            Some(port) => format!("{}:{port}", errand.url.host_str()?),
            None => errand.url.host_str()?.to_owned(),
        };
        let (answer, reply) = match http::open_plain(connection.stream, &host).await {
            Ok(mut connection) => {
                // Nobody asked for this credential: who accepts and stays silent costs no more
                // than who does not accept.
                let left = match self.credential.demanded() {
                    true => self.left_for_token(),
                    false => patience.saturating_sub(began.elapsed()),
                };
                exchange(&mut connection, errand, &self.redactor(), left).await
            }
            Err(http) => (TokenAnswer { http, refusal: None }, None),
        };
        attempt.info = platform::tcp_info(&socket);
        seen.outcome = Some(answer);
        reply
    }

    /// Makes the token request over a session by which the secret may leave.
    pub(super) async fn run_errand(&self, slot: &Slot, session: Session, host: &str) {
        let answer = match http::open(session, host).await {
            Ok(mut connection) => {
                exchange(&mut connection, &slot.errand, &self.redactor(), self.left()).await
            }
            Err(http) => (TokenAnswer { http, refusal: None }, None),
        };
        *slot.answer.borrow_mut() = Some(answer);
    }
}

/// One request and its answer; redirects are not followed.
async fn exchange(
    connection: &mut http::Connection,
    errand: &Errand,
    redactor: &Redactor<'_>,
    timeout: Duration,
) -> (TokenAnswer, Option<Reply>) {
    let path = path_and_query(&errand.url);
    let raw = Raw {
        method: errand.method,
        path: &path,
        headers: &errand.headers,
        body: errand.form.as_ref(),
    };
    let secrets: Vec<Secret> = secrets(errand);
    let redactor = secrets.iter().fold(redactor.clone(), Redactor::with);
    let (http, answer) = connection.raw(&raw, &redactor, timeout).await;
    let refusal =
        answer.as_ref().and_then(|answer| refusal(errand.purpose, &http, answer, &redactor));
    let reply = answer.map(|RawAnswer { status, headers, body }| Reply { status, headers, body });
    (TokenAnswer { http, refusal }, reply)
}

/// Puts the end of a connection into the evidence of a walk that did not wait for it.
fn keep_late(path: &mut Evidence, mut attempt: TcpAttempt) {
    let Observed::Ran { saw, .. } = &mut path.tcp else { return };
    let address = attempt.address.ip();
    let towards = path.vantage.sources.iter().find(|s| s.towards == address);
    attempt.interface =
        towards.and_then(|s| s.interface.clone()).filter(|_| attempt.detour.is_none());
    let mut ledger = Ledger::new();
    ledger.late_attempt(&attempt);
    path.cost.add(&ledger.cost());
    saw.attempts.push(attempt);
    let place = |attempt: &TcpAttempt| {
        path.dns.walked.iter().position(|w| w.address == attempt.address.ip())
    };
    saw.attempts.sort_by_key(|attempt| place(attempt).unwrap_or(usize::MAX));
}

/// What a request cost the network.
pub(super) fn cost(request: &TokenRequest) -> Cost {
    let mut ledger = Ledger::new();
    match (&request.path, &request.tcp) {
        (Some(path), _) => ledger.add(&path.cost),
        (None, Some(attempt)) => ledger.plain_attempt(attempt),
        (None, None) => {}
    }
    ledger.cost()
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Names of a query or a form under which an identity goes.
const IDENTITY_FIELDS: &[&str] =
    &["client_id", "clientid", "object_id", "principal_id", "mi_res_id", "msi_res_id"];

/// Whether a field holds what should be an id and has no form of one: it may be a secret in the
/// wrong variable.
fn is_no_id(name: &str, value: &str) -> bool {
    IDENTITY_FIELDS.contains(&name) && ways::shown_id(value) == ways::NO_ID
}

/// A request's address for outputs.
fn shown_url(url: &Url) -> Url {
    let mut shown = url.clone();
    if url.query_pairs().any(|(name, value)| is_no_id(&name, &value)) {
        let pairs = url.query_pairs().map(|(name, value)| match is_no_id(&name, &value) {
            true => (name, "not-shown".into()),
            false => (name, value),
        });
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown
}

/// What of a request is secret: the values of its form and of its authorization, and an identity
/// that is none.
fn secrets(errand: &Errand) -> Vec<Secret> {
    let form = errand.form.iter().flat_map(|form| {
        url::form_urlencoded::parse(form.expose().as_bytes())
            .filter(|(name, value)| {
                let secret = matches!(name.as_ref(), "client_secret" | "client_assertion");
                secret || is_no_id(name, value)
            })
            // Whoever echoes it may leave out a line end at its end.
            .map(|(_, value)| Secret::new(value.trim().to_owned()))
            .collect::<Vec<_>>()
    });
    let headers = errand.headers.iter().filter_map(|(name, value)| {
        let value = value.expose();
        let bare = match name.to_ascii_lowercase().as_str() {
            // Behind the scheme's name.
            "authorization" => value.split_once(' ').map_or(value, |(_, rest)| rest),
            "x-identity-header" | "secret" => value,
            _ => return None,
        };
        Some(Secret::new(bare.trim().to_owned()))
    });
    let query = errand.url.query_pairs().filter(|(name, value)| is_no_id(name, value));
    let query = query.map(|(_, value)| Secret::new(value.into_owned()));
    form.chain(headers).chain(query).collect()
}

/// The refusal in an answer that gives nothing (fact 5.2; RFC 6749, section 5.2).
fn refusal(
    purpose: TokenPurpose,
    http: &HttpOutcome,
    answer: &RawAnswer,
    redactor: &Redactor<'_>,
) -> Option<TokenRefusal> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    // Platforms have frames of their own (facts I9, X10): `message` next to `statusCode`, or an
    // object in `error`. At the login host they would be another's.
    let platform = purpose != TokenPurpose::Entra;
    let text = |names: &[&str], most: usize| {
        let names = if platform { names } else { names.get(..1)? };
        let value = names.iter().find_map(|name| json.pointer(name)?.as_str())?;
        Some(redacted(value, most, redactor))
    };
    let codes = json.get("error_codes").and_then(Value::as_array).map(|list| {
        list.iter().filter_map(|code| u32::try_from(code.as_u64()?).ok()).take(8).collect()
    });
    let headers = match http {
        HttpOutcome::Answered { answer } => answer.headers.clone(),
        _ => Vec::new(),
    };
    Some(TokenRefusal {
        status: answer.status,
        error: text(&["/error", "/error/code"], 100),
        codes: codes.unwrap_or_default(),
        description: text(&["/error_description", "/message", "/error/message"], 600),
        correlation_id: text(&["/correlation_id", "/correlationId"], 100),
        trace_id: text(&["/trace_id"], 100),
        headers,
    })
}

/// The outcome, with what the last request's evidence adds to it.
fn outcome(came: TokenOutcome, last: Option<&TokenRequest>) -> TokenOutcome {
    let answered = last.and_then(|request| request.outcome.as_ref());
    // Arc's agent refuses the first request by design: what went wrong after it is our own word.
    let challenged = last.is_some_and(|request| request.purpose == TokenPurpose::Arc);
    match came {
        TokenOutcome::Unusable { .. } if challenged && answered.is_some() => came,
        TokenOutcome::Refused | TokenOutcome::Unusable { .. } if last.is_some() => match answered {
            Some(TokenAnswer { refusal: Some(_), .. }) => TokenOutcome::Refused,
            Some(TokenAnswer { http: HttpOutcome::Answered { answer }, .. }) => match came {
                _ if !answer.body_complete => TokenOutcome::Unusable {
                    says: "the answer was not read to its end: too slow or too long".to_owned(),
                },
                TokenOutcome::Unusable { says } => TokenOutcome::Unusable { says },
                _ => TokenOutcome::Unusable { says: "the answer holds no token".to_owned() },
            },
            _ => TokenOutcome::NotAnswered,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::http::HttpAnswer;

    fn refused(purpose: TokenPurpose) -> TokenRequest {
        let answer = HttpAnswer {
            status: 401,
            headers: Vec::new(),
            error: None,
            models: None,
            payload: None,
            body_bytes: 0,
            body_complete: true,
            body_excerpt: None,
        };
        let refusal = TokenRefusal {
            status: 401,
            error: None,
            codes: Vec::new(),
            description: None,
            correlation_id: None,
            trace_id: None,
            headers: Vec::new(),
        };
        let http = HttpOutcome::Answered { answer };
        TokenRequest {
            purpose,
            method: "GET".to_owned(),
            url: String::new(),
            proxied_by: None,
            path: None,
            tcp: None,
            outcome: Some(TokenAnswer { http, refusal: Some(refusal) }),
            started_ms: 0.0,
            took_ms: 0.0,
        }
    }

    #[test]
    fn a_secret_in_the_place_of_an_id_is_kept_secret() {
        let secret = "abc8Q~canary.1234_567-890abcdefgh";
        let errand = |id: &str, url: &str| Errand {
            purpose: TokenPurpose::Entra,
            method: "POST",
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            form: Some(Secret::new(format!("client_id={id}&scope=s"))),
        };
        let url = format!("http://169.254.169.254/m?api-version=1&client_id={secret}");
        let swapped = errand(secret, &url);
        let echo = format!("application '{secret}' was not found");
        for secret in &secrets(&swapped) {
            assert!(!secret.redact(&echo).contains("canary"));
        }
        assert_eq!(secrets(&swapped).len(), 2);
        assert_eq!(
            shown_url(&swapped.url).as_str(),
            "http://169.254.169.254/m?api-version=1&client_id=not-shown"
        );
        let id = "11111111-2222-3333-4444-555555555555";
        let url = format!("http://169.254.169.254/m?client_id={id}");
        let right = errand(id, &url);
        assert!(secrets(&right).is_empty());
        assert_eq!(shown_url(&right.url), right.url);
    }

    #[test]
    fn a_platform_refuses_in_frames_of_its_own() {
        let http = HttpOutcome::Silent;
        let read = |purpose, body: &str| {
            let body = body.as_bytes().to_vec().into();
            let answer = RawAnswer { status: 400, headers: Vec::new(), body };
            let refusal = refusal(purpose, &http, &answer, &Redactor::default()).unwrap();
            (refusal.error, refusal.description, refusal.correlation_id)
        };
        let text = |text: &str| Some(text.to_owned());
        let body = r#"{"statusCode":400,"message":"No identity","correlationId":"c"}"#;
        let own = (None, text("No identity"), text("c"));
        assert_eq!(read(TokenPurpose::AppService, body), own);
        assert_eq!(read(TokenPurpose::Entra, body), (None, None, None));
        let nested = r#"{"error":{"code":"x","message":"y"}}"#;
        assert_eq!(read(TokenPurpose::AppService, nested), (text("x"), text("y"), None));
    }

    #[test]
    fn the_challenge_of_arc_is_no_refusal() {
        let came = || TokenOutcome::Unusable { says: "the file cannot be read".to_owned() };
        assert_eq!(outcome(came(), Some(&refused(TokenPurpose::Arc))), came());
        let imds = refused(TokenPurpose::Imds);
        assert_eq!(outcome(came(), Some(&imds)), TokenOutcome::Refused);
        let arc = refused(TokenPurpose::Arc);
        assert_eq!(outcome(TokenOutcome::Refused, Some(&arc)), TokenOutcome::Refused);
    }
}
