//! Tells a webhook: in order, one at a time, again and again until it is taken or given up.
//! Nothing here holds a walk up, and no word of it shows the URL.

pub mod body;

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use serde_json::Value;
use tokio::sync::mpsc;

use super::event::Event;
use crate::secret::Secret;
use crate::wire::http::AGENT;

/// Notices that wait, at most.
pub const MOST_WAITING: usize = 256;
/// Tries of one notice; with the pauses between them about five minutes.
const TRIES: u32 = 9;
/// The pause after the first try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, also when the receiver asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// A webhook.
#[derive(Debug)]
pub struct Webhook {
    client: reqwest::Client,
    url: Secret,
    timeout: Duration,
}

/// One call that is to be made.
#[derive(Debug)]
pub struct Letter {
    /// The body.
    pub body: Value,
    /// The events that it tells.
    pub events: Vec<Event>,
}

/// What became of letters.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was taken.
    Delivered(Vec<Event>),
    /// It will not be tried any more, and why.
    GivenUp(Vec<Event>, String),
    /// The first try of a letter that failed; more follow.
    TriedInVain(String),
}

impl Webhook {
    /// A webhook at `url`. The certificate is always verified; redirects are never followed.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL, in words that do not show it.
    pub fn new(
        url: Secret,
        timeout: Duration,
        verifier: Option<Arc<WebPkiServerVerifier>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let plain = fits(url.expose().trim())?;
        let tls = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .map_err(|_| "TLS cannot be set up")?
            .with_webpki_verifier(verifier.ok_or("there is no root to trust")?)
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(AGENT)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            // A receiver that is idle for minutes has gone away.
            .pool_max_idle_per_host(0)
            .timeout(timeout);
        if plain {
            // This machine itself: a proxy would read it, and so would another machine that the
            // hosts file gives this name to.
            let itself = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            let itself = itself.map(|address| SocketAddr::new(address, 0));
            builder = builder.no_proxy().resolve_to_addrs("localhost", &itself);
        }
        let client = builder.build().map_err(|_| "the client cannot be made")?;
        Ok(Self { client, url, timeout })
    }

    /// Takes letters until there are no more, and says what becomes of each.
    pub async fn deliver(
        self,
        mut letters: mpsc::Receiver<Letter>,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) {
        while let Some(Letter { body, events }) = letters.recv().await {
            let outcome = match self.persist(&body, &outcomes).await {
                Ok(()) => Outcome::Delivered(events),
                Err(why) => Outcome::GivenUp(events, why),
            };
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
    }

    /// One call, tried once.
    ///
    /// # Errors
    ///
    /// Why it was not taken, in words that do not show the URL.
    pub async fn call(&self, body: &Value) -> Result<(), String> {
        self.once(body).await.map_err(|refused| refused.why)
    }

    async fn persist(
        &self,
        body: &Value,
        outcomes: &mpsc::UnboundedSender<Outcome>,
    ) -> Result<(), String> {
        let mut pause = FIRST_PAUSE;
        for left in (0..TRIES).rev() {
            let (why, asked) = match self.once(body).await {
                Ok(()) => return Ok(()),
                Err(Refused { why, again: None }) => return Err(why),
                Err(Refused { why, again: Some(asked) }) => (why, asked),
            };
            if left == 0 {
                return Err(format!("{why}; {TRIES} tries"));
            }
            if left == TRIES - 1 {
                let _ = outcomes.send(Outcome::TriedInVain(why));
            }
            // Between half of it and all of it, so that many machines do not call at once.
            let by_chance = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            tokio::time::sleep(by_chance.max(asked).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err("no try is left".to_owned())
    }

    async fn once(&self, body: &Value) -> Result<(), Refused> {
        let sending = self
            .client
            .post(self.url.expose().trim())
            .header("content-type", "application/json")
            .body(body.to_string())
            .send();
        let answer = match sending.await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(&error)),
        };
        let status = answer.status();
        let again = |pause| Some(pause);
        let (words, again) = match status {
            status if status.is_success() => return Ok(()),
            status if status.is_redirection() => (
                format!("HTTP {}: it sends elsewhere, which is not followed", status.as_u16()),
                None,
            ),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                let asked = answer.headers().get("retry-after").and_then(|v| v.to_str().ok());
                let seconds = asked.and_then(|v| v.parse().ok()).unwrap_or(0);
                (format!("HTTP {}", status.as_u16()), again(Duration::from_secs(seconds)))
            }
            status if status.is_server_error() => {
                (format!("HTTP {}", status.as_u16()), again(Duration::ZERO))
            }
            // The receiver knows this call and does not want it: it will not tomorrow either.
            status => (format!("HTTP {}", status.as_u16()), None),
        };
        Err(Refused { why: words, again })
    }

    /// By kind alone: an error's own words hold the URL.
    fn failed(&self, error: &reqwest::Error) -> Refused {
        let tls = error.source().and_then(tls_error);
        let why = match tls {
            Some(rustls::Error::InvalidCertificate(_)) => {
                "its certificate is not accepted".to_owned()
            }
            Some(_) => "the TLS handshake fails".to_owned(),
            None if error.is_timeout() => {
                format!("no answer within {} s", self.timeout.as_secs_f32())
            }
            None if error.is_connect() => "no connection".to_owned(),
            None => "the connection ends before an answer".to_owned(),
        };
        Refused { why, again: Some(Duration::ZERO) }
    }
}

/// TLS's own word among the causes. What an `io::Error` holds is none of its sources.
fn tls_error<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    loop {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        error = match held {
            Some(held) => held,
            None => error.source()?,
        };
    }
}

/// A try that failed; `again` has the pause that the receiver asks for.
struct Refused {
    why: String,
    again: Option<Duration>,
}

/// Whether a secret URL may be called: over TLS, or to this machine itself (then true).
fn fits(url: &str) -> Result<bool, String> {
    let url = url::Url::parse(url).map_err(|_| "is no URL")?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("is no URL of a host".to_owned()),
    };
    match url.scheme() {
        "https" => Ok(false),
        "http" if loopback => Ok(true),
        "http" => Err("is not https, and the URL is a secret".to_owned()),
        _ => Err("is neither https nor http".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_goes_over_tls_or_nowhere() {
        for good in
            ["https://hooks.slack.com/services/x", "http://127.0.0.1:8080/", "http://[::1]/"]
        {
            assert!(fits(good).is_ok(), "{good}");
        }
        for bad in ["http://hooks.slack.com/canary", "canary", "file:///canary", "https://", ""] {
            assert!(fits(bad).is_err_and(|says| !says.contains("canary")), "{bad}");
        }
    }
}
