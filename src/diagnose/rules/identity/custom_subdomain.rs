//! Tokens need the account's custom subdomain (facts H14, D5).

use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::Step;

pub(super) const RULE: Rule = rule!(
    "identity-custom-subdomain",
    Identity,
    "Tokens are taken at the account's custom subdomain only",
    Code(check)
)
.short("this endpoint does not accept tokens");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    Some(
        said.finding(
            said.level(e),
            said.confidence(),
            format!("{} takes no tokens, only keys", e.target.host),
        )
        .cites("/target/host")
        .reasoning(
            "the service says so: a token needs the account's custom subdomain; a regional \
                 name and an account without a subdomain take keys only",
        )
        .owner("Application")
        .inspect(
            "see whether the account has a subdomain, and its endpoint",
            account::named(
                e,
                "<account>",
                "show",
                "--query \"{subdomain:properties.customSubDomainName,endpoint:properties.endpoint}\"",
            ),
        )
        .step(Step::local("call that endpoint"))
        .step(
            Step::shared(
                "give the account a subdomain (Terraform: custom_subdomain_name of \
                 azurerm_cognitive_account)",
                "every client of the account: its endpoint gets another name, which also needs a \
                 record in the private zone",
            ).or()
            .command(account::named(e, "<account>", "update", "--custom-domain <subdomain>"))
            .undo("there is none: a subdomain cannot be changed or taken away later"),
        )
        .check(reading::again(e)),
    )
}
