//! What findings of the identity hop leave open.

mod managed;
mod roles;
mod way_out;

use crate::diagnose::azure::{Proof, Ruling, Witness};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::evidence::azure::Answer;

/// The questions.
pub(super) const WITNESSES: &[Witness] = &[
    Witness {
        findings: &["identity-role-missing"],
        ask: roles::missing,
        says: Some("which roles the caller has"),
    },
    Witness {
        findings: &["identity-keys-disabled", "identity-key-refused"],
        ask: keys,
        says: Some("whether the account takes keys"),
    },
    Witness {
        findings: &["identity-tenant-mismatch"],
        ask: tenant,
        says: Some("the tenant of the account"),
    },
    Witness {
        findings: &["identity-managed-missing"],
        ask: managed::missing,
        says: Some("which identities this machine has"),
    },
    Witness {
        findings: &["identity-managed-ambiguous"],
        ask: managed::ambiguous,
        says: Some("which identities this machine has"),
    },
    Witness {
        findings: &["identity-managed-not-assigned"],
        ask: managed::not_assigned,
        says: Some("which identities this machine has"),
    },
    Witness {
        findings: &["identity-no-way-out"],
        ask: way_out::ruling,
        says: Some("what on the way drops the packets"),
    },
];

/// Whether the account takes keys; the keys themselves are never read.
fn keys(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let account = azure.estate().account.proved()?;
    let name = account.id.name();
    let said_so =
        crate::diagnose::rules::http::refusal_match::find_refusal(view, "identity-keys-disabled")
            .is_some();
    let base = Proof::default().cites("/estate/account");
    Some(match (account.keys_disabled?, said_so) {
        (true, _) => Ruling::Proves(
            base.headline(
                Clause::from(format!("{name} takes no API keys: disableLocalAuth is true"))
                    .or(format!("{name} takes no API keys")),
            )
            .fact(format!("{}: disableLocalAuth true", shown(&account.id)))
            .reasoning("Azure shows that keys are switched off at the account: no key works there")
            .ruled_out("a wrong or regenerated key: none is taken"),
        ),
        (false, true) => Ruling::Notes(
            base.fact(format!("{}: disableLocalAuth false", shown(&account.id))).reasoning(
                "Azure shows keys switched on, and the service refuses them: the switch was \
                 changed minutes ago, or another account answers",
            ),
        ),
        (false, false) => Ruling::Notes(
            base.fact(format!("{}: disableLocalAuth false", shown(&account.id)))
                .ruled_out("keys that are switched off: Azure shows them on"),
        ),
    })
}

/// The tenant of the account's subscription.
fn tenant(view: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let estate = azure.estate();
    let (tenant, proved) = match &estate.tenant {
        Answer::Read { value } => (value.as_str(), true),
        Answer::Listed { value } => (value.as_str(), false),
        // A refusal names the right tenant to a token of another one (fact C38).
        other => (other.refusal()?.tenant.as_deref()?, true),
    };
    let claimed = view.identity.claims.as_ref().and_then(|claims| claims.tenant.as_deref());
    let proof = Proof::default()
        .fact(format!("the tenant of the account's subscription is {tenant}"))
        .cites("/estate/tenant");
    if claimed.is_some_and(|claimed| claimed.eq_ignore_ascii_case(tenant)) {
        return Some(Ruling::Notes(proof.reasoning(
            "Azure shows the token's own tenant for the account's subscription: the name leads \
             to another account than Azure lists under it",
        )));
    }
    let proof = proof.reasoning(format!(
        "Azure names the tenant of the account's subscription, {tenant}, and the token is of \
         another: only a token of that tenant is taken"
    ));
    Some(if proved { Ruling::Proves(proof) } else { Ruling::Suggests(proof) })
}
