//! What a rule returns when it fires, and how it is put together.

use crate::diagnosis::{Caveat, Confidence, Effect, Finding, Fix, Level, Step};

use super::Rule;
use super::azure::{Proof, Ruling};
use super::headline::Clause;

/// Why a rule fired: the facts, how sure they make it, and the fix.
#[derive(Debug, Clone)]
pub struct FindingBuilder {
    level: Level,
    confidence: Confidence,
    headline: Clause,
    facts: Vec<String>,
    reasoning: Vec<String>,
    ruled_out: Vec<String>,
    decide_with: Vec<String>,
    fix: Option<Fix>,
    caveat: Option<Caveat>,
    untested: bool,
    cites: Vec<String>,
    settled: bool,
}

impl FindingBuilder {
    /// A finding that says `says`: one clause, no full stop, with the operator's own facts.
    #[must_use]
    pub fn new(level: Level, confidence: Confidence, headline: impl Into<Clause>) -> Self {
        Self {
            level,
            confidence,
            headline: headline.into(),
            facts: Vec::new(),
            reasoning: Vec::new(),
            ruled_out: Vec::new(),
            decide_with: Vec::new(),
            fix: None,
            caveat: None,
            untested: false,
            cites: Vec::new(),
            settled: false,
        }
    }

    /// With a first line of several lengths.
    #[must_use]
    pub(in crate::diagnose) fn headline(mut self, says: impl Into<Clause>) -> Self {
        self.headline = says.into();
        self
    }

    /// Adds a fact seen.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// Says `noun` where its sentences, which are written for an account, speak of one, and names
    /// it so in placeholders of commands. What was seen stays as it was.
    #[must_use]
    pub(in crate::diagnose) fn about_a(mut self, noun: &str) -> Self {
        if noun == "account" {
            return self;
        }
        let placeholder = format!("<{noun} ");
        let end = format!(" of the {noun}>");
        let command = |text: &mut String| {
            *text = text.replace("<account ", &placeholder).replace(" of the account>", &end);
        };
        let texts = self.reasoning.iter_mut().chain(&mut self.ruled_out);
        texts.for_each(|text| *text = with_noun(text, noun));
        self.decide_with.iter_mut().for_each(command);
        for step in self.fix.iter_mut().flat_map(|fix| &mut fix.steps) {
            let affects = match &mut step.effect {
                Effect::Shared { affects } => Some(affects),
                Effect::ReadOnly | Effect::Local => None,
            };
            let texts = [Some(&mut step.text), step.undo.as_mut(), affects];
            texts.into_iter().flatten().for_each(|text| *text = with_noun(text, noun));
            step.command.iter_mut().for_each(command);
        }
        self
    }

    /// Adds a sentence on how it is known.
    #[must_use]
    pub fn reasoning(mut self, sentence: impl Into<String>) -> Self {
        self.reasoning.push(sentence.into());
        self
    }

    /// Adds a sentence of how it is known, where it holds.
    #[must_use]
    pub fn reasoning_if(self, holds: bool, sentence: impl Into<String>) -> Self {
        if holds { self.reasoning(sentence) } else { self }
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

    /// Adds a command that would decide between the remaining causes.
    #[must_use]
    pub fn decide_with(mut self, command: impl Into<String>) -> Self {
        self.decide_with.push(command.into());
        self
    }

    /// Cites a place of the report: a JSON pointer below `/evidence`, written without it.
    #[must_use]
    pub fn cites(mut self, pointer: impl AsRef<str>) -> Self {
        self.cites.push(format!("/evidence{}", pointer.as_ref()));
        self
    }

    /// Names the team that can fix it.
    #[must_use]
    pub fn owner(mut self, team: impl Into<String>) -> Self {
        self.fix_mut().owner = team.into();
        self
    }

    /// Marks what readers of a green report must see: another client, resolver or moment gets a
    /// different result.
    #[must_use]
    pub const fn caveat(mut self) -> Self {
        self.caveat = Some(Caveat::Differs);
        self
    }

    /// Marks that the peer's own word decides.
    #[must_use]
    pub const fn proved(mut self) -> Self {
        self.confidence = Confidence::Proved;
        self
    }

    /// Gives the finding another level.
    #[must_use]
    pub const fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Marks that the walk could not test the path, because of a limit of this machine or of a
    /// service it uses: the verdict is CANNOT TELL, with this as its reason.
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

    /// Adds a step of the fix.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.fix_mut().steps.push(step);
        self
    }

    /// Adds a step with a command that only reads.
    #[must_use]
    pub fn inspect(self, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.step(Step::inspect(text).command(command))
    }

    /// Adds another command that only reads, as an alternative to the step before it.
    #[must_use]
    pub fn or_inspect(self, text: impl Into<String>, command: impl Into<String>) -> Self {
        self.step(Step::inspect(text).command(command).or())
    }

    /// Names the command that verifies the fix.
    #[must_use]
    pub fn check(mut self, command: impl Into<String>) -> Self {
        self.fix_mut().check = Some(command.into());
        self
    }

