//! An answer that an application printed: its text in, what it means out. Nothing is sent.
//!
//! `secrets` takes out what may be a key, `read` finds status, headers and body in what libraries
//! print, `statuses` which status of several counts, `python` reads the form that Python gives a body, `hosts` finds which host was asked, `libraries` which client asked, `lookups` the
//! lookups of names, `records` what a network recorded of a call, `certificates` the issuer of a certificate, and `vendors` knows those that are not of Azure. What an
//! answer means is in the tables
//! that a walk's answers are judged by (`diagnose::pasted`).

mod certificates;
mod errors;
mod frames;
mod hosts;
mod libraries;
mod lookups;
mod python;
mod read;
mod records;
mod secrets;
mod statuses;
mod vendors;

use crate::diagnose::pasted::{self, Asked};
use crate::diagnosis::ExplainedAnswer;
use crate::evidence::Evidence;
use crate::secret::Redactor;

use read::Printed;

pub use lookups::lookups;
pub use records::{is_empty, records};
pub use secrets::without_secrets;
pub use vendors::{is_beside, other_vendor};

/// Answers that are read at most, each inside the one before it.
const DEPTH: usize = 3;

/// The host that the answer of a text is of, if the text shows it: one that `fits`, or what was
/// requested last before the answer, whatever it is.
#[must_use]
pub fn callee(text: &str, base: &Evidence, fits: impl Fn(&str) -> bool) -> Option<String> {
    let text = &frames::without_frames(text);
    hosts::callee(text, end(text, base), fits)
}

/// The issuer of the certificate that a tool printed, and the host that was called by TLS, of those that
/// `fits`.
#[must_use]
pub fn certificate(text: &str, fits: impl Fn(&str) -> bool) -> Option<(String, &str)> {
    let issuer = certificates::issuer(text)?;
    Some((hosts::named_first(text, fits)?, issuer))
}

/// The id of the service whose client library printed the failure, where the text names one.
#[must_use]
pub fn of_library(text: &str, base: &Evidence) -> Option<&'static str> {
    let text = &frames::without_frames(text);
    libraries::service(text, end(text, base))
}

/// What a text has from the line on in which its answer ends.
#[must_use]
pub fn from_answer<'t>(text: &'t str, base: &Evidence) -> &'t str {
    let before = text.get(..end(text, base)).unwrap_or(text).trim_end();
    let from = before.rfind('\n').map_or(0, |at| at + 1);
    &text[from..]
}

/// Where the answer of a text ends.
fn end(text: &str, base: &Evidence) -> usize {
    let asked = Asked::new(base.clone(), true);
    let redactor = Redactor::new(&[]);
    let printed = Printed::read(text, &redactor, |answer| pasted::reads(&asked, answer));
    printed.end(text)
}

/// What the text of an answer means: the answer itself, then what it quotes. `base` is what a walk to
/// the service that was called would be, without any hop; `is_assumed`: the text does not show that
/// service, and nothing else does.
#[must_use]
pub fn explain(text: &str, base: &Evidence, is_assumed: bool) -> Vec<ExplainedAnswer> {
    // The text has none any more.
    let redactor = Redactor::new(&[]);
    let mut asked = Asked::new(base.clone(), is_assumed);
    let mut rest = frames::without_frames(text);
    let mut answers = Vec::new();
    for _ in 0..DEPTH {
        let quotes = pasted::quotes(&rest);
        let reads = |answer: &_| pasted::reads(&asked, answer);
        let printed = Printed::read(&rest, &redactor, reads);
        let of_platform = hosts::is_of_platform(&rest, printed.end(&rest));
        let answer = printed.answer(asked.quoted_status, &redactor);
        // The only body in a text that quotes another answer may be that other one's.
        let answer = match quotes.is_some() && pasted::quotes(pasted::text(&answer)).is_none() {
            true => Printed::whole(&rest).answer(asked.quoted_status, &redactor),
            false => answer,
        };
        let mut answer = pasted::explained(&asked, &answer, of_platform);
        if let Ok(meaning) = &mut answer.meaning {
            pasted::by_connector(&rest, meaning);
        }
        answers.push(answer);
        let Some(inside) = quotes.and_then(|leg| Some((leg, leg.inside.as_ref()?))) else { break };
        let (leg, inside) = inside;
        let status = inside.status(&rest);
        let Some(body) = inside.body(&rest).filter(|body| !body.trim().is_empty()) else { break };
        asked = asked.inside(leg, inside, status);
        rest = body.to_owned();
    }
    answers
}

#[cfg(test)]
mod ended_tests;
#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod products;
#[cfg(test)]
mod record_tests;
#[cfg(test)]
mod reported_tests;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod symptoms;
#[cfg(test)]
mod tests;
