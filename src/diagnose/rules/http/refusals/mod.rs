//! Which refusal an answer is. One table, read from top to bottom: the first row that matches names
//! the one finding of an answer (facts of `docs/facts.md`).
//!
//! Specific texts and codes come first, then the signatures of something in front, then the
//! catch-all of the status. No row matches an answer that accepts the call.

mod conditions;
mod table;

use crate::diagnose::reading;
use crate::evidence::Evidence;
use crate::evidence::http::{HttpAnswer, HttpCall};
use crate::services::refusal::Condition;
pub use crate::services::refusal::{Blames, Leaves, Refusal};

pub use conditions::asks_for_login;
pub(super) use conditions::{about_the_question, coding, dead_token};
use table::{REFUSALS, REPLACED, REPLACED_BY_OPERATION};

/// The row that matches a call's answer; none if the call is accepted or not answered. The rows of
/// the service's own profile come first.
#[must_use]
pub fn refusal(e: &Evidence, call: &HttpCall) -> Option<&'static Refusal> {
    let answer = call.answer()?;
    let own = reading::service(e).map_or(&[][..], |service| service.refusals);
    let row = own.iter().chain(REFUSALS).find(|row| fits(row, e, call, answer))?;
    // It speaks of a kind of credential that was not sent.
    let of_another_kind = row.about.is_some_and(|kind| e.identity.kind != kind);
    Some(match call.credential_sent && of_another_kind {
        true if row.holds_for_every_call() => &REPLACED,
        true => &REPLACED_BY_OPERATION,
        false => row,
    })
}

/// Whether the service accepted this call: 2xx with what was asked for.
#[must_use]
pub fn accepted(e: &Evidence, call: &HttpCall) -> bool {
    call.answer().is_some() && refusal(e, call).is_none()
}

/// The rows that hold for every service, in order.
pub(in crate::diagnose) const fn common() -> &'static [Refusal] {
    REFUSALS
}

fn fits(row: &Refusal, e: &Evidence, call: &HttpCall, answer: &HttpAnswer) -> bool {
    let inner = || answer.error.as_ref().and_then(|error| error.inner_code.as_deref());
    (row.status.0..=row.status.1).contains(&answer.status)
        && is_one_of(row.codes, || answer.code())
        && is_one_of(row.inner, inner)
        && fits_words(row, answer)
        && row.header.is_none_or(|(name, value)| {
            answer
                .headers
                .iter()
                .any(|h| h.name == name && h.value.to_ascii_lowercase().contains(value))
        })
        && row.only.iter().all(|only| conditions::holds(*only, e, call, answer))
        // Words and codes are the service's only where nothing shows another sender.
        && (row.words.is_empty() && row.codes.is_empty()
            || conditions::holds(Condition::NoFront, e, call, answer))
}

/// Whether a code is one of those that are wanted, if any is.
fn is_one_of<'a>(wanted: &[&str], code: impl Fn() -> Option<&'a str>) -> bool {
    wanted.is_empty() || code().is_some_and(|c| wanted.iter().any(|w| c.eq_ignore_ascii_case(w)))
}

fn fits_words(row: &Refusal, answer: &HttpAnswer) -> bool {
    row.words.is_empty()
        || text(answer).is_some_and(|t| {
            let t = t.to_ascii_lowercase();
            row.words.iter().any(|w| t.contains(w))
        })
}

/// The answer's text: the error's message, or else the start of a body that is not JSON.
#[must_use]
pub fn text(answer: &HttpAnswer) -> Option<&str> {
    answer.message().or(answer.body_excerpt.as_deref())
}

#[cfg(test)]
mod tests {
    use super::{REFUSALS, REPLACED, Refusal};
    use crate::services;

    fn rows() -> impl Iterator<Item = &'static Refusal> {
        services::all().flat_map(|service| service.refusals).chain(REFUSALS).chain([&REPLACED])
    }

    #[test]
    fn each_row_names_a_rule_of_its_hop_and_compares_in_lower_case() {
        for row in rows() {
            let rule = crate::diagnose::rule(row.id);
            assert_eq!(rule.map(|rule| rule.hop), Some(row.hop), "{}", row.id);
            assert!(row.status.0 <= row.status.1, "{}", row.id);
            for text in row.codes.iter().chain(row.inner).chain(row.words) {
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
                        && row.inner.is_empty()
                        && row.words.is_empty()
                        && row.header.is_none()
                        && row.only.is_empty()
                }),
                "{status}"
            );
        }
    }

    /// How much of the proof a finding leaves does not depend on which of its rows matches.
    #[test]
    fn rows_of_a_finding_leave_and_blame_the_same() {
        for row in rows() {
            let first = rows().find(|other| other.id == row.id).unwrap();
            let what = |row: &Refusal| (row.leaves, row.blames, row.whole);
            assert_eq!(what(first), what(row), "{}", row.id);
        }
    }
}
