//! One rule: its name, its weight against other rules, and how it is checked.

use crate::evidence::Hop;
use crate::texts;

use super::FindingBuilder;
use super::engines::{
    documented_refusal, limit, network_refusal, no_answer, proxy_connection, proxy_refusal, slow,
};
use super::rules::dns::failures;
use super::rules::identity::entra;
use super::rules::tls::{certificate_faults, connection_cut, outcomes};
use super::view::View;

/// One rule: a fault that evidence can show.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Kebab-case id, `hop-fault`, named for the fault; never changes.
    pub id: &'static str,
    /// The hop of the fault.
    pub hop: Hop,
    /// What it is, in one line, for lists.
    pub title: &'static str,
    /// What the finding is about, for monitors and renderers.
    pub about: About,
    /// Ids of findings that are symptoms of this one when both fire: they are folded under it.
    pub explains: &'static [&'static str],
    /// Named groups of further symptoms, which several rules explain; see [`Self::symptoms`].
    pub explains_groups: &'static [&'static [&'static str]],
    /// Ids of more specific rules: if one of them fires, this one does not.
    pub yields_to: &'static [&'static str],
    /// Questions (`zone-soa`, or the id of an experiment) whose answer would have led to another
    /// finding. Where one was asked and not answered, this finding is less sure and names it.
    pub decided_by: &'static [&'static str],
    /// A wording for first lines that the clause itself does not fit: ids of tenants and names of
    /// variables are long. It is true for every way in which the rule fires.
    pub short: Option<&'static str>,
    /// What it means for a token, if it is found on the path to the token endpoint.
    pub(in crate::diagnose) for_tokens: ForTokens,
    /// Whether the evidence shows it.
    pub(in crate::diagnose) check: Check,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The path or the caller: what breaks a call.
    Path,
    /// Load and slowness of the service, a resolver or a proxy. Monitors track it separately.
    Load,
    /// An end that is known by its date. Monitors report it by days left.
    Expiry,
}

/// What a finding on the path to the token endpoint means for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum ForTokens {
    /// Nothing specific: it is about the target's kind of name, or applies to both paths alike.
    Other,
    /// It makes tokens slow or unreliable.
    Care,
    /// The same, and an address of the login host is dead.
    DeadAddress,
    /// Nothing answers there.
    NoAnswer,
    /// The login host's name does not exist.
    NoSuchName,
}

/// How a rule is checked: code where it reasons, a row for an engine where it differs from its
/// neighbours only in data.
#[derive(Clone, Copy)]
pub(in crate::diagnose) enum Check {
    /// Code of its own.
    Code(fn(&View<'_>) -> Option<FindingBuilder>),
    /// The service refuses the network that the call came from.
    NetworkRefusal(&'static network_refusal::Row),
    /// A refusal that the service documents, whose fix does not depend on the path.
    Documented(&'static documented_refusal::Row),
    /// A call gets no answer that can be read.
    NoAnswer(&'static no_answer::Row),
    /// Every deciding resolver fails.
    DnsFailure(&'static failures::Row),
    /// The connection to the proxy fails.
    ProxyConnection(&'static proxy_connection::Row),
    /// The proxy answers CONNECT and opens no tunnel.
    ProxyRefusal(&'static proxy_refusal::Row),
    /// Something other than a handshake came.
    TlsOutcome(&'static outcomes::Outcome),
    /// The peer ends the handshake with an alert.
    TlsAlert(&'static outcomes::Alert),
    /// The certificate was rejected.
    Certificate(&'static certificate_faults::Row),
    /// The connection ends after the ClientHello, without an answer.
    ConnectionCut(&'static connection_cut::Cut),
    /// A hop takes a second longer than the path needs.
    Slow(&'static slow::Row),
    /// A hop takes longer than the inventory allows.
    OverLimit(&'static limit::Row),
    /// A number by which Entra ID refuses a token.
    Entra(&'static entra::Row),
}

impl Rule {
    /// A rule about the path that wins over no other.
    #[must_use]
    pub(in crate::diagnose) const fn new(
        id: &'static str,
        hop: Hop,
        title: &'static str,
        check: Check,
    ) -> Self {
        Self {
            id,
            hop,
            title,
            about: About::Path,
            explains: &[],
            explains_groups: &[],
            yields_to: &[],
            decided_by: &[],
            short: None,
            for_tokens: ForTokens::Other,
            check,
        }
    }

    /// Its page: what `explain` prints, the same bytes as `docs/findings/<id>.md`.
    #[must_use]
    pub fn page(&self) -> &'static str {
        texts::page(self.id)
    }

    /// Sets [`Self::about`].
    #[must_use]
    pub const fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Sets [`Self::explains`].
    #[must_use]
    pub const fn explains(mut self, symptoms: &'static [&'static str]) -> Self {
        self.explains = symptoms;
        self
    }

    /// Sets [`Self::explains_groups`].
    #[must_use]
    pub const fn explains_groups(mut self, groups: &'static [&'static [&'static str]]) -> Self {
        self.explains_groups = groups;
        self
    }

    /// Every finding that is a symptom of this one.
    pub fn symptoms(&self) -> impl Iterator<Item = &'static str> + use<> {
        let groups = self.explains_groups.iter().copied().flatten();
        self.explains.iter().chain(groups).copied()
    }

    /// Sets [`Self::yields_to`].
    #[must_use]
    pub const fn yields_to(mut self, sharper: &'static [&'static str]) -> Self {
        self.yields_to = sharper;
        self
    }

    /// Sets [`Self::decided_by`].
    #[must_use]
    pub const fn decided_by(mut self, questions: &'static [&'static str]) -> Self {
        self.decided_by = questions;
        self
    }

    /// Sets [`Self::short`].
    #[must_use]
    pub const fn short(mut self, clause: &'static str) -> Self {
        self.short = Some(clause);
        self
    }

    /// Sets [`Self::for_tokens`].
    #[must_use]
    pub(in crate::diagnose) const fn for_tokens(mut self, means: ForTokens) -> Self {
        self.for_tokens = means;
        self
    }

    /// Why the rule fires on this evidence, if it does.
    #[must_use]
    pub(in crate::diagnose) fn fires(&self, view: &View<'_>) -> Option<FindingBuilder> {
        match self.check {
            Check::Code(check) => check(view),
            Check::NetworkRefusal(row) => network_refusal::check(view, self.id, row),
            Check::Documented(row) => documented_refusal::check(view, self.id, row),
            Check::NoAnswer(row) => no_answer::check(view, row),
            Check::DnsFailure(row) => failures::check(view, row),
            Check::ProxyConnection(row) => proxy_connection::check(view, row),
            Check::ProxyRefusal(row) => proxy_refusal::check(view, row),
            Check::TlsOutcome(row) => outcomes::ended(view, row),
            Check::TlsAlert(row) => outcomes::alerted(view, row),
            Check::Certificate(row) => certificate_faults::check(view, row),
            Check::ConnectionCut(row) => connection_cut::check(view, row),
            Check::Slow(row) => slow::check(view, row),
            Check::OverLimit(row) => limit::check(view, row),
            Check::Entra(row) => entra::check(view, self.id, row),
        }
    }
}

/// A [`Rule`], as in `rule!("tls-slow", Tls, "What it is", Code(check))`: id, hop,
/// title and a variant of [`Check`].
macro_rules! rule {
    ($id:literal, $hop:ident, $title:expr, $kind:ident($check:expr)) => {
        $crate::diagnose::Rule::new(
            $id,
            $crate::evidence::Hop::$hop,
            $title,
            $crate::diagnose::Check::$kind($check),
        )
    };
}
