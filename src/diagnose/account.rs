//! Commands of `az` about the target's own resource, in the words of its service's profile.

use crate::evidence::Evidence;
use crate::services::{Endpoint, Resource, azure_ai};

use super::reading;

/// What the target is to `az`; behind a gateway, and where nothing says what the target is, an
/// account.
#[must_use]
pub(in crate::diagnose) fn resource(e: &Evidence) -> Resource {
    let own = reading::service(e).filter(|service| service.has_call());
    own.and_then(|service| service.resource).unwrap_or(azure_ai::RESOURCE)
}

/// A command about the account of this walk, its verb first: `deployment list`, with what follows
/// the account's name and group in `rest`.
#[must_use]
pub(in crate::diagnose) fn command(e: &Evidence, verb: &str, rest: &str) -> String {
    named(e, &name(e), verb, rest)
}

/// The account's name, or a placeholder with the service's own word for it.
fn name(e: &Evidence) -> String {
    match reading::account(e) {
        "<account>" => format!("<{}>", resource(e).noun),
        known => known.to_owned(),
    }
}

/// [`command`] about an account of this name or placeholder.
#[must_use]
pub(in crate::diagnose) fn named(e: &Evidence, account: &str, verb: &str, rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!("az {} {verb} -n {account} -g <group>{space}{rest}", resource(e).az)
}

/// Shows a part of the account: a JMESPath of its resource.
#[must_use]
pub(in crate::diagnose) fn show(e: &Evidence, query: &str) -> String {
    command(e, "show", &format!("--query {}", quoted(query)))
}

/// Lists what the query picks of every account that the caller can see.
#[must_use]
pub(in crate::diagnose) fn list(e: &Evidence, query: &str, rest: &str) -> String {
    let space = if rest.is_empty() { "" } else { " " };
    format!("az {} list --query {}{space}{rest}", resource(e).az, quoted(query))
}

/// Lists the accounts that were deleted and can be recovered.
#[must_use]
pub(in crate::diagnose) fn list_deleted(e: &Evidence) -> String {
    format!("az {} list-deleted -o table", resource(e).az)
}

/// Names and endpoints of every account that the caller can see.
#[must_use]
pub(in crate::diagnose) fn endpoints(e: &Evidence) -> String {
    let resource = resource(e);
    if !resource.lists_all {
        return format!(
            "az resource list --resource-type {} --query \"[].{{name:name,group:resourceGroup}}\" \
             -o table",
            resource.kind
        );
    }
    list(e, &format!("[].{{name:name,endpoint:{}}}", resource.endpoint), "-o table")
}

/// Lists the connections of private endpoints to the account, or to what has them in its place; a query
/// or a form of output may follow.
#[must_use]
pub(in crate::diagnose) fn connections(e: &Evidence) -> String {
    let at = Some(resource(e).endpoints_at).filter(|at| !at.is_empty()).unwrap_or("account");
    format!("az network private-endpoint-connection list --id <{at} resource id>")
}

/// The group of a private endpoint that the name of this walk belongs to, where it is the only one; that of
/// a copy in the paired region is of another name.
#[must_use]
pub(in crate::diagnose) fn group_id(e: &Evidence) -> Option<&'static str> {
    let suffix = reading::public_suffix(e);
    let named = |endpoint: &&Endpoint| endpoint.suffix == suffix;
    let (first, others) =
        reading::service(e)?.endpoints.iter().find(named)?.group_ids.split_first()?;
    let is_copy = |other: &&str| other.strip_suffix("_secondary") == Some(*first);
    others.iter().all(is_copy).then_some(*first)
}

/// Shows public access and network rules.
#[must_use]
pub(in crate::diagnose) fn show_networks(e: &Evidence) -> String {
    show(e, resource(e).networks)
}

/// A command of the network rules, and the one that takes it back.
#[must_use]
pub(in crate::diagnose) fn rule(
    e: &Evidence,
    commands: (&str, &str),
    address: &str,
) -> (String, String) {
    let filled = |command: &str| {
        let command = command.replace("{name}", &name(e)).replace("{address}", address);
        format!("az {} {command}", resource(e).az)
    };
    (filled(commands.0), filled(commands.1))
}

/// Lists the roles of a principal on a resource: those that it has there and above, by itself and by its
/// groups.
pub(in crate::diagnose) fn roles_on(resource: &str, assignee: &str) -> String {
    format!(
        "az role assignment list --assignee {assignee} --scope <{resource} resource id> \
         --include-inherited --include-groups --query \"[].roleDefinitionName\""
    )
}

/// Reads one secret of a vault by its name, and shows no value: whether the caller may.
pub(in crate::diagnose) fn read_a_secret(e: &Evidence) -> String {
    format!(
        "az keyvault secret show --vault-name {} -n <secret> --query id -o tsv  # as that caller",
        reading::account(e)
    )
}

fn quoted(query: &str) -> String {
    let bare = query.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if bare { query.to_owned() } else { format!("\"{query}\"") }
}
