//! Managed identities that the platform does not have, or cannot choose between (facts I8, I8a,
//! X11).

use super::acquisition::{NoToken, Refused, no_token};
use super::az;
use super::platform::{Home, Identity, home, name_one};
use super::roles;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Step};
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
        // An answer about an identity is JSON.
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

/// The confidence: by the platform's own message, or by the status alone.
fn confidence(refused: &Refused<'_>) -> Confidence {
    if says_so(refused) { Confidence::Proved } else { Confidence::Inferred }
}

fn how_known(finding: FindingBuilder, refused: &Refused<'_>, home: Home) -> FindingBuilder {
    match says_so(refused) {
        true => finding.reasoning(format!("{} says so itself, with 400", home.name())).reasoning(
            "SDKs print it with invalid_scope or as \"no managed identity endpoint found\": \
                 neither the scope nor the endpoint is wrong",
        ),
        false => finding.reasoning(format!(
            "{} refuses with 400: it has none to give; its words do not say which",
            home.name()
        )),
    }
}

fn missing(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| !several(r) && no.how.client.is_none())?;
    let home = home(e, refused.request);
    let finding =
        no.finding(confidence(&refused), "no managed identity is assigned that could be meant");
    let finding = how_known(refused.fact(finding), &refused, home)
        .reasoning("no client id was named, so the system-assigned identity was asked for")
        .owner("Azure platform");
    let finding = home.identities(finding).step(name_one("name a user-assigned one that it has"));
    let finding = home.or_assign(finding, "give it one of its own", Identity::System);
    Some(finding.step(roles::grant(
        e,
        "then grant the new one",
        "<object id of the identity>",
        Some("ServicePrincipal"),
        roles::role_for_target(e),
    )))
}

fn ambiguous(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let refused = about_identity(&no).filter(|r| several(r) && no.how.client.is_none())?;
    let home = home(e, refused.request);
    let finding =
        refused
            .fact(no.finding(
                Confidence::Proved,
                "several managed identities are assigned, none is named",
            ))
            .reasoning("the metadata service's own word, and the request named no client id")
            .owner("Application");
    let finding = home.identities(finding).step(name_one("name the one that is meant"));
    Some(match home {
        Home::Machine | Home::Node => finding.step(Step::inspect(
            "in a pod of AKS, consider workload identity: it needs no metadata service",
        )),
        _ => finding,
    })
}

/// An identity as a first line names it: of a resource id, its name.
fn short(client: &str) -> &str {
    client.rsplit('/').next().unwrap_or(client)
}

fn not_assigned(e: &View<'_>) -> Option<FindingBuilder> {
    let no = no_token(e)?;
    let client = no.how.client.as_deref()?;
    let refused = about_identity(&no)?;
    let home = home(e, refused.request);
    let (text, command) = az::whose(client);
    let finding = no
        .finding(confidence(&refused), format!("identity {} is not assigned here", short(client)));
    let finding = how_known(refused.fact(finding), &refused, home)
        .reasoning("the request named this identity")
        .reasoning(
            "AZURE_CLIENT_ID names the identity here too: an application's id in it, set for \
             another purpose, misleads",
        )
        .owner("Azure platform")
        .inspect(text, command);
    let finding = home.identities(finding).step(Step::local(
        "name one that is assigned, or unset AZURE_CLIENT_ID for the system's own; an app \
         restarts with it",
    ));
    Some(home.or_assign(finding, "assign the one that is named", Identity::User))
}
