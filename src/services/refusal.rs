//! A row of the table of refusals: which answer it fits, and what that answer means. Rows that hold
//! for one service are in its profile, the others in `diagnose/rules/http/refusals/table.rs`; they
//! are compared there too.

use crate::evidence::Hop;
use crate::evidence::http::Purpose;
use crate::evidence::identity::CredentialKind;

/// A kind of answer other than a plain acceptance.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The finding.
    pub id: &'static str,
    /// The hop that the finding belongs to.
    pub hop: Hop,
    /// The facts that the row rests on; empty for a catch-all.
    pub facts: &'static str,
    /// First and last status code.
    pub status: (u16, u16),
    /// Error codes in lower case, any of them; none: any code.
    pub codes: &'static [&'static str],
    /// Inner error codes in lower case, any of them; none: any code.
    pub inner: &'static [&'static str],
    /// Parts of the message in lower case, any of them; none: any message.
    pub words: &'static [&'static str],
    /// A header and a part of its value, both in lower case.
    pub header: Option<(&'static str, &'static str)>,
    /// What else must hold, all of it.
    pub only: &'static [Condition],
    /// How much of the proof that the path works it leaves.
    pub leaves: Leaves,
    /// What the refusal is about.
    pub blames: Blames,
    /// Whether it is about the caller or the account as a whole, so that it holds for every call.
    pub whole: bool,
    /// The kind of credential that it speaks of; none: any.
    pub about: Option<CredentialKind>,
    /// What else gives the same answer, in sentences; a service whose refusals of a network all leave
    /// the same open has it in its `forbidden`.
    pub open: &'static [&'static str],
}

/// What a refusal by network rules leaves open where a service says the same of both (facts Z26, Z31).
pub(super) const RULES_OR_CLOSED: &[&str] = &[
    "the answer is the same while public access is off altogether: then no rule for an address has \
     any effect",
];

/// How much of the proof that the path works an answer leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: the call is refused, or the sender is not known.
    Nothing,
    /// The path: the service accepts the call, and a separate finding reports the risk.
    Path,
    /// The path: the call succeeds, but nothing shows that the account itself answered.
    Unproved,
    /// The path, where no credential went with the call: the service asks for one.
    CallerUntested,
    /// The same, but something in front asks, which the walk cannot pass.
    FrontAsks,
    /// The path: this kind of account has no list.
    ListUntested,
    /// The path and the caller: the deployment answers.
    Deployment,
    /// The caller: what it asks for does not exist.
    Caller,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blames {
    /// Neither of the others.
    Other,
    /// The network that the call came from (H1 to H5, W3, W17).
    Network,
    /// The credential as such: not a role, a disabled key or a gateway.
    Credential,
    /// The credential's permissions, or its tenant.
    Rights,
}

