//! Which refusal is this answer? One table, read from top to bottom: the first row that
//! fits names the one finding that an answer gives (facts of `docs/facts.md`).
//!
//! Specific words and codes come first, then the marks of something in front, then the
//! catch-all of the status. No row fits an answer that accepts the call.

mod conditions;
mod table;

use crate::evidence::http::{HttpAnswer, HttpCall};
use crate::evidence::{Evidence, Hop};

use conditions::Only;
pub use conditions::asks_for_login;
pub(super) use conditions::{about_the_question, dead_token};
use table::REFUSALS;

/// One way in which a call is not simply accepted.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The finding.
    pub id: &'static str,
    /// The hop that the finding belongs to.
    pub hop: Hop,
    /// The facts that the row rests on; empty for a catch-all.
    pub facts: &'static str,
    /// First and last status code.
    status: (u16, u16),
    /// Error codes in lower case, any of them; none: any code.
    codes: &'static [&'static str],
    /// Parts of the message in lower case, any of them; none: any message.
    words: &'static [&'static str],
    /// A header and a part of its value, both in lower case.
    pub header: Option<(&'static str, &'static str)>,
    /// What else must hold, all of it.
    only: &'static [Only],
    /// What it leaves of the proof that the path works.
    pub leaves: Leaves,
    /// What of the caller it is about.
    pub blames: Blames,
}

/// What an answer leaves of the proof that the path works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: the call is refused, or who answered is not known.
    Nothing,
    /// The path: the service takes the call, and a finding of its own says what is at risk.
    Path,
    /// The path: the call succeeds, and that the account itself answered is not shown.
    Unproved,
    /// The path, where no credential went with the call: the service asks who is calling.
    CallerUntested,
    /// The same, and it is something in front that asks, which the walk cannot pass.
    FrontAsks,
    /// The path: this kind of account has no list.
    ListUntested,
    /// The path and the caller: the deployment answers.
    Deployment,
    /// The caller: what it asks for is not there.
    Caller,
}

/// What of the caller a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blames {
    /// Neither of the others.
    Other,
    /// The network that the call came from (H1 to H5, W3, W17).
    Network,
    /// The credential as such: not a role, a switched off key or a gateway.
    Credential,
    /// What the credential may do, or whose it is.
    Rights,
}

impl Refusal {
    const fn new(id: &'static str, hop: Hop, facts: &'static str, status: (u16, u16)) -> Self {
        Self {
            id,
            hop,
            facts,
            status,
            codes: &[],
            words: &[],
            header: None,
            only: &[],
            leaves: Leaves::Nothing,
            blames: Blames::Other,
        }
    }

    const fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = codes;
        self
    }

    const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    const fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    const fn only(mut self, only: &'static [Only]) -> Self {
        self.only = only;
        self
    }

    const fn leaves(mut self, leaves: Leaves) -> Self {
        self.leaves = leaves;
        self
    }

    const fn blames(mut self, blames: Blames) -> Self {
        self.blames = blames;
        self
    }
}

const fn http(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::new(id, Hop::Http, facts, (first, last))
}

const fn identity(id: &'static str, facts: &'static str, first: u16, last: u16) -> Refusal {
    Refusal::new(id, Hop::Identity, facts, (first, last))
}

/// The row that fits the answer of a call; none when the call is accepted, or when there
/// was no answer at all.
#[must_use]
pub fn refusal(e: &Evidence, call: &HttpCall) -> Option<&'static Refusal> {
    let answer = call.answer()?;
    REFUSALS.iter().find(|row| row.fits(e, call, answer))
}

/// Whether the service accepted this call: 2xx with what was asked for.
#[must_use]
pub fn accepted(e: &Evidence, call: &HttpCall) -> bool {
    call.answer().is_some() && refusal(e, call).is_none()
}

impl Refusal {
    fn fits(&self, e: &Evidence, call: &HttpCall, answer: &HttpAnswer) -> bool {
        (self.status.0..=self.status.1).contains(&answer.status)
            && self.fits_code(answer)
            && self.fits_words(answer)
            && self.header.is_none_or(|(name, value)| {
                answer
                    .headers
                    .iter()
                    .any(|h| h.name == name && h.value.to_ascii_lowercase().contains(value))
            })
            && self.only.iter().all(|only| only.holds(e, call, answer))
    }

    fn fits_code(&self, answer: &HttpAnswer) -> bool {
        self.codes.is_empty()
            || answer.code().is_some_and(|c| self.codes.iter().any(|w| c.eq_ignore_ascii_case(w)))
    }

    fn fits_words(&self, answer: &HttpAnswer) -> bool {
        self.words.is_empty()
            || text(answer).is_some_and(|t| {
                let t = t.to_ascii_lowercase();
                self.words.iter().any(|w| t.contains(w))
            })
    }
}

/// What the answer says: the error's message, else the start of a body that is no JSON.
#[must_use]
pub fn text(answer: &HttpAnswer) -> Option<&str> {
    answer.message().or(answer.body_excerpt.as_deref())
}

#[cfg(test)]
mod tests {
    use super::REFUSALS;

    #[test]
    fn each_row_names_a_rule_of_its_hop_and_compares_in_lower_case() {
        for row in REFUSALS {
            let rule = crate::diagnose::rule(row.id);
            assert_eq!(rule.map(|rule| rule.hop), Some(row.hop), "{}", row.id);
            assert!(row.status.0 <= row.status.1, "{}", row.id);
            for text in row.codes.iter().chain(row.words) {
                assert_eq!(*text, text.to_ascii_lowercase(), "{}", row.id);
            }
        }
    }

    #[test]
    fn each_status_but_2xx_has_a_reading() {
        for status in (100..=199).chain(300..=999) {
            assert!(
                REFUSALS.iter().any(|row| {
                    (row.status.0..=row.status.1).contains(&status)
                        && row.codes.is_empty()
                        && row.words.is_empty()
                        && row.header.is_none()
                        && row.only.is_empty()
                }),
                "{status}"
            );
        }
    }

    /// What a finding leaves of the proof does not depend on which of its rows fits.
    #[test]
    fn rows_of_a_finding_leave_and_blame_the_same() {
        for row in REFUSALS {
            let first = REFUSALS.iter().find(|other| other.id == row.id).unwrap();
            assert_eq!((first.leaves, first.blames), (row.leaves, row.blames), "{}", row.id);
        }
    }
}
