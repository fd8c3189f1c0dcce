//! Why a credential cannot be used.

/// Why a credential cannot be used. No message holds any part of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A named source that is not configured.
    #[error("--credential {0}: {1}")]
    NotConfigured(String, String),
    /// A source named for Resource Manager that is not configured.
    #[error("--azure-credential {0}: {1}")]
    AzureNotConfigured(String, String),
    /// A source that has a key or a token at hand, where one for another audience is needed.
    #[error(
        "--azure-credential {0}: its value is for the target; Resource Manager needs a token of its \
         own, from a source that requests one"
    )]
    NotRequested(String),
    /// No source requests a token by itself, where no person is logged in.
    #[error(
        "no credential source is configured for Resource Manager: name one as `credential` of the \
         target"
    )]
    NoneForResourceManager,
    /// A named source that does not exist.
    #[error("--credential takes the name of a source: auto, none, {0}")]
    Unknown(String),
    /// `--identity` with something else.
    #[error("--identity takes a client id, a resource id (/subscriptions/...) or object:<id>")]
    Identity,
    /// `--identity` with a source that has no such identities.
    #[error("--identity: {0} has no user-assigned identity to choose")]
    NoUserAssigned(String),
    /// `AZURE_TOKEN_CREDENTIALS` with a value that `DefaultAzureCredential` throws at (fact I110).
    #[error(
        "AZURE_TOKEN_CREDENTIALS is neither prod, dev nor the name of a credential: \
         DefaultAzureCredential throws an error; an application that creates its credential \
         itself ignores the variable: name the source with --credential"
    )]
    TokenCredentials,
    /// An assertion without the application that it is for.
    #[error("--assertion-file: {0} is not set")]
    NoApplication(String),
    /// The file cannot be read.
    #[error("{option} {path}: {why}")]
    File {
        /// The option that named it.
        option: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(String),
    /// The value is also in a place where it would be looked up, sent or shown.
    #[error(
        "the value of {0} is also in the target, a deployment, a version or a path, \
         where it would be looked up and shown: nothing was sent"
    )]
    Misplaced(String),
    /// The value is also that of a variable which is sent and shown.
    #[error("the value of {secret} is also in {other}, which is sent and shown: nothing was sent")]
    Repeated {
        /// The variable whose value is secret.
        secret: String,
        /// The other one.
        other: String,
    },
    /// A character that no key or token has.
    #[error(
        "{source_name} holds a {what} at character {at}: \
         was more than the bare key or token copied?"
    )]
    Character {
        /// The variable or file.
        source_name: String,
        /// What kind of character.
        what: &'static str,
        /// Its place, from 1.
        at: usize,
    },
}
