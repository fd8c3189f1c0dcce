//! The token is of another tenant than the account (fact H10).

use crate::diagnose::rules::http::answered_by::AnsweredBy;
use crate::diagnose::rules::http::challenge;
use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::{self, find_refusal};
use crate::diagnose::rules::http::refusals::text;
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};

use super::az;
use super::credential::{claims, credential, other_caller, scope};

pub(super) const RULE: Rule = rule!(
    "identity-tenant-mismatch",
    Identity,
    "The token is of another tenant than the account",
    Code(check)
)
.short("the token is from another tenant");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let said = find_refusal(e, RULE.id)?;
    let message = text(said.answer).unwrap_or_default();
    let Tenants { of_token, of_resource } = named(message);
    let of_resource = challenge::tenant(said.answer).or(of_resource);
    let claimed = claims(e).and_then(|c| c.tenant.as_deref());
    let tenant = of_token.or(claimed).unwrap_or("another tenant");
    let account = host_kind(e).judge(e);
    let short = match host_kind(e).is_gateway() {
        true => "the account behind the gateway",
        false => account.as_str(),
    };
    // The text of something in front, or a challenge of Azure's own: the sender decides.
    let confidence = match said.who() {
        AnsweredBy::GatewayFrame => Confidence::Inferred,
        _ => Confidence::Proved,
    };
    let other = other_caller(e, said.answer);
    let confidence = other.map_or(confidence, |other| other.confidence(e, confidence));
    let mut finding = said
        .finding(
            said.level(e),
            confidence,
            format!("the token is of tenant {tenant}, {short} is not"),
        )
        .cites("/identity");
    if let Some(claimed) = claimed {
        finding = finding.fact(format!("tid {claimed} in {}", credential(e)));
    }
    if let Some(of_resource) = of_resource {
        finding = finding.fact(format!("the tenant of {account} is {of_resource}"));
    }
    if let Some(line) = said.header_line("www-authenticate") {
        finding = finding.fact(line);
    }
    let login = of_resource.unwrap_or("<tenant id>");
    let own_tenant = account::resource(e).own_tenant;
    let finding = match own_tenant {
        // A vault keeps its tenant when its subscription moves.
        true => finding.inspect("see the tenant of the account", account::show(e, TENANTS)),
        false => finding.inspect("see the tenant of the account", az::subscription_tenant()),
    };
    let finding = match other {
        None => finding
            .inspect(
                "get a token of that tenant",
                az::get_access_token(Some(login), &scope(e), "tenant"),
            )
            .step(Step::local("set AZURE_TENANT_ID to it; az and azd keep logins of their own")),
        Some(other) => other.explain(e, finding).step(Step::inspect(
            "have the team that runs it call with an identity of that tenant, or pass the caller's \
             token on",
        )),
    };
    let finding = if own_tenant { moved(e, finding) } else { finding };
    Some(
        finding
            .reasoning(match (of_token, of_resource) {
                (Some(_), _) => "the service compares the two and reports the difference",
                (None, Some(_)) => {
                    "the service names the tenant whose tokens it takes, and the token is of another"
                }
                (None, None) => {
                    "the service reports that the token is not of its tenant, and names neither"
                }
            })
            .owner("Identity")
            .about_a(reading::noun(e))
            .check(reading::again(e)),
    )
}

/// The tenant of the token that the service got, by the words of its refusal of the tenant.
pub(super) fn token_tenant(message: &str) -> Option<&str> {
    let lower = message.to_ascii_lowercase();
    let speaks = lower.contains("does not match resource") || lower.contains("akv10032");
    named(message).of_token.filter(|_| speaks)
}

/// The query for a vault's own tenant.
const TENANTS: &str = "properties.tenantId";

/// What to do where the subscription was moved to another tenant, and the vault kept the old one.
fn moved(e: &View<'_>, finding: FindingBuilder) -> FindingBuilder {
    let vault = reading::account(e);
    let set = |tenant: &str| {
        format!("az keyvault update -n {vault} -g <group> --set properties.tenantId={tenant}")
    };
    finding.inspect("see the tenant of its subscription", az::subscription_tenant()).step(
        Step::shared(
            "if the two differ because the subscription was moved to another tenant, give the \
             vault the new one",
            "every caller of the old tenant is refused from then on, and the access policies of \
             the old tenant no longer match any caller",
        )
        .command(set("<tenant of the subscription>"))
        .undo(set("<the tenant that it had>")),
    )
}

/// The tenants that a message names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tenants<'a> {
    of_token: Option<&'a str>,
    of_resource: Option<&'a str>,
}

/// An account names the token's tenant first (fact H10); a vault names those whose tokens it
/// takes, its own first, and then the one that it found (fact G19).
fn named(message: &str) -> Tenants<'_> {
    let mut tenants = refusal_match::tenants(message);
    match message.split_once("Expected one of") {
        Some((_, rest)) => {
            let (expected, found) = rest.split_once(" found ").unwrap_or((rest, ""));
            Tenants {
                of_token: refusal_match::tenants(found).next(),
                of_resource: refusal_match::tenants(expected).next(),
            }
        }
        None => Tenants { of_token: tenants.next(), of_resource: tenants.next() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_and_a_vault_name_the_two_in_different_order() {
        let a = "11111111-2222-3333-4444-555555555555";
        let b = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
        let message = format!("Token tenant {a} does not match resource tenant.");
        assert_eq!(named(&message), Tenants { of_token: Some(a), of_resource: None });
        let both = format!("{message} ({b})");
        assert_eq!(named(&both), Tenants { of_token: Some(a), of_resource: Some(b) });
        let vault = format!(
            "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{b}/, \
             https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/, found \
             https://sts.windows.net/{a}/."
        );
        assert_eq!(named(&vault), Tenants { of_token: Some(a), of_resource: Some(b) });
    }
}
