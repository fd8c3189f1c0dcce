//! The shortest wording of findings whose facts are often too long for a first line: an id of a
//! tenant or an application has 36 columns, a variable's name up to 30. The clause itself, with
//! its facts, is in the report as the cause.

/// Ids and their shortest wording. It holds for each way in which the rule fires.
pub(super) const SHORT: &[(&str, &str)] = &[
    ("dns-azure-resolver-outside", "168.63.129.16 is asked from outside Azure"),
    ("dns-forwards-privatelink-only", "only the privatelink name resolves privately"),
    ("dns-privatelink-forwarder-dead", "lookups in the privatelink zone fail"),
    ("dns-record-missing", "the private zone gives no address for this name"),
    ("dns-suffix-left-out", "another suffix of the account is private, this one is not"),
    ("dns-tunnel-address", "the answer is a tunnel address, which hides the real target"),
    ("http-endpoint-not-approved", "403: not from an approved private endpoint"),
    ("http-front-answered", "the answer is not known to come from the service"),
    ("http-managed-identity-off", "the account has no managed identity"),
    ("http-network-perimeter", "403: a network security perimeter refuses the call"),
    ("http-network-rules", "403: network rules do not allow this network"),
    ("http-path-prefix", "404: the path may lack its prefix"),
    ("http-public-access-disabled", "403: public access is disabled"),
    ("http-rate-limited", "429: calls are rate-limited"),
    ("http-redirect", "the call is redirected elsewhere"),
    ("http-success-unproved", "the answer does not prove that the call works"),
    ("http-temporarily-blocked", "Azure has temporarily blocked the account"),
    ("http-timeout-answer", "408: the service's own processing timed out"),
    ("http-unexpected-status", "the service is not known to send this status"),
    ("http-vnet-endpoint", "403: the account must be called by its own subdomain"),
    ("identity-application-disabled", "the application is disabled"),
    ("identity-application-public", "the application is public and accepts no secret"),
    ("identity-application-unknown", "the tenant has no such application"),
    ("identity-arc-challenge", "the Arc agent's challenge fails"),
    ("identity-assertion-expired", "the assertion is outside its validity period"),
    ("identity-assertion-invalid", "Entra ID rejects the assertion"),
    ("identity-assignment-required", "the resource requires an assignment"),
    ("identity-authority-cloud", "AZURE_AUTHORITY_HOST names another cloud"),
    ("identity-azure-cli", "az gives no token, or one that an SDK refuses"),
    ("identity-certificate-unknown", "Entra ID does not know this certificate"),
    ("identity-conditional-access", "a Conditional Access policy blocks the sign-in"),
    ("identity-consent-missing", "consent for the resource is missing"),
    ("identity-cross-tenant", "a cross-tenant policy blocks the sign-in"),
    ("identity-custom-subdomain", "this endpoint does not accept tokens"),
    ("identity-device-state", "a policy requires a managed device"),
    ("identity-federation-audience", "no federated credential has this audience"),
    ("identity-federation-forbidden", "the tenant forbids this federation"),
    ("identity-federation-issuer-unreachable", "Entra ID cannot get the issuer's keys"),
    ("identity-federation-missing", "the application has no federated credential"),
    ("identity-federation-subject", "no federated credential has this subject"),
    ("identity-federation-subject-case", "the subject differs in letter case"),
    ("identity-gateway-key", "API Management requires its own key"),
    ("identity-key-is-token", "a token was sent as an API key"),
    ("identity-key-refused", "the account does not accept the API key"),
    ("identity-keys-disabled", "the account accepts tokens only, no API keys"),
    ("identity-login-at-risk", "the login host's path is at risk"),
    ("identity-login-front", "the login host does not answer as Entra ID does"),
    ("identity-login-host", "the path to the login host fails"),
    ("identity-login-old-tls", "Entra ID received an old version of TLS"),
    ("identity-login-throttled", "Entra ID is busy or throttles requests"),
    ("identity-managed-ambiguous", "there are several identities, and none is named"),
    ("identity-managed-not-assigned", "the identity is not assigned here"),
    ("identity-metadata-proxied", "a proxy applies to the metadata service"),
    ("identity-metadata-unreachable", "the token endpoint does not answer"),
    ("identity-no-way-out", "the login host cannot be reached from here"),
    ("identity-platform-fetch-failed", "the platform could not fetch the token"),
    ("identity-request-malformed", "Entra ID calls the request malformed"),
    ("identity-resource-unknown", "the tenant does not know this resource"),
    ("identity-role-missing", "the caller lacks a role for this call"),
    ("identity-second-factor", "the user needs a second factor"),
    ("identity-secret-expired", "the application's secret has expired"),
    ("identity-secret-wrong", "Entra ID does not accept the secret"),
    ("identity-security-policy", "a security policy blocks the token"),
    ("identity-tenant-common", "AZURE_TENANT_ID does not name one tenant"),
    ("identity-tenant-elsewhere", "the tenant is in another cloud"),
    ("identity-tenant-mismatch", "the token is from another tenant"),
    ("identity-tenant-restricted", "a proxy restricts logins by tenant"),
    ("identity-tenant-unknown", "the login host does not know this tenant"),
    ("identity-token-audience", "the token is for another audience"),
    ("identity-token-expired", "the token has expired"),
    ("identity-token-is-key", "the value sent as a token is not a token"),
    ("identity-token-not-asked", "the configuration prevents the token request"),
    ("identity-token-not-yet-valid", "the token is not valid yet"),
    ("identity-token-proxy", "applications may use a token proxy instead"),
    ("identity-user-refused", "Entra ID refuses this user's sign-in"),
    ("tcp-taken-here", "this machine itself accepts the connection"),
    ("tls-incomplete-chain", "the chain ends before a root that is known here"),
    ("tls-interception", "the issuer claims to be an inspection product"),
    ("tls-only-system-store", "only this machine's own store accepts the chain"),
    ("tls-privatelink-name", "no certificate covers a privatelink name"),
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
