//! Rows about assertions and federated credentials.

use super::super::{Row, Shows};
use crate::diagnosis::Sure;

pub(in crate::diagnose::rules::identity::entra) const ASSERTION_EXPIRED: Row = Row {
    id: "identity-assertion-expired",
    codes: &[700024],
    says: "the assertion of {source} is outside its time of validity",
    means: &[
        "Entra ID's own number 700024: by its clock the assertion is not valid yet, or no longer",
    ],
    sure: Sure::Proved,
    owner: "Platform",
    look: &[],
    steps: &[
        "set this machine's clock by a time server, if it is wrong",
        "let the file or the job give a fresh assertion: GitHub's live for about five minutes, so ask late",
    ],
    change: &[],
    shows: Shows::Times,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_ISSUER: Row = Row {
    id: "identity-federation-issuer",
    codes: &[700211],
    says: "no federated credential for the assertion's issuer",
    means: &[
        "Entra ID's own number 700211: the issuer is compared letter by letter, a slash at the end counts",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "see the issuers that the application trusts",
            "az ad app federated-credential list --id {client} --query \"[].{issuer:issuer,subject:subject}\" -o table",
        ),
        (
            "or, for a managed identity",
            "az identity federated-credential list --identity-name <identity> -g <group> -o table",
        ),
        (
            "for AKS: see the cluster's issuer as it stands today",
            "az aks show -n <cluster> -g <group> --query oidcIssuerProfile.issuerUrl",
        ),
    ],
    steps: &[],
    change: &[(
        "give a managed identity the credential that fits",
        "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
    )],
    shows: Shows::Assertion,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_AUDIENCE: Row = Row {
    id: "identity-federation-audience",
    codes: &[700212],
    says: "no federated credential for the audience {audience}",
    means: &[
        "Entra ID's own number 700212: the assertion was made for another audience than the credential's",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "see the audiences that the application trusts",
            "az ad app federated-credential list --id {client} --query \"[].{audiences:audiences,issuer:issuer}\"",
        ),
        (
            "or, for a managed identity",
            "az identity federated-credential list --identity-name <identity> -g <group>",
        ),
    ],
    steps: &[
        "ask the assertion's issuer for the audience api://AzureADTokenExchange",
        "or give the federated credential the audience that is presented",
    ],
    change: &[],
    shows: Shows::Assertion,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_SUBJECT: Row = Row {
    id: "identity-federation-subject",
    codes: &[700213],
    says: "no federated credential for {subject}",
    means: &["Entra ID's own number 700213: the issuer is trusted, its subject is another"],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "see the subjects that the application trusts",
            "az ad app federated-credential list --id {client} --query \"[].{issuer:issuer,subject:subject}\" -o table",
        ),
        (
            "or, for a managed identity",
            "az identity federated-credential list --identity-name <identity> -g <group> -o table",
        ),
    ],
    steps: &[
        "or run the workload as the subject that is trusted (namespace, service account, branch, environment)",
    ],
    change: &[(
        "give a managed identity the credential that fits",
        "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
    )],
    shows: Shows::Assertion,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_MISMATCH: Row = Row {
    id: "identity-federation-mismatch",
    codes: &[70021],
    says: "no federated credential fits the assertion",
    means: &[
        "Entra ID's own number 70021: issuer, subject or audience differs; which of them it does not say",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[
        (
            "compare with what the application trusts",
            "az ad app federated-credential list --id {client}",
        ),
        (
            "or, for a managed identity",
            "az identity federated-credential list --identity-name <identity> -g <group>",
        ),
    ],
    steps: &["a credential that was just made acts after some minutes"],
    change: &[(
        "give a managed identity the credential that fits",
        "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
    )],
    shows: Shows::Assertion,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_MISSING: Row = Row {
    id: "identity-federation-missing",
    codes: &[70025],
    says: "application {client} has no federated credential",
    means: &[
        "Entra ID's own number 70025: none is configured on the application or managed identity of this id",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see that AZURE_CLIENT_ID names the identity that was meant",
        "az ad sp show --id {client} --query \"{name:displayName,kind:servicePrincipalType}\"",
    )],
    steps: &[],
    change: &[(
        "give a managed identity the credential that fits",
        "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
    )],
    shows: Shows::Assertion,
};

pub(in crate::diagnose::rules::identity::entra) const FEDERATION_FORBIDDEN: Row = Row {
    id: "identity-federation-forbidden",
    codes: &[700223, 700238],
    says: "tenant {tenant} forbids this federation",
    means: &[
        "Entra ID's own number {number}: a policy of the tenant restricts workload identity federation",
    ],
    sure: Sure::Proved,
    owner: "Identity",
    look: &[(
        "see the tenant's policies for applications",
        "az rest --method get --url https://graph.microsoft.com/v1.0/policies/defaultAppManagementPolicy",
    )],
    steps: &[
        "let the tenant's administrators allow this issuer, or use a managed identity or a certificate",
    ],
    change: &[],
    shows: Shows::Assertion,
};
