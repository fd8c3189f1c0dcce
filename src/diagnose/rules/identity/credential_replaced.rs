//! The refusal speaks of a credential that was not sent, by its kind, its caller or its tenant: what
//! answers got another one, or only copies the service's words (facts H37, H94).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::Evidence;
use crate::evidence::http::HttpAnswer;
use crate::evidence::identity::CredentialKind;
use crate::evidence::text::is_guid;

use super::credential::{claims, credential};
use super::{role_missing, tenant_mismatch};

pub(super) const RULE: Rule = rule!(
    "identity-credential-replaced",
    Identity,
    "The refusal is about another credential than the one sent",
    Code(check)
)
.short("the refusal is about a credential that was not sent");

/// A caller or tenant that a refusal names, and that is not the one of the token that was sent.
#[derive(Debug, Clone, Copy)]
pub(in crate::diagnose::rules) struct OtherCaller<'a> {
    /// What differs.
    what: &'static str,
    /// What the refusal names.
    named: &'a str,
    /// What the token holds.
    own: &'a str,
}

/// The other caller or tenant; none where the answer names none, or the token does not show its own.
pub(in crate::diagnose::rules) fn other_caller<'a>(
    e: &'a Evidence,
    answer: &'a HttpAnswer,
) -> Option<OtherCaller<'a>> {
    let claims = claims(e)?;
    let message = text(answer)?;
    if let Some(named) = tenant_mismatch::token_tenant(message) {
        let own = claims.tenant.as_deref()?;
        return (!named.eq_ignore_ascii_case(own)).then_some(OtherCaller {
            what: "tenant",
            named,
            own,
        });
    }
    let named = role_missing::named_caller(message).filter(|named| is_guid(named))?;
    let own = claims.object.as_deref()?;
    let ids = [Some(own), claims.application.as_deref(), claims.subject.as_deref()];
    let is_own = ids.into_iter().flatten().any(|id| id.eq_ignore_ascii_case(named));
    (!is_own).then_some(OtherCaller { what: "caller", named, own })
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let aim = host_kind(e);
    let other = other_caller(e, said.answer);
    let (sent, about) = match (e.identity.kind, &other) {
        (CredentialKind::Token, Some(other)) => (
            format!("the one sent is of {} {}", other.what, other.own),
            format!("a token of {} {}", other.what, other.named),
        ),
        (CredentialKind::Token, None) => ("a token was sent".to_owned(), "a key".to_owned()),
        _ => ("a key was sent".to_owned(), "a token".to_owned()),
    };
    let message = match other {
        Some(other) => format!("the refusal is about a token of another {}", other.what),
        None => format!("the refusal is about {about}, and {sent}"),
    };
    let finding = said
        .finding(said.level(e), Confidence::Inferred, message)
        .fact(format!("called with {}", credential(e)))
        .cites(if other.is_some() { "/identity/claims" } else { "/identity/kind" });
    let finding = match other {
        Some(_) => finding.fact(format!("the refusal is about {about}; {sent}")),
        None => finding,
    };
    let finding = finding
        .reasoning(format!(
            "the service judges the credential that it gets: either something on the path calls it \
             with {about} of its own, which is then what is refused, or the text is a copy"
        ))
        .reasoning("so the answer shows nothing of the caller's own credential or rights")
        .owner("Application")
        .step(Step::inspect(format!(
            "find out what answers at {}, and with which credential it calls the account",
            e.target.host
        )));
    let finding = match aim.is_gateway() {
        true => {
            let (words, command) = aim.keys(e);
            finding.inspect(words, command)
        }
        false => finding.decide_with(format!("curl -sv https://{}/ -o /dev/null", e.target.host)),
    };
    Some(
        finding
            .step(Step::inspect(
                "have the team that runs it correct its own credential, or pass the caller's on; \
                 the caller's needs no change for this",
            ))
            .check(reading::again(e)),
    )
}
