//! Rows about the application, its secret or certificate, its tenant.

use super::super::step::{Do, ask, local, look, shared};
use super::super::{Row, Shows};
use crate::diagnose::Rule;
use crate::diagnosis::Confidence;

/// Shows the application's secrets.
const SECRETS: Do = look(
    "see which secrets the application has (their first letters, never their values)",
    "az ad app credential list --id {client} --query \"[].{hint:hint,id:keyId,ends:endDateTime}\" -o table",
);

const NEW_SECRET: &str = "az ad app credential reset --id {client} --append --years 1";

/// What a new secret affects; `--append` leaves the others.
const IN_ADDITION: &str =
    "the application gets one more secret; those that other programs use stay valid";
const DELETE_SECRET: &str = "az ad app credential delete --id {client} --key-id <keyId>";

/// Shows the tenants of the login.
const TENANTS: Do = look(
    "see the tenants of this login",
    "az account list --query \"[].{name:name,tenant:tenantId,cloud:environmentName}\" -o table",
);

const SECRET_WRONG: Row = Row {
    codes: &[
        (7000215, "the value sent is not one of the application's secrets"),
        (70002, "the client secret is not the one that is expected for this client"),
    ],
    message: "{source} is not a secret of application {client}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        SECRETS,
        local(
            "put the secret's value into {source}: not its id, and not the secret of another \
             application; then restart what reads it",
        ),
        shared(
            "make a new secret (Terraform: azuread_application_password)",
            IN_ADDITION,
            DELETE_SECRET,
        )
        .or()
        .command(NEW_SECRET),
    ],
    shows: Shows::Secret,
    without: None,
};

const SECRET_EXPIRED: Row = Row {
    codes: &[(7000222, "the secret was one of the application's, and has expired")],
    message: "the secret of application {client} has expired",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        SECRETS,
        shared(
            "make a new secret (Terraform: azuread_application_password)",
            IN_ADDITION,
            DELETE_SECRET,
        )
        .command(NEW_SECRET),
        local(
            "put the new value into {source} wherever the application runs: every copy of the \
             old one fails in the same way",
        ),
    ],
    shows: Shows::Nothing,
    without: None,
};

const APPLICATION_UNKNOWN: Row = Row {
    codes: &[
        (700016, "tenant {tenant} has no application of this id"),
        (700011, "tenant {tenant} has no application of this id"),
    ],
    message: "the tenant has no application {client}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see the tenant that this login works in",
            "az account show --query \"{tenant:tenantId,name:name}\"",
        ),
        look(
            "see whether it has the application",
            "az ad sp show --id {client} --query \"{name:displayName,tenant:appOwnerOrganizationId}\"",
        ),
        local(
            "correct AZURE_CLIENT_ID (the application's id, not its object id) or AZURE_TENANT_ID",
        ),
        shared(
            "add an application of another tenant to this one, if you trust its owner \
             (Terraform: azuread_service_principal)",
            "everybody in the tenant: the application can then be given roles and consent here",
            "az ad sp delete --id {client}",
        )
        .or()
        .command("az ad sp create --id {client}"),
    ],
    shows: Shows::Nothing,
    without: None,
};

/// A registration alone: `az ad app create`, Graph and Terraform make the service principal in a step of
/// its own.
const PRINCIPAL_MISSING: Row = Row {
    codes: &[(7000229, "tenant {tenant} has no service principal for the application")],
    message: "application {client} has no service principal in the tenant",
    means: &[
        "Entra ID knows the application: its id is right, and it is not the reason that a secret, \
         certificate or assertion is wrong",
        "a registration is not enough: tokens and roles are for its service principal (enterprise \
         application), one in each tenant that uses it, made with the registration in the portal and \
         by a step of its own elsewhere (az ad app create, Terraform, Microsoft Graph), or deleted since",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see whether this login's tenant is the one that was asked",
            "az account show --query \"{tenant:tenantId,name:name}\"",
        ),
        look(
            "see whether the application is registered there, or belongs to another tenant",
            "az ad app show --id {client} --query \"{name:displayName,audience:signInAudience}\"",
        ),
        look(
            "see whether its service principal was deleted: it can be restored for 30 days",
            "az rest --method get --url https://graph.microsoft.com/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
        ),
        local("correct AZURE_TENANT_ID, if another tenant was meant"),
        shared(
            "restore the deleted service principal, by its id in that list",
            "every program that signs in as this application there",
            "az ad sp delete --id {client}",
        )
        .or()
        .command(
            "az rest --method post --url https://graph.microsoft.com/v1.0/directory/deletedItems/<id>/restore",
        ),
        shared(
            "make one, and assign it the roles that it needs: a new one has none (Terraform: \
             azuread_service_principal)",
            "everybody in the tenant: the application can then be given roles and consent here",
            "az ad sp delete --id {client}",
        )
        .or()
        .command("az ad sp create --id {client}"),
    ],
    shows: Shows::Nothing,
    without: None,
};

const APPLICATION_DISABLED: Row = Row {
    codes: &[
        (7000112, "the application is disabled in tenant {tenant}"),
        (70001, "the application is disabled in tenant {tenant}, or is not there"),
        (1000031, "the application cannot be used at this time, by a decision of the tenant"),
    ],
    message: "Entra ID refuses application {client} as disabled ({code})",
    means: &["the secret or assertion was not the reason: the application itself is switched off"],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see whether it is enabled in this tenant",
            "az ad sp show --id {client} --query \"{name:displayName,enabled:accountEnabled}\"",
        ),
        ask("ask who switched it off, and why: it may have been after an incident"),
        shared(
            "then switch it on again",
            "every program that signs in as this application",
            "az ad sp update --id {client} --set accountEnabled=false",
        )
        .command("az ad sp update --id {client} --set accountEnabled=true"),
    ],
    shows: Shows::Nothing,
    without: None,
};

