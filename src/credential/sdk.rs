//! Tokens as the Azure SDK gets them (`azure_identity`), each of its requests handed to whoever
//! holds the network.
//!
//! Nothing here retries: an answer that is no token ends the pipeline at once, whatever the
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
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
};
use tokio::sync::{mpsc, oneshot};

use super::cli::Az;
use super::request::{OutboundRequest, Reply, Send};
use super::ways::UserAssigned;
use crate::evidence::identity::TokenPurpose;
use crate::evidence::text::clean;
use crate::secret::Secret;

/// A credential of the SDK, and its requests.
pub(super) struct Sdk {
    credential: Arc<dyn TokenCredential>,
    asked: mpsc::UnboundedReceiver<Asked>,
}

struct Asked {
    request: OutboundRequest,
    tell: oneshot::Sender<Option<Reply>>,
}

/// Hands the SDK's requests over.
#[derive(Debug)]
struct Handed {
    to: mpsc::UnboundedSender<Asked>,
    purpose: TokenPurpose,
}

#[async_trait]
impl HttpClient for Handed {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let form = match request.body() {
            Body::Bytes(octets) => String::from_utf8_lossy(octets).into_owned(),
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
        let (tell, told) = oneshot::channel();
        self.to.send(Asked { request, tell }).map_err(|_| ended("the walk is over"))?;
        let reply = told.await.ok().flatten().ok_or_else(|| ended("no answer"))?;
        if !(200..300).contains(&reply.status) {
            return Err(ended("a refusal"));
        }
        let octets = Bytes::copy_from_slice(&reply.body);
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(reply.status), Headers::new(), octets))
    }
}

/// An error of a kind that the SDK does not retry.
fn ended(says: &'static str) -> Error {
    Error::with_message(ErrorKind::Other, says)
}

/// A token that the SDK could not get, in its words. They may be a program's own, which may say
/// anything: what looks like a key or a token is left out.
fn words(error: &Error) -> String {
    let text = error.to_string();
    // What the SDK puts around them.
    let text = text.split("To troubleshoot, visit").next().unwrap_or_default();
    let text = text.split_once("authentication failed. ").map_or(text, |(_, said)| said);
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
    let word = word.trim_matches(|c: char| !c.is_ascii_hexdigit());
    let groups: Vec<&str> = word.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// An assertion in hand.
#[derive(Debug)]
struct Given(Secret);

#[async_trait]
impl ClientAssertion for Given {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        Ok(self.0.expose().to_owned())
    }
}

impl Sdk {
    fn options(
        to: mpsc::UnboundedSender<Asked>,
        purpose: TokenPurpose,
        authority: &str,
    ) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority.to_owned();
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(Transport::new(Arc::new(Handed { to, purpose }))),
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
        let (to, asked) = mpsc::unbounded_channel();
        let purpose = TokenPurpose::Entra;
        let client_options = Self::options(to, purpose, authority);
        let credential = ClientSecretCredential::new(
            tenant,
            client.to_owned(),
            SdkSecret::new(secret.expose().to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|e| words(&e))?;
        Ok(Self { credential, asked })
    }

    /// An application with an assertion (facts I3, I4).
    pub(super) fn assertion(
        authority: &str,
        tenant: &str,
        client: &str,
        assertion: Secret,
    ) -> Result<Self, String> {
        let (to, asked) = mpsc::unbounded_channel();
        let purpose = TokenPurpose::Entra;
        let client_options = Self::options(to, purpose, authority);
        let credential = ClientAssertionCredential::new(
            tenant.to_owned(),
            client.to_owned(),
            Given(assertion),
            Some(ClientAssertionCredentialOptions { client_options }),
        )
        .map_err(|e| words(&e))?;
        Ok(Self { credential, asked })
    }

    /// A managed identity of a virtual machine or of App Service, told by the process's own
    /// environment (facts I7, I9).
    pub(super) fn managed_identity(
        purpose: TokenPurpose,
        identity: Option<&UserAssigned>,
    ) -> Result<Self, String> {
        let (to, asked) = mpsc::unbounded_channel();
        let mut options = ManagedIdentityCredentialOptions::default();
        options.client_options = Self::options(to, purpose, "https://login.microsoftonline.com");
        options.user_assigned_id = identity.map(|identity| match identity {
            UserAssigned::Client(id) => UserAssignedId::ClientId(id.clone()),
            UserAssigned::Object(id) => UserAssignedId::ObjectId(id.clone()),
            UserAssigned::Resource(id) => UserAssignedId::ResourceId(id.clone()),
        });
        let credential = ManagedIdentityCredential::new(Some(options)).map_err(|e| words(&e))?;
        Ok(Self { credential, asked })
    }

