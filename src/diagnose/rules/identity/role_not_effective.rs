//! Azure shows a role that gives the call, and the service says that one is missing (facts H11, G6,
//! G7): a contradiction of path and control plane.

use super::az;
use super::credential::{claims, credential};
use super::role_missing::{last_parts, refused_action};
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::view::azure::access::{Grants, Refusals, grants};
use crate::diagnose::view::azure::needs;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::azure::DenyAssignment;
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
    let assignment = azure.roles()?.into_iter().find(|one| grants(one, &action) == Grants::Yes)?;
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
    let refusals = azure.refusals(&action);
    if let Refusals::By(deny) = refusals {
        return Some(denied(e, finding, deny, &action));
    }
    finding = match new {
        Some(_) => finding.reasoning(
            "a new assignment takes effect after 5 to 10 minutes, and for a token that was issued \
             before it sometimes only with the next one",
        ),
        None => finding
            .reasoning(format!(
                "the assignment is not new, or its time is not shown: {}the token may be of another \
                 principal than Azure was asked about, or the name leads to another account",
                match refusals {
                    Refusals::None => "",
                    _ => "a deny assignment can still refuse, ",
                }
            ))
            .decide_with(
                "az role assignment list --scope <account resource id> --include-inherited \
                 --query \"[].{principal:principalId,role:roleDefinitionName,at:createdOn}\"",
            ),
    };
    finding = by_refusals(finding, &refusals);
    finding = finding
        .owner("Identity")
        .inspect("see the caller's roles on the account", az::roles_of(&assignee))
        .step(Step::inspect("wait ten minutes, get a new token, and check again"));
    Some(finding.about_a(reading::noun(e)).check(reading::again(e)))
}

/// What is known of deny assignments that do not decide.
fn by_refusals(finding: FindingBuilder, refusals: &Refusals<'_>) -> FindingBuilder {
    match refusals {
        Refusals::None => finding
            .ruled_out("a deny assignment: none over the account refuses this call to the caller")
            .cites("/azure/estate/denies"),
        Refusals::Maybe(deny) => finding
            .reasoning(match deny.conditional {
                true => format!(
                    "the deny assignment {} refuses the call on a condition: whether it holds for \
                     this call is not visible here",
                    deny.name
                ),
                false => format!(
                    "the deny assignment {} refuses the call to groups, or spares groups: whether \
                     the caller is a member is not visible here",
                    deny.name
                ),
            })
            .cites("/azure/estate/denies"),
        Refusals::Open(Some(right)) => {
            finding.reasoning(format!("Azure does not decide it: {right} is needed"))
        }
        Refusals::Open(None) | Refusals::By(_) => finding,
    }
}

/// A deny assignment refuses in spite of the role: Azure's own word (fact C64).
fn denied(
    e: &View<'_>,
    finding: FindingBuilder,
    deny: &DenyAssignment,
    action: &str,
) -> FindingBuilder {
    let object = claims(e).and_then(|claims| claims.object.as_deref());
    let about = match deny.everyone {
        true => "everyone",
        false => object.unwrap_or("the caller"),
    };
    finding
        .proved()
        .headline(
            Clause::from(format!("the deny assignment {} refuses the call", deny.name))
                .or("a deny assignment refuses the call in spite of the role"),
        )
        .fact(format!(
            "deny assignment {} over {}, about {about}",
            deny.name,
            needs::scope(&deny.scope)
        ))
        .reasoning(format!(
            "Azure lists a deny assignment that takes {} from {about}: it wins over every role",
            last_parts(action)
        ))
        .cites("/azure/estate/denies")
        .owner("Azure platform")
        .inspect(
            "see the deny assignments over the account, and what manages them",
            "az rest --method get --url '<account resource id>/providers/Microsoft.Authorization/\
             denyAssignments?api-version=2022-04-01&$filter=atScope()'",
        )
        .step(Step::inspect(
            "have the owner of the deployment stack or managed application that it belongs to spare \
             the caller there: a deny assignment cannot be changed by itself",
        ))
        .about_a(reading::noun(e))
        .check(reading::again(e))
}
