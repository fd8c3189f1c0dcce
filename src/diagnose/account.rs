//! Commands of `az` about the account: how they name it is said once.

use crate::evidence::Evidence;

use super::reading;

/// The group of commands.
const AZ: &str = "az cognitiveservices account";

/// A command about the account of this walk, its verb first: `deployment list`, with what follows
/// the account's name and group in `rest`.
#[must_use]
pub(in crate::diagnose) fn command(e: &Evidence, verb: &str, rest: &str) -> String {
    named(reading::account(e), verb, rest)
}

/// [`command`] about an account of this name or placeholder.
#[must_use]
pub(in crate::diagnose) fn named(account: &str, verb: &str, rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!("{AZ} {verb} -n {account} -g <group>{space}{rest}")
}

/// Shows a part of the account: a JMESPath of its resource.
#[must_use]
pub(in crate::diagnose) fn show(e: &Evidence, query: &str) -> String {
    command(e, "show", &format!("--query {}", quoted(query)))
}

/// Lists what the query picks of every account that the caller can see.
#[must_use]
pub(in crate::diagnose) fn list(query: &str, rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!("{AZ} list --query {}{space}{rest}", quoted(query))
}

/// Lists the accounts that were deleted and can be recovered.
#[must_use]
pub(in crate::diagnose) fn list_deleted() -> String {
    format!("{AZ} list-deleted -o table")
}

/// Names and endpoints of every account that the caller can see.
#[must_use]
pub(in crate::diagnose) fn endpoints() -> String {
    list("[].{name:name,endpoint:properties.endpoint}", "-o table")
}

/// The query for public access and network rules.
pub(in crate::diagnose) const NETWORK: &str =
    "properties.{access:publicNetworkAccess,rules:networkAcls}";

fn quoted(query: &str) -> String {
    let bare = query.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if bare { query.to_owned() } else { format!("\"{query}\"") }
}
