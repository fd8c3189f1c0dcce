//! Asks for a token: which requests, in which order, and what their answers mean. The network
//! is the caller's.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::CryptoProvider;
use url::Url;

use super::certificate::NoCertificate;
use super::cli::{Az, Said};
use super::metadata::NotHere;
use super::request::Send;
use super::sdk::Sdk;
use super::ways::{Endpoint, NO_ID, Proof, Way, shown_id};
use super::{authority, claims, cli, file, metadata, opening};
use crate::evidence::identity::{TokenClaims, TokenOutcome, TokenPurpose};
use crate::evidence::text::clean;
use crate::secret::Secret;
use crate::services::Cloud;
use crate::world::Environment;

/// What a token is asked for, and by what means.
pub struct Wanted<'a> {
    /// The scope, e.g. `https://cognitiveservices.azure.com/.default`.
    pub scope: &'a str,
    /// The authority, e.g. `https://login.microsoftonline.com`, or why there is none.
    pub authority: &'a Result<String, String>,
    /// Signs assertions.
    pub provider: &'a Arc<CryptoProvider>,
    /// How long a file or a program may take.
    pub patience: Duration,
    /// This machine's clock.
    pub now: SystemTime,
    /// The environment, of which a program gets what it needs.
    pub environment: &'a Environment,
}

/// What came of it.
pub struct Came {
    /// The token.
    pub token: Option<Secret>,
    /// In words of the evidence.
    pub outcome: TokenOutcome,
    /// What was seen beside it.
    pub beside: Beside,
}

/// What was seen beside a token, or on the way to none.
#[derive(Default)]
pub struct Beside {
    /// The assertion that was presented, as facts.
    pub assertion: Option<TokenClaims>,
    /// Whether the assertion's file begins or ends with a blank or a line end.
    pub assertion_has_blank_ends: bool,
    /// Why the SDK for Rust takes no token from an answer that another SDK takes one from.
    pub sdk_refuses: Option<String>,
}

/// The authority of a cloud (fact D24).
#[must_use]
pub const fn authority(cloud: Cloud) -> &'static str {
    match cloud {
        Cloud::Public => "https://login.microsoftonline.com",
        Cloud::UsGov => "https://login.microsoftonline.us",
        Cloud::China => "https://login.chinacloudapi.cn",
    }
}

/// Asks for a token the way that `way` says.
pub async fn acquire(way: &Way, wanted: &Wanted<'_>, send: &Send<'_>) -> Came {
    let mut beside = Beside::default();
    let got = match way {
        Way::Entra { tenant, client, proof } => {
            entra(tenant, client, proof, wanted, send, &mut beside).await
        }
        Way::Managed { endpoint, identity } => {
            let resource = wanted.scope.trim_end_matches("/.default");
            match endpoint {
                Endpoint::Imds => {
                    match Sdk::managed_identity(TokenPurpose::Imds, identity.as_ref()) {
                        Ok(imds) => sdk(Ok(imds), wanted, send).await,
                        // It takes a variable that is set and empty for a platform's; other SDKs
                        // do not.
                        Err(_) => metadata::imds(resource, identity.as_ref(), send)
                            .await
                            .map_err(Failed::from),
                    }
                }
                Endpoint::AppService { url, header } => {
                    let fits = metadata::fits_a_header("IDENTITY_HEADER", header);
                    match here(fits, "IDENTITY_ENDPOINT", url) {
                        Err(failed) => Err(failed),
                        Ok(_) => {
                            let purpose = TokenPurpose::AppService;
                            sdk(Sdk::managed_identity(purpose, identity.as_ref()), wanted, send)
                                .await
                        }
                    }
                }
                Endpoint::Arc { url } => match here(Ok(()), "IDENTITY_ENDPOINT", url) {
                    Err(failed) => Err(failed),
                    Ok(url) => metadata::arc(&url, resource, send, wanted.patience)
                        .await
                        .map_err(Failed::from),
                },
                Endpoint::CloudShell { url } => match here(Ok(()), "MSI_ENDPOINT", url) {
                    Err(failed) => Err(failed),
                    Ok(url) => {
                        metadata::cloud_shell(&url, resource, send).await.map_err(Failed::from)
                    }
                },
                Endpoint::MachineLearning { url, secret } => {
                    let fits = metadata::fits_a_header("MSI_SECRET", secret);
                    match here(fits, "MSI_ENDPOINT", url) {
                        Err(failed) => Err(failed),
                        Ok(url) => metadata::machine_learning(
                            &url,
                            secret,
                            resource,
                            identity.as_ref(),
                            send,
                        )
                        .await
                        .map_err(Failed::from),
                    }
                }
                // Its certificate is known by a SHA-1 thumbprint alone: no session of ours
                // verifies so, and the secret leaves over none that does not verify.
                Endpoint::ServiceFabric { .. } => Err(Failed::NotSupported(
                    "Service Fabric's endpoint is trusted by a thumbprint, which is not walked"
                        .to_owned(),
                )),
            }
        }
        Way::Cli => azure_cli(wanted, send, &mut beside).await,
    };
    let (token, outcome) = match got {
        Ok(token) => (Some(token), TokenOutcome::Acquired),
        Err(Failed::NotAsked(says)) => (None, TokenOutcome::NotAsked { says }),
        Err(Failed::NotSupported(says)) => (None, TokenOutcome::NotSupported { says }),
        Err(Failed::Answer(Some(says))) => (None, TokenOutcome::Unusable { says }),
        // Whether an answer came is in the evidence of the request.
        Err(Failed::Answer(None)) => (None, TokenOutcome::Refused),
    };
    Came { token, outcome, beside }
}

