//! The rows: one a finding, data alone.

mod application;
mod federation;
mod policy;

use application::{
    APPLICATION_UNKNOWN, CERTIFICATE_UNKNOWN, SECRET_EXPIRED, SECRET_WRONG, TENANT_COMMON,
    TENANT_ELSEWHERE, TENANT_UNKNOWN,
};
use federation::{
    ASSERTION_EXPIRED, FEDERATION_AUDIENCE, FEDERATION_FORBIDDEN, FEDERATION_ISSUER,
    FEDERATION_MISMATCH, FEDERATION_MISSING, FEDERATION_SUBJECT,
};
use policy::{
    CONDITIONAL_ACCESS, REQUEST_MALFORMED, RESOURCE_UNKNOWN, SECURITY_POLICY, TENANT_RESTRICTED,
    USER_REFUSED,
};
pub(super) use policy::{FOREIGN, OTHER, THROTTLED};

use super::{Row, check, rule};
use crate::diagnose::Rule;

/// Rows with numbers.
pub(super) const ROWS: &[&Row] = &[
    &SECRET_WRONG,
    &SECRET_EXPIRED,
    &APPLICATION_UNKNOWN,
    &TENANT_UNKNOWN,
    &TENANT_COMMON,
    &TENANT_ELSEWHERE,
    &CERTIFICATE_UNKNOWN,
    &ASSERTION_EXPIRED,
    &FEDERATION_ISSUER,
    &FEDERATION_AUDIENCE,
    &FEDERATION_SUBJECT,
    &FEDERATION_MISMATCH,
    &FEDERATION_MISSING,
    &FEDERATION_FORBIDDEN,
    &TENANT_RESTRICTED,
    &CONDITIONAL_ACCESS,
    &SECURITY_POLICY,
    &RESOURCE_UNKNOWN,
    &REQUEST_MALFORMED,
    &THROTTLED,
    &USER_REFUSED,
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
        "The application does not know the certificate that signed (AADSTS700027)",
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
        &CONDITIONAL_ACCESS,
        "A Conditional Access policy blocks the token (AADSTS53003)",
        include_str!("../../../../../docs/findings/identity-conditional-access.md"),
        |e| check(e, &CONDITIONAL_ACCESS),
    ),
    rule(
        &SECURITY_POLICY,
        "A security policy of the tenant blocks the token (AADSTS530032)",
        include_str!("../../../../../docs/findings/identity-security-policy.md"),
        |e| check(e, &SECURITY_POLICY),
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
        &THROTTLED,
        "Entra ID slows requests for tokens down (AADSTS90055, 50196, HTTP 429)",
        include_str!("../../../../../docs/findings/identity-login-throttled.md"),
        |e| check(e, &THROTTLED),
    ),
    rule(
        &USER_REFUSED,
        "Entra ID refuses the user of this login (AADSTS50034, 50020, 50076, 50079)",
        include_str!("../../../../../docs/findings/identity-user-refused.md"),
        |e| check(e, &USER_REFUSED),
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
