//! The rows: one a finding, data alone.

use super::{Row, Rule, Shows, check, rule};
use crate::diagnosis::Sure;

pub(super) const SECRET_WRONG: Row = Row {
    id: "identity-secret-wrong",
    codes: &[7000215],
    says: "{source} is no secret of application {client}",
    means: &["Entra ID's own number 7000215: the value sent is none of the application's secrets"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see which secrets the application has (their first letters, never their values)", "az ad app credential list --id {client} --query \"[].{hint:hint,id:keyId,ends:endDateTime}\" -o table")],
    steps: &["put the secret's value into {source}, not its id, and not the secret of another application"],
    change: &[("or make a new secret beside the others", "az ad app credential reset --id {client} --append")],
    shows: Shows::Secret,
};

pub(super) const SECRET_EXPIRED: Row = Row {
    id: "identity-secret-expired",
    codes: &[7000222],
    says: "the secret of application {client} has expired",
    means: &["Entra ID's own number 7000222: the secret was one of the application's, and its time is over"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see when its secrets end", "az ad app credential list --id {client} --query \"[].{hint:hint,id:keyId,ends:endDateTime}\" -o table")],
    steps: &["put the new value into {source} wherever the application runs"],
    change: &[("make a new secret beside the old one", "az ad app credential reset --id {client} --append")],
    shows: Shows::Nothing,
};

pub(super) const APPLICATION_UNKNOWN: Row = Row {
    id: "identity-application-unknown",
    codes: &[700016],
    says: "the tenant has no application {client}",
    means: &["Entra ID's own number 700016: no application of this id is registered or enabled in tenant {tenant}"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the tenant that this login works in", "az account show --query \"{tenant:tenantId,name:name}\""), ("see whether it has the application", "az ad sp show --id {client} --query \"{name:displayName,tenant:appOwnerOrganizationId}\"")],
    steps: &["correct AZURE_CLIENT_ID (the application's id, not its object id) or AZURE_TENANT_ID"],
    change: &[("or add an application of another tenant to this one", "az ad sp create --id {client}")],
    shows: Shows::Nothing,
};

pub(super) const TENANT_UNKNOWN: Row = Row {
    id: "identity-tenant-unknown",
    codes: &[90002, 900023],
    says: "there is no tenant {tenant} at {host}",
    means: &["Entra ID's own number {number}: the tenant id is wrong, or the tenant lives in another cloud than {host}"],
    sure: Sure::Proved,
    owner: "Application",
    look: &[("see the tenants of this login", "az account list --query \"[].{name:name,tenant:tenantId,cloud:environmentName}\" -o table")],
    steps: &["correct AZURE_TENANT_ID: the directory's id, no subscription's and no application's", "for a tenant of another cloud set AZURE_AUTHORITY_HOST to that cloud's login host"],
    change: &[],
    shows: Shows::Nothing,
};

pub(super) const TENANT_ELSEWHERE: Row = Row {
    id: "identity-tenant-elsewhere",
    codes: &[90038, 900382, 900432],
    says: "the tenant belongs to another cloud than {host}",
    means: &["Entra ID's own number {number}: the tenant is known, and it is one of another national cloud"],
    sure: Sure::Proved,
    owner: "Application",
    look: &[("see the clouds and their login hosts", "az cloud list --query \"[].{name:name,login:endpoints.activeDirectory}\" -o table")],
    steps: &["set AZURE_AUTHORITY_HOST to the login host of the tenant's cloud, or unset it", "see that the target is of the same cloud as the tenant"],
    change: &[],
    shows: Shows::Nothing,
};

pub(super) const CERTIFICATE_UNKNOWN: Row = Row {
    id: "identity-certificate-unknown",
    codes: &[700027],
    says: "the signature is none that application {client} knows",
    means: &["Entra ID's own number 700027: the key that signed the assertion is not registered with the application"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the certificates that the application knows", "az ad app credential list --id {client} --cert --query \"[].{thumbprint:customKeyIdentifier,ends:endDateTime}\" -o table"), ("see the thumbprint of the one in use", "openssl x509 -noout -fingerprint -sha1 -enddate -in <certificate>")],
    steps: &["after a renewal: upload the new certificate before the application uses it"],
    change: &[("upload the public part of the certificate", "az ad app credential reset --id {client} --append --cert @<certificate>")],
    shows: Shows::Nothing,
};

