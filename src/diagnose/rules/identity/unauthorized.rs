//! 401 to a credential, without a word that the catalogue knows.

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, find_refusal};
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::Evidence;
use crate::evidence::identity::CredentialKind;

use super::credential::{credential, look_at_token, source};

pub(super) const RULE: Rule = rule!(
    "identity-unauthorized",
    Identity,
    "401 to the credential, for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let words = text(said.answer).unwrap_or_default().to_ascii_lowercase();
    let mut finding = said
        .finding(said.level(e), Confidence::Inferred, format!("401 to {}", credential(e)))
        .cites("/identity/kind")
        .reasoning("401 says that the caller is refused; the words of the answer do not say why");
    if let Some(line) = said.header_line("www-authenticate") {
        finding = finding.fact(line);
    }
    if words.contains("access token is missing") && e.identity.kind == CredentialKind::ApiKey {
        finding = finding.reasoning(
            "the service speaks of a missing token though a key was sent: a proxy or gateway on \
             the way may strip the header api-key",
        );
    }
    let causes = reading::service(e).map_or(&[][..], |service| service.unauthorized);
    if !causes.is_empty() && !host_kind(e).is_gateway() {
        return Some(by_profile(e, finding, causes));
    }
    if !said.own_headers() && !words.contains("access token is missing") {
        return Some(in_front(e, finding, &said));
    }
    finding = finding.owner("Application");
    finding = match e.identity.kind {
        CredentialKind::Token => {
            finding.inspect("see what token this machine gets", look_at_token(e))
        }
        _ => {
            let (words, command) = host_kind(e).keys(e);
            finding.inspect(words, command)
        }
    };
    let whose = match host_kind(e).is_gateway() {
        true => format!("that {} takes", host_kind(e).name()),
        false => format!("of this {}", reading::noun(e)),
    };
    Some(
        finding
            .step(Step::local(format!("put a credential {whose} into {}", source(e))))
            .check(reading::again(e)),
    )
}

/// A service whose 401 names no reason: what remains is in its profile.
fn by_profile(e: &Evidence, mut finding: FindingBuilder, causes: &[&str]) -> FindingBuilder {
    let noun = reading::noun(e);
    finding = match e.identity.kind {
        CredentialKind::Token => {
            causes.iter().fold(finding, |finding, cause| finding.reasoning(*cause))
        }
        _ => finding.reasoning(format!("the key is not one of this {noun}")),
    };
    let finding = finding
        .decide_with(account::show_networks(e))
        .owner("Application")
        .inspect(format!("see which callers the {noun} takes"), account::show_networks(e));
    let finding = match e.identity.kind {
        CredentialKind::Token => {
            finding.inspect("see what token this machine gets", look_at_token(e))
        }
        _ => finding.step(Step::local(format!("put a key of this {noun} into {}", source(e)))),
    };
    finding.check(reading::again(e))
}

/// Neither words nor a header of the service: whose key or token is wanted is open, and the
/// account's own must not go to a gateway's operators.
fn in_front(e: &Evidence, finding: FindingBuilder, said: &MatchedRefusal<'_>) -> FindingBuilder {
    let host = &e.target.host;
    finding
        .reasoning(format!(
            "no header of the service is in the answer, and its words are not the service's \
             ({}): a gateway with keys of its own may have refused",
            said.who().name()
        ))
        .decide_with(format!("curl -sv -o /dev/null https://{host}/"))
        .owner("Application")
        .step(Step::inspect(format!(
            "find out what answers at {host}, and whose credential it takes: the account's, or \
             one that the gateway gives out"
        )))
        .step(Step::local(format!(
            "put a credential of what answers there into {}; do not give a gateway the account's \
             key before its owner says that it takes that one",
            source(e)
        )))
        .check(reading::again(e))
}
