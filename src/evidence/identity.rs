//! The caller: where the key or token comes from, never the secret itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Evidence;
use super::http::{Header, HttpOutcome};
use super::tcp::TcpAttempt;

/// The identity hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IdentityHop {
    /// The kind of credential in hand.
    pub kind: CredentialKind,
    /// Where it came from, e.g. `AZURE_OPENAI_API_KEY` or a file's path; null for none.
    pub source: Option<String>,
    /// What the value looks like, judged by its form alone.
    pub looks_like: Option<CredentialForm>,
    /// A token's claims, read without being verified.
    pub claims: Option<TokenClaims>,
    /// Audiences that the service wants, the preferred one first.
    pub wanted_audiences: Vec<String>,
    /// Other sources that are configured and were not taken.
    pub skipped_sources: Vec<SkippedSource>,
    /// The file with the secret can be read by other users (Unix mode in octal, or the groups
    /// of Windows that may).
    pub file_mode_open: Option<String>,
    /// What was around the value and was not sent; null when it was sent unchanged. The one
    /// line feed that ends a text file does not count.
    #[serde(default)]
    pub trimmed: Option<Trimmed>,
    /// Why a credential in hand was not sent; null when it was, or when there is none.
    pub withheld: Option<Withheld>,
    /// How the token was requested, where one had to be; null where the credential was at hand.
    #[serde(default)]
    pub acquisition: Option<Acquisition>,
    /// Credentials that the environment holds in addition to the one that was taken.
    #[serde(default)]
    pub configured: Configured,
}

/// What was around a key or token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trimmed {
    /// A carriage return or a line feed at its end.
    LineEnd,
    /// Blanks or tabs at its beginning or end.
    Blanks,
}

/// What the environment holds of credentials: names of variables, never values that are secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Configured {
    /// Sources of which some variables are set and others are missing.
    pub incomplete: Vec<IncompleteSource>,
    /// Variables of old SDKs that are set; they are named, never sent.
    pub old_variables: Vec<String>,
    /// The authority of `AZURE_AUTHORITY_HOST`, if it is set.
    pub authority_host: Option<String>,
    /// Whether `AZURE_AUTHORITY_HOST` is set and holds nothing, or blanks alone.
    pub authority_host_empty: bool,
    /// Variables of a cluster's token proxy that are set (`AZURE_KUBERNETES_TOKEN_PROXY` first):
    /// an application may ask it in place of Entra ID.
    pub token_proxy: Vec<String>,
}

/// A source of which some variables are set and others are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IncompleteSource {
    /// The source, by its name for `--credential`.
    pub source: String,
    /// Variables that are set.
    pub set: Vec<String>,
    /// Variables that are missing, also those of `empty`.
    pub missing: Vec<String>,
    /// Variables that are set and hold nothing, or blanks alone.
    #[serde(default)]
    pub empty: Vec<String>,
    /// Variables that are set and whose names are near to a missing one.
    pub near_misses: Vec<String>,
}

/// How a token was requested, and the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Acquisition {
    /// The source, by its name for `--credential`, e.g. `workload-identity`.
    pub source: String,
    /// The tenant, where the source names one.
    pub tenant: Option<String>,
    /// The application (client) id, or the id of a user-assigned identity.
    pub client: Option<String>,
    /// The scope that was asked for, e.g. `https://cognitiveservices.azure.com/.default`.
    pub scope: String,
    /// The client secret has the form of an id: the portal shows one next to each secret's value.
    #[serde(default)]
    pub secret_is_id: bool,
    /// The client secret is a reference to a vault, or a word that is to be replaced: not a secret.
    #[serde(default)]
    pub secret_stands_for: Option<CredentialForm>,
    /// The client secret begins or ends with a blank or a line end; it is sent unchanged, as
    /// applications send it.
    #[serde(default)]
    pub secret_has_blank_ends: bool,
    /// The claims of the assertion that authenticates the application.
    pub assertion: Option<TokenClaims>,
    /// Whether the assertion's file begins or ends with a blank or a line end: it was sent so.
    #[serde(default)]
    pub assertion_has_blank_ends: bool,
    /// Why the Azure SDK for Rust takes no token from the answer; the one for Python does, and so
    /// does this tool.
    #[serde(default)]
    pub sdk_refuses: Option<String>,
    /// Every request, in order, with its hops.
    pub requests: Vec<TokenRequest>,
    /// The outcome.
    pub outcome: TokenOutcome,
    /// Time from the first step to the outcome, in milliseconds.
    pub took_ms: f64,
}

/// What the request for a token led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TokenOutcome {
    /// A token came.
    Acquired,
    /// The last request was answered with a refusal.
    Refused,
    /// The last request was not answered, or could not be made.
    NotAnswered,
    /// The answer holds no token, or is not an answer of this kind of endpoint.
    Unusable {
        /// What is wrong with it.
        message: String,
    },
    /// The request could not be made: a file, a program or a value is wrong.
    NotAsked {
        /// Why.
        message: String,
    },
    /// An application obtains it in a way that this tool does not support: nothing is known of it.
    NotSupported {
        /// Which way.
        message: String,
    },
}