pub(super) const ASSERTION_EXPIRED: Row = Row {
    id: "identity-assertion-expired",
    codes: &[700024],
    says: "the assertion of {source} is outside its time of validity",
    means: &["Entra ID's own number 700024: by its clock the assertion is not valid yet, or no longer"],
    sure: Sure::Proved,
    owner: "Platform",
    look: &[],
    steps: &["set this machine's clock by a time server, if it is wrong", "let the file or the job give a fresh assertion: GitHub's live for about five minutes, so ask late"],
    change: &[],
    shows: Shows::Times,
};

pub(super) const FEDERATION_ISSUER: Row = Row {
    id: "identity-federation-issuer",
    codes: &[700211],
    says: "no federated credential for the assertion's issuer",
    means: &["Entra ID's own number 700211: the issuer is compared letter by letter, a slash at the end counts"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the issuers that the application trusts", "az ad app federated-credential list --id {client} --query \"[].{issuer:issuer,subject:subject}\" -o table"), ("or, for a managed identity", "az identity federated-credential list --identity-name <identity> -g <group> -o table"), ("for AKS: see the cluster's issuer as it stands today", "az aks show -n <cluster> -g <group> --query oidcIssuerProfile.issuerUrl")],
    steps: &[],
    change: &[("give a managed identity the credential that fits", "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange")],
    shows: Shows::Assertion,
};

pub(super) const FEDERATION_AUDIENCE: Row = Row {
    id: "identity-federation-audience",
    codes: &[700212],
    says: "no federated credential for the audience {audience}",
    means: &["Entra ID's own number 700212: the assertion was made for another audience than the credential's"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the audiences that the application trusts", "az ad app federated-credential list --id {client} --query \"[].{audiences:audiences,issuer:issuer}\""), ("or, for a managed identity", "az identity federated-credential list --identity-name <identity> -g <group>")],
    steps: &["ask the assertion's issuer for the audience api://AzureADTokenExchange", "or give the federated credential the audience that is presented"],
    change: &[],
    shows: Shows::Assertion,
};

pub(super) const FEDERATION_SUBJECT: Row = Row {
    id: "identity-federation-subject",
    codes: &[700213],
    says: "no federated credential for {subject}",
    means: &["Entra ID's own number 700213: the issuer is trusted, its subject is another"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the subjects that the application trusts", "az ad app federated-credential list --id {client} --query \"[].{issuer:issuer,subject:subject}\" -o table"), ("or, for a managed identity", "az identity federated-credential list --identity-name <identity> -g <group> -o table")],
    steps: &["or run the workload as the subject that is trusted (namespace, service account, branch, environment)"],
    change: &[("give a managed identity the credential that fits", "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange")],
    shows: Shows::Assertion,
};

pub(super) const FEDERATION_MISMATCH: Row = Row {
    id: "identity-federation-mismatch",
    codes: &[70021],
    says: "no federated credential fits the assertion",
    means: &["Entra ID's own number 70021: issuer, subject or audience differs; which of them it does not say"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("compare with what the application trusts", "az ad app federated-credential list --id {client}"), ("or, for a managed identity", "az identity federated-credential list --identity-name <identity> -g <group>")],
    steps: &["a credential that was just made acts after some minutes"],
    change: &[("give a managed identity the credential that fits", "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange")],
    shows: Shows::Assertion,
};

pub(super) const FEDERATION_MISSING: Row = Row {
    id: "identity-federation-missing",
    codes: &[70025],
    says: "application {client} has no federated credential",
    means: &["Entra ID's own number 70025: none is configured on the application or managed identity of this id"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see that AZURE_CLIENT_ID names the identity that was meant", "az ad sp show --id {client} --query \"{name:displayName,kind:servicePrincipalType}\"")],
    steps: &[],
    change: &[("give a managed identity the credential that fits", "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange")],
    shows: Shows::Assertion,
};

