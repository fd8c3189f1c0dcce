//! A 403 in the service's error format for a reason that is not in the catalogue (fact T26).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::services::Service;

use super::host_kind::host_kind;
use super::refusal_match::{find_refusal, place};

pub(super) const RULE: Rule = rule!(
    "http-forbidden",
    Http,
    "The service answers 403 for a reason that is not in the catalogue",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
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
