//! What a server of a world answers: an answer of the service's by its name, or one that is written
//! out.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a server answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// A row of `answers.rs`.
    Named(Named),
    /// Written out.
    Written(Written),
}

impl Default for Answer {
    fn default() -> Self {
        Self::Named(Named::Account)
    }
}

/// An answer, written out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Status.
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Body.
    #[serde(default)]
    pub body: String,
}

/// Answers that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// 200 and the models to who has a credential, else 401 (H8).
    Account,
    /// H1.
    PublicAccessDisabled,
    /// H2.
    NetworkRules,
    /// H3.
    NetworkRulesWithAddress,
    /// H4.
    NotApproved,
    /// H5.
    VirtualNetworkConfigured,
    /// H7.
    WrongKey,
    /// H8.
    Unauthorized,
    /// H10.
    TenantMismatch,
    /// H11.
    RoleMissing,
    /// H12.
    RoleMissingOld,
    /// H14.
    CustomSubdomain,
    /// H15.
    KeysDisabled,
    /// H16.
    DeploymentNotFound,
    /// G2c.
    EmptyMessages,
    /// H17.
    ResourceNotFound,
    /// H18.
    SubdomainUnmapped,
    /// H20.
    RateLimited,
    /// H22.
    Timeout,
    /// H24, 500.
    InternalError,
    /// H24, 503.
    Unavailable,
    /// W7.
    GatewayKeyMissing,
    /// W12.
    ApplicationGateway,
    /// W13.
    FrontDoor,
    /// A redirect to a sign-in page.
    SignIn,
    /// A sign-in page itself, with 200.
    CaptivePortal,
    /// 400 that repeats the request in header and body.
    Echo,
    /// 200 whose body never ends.
    EndlessBody,
    /// 200 whose body comes a byte at a time.
    Drip,
    /// The models in chunks, without the last one, and a close.
    LastChunkMissing,
    /// The models in chunks, without the last one, and nothing more.
    LastChunkAwaited,
    /// The models without a length: the close is their end.
    EndsWithTheConnection,
    /// A head of a megabyte.
    HugeHead,
    /// A search service, strict in what it is asked.
    Search,
    /// The blobs of a storage account, as strict.
    Blob,
    /// The shares of a storage account, as strict.
    Share,
    /// Document Intelligence, as strict.
    DocumentIntelligence,
    /// Content Safety, as strict.
    ContentSafety,
    /// Document Translation, as strict.
    Translator,
    /// A vault, as strict.
    Vault,
    /// A configuration store, as strict.
    ConfigurationStore,
    /// A close before the answer.
    Close,
    /// A reset before the answer.
    Reset,
    /// Silence.
    Silent,
    /// No HTTP.
    NotHttp,
    /// 403 with terminal escapes wherever text can be.
    Escapes,
}