pub(super) const FEDERATION_FORBIDDEN: Row = Row {
    id: "identity-federation-forbidden",
    codes: &[700223, 700238],
    says: "tenant {tenant} forbids this federation",
    means: &["Entra ID's own number {number}: a policy of the tenant restricts workload identity federation"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the tenant's policies for applications", "az rest --method get --url https://graph.microsoft.com/v1.0/policies/defaultAppManagementPolicy")],
    steps: &["let the tenant's administrators allow this issuer, or use a managed identity or a certificate"],
    change: &[],
    shows: Shows::Assertion,
};

pub(super) const TENANT_RESTRICTED: Row = Row {
    id: "identity-tenant-restricted",
    codes: &[500021, 500022],
    says: "a proxy restricts logins, and {tenant} is not allowed",
    means: &["Entra ID's own number {number}: the request carried a tenant restriction (header Restrict-Access-To-Tenants or sec-Restrict-Tenant-Access-Policy)", "this request was made without one: something that reads TLS on the way to {host} put it in"],
    sure: Sure::Proved,
    owner: "Network",
    look: &[("see who issues the certificate that this machine gets there", "openssl s_client -connect {host}:443 -servername {host} </dev/null")],
    steps: &["let the proxy's team add tenant {tenant} to the list of allowed tenants", "or exempt {host} from inspection for this machine"],
    change: &[],
    shows: Shows::Egress,
};

pub(super) const CONDITIONAL_ACCESS: Row = Row {
    id: "identity-conditional-access",
    codes: &[53003],
    says: "a Conditional Access policy blocks the token",
    means: &["Entra ID's own number 53003: a policy of the tenant gives no token for this sign-in", "possible: a policy on locations, that is, the address from which the request came; or one on the workload identity, its risk or the resource"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see which policy it was, and the address that it judged", "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"")],
    steps: &["for a policy on locations: send the request from a named location (NAT gateway, proxy), or add this network's egress address to it", "else let the policy's owner exempt the application"],
    change: &[],
    shows: Shows::Egress,
};

pub(super) const SECURITY_POLICY: Row = Row {
    id: "identity-security-policy",
    codes: &[530032],
    says: "a security policy of the tenant blocks the token",
    means: &["Entra ID's own number 530032: blocked by a policy that the tenant's administrators set"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the sign-in in the tenant's log, by the correlation id", "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"")],
    steps: &["ask the tenant's administrators, with the correlation id"],
    change: &[],
    shows: Shows::Egress,
};

pub(super) const RESOURCE_UNKNOWN: Row = Row {
    id: "identity-resource-unknown",
    codes: &[500011, 50001],
    says: "the tenant knows no resource {resource}",
    means: &["Entra ID's own number {number}: the resource of the scope is not there, or is disabled, in tenant {tenant}", "a scope of one cloud at the login host of another gives the same number"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see whether the tenant has the service", "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].displayName\"")],
    steps: &["see that target, login host and tenant are of one cloud", "register the resource provider in a subscription of the tenant: Microsoft.CognitiveServices"],
    change: &[("register it, where no subscription of the tenant ever used it", "az provider register --namespace Microsoft.CognitiveServices")],
    shows: Shows::Nothing,
};

pub(super) const REQUEST_MALFORMED: Row = Row {
    id: "identity-request-malformed",
    codes: &[7000218, 900144, 28002, 28003, 70011, 901002],
    says: "Entra ID takes the request for malformed ({code})",
    means: &["Entra ID's own number {number}: a field of the request is missing, empty or of another protocol version", "the request was made as the Azure SDK makes it, with the scope {scope}: something on the way may have changed it, or the authority is no v2 endpoint"],
    sure: Sure::Inferred,
    owner: "Application",
    look: &[("see what AZURE_AUTHORITY_HOST holds", "printenv AZURE_AUTHORITY_HOST")],
    steps: &["see that AZURE_AUTHORITY_HOST is a bare login host, without tenant or path", "see that no proxy on the way rewrites the request's body"],
    change: &[],
    shows: Shows::Foreign,
};

