//! What a rule returns when it fires, and how it is put together.

use crate::diagnosis::{Caveat, Finding, Fix, Level, Step, Sure};

use super::Rule;
use super::headline::Clause;

/// Why a rule fired: the facts, how sure they make it, and the way out.
#[derive(Debug, Clone)]
pub struct Because {
    level: Level,
    sure: Sure,
    says: Clause,
    seen: Vec<String>,
    known_by: Vec<String>,
    ruled_out: Vec<String>,
    tells_it: Vec<String>,
    fix: Option<Fix>,
    caveat: Option<Caveat>,
    untested: bool,
    read_at: Vec<String>,
}

impl Because {
    /// A finding that says `says`: one clause, no full stop, with the operator's own facts.
    #[must_use]
    pub fn new(level: Level, sure: Sure, says: impl Into<Clause>) -> Self {
        Self {
            level,
            sure,
            says: says.into(),
            seen: Vec::new(),
            known_by: Vec::new(),
            ruled_out: Vec::new(),
            tells_it: Vec::new(),
            fix: None,
            caveat: None,
            untested: false,
            read_at: Vec::new(),
        }
    }

    /// Adds a fact seen.
    #[must_use]
    pub fn seen(mut self, fact: impl Into<String>) -> Self {
        self.seen.push(fact.into());
        self
    }

    /// Adds a sentence on how it is known.
    #[must_use]
    pub fn known_by(mut self, sentence: impl Into<String>) -> Self {
        self.known_by.push(sentence.into());
        self
    }

    /// Adds something that was ruled out.
    #[must_use]
    pub fn ruled_out(mut self, what: impl Into<String>) -> Self {
        self.ruled_out.push(what.into());
        self
    }

    /// Adds something that was ruled out, where the evidence does rule it out.
    #[must_use]
    pub fn ruled_out_if(self, holds: bool, what: impl Into<String>) -> Self {
        if holds { self.ruled_out(what) } else { self }
    }

    /// Adds a command that would tell between the causes that remain.
    #[must_use]
    pub fn tells_it(mut self, command: impl Into<String>) -> Self {
        self.tells_it.push(command.into());
        self
    }

    /// Cites a place of the report: a JSON pointer below `/evidence`, written without it.
    #[must_use]
    pub fn read_at(mut self, pointer: impl AsRef<str>) -> Self {
        self.read_at.push(format!("/evidence{}", pointer.as_ref()));
        self
    }

    /// Names the team that can fix it.
    #[must_use]
    pub fn owner(mut self, team: impl Into<String>) -> Self {
        self.fix_mut().owner = team.into();
        self
    }

    /// Marks what readers of a green report must see: another client, resolver or moment gets
    /// something else than this walk did.
    #[must_use]
    pub const fn caveat(mut self) -> Self {
        self.caveat = Some(Caveat::Differs);
        self
    }

    /// Gives the finding another weight.
    #[must_use]
    pub const fn weighing(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Says that the walk could not test the path, by a limit of this machine or of whom it asks:
    /// the verdict is CANNOT TELL, with this as its reason.
    #[must_use]
    pub const fn untested(mut self) -> Self {
        self.untested = true;
        self
    }

    /// Marks what readers of a green report must see: the walk did not test it.
    #[must_use]
    pub const fn not_tested(mut self) -> Self {
        self.caveat = Some(Caveat::NotTested);
        self
    }

    /// Adds a step of the fix. Words that begin with `or` make it an alternative to the step
    /// before it.
    #[must_use]
    pub fn act(mut self, mut step: Step) -> Self {
        if let Some(says) = step.says.strip_prefix("or ") {
            (step.says, step.or) = (says.to_owned(), true);
        }
        self.fix_mut().steps.push(step);
        self
    }

    /// Adds a step with a command that only reads.
    #[must_use]
    pub fn look(self, says: impl Into<String>, command: impl Into<String>) -> Self {
        self.act(Step::look(says).command(command))
    }

    /// Names the command that shows that it worked.
    #[must_use]
    pub fn check(mut self, command: impl Into<String>) -> Self {
        self.fix_mut().check = Some(command.into());
        self
    }

    fn fix_mut(&mut self) -> &mut Fix {
        self.fix.get_or_insert_with(|| Fix { owner: String::new(), steps: Vec::new(), check: None })
    }

    /// What it says, in every wording.
    pub(super) fn clause_of(&self, rule: &Rule) -> Clause {
        match rule.short {
            Some(short) => self.says.clone().or(short),
            None => self.says.clone(),
        }
    }

    /// The finding of `rule`.
    pub(super) fn finding(self, rule: &Rule) -> Finding {
        Finding {
            id: rule.id.to_owned(),
            hop: rule.hop,
            level: self.level,
            sure: self.sure,
            says: self.says.alone(),
            seen: self.seen,
            known_by: self.known_by,
            ruled_out: self.ruled_out,
            tells_it: self.tells_it,
            fix: self.fix,
            caveat: self.caveat,
            untested: self.untested,
            read_at: self.read_at,
            explained_by: None,
        }
    }
}
