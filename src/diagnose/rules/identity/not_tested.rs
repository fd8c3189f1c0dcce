//! No credential was given: the service's own 401 proves the path, and nothing more (H28).

use crate::diagnose::rules::http::refusals::accepted;
use crate::diagnose::rules::http::said::{pointer, request, said};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::identity::CredentialKind;
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "identity-not-tested",
    hop: Hop::Identity,
    title: "No credential was given: authentication was not tested",
    page: include_str!("../../../../docs/findings/identity-not-tested.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    if e.identity.kind != CredentialKind::None {
        return None;
    }
    let says = "no credential was given: authentication was not tested";
    let because = match said(e, RULE.id) {
        Some(said) => said
            .because(Level::Note, Sure::Proved, says)
            .known_by("401 to a call without a credential is the answer of a front door that works")
            .known_by("it says nothing about network rules, which may be asked later"),
        None => {
            let call = reading::main_call(e).filter(|call| accepted(e, call))?;
            Because::new(Level::Note, Sure::Proved, says)
                .seen(format!("{} was accepted without a credential", request(call)))
                .known_by("something in front may add one, or this host asks for none")
                .read_at(pointer(0))
        }
    };
    Some(
        because
            .read_at("/identity/kind")
            .tells_it(format!("AZURE_OPENAI_API_KEY=<key> {}", reading::again(e))),
    )
}
