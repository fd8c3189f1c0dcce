//! The front end knows no account of this name (fact H18).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::Step;
use crate::evidence::identity::CredentialKind;
use crate::evidence::tunnel;

use super::refusal_match::{find_refusal, walked};

pub(super) const RULE: Rule =
    rule!("http-subdomain-unmapped", Http, "No account owns this subdomain", Code(check));

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
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
