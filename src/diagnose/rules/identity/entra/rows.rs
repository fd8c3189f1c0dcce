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
    FEDERATION_SUBJECT, ISSUER_UNREACHABLE,
};
use policy::{
    CONDITIONAL_ACCESS, CONSENT, CROSS_TENANT, DEVICE_STATE, SECURITY_POLICY, TENANT_RESTRICTED,
};
pub(super) use request::{FOREIGN, OTHER, THROTTLED};
use request::{OLD_TLS, REQUEST_MALFORMED, RESOURCE_UNKNOWN};
use user::{LOGIN_OVER, SECOND_FACTOR, USER_REFUSED};

use super::{Row, check, rule};
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
    &REQUEST_MALFORMED,
    &OLD_TLS,
    &THROTTLED,
];

/// One rule a row.
pub(in crate::diagnose::rules::identity) const RULES: &[Rule] = &[
    rule(
        &SECRET_WRONG,
        "Entra ID knows no such client secret (AADSTS7000215)",
        include_str!("../../../../../docs/findings/identity-secret-wrong.md"),
        |e| check(e, &SECRET_WRONG),
    ),
    rule(
        &SECRET_EXPIRED,
        "The application's client secret has expired (AADSTS7000222)",
        include_str!("../../../../../docs/findings/identity-secret-expired.md"),
        |e| check(e, &SECRET_EXPIRED),
    ),
    rule(
        &APPLICATION_UNKNOWN,
        "The tenant has no such application (AADSTS700016)",
        include_str!("../../../../../docs/findings/identity-application-unknown.md"),
        |e| check(e, &APPLICATION_UNKNOWN),
    ),
    rule(
        &APPLICATION_DISABLED,
        "The application is disabled (AADSTS7000112)",
        include_str!("../../../../../docs/findings/identity-application-disabled.md"),
        |e| check(e, &APPLICATION_DISABLED),
    ),
    rule(
        &NOT_ASSIGNED,
        "The resource wants its callers assigned (AADSTS501051, 50105)",
        include_str!("../../../../../docs/findings/identity-assignment-required.md"),
        |e| check(e, &NOT_ASSIGNED),
    ),
    rule(
        &APPLICATION_PUBLIC,
        "The application is a public client and takes no secret (AADSTS700025)",
        include_str!("../../../../../docs/findings/identity-application-public.md"),
        |e| check(e, &APPLICATION_PUBLIC),
    ),
    rule(
        &TENANT_UNKNOWN,
        "Entra ID knows no such tenant (AADSTS90002, 900023)",
        include_str!("../../../../../docs/findings/identity-tenant-unknown.md"),
        |e| check(e, &TENANT_UNKNOWN),
    ),
    rule(
        &TENANT_COMMON,
        "The tenant is no single one: common, organizations (AADSTS50059, 50194)",
        include_str!("../../../../../docs/findings/identity-tenant-common.md"),
        |e| check(e, &TENANT_COMMON),
    ),
    rule(
        &TENANT_ELSEWHERE,
        "The tenant belongs to another national cloud (AADSTS90038, 900382, 900432)",
        include_str!("../../../../../docs/findings/identity-tenant-elsewhere.md"),
        |e| check(e, &TENANT_ELSEWHERE),
    ),
    rule(
        &CERTIFICATE_UNKNOWN,
        "The application does not accept the certificate that signed (AADSTS700027)",
        include_str!("../../../../../docs/findings/identity-certificate-unknown.md"),
        |e| check(e, &CERTIFICATE_UNKNOWN),
    ),
    rule(
        &ASSERTION_EXPIRED,
        "The assertion is outside its time of validity (AADSTS700024)",
        include_str!("../../../../../docs/findings/identity-assertion-expired.md"),
        |e| check(e, &ASSERTION_EXPIRED),
    ),
    rule(
        &ASSERTION_INVALID,
        "The assertion cannot be used: form, claims or signature (AADSTS50027, 900384)",
        include_str!("../../../../../docs/findings/identity-assertion-invalid.md"),
        |e| check(e, &ASSERTION_INVALID),
    ),
    rule(
        &ISSUER_UNREACHABLE,
        "Entra ID cannot get the issuer's signing keys (AADSTS501661, 50166, 90061)",
        include_str!("../../../../../docs/findings/identity-federation-issuer-unreachable.md"),
        |e| check(e, &ISSUER_UNREACHABLE),
    ),
    rule(
        &FEDERATION_ISSUER,
        "No federated credential has the assertion's issuer (AADSTS700211)",
        include_str!("../../../../../docs/findings/identity-federation-issuer.md"),
        |e| check(e, &FEDERATION_ISSUER),
    ),
    rule(
        &FEDERATION_AUDIENCE,
        "No federated credential has the assertion's audience (AADSTS700212)",
        include_str!("../../../../../docs/findings/identity-federation-audience.md"),
        |e| check(e, &FEDERATION_AUDIENCE),
    ),
    rule(
        &FEDERATION_SUBJECT,
        "No federated credential has the assertion's subject (AADSTS700213)",
        include_str!("../../../../../docs/findings/identity-federation-subject.md"),
        |e| check(e, &FEDERATION_SUBJECT),
    ),
    rule(
        &FEDERATION_CASE,
        "The federated subject differs in letter case alone (AADSTS7002138)",
        include_str!("../../../../../docs/findings/identity-federation-subject-case.md"),
        |e| check(e, &FEDERATION_CASE),
    ),
    rule(
        &FEDERATION_MISMATCH,
        "No federated credential fits the assertion (AADSTS70021)",
        include_str!("../../../../../docs/findings/identity-federation-mismatch.md"),
        |e| check(e, &FEDERATION_MISMATCH),
    ),
    rule(
        &FEDERATION_MISSING,
        "The application has no federated credential at all (AADSTS70025)",
        include_str!("../../../../../docs/findings/identity-federation-missing.md"),
        |e| check(e, &FEDERATION_MISSING),
    ),
    rule(
        &FEDERATION_FORBIDDEN,
        "The tenant does not allow this federation (AADSTS700223, 700238)",
        include_str!("../../../../../docs/findings/identity-federation-forbidden.md"),
        |e| check(e, &FEDERATION_FORBIDDEN),
    ),
    rule(
        &TENANT_RESTRICTED,
        "A proxy on the way restricts logins to other tenants (AADSTS500021, 500022)",
        include_str!("../../../../../docs/findings/identity-tenant-restricted.md"),
        |e| check(e, &TENANT_RESTRICTED),
    ),
    rule(
        &CROSS_TENANT,
        "A cross-tenant access policy does not allow the sign-in (AADSTS500212, 500213)",
        include_str!("../../../../../docs/findings/identity-cross-tenant.md"),
        |e| check(e, &CROSS_TENANT),
    ),
    rule(
        &CONDITIONAL_ACCESS,
        "A Conditional Access policy blocks the token (AADSTS53003)",
        include_str!("../../../../../docs/findings/identity-conditional-access.md"),
        |e| check(e, &CONDITIONAL_ACCESS),
    ),
    rule(
        &DEVICE_STATE,
        "A policy asks for a managed device (AADSTS53000, 53001, 50005, 530003)",
        include_str!("../../../../../docs/findings/identity-device-state.md"),
        |e| check(e, &DEVICE_STATE),
    ),
    rule(
        &SECURITY_POLICY,
        "A security policy of the tenant blocks the token (AADSTS530032)",
        include_str!("../../../../../docs/findings/identity-security-policy.md"),
        |e| check(e, &SECURITY_POLICY),
    ),
    rule(
        &CONSENT,
        "The application has no consent for the resource (AADSTS65001)",
        include_str!("../../../../../docs/findings/identity-consent-missing.md"),
        |e| check(e, &CONSENT),
    ),
    rule(
        &USER_REFUSED,
        "Entra ID refuses the user of this login (AADSTS50034, 50020, 50126, 50057)",
        include_str!("../../../../../docs/findings/identity-user-refused.md"),
        |e| check(e, &USER_REFUSED),
    ),
    rule(
        &SECOND_FACTOR,
        "The user has to sign in with a second factor (AADSTS50076, 50079)",
        include_str!("../../../../../docs/findings/identity-second-factor.md"),
        |e| check(e, &SECOND_FACTOR),
    ),
    rule(
        &LOGIN_OVER,
        "The login has expired or was revoked (AADSTS700082, 70043, 50173)",
        include_str!("../../../../../docs/findings/identity-login-expired.md"),
        |e| check(e, &LOGIN_OVER),
    ),
    rule(
        &RESOURCE_UNKNOWN,
        "The tenant knows no such resource (AADSTS500011, 50001)",
        include_str!("../../../../../docs/findings/identity-resource-unknown.md"),
        |e| check(e, &RESOURCE_UNKNOWN),
    ),
    rule(
        &REQUEST_MALFORMED,
        "Entra ID takes the token request for malformed",
        include_str!("../../../../../docs/findings/identity-request-malformed.md"),
        |e| check(e, &REQUEST_MALFORMED),
    ),
    rule(
        &OLD_TLS,
        "Entra ID got the request over an old version of TLS (AADSTS1002016)",
        include_str!("../../../../../docs/findings/identity-login-old-tls.md"),
        |e| check(e, &OLD_TLS),
    ),
    rule(
        &THROTTLED,
        "Entra ID is busy or slows requests for tokens down (AADSTS90055, 50196, HTTP 429)",
        include_str!("../../../../../docs/findings/identity-login-throttled.md"),
        |e| check(e, &THROTTLED),
    ),
    rule(
        &OTHER,
        "Entra ID refuses the token, with a number that is not in the catalogue",
        include_str!("../../../../../docs/findings/identity-entra-refused.md"),
        |e| check(e, &OTHER),
    ),
    rule(
        &FOREIGN,
        "What answers at the login host does not answer as Entra ID does",
        include_str!("../../../../../docs/findings/identity-login-front.md"),
        |e| check(e, &FOREIGN),
    ),
];
