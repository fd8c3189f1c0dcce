//! Why a target cannot be walked, in words for the operator.

use std::net::IpAddr;

use super::typed::LONGEST;

/// Why a target cannot be walked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// An IP address.
    #[error(
        "{0} is an address: give the name. SNI and certificate are judged against the original \
         name; to force an address use --connect-to NAME:443:{0}:443"
    )]
    Address(IpAddr),
    /// No text.
    #[error("the target is empty")]
    Empty,
    /// A shared access signature.
    #[error(
        "the URL holds a shared access signature (sig=), which is a secret: leave out what follows \
         the `?`. A check with it is not made; the path to the service does not depend on it"
    )]
    Signature,
    /// A URL that is not https.
    #[error(
        "{0}:// is not how Azure OpenAI is reached: the endpoint begins with https://. If a gateway of your \
         own takes calls at this URL, its own call to the account is the one to check: run this where the \
         gateway runs, with the account's endpoint"
    )]
    Scheme(String),
    /// The scheme is there twice.
    #[error("the scheme is there twice: the endpoint is https://<account>.openai.azure.com/")]
    DoubleScheme,
    /// A scheme that is mistyped, such as `https//`.
    #[error("the scheme is mistyped: the endpoint is https://<account>.openai.azure.com/")]
    MistypedScheme,
    /// Quotes around the target.
    #[error(
        "the value begins or ends with a quote, which is a part of it: `docker run --env-file` and \
         others take quotes as they are, and so does the application. Leave them out"
    )]
    Quotes,
    /// A reference to a secret of a vault in the place of its value.
    #[error(
        "this is a reference to a secret of Key Vault and not the endpoint: App Service and \
         Functions put the secret in its place, and leave the reference where they cannot read the \
         vault. See \"Key Vault Application Settings Diagnostics\" there, or leave the \
         reference out: an endpoint is no secret"
    )]
    Reference,
    /// A word of a template in the place of the name.
    #[error(
        "the target has a word of a template in the place of a name, as <your-resource> is one, or a \
         word for no value, as None: put the name of the account or the endpoint there"
    )]
    Placeholder,
    /// A user name or password in the URL.
    #[error("the URL holds a user name or password: leave it out, keys come from the environment")]
    UserInfo,
    /// More text than any endpoint has.
    #[error("the target is {0} bytes long; an endpoint URL has at most {LONGEST}")]
    TooLong(usize),
    /// The URL cannot be read.
    #[error("this is not a URL: {0}")]
    Url(String),
    /// A label is longer than 63 bytes.
    #[error("a part of the name is {0} bytes long; a DNS label has at most 63 (RFC 1035)")]
    LongLabel(usize),
    /// The whole name is too long.
    #[error("the name is {0} bytes long; a DNS name has at most 253 (RFC 1035)")]
    LongName(usize),
    /// An empty label.
    #[error("the name has an empty part (two dots in a row, or one at its start)")]
    EmptyLabel,
    /// A character that no host name has.
    #[error("the name has a character that no host name has: {0:?}")]
    Character(char),
    /// Not encodable as an IDN.
    #[error("the name cannot be written in its ASCII form (IDNA): {0}")]
    Idna(String),
    /// The host of a URL has no domain.
    #[error(
        "this is a URL, and clients call its host as it stands, which has no domain. If the account of that \
         name is meant, write https://<account>.openai.azure.com/, also in the application's variable; if a \
         gateway of your own is, its whole host name with --service openai"
    )]
    OneLabel,
    /// A bare account name that is none.
    #[error("{0:?} is no account name: letters, digits and hyphens, 2 to 64 of them")]
    Account(String),
    /// What looks like a key.
    #[error(
        "the target looks like an API key or holds one, and was not looked up: keys belong into \
         the environment; for an account of that name write the whole host name in lower case"
    )]
    Key,
    /// A command where a target should be.
    #[error(
        "`{0}` is a command, and a command comes first: aoai-probe {0} ...; \
         for an account of that name write {0}.openai.azure.com"
    )]
    Command(String),
    /// A `--service` that the name's suffix contradicts.
    #[error(
        "{host} is a name of {suffix} by its suffix, so --service {service} does not apply to it: \
         leave the option out. It says what answers at a gateway (API Management, App Service, \
         Container Apps) or at a name of your own"
    )]
    OtherService {
        /// The host.
        host: String,
        /// The service of its suffix.
        suffix: &'static str,
        /// What `--service` named.
        service: String,
    },
    /// An unknown `--service`.
    #[error("there is no service {0:?}; one of: {1}")]
    Service(String, String),
}

impl TargetError {
    /// Whether it says what is wrong with a URL, and repeats nothing that may be a secret.
    #[must_use]
    pub const fn is_of_url(&self) -> bool {
        matches!(self, Self::Scheme(_) | Self::OneLabel | Self::DoubleScheme | Self::Placeholder)
    }
}

/// Why a host cannot be what is behind a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackendError {
    /// The target is not in front of anything that is known.
    #[error(
        "only a gateway has a host behind it, and {0} is not known as one: name what answers there \
         (--service openai, or service = \"openai\" in an inventory)"
    )]
    NoGateway(String),
    /// The host cannot be walked.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The gateway itself.
    #[error("names the gateway itself")]
    Itself,
}
