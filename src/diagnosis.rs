//! What was concluded, as plain data: findings and the verdict.
//!
//! This module imports no stage but `evidence`; it may not judge or print.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Hop;

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth saying; changes no verdict.
    Note,
    /// The path works, but something needs care.
    Risk,
    /// The hop is broken.
    Broken,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The peer's own word, an experiment, or a fact that allows nothing else.
    Proved,
    /// The evidence points there; another cause would look alike, and is named.
    Inferred,
    /// One of several causes; what would tell is named.
    Possible,
}

impl Confidence {
    /// The word used in output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Confidence::Proved => "proved",
            Confidence::Inferred => "inferred",
            Confidence::Possible => "possible",
        }
    }
}

/// One conclusion from the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Kebab-case id, `hop-fault`; stable for ever. `aoai-probe explain <id>` prints its page.
    pub id: String,
    /// The hop of the cause.
    pub hop: Hop,
    /// How much it matters.
    pub level: Level,
    /// How sure it is.
    pub confidence: Confidence,
    /// The cause in one clause; the rest of the report's first line.
    pub headline: String,
    /// Facts seen: names, addresses, codes.
    pub facts: Vec<String>,
    /// How it is known, in sentences.
    pub reasoning: Vec<String>,
    /// What was ruled out.
    pub ruled_out: Vec<String>,
    /// Commands that would tell between the causes that remain.
    pub decide_with: Vec<String>,
    /// What Azure itself would say of it, in a sentence, where Resource Manager was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure: Option<String>,
    /// Who can fix it, and how.
    pub fix: Option<Fix>,
    /// Why readers of a green report must see it, if they must.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caveat: Option<Caveat>,
    /// Whether it is a limit of this machine, or of whom it asks, that kept the walk from testing
    /// the path: nothing is known of the path itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub untested: bool,
    /// Where in the report the facts stand: JSON pointers (RFC 6901).
    pub cites: Vec<String>,
    /// The finding that explains this one, if there is one: this is its symptom.
    pub explained_by: Option<String>,
}

impl Finding {
    /// Whether it needs action, and no other finding explains it.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.level > Level::Note && self.explained_by.is_none()
    }
}

/// Why a finding limits what a path that works proves; in the order of their weight.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Caveat {
    /// Another client, resolver or moment gets something else than this walk did.
    Differs,
    /// The walk did not test it.
    NotTested,
}

/// The teams that can fix something. `Server` are the administrators of this machine.
pub const TEAMS: [&str; 7] =
    ["DNS", "Network", "Security", "Azure platform", "Identity", "Application", "Server"];

/// Whether `owner` is one of the teams, alone or with what is meant of its field behind it in
/// parentheses, as in `Network (firewall)`.
#[must_use]
pub fn is_team(owner: &str) -> bool {
    let team = match owner.split_once(" (") {
        Some((team, part)) if part.ends_with(')') => team,
        _ => owner,
    };
    TEAMS.contains(&team)
}

/// Who can fix it, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// The team: one of a closed list, such as `DNS` or `Network (firewall)`.
    pub owner: String,
    /// Steps in order, those that only read first.
    pub steps: Vec<Step>,
    /// The command that shows that it worked.
    pub check: Option<String>,
}

impl Fix {
    /// The team without the addition in brackets: `Network`.
    #[must_use]
    pub fn team(&self) -> &str {
        self.owner.split(" (").next().unwrap_or_default()
    }
}

/// One step of a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// What to do, in words.
    pub text: String,
    /// Whether it is an alternative to the step before it, rather than the next one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub or: bool,
    /// The command, filled in as far as the evidence goes; the rest in `<angle brackets>`.
    pub command: Option<String>,
    /// What doing it affects.
    pub effect: Effect,
    /// How to undo it, or that it cannot be undone; always there for a step whose effect is
    /// shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
    /// Whether it opens a way to the service that something in between keeps shut: advice that
    /// `--expect closed` must not give.
    #[serde(default, skip_serializing_if = "is_false")]
    pub opens: bool,
    /// Whether its command is for another machine, which the text names: it then stays as it is on
    /// that machine. Only while rules run.
    #[serde(skip)]
    pub(crate) elsewhere: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What doing a step affects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it only reads, or waits.
    ReadOnly,
    /// The machine that the step is done on, or one shell or service of it.
    Local,
    /// Something that others use too.
    Shared {
        /// What changes, and for whom else.
        affects: String,
    },
}

impl Step {
    /// A step that only reads.
    #[must_use]
    pub fn inspect(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            or: false,
            command: None,
            effect: Effect::ReadOnly,
            undo: None,
            opens: false,
            elsewhere: false,
        }
    }

    /// A step that changes the machine that it is done on, and nothing else.
    #[must_use]
    pub fn local(text: impl Into<String>) -> Self {
        Self { effect: Effect::Local, ..Self::inspect(text) }
    }

    /// A step that changes what others use too: `affects` says what, and for whom.
    #[must_use]
    pub fn shared(text: impl Into<String>, affects: impl Into<String>) -> Self {
        Self { effect: Effect::Shared { affects: affects.into() }, ..Self::inspect(text) }
    }

    /// As an alternative to the step before it.
    #[must_use]
    pub fn or(self) -> Self {
        Self { or: true, ..self }
    }

    /// As a step whose command is for another machine, which its text names.
    #[must_use]
    pub(crate) fn elsewhere(self) -> Self {
        Self { elsewhere: true, ..self }
    }

    /// As a step that opens a way to the service.
    #[must_use]
    pub fn opens(self) -> Self {
        Self { opens: true, ..self }
    }

    /// With its command.
    #[must_use]
    pub fn command(self, command: impl Into<String>) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// With the way back, or the words that there is none.
    #[must_use]
    pub fn undo(self, undo: impl Into<String>) -> Self {
        Self { undo: Some(undo.into()), ..self }
    }
}

