//! Azure shows a role that gives the call, and the service says that one is missing (facts H11, G6,
//! G7): a contradiction of path and control plane.

use super::az;
use super::credential::{claims, credential};
use super::role_missing::{last_parts, refused_action};
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::view::azure::access::{Grants, grants};
use crate::diagnose::view::azure::needs;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::text::span;

pub(super) const RULE: Rule = rule!(
    "identity-role-not-effective",
    Identity,
    "Azure shows a role that gives the call, and the service refuses the caller",
    Code(check)
)
.short("the caller has the role, and is refused");

/// Seconds in which a new assignment takes effect, at the most: ten minutes are usual.
const SPREADS_S: u64 = 1800;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let refusal = find_refusal(e, "identity-role-missing")?;
    let action = refused_action(e)?;
    let roles = azure.estate().roles.proved()?;
    let assignment = roles.iter().find(|one| grants(one, &action) == Grants::Yes)?;
    let role = assignment.role.as_deref().unwrap_or("a role with this data action");
    let age = assignment.created.as_deref().and_then(|at| azure.before_walk(at));
    let new = age.filter(|age| *age <= SPREADS_S);
    let headline = match new {
        Some(age) => {
            Clause::from(format!("{role} was assigned {} ago and is not in effect", span(age)))
                .or(format!("the role was assigned {} ago and is not in effect", span(age)))
        }
        None => Clause::from(format!("the caller has {role}, and the service refuses it"))
            .or("the caller has the role, and the service refuses it"),
    };
    let object = claims(e).and_then(|claims| claims.object.as_deref());
    let assignee = reading::word(object.unwrap_or("<object id of the caller>"));
    let mut finding = refusal
        .finding(refusal.level(e), Confidence::Inferred, "")
        .headline(headline)
        .fact(format!("called with {}", credential(e)))
        .fact(format!("role of the caller: {role} over {}", needs::scope(&assignment.scope)))
        .cites("/identity")
        .cites("/azure/estate/roles")
        .ruled_out(format!("a missing role: {role} gives {}", last_parts(&action)));
    if let Some(age) = age {
        finding = finding.fact(format!("assigned {} before this check", span(age)));
    }
    finding = match new {
        Some(_) => finding.reasoning(
            "a new assignment takes effect after 5 to 10 minutes, and for a token that was issued \
             before it sometimes only with the next one",
        ),
        None => finding
            .reasoning(
                "the assignment is not new, or its time is not shown: a deny assignment can still \
                 refuse, the token may be of another principal than Azure was asked about, or the \
                 name leads to another account",
            )
            .decide_with(
                "az role assignment list --scope <account resource id> --include-inherited \
                 --query \"[].{principal:principalId,role:roleDefinitionName,at:createdOn}\"",
            ),
    };
    finding = finding
        .owner("Identity")
        .inspect("see the caller's roles on the account", az::roles_of(&assignee))
        .step(Step::inspect("wait ten minutes, get a new token, and check again"));
    Some(finding.about_a(reading::noun(e)).check(reading::again(e)))
}
