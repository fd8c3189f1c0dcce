//! 401 to a credential, without a word that the catalogue knows.

use crate::diagnose::rules::http::aim::aim;
use crate::diagnose::rules::http::answered_by::service_headers;
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::rules::http::said::{Said, said};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::identity::CredentialKind;

use super::credential::{credential, look_at_token, source};

pub(super) const RULE: Rule = rule!(
    "identity-unauthorized",
    Identity,
    "401 to the credential, for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let words = text(said.answer).unwrap_or_default().to_ascii_lowercase();
    let mut because = said
        .because(said.level(e), Sure::Inferred, format!("401 to {}", credential(e)))
        .read_at("/identity/kind")
        .known_by("401 says that the caller is refused; the words of the answer do not say why");
    if let Some(line) = said.header_line("www-authenticate") {
        because = because.seen(line);
    }
    if words.contains("access token is missing") && e.identity.kind == CredentialKind::ApiKey {
        because = because.known_by(
            "the service speaks of a missing token though a key was sent: a proxy or gateway on \
             the way may strip the header api-key",
        );
    }
    if !service_headers(said.answer) && !words.contains("access token is missing") {
        return Some(in_front(e, because, &said));
    }
    because = because.owner("Application");
    because = match e.identity.kind {
        CredentialKind::Token => because.look("see what token this machine gets", look_at_token(e)),
        _ => {
            let (words, command) = aim(e).keys(e);
            because.look(words, command)
        }
    };
    let whose = match aim(e).is_gateway() {
        true => format!("that {} takes", aim(e).name()),
        false => "of this account".to_owned(),
    };
    Some(
        because
            .act(Step::local(format!("put a credential {whose} into {}", source(e))))
            .check(reading::again(e)),
    )
}

/// Neither words nor a header of the service: whose key or token is wanted is open, and the
/// account's own must not go to whoever runs a gateway.
fn in_front(e: &Evidence, because: Because, said: &Said<'_>) -> Because {
    let host = &e.target.host;
    because
        .known_by(format!(
            "no header of the service is in the answer, and its words are not the service's \
             ({}): a gateway with keys of its own may have refused",
            said.who().name()
        ))
        .tells_it(format!("curl -sv -o /dev/null https://{host}/"))
        .owner("Application")
        .act(Step::look(format!(
            "find out what answers at {host}, and whose credential it takes: the account's, or \
             one that the gateway gives out"
        )))
        .act(Step::local(format!(
            "put a credential of what answers there into {}; do not give a gateway the account's \
             key before its owner says that it takes that one",
            source(e)
        )))
        .check(reading::again(e))
}
