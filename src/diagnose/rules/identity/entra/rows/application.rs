//! Rows about the application, its secret or certificate, its tenant.

use super::super::{Row, Shows};
use crate::diagnosis::Sure;

pub(in crate::diagnose::rules::identity::entra) const SECRET_WRONG: Row = Row {
    id: "identity-secret-wrong",
    codes: &[7000215],
    says: "{source} is no secret of application {client}",
    means: &["Entra ID's own number 7000215: the value sent is none of the application's secrets"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see which secrets the application has (their first letters, never their values)",
        "az ad app credential list --id {client} --query \"[].{hint:hint,id:keyId,ends:endDateTime}\" -o table",
    )],
    steps: &[
        "put the secret's value into {source}, not its id, and not the secret of another application",
    ],
    change: &[(
        "or make a new secret beside the others",
        "az ad app credential reset --id {client} --append",
    )],
    shows: Shows::Secret,
};

pub(in crate::diagnose::rules::identity::entra) const SECRET_EXPIRED: Row = Row {
    id: "identity-secret-expired",
    codes: &[7000222],
    says: "the secret of application {client} has expired",
    means: &[
        "Entra ID's own number 7000222: the secret was one of the application's, and its time is over",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see when its secrets end",
        "az ad app credential list --id {client} --query \"[].{hint:hint,id:keyId,ends:endDateTime}\" -o table",
    )],
    steps: &["put the new value into {source} wherever the application runs"],
    change: &[(
        "make a new secret beside the old one",
        "az ad app credential reset --id {client} --append",
    )],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const APPLICATION_UNKNOWN: Row = Row {
    id: "identity-application-unknown",
    codes: &[700016],
    says: "the tenant has no application {client}",
    means: &[
        "Entra ID's own number 700016: no application of this id is registered or enabled in tenant {tenant}",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "see the tenant that this login works in",
            "az account show --query \"{tenant:tenantId,name:name}\"",
        ),
        (
            "see whether it has the application",
            "az ad sp show --id {client} --query \"{name:displayName,tenant:appOwnerOrganizationId}\"",
        ),
    ],
    steps: &[
        "correct AZURE_CLIENT_ID (the application's id, not its object id) or AZURE_TENANT_ID",
    ],
    change: &[(
        "or add an application of another tenant to this one",
        "az ad sp create --id {client}",
    )],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const TENANT_UNKNOWN: Row = Row {
    id: "identity-tenant-unknown",
    codes: &[90002, 900023],
    says: "there is no tenant {tenant} at {host}",
    means: &[
        "Entra ID's own number {number}: the tenant id is wrong, or the tenant lives in another cloud than {host}",
    ],
    sure: Sure::Proved,
    owner: "Application",
    look: &[(
        "see the tenants of this login",
        "az account list --query \"[].{name:name,tenant:tenantId,cloud:environmentName}\" -o table",
    )],
    steps: &[
        "correct AZURE_TENANT_ID: the directory's id, no subscription's and no application's",
        "for a tenant of another cloud set AZURE_AUTHORITY_HOST to that cloud's login host",
    ],
    change: &[],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const TENANT_COMMON: Row = Row {
    id: "identity-tenant-common",
    codes: &[50059, 50194],
    says: "AZURE_TENANT_ID ({tenant}) names no single tenant ({code})",
    means: &[
        "Entra ID's own number {number}: common and organizations are for people who sign in; an application's own token is one tenant's",
    ],
    sure: Sure::Proved,
    owner: "Application",
    look: &[(
        "see the tenants of this login",
        "az account list --query \"[].{name:name,tenant:tenantId,cloud:environmentName}\" -o table",
    )],
    steps: &["set AZURE_TENANT_ID to the id of the directory that has the account"],
    change: &[],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const TENANT_ELSEWHERE: Row = Row {
    id: "identity-tenant-elsewhere",
    codes: &[90038, 900382, 900432],
    says: "the tenant belongs to another cloud than {host}",
    means: &[
        "Entra ID's own number {number}: the tenant is known, and it is one of another national cloud",
    ],
    sure: Sure::Proved,
    owner: "Application",
    look: &[(
        "see the clouds and their login hosts",
        "az cloud list --query \"[].{name:name,login:endpoints.activeDirectory}\" -o table",
    )],
    steps: &[
        "set AZURE_AUTHORITY_HOST to the login host of the tenant's cloud, or unset it",
        "see that the target is of the same cloud as the tenant",
    ],
    change: &[],
    shows: Shows::Nothing,
};

pub(in crate::diagnose::rules::identity::entra) const CERTIFICATE_UNKNOWN: Row = Row {
    id: "identity-certificate-unknown",
    codes: &[700027],
    says: "the signature is none that application {client} knows",
    means: &[
        "Entra ID's own number 700027: the key that signed the assertion is not registered with the application",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "see the certificates that the application knows",
            "az ad app credential list --id {client} --cert --query \"[].{thumbprint:customKeyIdentifier,ends:endDateTime}\" -o table",
        ),
        (
            "see the thumbprint of the one in use",
            "openssl x509 -noout -fingerprint -sha1 -enddate -in <certificate>",
        ),
    ],
    steps: &["after a renewal: upload the new certificate before the application uses it"],
    change: &[(
        "upload the public part of the certificate",
        "az ad app credential reset --id {client} --append --cert @<certificate>",
    )],
    shows: Shows::Nothing,
};
