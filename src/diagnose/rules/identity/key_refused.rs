//! The service does not know the key (fact H7).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::Step;

use super::credential::{credential, source};

pub(super) const RULE: Rule =
    rule!("identity-key-refused", Identity, "The service refuses the API key", Code(check))
        .short("the account does not accept the API key");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let aim = host_kind(e);
    let (words, command) = aim.keys(e);
    let finding = said
        .finding(
            said.level(e),
            said.confidence(),
            format!("{} does not know {}", aim.judge(e), credential(e)),
        )
        .cites("/identity/source")
        .reasoning(
            "the service says so: the key is wrong, was regenerated, or belongs to another account",
        )
        .ruled_out_if(
            reading::tls_verified(e),
            "DNS, TCP and TLS: the session with the host that answered verified",
        )
        .owner("Application")
        .inspect(words, command);
    let finding = match aim.is_gateway() {
        false => finding.step(Step::local(format!(
            "put one of them into {}, and restart what reads it",
            source(e)
        ))),
        true => finding
            .reasoning(
                "a gateway passes the caller's key on, or calls with one of its own: the answer \
                 does not say which one is refused",
            )
            .reasoning(
                "a gateway in front of several accounts cannot pass a caller's key on: each account \
                 has keys of its own, so calls fail now and then. It signs in to them with Entra ID",
            )
            .step(Step::local(format!(
                "if the caller's key goes through: put one of that account into {}",
                source(e)
            )))
            .step(
                Step::shared(
                    format!("give {} a key of the account that it calls", aim.name()),
                    "every caller of the gateway's backend",
                )
                .or()
                .undo("put the former key back: note where it is kept first"),
            ),
    };
    Some(finding.check(reading::again(e)))
}