const NOT_ASSIGNED: Row = Row {
    codes: &[
        (501051, "the resource requires its callers to be assigned, and this application is not"),
        (50105, "the resource wants its users assigned, and this user is not"),
    ],
    message: "the resource requires assignment, and this caller has none ({code})",
    means: &["the caller is known: no secret and no network rule is the reason"],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see whether the resource requires assignment",
            "az ad sp list --filter \"servicePrincipalNames/any(n:n eq '{resource}')\" --query \"[].{name:displayName,assigned:appRoleAssignmentRequired}\"",
        ),
        shared(
            "assign the caller to the resource's application (Terraform: \
             azuread_app_role_assignment)",
            "what this caller may do at that resource",
            "remove the same assignment under Enterprise applications, Users and groups",
        ),
    ],
    shows: Shows::Nothing,
    without: None,
};

const APPLICATION_PUBLIC: Row = Row {
    codes: &[(700025, "the application is a public client, which has no secret and no assertion")],
    message: "application {client} is public: it takes no secret ({code})",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see how the application is registered",
            "az ad app show --id {client} --query \"{public:isFallbackPublicClient,redirects:publicClient.redirectUris}\"",
        ),
        local("name an application that is meant for services in AZURE_CLIENT_ID"),
        shared(
            "make this one a confidential client",
            "people who sign in with it from a device or with user name and password no longer can",
            "az ad app update --id {client} --is-fallback-public-client true",
        )
        .or()
        .command("az ad app update --id {client} --is-fallback-public-client false"),
    ],
    shows: Shows::Nothing,
    without: None,
};

const TENANT_UNKNOWN: Row = Row {
    codes: &[
        (90002, "the tenant id is wrong, or the tenant is in another cloud than {host}"),
        (900023, "the tenant is neither an id nor a domain name that {host} knows"),
    ],
    message: "there is no tenant {tenant} at {host}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[
        TENANTS,
        local(
            "correct AZURE_TENANT_ID: the directory's id, not a subscription's and not an \
             application's",
        ),
        local(
            "for a tenant of another cloud, set AZURE_AUTHORITY_HOST to that cloud's login \
             host",
        )
        .or(),
    ],
    shows: Shows::Nothing,
    without: None,
};

const TENANT_COMMON: Row = Row {
    codes: &[
        (50059, "nothing in the request says which tenant is meant"),
        (50128, "nothing in the request says which tenant is meant"),
        (90019, "Entra ID cannot see from the request which tenant is meant"),
        (50194, "the application belongs to one tenant, and /common was asked"),
        (9001023, "this kind of request is not taken at /common or /consumers"),
        (90124, "the resource is not given out at /common or /consumers"),
        (90130, "the application is not known at /common or /consumers"),
    ],
    message: "AZURE_TENANT_ID ({tenant}) does not name one tenant ({code})",
    means: &[
        "common and organizations are for people who sign in; an application's own token belongs \
         to one tenant",
    ],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[TENANTS, local("set AZURE_TENANT_ID to the id of the directory that has the account")],
    shows: Shows::Nothing,
    without: None,
};

const TENANT_ELSEWHERE: Row = Row {
    codes: &[
        (90038, "the tenant is known, and it belongs to another national cloud"),
        (900382, "the tenant belongs to another national cloud"),
        (900432, "the tenant belongs to another national cloud"),
    ],
    message: "the tenant belongs to another cloud than {host}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[
        look(
            "see the clouds and their login hosts",
            "az cloud list --query \"[].{name:name,login:endpoints.activeDirectory}\" -o table",
        ),
        ask("compare: target and tenant must be of the same cloud"),
        local("set AZURE_AUTHORITY_HOST to the login host of the tenant's cloud, or unset it"),
    ],
    shows: Shows::Nothing,
    without: None,
};

const CERTIFICATE_UNKNOWN: Row = Row {
    codes: &[
        (700027, "the key that signed the assertion is not registered with the application"),
        (50012, "the certificate or its signature is not accepted for the application"),
        (700030, "the certificate's subject name is not one that the application allows"),
    ],
    message: "application {client} does not accept the certificate that signed",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see the certificates that the application knows",
            "az ad app credential list --id {client} --cert --query \"[].{thumbprint:customKeyIdentifier,ends:endDateTime}\" -o table",
        ),
        look(
            "see the thumbprint of the one in use",
            "openssl x509 -noout -fingerprint -sha1 -enddate -in \"$AZURE_CLIENT_CERTIFICATE_PATH\"",
        ),
        shared(
            "upload the public part of the certificate, after a renewal before the application \
             uses it (Terraform: azuread_application_certificate)",
            "the application accepts one more certificate; with --append the others stay valid",
            "az ad app credential delete --id {client} --cert --key-id <keyId>",
        )
        .command("az ad app credential reset --id {client} --append --cert @<certificate>"),
    ],
    shows: Shows::Nothing,
    without: None,
};

/// The rules of these rows.
pub(super) const RULES: &[Rule] = &[
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
        "identity-principal-missing",
        Identity,
        "The application has no service principal in the tenant (AADSTS7000229)",
        Entra(&PRINCIPAL_MISSING)
    )
    .short("the application has no service principal"),
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
        "The resource requires its callers to be assigned (AADSTS501051, 50105)",
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
        "The tenant is not a single one: common, organizations (AADSTS50059, 50194)",
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
];
