//! Rows about policies of the tenant.

use super::super::step::{Do, ask, local, look, shared};
use super::super::{Row, Shows};
use crate::diagnose::Rule;
use crate::diagnosis::Confidence;

/// Shows the sign-ins of applications, with the policy that decided.
pub(super) const SIGN_INS: Do =
    look("see which policy it was, and the address that it judged", SIGN_IN_LOG);

/// The last sign-ins of applications.
pub(super) const SIGN_IN_LOG: &str = "az rest --method get --url \"https://graph.microsoft.com/beta/auditLogs/signIns?\\$filter=signInEventTypes/any(t:t eq 'servicePrincipal')&\\$top=5\"";

const TENANT_RESTRICTED: Row = Row {
    codes: &[
        (500021, "the request carried a tenant restriction that does not list this tenant"),
        (500022, "the request carried a tenant restriction that does not list this tenant"),
        (50002, "the request was restricted to other tenants on its way"),
    ],
    message: "a proxy restricts logins, and {tenant} is not allowed",
    means: &[
        "the header is Restrict-Access-To-Tenants or sec-Restrict-Tenant-Access-Policy",
        "this request was made without one: something that reads TLS on the way to {host} put it in",
    ],
    confidence: Confidence::Proved,
    owner: "Network",
    steps: &[
        look(
            "see who issues the certificate that this machine gets there",
            "openssl s_client -connect {host}:443 -servername {host} </dev/null",
        ),
        shared(
            "let the proxy's team add tenant {tenant} to the list of allowed tenants, if the \
             organization trusts it: the block may be deliberate",
            "everybody behind that proxy can then sign in to {tenant}",
            "take the tenant out of the list again",
        ),
        shared(
            "exempt {host} from inspection for this machine alone",
            "the proxy no longer sees what this machine signs in to",
            "take the exemption out again",
        )
        .or(),
    ],
    shows: Shows::Egress,
    without: None,
};

const CROSS_TENANT: Row = Row {
    codes: &[
        (500212, "the home tenant's outbound policy does not allow access to tenant {tenant}"),
        (500213, "tenant {tenant}'s inbound policy does not allow access from the home tenant"),
        (1000104, "the home tenant does not allow resources of this cloud"),
    ],
    message: "a cross-tenant access policy does not allow this sign-in ({code})",
    means: &["no network rule is the reason: the tenants' own settings decide"],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see the settings, in both tenants",
            "az rest --method get --url https://graph.microsoft.com/v1.0/policies/crossTenantAccessPolicy/partners",
        ),
        shared(
            "let the administrators of that tenant allow this user or application alone",
            "what users and applications of one tenant may reach in the other",
            "remove the same entry under External Identities, Cross-tenant access settings",
        ),
        local("use an identity of the account's own tenant").or(),
    ],
    shows: Shows::Nothing,
    without: None,
};

const CONDITIONAL_ACCESS: Row = Row {
    codes: &[
        (53003, "a Conditional Access policy of the tenant gives no token for this sign-in"),
        (50131, "a Conditional Access policy or its risk check refuses this sign-in"),
    ],
    message: "a Conditional Access policy blocks the token ({code})",
    means: &[
        "possible: a policy on locations, that is, the address from which the request came; or \
         one on the workload identity, its risk or the resource",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        SIGN_INS,
        shared(
            "for a policy on locations: send the request from a named location (its NAT gateway \
             or proxy)",
            "a NAT gateway or a route moves the egress address of the whole subnet",
            "remove the route or the gateway from the subnet again",
        ),
        shared(
            "add this network's egress address to a named location",
            "everybody who signs in from that address passes the policy",
            "take the address out of the named location again",
        )
        .or(),
        shared(
            "for every other policy: let its owner exclude this application alone",
            "the application is then outside that policy wherever it signs in from",
            "remove it from the policy's exclusions",
        ),
    ],
    shows: Shows::Egress,
    without: None,
};

const DEVICE_STATE: Row = Row {
    codes: &[
        (53000, "a policy wants a compliant device, and this one is not"),
        (53001, "a policy wants a device that is joined to the domain, and this one is not"),
        (53002, "a policy wants an app of its own list of approved ones"),
        (530003, "a policy wants a managed device"),
        (530002, "a policy wants a compliant device"),
        (50005, "a policy does not take sign-ins from this kind of device or operating system"),
        (50097, "a policy wants the device to authenticate itself"),
        (50129, "a policy wants a device that is registered"),
        (50155, "the device did not authenticate itself for this user"),
        (50187, "the device could not authenticate itself"),
        (135011, "the device of this sign-in is disabled"),
    ],
    message: "a policy asks for a managed device, which this sign-in is not from ({code})",
    means: &[
        "no network matter: neither an address nor a firewall rule changes it",
        "it concerns people who sign in; an application's own token and a managed identity's have \
         no device",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look("see who is logged in here", "az account show --query user"),
        look("on Windows: see the state of this device", "dsregcmd /status"),
        local("sign in in a browser of a device that fits, not with a device code"),
        local(
            "for a program: use a managed identity or an application \
             (--credential managed-identity)",
        )
        .or(),
        shared(
            "let the policy's owner exclude this user or this kind of device",
            "the user is then outside that policy everywhere",
            "remove the user from the policy's exclusions",
        )
        .or(),
    ],
    shows: Shows::Nothing,
    without: None,
};

const SECURITY_POLICY: Row = Row {
    codes: &[
        (530032, "blocked by a security policy that the tenant's administrators set"),
        (530035, "blocked by the tenant's security defaults: the request counts as unsafe"),
        (530034, "a delegated administrator is blocked for suspicious activity"),
        (53011, "the user is blocked for risk in the home tenant"),
    ],
    message: "a security policy of the tenant blocks the token ({code})",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[SIGN_INS, ask("ask the tenant's administrators, with the correlation id")],
    shows: Shows::Egress,
    without: None,
};

const CONSENT: Row = Row {
    codes: &[
        (65001, "no consent was given to this application's use of the resource"),
        (65002, "this application of Microsoft's is not authorized for the resource"),
        (65004, "the user declined consent"),
        (65005, "the application asks for a resource that it is not registered for"),
        (650052, "the tenant has no subscription to the service that is asked for"),
        (650056, "the application's permissions for the resource are missing or not consented"),
        (650057, "the application asks for a resource that its registration does not list"),
        (90008, "the application lacks the permission to read its user's profile"),
        (90094, "an administrator has to consent"),
        (90095, "an administrator has to consent; a request for it can be sent"),
    ],
    message: "the application has no consent for the resource ({code})",
    means: &[
        "it concerns people who sign in with an application; its own token needs a role on the \
         account in place of consent",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see what was consented to",
            "az ad app permission list-grants --id {client} --show-resource-name",
        ),
        shared(
            "let an administrator consent, after a look at what is asked for (Terraform: \
             azuread_service_principal_delegated_permission_grant)",
            "every user of the tenant: the application may act for them at that resource",
            "remove the consent under Enterprise applications, Permissions",
        ),
    ],
    shows: Shows::Nothing,
    without: None,
};

/// The rules of these rows.
pub(super) const RULES: &[Rule] = &[
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
];
