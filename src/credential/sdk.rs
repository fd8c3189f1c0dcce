//! Tokens as the Azure SDK obtains them (`azure_identity`): each of its requests goes over a channel
//! to the caller, who holds the network.
//!
//! Nothing here retries: an answer without a token ends the pipeline at once, whatever the
//! SDK's own options say (it would ask a metadata service for 72 s).

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::Bytes;
use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret as SdkSecret, TokenCredential};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientMethodOptions, ClientOptions, HttpClient, Method, Request,
    RetryOptions, StatusCode, Transport,
};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId,
};
use tokio::sync::{mpsc, oneshot};

use super::acquire::AcquireError;
use super::flow::IdentityId;
use super::outbound::{OutboundRequest, Reply, SendRequest};
use super::program::SdkCredential;
use crate::evidence::identity::TokenPurpose;
use crate::evidence::text::{clean, is_guid};
use crate::secret::Secret;

/// A credential of the SDK, and its requests.
pub(super) struct Sdk {
    credential: Arc<dyn TokenCredential>,
    requests: mpsc::UnboundedReceiver<PendingRequest>,
}

/// A request of the SDK that waits for its reply.
struct PendingRequest {
    request: OutboundRequest,
    reply: oneshot::Sender<Option<Reply>>,
}

/// The SDK's transport: requests go to the caller.
#[derive(Debug)]
struct ChannelTransport {
    to: mpsc::UnboundedSender<PendingRequest>,
    purpose: TokenPurpose,
}

#[async_trait]
impl HttpClient for ChannelTransport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let form = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => return Err(ended("a streamed body")),
        };
        // The SDK sends IDENTITY_HEADER wherever it is set; it is App Service's alone.
        let app_service = self.purpose == TokenPurpose::AppService;
        let headers = request
            .headers()
            .iter()
            .filter(|(name, _)| app_service || name.as_str() != "x-identity-header")
            .map(|(name, value)| (name.as_str().to_owned(), Secret::new(value.as_str().to_owned())))
            .collect();
        let method = if request.method() == Method::Post { "POST" } else { "GET" };
        let request = OutboundRequest {
            purpose: self.purpose,
            method,
            url: request.url().clone(),
            headers,
            form: (method == "POST").then(|| Secret::new(form)),
        };
        let (reply, replied) = oneshot::channel();
        self.to.send(PendingRequest { request, reply }).map_err(|_| ended("the walk is over"))?;
        let reply = replied.await.ok().flatten().ok_or_else(|| ended("no answer"))?;
        if !(200..300).contains(&reply.status) {
            return Err(ended("a refusal"));
        }
        let bytes = Bytes::copy_from_slice(&reply.body);
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(reply.status), Headers::new(), bytes))
    }
}

/// An error of a kind that the SDK does not retry.
fn ended(why: &'static str) -> Error {
    Error::with_message(ErrorKind::Other, why)
}

/// The SDK's message about a token that it could not obtain. It may repeat a program's output.
fn words(error: &Error) -> String {
    let text = error.to_string();
    // What the SDK puts around them.
    let text = text.split("To troubleshoot, visit").next().unwrap_or_default();
    shown(text.split_once("authentication failed. ").map_or(text, |(_, message)| message))
}

/// A message for outputs: what looks like a key or a token is left out of it.
pub(super) fn shown(text: &str) -> String {
    let shown: Vec<&str> = text
        .split_whitespace()
        .map(|word| match is_an_id(word) || !looks_like_a_token(word) {
            true => word,
            false => "[not shown]",
        })
        .collect();
    clean(&shown.join(" "), 200)
}

/// A run of 24 characters of base64 with a digit in it, a JWT, or something after `=` or `:` that
/// is one.
fn looks_like_a_token(word: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.~+/".contains(c);
    word.split(|c| !inside(c)).any(|part| {
        let address = part.starts_with("//") || part.starts_with("/");
        !address && !is_an_id(part) && part.len() >= 24 && part.bytes().any(|c| c.is_ascii_digit())
    })
}

