//! Two reports compared, as plain data: the first hop where they differ, what differs, and what
//! explains it.
//!
//! This module imports no stage. `compare` makes a [`Comparison`], `render` shows it.

use serde::Serialize;

use crate::diagnosis::{Confidence, State};
use crate::evidence::Hop;

/// Version of the form that `compare --format json` writes, `major.minor`.
pub const COMPARISON_VERSION: &str = "1.1";

/// The parts of a comparison in the order in which they are shown: the hops, what is before them
/// and what is after them.
pub const PARTS: [&str; 11] = [
    "target",
    "vantage",
    "dns",
    "tcp",
    "proxy",
    "tls",
    "identity",
    "http",
    "azure",
    "experiments",
    "verdict",
];

/// Two reports of one target, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The target's name for people.
    pub target: String,
    /// How much they differ; the exit status follows from it.
    pub result: Difference,
    /// The first hop whose outcome differs; where no outcome differs, the first with a fact that
    /// does.
    pub first_hop: Option<Hop>,
    /// The first report.
    pub a: Side,
    /// The second report.
    pub b: Side,
    /// What explains the difference at the first hop. Several are possible where the reports differ
    /// in several things; none where no report shows a path that works.
    pub causes: Vec<Cause>,
    /// What the two reports show together, in sentences.
    pub notes: Vec<String>,
    /// Every fact that differs, in the order of [`PARTS`].
    pub facts: Vec<Fact>,
}

/// How much two reports differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// In nothing but noise. Exit status 0.
    Same,
    /// In facts that change no outcome. Exit status 1.
    Harmless,
    /// In the outcome of a hop, or in the verdict. Exit status 2.
    Outcome,
}

impl Difference {
    /// The exit status.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Harmless => 1,
            Self::Outcome => 2,
        }
    }
}

/// One of the two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its file, or what else it comes from.
    pub source: String,
    /// The host name that was walked to.
    pub target_host: String,
    /// The machine that walked.
    pub vantage_host: String,
    /// Start of the walk, RFC 3339, by that machine's clock.
    pub started: String,
    /// The state of its verdict.
    pub state: State,
    /// The line of its verdict.
    pub line: String,
}

/// What explains a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its id, stable for ever.
    pub id: &'static str,
    /// The hop at which it shows.
    pub hop: Hop,
    /// How sure it is: proved where the two reports allow nothing else.
    pub confidence: Confidence,
    /// Both sides in one sentence, without a full stop.
    pub headline: String,
    /// What it means, and how it is known.
    pub reasoning: Vec<String>,
    /// What would decide, in words or as a command.
    pub decide_with: Vec<String>,
    /// The team that can change it.
    pub owner: &'static str,
}

/// A fact that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// The part: a hop, `target`, `azure`, `experiments` or `verdict`.
    pub part: &'static str,
    /// Its id, stable for ever, e.g. `dns.addresses`.
    pub id: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// Of which one, where there are several: a resolver, an address, a header; else empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// Whether it is a hop's outcome, or the verdict.
    pub outcome: bool,
    /// In the first report; null where it has no such entry.
    pub a: Option<String>,
    /// In the second report.
    pub b: Option<String>,
}

impl Fact {
    /// What it is, and of which one.
    #[must_use]
    pub fn name(&self) -> String {
        match self.of.as_str() {
            "" => self.what.to_owned(),
            of => format!("{} {of}", self.what),
        }
    }
}
