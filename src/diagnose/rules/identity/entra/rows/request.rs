//! Rows about the request as a whole, and the last ones.

use super::super::step::{Do, ask, local, look, shared};
use super::super::{Row, Shows, Without};
use super::policy::{SIGN_IN_LOG, SIGN_INS};
use crate::diagnose::Rule;
use crate::diagnosis::Confidence;

const RESOURCE_UNKNOWN: Row = Row {
    codes: &[
        (500011, "tenant {tenant} has no such resource"),
        (50001, "the resource is disabled or is not there"),
        (650054, "the resource was removed or is no longer available"),
    ],
    message: "the tenant knows no resource {resource}",
    means: &["a scope of one cloud at the login host of another gives the same number"],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see whether the tenant has the service",
            "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].displayName\"",
        ),
        ask("check that target, login host and tenant are of one cloud"),
        shared(
            "register the resource provider, where no subscription of the tenant ever used it",
            "the subscription may then hold Azure AI accounts",
            "az provider unregister --namespace Microsoft.CognitiveServices",
        )
        .command("az provider register --namespace Microsoft.CognitiveServices"),
    ],
    shows: Shows::Nothing,
    without: None,
};

const RESOURCE_DISABLED: Row = Row {
    codes: &[(500014, "the service principal of {resource} is disabled in tenant {tenant}")],
    message: "the tenant has disabled the resource {resource}",
    means: &[
        "by Entra ID's own message a subscription of the tenant has lapsed, or an administrator has \
         disabled the service's enterprise application",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see whether the service's principal is enabled",
            "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].{name:displayName,id:id,enabled:accountEnabled}\"",
        ),
        look(
            "see whether a subscription of the tenant is disabled",
            "az account list --all --query \"[?tenantId=='{tenant}'].{name:name,state:state}\" -o table",
        ),
        shared(
            "if it was disabled by mistake: enable the service's principal (Terraform: \
             azuread_service_principal, account_enabled)",
            "every application and user of the tenant can again get tokens for the service; it \
             may have been disabled deliberately",
            "az ad sp update --id <object id> --set accountEnabled=false",
        )
        .command("az ad sp update --id <object id> --set accountEnabled=true"),
        ask("if a subscription has lapsed: ask its owner to renew it").or(),
    ],
    shows: Shows::Nothing,
    without: None,
};

const REQUEST_MALFORMED: Row = Row {
    codes: &[
        (7000218, "the request holds neither a secret nor an assertion"),
        (900144, "a field of the request's body is missing"),
        (90014, "a field of the request is missing"),
        (28002, "the scope is not valid for this request"),
        (28003, "the scope is empty"),
        (70011, "the scope is not valid"),
        (1002012, "a scope asked for as an application ends with /.default"),
        (700022, "the scope names more than one resource"),
        (700023, "the scope names no resource"),
        (901002, "a field of the older protocol was sent to the newer endpoint"),
        (70003, "the grant type is not one that the endpoint takes"),
        (900561, "the endpoint takes POST alone"),
        (9002313, "the request is malformed"),
        (90004, "the request is malformed"),
        (90013, "the request's input is not valid"),
        (90023, "the request is not valid"),
        (90100, "a parameter is empty or not valid"),
        (90121, "the request is empty"),
    ],
    message: "Entra ID rejects the request as malformed ({code})",
    means: &[
        "the request was made as the Azure SDK makes it, with the scope {scope}: something on the \
         way may have changed it, or the authority is not a v2 endpoint",
    ],
    confidence: Confidence::Inferred,
    owner: "Application",
    steps: &[
        look("see what AZURE_AUTHORITY_HOST holds", "printenv AZURE_AUTHORITY_HOST"),
        ask("check that no proxy on the way rewrites the request's body"),
        local("let AZURE_AUTHORITY_HOST be a bare login host, without tenant or path, or unset it"),
    ],
    shows: Shows::Foreign,
    without: None,
};

const OLD_TLS: Row = Row {
    codes: &[(1002016, "the request came over TLS 1.0, TLS 1.1 or with 3DES, which are refused")],
    message: "Entra ID got the request over an old version of TLS ({code})",
    means: &[
        "this tool offers TLS 1.2 and 1.3 alone: for its own requests, something on the way to \
         {host} ends TLS and begins an older one of its own",
    ],
    confidence: Confidence::Proved,
    owner: "Security",
    steps: &[
        look(
            "see who issues the certificate that this machine gets there",
            "openssl s_client -connect {host}:443 -servername {host} </dev/null",
        ),
        shared(
            "let the inspection speak TLS 1.2 to servers, or exempt {host} from it",
            "with an exemption, the inspection no longer sees sign-ins",
            "take the exemption out again",
        ),
        local("where az or an application said it: bring its runtime up to date").or(),
    ],
    shows: Shows::Egress,
    without: None,
};

const THROTTLED: Row = Row {
    codes: &[
        (90055, "too many requests came from this tenant"),
        (90033, "the directory behind Entra ID is not available for now"),
        (90006, "a server behind Entra ID is not available for now"),
        (90012, "the request took too long inside Entra ID"),
        (90024, "a passing error inside Entra ID"),
        (90090, "a service behind Entra ID is not available for now"),
        (90091, "a service behind Entra ID cannot be reached for now"),
        (50033, "a passing error inside Entra ID"),
        (50196, "the same request was made too often in a short time: a loop"),
    ],
    message: "Entra ID is busy or slows requests down ({status} {code})",
    means: &[
        "Entra ID refuses for now: too many requests came from this application or network, or it \
         is busy itself",
    ],
    confidence: Confidence::Inferred,
    owner: "Application",
    steps: &[
        ask("ask again after a minute; see https://azure.status.microsoft"),
        look("then see whether it still does", "{again}"),
        local(
            "let the application keep its token until shortly before it ends: one client object \
             a process, and no pod or job that asks in a loop",
        ),
    ],
    shows: Shows::Wait,
    without: Some(Without::Time),
};