    /// Takes over what Resource Manager says of it.
    pub(super) fn rule(&mut self, ruling: Ruling) {
        match ruling {
            Ruling::Proves(proof) => {
                self.settled = true;
                self.confidence = Confidence::Proved;
                self.decide_with.clear();
                if !proof.reasoning.is_empty() {
                    self.reasoning.clear();
                }
                self.take_over(proof);
            }
            Ruling::Suggests(mut proof) => {
                match self.confidence {
                    Confidence::Possible => self.confidence = Confidence::Inferred,
                    Confidence::Inferred => {}
                    // A first line that is only likely must not stand beside "proved".
                    Confidence::Proved => proof.headline = None,
                }
                self.take_over(proof);
            }
            Ruling::Notes(proof) => self.take_over(proof),
            Ruling::Open(missing) => {
                let needed = |what: String| format!("Azure does not decide it: {what} is needed");
                self.reasoning.extend(missing.into_iter().map(needed));
            }
        }
    }

    /// Whether Resource Manager proved it: a question to a resolver that was not answered then
    /// leaves nothing open.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// Whether it breaks the path.
    pub(super) fn is_broken(&self) -> bool {
        self.level == Level::Broken
    }

    /// Adds facts and sentences of lesser weight behind its own.
    pub(super) fn append(&mut self, proof: Proof) {
        self.facts.extend(proof.facts);
        self.reasoning.extend(proof.reasoning);
        self.cites.extend(proof.cites);
    }

    fn take_over(&mut self, proof: Proof) {
        if let Some(headline) = proof.headline {
            self.headline = headline;
        }
        if proof.instead {
            self.reasoning.clear();
            self.decide_with.clear();
        }
        let stands = |text: &String| !proof.strikes.iter().any(|struck| text.contains(struck));
        self.reasoning.retain(stands);
        self.decide_with.retain(stands);
        self.facts.splice(..0, proof.facts);
        self.reasoning.extend(proof.reasoning);
        self.ruled_out.extend(proof.ruled_out);
        self.cites.extend(proof.cites);
        if let Some(owner) = proof.owner {
            self.fix_mut().owner = owner;
        }
        if !proof.steps.is_empty() {
            self.fix_mut().steps = proof.steps;
        }
    }

    /// Changes its commands by `filled`.
    pub(super) fn fill(&mut self, filled: impl Fn(&str) -> String) {
        let steps = self.fix.iter_mut().flat_map(|fix| &mut fix.steps);
        let undo_and_command = steps.flat_map(|step| [step.command.as_mut(), step.undo.as_mut()]);
        let texts = undo_and_command.flatten().chain(&mut self.decide_with);
        texts.for_each(|text| *text = filled(text));
    }

    fn fix_mut(&mut self) -> &mut Fix {
        self.fix.get_or_insert_with(|| Fix { owner: String::new(), steps: Vec::new(), check: None })
    }

    /// The clause in all its wordings.
    pub(super) fn clause_of(&self, rule: &Rule) -> Clause {
        match rule.short {
            Some(short) => self.headline.clone().or(short),
            None => self.headline.clone(),
        }
    }

    /// The finding of `rule`.
    pub(super) fn finding(self, rule: &Rule) -> Finding {
        Finding {
            id: rule.id.to_owned(),
            hop: rule.hop,
            level: self.level,
            confidence: self.confidence,
            headline: self.headline.alone(),
            facts: self.facts,
            reasoning: self.reasoning,
            ruled_out: self.ruled_out,
            decide_with: self.decide_with,
            azure: None,
            fix: self.fix,
            caveat: self.caveat,
            untested: self.untested,
            cites: self.cites,
            explained_by: None,
        }
    }
}

/// A text with `noun` in place of the word account. A name, a path or another kind of account is
/// left as it is.
fn with_noun(text: &str, noun: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // A text that is written for a storage account has the noun already.
    let kind = noun.strip_suffix("account").filter(|kind| !kind.is_empty());
    while let Some(at) = rest.find("account") {
        let (before, after) = rest.split_at(at);
        let after = &after["account".len()..];
        let plural = after.strip_prefix('s').unwrap_or(after);
        let joined = |c: char| c.is_ascii_alphanumeric() || "-_/@".contains(c);
        let named = plural.starts_with('.') && plural[1..].starts_with(joined);
        let apart = !before.ends_with(|c| joined(c) || c == '.')
            && !plural.starts_with(joined)
            && !named
            && !kind.is_some_and(|kind| before.ends_with(kind))
            && !before.ends_with("service ")
            && !before.ends_with("az ");
        match (apart, before.strip_suffix("an ")) {
            (true, start) => {
                match start {
                    Some(start) => out.extend([start, "a "]),
                    None => out.push_str(before),
                }
                // Two registries.
                match noun.strip_suffix('y').filter(|_| plural.len() < after.len()) {
                    Some(stem) => {
                        out.extend([stem, "ies"]);
                        rest = plural;
                        continue;
                    }
                    None => out.push_str(noun),
                }
            }
            (false, _) => {
                out.push_str(before);
                out.push_str("account");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod noun_tests {
    use super::with_noun;

    #[test]
    fn a_noun_takes_the_place_of_a_word_and_of_nothing_else() {
        for (text, wanted) in [
            ("the account's rules", "the vault's rules"),
            ("an account and accounts", "a vault and vaults"),
            ("<account resource id>", "<vault resource id>"),
            ("my-account.vault.azure.net", "my-account.vault.azure.net"),
            ("account.vault.azure.net", "account.vault.azure.net"),
            ("ends at the account.", "ends at the vault."),
            ("azurerm_cognitive_account", "azurerm_cognitive_account"),
            ("the service account", "the service account"),
        ] {
            assert_eq!(with_noun(text, "vault"), wanted);
        }
    }
}
