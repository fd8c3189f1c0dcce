//! The rows: one a finding, data alone.

mod application;
mod federation;
mod policy;
mod request;
mod user;

use application::{
    APPLICATION_DISABLED, APPLICATION_PUBLIC, APPLICATION_UNKNOWN, CERTIFICATE_UNKNOWN,
    NOT_ASSIGNED, SECRET_EXPIRED, SECRET_WRONG, TENANT_COMMON, TENANT_ELSEWHERE, TENANT_UNKNOWN,
};
use federation::{
    ASSERTION_EXPIRED, ASSERTION_INVALID, FEDERATION_AUDIENCE, FEDERATION_CASE,
    FEDERATION_FORBIDDEN, FEDERATION_ISSUER, FEDERATION_MISMATCH, FEDERATION_MISSING,
    FEDERATION_OF_ENTRA, FEDERATION_SUBJECT, ISSUER_UNREACHABLE,
};
use policy::{
    CONDITIONAL_ACCESS, CONSENT, CROSS_TENANT, DEVICE_STATE, SECURITY_POLICY, TENANT_RESTRICTED,
};
pub(super) use request::{BY_ERROR, FOREIGN, OTHER, THROTTLED};
use request::{OLD_TLS, REQUEST_MALFORMED, RESOURCE_DISABLED, RESOURCE_UNKNOWN};
use user::{LOGIN_OVER, SECOND_FACTOR, USER_REFUSED};

use super::Row;
use crate::diagnose::Rule;

/// Rows with numbers.
pub(super) const ROWS: &[&Row] = &[
    &SECRET_WRONG,
    &SECRET_EXPIRED,
    &APPLICATION_UNKNOWN,
    &APPLICATION_DISABLED,
    &NOT_ASSIGNED,
    &APPLICATION_PUBLIC,
    &TENANT_UNKNOWN,
    &TENANT_COMMON,
    &TENANT_ELSEWHERE,
    &CERTIFICATE_UNKNOWN,
    &ASSERTION_EXPIRED,
    &ASSERTION_INVALID,
    &ISSUER_UNREACHABLE,
    &FEDERATION_ISSUER,
    &FEDERATION_AUDIENCE,
    &FEDERATION_SUBJECT,
    &FEDERATION_CASE,
    &FEDERATION_MISMATCH,
    &FEDERATION_MISSING,
    &FEDERATION_FORBIDDEN,
    &FEDERATION_OF_ENTRA,
    &TENANT_RESTRICTED,
    &CROSS_TENANT,
    &CONDITIONAL_ACCESS,
    &DEVICE_STATE,
    &SECURITY_POLICY,
    &CONSENT,
    &USER_REFUSED,
    &SECOND_FACTOR,
    &LOGIN_OVER,
    &RESOURCE_UNKNOWN,
    &RESOURCE_DISABLED,
    &REQUEST_MALFORMED,
    &OLD_TLS,
    &THROTTLED,
];

