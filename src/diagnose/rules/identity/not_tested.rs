//! No credential was given: the service's own 401 proves the path, and nothing more (H28).

use crate::diagnose::rules::http::refusals::Leaves;
use crate::diagnose::rules::http::said::{pointer, request, said};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::identity::{CredentialKind, TokenOutcome};

use super::acquisition::{bare_words, failed, source};

pub(super) const RULE: Rule = rule!(
    "identity-not-tested",
    Identity,
    "No credential was given: authentication was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    if e.identity.kind != CredentialKind::None {
        return None;
    }
    // The platform was asked because it is there, and has none to give: that is no fault.
    let asked = failed(e);
    let says = match asked {
        Some(_) => "authentication was not tested: the platform gives no token",
        None => "no credential was given: authentication was not tested",
    };
    let because = match said(e, RULE.id) {
        Some(said) => said
            .because(Level::Note, Sure::Proved, says)
            .known_by("401 to a call without a credential is the answer of a front door that works")
            .known_by("it says nothing about network rules, which may be asked later"),
        None => {
            // A list for a call without a credential is a risk of its own (http-success-unproved).
            let call = e.http.main().filter(|main| main.leaves(Leaves::Unproved))?.call;
            Because::new(Level::Note, Sure::Proved, says)
                .seen(format!("{} was answered without a credential", request(call)))
                .known_by("something in front may add one, or this host asks for none")
                .read_at(pointer(0))
        }
    };
    let because = match asked {
        Some(no) => {
            let why = match &no.how.outcome {
                TokenOutcome::Unusable { says } | TokenOutcome::NotAsked { says } => {
                    bare_words(says)
                }
                TokenOutcome::Refused => "it refuses".to_owned(),
                _ => "it does not answer".to_owned(),
            };
            because
                .seen(format!("{} was asked, since it is there: {why}", source(e)))
                .known_by("no variable and no option named a managed identity")
                .read_at("/identity/acquisition/outcome")
        }
        None => because,
    };
    Some(
        because
            .not_tested()
            .read_at("/identity/kind")
            .known_by(
                "a key in AZURE_OPENAI_API_KEY would do, or AZURE_TENANT_ID and AZURE_CLIENT_ID \
                 with AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or \
                 AZURE_FEDERATED_TOKEN_FILE, or --credential managed-identity or azure-cli",
            )
            .tells_it(format!("AZURE_OPENAI_API_KEY=<key> {}", reading::again(e))),
    )
}
