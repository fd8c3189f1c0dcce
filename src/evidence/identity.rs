//! Who is calling: how the key or token was come by, never the secret itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub not_taken: Vec<NotTaken>,
    /// The file with the secret can be read by other users (Unix mode in octal).
    pub file_mode_open: Option<String>,
    /// Why a credential in hand was not sent; null when it was, or when there is none.
    pub withheld: Option<Withheld>,
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
    /// Anything else.
    Opaque,
}

/// A configured source that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotTaken {
    /// The source.
    pub source: String,
    /// Why.
    pub why: String,
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
}

/// Claims of a token, as facts for comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenClaims {
    /// `aud`.
    pub audience: Option<String>,
    /// `iss`.
    pub issuer: Option<String>,
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
