//! A status that the service is not known to give to this call.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::said::said;

pub(super) const RULE: Rule =
    rule!("http-unexpected-status", Http, "A status that this call does not know", Code(check))
        .short("the service is not known to send this status");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let status = said.answer.status;
    let version = said.row.facts == "G2a";
    let says = if version {
        "the v1 path takes no api-version".to_owned()
    } else {
        format!("{status} for {}, which the service is not known to give", said.what())
    };
    let known = if version {
        "the service says so itself"
    } else {
        "the call asks for nothing but a list, and no row of the catalogue has this answer"
    };
    let sure = if version { Sure::Proved } else { Sure::Inferred };
    Some(
        said.because(said.level(e), sure, says)
            .known_by(known)
            .ruled_out("DNS, TCP and TLS: the call was answered")
            .owner("Application")
            .look(
                "see the whole answer, without a credential",
                format!(
                    "curl -sv {}",
                    reading::word(&format!("https://{}{}", e.target.host, said.call.path))
                ),
            )
            .act(if version {
                Step::local(
                    "leave the api-version out of the application's calls below /openai/v1 (keep \
                     the old line to undo it)",
                )
            } else {
                Step::look("give the message above to the team that runs the host that answered")
            })
            .check(reading::again(e)),
    )
}
