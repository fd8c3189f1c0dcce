//! The answer to a question, and the reads that it took.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Answer<T> {
    /// Resource Manager answered a GET of the resource or of its parent's whole collection: a
    /// proof of what is there, and of what is not (fact C3).
    Read {
        /// The answer.
        value: T,
    },
    /// Resource Graph lists it: it learns of changes late, and rows that the caller may not see are
    /// missing without a sign (facts C1, C2). It proves nothing, least of all an absence.
    Listed {
        /// The rows.
        value: T,
    },
    /// Resource Manager knows nothing at that id (404, fact C39).
    Absent,
    /// Resource Graph has no row that this caller may see: it may exist all the same.
    NotVisible,
    /// The caller may not read it (403, fact C37), which says nothing of its existence.
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// No usable answer came.
    Failed {
        /// Why, in words for the operator.
        message: String,
    },
    /// Nothing made the question necessary.
    #[default]
    NotAsked,
}

impl<T> Answer<T> {
    /// The same with its value in another form.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Read { value } => Answer::Read { value: change(value) },
            Self::Listed { value } => Answer::Listed { value: change(value) },
            Self::Absent => Answer::Absent,
            Self::NotVisible => Answer::NotVisible,
            Self::Refused { refusal } => Answer::Refused { refusal },
            Self::Failed { message } => Answer::Failed { message },
            Self::NotAsked => Answer::NotAsked,
        }
    }

    /// What is known, however it is known.
    #[must_use]
    pub const fn known(&self) -> Option<&T> {
        match self {
            Self::Read { value } | Self::Listed { value } => Some(value),
            _ => None,
        }
    }

    /// What Resource Manager itself said: enough for a proof.
    #[must_use]
    pub const fn proved(&self) -> Option<&T> {
        match self {
            Self::Read { value } => Some(value),
            _ => None,
        }
    }

    /// Whether nothing made the question necessary.
    #[must_use]
    pub const fn is_not_asked(&self) -> bool {
        matches!(self, Self::NotAsked)
    }

    /// The refusal of the question.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal } => Some(refusal),
            _ => None,
        }
    }
}

impl<T> Answer<Vec<T>> {
    /// Every item that is known; none where nothing is.
    #[must_use]
    pub fn items(&self) -> &[T] {
        self.known().map_or(&[], Vec::as_slice)
    }
}

/// A refusal by Resource Manager. The caller's name is not kept: for a user it is a mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Refusal {
    /// `error.code`, e.g. `AuthorizationFailed`.
    pub code: String,
    /// The action that is missing, e.g. `Microsoft.Network/privateEndpoints/read`.
    pub action: Option<String>,
    /// The scope over which it is missing.
    pub scope: Option<String>,
    /// The tenant that the subscription belongs to, where the token is of another (fact C38).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// One read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Read {
    /// What kind of read.
    pub kind: ReadKind,
    /// What it asks, in words for the operator.
    pub question: String,
    /// GET or POST.
    pub method: String,
    /// Path and query, without host.
    pub path: String,
    /// The status of the last answer; null where none came.
    pub status: Option<u16>,
    /// `error.code` of a refusal.
    pub code: Option<String>,
    /// The action that the caller lacks, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The scope over which it lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `x-ms-correlation-request-id`, for a support request.
    pub correlation_id: Option<String>,
    /// Pages that were read.
    pub pages: u32,
    /// Items of all pages.
    pub items: u32,
    /// Start, in milliseconds since the first read.
    pub started_ms: f64,
    /// Time taken in milliseconds.
    pub took_ms: f64,
}

/// A kind of read: the whole list of what is ever sent to Resource Manager (fact C6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadKind {
    /// GET of a resource, or of a collection.
    Resource,
    /// A query of Resource Graph.
    Graph,
    /// A computation that needs a right to an action and changes nothing (`--azure-effective`).
    Effective,
}
