//! A 403 in the service's error format for a reason that is not in the catalogue (fact T26).

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::CredentialKind;
use crate::services::Service;

use super::host_kind::host_kind;
use super::refusal_match::{MatchedRefusal, find_refusal, place, walked_private};

pub(super) const RULE: Rule = rule!(
    "http-forbidden",
    Http,
    "The service answers 403 for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let causes = reading::service(e).map_or(&[][..], |service| service.forbidden);
    let names_none = refusal.answer.code().is_none_or(str::is_empty);
    if !causes.is_empty() && names_none && !host_kind(e).is_gateway() {
        return Some(without_reason(e, &refusal, causes));
    }
    Some(
        refusal.finding(
            refusal.level(e),
            Confidence::Possible,
            format!("the call {} is refused with 403, for an unknown reason", place(e)),
        )
        .reasoning(
            "the answer is in an error format, but without any of the texts by which the service \
             reports its network rules, its keys or a missing role",
        )
        .reasoning(if reading::service(e).is_none_or(Service::is_account) {
            "three causes remain: an IP filter of a gateway in front, a policy of the account, or \
             a network decision with a text that is not in the catalogue; a missing role is less \
             likely, since this service reports it as 401 PermissionDenied"
        } else {
            "four causes remain: an IP filter of a gateway in front, a policy of the account, a \
             missing right, or a network decision with a text that is not in the catalogue"
        })
        .decide_with(host_kind(e).show(e))
        .decide_with("az network perimeter association list -g <group> --perimeter-name <perimeter>")
        .owner("Azure platform")
        .inspect(format!("see {} and its network rules", host_kind(e).name()), host_kind(e).show(e))
        .step(Step::inspect(format!(
            "send the message above to the team that runs {}",
            host_kind(e).name()
        )))
        .about_a(reading::noun(e))
        .check(reading::again(e)),
    )
}

/// A service that gives no reason: what remains is in its profile.
fn without_reason(e: &View<'_>, refusal: &MatchedRefusal<'_>, causes: &[&str]) -> FindingBuilder {
    let noun = reading::noun(e);
    let mut finding = refusal
        .finding(
            refusal.level(e),
            Confidence::Possible,
            format!("the {noun} refuses the call {} with 403 and gives no reason", place(e)),
        )
        .headline(
            Clause::from(format!("403 {}, and the {noun} gives no reason", place(e)))
                .or("403 without a reason"),
        )
        .reasoning(format!("a {noun} answers so for different causes; what remains:"));
    for cause in causes {
        finding = finding.reasoning(*cause);
    }
    if walked_private(e) {
        finding = finding.reasoning(
            "the call went to a private address, and rules for addresses do not apply to a private \
             endpoint: if it is this one's endpoint, the caller is the likelier cause",
        );
    }
    if e.identity.kind == CredentialKind::Token {
        finding = finding.decide_with(account::roles_on(noun, "<object id of the caller>"));
    }
    finding
        .decide_with(account::show_networks(e))
        .owner("Azure platform")
        .inspect(
            format!("see the network rules of the {noun} and which callers it takes"),
            account::show_networks(e),
        )
        .step(Step::inspect(
            "if the rules include this network, check again with another credential: another answer \
             means that the caller is the cause",
        ))
        .check(reading::again(e))
}