/// Why there is no token.
enum Failed {
    /// A step before any request.
    NotAsked(String),
    /// A way that an application may take, and this tool does not.
    NotSupported(String),
    /// An answer, or none; words where it is no refusal.
    Answer(Option<String>),
}

impl From<metadata::NoToken> for Failed {
    fn from(says: metadata::NoToken) -> Self {
        Self::Answer(says)
    }
}

/// The address of a platform's endpoint, where its secret `fits` a header.
fn here(fits: Result<(), String>, variable: &str, url: &str) -> Result<Url, Failed> {
    fits.map_err(Failed::NotAsked)?;
    metadata::local(variable, url).map_err(|not_here| match not_here {
        NotHere::Wrong(says) => Failed::NotAsked(says),
        NotHere::Elsewhere(says) => Failed::NotSupported(says),
    })
}

async fn sdk(
    sdk: Result<Sdk, String>,
    wanted: &Wanted<'_>,
    send: &Send<'_>,
) -> Result<Secret, Failed> {
    match sdk {
        Err(says) => Err(Failed::NotAsked(says)),
        Ok(sdk) => sdk.token(wanted.scope, send).await.map_err(|says| Failed::Answer(Some(says))),
    }
}

/// A token of the Azure CLI.
async fn azure_cli(
    wanted: &Wanted<'_>,
    send: &Send<'_>,
    beside: &mut Beside,
) -> Result<Secret, Failed> {
    let said = Said::default();
    let az = Az {
        environment: cli::for_az(wanted.environment),
        until: Instant::now() + wanted.patience,
        said: said.clone(),
    };
    let cli = Sdk::azure_cli(az);
    // No request of ours: the words are the program's, or the SDK's about them.
    let says = match sdk(cli, wanted, send).await {
        Err(Failed::Answer(says)) => says.unwrap_or_default(),
        other => return other,
    };
    // The SDK names the kind of an error of ours first.
    let ours = ["timed out error: ", "invalid data error: "];
    let bare = ours.iter().find_map(|kind| says.strip_prefix(kind)).unwrap_or(&says);
    match (said.take(), bare) {
        (Some(token), _) => {
            beside.sdk_refuses = Some(bare.to_owned());
            Ok(token)
        }
        (None, "") => Err(Failed::NotAsked("it gave no token, and no reason".to_owned())),
        (None, bare) => Err(Failed::NotAsked(bare.to_owned())),
    }
}

async fn entra(
    tenant: &str,
    client: &str,
    proof: &Proof,
    wanted: &Wanted<'_>,
    send: &Send<'_>,
    beside: &mut Beside,
) -> Result<Secret, Failed> {
    let authority = wanted.authority.as_deref().map_err(|says| Failed::NotAsked(says.clone()))?;
    authority::tenant(tenant).map_err(Failed::NotAsked)?;
    let assertion = match proof {
        Proof::ClientSecret(secret) => {
            return sdk(Sdk::client_secret(authority, tenant, client, secret), wanted, send).await;
        }
        Proof::Certificate { path, password, send_chain } => {
            let endpoint = format!("{authority}/{tenant}/oauth2/v2.0/token");
            let variable = "AZURE_CLIENT_CERTIFICATE_PATH";
            let octets = file::read_octets_beside(variable, path, wanted.patience)
                .await
                .map_err(Failed::NotAsked)?;
            let shown = clean(path, 200);
            let opened = opening::opened(octets, password.as_ref(), wanted.patience).await;
            let material = opened.map_err(|no| match no {
                NoCertificate::Wrong(says) => Failed::NotAsked(format!("{shown} {says}")),
                NoCertificate::NotRead(says) => Failed::NotSupported(format!("{shown} {says}")),
            })?;
            let now = wanted.now;
            material
                .assertion(client, &endpoint, *send_chain, wanted.provider, now)
                .map_err(|says| Failed::NotAsked(format!("{shown} {says}")))?
        }
        Proof::AssertionFile { path, named_by } => {
            let text = read(named_by, path, wanted).await?;
            let bare = text.trim();
            // Another file of secrets is not for Entra ID to see.
            if claims::read(bare, wanted.now).is_none() {
                let what = if bare.is_empty() { "is empty" } else { "holds no assertion (JWT)" };
                return Err(Failed::NotAsked(format!("{} {what}", clean(path, 200))));
            }
            // As it stands: so SDKs send it (fact I4b).
            beside.assertion_has_blank_ends = bare.len() != text.len();
            Secret::new(text.as_str().to_owned())
        }
        Proof::Google => metadata::google(send).await?,
        Proof::GitHub { url, token } => {
            let url = metadata::github_url(url).map_err(Failed::NotAsked)?;
            metadata::github(&url, token, send).await?
        }
    };
    beside.assertion = claims::read(assertion.expose().trim(), wanted.now);
    // Our own assertion names the client, which may be a secret in the wrong variable.
    if let Some(claims) = beside.assertion.as_mut().filter(|_| shown_id(client) == NO_ID) {
        for claim in [&mut claims.issuer, &mut claims.subject] {
            if claim.as_deref() == Some(clean(client, 300).as_str()) {
                *claim = Some(NO_ID.to_owned());
            }
        }
    }
    sdk(Sdk::assertion(authority, tenant, client, assertion), wanted, send).await
}

async fn read(
    variable: &'static str,
    path: &str,
    wanted: &Wanted<'_>,
) -> Result<zeroize::Zeroizing<String>, Failed> {
    file::read_beside(variable, path, wanted.patience).await.map_err(Failed::NotAsked)
}