const OTHER: Row = Row {
    codes: &[],
    message: "Entra ID refuses the request ({code})",
    means: &[
        "Entra ID itself says so; this tool does not know the number. Microsoft's page on it: \
         https://login.microsoftonline.com/error?code={number}",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "look the number up",
            "curl -s 'https://login.microsoftonline.com/error?code={number}'",
        ),
        look("see the sign-in's own entry, with the reason that it gives", SIGN_IN_LOG),
        ask("give the correlation id to the administrators of the tenant"),
    ],
    shows: Shows::Nothing,
    without: Some(Without::KnownNumber),
};

const FOREIGN: Row = Row {
    codes: &[],
    message: "{host} answers {status}, not as Entra ID does",
    means: &[
        "Entra ID refuses in JSON, with a field error and its numbers; this answer has neither",
        "a proxy, a firewall or a gateway on the way may have answered; Entra ID in trouble may answer so too",
    ],
    confidence: Confidence::Inferred,
    owner: "Network",
    steps: &[
        look(
            "see who answers there",
            "curl -sv https://{host}/common/.well-known/openid-configuration -o /dev/null",
        ),
        ask("for a 5xx: ask again, and see https://azure.status.microsoft"),
        shared(
            "let the proxy or firewall pass {host} without a page of its own",
            "every client behind it can then reach that login host",
            "remove the rule again",
        ),
    ],
    shows: Shows::Foreign,
    without: Some(Without::AnyNumber),
};

/// The rules of these rows.
pub(super) const RULES: &[Rule] = &[
    rule!(
        "identity-resource-unknown",
        Identity,
        "The tenant knows no such resource (AADSTS500011, 50001)",
        Entra(&RESOURCE_UNKNOWN)
    )
    .short("the tenant does not know this resource"),
    rule!(
        "identity-resource-disabled",
        Identity,
        "The service is disabled in the tenant (AADSTS500014)",
        Entra(&RESOURCE_DISABLED)
    )
    .short("the service is disabled in this tenant"),
    rule!(
        "identity-request-malformed",
        Identity,
        "Entra ID takes the token request for malformed",
        Entra(&REQUEST_MALFORMED)
    )
    .short("Entra ID calls the request malformed"),
    rule!(
        "identity-login-old-tls",
        Identity,
        "Entra ID got the request over an old version of TLS (AADSTS1002016)",
        Entra(&OLD_TLS)
    )
    .short("Entra ID received an old version of TLS"),
    rule!(
        "identity-login-throttled",
        Identity,
        "Entra ID is busy or slows requests for tokens down (AADSTS90055, 50196, HTTP 429)",
        Entra(&THROTTLED)
    )
    .about(crate::diagnose::About::Load)
    .short("Entra ID is busy or throttles requests"),
    rule!(
        "identity-entra-refused",
        Identity,
        "Entra ID refuses the token, with a number that is not in the catalogue",
        Entra(&OTHER)
    ),
    rule!(
        "identity-login-front",
        Identity,
        "What answers at the login host does not answer as Entra ID does",
        Entra(&FOREIGN)
    )
    .short("the login host does not answer as Entra ID does"),
];

/// What the field `error` means by itself (RFC 6749, section 5.2; OpenID Connect for the last
/// ones), for a number that has no row: a sentence, and where to look.
pub(in crate::diagnose::rules::identity::entra) const BY_ERROR: &[(&str, &str, &[Do])] = &[
    (
        "invalid_client",
        "invalid_client: Entra ID did not accept the application's secret, certificate or assertion",
        &[look(
            "see which secrets and certificates the application has",
            "az ad app credential list --id {client}",
        )],
    ),
    (
        "invalid_grant",
        "invalid_grant: what was presented for the token (a login, an assertion) is expired, \
         revoked or not meant for this application",
        &[],
    ),
    (
        "unauthorized_client",
        "unauthorized_client: this application may not ask for a token in this way, or is not \
         known to the tenant",
        &[look(
            "see whether the tenant has the application, and whether it is enabled",
            "az ad sp show --id {client} --query \"{name:displayName,enabled:accountEnabled}\"",
        )],
    ),
    (
        "invalid_scope",
        "invalid_scope: the scope {scope} is not one that Entra ID takes for this request",
        &[],
    ),
    (
        "invalid_resource",
        "invalid_resource: the tenant has no resource {resource}, or not for this application",
        &[look(
            "see whether the tenant has the service",
            "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].displayName\"",
        )],
    ),
    (
        "invalid_request",
        "invalid_request: Entra ID cannot use the request as it came; no policy is at work",
        &[],
    ),
    (
        "unsupported_grant_type",
        "unsupported_grant_type: this login host does not give tokens in this way",
        &[],
    ),
    ("access_denied", "access_denied: a policy or an administrator denies the token", &[SIGN_INS]),
    (
        "interaction_required",
        "interaction_required: the user has to sign in by hand, which a policy may ask for",
        &[SIGN_INS],
    ),
    ("consent_required", "consent_required: consent for the resource is missing", &[]),
    ("server_error", "server_error: Entra ID itself failed", &[]),
];
