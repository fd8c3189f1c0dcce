//! Calls a webhook: in order, one call at a time, with retries. Walks do not wait for it, and no
//! message shows the URL.

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

use crate::monitor::event::Event;
use crate::secret::Secret;
use crate::wire::http::AGENT;

/// Notifications that are queued, at most.
pub const MAX_WAITING: usize = 256;
/// Attempts for one notification; with their pauses they take about five minutes.
const ATTEMPTS: u32 = 9;
/// The pause after the first attempt; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, also when the receiver asks for a longer one.
const MAX_PAUSE: Duration = Duration::from_secs(64);

/// A webhook.
#[derive(Debug)]
pub struct Webhook {
    client: reqwest::Client,
    url: Secret,
    timeout: Duration,
}

/// One call to make.
#[derive(Debug)]
pub struct Delivery {
    /// The body.
    pub body: Value,
    /// The events that it reports.
    pub events: Vec<Event>,
}

/// The result of a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It was accepted.
    Delivered(Vec<Event>),
    /// It will not be retried, with the reason.
    GivenUp(Vec<Event>, String),
    /// The first attempt failed; more follow.
    Retrying(String),
}

impl Webhook {
    /// A webhook at `url`. The certificate is always verified; redirects are never followed.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL; the message does not show it.
    pub fn new(
        url: Secret,
        timeout: Duration,
        verifier: Option<Arc<WebPkiServerVerifier>>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let plain = check_url(url.expose().trim())?;
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
            // Connections are idle for minutes, and the receiver closes them.
            .pool_max_idle_per_host(0)
            .timeout(timeout);
        if plain {
            // Only to this machine itself: not through a proxy, nor to another machine that the hosts
            // file gives this name.
            let itself = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
            let itself = itself.map(|address| SocketAddr::new(address, 0));
            builder = builder.no_proxy().resolve_to_addrs("localhost", &itself);
        }
        let client = builder.build().map_err(|_| "the client cannot be made")?;
        Ok(Self { client, url, timeout })
    }

    /// Delivers until the queue ends, and reports the result of each delivery.
    pub async fn deliver(
        self,
        mut deliveries: mpsc::Receiver<Delivery>,
        outcomes: mpsc::UnboundedSender<Outcome>,
    ) {
        while let Some(Delivery { body, events }) = deliveries.recv().await {
            let outcome = match self.call_with_retries(&body, &outcomes).await {
                Ok(()) => Outcome::Delivered(events),
                Err(why) => Outcome::GivenUp(events, why),
            };
            if outcomes.send(outcome).is_err() {
                return;
            }
        }
    }

    /// One call, attempted once.
    ///
    /// # Errors
    ///
    /// Why it was not accepted; the message does not show the URL.
    pub async fn call(&self, body: &Value) -> Result<(), String> {
        self.attempt(body).await.map_err(|refused| refused.why)
    }

    async fn call_with_retries(
        &self,
        body: &Value,
        outcomes: &mpsc::UnboundedSender<Outcome>,
    ) -> Result<(), String> {
        let mut pause = FIRST_PAUSE;
        for left in (0..ATTEMPTS).rev() {
            let (why, asked) = match self.attempt(body).await {
                Ok(()) => return Ok(()),
                Err(FailedAttempt { why, again: None }) => return Err(why),
                Err(FailedAttempt { why, again: Some(asked) }) => (why, asked),
            };
            if left == 0 {
                return Err(format!("{why}; {ATTEMPTS} attempts"));
            }
            if left == ATTEMPTS - 1 {
                let _ = outcomes.send(Outcome::Retrying(why));
            }
            // Between half of it and all of it, so that many machines do not call at the same time.
            let by_chance = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            tokio::time::sleep(by_chance.max(asked).min(MAX_PAUSE)).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
        Err("no attempt is left".to_owned())
    }

    async fn attempt(&self, body: &Value) -> Result<(), FailedAttempt> {
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
            status if status.is_redirection() => {
                (format!("HTTP {}: a redirect, which is not followed", status.as_u16()), None)
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                let asked = answer.headers().get("retry-after").and_then(|v| v.to_str().ok());
                let seconds = asked.and_then(|v| v.parse().ok()).unwrap_or(0);
                (format!("HTTP {}", status.as_u16()), again(Duration::from_secs(seconds)))
            }
            status if status.is_server_error() => {
                (format!("HTTP {}", status.as_u16()), again(Duration::ZERO))
            }
            // The receiver has rejected the call; a retry would not help.
            status => (format!("HTTP {}", status.as_u16()), None),
        };
        Err(FailedAttempt { why: words, again })
    }

    /// Only by its kind: the error's own message contains the URL.
    fn failed(&self, error: &reqwest::Error) -> FailedAttempt {
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
        FailedAttempt { why, again: Some(Duration::ZERO) }
    }
}

/// The TLS error among the causes. The inner error of an `io::Error` is not among its sources.
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

/// A failed attempt; `again` is the pause that the receiver asks for.
struct FailedAttempt {
    why: String,
    again: Option<Duration>,
}

/// Checks a secret URL; returns whether it is plain HTTP, which is only allowed to this machine.
fn check_url(url: &str) -> Result<bool, String> {
    let url = url::Url::parse(url).map_err(|_| "is not a URL")?;
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("has no host".to_owned()),
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
    fn a_secret_url_is_only_called_over_tls() {
        for good in
            ["https://hooks.slack.com/services/x", "http://127.0.0.1:8080/", "http://[::1]/"]
        {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in ["http://hooks.slack.com/canary", "canary", "file:///canary", "https://", ""] {
            assert!(check_url(bad).is_err_and(|message| !message.contains("canary")), "{bad}");
        }
    }
}
