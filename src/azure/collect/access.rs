//! Who may use the account, which deployments it has, and what guards it.

use futures_util::join;
use serde_json::Value;

use super::joined::{each, understood, without_value};
use super::met::push_all;
use super::questions::Questions;
use crate::azure::allowed::{
    DENY_ASSIGNMENTS, DEPLOYMENTS, PERIMETER, ROLE_ASSIGNMENTS, ROLE_DEFINITION,
};
use crate::azure::{graph, resources};
use crate::evidence::azure::{
    Answer, DenyAssignment, Deployment, Perimeter, ResourceId, RoleAssignment,
};

/// Roles whose definitions are read, at most.
const ROLES: usize = 12;

/// What is read of the access to the account.
#[derive(Default)]
pub(super) struct Access {
    pub(super) roles: Answer<Vec<RoleAssignment>>,
    pub(super) denies: Answer<Vec<DenyAssignment>>,
    pub(super) deployments: Answer<Vec<Deployment>>,
    pub(super) perimeter: Answer<Perimeter>,
}

/// The roles, deployments and the perimeter, as far as calls leave them open.
pub(super) async fn read(q: &Questions<'_, '_>, account: Option<&ResourceId>) -> Access {
    let Some(account) = account else { return Access::default() };
    let (roles, denies, deployments, perimeter) = join!(
        roles(q, account),
        denies(q, account),
        async {
            match q.wants(q.met.open.deployments) {
                true => each(q.reader.list(DEPLOYMENTS, account).await, resources::deployment),
                false => Answer::NotAsked,
            }
        },
        perimeter(q, account),
    );
    Access { roles, denies, deployments, perimeter }
}

/// What refuses the identity that the target is called with, in spite of its roles. That its
/// filter by a principal counts groups is not documented (fact C64): all are read.
async fn denies(q: &Questions<'_, '_>, account: &ResourceId) -> Answer<Vec<DenyAssignment>> {
    match principal(q) {
        Some(_) => {
            let all = q.reader.list_where(DENY_ASSIGNMENTS, account, Some("atScope()")).await;
            each(all, resources::deny_assignment)
        }
        None => Answer::NotAsked,
    }
}

/// The object id of the identity that the target is called with, where a call was refused.
fn principal<'q>(q: &'q Questions<'_, '_>) -> Option<&'q String> {
    let is_guid =
        |oid: &&String| oid.len() == 36 && oid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    q.met.principal.as_ref().filter(is_guid).filter(|_| q.wants(q.met.open.access))
}

/// The roles of the identity that the target is called with: the caller of Resource Manager may be
/// another one (fact C5).
async fn roles(q: &Questions<'_, '_>, account: &ResourceId) -> Answer<Vec<RoleAssignment>> {
    let Some(oid) = principal(q) else { return Answer::NotAsked };
    // It also finds those that groups give (fact C30).
    let filter = format!("assignedTo('{oid}')");
    let assignments = q.reader.list_where(ROLE_ASSIGNMENTS, account, Some(&filter)).await;
    let assignments = each(assignments, resources::role_assignment);
    let mut ids = Vec::new();
    for assignment in assignments.items() {
        push_all(&mut ids, definition(&assignment.definition, account));
    }
    ids.truncate(ROLES);
    let definitions = q.get_all(ROLE_DEFINITION, &ids, |value| Some(value.clone())).await;
    let filled = |assignment: RoleAssignment| {
        let id = definition(&assignment.definition, account);
        let at = ids.iter().position(|known| Some(known) == id.as_ref());
        match at.and_then(|at| definitions.get(at)?.proved()) {
            Some(value) => resources::with_definition(assignment, value),
            None => assignment,
        }
    };
    assignments.map(|all| all.into_iter().map(filled).collect())
}

/// The id of a role's definition: a built-in role belongs to no subscription, and can be read in
/// each.
fn definition(id: &str, account: &ResourceId) -> Option<ResourceId> {
    ResourceId::parse(id)
        .or_else(|| ResourceId::parse(&format!("/subscriptions/{}{id}", account.subscription())))
}

async fn perimeter(q: &Questions<'_, '_>, account: &ResourceId) -> Answer<Perimeter> {
    if !q.wants(q.met.open.access) {
        return Answer::NotAsked;
    }
    let first = |all: &Vec<Value>| all.first().map(resources::perimeter);
    match q.reader.list(PERIMETER, account).await {
        // The whole collection is empty.
        Answer::Read { value } if value.is_empty() => Answer::Absent,
        read @ Answer::Read { .. } => understood(read, first),
        // Versions of the API and clouds differ in whether the account says it.
        other => {
            let question = "the perimeter that the account is associated with";
            match q.graph(question, graph::perimeter(account)).await {
                rows @ Answer::Listed { .. } => understood(rows, first),
                _ => without_value(other),
            }
        }
    }
}
