//! An answer that an application printed: its text in, what it means out. Nothing is sent.
//!
//! `secrets` takes out what may be a key, `read` finds status, headers and body in what libraries
//! print, `python` reads the form that Python gives a body. What an answer means is in the tables
//! that a walk's answers are judged by (`diagnose::pasted`).

mod python;
mod read;
mod secrets;

use crate::diagnose::pasted::{self, Asked};
use crate::diagnosis::ExplainedAnswer;
use crate::evidence::Evidence;
use crate::secret::{Redactor, Secret};

use read::Printed;

pub use read::{hosts, requested_hosts};
pub use secrets::without_secrets;

/// Answers that are read at most, each inside the one before it.
const DEPTH: usize = 3;

/// What the text of an answer means: the answer itself, then what it quotes. `base` is what a walk to
/// the service that was called would be, without any hop.
#[must_use]
pub fn explain(text: &str, base: &Evidence, secrets: &[Secret]) -> Vec<ExplainedAnswer> {
    let redactor = Redactor::new(secrets);
    let mut asked = Asked { base: base.clone(), caller: None, quoted_status: None };
    let mut rest = text.to_owned();
    let mut answers = Vec::new();
    for _ in 0..DEPTH {
        let quotes = pasted::quotes(&rest);
        let reads = |answer: &_| pasted::reads(&asked, answer);
        let answer = Printed::read(&rest, &redactor, reads).answer(asked.quoted_status, &redactor);
        // The only body in a text that quotes another answer may be that other one's.
        let answer = match quotes.is_some() && pasted::quotes(pasted::text(&answer)).is_none() {
            true => Printed::whole(&rest).answer(asked.quoted_status, &redactor),
            false => answer,
        };
        answers.push(pasted::explained(&asked, &answer));
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
mod tests;
