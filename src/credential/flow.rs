//! How a source obtains its token: read from the environment without a packet, and asked for
//! later, by the one who holds the network.

use std::future::Future;
use std::pin::Pin;

use super::acquire::{AcquireError, AcquireNotes, AcquireParams};
use super::destinations::Destination;
use super::entra::Application;
use super::outbound::SendRequest;
use crate::evidence::text::clean;
use crate::secret::Secret;

/// The authority, e.g. `https://login.microsoftonline.com`, or why there is none.
pub type Authority = Result<String, String>;

/// A request for a token under way.
pub type Acquiring<'a> = Pin<Box<dyn Future<Output = Result<Secret, AcquireError>> + 'a>>;

/// How a source obtains its token.
pub trait TokenFlow: std::fmt::Debug {
    /// What asking would contact, for `--plan`; `label` is what people know the source by. Reads
    /// no file.
    fn destinations(&self, label: &str, authority: &Authority) -> Vec<Destination>;

    /// Asks for the token; each request goes through `send`.
    fn acquire<'a>(
        &'a self,
        params: &'a AcquireParams<'_>,
        send: &'a SendRequest<'_>,
        notes: &'a mut AcquireNotes,
    ) -> Acquiring<'a>;

    /// The application that the token is for.
    fn application(&self) -> Option<&Application> {
        None
    }

    /// The user-assigned identity that the token is for.
    fn identity(&self) -> Option<&IdentityId> {
        None
    }

    /// The client secret that is sent.
    fn client_secret(&self) -> Option<&Secret> {
        None
    }
}

/// The id of a user-assigned identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityId {
    /// Its client id.
    Client(String),
    /// Its object (principal) id.
    Object(String),
    /// Its resource id.
    Resource(String),
}

impl IdentityId {
    /// What was typed: a resource id begins with a slash; everything else is a client id, as
    /// `AZURE_CLIENT_ID` has it, but for the form `object:<id>`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("object:") {
            Some(object) => Self::Object(object.to_owned()),
            None if text.starts_with('/') => Self::Resource(text.to_owned()),
            None => Self::Client(text.to_owned()),
        }
    }

    /// Whether it has a form that Azure gives ids: hexadecimal digits and hyphens, or the path of
    /// a resource.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Client(id) | Self::Object(id) => {
                !id.is_empty() && id.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
            }
            Self::Resource(id) => {
                id.to_ascii_lowercase().starts_with("/subscriptions/")
                    && id.bytes().all(|c| c.is_ascii_graphic() && !b"?#%&\"'\\".contains(&c))
            }
        }
    }

    /// The id itself.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Client(id) | Self::Object(id) | Self::Resource(id) => id,
        }
    }
}

/// What is shown in place of an id that does not have the form of one: it may be a secret in the
/// wrong variable.
pub const NOT_AN_ID: &str = "<not shown: no id>";

/// An id for outputs, if it has the form of one.
#[must_use]
pub fn shown_id(text: &str) -> String {
    match IdentityId::parse(text).is_well_formed() {
        true => clean(text, 200),
        false => NOT_AN_ID.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::IdentityId;

    #[test]
    fn an_identity_is_read_by_its_form() {
        assert_eq!(IdentityId::parse("object:1"), IdentityId::Object("1".to_owned()));
        assert!(matches!(IdentityId::parse("/subscriptions/s"), IdentityId::Resource(_)));
        assert!(matches!(IdentityId::parse("0f8f"), IdentityId::Client(_)));
    }
}