/// An answer that an application printed, as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedAnswer {
    /// Status, code and message on one line; of a lookup, the names and what they lead to.
    pub line: String,
    /// What of it was printed.
    pub kind: PastedKind,
    /// What it means, or what is known of it all the same.
    pub meaning: Result<AnswerMeaning, Unexplained>,
}

/// What is known of a text that no finding explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexplained {
    /// Where its call ended, if the text shows that.
    pub end: Option<CallEnd>,
    /// All of it, in sentences.
    pub words: &'static str,
}

impl Unexplained {
    /// What does not show where a call ended.
    #[must_use]
    pub const fn without_end(words: &'static str) -> Self {
        Self { end: None, words }
    }
}

/// Where a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    /// The hop, or the two that it may be; `application` or `Azure platform` where it is none.
    pub place: &'static str,
    /// What is shown of it: a clause.
    pub shown: &'static str,
    /// Whether a server was called and none answered.
    pub unanswered: bool,
}

/// What a text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastedKind {
    /// What a service, or something in front of it, answered, or that nothing did.
    Answer,
    /// A lookup of a name.
    Lookup,
    /// The certificate of a server.
    Certificate,
    /// What a network or a platform recorded of a call.
    Record,
}

impl PastedKind {
    /// The word used in output and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Lookup => "lookup",
            Self::Certificate => "certificate",
            Self::Record => "record",
        }
    }
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerMeaning {
    /// The finding that a walk reports for such an answer.
    pub id: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// The same for a first line.
    pub short: &'static str,
    /// Whether the call that was refused is one that a service made, not the application.
    pub between_services: bool,
    /// Who made the call.
    pub caller: String,
    /// What was called.
    pub callee: String,
    /// Which of them refused and how that is known, behind the word "refused".
    pub refused: String,
    /// What the service that refused may mean, where it does not say.
    pub causes: &'static [&'static str],
    /// Whether the text of the answer shows it; else only its status does.
    pub by_text: bool,
    /// Whether a server answered: else the call ended before.
    pub is_answer: bool,
    /// Whether a call may work as it is.
    pub is_risk: bool,
    /// How sure it is; never proved, since who sent a pasted text is not known.
    pub confidence: Confidence,
    /// What of it no check can test, or which check can.
    pub testable: String,
    /// The finding, where its fix does not depend on the path.
    pub finding: Option<Finding>,
    /// The finding's page.
    pub page: &'static str,
}

/// What the rules and the verdict made of the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The verdict.
    pub verdict: Verdict,
    /// Every finding: the cause first, then by weight and hop.
    pub findings: Vec<Finding>,
}

/// The verdict over one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The state; the exit status follows from it.
    pub state: State,
    /// The hop of the cause, when a hop is broken.
    pub broken_hop: Option<Hop>,
    /// Id of the finding that is the cause: of `broken`, of `at_risk`, or of what kept the walk from
    /// telling.
    pub cause: Option<String>,
    /// How sure the cause is.
    pub confidence: Option<Confidence>,
    /// The first line of the human report, from its first word to its end.
    pub line: String,
}

impl Verdict {
    /// The first line without the words of the state and what joins them: `dns (some-id): cause`.
    #[must_use]
    pub fn headline(&self) -> &str {
        let rest = self.line.strip_prefix(self.state.words()).unwrap_or(&self.line);
        let rest = rest.strip_prefix(" at ").or_else(|| rest.strip_prefix(':')).unwrap_or(rest);
        rest.trim_start()
    }
}

/// The state of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Proved to work. Exit status 0.
    Works,
    /// Works, but something needs care. Exit status 1.
    AtRisk,
    /// A hop is broken. Exit status 2.
    Broken,
    /// Could not be judged. Exit status 3.
    CannotTell,
}

impl State {
    /// Its place among states, the worst first: broken, cannot tell, at risk, works.
    #[must_use]
    pub const fn weight(self) -> u8 {
        match self {
            State::Broken => 0,
            State::CannotTell => 1,
            State::AtRisk => 2,
            State::Works => 3,
        }
    }

    /// The words that begin a report.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            State::Works => "WORKS",
            State::AtRisk => "AT RISK",
            State::Broken => "BROKEN",
            State::CannotTell => "CANNOT TELL",
        }
    }

    /// Its word in JSON, in labels and in the history.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            State::Works => "works",
            State::AtRisk => "at_risk",
            State::Broken => "broken",
            State::CannotTell => "cannot_tell",
        }
    }
}
