//! Gives a caller its role (facts G4, G5, G6, G24); which one it needs is in the service's profile.

use super::az;
use crate::diagnose::{account, reading};
use crate::diagnosis::Step;
use crate::evidence::Evidence;
use crate::evidence::http::Purpose;
use crate::services::Service;

/// The profile whose roles count: the target's, or that of an account.
fn service(e: &Evidence) -> Option<&'static Service> {
    reading::service(e)
        .filter(|service| service.has_call())
        .or_else(|| crate::services::by_id("openai"))
}

/// The least role that has a data action.
pub(super) fn role_for(e: &Evidence, action: &str) -> Option<&'static str> {
    service(e)?.role_for(action)
}

/// The least role for a call of this purpose.
pub(super) fn role_for_call(e: &Evidence, purpose: Purpose) -> &'static str {
    let role = service(e).and_then(|service| service.role_for_request(purpose));
    role.unwrap_or("<role with the data action>")
}

/// The least role for the target's first call.
pub(super) fn role_for_target(e: &Evidence) -> &'static str {
    let first = service(e).and_then(|service| service.requests.first());
    first.map_or("<role with the data action>", |request| request.role)
}

/// Gives `principal` a role at the account's own scope; `says` begins the words, `kind` is
/// `ServicePrincipal` or `User` where it is known.
pub(super) fn grant(
    e: &Evidence,
    message: &str,
    principal: &str,
    kind: Option<&str>,
    role: &str,
) -> Step {
    let noun = account::resource(e).noun;
    let allow = service(e).map_or("", |service| service.roles.allow);
    let principal = reading::word(principal);
    // With the kind, a principal that was just made is found as well.
    let assignee = match kind {
        Some(kind) => {
            format!("--assignee-object-id {principal} --assignee-principal-type {kind}")
        }
        None => format!("--assignee {principal}"),
    };
    Step::shared(
        format!("{message} {role}, on this {noun} alone (Terraform: azurerm_role_assignment)"),
        format!("every program with this identity can then {allow}"),
    )
    .command(az::assign_role(&assignee, role))
    .undo(az::unassign_role(&principal, role))
}