pub(super) const THROTTLED: Row = Row {
    id: "identity-login-throttled",
    codes: &[90055, 50196],
    says: "Entra ID slows requests down ({status} {code})",
    means: &["Entra ID refuses for now: too many requests for tokens came from this application or network"],
    sure: Sure::Proved,
    owner: "Application",
    look: &[("ask again after a minute", "aoai-probe {host}")],
    steps: &["let the application keep its token until shortly before it ends: one client object a process", "see that no pod or job asks for tokens in a loop"],
    change: &[],
    shows: Shows::Wait,
};

pub(super) const USER_REFUSED: Row = Row {
    id: "identity-user-refused",
    codes: &[50034, 50020, 50076, 50079],
    says: "Entra ID refuses the user behind {source} ({code})",
    means: &["Entra ID's own number {number}: the user is not of this tenant, or has to sign in with a second factor, which a program cannot"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see who is logged in, and where", "az account show --query \"{user:user.name,tenant:tenantId}\"")],
    steps: &["sign in anew in the tenant: az login --tenant {tenant}", "for a program use an application or a managed identity, which have no second factor"],
    change: &[],
    shows: Shows::Nothing,
};

pub(super) const OTHER: Row = Row {
    id: "identity-entra-refused",
    codes: &[],
    says: "Entra ID refuses the request ({code})",
    means: &["Entra ID's own word; what the number means stands at https://login.microsoftonline.com/error?code={number}"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[("see the sign-in in the tenant's log, by the correlation id", "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"")],
    steps: &["look the number up, and give the correlation id to whoever runs the tenant"],
    change: &[],
    shows: Shows::Nothing,
};

pub(super) const FOREIGN: Row = Row {
    id: "identity-login-front",
    codes: &[],
    says: "{host} answers {status}, not as Entra ID does",
    means: &["Entra ID refuses in JSON, with a field error and its numbers; this answer has neither", "a proxy, a firewall or a gateway on the way may have answered; Entra ID in trouble may answer so too"],
    sure: Sure::Inferred,
    owner: "Network",
    look: &[("see who answers there", "curl -sv https://{host}/common/.well-known/openid-configuration -o /dev/null")],
    steps: &["let the proxy or firewall pass {host} without a page of its own", "for a 5xx: ask again, and see https://azure.status.microsoft"],
    change: &[],
    shows: Shows::Foreign,
};

/// Rows with numbers.
pub(super) const ROWS: &[&Row] = &[&SECRET_WRONG, &SECRET_EXPIRED, &APPLICATION_UNKNOWN, &TENANT_UNKNOWN, &TENANT_ELSEWHERE, &CERTIFICATE_UNKNOWN, &ASSERTION_EXPIRED, &FEDERATION_ISSUER, &FEDERATION_AUDIENCE, &FEDERATION_SUBJECT, &FEDERATION_MISMATCH, &FEDERATION_MISSING, &FEDERATION_FORBIDDEN, &TENANT_RESTRICTED, &CONDITIONAL_ACCESS, &SECURITY_POLICY, &RESOURCE_UNKNOWN, &REQUEST_MALFORMED, &THROTTLED, &USER_REFUSED];

/// One rule a row.
pub(in crate::diagnose::rules::identity) const RULES: &[Rule] = &[
    rule(&SECRET_WRONG, "Entra ID knows no such client secret (AADSTS7000215)", include_str!("../../../../../docs/findings/identity-secret-wrong.md"), |e| check(e, &SECRET_WRONG)),
    rule(&SECRET_EXPIRED, "The application's client secret has expired (AADSTS7000222)", include_str!("../../../../../docs/findings/identity-secret-expired.md"), |e| check(e, &SECRET_EXPIRED)),
    rule(&APPLICATION_UNKNOWN, "The tenant has no such application (AADSTS700016)", include_str!("../../../../../docs/findings/identity-application-unknown.md"), |e| check(e, &APPLICATION_UNKNOWN)),
    rule(&TENANT_UNKNOWN, "Entra ID knows no such tenant (AADSTS90002, 900023)", include_str!("../../../../../docs/findings/identity-tenant-unknown.md"), |e| check(e, &TENANT_UNKNOWN)),
    rule(&TENANT_ELSEWHERE, "The tenant belongs to another national cloud (AADSTS90038, 900382, 900432)", include_str!("../../../../../docs/findings/identity-tenant-elsewhere.md"), |e| check(e, &TENANT_ELSEWHERE)),
    rule(&CERTIFICATE_UNKNOWN, "The application does not know the certificate that signed (AADSTS700027)", include_str!("../../../../../docs/findings/identity-certificate-unknown.md"), |e| check(e, &CERTIFICATE_UNKNOWN)),
    rule(&ASSERTION_EXPIRED, "The assertion is outside its time of validity (AADSTS700024)", include_str!("../../../../../docs/findings/identity-assertion-expired.md"), |e| check(e, &ASSERTION_EXPIRED)),
    rule(&FEDERATION_ISSUER, "No federated credential has the assertion's issuer (AADSTS700211)", include_str!("../../../../../docs/findings/identity-federation-issuer.md"), |e| check(e, &FEDERATION_ISSUER)),
    rule(&FEDERATION_AUDIENCE, "No federated credential has the assertion's audience (AADSTS700212)", include_str!("../../../../../docs/findings/identity-federation-audience.md"), |e| check(e, &FEDERATION_AUDIENCE)),
    rule(&FEDERATION_SUBJECT, "No federated credential has the assertion's subject (AADSTS700213)", include_str!("../../../../../docs/findings/identity-federation-subject.md"), |e| check(e, &FEDERATION_SUBJECT)),
    rule(&FEDERATION_MISMATCH, "No federated credential fits the assertion (AADSTS70021)", include_str!("../../../../../docs/findings/identity-federation-mismatch.md"), |e| check(e, &FEDERATION_MISMATCH)),
    rule(&FEDERATION_MISSING, "The application has no federated credential at all (AADSTS70025)", include_str!("../../../../../docs/findings/identity-federation-missing.md"), |e| check(e, &FEDERATION_MISSING)),
    rule(&FEDERATION_FORBIDDEN, "The tenant does not allow this federation (AADSTS700223, 700238)", include_str!("../../../../../docs/findings/identity-federation-forbidden.md"), |e| check(e, &FEDERATION_FORBIDDEN)),
    rule(&TENANT_RESTRICTED, "A proxy on the way restricts logins to other tenants (AADSTS500021, 500022)", include_str!("../../../../../docs/findings/identity-tenant-restricted.md"), |e| check(e, &TENANT_RESTRICTED)),
    rule(&CONDITIONAL_ACCESS, "A Conditional Access policy blocks the token (AADSTS53003)", include_str!("../../../../../docs/findings/identity-conditional-access.md"), |e| check(e, &CONDITIONAL_ACCESS)),
    rule(&SECURITY_POLICY, "A security policy of the tenant blocks the token (AADSTS530032)", include_str!("../../../../../docs/findings/identity-security-policy.md"), |e| check(e, &SECURITY_POLICY)),
    rule(&RESOURCE_UNKNOWN, "The tenant knows no such resource (AADSTS500011, 50001)", include_str!("../../../../../docs/findings/identity-resource-unknown.md"), |e| check(e, &RESOURCE_UNKNOWN)),
    rule(&REQUEST_MALFORMED, "Entra ID takes the token request for malformed", include_str!("../../../../../docs/findings/identity-request-malformed.md"), |e| check(e, &REQUEST_MALFORMED)),
    rule(&THROTTLED, "Entra ID slows requests for tokens down (AADSTS90055, 50196, HTTP 429)", include_str!("../../../../../docs/findings/identity-login-throttled.md"), |e| check(e, &THROTTLED)),
    rule(&USER_REFUSED, "Entra ID refuses the user of this login (AADSTS50034, 50020, 50076, 50079)", include_str!("../../../../../docs/findings/identity-user-refused.md"), |e| check(e, &USER_REFUSED)),
    rule(&OTHER, "Entra ID refuses the token, with a number that is not in the catalogue", include_str!("../../../../../docs/findings/identity-entra-refused.md"), |e| check(e, &OTHER)),
    rule(&FOREIGN, "What answers at the login host does not answer as Entra ID does", include_str!("../../../../../docs/findings/identity-login-front.md"), |e| check(e, &FOREIGN)),
];