/// One request for a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRequest {
    /// What is asked.
    pub purpose: TokenPurpose,
    /// GET or POST.
    pub method: String,
    /// The URL, without secrets.
    pub url: String,
    /// The variable by which the Azure SDK for Python sends this plain request to a proxy; this
    /// walk went straight to the address.
    #[serde(default)]
    pub proxied_by: Option<String>,
    /// The hops to a host that has a name, as far as TLS: dns, proxy, tcp, tls.
    pub path: Option<Box<Evidence>>,
    /// The connection to a fixed address (metadata endpoints; never through a proxy).
    pub tcp: Option<TcpAttempt>,
    /// The answer, or why there is none; null when the path did not come so far.
    pub outcome: Option<TokenAnswer>,
    /// Start, in milliseconds since the walk began.
    pub started_ms: f64,
    /// Time taken in milliseconds.
    pub took_ms: f64,
}

/// What a token request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenPurpose {
    /// A token of Entra ID, from the authority.
    Entra,
    /// A token of a virtual machine's metadata service.
    Imds,
    /// A token of App Service, Functions or Container Apps.
    AppService,
    /// Azure Arc: the challenge, then the token.
    Arc,
    /// A token of Cloud Shell.
    CloudShell,
    /// A token of Azure Machine Learning, or of App Service by its protocol of 2017.
    MachineLearning,
    /// An identity token of Google's metadata server, to be an assertion.
    GoogleIdentity,
    /// An identity token of GitHub Actions, to be an assertion.
    GitHubIdentity,
}

/// The answer to a request for a token; the token itself is never kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenAnswer {
    /// The answer without its body where that holds a token.
    pub http: HttpOutcome,
    /// Entra's refusal, or a metadata endpoint's.
    pub refusal: Option<TokenRefusal>,
}

/// A refusal of a token (fact 5.2 and RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenRefusal {
    /// Status code.
    pub status: u16,
    /// `error`, e.g. `invalid_client`.
    pub error: Option<String>,
    /// `error_codes`: the numbers behind AADSTS.
    pub codes: Vec<u32>,
    /// `error_description`, bounded and redacted. For people only.
    pub description: Option<String>,
    /// `correlation_id`, for a support request.
    pub correlation_id: Option<String>,
    /// `trace_id`.
    pub trace_id: Option<String>,
    /// Headers that identify the server that answered.
    pub headers: Vec<Header>,
}

/// A kind of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// None.
    None,
    /// An API key (header `api-key`).
    ApiKey,
    /// An Entra token (header `Authorization: Bearer`).
    Token,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialForm {
    /// Three base64url parts with a JSON header: a JWT.
    Jwt,
    /// A reference to a secret in a vault, in the form of App Service: `@Microsoft.KeyVault(..)`.
    Reference,
    /// A word that is to be replaced, as in `<your-api-key>` or `${KEY}`.
    Placeholder,
    /// A key in the form of OpenAI's own platform: `sk-..`.
    OpenaiKey,
    /// The base64 of what has the form of an account's key.
    Base64,
    /// A value in quotes.
    Quoted,
    /// A value behind the name of its variable: `NAME=value`.
    Named,
    /// A URL.
    Url,
    /// Anything else.
    Opaque,
}

/// A configured source that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkippedSource {
    /// The source.
    pub source: String,
    /// Why.
    pub reason: String,
    /// The variable by which `DefaultAzureCredential` leaves it out too (fact I110); absent where the
    /// order of this tool's sources decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out_by: Option<String>,
    /// Whether the order of this tool's sources alone decided: no option and no variable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_order: bool,
}

/// Why a credential was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// The walk ended before the call.
    NotReached,
    /// Only the machine's own store accepts the chain; `--trust system` was not given.
    OnlySystemStoreAccepts,
    /// `getaddrinfo` did not give the address that the connection goes to.
    AddressNotConfirmed,
    /// No call is made to this service.
    ServiceHasNoCall,
    /// No token came.
    NoToken,
    /// The service takes tokens alone, and the credential in hand is a key.
    ServiceTakesNoKey,
    /// The call to this service goes without a credential: its caller is not tested.
    CallerNotTested,
    /// The variable holds a key of another service, which is not read for this one.
    KeyOfAnotherService,
}

/// Claims of a token, as facts for comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenClaims {
    /// `aud`.
    pub audience: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    #[serde(default)]
    pub subject: Option<String>,
    /// `tid`.
    pub tenant: Option<String>,
    /// `oid`.
    pub object: Option<String>,
    /// `appid` (v1) or `azp` (v2).
    pub application: Option<String>,
    /// `idtyp`, or derived: `app` or `user`.
    pub subject_kind: Option<String>,
    /// `ver`.
    pub version: Option<String>,
    /// `xms_mirid`: the managed identity's resource id.
    pub managed_identity: Option<String>,
    /// `roles`.
    pub roles: Vec<String>,
    /// `scp`.
    pub scopes: Option<String>,
    /// `exp`, RFC 3339.
    pub expires: Option<String>,
    /// Seconds from the walk's start to `exp`; negative when it is past.
    pub expires_in_s: Option<i64>,
    /// Seconds from the walk's start to `nbf`; positive when it is still to come.
    pub not_before_in_s: Option<i64>,
}