    /// The account that the Azure CLI is logged in with, in the tenant that it is logged in to
    /// (facts I12, I12b).
    pub(super) fn azure_cli(az: Az) -> Result<Self, String> {
        let (_, asked) = mpsc::unbounded_channel();
        let options = AzureCliCredentialOptions {
            executor: Some(Arc::new(az)),
            ..AzureCliCredentialOptions::default()
        };
        let credential = AzureCliCredential::new(Some(options)).map_err(|e| words(&e))?;
        Ok(Self { credential, asked })
    }

    /// Asks for a token of `scope`; each request goes through `send`.
    pub(super) async fn token(self, scope: &str, send: &Send<'_>) -> Result<Secret, String> {
        let Self { credential, mut asked, .. } = self;
        let scopes = [scope];
        let mut getting = std::pin::pin!(credential.get_token(&scopes, None));
        // The SDK for Rust wants fields that others do without (`ext_expires_in`, `expires_on` as
        // a string): a token is one to applications with another SDK.
        let mut held: Option<Secret> = None;
        let mut without: Option<&'static str> = None;
        loop {
            tokio::select! {
                biased;
                Some(one) = asked.recv() => {
                    let reply = send(one.request).await;
                    held = reply.as_ref().and_then(access_token);
                    without = reply.as_ref().and_then(no_token);
                    // The SDK may have given up by then.
                    let _ = one.tell.send(reply);
                }
                got = &mut getting => {
                    let token = match (got, held, without) {
                        (Ok(token), _, _) => token,
                        (Err(_), Some(token), _) => return Ok(token),
                        // The SDK's own words repeat what stands in the answer.
                        (Err(_), None, Some(says)) => return Err(says.to_owned()),
                        (Err(error), None, None) => return Err(words(&error)),
                    };
                    let token = token.token.secret();
                    // The SDK takes an answer without a token for an empty one.
                    return match token.bytes().all(|c| c.is_ascii_graphic()) && !token.is_empty() {
                        true => Ok(Secret::new(token.to_owned())),
                        false => Err(without.unwrap_or("the answer holds no token").to_owned()),
                    };
                }
            }
        }
    }
}

/// The token in an answer, whatever else is missing there.
fn access_token(reply: &Reply) -> Option<Secret> {
    if !(200..300).contains(&reply.status) {
        return None;
    }
    let answer: Answer = serde_json::from_slice(&reply.body).ok()?;
    let token = Secret::new(answer.access_token);
    let whole = !token.expose().is_empty() && token.expose().bytes().all(|c| c.is_ascii_graphic());
    whole.then_some(token)
}

/// What is wrong with an answer that accepts the request and holds no token; no part of it is
/// repeated.
fn no_token(reply: &Reply) -> Option<&'static str> {
    if !(200..300).contains(&reply.status) {
        return None;
    }
    Some(match serde_json::from_slice::<serde::de::IgnoredAny>(&reply.body) {
        Err(_) => "the answer is no JSON",
        Ok(_)
            if serde_json::from_slice::<Answer>(&reply.body)
                .is_ok_and(|a| !a.access_token.is_empty()) =>
        {
            "the access_token in the answer is no token"
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
        let said = |body: &'static str| async move {
            let secret = Secret::new("s".to_owned());
            let sdk = Sdk::client_secret("https://login.example", "t", "c", &secret).unwrap();
            let send =
                |_: OutboundRequest| -> std::pin::Pin<Box<dyn Future<Output = Option<Reply>>>> {
                    let body = body.as_bytes().to_vec().into();
                    Box::pin(async { Some(Reply { status: 200, headers: Vec::new(), body }) })
                };
            sdk.token("https://x/.default", &send).await.unwrap_err()
        };
        assert_eq!(said("\"canary\"").await, "the answer is JSON without access_token");
        assert_eq!(
            said("{\"token_type\": \"canary\"}").await,
            "the answer is JSON without access_token"
        );
        assert_eq!(said("canary").await, "the answer is no JSON");
    }

    #[test]
    fn what_looks_like_a_token_is_not_said_again() {
        let said = |text: &'static str| words(&ended(text));
        assert_eq!(
            said("ERROR: token eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJjYW5hcnkifQ.c2ln was refused"),
            "ERROR: token [not shown] was refused"
        );
        assert_eq!(said("secret=abc8Q~1234567890abcdefghij!"), "[not shown]");
        for whole in [
            "ERROR: Please run 'az login' to setup account.",
            "AADSTS700082: The refresh token has expired. Trace ID: 0f0e0d0c-0b0a-0908-0706-050403020100",
            "see https://aka.ms/azsdk/rust/identity/troubleshoot",
        ] {
            assert_eq!(said(whole), whole);
        }
    }
}
