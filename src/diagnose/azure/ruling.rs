//! What an answer of Resource Manager makes of a finding.

use crate::diagnose::headline::Clause;
use crate::diagnosis::Step;
use crate::evidence::text::span;

/// What an answer makes of a finding.
#[derive(Debug, Clone)]
pub(in crate::diagnose) enum Ruling {
    /// A GET of this run shows that this is the cause: the finding is proved.
    Proves(Proof),
    /// It makes the cause likely: a row of Resource Graph, rules evaluated here, an event in time.
    Suggests(Proof),
    /// It adds facts and strikes out possibilities, and leaves open what the cause is.
    Notes(Proof),
    /// It does not decide, because of what the caller may not read, in words: an action over a
    /// scope.
    Open(Vec<String>),
}

impl Ruling {
    /// The same, where Resource Manager was asked `seconds` after the walk: what it says then proves
    /// nothing of the time before.
    #[must_use]
    pub(super) fn asked_late(self, seconds: u64) -> Self {
        match self {
            Self::Proves(proof) => Self::Suggests(proof.reasoning(format!(
                "Azure was asked {} after this walk: that it was the same then is likely, and not \
                 proved",
                span(seconds)
            ))),
            other => other,
        }
    }
}

/// What an answer shows.
#[derive(Debug, Clone, Default)]
pub(in crate::diagnose) struct Proof {
    pub(in crate::diagnose) headline: Option<Clause>,
    pub(in crate::diagnose) facts: Vec<String>,
    pub(in crate::diagnose) reasoning: Vec<String>,
    pub(in crate::diagnose) ruled_out: Vec<String>,
    pub(in crate::diagnose) cites: Vec<String>,
    pub(in crate::diagnose) owner: Option<String>,
    pub(in crate::diagnose) steps: Vec<Step>,
    pub(in crate::diagnose) instead: bool,
    pub(in crate::diagnose) strikes: Vec<&'static str>,
}

impl Proof {
    /// With another first line.
    #[must_use]
    pub(in crate::diagnose) fn headline(mut self, says: impl Into<Clause>) -> Self {
        self.headline = Some(says.into());
        self
    }

    /// With a fact that Resource Manager gave.
    #[must_use]
    pub(in crate::diagnose) fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// With a sentence on how it is known; a proof's sentences replace the finding's own.
    #[must_use]
    pub(in crate::diagnose) fn reasoning(mut self, sentence: impl Into<String>) -> Self {
        self.reasoning.push(sentence.into());
        self
    }

    /// With a possibility that is struck out, and why.
    #[must_use]
    pub(in crate::diagnose) fn ruled_out(mut self, what: impl Into<String>) -> Self {
        self.ruled_out.push(what.into());
        self
    }

    /// With sentences that replace the finding's own, also where they prove nothing: they name all
    /// that remains.
    #[must_use]
    pub(in crate::diagnose) const fn instead(mut self) -> Self {
        self.instead = true;
        self
    }

    /// Takes out the finding's own sentences, and its commands that would decide, which hold this
    /// text: what is struck out is not repeated as possible.
    #[must_use]
    pub(in crate::diagnose) fn strikes(mut self, text: &'static str) -> Self {
        self.strikes.push(text);
        self
    }

    /// Cites a place below `/evidence/azure`, e.g. `/estate/zones`.
    #[must_use]
    pub(in crate::diagnose) fn cites(mut self, pointer: impl AsRef<str>) -> Self {
        self.cites.push(format!("/evidence/azure{}", pointer.as_ref()));
        self
    }

    /// With what another one adds: its facts, sentences, exclusions and places.
    #[must_use]
    pub(in crate::diagnose) fn and(mut self, other: Self) -> Self {
        self.facts.extend(other.facts);
        self.reasoning.extend(other.reasoning);
        self.ruled_out.extend(other.ruled_out);
        self.cites.extend(other.cites);
        self
    }

    /// With another owner.
    #[must_use]
    pub(in crate::diagnose) fn owner(mut self, team: impl Into<String>) -> Self {
        self.owner = Some(team.into());
        self
    }

    /// With a step; where there is one, the steps replace the finding's own.
    #[must_use]
    pub(in crate::diagnose) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
