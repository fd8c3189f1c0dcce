//! Tokens need the account's custom subdomain (facts H14, D5).

use crate::diagnose::rules::http::said::said;
use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::Step;

pub(super) const RULE: Rule = rule!(
    "identity-custom-subdomain",
    Identity,
    "Tokens are taken at the account's custom subdomain only",
    Code(check)
)
.short("this endpoint does not accept tokens");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    Some(
        said.because(
            said.level(e),
            said.sure(),
            format!("{} takes no tokens, only keys", e.target.host),
        )
        .read_at("/target/host")
        .known_by(
            "the service says so: a token needs the account's custom subdomain; a regional \
                 name and an account without a subdomain take keys only",
        )
        .owner("Application")
        .look(
            "see whether the account has a subdomain, and its endpoint",
            account::named(
                "<account>",
                "show",
                "--query \"{subdomain:properties.customSubDomainName,endpoint:properties.endpoint}\"",
            ),
        )
        .act(Step::local("call that endpoint"))
        .act(
            Step::shared(
                "or give the account a subdomain (Terraform: custom_subdomain_name of \
                 azurerm_cognitive_account)",
                "every client of the account: its endpoint gets another name, which also needs a \
                 record in the private zone",
            )
            .command(account::named("<account>", "update", "--custom-domain <subdomain>"))
            .undo("there is none: a subdomain cannot be changed or taken away later"),
        )
        .check(reading::again(e)),
    )
}
