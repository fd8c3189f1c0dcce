//! Credentials that the environment holds, and settings among them that mislead.

use super::acquisition::{failed, level, no_token, source};
use super::credential::{credential, other_caller, rejected};
use super::profiles::{self, profile};
use crate::clouds::Cloud;
use crate::diagnose::headline::Clause;
use crate::diagnose::rules::http::refusal_match::{MatchedRefusal, all_refusals};
use crate::diagnose::rules::http::refusals::Blames;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::identity::{CredentialKind, IncompleteSource, TokenOutcome, TokenPurpose};

pub(super) const AUTHORITY_CLOUD: Rule = rule!(
    "identity-authority-cloud",
    Identity,
    "AZURE_AUTHORITY_HOST is of another cloud than the target",
    Code(authority_cloud)
)
.explains(&[
    "identity-tenant-unknown",
    "identity-tenant-elsewhere",
    "identity-application-unknown",
    "identity-resource-unknown",
    "identity-entra-refused",
    "identity-login-host",
    "identity-no-way-out",
    "identity-token-audience",
    "identity-token-refused",
    "identity-unauthorized",
])
.short("AZURE_AUTHORITY_HOST names another cloud");

pub(super) const HALF: Rule = rule!(
    "identity-half-configured",
    Identity,
    "A credential source is incomplete: a variable is missing",
    Code(half)
);

pub(super) const OTHER_SOURCE: Rule = rule!(
    "identity-other-source",
    Identity,
    "Another credential than the one that was taken is configured",
    Code(other_source)
);

pub(super) const OLD_VARIABLES: Rule = rule!(
    "identity-old-variables",
    Identity,
    "Variables of old SDKs are set, and none that is read today",
    Code(old_variables)
);

