//! Rows about assertions and federated credentials.

use super::super::step::{Do, ask, local, look, shared};
use super::super::{Row, Shows};
use crate::diagnose::Rule;
use crate::diagnosis::Confidence;

/// Shows the federated credentials of an application.
const OF_APPLICATION: Do = look(
    "see what the application trusts",
    "az ad app federated-credential list --id {client} --query \"[].{issuer:issuer,subject:subject,audiences:audiences}\"",
);
/// Shows those of a managed identity.
const OF_IDENTITY: Do = look(
    "for a managed identity",
    "az identity federated-credential list --identity-name <identity> -g <group> --query \"[].{issuer:issuer,subject:subject,audiences:audiences}\"",
).or();

/// Adds a federated credential.
const ADD: Do = shared(
    "if this workload is to be trusted: add the credential that fits (Terraform: \
     azurerm_federated_identity_credential; of an application: \
     azuread_application_federated_identity_credential)",
    "a client that obtains an assertion of this issuer and subject can act as the identity, with all \
     of its roles",
    "az identity federated-credential delete --identity-name <identity> -g <group> --name <name>",
)
.command(
    "az identity federated-credential create --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
);

const SOON: Do = ask("a credential that was just made or changed takes effect after some minutes");

const ASSERTION_EXPIRED: Row = Row {
    codes: &[
        (700024, "by Entra ID's clock the assertion is not valid yet, or no longer"),
        (500133, "by Entra ID's clock the assertion is not valid yet, or no longer"),
    ],
    message: "the assertion of {source} is outside its time of validity",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Azure platform",
    steps: &[
        ask("let the file or the job get a fresh assertion: GitHub's last about five minutes, so \
             ask late"),
        local("set this machine's clock from a time server, if it is wrong"),
    ],
    shows: Shows::Times,
    without: None,
};

const ASSERTION_INVALID: Row = Row {
    codes: &[
        (
            50027,
            "the assertion is not a JWT that Entra ID can use: form, claims, issuer or signature",
        ),
        (50013, "the assertion is not one that can be presented here"),
        (50048, "the assertion's subject does not belong to its issuer"),
        (900384, "the assertion's signature does not verify"),
    ],
    message: "Entra ID cannot use the assertion of {source} ({code})",
    means: &["issuer, subject and audience were not compared yet: the assertion itself fails"],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[
        look(
            "see the assertion's header and claims (never paste them whole anywhere)",
            "cut -d. -f1,2 <file> | tr '.' '\\n' | tr '_-' '/+' | base64 -d 2>/dev/null",
        ),
        ask("check that the file holds the workload's own assertion, whole and without quotes"),
        local("let the issuer write a new one: its signing keys may have changed since").or(),
    ],
    shows: Shows::Claims,
    without: None,
};

