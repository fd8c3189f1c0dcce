//! The service does not know the key (fact H7).

use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::{Evidence, Hop};

use super::credential::{credential, source};

pub(super) const RULE: Rule = Rule {
    id: "identity-key-refused",
    hop: Hop::Identity,
    title: "The service refuses the API key",
    page: include_str!("../../../../docs/findings/identity-key-refused.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let account = reading::account(e);
    Some(
        said.because(
            said.level(e),
            Sure::Proved,
            format!("{account} does not know {}", credential(e)),
        )
        .read_at("/identity/source")
        .known_by(
            "the service says so: the key is wrong, was regenerated, or belongs to another account",
        )
        .ruled_out_if(
            reading::tls_verified(e),
            "DNS, TCP and TLS: the service itself answered, over a session that verified",
        )
        .owner("Application")
        .look(
            "see the account's keys (their output is secret)",
            format!("az cognitiveservices account keys list -n {account} -g <group>"),
        )
        .act(Step::local(format!("put one of them into {}, and restart what reads it", source(e))))
        .check(reading::again(e)),
    )
}
