//! The calls, and what answered.

use super::{Fact, Mark, not_done, text};
use crate::evidence::http::{HttpHop, Purpose};
use crate::evidence::{Observed, SkipReason};

/// The answer to the call, or how it ended.
#[must_use]
pub fn http(observed: &Observed<HttpHop>) -> Fact {
    let (value, took_ms) = match observed {
        Observed::Done { value, took_ms, .. } => (value, *took_ms),
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => {
            return Fact::new(Mark::NotDone, text::choice(SkipReason::ServiceHasNoCall), None);
        }
        other => return not_done(other),
    };
    let Some(main) = value.main() else {
        return Fact::new(Mark::NotDone, "no call was made", None);
    };
    let mut mark = Mark::Works;
    let mut text = text::http_call(main);
    match main.answer().map(|answer| answer.status) {
        Some(200..=299 | 429) => {}
        Some(401) if !main.credential_sent => {
            // Where that is all that is asked for, its text says what it is: it may refuse the network
            // (fact Z60).
            let service = main.answer().is_some_and(|answer| answer.error.is_some());
            if service && main.purpose != Purpose::Challenge {
                text = "401, as it should be without a credential".to_owned();
            }
        }
        _ => mark = Mark::Breaks,
    }
    let mut fact = Fact::new(mark, text, Some(took_ms));
    for call in value.calls.iter().skip(1).filter(|call| call.purpose == Purpose::Deployment) {
        fact = fact.note(format!("deployment: {}", text::http_call(call)));
    }
    fact.notes_first()
}
