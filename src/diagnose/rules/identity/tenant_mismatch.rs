//! The token is of another tenant than the account (fact H10).

use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::credential::{claims, credential};

pub(super) const RULE: Rule = rule!(
    "identity-tenant-mismatch",
    Identity,
    "The token is of another tenant than the account",
    Code(check)
)
.short("the token is from another tenant");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let named = tenants(text(said.answer).unwrap_or_default());
    let tenant = named
        .first()
        .cloned()
        .or_else(|| claims(e).and_then(|c| c.tenant.clone()))
        .unwrap_or_else(|| "another tenant".to_owned());
    let account = reading::account(e);
    let mut because = said
        .because(
            said.level(e),
            Sure::Proved,
            format!("the token is of tenant {tenant}, {account} is not"),
        )
        .read_at("/identity");
    if let Some(of_token) = claims(e).and_then(|c| c.tenant.as_deref()) {
        because = because.seen(format!("tid {of_token} in {}", credential(e)));
    }
    if let Some(of_account) = named.get(1) {
        because = because.seen(format!("the account's tenant is {of_account}"));
    }
    let login = named.get(1).map_or("<tenant of the account>", String::as_str);
    Some(
        because
            .known_by("the service compares the two and says so")
            .owner("Identity")
            .look(
                "see the tenant of the account",
                "az account show --subscription <subscription of the account> --query tenantId",
            )
            .look(
                "get a token of that tenant",
                format!(
                    "az account get-access-token --tenant {login} --scope {} --query tenant",
                    super::credential::scope(e)
                ),
            )
            .act(Step::local("set AZURE_TENANT_ID to it; az and azd keep logins of their own"))
            .check(reading::again(e)),
    )
}

/// The tenants that a message names, in order.
fn tenants(message: &str) -> Vec<String> {
    message
        .split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter(|word| word.len() == 36 && word.matches('-').count() == 4)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn tenants_are_read_in_order() {
        let a = "11111111-2222-3333-4444-555555555555";
        let b = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
        let message = format!("Token tenant {a} does not match resource tenant.");
        assert_eq!(super::tenants(&message), [a]);
        assert_eq!(super::tenants(&format!("{message} ({b})")), [a, b]);
    }
}