fn authority_cloud(e: &View<'_>) -> Option<FindingBuilder> {
    let set = e.identity.configured.authority_host.as_deref()?;
    let target = Cloud::named(e.target.cloud.as_deref()?)?;
    let name = set.split_once("://").map_or(set, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or(name);
    let cloud = Cloud::of_login_host(name)?;
    if cloud == target {
        return None;
    }
    // A managed identity's token does not come from the authority.
    let how = e.identity.acquisition.as_ref()?;
    how.requests.iter().find(|request| request.purpose == TokenPurpose::Entra)?;
    let hurts = no_token(e).is_some() || rejected(e).is_some();
    if !hurts {
        return None;
    }
    let right = target.login_host();
    Some(
        FindingBuilder::new(
            level(e),
            Confidence::Inferred,
            format!("AZURE_AUTHORITY_HOST is {name}, the target is of another cloud"),
        )
        .fact(format!("{name} gives tokens of the {} cloud", cloud.words()))
        .fact(format!("{} is of the {} cloud", e.target.host, target.words()))
        .reasoning("each national cloud has its own login host, tenants and resources")
        .reasoning("no token came, or it is refused; the right host may give one")
        .cites("/identity/configured/authority_host")
        .cites("/target/cloud")
        .owner("Application")
        .inspect("see where it is set", "printenv AZURE_AUTHORITY_HOST")
        .step(Step::local(format!("unset AZURE_AUTHORITY_HOST, or set it to https://{right}")))
        .step(Step::local("name the account of the intended cloud").or())
        .check(reading::again(e)),
    )
}

/// Whether the emptiness of variables is all that a source lacks.
fn lacks_values_alone(half: &IncompleteSource) -> bool {
    half.missing.iter().all(|name| half.empty.contains(name))
}

/// Whether the ids of an application are all that is set: the platform may have set them, and what its
/// credential is is not known.
fn has_ids_alone(half: &IncompleteSource) -> bool {
    let is_id = |name: &String| ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"].contains(&name.as_str());
    !half.set.is_empty() && half.set.iter().all(is_id) && half.near_misses.is_empty()
}

/// An empty `AZURE_AUTHORITY_HOST` before a token of Entra ID (fact I2b).
fn empty_authority(e: &Evidence) -> Option<FindingBuilder> {
    let how = e.identity.acquisition.as_ref()?;
    how.requests.iter().find(|request| request.purpose == TokenPurpose::Entra)?;
    e.identity.configured.authority_host_empty.then(|| {
        FindingBuilder::new(
            Level::Risk,
            Confidence::Proved,
            "AZURE_AUTHORITY_HOST is set and empty",
        )
        .reasoning("the SDK for Python then asks a login host without a name, and fails")
        .reasoning("the cloud's own login host was asked here, as other SDKs do")
        .cites("/identity/configured/authority_host_empty")
        .owner("Application")
        .inspect("see where it is set", "printenv AZURE_AUTHORITY_HOST")
        .step(Step::local("unset AZURE_AUTHORITY_HOST, or name the login host in it"))
        .check(reading::again(e))
    })
}

fn half(e: &View<'_>) -> Option<FindingBuilder> {
    if let Some(authority) = empty_authority(e) {
        return Some(authority);
    }
    // Where another credential does its work, this one is a leftover.
    let wanting = e.identity.kind == CredentialKind::None || fails(e);
    let stumbled = |half: &IncompleteSource| {
        lacks_values_alone(half) && profile(&half.source).empty_breaks_sdk
    };
    let keyed = e.identity.kind == CredentialKind::ApiKey && reading::by_openai_client(e);
    let sent_empty = |half: &IncompleteSource| {
        keyed && lacks_values_alone(half) && profile(&half.source).empty_is_sent
    };
    // An application with a key or a token at hand asks no source.
    let asks = e.identity.acquisition.is_some();
    let halves = &e.identity.configured.incomplete;
    let (index, half) = halves.iter().enumerate().find(|(_, half)| {
        wanting
            || stumbled(half)
            || sent_empty(half)
            || !lacks_values_alone(half) && !has_ids_alone(half)
    })?;
    let meant = !profile(&half.source).platform_sets_part;
    let level = match wanting && meant || asks && stumbled(half) || sent_empty(half) {
        true => Level::Risk,
        false => Level::Note,
    };
    let missing = half.missing.join(" and ");
    let verb = if half.missing.len() == 1 { "is" } else { "are" };
    let message = match half.near_misses.first() {
        _ if lacks_values_alone(half) => format!("{missing} {verb} set and empty"),
        Some(near) => format!("{missing} {verb} missing, {near} is set"),
        None => format!("{} is set, {missing} {verb} missing", half.set.first()?),
    };
    let message = match lacks_values_alone(half) {
        true => Clause::from(message),
        false => Clause::from(message).or(format!("{missing} {verb} missing")),
    };
    let mut finding = FindingBuilder::new(level, Confidence::Proved, message).fact(format!(
        "{} requires {}",
        half.source,
        list(&half.set, &half.missing)
    ));
    if !half.set.is_empty() {
        finding = finding.fact(format!("set: {}", half.set.join(", ")));
    }
    if !half.near_misses.is_empty() {
        finding = finding.fact(format!("similar name: {}", half.near_misses.join(", ")));
    }
    finding = finding.reasoning(match stumbled(half) {
        true => {
            "DefaultAzureCredential for Python fails at it, whatever comes after; other SDKs may pass \
             over the source"
        }
        false if sent_empty(half) => {
            "openai for Python, and LangChain over it, send this empty token in place of the key; other \
             SDKs do not read that variable"
        }
        false => "the SDKs pass over a source that is not complete, and say so in a log alone",
    });
    if has_ids_alone(half) && half.source == "client-secret" {
        finding = finding.reasoning(
            "AZURE_CLIENT_CERTIFICATE_PATH or AZURE_FEDERATED_TOKEN_FILE would do in its place: an \
             application has one of the three",
        );
    }
    finding = finding.cites(format!("/identity/configured/incomplete/{index}"));
    if wanting {
        finding = finding.reasoning("no other credential works: authentication is not tested");
    }
    let finding = finding.owner("Application");
    Some(
        match profile(&half.source).incomplete {
            Some(steps) => steps(finding),
            None if lacks_values_alone(half) => finding
                .step(Step::inspect(format!(
                    "see what should fill {missing}: a secret of the CI, of the pod"
                )))
                .step(Step::local(format!(
                    "fill it, or unset {missing} where another credential is intended"
                ))),
            None => finding
                .step(Step::local(format!("set {missing}, or unset {}", half.set.join(" and ")))),
        }
        .check(reading::again(e)),
    )
}

fn list(set: &[String], missing: &[String]) -> String {
    let all: Vec<&str> = set.iter().chain(missing).map(String::as_str).collect();
    all.join(", ")
}

/// Whether the credential that was taken does not do its work.
fn fails(e: &View<'_>) -> bool {
    failed(e).is_some() || refused_by_service(e)
}

/// Whether the service refused the credential as such, or its rights.
fn refused_by_service(e: &View<'_>) -> bool {
    let of_caller = |said: &MatchedRefusal<'_>| match said.row.blames {
        Blames::Credential => true,
        Blames::Rights => other_caller(e, said.answer).is_none(),
        _ => false,
    };
    all_refusals(e).any(|said| said.call.credential_sent && of_caller(&said))
}

