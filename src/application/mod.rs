//! Everything that an application calls besides its Azure OpenAI account: the account's other names,
//! the host that gives its tokens, and the services that the command line or the variables of the
//! application name. Pure: names in, parts out; nothing is resolved or opened.

mod document;
mod parts;
pub mod revocation;
mod unread;
mod variables;

use crate::services::Service;
use crate::target::Target;

pub use crate::report::part::{HOST, LOGIN, PART, REVOCATION, UNUSED, USED};
pub use document::{document, url};
pub use parts::{PartError, cloud, parts, token_part};
pub use variables::{VARIABLES, notes};

/// One name that the application calls, or could call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is: the id of its service, `login`, or `host` where the name shows nothing.
    pub label: String,
    /// What is walked.
    pub target: Target,
    /// The service behind a name that does not show it.
    pub service: Option<&'static str>,
    /// Who named it.
    pub origin: Origin,
    /// Whether it is a name of the account itself, which the key, the token and the deployment of
    /// the account are for.
    pub is_own: bool,
    /// The value of `--credential` for it alone.
    pub credential: Option<&'static str>,
}

/// Who named a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    CommandLine,
    /// A variable of the application.
    Variable(&'static str),
    /// The credential: a token is requested there.
    Credential,
    /// No configuration: another name of the same account, or the login host where no token is
    /// configured.
    Implied,
    /// A certificate that was seen: a client that checks revocation asks there.
    Certificate,
}

impl Part {
    /// Whether the application cannot do without it.
    #[must_use]
    pub fn is_used(&self) -> bool {
        !matches!(self.origin, Origin::Implied | Origin::Certificate)
    }

    /// Whether it may have a private endpoint of its own, so that `--expect` is about it.
    #[must_use]
    pub fn may_be_private(&self) -> bool {
        let named = self.target.seen.private_zone.is_some() || self.service.is_some();
        named && self.origin != Origin::Certificate
    }

    /// Whether it is a name of an account, whose deployment can be checked.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.target.service().is_some_and(Service::is_account)
    }

    /// Whether it is a gateway, behind which an account may be.
    fn gateway(&self) -> bool {
        self.service.is_some() || self.target.service().is_some_and(|s| s.gateway().is_some())
    }
}

#[cfg(test)]
mod tests;
