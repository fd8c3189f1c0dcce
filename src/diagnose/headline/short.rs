//! The shortest wording of findings whose facts are often too long for a first line: an id of a
//! tenant or an application has 36 columns, a variable's name up to 30. The clause itself, with
//! its facts, is in the report as the cause.

/// Ids and their shortest wording. It holds for each way in which the rule fires.
pub(super) const SHORT: &[(&str, &str)] = &[
    ("dns-azure-resolver-outside", "168.63.129.16 is asked from outside Azure"),
    ("dns-forwards-privatelink-only", "only the privatelink name is private"),
    ("dns-privatelink-forwarder-dead", "the privatelink zone's lookup fails"),
    ("dns-record-missing", "the private zone leads to no address"),
    ("dns-suffix-left-out", "another suffix of the account is private, not this one"),
    ("dns-tunnel-address", "a tunnel address came: the real target is not seen"),
    ("http-call-quota", "403: a quota is used up"),
    ("http-endpoint-not-approved", "403: not from an approved private endpoint"),
    ("http-front-answered", "what answers is not shown to be the service"),
    ("http-gateway-header", "a gateway wants a header of its own"),
    ("http-gateway-ip-filter", "403: a gateway's ip-filter"),
    ("http-managed-identity-off", "the account has no managed identity"),
    ("http-network-perimeter", "403: a network security perimeter"),
    ("http-network-rules", "403: network rules do not allow this network"),
    ("http-path-prefix", "404: the path may lack its prefix"),
    ("http-public-access-disabled", "403: public access is disabled"),
    ("http-rate-limited", "429: calls are limited"),
    ("http-redirect", "the call is redirected elsewhere"),
    ("http-success-unproved", "the answer does not prove that the call works"),
    ("http-temporarily-blocked", "Azure has blocked the account for the time being"),
    ("http-timeout-answer", "the service answers 408: its own work timed out"),
    ("http-unexpected-status", "a status that the service is not known to give"),
    ("http-vnet-endpoint", "403: the service wants the account's own subdomain"),
    ("identity-application-disabled", "the application is disabled"),
    ("identity-application-public", "the application takes no secret"),
    ("identity-application-unknown", "the tenant has no such application"),
    ("identity-arc-challenge", "the Arc agent's challenge fails"),
    ("identity-assertion-expired", "the assertion is outside its validity"),
    ("identity-assertion-invalid", "Entra ID cannot use the assertion"),
    ("identity-assignment-required", "no assignment to the resource"),
    ("identity-authority-cloud", "AZURE_AUTHORITY_HOST is of another cloud"),
    ("identity-azure-cli", "az gives no token, or one that an SDK refuses"),
    ("identity-certificate-unknown", "Entra ID knows no such certificate"),
    ("identity-conditional-access", "a Conditional Access policy blocks it"),
    ("identity-consent-missing", "no consent for the resource"),
    ("identity-cross-tenant", "a cross-tenant policy blocks the sign-in"),
    ("identity-custom-subdomain", "this endpoint takes no tokens"),
    ("identity-device-state", "a policy asks for a managed device"),
    ("identity-federation-audience", "no credential for this audience"),
    ("identity-federation-forbidden", "the tenant forbids this federation"),
    ("identity-federation-issuer-unreachable", "Entra ID cannot get the issuer's keys"),
    ("identity-federation-missing", "no federated credential is there"),
    ("identity-federation-subject", "no credential for this subject"),
    ("identity-federation-subject-case", "the subject differs in letter case"),
    ("identity-gateway-key", "API Management wants its own key"),
    ("identity-gateway-token", "API Management refuses the token"),
    ("identity-key-is-token", "a token was sent as an API key"),
    ("identity-key-refused", "the account does not know the API key"),
    ("identity-keys-disabled", "no API keys are taken, only tokens"),
    ("identity-login-at-risk", "the login host's path is at risk"),
    ("identity-login-front", "the login host does not answer as Entra ID"),
    ("identity-login-host", "the path to the login host fails"),
    ("identity-login-old-tls", "Entra ID got an old version of TLS"),
    ("identity-login-throttled", "Entra ID is busy or slows requests down"),
    ("identity-managed-ambiguous", "several identities, and none is named"),
    ("identity-managed-not-assigned", "the identity is not assigned here"),
    ("identity-metadata-proxied", "a proxy applies to the metadata service"),
    ("identity-metadata-unreachable", "no answer from the token endpoint"),
    ("identity-no-way-out", "no way leads to the login host"),
    ("identity-platform-fetch-failed", "the platform's own fetch failed"),
    ("identity-request-malformed", "Entra ID calls the request malformed"),
    ("identity-resource-unknown", "the tenant knows no such resource"),
    ("identity-role-missing", "the caller lacks a role for this call"),
    ("identity-second-factor", "the user needs a second factor"),
    ("identity-secret-expired", "the application's secret has expired"),
    ("identity-secret-wrong", "Entra ID does not accept the secret"),
    ("identity-security-policy", "a security policy blocks the token"),
    ("identity-tenant-common", "AZURE_TENANT_ID does not name one tenant"),
    ("identity-tenant-elsewhere", "the tenant is in another cloud"),
    ("identity-tenant-mismatch", "the token is of another tenant"),
    ("identity-tenant-restricted", "a proxy restricts logins by tenant"),
    ("identity-tenant-unknown", "there is no such tenant at the login host"),
    ("identity-token-audience", "the token is for another audience"),
    ("identity-token-expired", "the token has expired"),
    ("identity-token-is-key", "what was sent as a token is no token"),
    ("identity-token-not-asked", "its configuration keeps the token away"),
    ("identity-token-not-yet-valid", "the token is not valid yet"),
    ("identity-token-proxy", "applications may ask a token proxy instead"),
    ("identity-user-refused", "Entra ID refuses the user of this login"),
    ("tcp-taken-here", "this machine itself takes the connection"),
    ("tls-incomplete-chain", "the chain ends before a root that is known here"),
    ("tls-interception", "the issuer claims to be an inspection product"),
    ("tls-only-system-store", "only this machine's own store accepts the chain"),
    ("tls-privatelink-name", "a privatelink name, which no certificate covers"),
    ("tls-untrusted-issuer", "the certificate's issuer is unknown"),
    ("tls-wrong-name", "the peer's certificate is for another name"),
];

#[cfg(test)]
mod tests {
    use super::SHORT;
    use crate::diagnose::headline::{LONGEST, start};
    use crate::diagnosis::State;

    #[test]
    fn each_is_of_a_rule_and_fits() {
        for (id, says) in SHORT {
            let rule = crate::diagnose::rule(id).unwrap_or_else(|| panic!("{id} is no rule"));
            let line = format!("{}{says}", start(State::AtRisk, rule.hop, id));
            assert!(line.chars().count() <= LONGEST, "{} columns: {line}", line.len());
        }
        assert!(SHORT.is_sorted_by_key(|(id, _)| id), "in the order of ids");
    }
}
