//! Managed identities that the platform does not have, or cannot choose between (facts I8, I8a,
//! X11).

use super::acquisition::{NoToken, Refused, no_token};
use super::platform::{Home, Identity, home, name_one};
use super::roles;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::identity::TokenPurpose;

pub(super) const MISSING: Rule = rule!(
    "identity-managed-missing",
    Identity,
    "The platform finds no managed identity to give a token for",
    Code(missing)
);

pub(super) const AMBIGUOUS: Rule = rule!(
    "identity-managed-ambiguous",
    Identity,
    "Several managed identities are assigned and none is named",
    Code(ambiguous)
)
.short("there are several identities, and none is named");

pub(super) const NOT_ASSIGNED: Rule = rule!(
    "identity-managed-not-assigned",
    Identity,
    "The managed identity that is named is not assigned here",
    Code(not_assigned)
)
.short("the identity is not assigned here");

/// Those that give tokens of a managed identity.
const MANAGED: &[TokenPurpose] = &[TokenPurpose::Imds, TokenPurpose::AppService];

/// What platforms say of an identity that they do not have (facts I8, X11).
const NOT_FOUND: &[&str] =
    &["identity not found", "no user assigned or delegated managed identity found"];

/// A 400 of a kind that speaks of the identity.
pub(super) fn about_identity<'e>(no: &NoToken<'e>) -> Option<Refused<'e>> {
    no.refusal(MANAGED).filter(|refused| {
        let refusal = refused.refusal;
        // Who speaks of an identity speaks JSON.
        let json = refused.answer().is_none_or(|answer| answer.body_excerpt.is_none());
        let kind = match refusal.error.as_deref() {
            None | Some("invalid_request") => true,
            Some("invalid_scope") => says_so(refused),
            Some(_) => false,
        };
        refusal.status == 400 && json && kind
    })
}

fn words(refused: &Refused<'_>) -> String {
    refused.refusal.description.as_deref().unwrap_or_default().to_ascii_lowercase()
}

/// Whether the answer speaks of several identities (fact I8a).
fn several(refused: &Refused<'_>) -> bool {
    words(refused).contains("multiple user assigned identities")
}

/// Whether the platform says itself that it has no such identity.
fn says_so(refused: &Refused<'_>) -> bool {
    NOT_FOUND.iter().any(|part| words(refused).contains(part))
}

/// How sure it is: by the platform's own words, or by the status alone.
fn sure(refused: &Refused<'_>) -> Sure {
    if says_so(refused) { Sure::Proved } else { Sure::Inferred }
}

fn how_known(because: Because, refused: &Refused<'_>, home: Home) -> Because {
    match says_so(refused) {
        true => because.known_by(format!("{} says so itself, with 400", home.name())).known_by(
            "SDKs print it with invalid_scope or as \"no managed identity endpoint found\": \
                 neither the scope nor the endpoint is wrong",
        ),
        false => because.known_by(format!(
            "{} refuses with 400: it has none to give; its words do not say which",
            home.name()
        )),
    }
}

fn missing(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| !several(r) && no.how.client.is_none())?;
    let home = home(e, refused.request);
    let because = no.because(sure(&refused), "no managed identity is assigned that could be meant");
    let because = how_known(refused.seen(because), &refused, home)
        .known_by("no client id was named, so the system-assigned identity was asked for")
        .owner("Azure platform");
    let because = home.identities(because).act(name_one("name a user-assigned one that it has"));
    let because = home.assign(because, "or give it one of its own", Identity::System);
    Some(because.act(roles::grant(
        "then grant the new one",
        "<object id of the identity>",
        Some("ServicePrincipal"),
        roles::OPENAI_USER,
    )))
}

fn ambiguous(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| several(r) && no.how.client.is_none())?;
    let home = home(e, refused.request);
    let because = refused
        .seen(no.because(Sure::Proved, "several managed identities are assigned, none is named"))
        .known_by("the metadata service's own word, and the request named no client id")
        .owner("Application");
    let because = home.identities(because).act(name_one("name the one that is meant"));
    Some(match home {
        Home::Machine | Home::Node => because.act(Step::look(
            "in a pod of AKS, consider workload identity: it needs no metadata service",
        )),
        _ => because,
    })
}

fn not_assigned(e: &View<'_>) -> Option<Because> {
    let no = no_token(e)?;
    let client = no.how.client.as_deref()?;
    let refused = about_identity(&no)?;
    let home = home(e, refused.request);
    let because = no.because(sure(&refused), format!("identity {client} is not assigned here"));
    let because = how_known(refused.seen(because), &refused, home)
        .known_by("the request named this identity")
        .known_by(
            "AZURE_CLIENT_ID names the identity here too: an application's id in it, set for \
             another purpose, misleads",
        )
        .owner("Azure platform")
        .look(
            "see whose id it is: that of an application (kind Application) or of a managed \
             identity",
            format!(
                "az ad sp show --id {} --query \"{{name:displayName,kind:servicePrincipalType}}\"",
                reading::word(client)
            ),
        );
    let because = home.identities(because).act(Step::local(
        "name one that is assigned, or unset AZURE_CLIENT_ID for the system's own; an app \
         restarts with it",
    ));
    Some(home.assign(because, "or assign the one that is named", Identity::User))
}
