//! The service does not know the key (fact H7).

use crate::diagnose::rules::http::aim::aim;
use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::credential::{credential, source};

pub(super) const RULE: Rule =
    rule!("identity-key-refused", Identity, "The service refuses the API key", Code(check))
        .short("the account does not accept the API key");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let aim = aim(e);
    let (words, command) = aim.keys(e);
    let because = said
        .because(
            said.level(e),
            Sure::Proved,
            format!("{} does not know {}", aim.judge(e), credential(e)),
        )
        .read_at("/identity/source")
        .known_by(
            "the service says so: the key is wrong, was regenerated, or belongs to another account",
        )
        .ruled_out_if(
            reading::tls_verified(e),
            "DNS, TCP and TLS: the session with the host that answered verified",
        )
        .owner("Application")
        .look(words, command);
    let because = match aim.is_gateway() {
        false => because.act(Step::local(format!(
            "put one of them into {}, and restart what reads it",
            source(e)
        ))),
        true => because
            .known_by(
                "a gateway passes the caller's key on, or calls with one of its own: the answer \
                 does not say which one is refused",
            )
            .act(Step::local(format!(
                "if the caller's key goes through: put one of that account into {}",
                source(e)
            )))
            .act(
                Step::shared(
                    format!("or give {} a key of the account that it calls", aim.name()),
                    "every caller of the gateway's backend",
                )
                .undo("put the former key back: note where it is kept first"),
            ),
    };
    Some(because.check(reading::again(e)))
}
