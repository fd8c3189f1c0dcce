//! Who may call the account: its network rules, its perimeter, the roles of the caller.

use std::net::IpAddr;

use super::AzureView;
use super::here::holds;
use crate::evidence::TargetKind;
use crate::evidence::azure::{Account, DataPermission, DenyAssignment, ResourceId, RoleAssignment};
use crate::evidence::text::unix_seconds;

/// What the account's network settings make of a call from a public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnose) enum PublicAccess {
    /// Public access is off: `publicNetworkAccess` is `Disabled`.
    Off,
    /// A perimeter decides in their place.
    Perimeter,
    /// Every network is let in.
    Open,
    /// Selected networks are, and the address is one of them.
    Listed,
    /// Selected networks are, and the address is none of them.
    NotListed,
    /// Resource Manager does not show it.
    Unknown,
}

/// What the account's settings make of a call from `egress`.
pub(in crate::diagnose) fn public_access(account: &Account, egress: IpAddr) -> PublicAccess {
    let is = |value: &Option<String>, word: &str| {
        value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    let access = &account.public_network_access;
    if is(access, "Disabled") {
        PublicAccess::Off
    } else if is(access, "SecuredByPerimeter") {
        PublicAccess::Perimeter
    } else if holds(&account.ip_rules, egress) {
        PublicAccess::Listed
    } else if is(&account.default_action, "Deny") {
        PublicAccess::NotListed
    } else if is(&account.default_action, "Allow")
        || account.default_action.is_none() && is(access, "Enabled")
    {
        PublicAccess::Open
    } else {
        PublicAccess::Unknown
    }
}

/// What a role assignment makes of a data action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Grants {
    Yes,
    /// Only where its condition holds.
    OnCondition,
    No,
    /// Its definition could not be read.
    Unknown,
}

/// What the assignment makes of `action`: `*` matches any run of characters, and the actions that
/// a role takes out count within that role alone (fact C31).
pub(in crate::diagnose) fn grants(assignment: &RoleAssignment, action: &str) -> Grants {
    let Some(actions) = &assignment.data_actions else { return Grants::Unknown };
    let given = covers(actions, &assignment.not_data_actions, &assignment.more_permissions, action);
    match (given, assignment.conditional) {
        (false, _) => Grants::No,
        (true, true) => Grants::OnCondition,
        (true, false) => Grants::Yes,
    }
}

/// Whether the first permission, or one of the others, has the action and does not take it out.
fn covers(has: &[String], takes_out: &[String], more: &[DataPermission], action: &str) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, action));
    let one = |has: &[String], takes_out: &[String]| any(has) && !any(takes_out);
    one(has, takes_out) || more.iter().any(|next| one(&next.data_actions, &next.not_data_actions))
}

/// Whether an assignment over `scope` counts at `resource`: that scope, one above it, or a
/// management group, of which Resource Manager lists those above alone.
fn counts_at(scope: &str, resource: &str) -> bool {
    const MANAGEMENT_GROUPS: &str = "/providers/microsoft.management/managementgroups/";
    let (scope, resource) = (scope.to_ascii_lowercase(), resource.to_ascii_lowercase());
    let above = resource.strip_prefix(scope.trim_end_matches('/'));
    above.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        || scope.starts_with(MANAGEMENT_GROUPS)
}

/// What a deny assignment makes of a data action of one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Denies {
    Yes,
    /// If the caller is in one of the groups that it is about, or in none of those that it spares;
    /// or if its condition holds.
    Maybe,
    No,
}

/// What the deny assignment makes of `action` at `account` for the caller with the object id `oid`
/// (fact C64).
pub(in crate::diagnose) fn denies(
    deny: &DenyAssignment,
    action: &str,
    account: &ResourceId,
    oid: Option<&str>,
) -> Denies {
    let refuses =
        covers(&deny.data_actions, &deny.not_data_actions, &deny.more_permissions, action);
    let here = !deny.not_below || deny.scope.eq_ignore_ascii_case(account.as_str());
    let is_in =
        |ids: &[String]| oid.is_some_and(|oid| ids.iter().any(|id| id.eq_ignore_ascii_case(oid)));
    if !refuses || !here || is_in(&deny.excluded) {
        return Denies::No;
    }
    match deny.everyone || is_in(&deny.principals) {
        true if !deny.spares_groups && !deny.conditional => Denies::Yes,
        false if !deny.of_groups => Denies::No,
        _ => Denies::Maybe,
    }
}

/// Whether a text matches a pattern in which `*` is any run of characters, whatever the case.
pub(in crate::diagnose) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Seconds between a walk and the reads after it within which both are taken to be of one state.
const ONE_STATE: u64 = 3600;

