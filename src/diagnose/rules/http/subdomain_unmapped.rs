//! The front end knows no account of this name (fact H18).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::identity::CredentialKind;
use crate::evidence::{TargetKind, tunnel};

use super::refusal_match::{MatchedRefusal, find_refusal, walked};

pub(super) const RULE: Rule =
    rule!("http-subdomain-unmapped", Http, "No account owns this subdomain", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    if let Some(alias) = alias_of_another(e) {
        return Some(leads_to_another(e, &refusal, &alias));
    }
    let account = reading::account(e);
    let mut finding = refusal
        .finding(
            refusal.level(e),
            refusal.confidence(),
            format!("no account owns the name {}", e.target.host),
        )
        .reasoning(
            "the service's front end accepted the call and found no account for this subdomain: \
             it is misspelt, deleted, not yet propagated, or has another suffix",
        );
    if e.identity.kind == CredentialKind::Token && refusal.call.credential_sent {
        finding = finding.reasoning(
            "on Foundry routes, an expired token or one from another tenant can cause this too",
        );
    }
    if walked(e).is_some_and(|address| tunnel::is_public(e, address)) {
        finding = finding.reasoning(
            "less likely: an account that was created with public access disabled may never get \
             its public route (one report), and then answers like this outside its private \
             endpoint",
        );
    }
    Some(
        finding
            .owner("Application")
            .inspect(
                "see the account and its endpoint",
                account::list(
                    e,
                    &format!("[?properties.customSubDomainName=='{account}'].properties.endpoint"),
                    "",
                ),
            )
            .inspect("see whether it was deleted", account::list_deleted(e))
            .step(Step::local(
                "use the account's own endpoint in the application's configuration (keep the old \
                 line to undo it)",
            ))
            .check(reading::again(e)),
    )
}

/// The privatelink alias of another account, in the answer that applications use: Azure's own alias
/// begins with the name's own first label (fact D32).
fn alias_of_another(e: &View<'_>) -> Option<String> {
    if e.target.kind != TargetKind::Account {
        return None;
    }
    let alias = e.dns.effective_resolver()?.seen.privatelink_alias(&e.dns.name)?;
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    (first(&alias) != first(&e.dns.name)).then_some(alias)
}

fn leads_to_another(e: &View<'_>, refusal: &MatchedRefusal<'_>, alias: &str) -> FindingBuilder {
    let name = &e.dns.name;
    let check = format!("dig {}", reading::word(name));
    refusal
        .finding(
            refusal.level(e),
            Confidence::Inferred,
            "the alias leads to another account, which lacks the name",
        )
        .fact(format!("{name} -> {alias}"))
        .cites("/dns/resolvers")
        .reasoning(format!(
            "Azure's own alias of {name} begins with {}: this one is a record of your own, and it \
             leads to the private endpoint of another account, which does not know the name",
            reading::account(e)
        ))
        .reasoning("if no account owns the name at all, the answer is the same")
        .owner("DNS")
        .inspect("see the chain", check.clone())
        .inspect(
            "see whether the account exists",
            account::list(
                e,
                &format!(
                    "[?properties.customSubDomainName=='{}'].properties.endpoint",
                    reading::account(e)
                ),
                "",
            ),
        )
        .step(
            Step::shared(
                format!("remove the alias of {name} where it is kept, so that Azure's own is used"),
                "every client of the server that has the record, for this name only",
            )
            .undo("put the alias back: note its target and TTL first"),
        )
        .check(check)
}