/// One rule a row.
pub(in crate::diagnose::rules::identity) const RULES: &[Rule] = &[
    rule!(
        "identity-secret-wrong",
        Identity,
        "Entra ID knows no such client secret (AADSTS7000215)",
        Entra(&SECRET_WRONG)
    )
    .short("Entra ID does not accept the secret"),
    rule!(
        "identity-secret-expired",
        Identity,
        "The application's client secret has expired (AADSTS7000222)",
        Entra(&SECRET_EXPIRED)
    )
    .short("the application's secret has expired"),
    rule!(
        "identity-application-unknown",
        Identity,
        "The tenant has no such application (AADSTS700016)",
        Entra(&APPLICATION_UNKNOWN)
    )
    .short("the tenant has no such application"),
    rule!(
        "identity-application-disabled",
        Identity,
        "The application is disabled (AADSTS7000112)",
        Entra(&APPLICATION_DISABLED)
    )
    .short("the application is disabled"),
    rule!(
        "identity-assignment-required",
        Identity,
        "The resource wants its callers assigned (AADSTS501051, 50105)",
        Entra(&NOT_ASSIGNED)
    )
    .short("the resource requires an assignment"),
    rule!(
        "identity-application-public",
        Identity,
        "The application is a public client and takes no secret (AADSTS700025)",
        Entra(&APPLICATION_PUBLIC)
    )
    .short("the application is public and accepts no secret"),
    rule!(
        "identity-tenant-unknown",
        Identity,
        "Entra ID knows no such tenant (AADSTS90002, 900023)",
        Entra(&TENANT_UNKNOWN)
    )
    .short("the login host does not know this tenant"),
    rule!(
        "identity-tenant-common",
        Identity,
        "The tenant is no single one: common, organizations (AADSTS50059, 50194)",
        Entra(&TENANT_COMMON)
    )
    .short("AZURE_TENANT_ID does not name one tenant"),
    rule!(
        "identity-tenant-elsewhere",
        Identity,
        "The tenant belongs to another national cloud (AADSTS90038, 900382, 900432)",
        Entra(&TENANT_ELSEWHERE)
    )
    .short("the tenant is in another cloud"),
    rule!(
        "identity-certificate-unknown",
        Identity,
        "The application does not accept the certificate that signed (AADSTS700027)",
        Entra(&CERTIFICATE_UNKNOWN)
    )
    .short("Entra ID does not know this certificate"),
    rule!(
        "identity-assertion-expired",
        Identity,
        "The assertion is outside its time of validity (AADSTS700024)",
        Entra(&ASSERTION_EXPIRED)
    )
    .short("the assertion is outside its validity period"),
    rule!(
        "identity-assertion-invalid",
        Identity,
        "The assertion cannot be used: form, claims or signature (AADSTS50027, 900384)",
        Entra(&ASSERTION_INVALID)
    )
    .short("Entra ID rejects the assertion"),
    rule!(
        "identity-federation-issuer-unreachable",
        Identity,
        "Entra ID cannot get the issuer's signing keys (AADSTS501661, 50166, 90061)",
        Entra(&ISSUER_UNREACHABLE)
    )
    .short("Entra ID cannot get the issuer's keys"),
    rule!(
        "identity-federation-issuer",
        Identity,
        "No federated credential has the assertion's issuer (AADSTS700211)",
        Entra(&FEDERATION_ISSUER)
    ),
    rule!(
        "identity-federation-audience",
        Identity,
        "No federated credential has the assertion's audience (AADSTS700212)",
        Entra(&FEDERATION_AUDIENCE)
    )
    .short("no federated credential has this audience"),
    rule!(
        "identity-federation-subject",
        Identity,
        "No federated credential has the assertion's subject (AADSTS700213)",
        Entra(&FEDERATION_SUBJECT)
    )
    .short("no federated credential has this subject"),
    rule!(
        "identity-federation-subject-case",
        Identity,
        "The federated subject differs in letter case alone (AADSTS7002138)",
        Entra(&FEDERATION_CASE)
    )
    .short("the subject differs in letter case"),
    rule!(
        "identity-federation-mismatch",
        Identity,
        "No federated credential fits the assertion (AADSTS70021)",
        Entra(&FEDERATION_MISMATCH)
    ),
    rule!(
        "identity-federation-missing",
        Identity,
        "The application has no federated credential at all (AADSTS70025)",
        Entra(&FEDERATION_MISSING)
    )
    .short("the application has no federated credential"),
    rule!(
        "identity-federation-forbidden",
        Identity,
        "The tenant does not allow this federation (AADSTS700223, 700238)",
        Entra(&FEDERATION_FORBIDDEN)
    )
    .short("the tenant forbids this federation"),
    rule!(
        "identity-federation-entra-token",
        Identity,
        "The assertion is a token of Entra ID itself (AADSTS700222, 700226, 700229, 700236)",
        Entra(&FEDERATION_OF_ENTRA)
    )
    .short("the assertion is Entra ID's own token"),
    rule!(
        "identity-tenant-restricted",
        Identity,
        "A proxy on the way restricts logins to other tenants (AADSTS500021, 500022)",
        Entra(&TENANT_RESTRICTED)
    )
    .short("a proxy restricts logins by tenant"),
    rule!(
        "identity-cross-tenant",
        Identity,
        "A cross-tenant access policy does not allow the sign-in (AADSTS500212, 500213)",
        Entra(&CROSS_TENANT)
    )
    .short("a cross-tenant policy blocks the sign-in"),
    rule!(
        "identity-conditional-access",
        Identity,
        "A Conditional Access policy blocks the token (AADSTS53003)",
        Entra(&CONDITIONAL_ACCESS)
    )
    .short("a Conditional Access policy blocks the sign-in"),
    rule!(
        "identity-device-state",
        Identity,
        "A policy asks for a managed device (AADSTS53000, 53001, 50005, 530003)",
        Entra(&DEVICE_STATE)
    )
    .short("a policy requires a managed device"),
    rule!(
        "identity-security-policy",
        Identity,
        "A security policy of the tenant blocks the token (AADSTS530032)",
        Entra(&SECURITY_POLICY)
    )
    .short("a security policy blocks the token"),
    rule!(
        "identity-consent-missing",
        Identity,
        "The application has no consent for the resource (AADSTS65001)",
        Entra(&CONSENT)
    )
    .short("consent for the resource is missing"),
    rule!(
        "identity-user-refused",
        Identity,
        "Entra ID refuses the user of this login (AADSTS50034, 50020, 50126, 50057)",
        Entra(&USER_REFUSED)
    )
    .short("Entra ID refuses this user's sign-in"),
    rule!(
        "identity-second-factor",
        Identity,
        "The user has to sign in with a second factor (AADSTS50076, 50079)",
        Entra(&SECOND_FACTOR)
    )
    .short("the user needs a second factor"),
    rule!(
        "identity-login-expired",
        Identity,
        "The login has expired or was revoked (AADSTS700082, 70043, 50173)",
        Entra(&LOGIN_OVER)
    ),
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