/// Whether a word is an id (8-4-4-4-12 hexadecimal digits), which people need for support.
fn is_an_id(word: &str) -> bool {
    is_guid(word.trim_matches(|c: char| !c.is_ascii_hexdigit()))
}

/// An assertion that is at hand.
#[derive(Debug)]
struct StaticAssertion(Secret);

#[async_trait]
impl ClientAssertion for StaticAssertion {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose().to_owned())
    }
}

impl Sdk {
    fn options(
        to: mpsc::UnboundedSender<PendingRequest>,
        purpose: TokenPurpose,
        authority: &str,
    ) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority.to_owned();
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(ChannelTransport { to, purpose }))),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        }
    }

    /// An application with a client secret (fact I2).
    pub(super) fn client_secret(
        authority: &str,
        tenant: &str,
        client: &str,
        secret: &Secret,
    ) -> Result<Self, String> {
        let (to, requests) = mpsc::unbounded_channel();
        let purpose = TokenPurpose::Entra;
        let client_options = Self::options(to, purpose, authority);
        let credential = ClientSecretCredential::new(
            tenant,
            client.to_owned(),
            SdkSecret::new(secret.expose().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|e| words(&e))?;
        Ok(Self { credential, requests })
    }

    /// An application with an assertion (facts I3, I4).
    pub(super) fn assertion(
        authority: &str,
        tenant: &str,
        client: &str,
        assertion: Secret,
    ) -> Result<Self, String> {
        let (to, requests) = mpsc::unbounded_channel();
        let purpose = TokenPurpose::Entra;
        let client_options = Self::options(to, purpose, authority);
        let credential = ClientAssertionCredential::new(
            tenant.to_owned(),
            client.to_owned(),
            StaticAssertion(assertion),
            Some(ClientAssertionCredentialOptions { client_options }),
        )
        .map_err(|e| words(&e))?;
        Ok(Self { credential, requests })
    }

    /// A managed identity of a virtual machine or of App Service, recognised by the process's
    /// environment (facts I7, I9).
    pub(super) fn managed_identity(
        purpose: TokenPurpose,
        identity: Option<&IdentityId>,
    ) -> Result<Self, String> {
        let (to, requests) = mpsc::unbounded_channel();
        let mut options = ManagedIdentityCredentialOptions::default();
        options.client_options = Self::options(to, purpose, "https://login.microsoftonline.com");
        options.user_assigned_id = identity.map(|identity| match identity {
            IdentityId::Client(id) => UserAssignedId::ClientId(id.clone()),
            IdentityId::Object(id) => UserAssignedId::ObjectId(id.clone()),
            IdentityId::Resource(id) => UserAssignedId::ResourceId(id.clone()),
        });
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|e| words(&e))?;
        Ok(Self { credential, requests })
    }

    /// A credential that runs a program and makes no request itself.
    pub(super) fn program(credential: SdkCredential) -> Result<Self, String> {
        let (_, requests) = mpsc::unbounded_channel();
        Ok(Self { credential: credential.map_err(|e| words(&e))?, requests })
    }

    /// Asks for a token of `scope`; each request goes through `send`.
    pub(super) async fn token(
        self,
        scope: &str,
        send: &SendRequest<'_>,
    ) -> Result<Secret, AcquireError> {
        let Self { credential, mut requests } = self;
        let scopes = [scope];
        let mut getting = std::pin::pin!(credential.get_token(&scopes, None));
        // The SDK for Rust wants fields that others do without (`ext_expires_in`, `expires_on` as
        // a string): what it refuses is a token to applications with another SDK.
        let mut held: Option<Secret> = None;
        let mut fault: Option<&'static str> = None;
        let unusable = |why: String| Err(AcquireError::Unusable(why));
        loop {
            tokio::select! {
                biased;
                Some(pending) = requests.recv() => {
                    let reply = send(pending.request).await;
                    held = reply.as_ref().and_then(access_token);
                    fault = reply.as_ref().and_then(fault_of);
                    // The SDK may have given up by then.
                    let _ = pending.reply.send(reply);
                }
                got = &mut getting => {
                    let token = match (got, held, fault) {
                        (Ok(token), _, _) => token,
                        (Err(_), Some(token), _) => return Ok(token),
                        // The SDK's own words repeat parts of the answer.
                        (Err(_), None, Some(why)) => return unusable(why.to_owned()),
                        (Err(error), None, None) => return unusable(words(&error)),
                    };
                    let token = token.token.secret();
                    // The SDK takes an answer without a token for an empty one.
                    return match token.bytes().all(|c| c.is_ascii_graphic()) && !token.is_empty() {
                        true => Ok(Secret::new(token.to_owned())),
                        false => unusable(fault.unwrap_or("the answer holds no token").to_owned()),
                    };
                }
            }
        }
    }
}

