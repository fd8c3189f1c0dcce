//! Rows about policies, the request as a whole, and the last two.

use super::super::{Row, Shows};
use crate::diagnosis::Sure;

pub(in crate::diagnose::rules::identity::entra) const TENANT_RESTRICTED: Row = Row {
    id: "identity-tenant-restricted",
    codes: &[500021, 500022],
    says: "a proxy restricts logins, and {tenant} is not allowed",
    means: &[
        "Entra ID's own number {number}: the request carried a tenant restriction (header Restrict-Access-To-Tenants or sec-Restrict-Tenant-Access-Policy)",
        "this request was made without one: something that reads TLS on the way to {host} put it in",
    ],
    sure: Sure::Proved,
    owner: "Network",
    look: &[(
        "see who issues the certificate that this machine gets there",
        "openssl s_client -connect {host}:443 -servername {host} </dev/null",
    )],
    steps: &[
        "let the proxy's team add tenant {tenant} to the list of allowed tenants",
        "or exempt {host} from inspection for this machine",
    ],
    change: &[],
    shows: Shows::Egress,
};

pub(in crate::diagnose::rules::identity::entra) const CONDITIONAL_ACCESS: Row = Row {
    id: "identity-conditional-access",
    codes: &[53003],
    says: "a Conditional Access policy blocks the token",
    means: &[
        "Entra ID's own number 53003: a policy of the tenant gives no token for this sign-in",
        "possible: a policy on locations, that is, the address from which the request came; or one on the workload identity, its risk or the resource",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see which policy it was, and the address that it judged",
        "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"",
    )],
    steps: &[
        "for a policy on locations: send the request from a named location (NAT gateway, proxy), or add this network's egress address to it",
        "else let the policy's owner exempt the application",
    ],
    change: &[],
    shows: Shows::Egress,
};

pub(in crate::diagnose::rules::identity::entra) const SECURITY_POLICY: Row = Row {
    id: "identity-security-policy",
    codes: &[530032],
    says: "a security policy of the tenant blocks the token",
    means: &[
        "Entra ID's own number 530032: blocked by a policy that the tenant's administrators set",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see the sign-in in the tenant's log, by the correlation id",
        "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"",
    )],
    steps: &["ask the tenant's administrators, with the correlation id"],
    change: &[],
    shows: Shows::Egress,
};

pub(in crate::diagnose::rules::identity::entra) const RESOURCE_UNKNOWN: Row = Row {
    id: "identity-resource-unknown",
    codes: &[500011, 50001],
    says: "the tenant knows no resource {resource}",
    means: &[
        "Entra ID's own number {number}: the resource of the scope is not there, or is disabled, in tenant {tenant}",
        "a scope of one cloud at the login host of another gives the same number",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see whether the tenant has the service",
        "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].displayName\"",
    )],
    steps: &[
        "see that target, login host and tenant are of one cloud",
        "register the resource provider in a subscription of the tenant: Microsoft.CognitiveServices",
    ],
    change: &[(
        "register it, where no subscription of the tenant ever used it",
        "az provider register --namespace Microsoft.CognitiveServices",
    )],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const REQUEST_MALFORMED: Row = Row {
    id: "identity-request-malformed",
    codes: &[7000218, 900144, 28002, 28003, 70011, 901002],
    says: "Entra ID takes the request for malformed ({code})",
    means: &[
        "Entra ID's own number {number}: a field of the request is missing, empty or of another protocol version",
        "the request was made as the Azure SDK makes it, with the scope {scope}: something on the way may have changed it, or the authority is no v2 endpoint",
    ],
    sure: Sure::Inferred,
    owner: "Application",
    look: &[("see what AZURE_AUTHORITY_HOST holds", "printenv AZURE_AUTHORITY_HOST")],
    steps: &[
        "see that AZURE_AUTHORITY_HOST is a bare login host, without tenant or path",
        "see that no proxy on the way rewrites the request's body",
    ],
    change: &[],
    shows: Shows::Foreign,
};

pub(in crate::diagnose::rules::identity::entra) const THROTTLED: Row = Row {
    id: "identity-login-throttled",
    codes: &[90055, 90033, 50196],
    says: "Entra ID slows requests down ({status} {code})",
    means: &[
        "Entra ID refuses for now: too many requests came from this application or network, or it is busy itself",
    ],
    sure: Sure::Inferred,
    owner: "Application",
    look: &[("ask again after a minute", "{again}")],
    steps: &[
        "let the application keep its token until shortly before it ends: one client object a process",
        "see that no pod or job asks for tokens in a loop",
    ],
    change: &[],
    shows: Shows::Wait,
};

pub(in crate::diagnose::rules::identity::entra) const USER_REFUSED: Row = Row {
    id: "identity-user-refused",
    codes: &[50034, 50020, 50076, 50079],
    says: "Entra ID refuses the user behind {source} ({code})",
    means: &[
        "Entra ID's own number {number}: the user is not of this tenant, or has to sign in with a second factor, which a program cannot",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see who is logged in, and where",
        "az account show --query \"{user:user.name,tenant:tenantId}\"",
    )],
    steps: &[
        "sign in anew in the tenant: az login --tenant {tenant}",
        "for a program use an application or a managed identity, which have no second factor",
    ],
    change: &[],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const OTHER: Row = Row {
    id: "identity-entra-refused",
    codes: &[],
    says: "Entra ID refuses the request ({code})",
    means: &[
        "Entra ID's own word; what the number means stands at https://login.microsoftonline.com/error?code={number}",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see the sign-in in the tenant's log, by the correlation id",
        "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"",
    )],
    steps: &["look the number up, and give the correlation id to whoever runs the tenant"],
    change: &[],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const FOREIGN: Row = Row {
    id: "identity-login-front",
    codes: &[],
    says: "{host} answers {status}, not as Entra ID does",
    means: &[
        "Entra ID refuses in JSON, with a field error and its numbers; this answer has neither",
        "a proxy, a firewall or a gateway on the way may have answered; Entra ID in trouble may answer so too",
    ],
    sure: Sure::Inferred,
    owner: "Network",
    look: &[(
        "see who answers there",
        "curl -sv https://{host}/common/.well-known/openid-configuration -o /dev/null",
    )],
    steps: &[
        "let the proxy or firewall pass {host} without a page of its own",
        "for a 5xx: ask again, and see https://azure.status.microsoft",
    ],
    change: &[],
    shows: Shows::Foreign,
};
