//! The call that was made answers, which does not show that the application's own call does (facts Z5,
//! Z28, H95).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Expect;
use crate::evidence::identity::CredentialKind;
use crate::services::purpose::words;

use super::refusal_match::{pointer, request};

pub(super) const RULE: Rule = rule!(
    "http-data-not-tested",
    Http,
    "Not tested: whether this caller may use the service's data",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let main = e.http.main().filter(|read| read.accepted() && read.call.credential_sent)?;
    let words = words(main.call.purpose);
    let limits = words.not_with_a_key || e.identity.kind == CredentialKind::Token;
    if words.not_because.is_empty() || !limits || e.options.expect == Expect::Closed {
        return None;
    }
    let message = match words.not.strip_prefix("that ") {
        Some(clause) => format!("not tested: whether {clause}"),
        None => format!("not tested: {}", words.not),
    };
    Some(
        FindingBuilder::new(Level::Note, Confidence::Proved, message)
            .fact(format!("{} -> {}", request(main.call), words.holds))
            .reasoning(words.not_because)
            .cites(pointer(main.index))
            .about_a(reading::noun(e))
            .not_tested(),
    )
}
