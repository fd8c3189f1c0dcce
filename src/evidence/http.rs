//! The calls and their answers, read as facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of an answer's body that are read, unless a request says otherwise.
pub const BODY_LIMIT: usize = 2 << 20;

/// The HTTP hop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpHop {
    /// The calls, in order; the first one is the list (or the project's) call.
    pub calls: Vec<HttpCall>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpCall {
    /// What it proves.
    pub purpose: Purpose,
    /// Method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Whether the credential was sent with it.
    pub credential_sent: bool,
    /// How it ended.
    pub outcome: HttpOutcome,
    /// Time to the end of the answer, in milliseconds.
    pub took_ms: f64,
}

/// What a call proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The list of models: network and identity.
    Models,
    /// A Foundry project's own call.
    Project,
    /// A named deployment exists.
    Deployment,
    /// The list of a vault's secrets, without their values: network and identity.
    Secrets,
    /// The counters and limits of a search service: network and identity.
    Statistics,
    /// The list of what a storage account holds: network and identity.
    Listing,
    /// A key-value of a configuration store that no application has: network and identity.
    KeyValues,
    /// What an API of an account lists for nothing: network and identity.
    ApiList,
    /// The service's request for a credential: the path, and nothing of the caller.
    Challenge,
}

/// What the body of a successful answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// A `data` array, each entry of which has an `id`: models (fact G1).
    Models,
    /// A `value` array, each entry of which has a `name`: a project's deployments (fact G17).
    Deployments,
    /// A `value` array, each entry of which has an `id`: identifiers of a vault's secrets.
    Secrets,
    /// An object of `counters` and one of `limits`: statistics of a search service (fact Z1).
    Statistics,
    /// An XML list of containers, shares or queues, a `filesystems` array, each entry of which has a
    /// `name`, or a `value` array, each entry of which has a `TableName` (facts Z22, Z23).
    Listing,
    /// An `items` array, each entry of which has a `key`: key-values of a configuration store (fact
    /// Z40).
    KeyValues,
    /// An object `customDocumentModels` with a `limit`, a `value` array whose entries have each a
    /// `blocklistName`, a `projectName` or a `format`, a `values` array whose entries have a `self`, or a
    /// `models` array whose entries have `categories` (facts Z51 to Z56).
    ApiList,
    /// A `choices` array with an entry: a completion.
    Completion,
    /// Other JSON.
    Other,
}

impl Purpose {
    /// What the body of a call's success may hold. Anything else proves nothing, whatever the
    /// status says.
    #[must_use]
    pub const fn success(self) -> &'static [Payload] {
        match self {
            Purpose::Models => &[Payload::Models],
            Purpose::Project => &[Payload::Deployments, Payload::Models],
            Purpose::Deployment => &[Payload::Completion],
            Purpose::Secrets => &[Payload::Secrets],
            Purpose::Statistics => &[Payload::Statistics],
            Purpose::Listing => &[Payload::Listing],
            Purpose::KeyValues => &[Payload::KeyValues],
            Purpose::ApiList => &[Payload::ApiList],
            // Nothing that it could hold: only the refusal is expected.
            Purpose::Challenge => &[],
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HttpOutcome {
    /// An answer with any status.
    Answered {
        /// The answer.
        answer: HttpAnswer,
    },
    /// Nothing within the deadline.
    Silent,
    /// Closed before an answer.
    Closed,
    /// Reset before an answer.
    Reset,
    /// Not HTTP, or larger than we accept.
    Malformed {
        /// What was wrong.
        message: String,
        /// As what it begins.
        #[serde(default, skip_serializing_if = "Beginning::is_other")]
        begins: Beginning,
    },
    /// A client found no connection, or no session, to make it on.
    NotMade {
        /// Why.
        message: String,
    },
}

/// As what an answer begins that cannot be read as HTTP/1.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// As HTTP/1, and then it is malformed.
    Http,
    /// As HTTP/1, and its head is larger than this program reads.
    LargeHead,
    /// As a connection preface of HTTP/2 (RFC 9113, section 3.4).
    Http2,
    /// As something else, or not known, as in reports of older versions.
    #[default]
    Other,
}

impl Beginning {
    /// Whether it is not known to be any form of HTTP.
    #[must_use]
    pub fn is_other(&self) -> bool {
        *self == Self::Other
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// The headers that tell who answered and why, in order, bounded and escaped.
    pub headers: Vec<Header>,
    /// The error in the body, in whichever of the two frames (fact G13).
    pub error: Option<ErrorBody>,
    /// Entries of the `data` or `value` array of a list.
    pub models: Option<u32>,
    /// What the body is, where it is JSON; null in reports of older versions as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Bytes of the body that were read.
    pub body_bytes: u64,
    /// Whether the body came to its end within deadline and limit.
    pub body_complete: bool,
    /// Start of a body that is no JSON, bounded and escaped.
    pub body_excerpt: Option<String>,
}

/// A header field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// Name, lower case.
    pub name: String,
    /// Value, bounded and escaped.
    pub value: String,
}

/// The error in a JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// Which frame it came in.
    pub frame: ErrorFrame,
    /// `code` or `statusCode`, as text.
    pub code: Option<String>,
    /// `type`, as OpenAI's own errors carry it.
    pub kind: Option<String>,
    /// `message`, bounded and escaped.
    pub message: Option<String>,
    /// `innererror.code`.
    pub inner_code: Option<String>,
    /// `activityId`: the number of the failure in an API Management gateway's own log (fact W9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_id: Option<String>,
}

/// The frame of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorFrame {
    /// `{"error":{"code","message"}}`.
    Error,
    /// `{"statusCode","message"}`, the gateway's.
    Flat,
    /// `{"code","message"}` at the top.
    Bare,
    /// `{"type","title","status"}`, problem details (RFC 9457): the code is the end of the type.
    Problem,
    /// `<Error><Code/><Message/></Error>`, of Azure Storage.
    Xml,
}

impl HttpAnswer {
    /// A header's first value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.name == name).map(|h| h.value.as_str())
    }

    /// Whether the body holds what a call of this purpose asks for.
    #[must_use]
    pub fn fulfils(&self, purpose: Purpose) -> bool {
        match self.payload {
            // An empty `value` array is a list of anything that comes in one.
            Some(Payload::Deployments)
                if matches!(purpose, Purpose::Secrets | Purpose::Listing | Purpose::ApiList) =>
            {
                self.models == Some(0)
            }
            Some(payload) => purpose.success().contains(&payload),
            // Older reports counted the entries of a list, and looked at nothing else.
            None => match purpose {
                Purpose::Models | Purpose::Project | Purpose::Secrets => self.models.is_some(),
                _ => false,
            },
        }
    }

    /// The error's code, if the body has one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.error.as_ref().and_then(|e| e.code.as_deref())
    }

    /// The error's message, if the body has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.error.as_ref().and_then(|e| e.message.as_deref())
    }
}

impl HttpCall {
    /// The answer, if there was one.
    #[must_use]
    pub const fn answer(&self) -> Option<&HttpAnswer> {
        match &self.outcome {
            HttpOutcome::Answered { answer } => Some(answer),
            _ => None,
        }
    }
}

impl HttpHop {
    /// The first call: the list, or the project's.
    #[must_use]
    pub fn main(&self) -> Option<&HttpCall> {
        self.calls.first()
    }

    /// The call to the deployment.
    #[must_use]
    pub fn deployment(&self) -> Option<&HttpCall> {
        self.calls.iter().find(|c| c.purpose == Purpose::Deployment)
    }
}