const ISSUER_UNREACHABLE: Row = Row {
    codes: &[
        (501661, "Entra ID's own request to the issuer for its keys failed"),
        (50166, "Entra ID's own request to the issuer for its keys failed"),
        (90061, "Entra ID's own request to the issuer for its keys failed"),
        (900612, "what the issuer publishes as its signing keys cannot be read"),
    ],
    message: "Entra ID cannot get the signing keys of the assertion's issuer ({code})",
    means: &[
        "Entra ID fetches two pages from the internet: {metadata} and the jwks_uri in it",
        "possible: the issuer is private or filtered, its pages are broken or incomplete, or the \
         failure was a passing one; this machine's own way to the issuer says nothing about it",
    ],
    confidence: Confidence::Proved,
    owner: "Azure platform",
    steps: &[
        look(
            "ask for both pages from a machine on the internet, outside your networks",
            "curl -sS {metadata}",
        ),
        look("then the address in its field jwks_uri", "curl -sS <jwks_uri>"),
        look(
            "for AKS: see the cluster's present issuer",
            "az aks show -n <cluster> -g <group> --query oidcIssuerProfile",
        ),
        ask("if both answer with JSON there: ask for the token again after some minutes"),
        shared(
            "else make both pages readable from the internet: they hold public keys alone (a \
             private GitLab or Kubernetes can publish copies, at the same issuer URL)",
            "the issuer's name and public keys are public",
            "take the copies or the firewall's rule away again: federation then fails as now",
        ),
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_ISSUER: Row = Row {
    codes: &[(700211, "the issuer is compared letter by letter, and a slash at the end counts")],
    message: "no federated credential for the assertion's issuer",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        OF_APPLICATION,
        OF_IDENTITY,
        look(
            "for AKS: see the cluster's present issuer",
            "az aks show -n <cluster> -g <group> --query oidcIssuerProfile.issuerUrl",
        ),
        ADD,
        SOON,
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_AUDIENCE: Row = Row {
    codes: &[(700212, "the assertion was made for another audience than the credential's")],
    message: "no federated credential for the audience {audience}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        OF_APPLICATION,
        OF_IDENTITY,
        local(
            "let the workload ask its issuer for the audience api://AzureADTokenExchange \
             (China: api://AzureADTokenExchangeChina, US Government: \
             api://AzureADTokenExchangeUSGov)",
        ),
        shared(
            "give the federated credential the audience that is presented",
            "workloads that present the old audience are refused",
            "az identity federated-credential update --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences api://AzureADTokenExchange",
        ).or()
        .command(
            "az identity federated-credential update --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences {audience}",
        ),
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_SUBJECT: Row = Row {
    codes: &[(700213, "the issuer is trusted, and no credential has this subject")],
    message: "no federated credential for {subject}",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        OF_APPLICATION,
        OF_IDENTITY,
        ADD,
        local(
            "run the workload as the subject that is trusted (namespace and service account, \
             branch, environment)",
        )
        .or(),
        SOON,
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_CASE: Row = Row {
    codes: &[(
        7002138,
        "a federated credential has this subject in other capitals; they are compared exactly",
    )],
    message: "the federated credential's subject differs in letter case alone",
    means: &[
        "Entra ID does not send the subject that it has: the list below shows it, to be compared \
         with the presented one",
    ],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        OF_APPLICATION,
        OF_IDENTITY,
        shared(
            "write the credential's subject as it is presented; editing fails for some, then \
             delete it and create it again",
            "workloads that present the subject in the old spelling are refused",
            "the same command with the subject that the list shows now",
        )
        .command(
            "az identity federated-credential update --identity-name <identity> -g <group> --name <name> --issuer {issuer} --subject {subject} --audiences {audience}",
        ),
        SOON,
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_MISMATCH: Row = Row {
    codes: &[(70021, "issuer, subject or audience differs; which of them it does not say")],
    message: "no federated credential fits the assertion",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[OF_APPLICATION, OF_IDENTITY, ADD, SOON],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_MISSING: Row = Row {
    codes: &[(
        70025,
        "the application or managed identity of this id has no such credential at all",
    )],
    message: "application {client} has no federated credential",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "check that AZURE_CLIENT_ID names the identity that was meant",
            "az ad sp show --id {client} --query \"{name:displayName,kind:servicePrincipalType}\"",
        ),
        ADD,
        SOON,
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_FORBIDDEN: Row = Row {
    codes: &[
        (700223, "a policy of tenant {tenant} restricts workload identity federation"),
        (700238, "a policy of tenant {tenant} does not allow this issuer"),
        (
            7002381,
            "tenant {tenant} takes GitHub's assertions with a claim enterprise of its own alone: \
             a repository of a person has none",
        ),
    ],
    message: "tenant {tenant} does not allow this federation ({code})",
    means: &[],
    confidence: Confidence::Proved,
    owner: "Identity",
    steps: &[
        look(
            "see the tenant's policies for applications",
            "az rest --method get --url https://graph.microsoft.com/v1.0/policies/defaultAppManagementPolicy",
        ),
        ask("ask the tenant's administrators to allow this issuer: the policy may be deliberate, \
             and holds for every application of the tenant"),
        local("use a managed identity of the platform, or a certificate").or(),
    ],
    shows: Shows::Assertion,
    without: None,
};

const FEDERATION_OF_ENTRA: Row = Row {
    codes: &[
        (700222, "tokens that Entra ID itself issued are not taken in this federation"),
        (700226, "of Entra ID's own tokens, only those of managed identities are taken"),
        (700229, "of Entra ID's own tokens, only those of applications are taken, not of users"),
        (
            700236,
            "tenant {tenant} takes no tokens of that issuer, an Entra ID tenant, as assertions",
        ),
    ],
    message: "the assertion of {source} is a token of Entra ID itself ({code})",
    means: &[
        "a federated credential trusts another issuer's assertions; of Entra ID's own tokens, only \
         one of a managed identity is taken, for an application (not for another managed \
         identity), with the audience api://AzureADTokenExchange",
    ],
    confidence: Confidence::Proved,
    owner: "Application",
    steps: &[
        look(
            "see who issued the assertion and for whom (its claims iss, sub and aud; never paste \
             it whole anywhere)",
            "cut -d. -f2 <file> | tr '_-' '/+' | base64 -d 2>/dev/null",
        ),
        look(
            "see whether the client id is an application or a managed identity",
            "az ad sp show --id {client} --query \"{name:displayName,kind:servicePrincipalType}\"",
        ),
        OF_APPLICATION,
        local(
            "let the workload present its platform's own assertion (a projected service account \
             token, a GitHub job's token)",
        ),
        local(
            "use the managed identity directly, without a federation: --credential \
             managed-identity, ManagedIdentityCredential",
        )
        .or(),
    ],
    shows: Shows::Assertion,
    without: None,
};

/// The rules of these rows.
pub(super) const RULES: &[Rule] = &[
    rule!(
        "identity-assertion-expired",
        Identity,
        "The assertion is outside its time of validity (AADSTS700024)",
        Entra(&ASSERTION_EXPIRED)
    )
    .short("the assertion is outside its validity period"),
    rule!(
        "identity-assertion-invalid",
        Identity,
        "The assertion cannot be used: form, claims or signature (AADSTS50027, 900384)",
        Entra(&ASSERTION_INVALID)
    )
    .short("Entra ID rejects the assertion"),
    rule!(
        "identity-federation-issuer-unreachable",
        Identity,
        "Entra ID cannot get the issuer's signing keys (AADSTS501661, 50166, 90061)",
        Entra(&ISSUER_UNREACHABLE)
    )
    .short("Entra ID cannot get the issuer's keys"),
    rule!(
        "identity-federation-issuer",
        Identity,
        "No federated credential has the assertion's issuer (AADSTS700211)",
        Entra(&FEDERATION_ISSUER)
    ),
    rule!(
        "identity-federation-audience",
        Identity,
        "No federated credential has the assertion's audience (AADSTS700212)",
        Entra(&FEDERATION_AUDIENCE)
    )
    .short("no federated credential has this audience"),
    rule!(
        "identity-federation-subject",
        Identity,
        "No federated credential has the assertion's subject (AADSTS700213)",
        Entra(&FEDERATION_SUBJECT)
    )
    .short("no federated credential has this subject"),
    rule!(
        "identity-federation-subject-case",
        Identity,
        "The federated subject differs in letter case alone (AADSTS7002138)",
        Entra(&FEDERATION_CASE)
    )
    .short("the subject differs in letter case"),
    rule!(
        "identity-federation-mismatch",
        Identity,
        "No federated credential fits the assertion (AADSTS70021)",
        Entra(&FEDERATION_MISMATCH)
    ),
    rule!(
        "identity-federation-missing",
        Identity,
        "The application has no federated credential at all (AADSTS70025)",
        Entra(&FEDERATION_MISSING)
    )
    .short("the application has no federated credential"),
    rule!(
        "identity-federation-forbidden",
        Identity,
        "The tenant does not allow this federation (AADSTS700223, 700238)",
        Entra(&FEDERATION_FORBIDDEN)
    )
    .short("the tenant forbids this federation"),
    rule!(
        "identity-federation-entra-token",
        Identity,
        "The assertion is a token of Entra ID itself (AADSTS700222, 700226, 700229, 700236)",
        Entra(&FEDERATION_OF_ENTRA)
    )
    .short("the assertion is Entra ID's own token"),
];
