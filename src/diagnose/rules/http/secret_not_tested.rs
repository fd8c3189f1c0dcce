//! The list of secrets answers, which does not show that a secret can be read (fact G24).

use crate::diagnose::{FindingBuilder, Rule, View, account};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Expect;
use crate::evidence::http::Purpose;

use super::refusal_match::{pointer, request};

pub(super) const RULE: Rule = rule!(
    "http-secret-not-tested",
    Http,
    "Not tested: whether this caller may read a secret",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.http.value()?;
    let main = hop.main().filter(|call| call.credential_sent && e.http.accepted())?;
    if main.purpose != Purpose::Secrets || e.options.expect == Expect::Closed {
        return None;
    }
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            "not tested: whether this caller may read a secret, or use a key or certificate",
        )
        .fact(format!("{} -> the list, without values", request(main)))
        .reasoning(
            "the right to list secrets does not include the right to read one: Key Vault Reader, or \
             an access policy with list alone, has only the first",
        )
        .decide_with(account::read_a_secret(e))
        .cites(pointer(0))
        .not_tested(),
    )
}