/// What deny assignments make of a data action.
pub(in crate::diagnose) enum Refusals<'a> {
    /// One refuses it to the caller.
    By(&'a DenyAssignment),
    /// One refuses it on a condition, or to groups, of which the caller may be a member.
    Maybe(&'a DenyAssignment),
    /// None does.
    None,
    /// They were not read: the right that is missing, if that is why.
    Open(Option<String>),
}

impl<'a> AzureView<'a> {
    /// What deny assignments over the account make of `action` for the caller of the target.
    pub(in crate::diagnose) fn refusals(&self, action: &str) -> Refusals<'a> {
        let estate = self.estate();
        let (Some(all), Some(account)) = (estate.denies.proved(), estate.account.known()) else {
            let right = estate.account.known().and_then(|account| {
                let read = "Microsoft.Authorization/denyAssignments/read";
                super::needs::missing(&estate.denies, read, &account.id)
            });
            return Refusals::Open(right);
        };
        let caller = self.walk.identity.claims.as_ref().and_then(|claims| claims.object.as_deref());
        let with = |wanted: Denies| {
            all.iter().find(|deny| denies(deny, action, &account.id, caller) == wanted)
        };
        match (with(Denies::Yes), with(Denies::Maybe)) {
            (Some(deny), _) => Refusals::By(deny),
            (None, Some(deny)) => Refusals::Maybe(deny),
            (None, None) => Refusals::None,
        }
    }
}

impl<'a> AzureView<'a> {
    /// The caller's role assignments that count for its calls: Resource Manager also lists those on
    /// single projects of the account.
    pub(in crate::diagnose) fn roles(&self) -> Option<Vec<&'a RoleAssignment>> {
        let estate = self.estate();
        let called = estate.account.known().map(|account| {
            let path = self.walk.target.base_path.trim_end_matches('/');
            match (self.walk.target.kind, path.rsplit_once("/projects/")) {
                (TargetKind::Project, Some((_, project))) => {
                    format!("{}/projects/{project}", account.id.as_str())
                }
                _ => account.id.as_str().to_owned(),
            }
        });
        let counts =
            |one: &&RoleAssignment| called.as_ref().is_none_or(|at| counts_at(&one.scope, at));
        Some(estate.roles.proved()?.iter().filter(counts).collect())
    }

    /// Seconds from a time of Resource Manager's to the beginning of the walk; none if it is no
    /// time, or a later one.
    pub(in crate::diagnose) fn before_walk(&self, at: &str) -> Option<u64> {
        let walked = unix_seconds(&self.walk.started)?;
        u64::try_from(walked.checked_sub(unix_seconds(at)?)?).ok()
    }

    /// How long after the walk Resource Manager was asked, in seconds, where that is so long that
    /// the two need not be of one state: a saved report may be old.
    pub(in crate::diagnose) fn late(&self) -> Option<u64> {
        let walked = unix_seconds(&self.walk.started)?;
        let after = unix_seconds(&self.said.at)?.checked_sub(walked)?;
        u64::try_from(after).ok().filter(|after| *after > ONE_STATE)
    }
}

#[cfg(test)]
mod tests {
    use super::{counts_at, covers};
    use crate::evidence::azure::DataPermission;

    #[test]
    fn a_scope_counts_at_the_account_and_below_it() {
        let group = "/subscriptions/s/resourceGroups/ai-rg";
        let account = &format!("{group}/providers/Microsoft.CognitiveServices/accounts/myacct");
        let project = &format!("{account}/projects/team-b");
        let management = "/providers/Microsoft.Management/managementGroups/root";
        for above in ["/", "/subscriptions/S", group, account, &account.to_uppercase(), management]
        {
            assert!(counts_at(above, account), "{above}");
        }
        for other in [project, &format!("{account}2"), "/subscriptions/s/resourceGroups/ai"] {
            assert!(!counts_at(other, account), "{other}");
        }
        assert!(counts_at(project, project) && counts_at(account, project));
        assert!(!counts_at(&format!("{account}/projects/team"), project));
    }

    #[test]
    fn a_permission_takes_out_of_itself_alone() {
        let texts = |text: &str| vec![text.to_owned()];
        let next = DataPermission { data_actions: texts("a/b/*"), not_data_actions: Vec::new() };
        let (has, out) = (texts("a/*"), texts("a/b/*"));
        assert!(!covers(&has, &out, &[], "a/b/read"));
        assert!(covers(&has, &out, std::slice::from_ref(&next), "a/b/read"));
        assert!(covers(&has, &out, &[], "a/c/read"));
        assert!(!covers(&[], &[], &[next], "a/c/read"));
    }
}
