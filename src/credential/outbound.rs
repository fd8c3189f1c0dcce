//! A request for a token and its answer, as plain values: the caller, who holds the network,
//! sends it. No I/O here.

use std::future::Future;
use std::pin::Pin;

use url::Url;
use zeroize::Zeroizing;

use crate::evidence::identity::TokenPurpose;
use crate::secret::Secret;

/// A request for a token.
#[derive(Debug)]
pub struct OutboundRequest {
    /// What is asked.
    pub purpose: TokenPurpose,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Where to; holds no secret.
    pub url: Url,
    /// Header fields; their values may be secret.
    pub headers: Vec<(String, Secret)>,
    /// The form, which may hold secrets; none for GET.
    pub form: Option<Secret>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// The fields that a challenge needs, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; holds the token where the status is 200.
    pub body: Zeroizing<Vec<u8>>,
}

impl Reply {
    /// A header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether the request was accepted.
    pub(super) const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// Sends a request; none when no answer came.
pub type SendRequest<'a> =
    dyn Fn(OutboundRequest) -> Pin<Box<dyn Future<Output = Option<Reply>> + 'a>> + 'a;
