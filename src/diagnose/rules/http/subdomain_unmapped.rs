//! The front end knows no account of this name (fact H18).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::Step;
use crate::evidence::identity::CredentialKind;
use crate::evidence::tunnel;

use super::said::{said, walked};

pub(super) const RULE: Rule =
    rule!("http-subdomain-unmapped", Http, "No account owns this subdomain", Code(check));

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let account = reading::account(e);
    let mut because = said
        .because(said.level(e), said.sure(), format!("no account owns the name {}", e.target.host))
        .known_by(
            "the service's front end took the call and found no account for this subdomain: it \
             is misspelt, deleted, not yet known everywhere, or of another suffix",
        );
    if e.identity.kind == CredentialKind::Token && said.call.credential_sent {
        because = because.known_by(
            "on routes of Foundry a stale token or one of another tenant can give this as well",
        );
    }
    if walked(e).is_some_and(|address| tunnel::is_public(e, address)) {
        because = because.known_by(
            "less likely: an account that was created with public access disabled may never get \
             its public route (one report), and answers this outside its private endpoint",
        );
    }
    Some(
        because
            .owner("Application")
            .look(
                "see the account and its endpoint",
                account::list(
                    &format!("[?properties.customSubDomainName=='{account}'].properties.endpoint"),
                    "",
                ),
            )
            .look("see whether it was deleted", account::list_deleted())
            .act(Step::local(
                "put the account's own endpoint into the application's configuration (keep the old \
                 line to undo it)",
            ))
            .check(reading::again(e)),
    )
}
