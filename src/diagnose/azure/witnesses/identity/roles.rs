//! Which role the caller of the target has, and since when (facts C30, C31).

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::rules::identity::role_missing::{last_parts, refused_action};
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::access::{Grants, Refusals, grants};
use crate::diagnose::view::azure::needs;
use crate::diagnosis::Step;
use crate::evidence::azure::RoleAssignment;
use crate::evidence::text::span;

/// Roles that a line names, at most.
const NAMED: usize = 8;

fn name(assignment: &RoleAssignment) -> &str {
    assignment.role.as_deref().unwrap_or_else(|| {
        assignment.definition.rsplit('/').next().unwrap_or(&assignment.definition)
    })
}

/// The service says that a role is missing.
pub(super) fn missing(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let action = refused_action(view)?;
    let estate = azure.estate();
    let Some(roles) = azure.roles() else {
        let id = &estate.account.known()?.id;
        let right =
            needs::missing(&estate.roles, "Microsoft.Authorization/roleAssignments/read", id)?;
        return Some(Ruling::Open(vec![right]));
    };
    let account = reading::account(view);
    let mut base = Proof::default().cites("/estate/roles");
    if let Refusals::By(deny) = azure.refusals(&action) {
        base = base
            .fact(format!(
                "the deny assignment {} over {} refuses the call as well: a role alone does not help",
                deny.name,
                needs::scope(&deny.scope)
            ))
            .cites("/estate/denies");
    }
    let with = |wanted: Grants| roles.iter().find(|one| grants(one, &action) == wanted);
    if let Some(assignment) = with(Grants::Yes) {
        return Some(Ruling::Notes(shown(azure, base, assignment, &action)));
    }
    if let Some(conditional) = with(Grants::OnCondition) {
        return Some(Ruling::Suggests(
            base.headline(
                Clause::from(format!("the condition of {} excludes the call", name(conditional)))
                    .or("the condition of the caller's role excludes the call"),
            )
            .fact(format!(
                "{} over {}, with a condition",
                name(conditional),
                needs::scope(&conditional.scope)
            ))
            .reasoning(format!(
                "the caller has {}, which gives {}, under a condition: the service refuses, so \
                 the condition does not hold for this call",
                name(conditional),
                last_parts(&action)
            )),
        ));
    }
    if let Some(unread) = with(Grants::Unknown) {
        let scope = &unread.definition;
        return Some(Ruling::Open(vec![format!(
            "Microsoft.Authorization/roleDefinitions/read over {scope}"
        )]));
    }
    let held: Vec<String> = roles
        .iter()
        .take(NAMED)
        .map(|assignment| format!("{} over {}", name(assignment), needs::scope(&assignment.scope)))
        .collect();
    let names: Vec<&str> = roles.iter().take(3).map(|one| name(one)).collect();
    let action = last_parts(&action);
    Some(Ruling::Proves(match held.as_slice() {
        [] => base
            .headline(
                Clause::from(format!("the caller has no role on {account}, and needs {action}"))
                    .or(format!("the caller has no role on {account}"))
                    .or("the caller has no role on the account"),
            )
            .fact("role assignments of the caller over the account: none")
            .reasoning(
                "Azure lists the caller's assignments at the account and above it, also those \
                 through groups: there is none",
            ),
        held => base
            .headline(
                Clause::from(format!("the caller's roles ({}) lack {action}", names.join(", ")))
                    .or(format!("the caller's roles on {account} lack {action}"))
                    .or("the caller's roles lack the data action"),
            )
            .fact(format!("roles of the caller: {}", held.join("; ")))
            .reasoning(format!(
                "Azure lists the caller's assignments at the account and above it, also those \
                 through groups: no role among them gives {action}"
            )),
    }))
}

/// Azure shows a role that gives the call, and was asked so long after the refusal that the two do
/// not contradict each other: there is nothing to grant, and nothing of what exists to take back.
fn shown(azure: &AzureView<'_>, base: Proof, assignment: &RoleAssignment, action: &str) -> Proof {
    let held = format!("{} over {}", name(assignment), needs::scope(&assignment.scope));
    let (age, asked) = (
        assignment.created.as_deref().and_then(|at| azure.before_walk(at)),
        azure.late().map_or_else(String::new, |late| format!(", asked {} later", span(late))),
    );
    let fact = match (age, &assignment.created) {
        (Some(age), _) => {
            format!("role of the caller: {held}, assigned {} before this check", span(age))
        }
        (None, Some(at)) => format!("role of the caller: {held}, assigned at {at}"),
        (None, None) => format!("role of the caller: {held}"),
    };
    base.fact(fact)
        .reasoning(format!(
            "Azure{asked}, shows a role that gives {}: whether the caller had it when it was \
             refused is not known",
            last_parts(action)
        ))
        .step(Step::inspect(
            "check again with --azure, which then asks Azure at the same time, before granting \
             anything",
        ))
}
