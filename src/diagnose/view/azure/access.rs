//! Who may call the account: its network rules, its perimeter, the roles of the caller.

use std::net::IpAddr;

use super::AzureView;
use super::here::holds;
use crate::evidence::azure::{Account, DenyAssignment, ResourceId, RoleAssignment};
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
    let given = actions.iter().any(|pattern| matches(pattern, action))
        && !assignment.not_data_actions.iter().any(|pattern| matches(pattern, action));
    match (given, assignment.conditional) {
        (false, _) => Grants::No,
        (true, true) => Grants::OnCondition,
        (true, false) => Grants::Yes,
    }
}

/// What a deny assignment makes of a data action of one caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Denies {
    Yes,
    /// If the caller is in one of the groups that it is about, or in none of those that it spares.
    ByGroup,
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
    let refuses = deny.data_actions.iter().any(|pattern| matches(pattern, action))
        && !deny.not_data_actions.iter().any(|pattern| matches(pattern, action));
    let here = !deny.not_below || deny.scope.eq_ignore_ascii_case(account.as_str());
    let is_in =
        |ids: &[String]| oid.is_some_and(|oid| ids.iter().any(|id| id.eq_ignore_ascii_case(oid)));
    if !refuses || !here || is_in(&deny.excluded) {
        return Denies::No;
    }
    match deny.everyone || is_in(&deny.principals) {
        true if !deny.spares_groups => Denies::Yes,
        false if !deny.of_groups => Denies::No,
        _ => Denies::ByGroup,
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
    /// One refuses it to groups, of which the caller may be a member.
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
        match (with(Denies::Yes), with(Denies::ByGroup)) {
            (Some(deny), _) => Refusals::By(deny),
            (None, Some(deny)) => Refusals::Maybe(deny),
            (None, None) => Refusals::None,
        }
    }
}

impl AzureView<'_> {
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
