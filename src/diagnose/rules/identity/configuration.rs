//! What the environment holds of credentials, and what of it misleads.

use super::acquisition::{failed, level, no_token, source};
use super::credential::{credential, rejected};
use super::platform;
use crate::diagnose::rules::http::refusals::Blames;
use crate::diagnose::rules::http::said::{Said, all};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::identity::{CredentialKind, HalfConfigured, TokenOutcome, TokenPurpose};

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
    "A source of credentials is configured in part: a variable is missing",
    Code(half)
);

pub(super) const OTHER_SOURCE: Rule = rule!(
    "identity-other-source",
    Identity,
    "The credential that was taken fails, and another one is configured",
    Code(other_source)
);

pub(super) const OLD_VARIABLES: Rule = rule!(
    "identity-old-variables",
    Identity,
    "Variables of old SDKs are set, and nothing that is read today",
    Code(old_variables)
);

/// Login hosts and their cloud (fact D24; the older names: believed).
pub(super) const AUTHORITIES: &[(&str, &str)] = &[
    ("login.microsoftonline.com", "public"),
    ("login.microsoft.com", "public"),
    ("login.windows.net", "public"),
    ("login.microsoftonline.us", "usgov"),
    ("login.chinacloudapi.cn", "china"),
    ("login.partner.microsoftonline.cn", "china"),
];

const fn cloud_name(cloud: &str) -> &'static str {
    match cloud.as_bytes() {
        b"usgov" => "US Government",
        b"china" => "China",
        _ => "public",
    }
}