/// A key was taken and `AZURE_OPENAI_AD_TOKEN` is set as well, which openai for Python and what is
/// written over it send in its place (fact I111).
fn key_and_token(e: &View<'_>) -> Option<FindingBuilder> {
    if !reading::by_openai_client(e) {
        return None;
    }
    let is = |label: &str, name| profiles::name_of(label) == Some(name);
    let key = e.identity.source.as_deref().filter(|source| is(source, "api-key"))?;
    let (index, token) = { e.identity.skipped_sources.iter().enumerate() }
        .find(|(_, other)| is(&other.source, "token") && other.by_order)?;
    let variable = &token.source;
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Proved,
            format!("{variable} is set too, and was not tested"),
        )
        .fact(format!("taken: {}", credential(e)))
        .fact(format!("not taken: {} ({})", token.source, token.reason))
        .reasoning(
            "openai for Python, and LangChain over it, send the token where both are set; other \
             SDKs do not read that variable, and send the key",
        )
        .decide_with(reading::again_with(e, "--credential token"))
        .cites(format!("/identity/skipped_sources/{index}"))
        .owner("Application")
        .step(
            Step::local(format!("unset the one that is not intended: {key} or {variable}"))
                .undo("set it again"),
        )
        .check(reading::again(e)),
    )
}

fn other_source(e: &View<'_>) -> Option<FindingBuilder> {
    if let Some(both) = key_and_token(e) {
        return Some(both);
    }
    let refused = match no_token(e) {
        Some(no) => {
            matches!(no.how.outcome, TokenOutcome::Refused | TokenOutcome::NotAsked { .. })
        }
        None => refused_by_service(e),
    };
    let (index, other, name) = e
        .identity
        .skipped_sources
        .iter()
        .enumerate()
        .find_map(|(index, other)| Some((index, other, profiles::name_of(&other.source)?)))?;
    if !refused || e.identity.kind == CredentialKind::None {
        return None;
    }
    let taken = source(e);
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Possible,
            format!("{taken} was taken and fails; {} is set too", other.source),
        )
        .fact(format!("taken: {}", credential(e)))
        .fact(format!("not taken: {} ({})", other.source, other.reason))
        .reasoning("an application may take the other one: each SDK has an order of its own")
        .decide_with(reading::again_with(e, &format!("--credential {name}")))
        .cites(format!("/identity/skipped_sources/{index}"))
        .owner("Application")
        .step(Step::local(format!(
            "unset the one that is not intended: {taken} or {}",
            other.source
        ))),
    )
}

fn old_variables(e: &View<'_>) -> Option<FindingBuilder> {
    let old = &e.identity.configured.old_variables;
    if e.identity.kind != CredentialKind::None || old.is_empty() {
        return None;
    }
    let (are, sent) = match old.len() {
        1 => ("is", "it is"),
        _ => ("are", "they are"),
    };
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        format!("{} {are} read by old SDKs alone: {sent} not sent", old.join(", ")),
    )
    .reasoning("today's SDKs for Azure OpenAI read AZURE_OPENAI_API_KEY, or a credential's own")
    .cites("/identity/configured/old_variables");
    Some(match old.iter().find(|name| name.ends_with("_KEY") && is_plain(name)) {
        Some(key) => {
            finding.decide_with(format!("AZURE_OPENAI_API_KEY=\"${key}\" {}", reading::again(e)))
        }
        None => finding,
    })
}

/// Whether a shell reads the name of a variable without quotes.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