/// A condition on the call, apart from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The credential did not go with the call.
    NotSent,
    /// It did.
    Sent,
    /// The credential in hand is an API key.
    Key,
    /// The credential in hand is a token.
    Token,
    /// The call is of this purpose.
    For(Purpose),
    /// The call is for a list, not for a deployment.
    List,
    /// The list of the service may be missing by the kind of its account.
    ListOptional,
    /// The body has an error in one of the service's formats (fact G13), which others use too.
    Frame,
    /// The error reports in the service's text that there is no credential (H7 to H9).
    AsksWho,
    /// The refusal is about the empty request, and comes from behind the front end: by its headers,
    /// by its type or code, or by the server that sent the list.
    FromDeployment,
    /// It has none.
    NoFrame,
    /// It has a body.
    Body,
    /// The error format is the gateway's.
    Flat,
    /// The error format is not the gateway's, or the service's headers are there.
    NotForeignFlat,
    /// The service's own headers are there.
    ServiceHeaders,
    /// They are not.
    NoServiceHeaders,
    /// The message begins with this, in lower case.
    Begins(&'static str),
    /// The body is an HTML page.
    Page,
    /// Another service's answer; or no error format, and a page or the signature of a product in front.
    Front,
    /// None of these.
    NoFront,
    /// The answer asks for a login that the service does not support (Basic, NTLM, ...).
    Login,
    /// The answer names the tenant whose tokens it takes, and the token is of another one
    /// (fact G10).
    OtherTenant,
    /// The challenge sends the client for a token to the host that was called (fact Z32).
    OwnRealm,
    /// The body does not contain what the call asks for.
    Unfulfilled,
    /// The body is not JSON.
    NoJson,
    /// The body has an error too.
    ErrorToo,
    /// The token sent with the call had expired or was not valid yet, by more than a clock's error.
    DeadToken,
    /// The body is incomplete.
    Incomplete,
    /// The answer's content type is not JSON.
    OtherType,
    /// The list is empty.
    EmptyList,
    /// Neither headers nor the certificate show that the account sent the answer.
    OriginOpen,
    /// They do, or the host is a gateway, which may remove them.
    OriginKnown,
    /// The host is no gateway: whatever is in front of it is not what was called.
    NoGateway,
    /// The host is a gateway, which may call the service with a credential of its own.
    Gateway,
    /// The error format is not `{"error":{..}}`.
    NotErrorFrame,
    /// The token sent with the call is for another service, and a server that is not known to be Azure's
    /// took it.
    OtherAudience,
    /// The body has a coding that is not read here.
    Coded,
}

impl Refusal {
    const fn new(id: &'static str, hop: Hop, facts: &'static str, status: (u16, u16)) -> Self {
        Self {
            id,
            hop,
            facts,
            status,
            codes: &[],
            inner: &[],
            words: &[],
            header: None,
            only: &[],
            leaves: Leaves::Nothing,
            blames: Blames::Other,
            whole: false,
            about: None,
            open: &[],
        }
    }

    /// Whether the answer's own text, code or header shows it, rather than its status.
    #[must_use]
    pub const fn by_text(&self) -> bool {
        !(self.codes.is_empty() && self.inner.is_empty() && self.words.is_empty())
            || self.header.is_some()
    }

    /// A finding of the http hop.
    #[must_use]
    pub const fn http(id: &'static str, facts: &'static str, first: u16, last: u16) -> Self {
        Self::new(id, Hop::Http, facts, (first, last))
    }

    /// A finding of the identity hop.
    #[must_use]
    pub const fn identity(id: &'static str, facts: &'static str, first: u16, last: u16) -> Self {
        Self::new(id, Hop::Identity, facts, (first, last))
    }

    /// Only with one of these error codes.
    #[must_use]
    pub const fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = codes;
        self
    }

    /// Only with one of these inner error codes.
    #[must_use]
    pub const fn inner(mut self, codes: &'static [&'static str]) -> Self {
        self.inner = codes;
        self
    }

    /// Only with one of these parts of the message.
    #[must_use]
    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// Only with this header.
    #[must_use]
    pub const fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    /// Only where all of this holds.
    #[must_use]
    pub const fn only(mut self, only: &'static [Condition]) -> Self {
        self.only = only;
        self
    }

    /// What it leaves of the proof.
    #[must_use]
    pub const fn leaves(mut self, leaves: Leaves) -> Self {
        self.leaves = leaves;
        self
    }

    /// Which kind of credential it speaks of.
    #[must_use]
    pub const fn about(mut self, kind: CredentialKind) -> Self {
        self.about = Some(kind);
        self
    }

    /// What else gives the same answer.
    #[must_use]
    pub const fn open(mut self, others: &'static [&'static str]) -> Self {
        self.open = others;
        self
    }

    /// It is about the caller or the account as a whole.
    #[must_use]
    pub const fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Whether it holds for every call: a key, a token or a network has no rights by operation.
    #[must_use]
    pub const fn holds_for_every_call(&self) -> bool {
        self.whole || matches!(self.blames, Blames::Network | Blames::Credential)
    }

    /// What it is about.
    #[must_use]
    pub const fn blames(mut self, blames: Blames) -> Self {
        self.blames = blames;
        self
    }
}