fn authority_cloud(e: &View<'_>) -> Option<Because> {
    let set = e.identity.configured.authority_host.as_deref()?;
    let target = e.target.cloud.as_deref()?;
    let name = set.split_once("://").map_or(set, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or(name);
    let (_, cloud) =
        AUTHORITIES.iter().find(|(host, _)| host.eq_ignore_ascii_case(name)).copied()?;
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
    let right = AUTHORITIES.iter().find(|(_, of)| *of == target).map_or("<login host>", |(h, _)| h);
    Some(
        Because::new(
            level(e),
            Sure::Inferred,
            format!("AZURE_AUTHORITY_HOST is {name}, the target is of another cloud"),
        )
        .seen(format!("{name} gives tokens of the {} cloud", cloud_name(cloud)))
        .seen(format!("{} is of the {} cloud", e.target.host, cloud_name(target)))
        .known_by("each national cloud has its own login host, tenants and resources")
        .known_by("the token did not come, or is refused; with the right host it may come")
        .read_at("/identity/configured/authority_host")
        .read_at("/target/cloud")
        .owner("Application")
        .look("see where it is set", "printenv AZURE_AUTHORITY_HOST")
        .act(Step::local(format!("unset AZURE_AUTHORITY_HOST, or set it to https://{right}")))
        .act(Step::local("or name the account of the cloud that is meant"))
        .check(reading::again(e)),
    )
}

/// Sources of which the platform sets a part by itself: no fault of anyone's.
const BY_PLATFORM: &[&str] = &["github-actions"];

/// Sources at which `DefaultAzureCredential` for Python ends where a variable is set and empty; it
/// goes on where one is not set (fact I2a).
const STUMBLED_OVER: &[&str] = &["client-secret", "client-certificate"];

/// Whether the emptiness of variables is all that a source lacks.
fn lacks_values_alone(half: &HalfConfigured) -> bool {
    half.missing.iter().all(|name| half.empty.contains(name))
}

/// An empty `AZURE_AUTHORITY_HOST` before a token of Entra ID (fact I2b).
fn empty_authority(e: &Evidence) -> Option<Because> {
    let how = e.identity.acquisition.as_ref()?;
    how.requests.iter().find(|request| request.purpose == TokenPurpose::Entra)?;
    e.identity.configured.authority_host_empty.then(|| {
        Because::new(Level::Risk, Sure::Proved, "AZURE_AUTHORITY_HOST is set and empty")
            .known_by("the SDK for Python then asks a login host without a name, and fails")
            .known_by("the cloud's own login host was asked here, as other SDKs do")
            .read_at("/identity/configured/authority_host_empty")
            .owner("Application")
            .look("see where it is set", "printenv AZURE_AUTHORITY_HOST")
            .act(Step::local("unset AZURE_AUTHORITY_HOST, or name the login host in it"))
            .check(reading::again(e))
    })
}

fn half(e: &View<'_>) -> Option<Because> {
    if let Some(authority) = empty_authority(e) {
        return Some(authority);
    }
    // Where another credential does its work, this one is a leftover.
    let wanting = e.identity.kind == CredentialKind::None || fails(e);
    let stumbled = |half: &HalfConfigured| {
        lacks_values_alone(half) && STUMBLED_OVER.contains(&half.source.as_str())
    };
    // An application with a key or a token at hand asks no source.
    let asks = e.identity.acquisition.is_some();
    let halves = &e.identity.configured.half;
    let (index, half) = halves
        .iter()
        .enumerate()
        .find(|(_, half)| wanting || stumbled(half) || !lacks_values_alone(half))?;
    let meant = !BY_PLATFORM.contains(&half.source.as_str());
    let level = match wanting && meant || asks && stumbled(half) {
        true => Level::Risk,
        false => Level::Note,
    };
    let missing = half.missing.join(" and ");
    let verb = if half.missing.len() == 1 { "is" } else { "are" };
    let says = match half.near.first() {
        _ if lacks_values_alone(half) => format!("{missing} {verb} set and empty"),
        Some(near) => format!("{missing} {verb} missing, {near} is set"),
        None => format!("{} is set, {missing} {verb} missing", half.set.first()?),
    };
    let mut because = Because::new(level, Sure::Proved, says).seen(format!(
        "{} wants {}",
        half.source,
        list(&half.set, &half.missing)
    ));
    if !half.set.is_empty() {
        because = because.seen(format!("set: {}", half.set.join(", ")));
    }
    if !half.near.is_empty() {
        because = because.seen(format!("nearly so named: {}", half.near.join(", ")));
    }
    because = because.known_by(match stumbled(half) {
        true => {
            "DefaultAzureCredential for Python ends at it, whatever comes after; other SDKs may pass \
             over the source"
        }
        false => "the SDKs pass over a source that is not complete, and say so in a log alone",
    });
    because = because.read_at(format!("/identity/configured/half/{index}"));
    if wanting {
        because = because.known_by("no other credential does its work: authentication is untested");
    }
    let because = because.owner("Application");
    Some(
        match half.source.as_str() {
            "workload-identity" => {
                because.act(platform::annotate_service_account()).act(platform::label_pod())
            }
            "managed-identity" => because
                .act(Step::local("start the process with the platform's whole environment"))
                .act(Step::look(
                    "see whether the app has an identity at all: without one, the platform sets \
                     none of these variables",
                )),
            _ if lacks_values_alone(half) => because
                .act(Step::look(format!(
                    "see what was to fill {missing}: a secret of the CI, of the pod"
                )))
                .act(Step::local(format!(
                    "fill it, or unset {missing} where another credential is meant"
                ))),
            _ => because
                .act(Step::local(format!("set {missing}, or unset {}", half.set.join(" and ")))),
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
    let of_caller =
        |said: &Said<'_>| matches!(said.row.blames, Blames::Credential | Blames::Rights);
    all(e).any(|said| said.call.credential_sent && of_caller(&said))
}

/// Sources by what people know them by, with their names for `--credential`. What a machine has
/// by itself is nobody's intention and is not here.
const NAMES: &[(&str, &str)] = &[
    ("AZURE_OPENAI_API_KEY", "api-key"),
    ("AZURE_OPENAI_AD_TOKEN", "token"),
    ("AZURE_CLIENT_SECRET", "client-secret"),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "client-certificate"),
    ("AZURE_FEDERATED_TOKEN_FILE", "workload-identity"),
    ("ACTIONS_ID_TOKEN_REQUEST_URL", "github-actions"),
    ("the Google metadata server", "google"),
    ("IDENTITY_ENDPOINT", "managed-identity"),
];

fn other_source(e: &View<'_>) -> Option<Because> {
    let refused = match no_token(e) {
        Some(no) => {
            matches!(no.how.outcome, TokenOutcome::Refused | TokenOutcome::NotAsked { .. })
        }
        None => refused_by_service(e),
    };
    let (index, other, name) =
        e.identity.not_taken.iter().enumerate().find_map(|(index, other)| {
            let (_, name) = NAMES.iter().find(|(label, _)| *label == other.source)?;
            Some((index, other, *name))
        })?;
    if !refused || e.identity.kind == CredentialKind::None {
        return None;
    }
    let taken = source(e);
    Some(
        Because::new(
            Level::Risk,
            Sure::Possible,
            format!("{taken} was taken and fails; {} is set too", other.source),
        )
        .seen(format!("taken: {}", credential(e)))
        .seen(format!("not taken: {} ({})", other.source, other.why))
        .known_by("an application may take the other one: each SDK has an order of its own")
        .tells_it(reading::again_with(e, &format!("--credential {name}")))
        .read_at(format!("/identity/not_taken/{index}"))
        .owner("Application")
        .act(Step::local(format!("unset the one that is not meant: {taken} or {}", other.source))),
    )
}

fn old_variables(e: &View<'_>) -> Option<Because> {
    let old = &e.identity.configured.old_variables;
    if e.identity.kind != CredentialKind::None || old.is_empty() {
        return None;
    }
    let (verb, them) = if old.len() == 1 { ("is", "it") } else { ("are", "them") };
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        format!("{} {verb} of old SDKs: nothing of {them} is sent", old.join(", ")),
    )
    .known_by("today's SDKs for Azure OpenAI read AZURE_OPENAI_API_KEY, or a credential's own")
    .read_at("/identity/configured/old_variables");
    Some(match old.iter().find(|name| name.ends_with("_KEY") && is_plain(name)) {
        Some(key) => {
            because.tells_it(format!("AZURE_OPENAI_API_KEY=\"${key}\" {}", reading::again(e)))
        }
        None => because,
    })
}

/// Whether a shell reads the name of a variable as it stands.
fn is_plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