/// The token in an answer, whatever else is missing there.
fn access_token(reply: &Reply) -> Option<Secret> {
    if !reply.is_success() {
        return None;
    }
    let answer: Answer = serde_json::from_slice(&reply.body).ok()?;
    let token = Secret::new(answer.access_token);
    let whole = !token.expose().is_empty() && token.expose().bytes().all(|c| c.is_ascii_graphic());
    whole.then_some(token)
}

/// What is wrong with an answer that accepts the request and holds no token; no part of it is
/// repeated.
fn fault_of(reply: &Reply) -> Option<&'static str> {
    if !reply.is_success() {
        return None;
    }
    Some(match serde_json::from_slice::<serde::de::IgnoredAny>(&reply.body) {
        Err(_) => "the answer is not JSON",
        Ok(_)
            if serde_json::from_slice::<Answer>(&reply.body)
                .is_ok_and(|a| !a.access_token.is_empty()) =>
        {
            "the access_token in the answer is not a token"
        }
        Ok(_) => "the answer is JSON without access_token",
    })
}

/// What every answer with a token has.
#[derive(serde::Deserialize)]
struct Answer {
    access_token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_without_a_token_is_not_repeated() {
        let shown_of = |body: &'static str| async move {
            let secret = Secret::new("s".to_owned());
            let sdk = Sdk::client_secret("https://login.example", "t", "c", &secret).unwrap();
            let send =
                |_: OutboundRequest| -> std::pin::Pin<Box<dyn Future<Output = Option<Reply>>>> {
                    let body = body.as_bytes().to_vec().into();
                    Box::pin(async { Some(Reply { status: 200, headers: Vec::new(), body }) })
                };
            match sdk.token("https://x/.default", &send).await {
                Err(AcquireError::Unusable(why)) => why,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(shown_of("\"canary\"").await, "the answer is JSON without access_token");
        assert_eq!(
            shown_of("{\"token_type\": \"canary\"}").await,
            "the answer is JSON without access_token"
        );
        assert_eq!(shown_of("canary").await, "the answer is not JSON");
    }

    #[test]
    fn what_looks_like_a_token_is_not_shown() {
        let shown_of = |text: &'static str| words(&ended(text));
        assert_eq!(
            shown_of("ERROR: token eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJjYW5hcnkifQ.c2ln was refused"),
            "ERROR: token [not shown] was refused"
        );
        assert_eq!(shown_of("secret=abc8Q~1234567890abcdefghij!"), "[not shown]");
        for whole in [
            "ERROR: Please run 'az login' to setup account.",
            "AADSTS700082: The refresh token has expired. Trace ID: 0f0e0d0c-0b0a-0908-0706-050403020100",
            "see https://aka.ms/azsdk/rust/identity/troubleshoot",
        ] {
            assert_eq!(shown_of(whole), whole);
        }
    }
}
