//! Commands of `az` about tokens, logins, roles and service principals: each is built here.

use crate::diagnose::account;
use crate::diagnose::reading::word;
use crate::evidence::http::Purpose;
use crate::services::purpose::words;

/// The version of `az`.
pub(super) const VERSION: &str = "az version";
/// The account that is logged in.
pub(super) const ACCOUNT: &str = "az account show";
/// Updates `az`.
pub(super) const UPGRADE: &str = "az upgrade";

/// A login, in a tenant.
pub(super) fn login(tenant: Option<&str>) -> String {
    format!("az login --tenant {}", tenant.map_or("<tenant>".to_owned(), word))
}

/// The tenant of the account's subscription.
pub(super) fn subscription_tenant() -> String {
    format!("{ACCOUNT} --subscription <subscription of the account> --query tenantId")
}

/// A token as `az` obtains it, of which `query` is shown and never the token itself.
pub(super) fn get_access_token(tenant: Option<&str>, scope: &str, query: &str) -> String {
    let tenant = tenant.map(|tenant| format!("--tenant {tenant} ")).unwrap_or_default();
    format!("az account get-access-token {tenant}--scope {scope} --query {query}")
}

/// Whose identity an id is, and the words of that step: of a client id, the name and the kind of its
/// service principal; of a resource id, which no service principal is found by, the managed identity.
pub(super) fn whose(id: &str) -> (&'static str, String) {
    if id.contains("/providers/") {
        let query = "{name:name,client:clientId}";
        return (
            "see whether a managed identity has this resource id",
            format!("az identity show --ids {} --query \"{query}\"", word(id)),
        );
    }
    (
        "see whose id it is: that of an application (kind Application) or of a managed identity",
        format!(
            "az ad sp show --id {} --query \"{{name:displayName,kind:servicePrincipalType}}\"",
            word(id)
        ),
    )
}

/// The roles of a principal on the account.
pub(super) fn roles_of(assignee: &str) -> String {
    account::roles_on("account", assignee)
}

/// The data actions of a role.
pub(super) fn data_actions(role: &str, purpose: Purpose) -> String {
    let kind = words(purpose).permissions;
    format!("az role definition list --name \"{role}\" --query \"[].permissions[].{kind}\"")
}

/// Gives a principal a role on the account.
pub(super) fn assign_role(assignee: &str, role: &str) -> String {
    format!("az role assignment create {assignee} --role \"{role}\" --scope <account resource id>")
}

/// Takes that role away.
pub(super) fn unassign_role(principal: &str, role: &str) -> String {
    format!(
        "az role assignment delete --assignee {principal} --role \"{role}\" \
         --scope <account resource id>"
    )
}
