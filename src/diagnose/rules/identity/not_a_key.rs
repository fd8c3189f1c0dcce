//! The value in the place of a key, a token or a client secret is something else (facts I90 to I92).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::identity::{CredentialForm, CredentialKind};

use super::acquisition::no_token;
use super::credential::{rejected, source};
use super::entra::refuses_the_secret;

pub(super) const REFERENCE: Rule = rule!(
    "identity-reference-unresolved",
    Identity,
    "A reference to a vault stands where a key or secret belongs",
    Code(reference)
)
.explains(SYMPTOMS)
.short("a Key Vault reference was not resolved");

pub(super) const NOT_A_KEY: Rule = rule!(
    "identity-not-a-key",
    Identity,
    "What is given as a key or secret is something else",
    Code(not_a_key)
)
.explains(SYMPTOMS)
.short("the value is not a key of the account");

const SYMPTOMS: &[&str] = &[
    "identity-key-refused",
    "identity-token-is-key",
    "identity-token-refused",
    "identity-unauthorized",
    "identity-secret-wrong",
];

/// A finding about a value of one of these forms that was refused: by the service, or, as a client
/// secret, by Entra ID. Where Entra ID did not come to judge the secret, something else keeps the token
/// back, and the form is a note.
fn refused(
    e: &View<'_>,
    forms: &[CredentialForm],
    message: impl Fn(CredentialForm) -> (Confidence, String),
) -> Option<(CredentialForm, FindingBuilder)> {
    let is_one = |form: &CredentialForm| forms.contains(form);
    if let Some(no) = no_token(e) {
        let form = no.how.secret_stands_for.filter(is_one)?;
        let (confidence, message) = message(form);
        let finding = match refuses_the_secret(e) {
            true => no.finding(confidence, message),
            false => FindingBuilder::new(Level::Note, Confidence::Inferred, message).reasoning(
                "no token came for another reason: Entra ID has not judged the secret yet",
            ),
        };
        return Some((form, finding.cites("/identity/acquisition/secret_stands_for")));
    }
    let form = e.identity.looks_like.filter(is_one)?;
    let said = rejected(e)?;
    let (confidence, message) = message(form);
    let finding = said.finding(said.level(e), confidence, message);
    Some((form, finding.cites("/identity/looks_like")))
}

fn reference(e: &View<'_>) -> Option<FindingBuilder> {
    let (_, finding) = refused(e, &[CredentialForm::Reference], |_| {
        (Confidence::Proved, format!("{} holds a reference to a vault, not a secret", source(e)))
    })?;
    Some(
        finding
            .reasoning(
                "App Service and Functions replace such a reference by the secret; where they cannot, the \
                 application gets the reference itself, and sends it",
            )
            .reasoning(
                "they cannot where the app's identity may not read the secret, where the vault does not \
                 let its network in, and where the vault, the secret or the syntax is wrong; no other \
                 platform replaces it at all",
            )
            .owner("Application")
            .inspect(
                "see the state of each reference of the app, with its reason",
                "az rest --method get --url \"<app resource id>/config/configreferences/\
                 appsettings?api-version=2023-12-01\" --query \
                 \"value[].{name:name,status:properties.status,why:properties.details}\" -o table",
            )
            .step(Step::inspect(
                "AccessToKeyVaultDenied: see the app's identity and its role on the vault (Key Vault \
                 Secrets User), and the vault's network rules; VaultNotFound, SecretNotFound: see the \
                 names",
            ))
            .step(Step::local(
                "when the state is Resolved, restart the application, so that it reads the secret",
            ))
            .step(Step::local("outside App Service, put the secret itself there").or())
            .check(reading::again(e)),
    )
}

fn not_a_key(e: &View<'_>) -> Option<FindingBuilder> {
    // A gateway has keys of its own in whatever form.
    let accounts = e.identity.kind == CredentialKind::ApiKey && !host_kind(e).is_gateway();
    const NO_KEY: &[CredentialForm] = &[
        CredentialForm::Placeholder,
        CredentialForm::Quoted,
        CredentialForm::Named,
        CredentialForm::Url,
        CredentialForm::OpenaiKey,
        CredentialForm::Base64,
    ];
    let forms = if accounts { NO_KEY } else { &NO_KEY[..4] };
    let source = source(e);
    let (form, finding) = refused(e, forms, |form| match form {
        CredentialForm::OpenaiKey => (
            Confidence::Inferred,
            format!("{source} holds a key of OpenAI's own platform, by its form"),
        ),
        CredentialForm::Base64 => {
            (Confidence::Inferred, format!("{source} holds the base64 of a key, by its form"))
        }
        CredentialForm::Quoted => {
            (Confidence::Inferred, format!("{source} holds quotes around its value"))
        }
        CredentialForm::Named => (
            Confidence::Inferred,
            format!("{source} holds a whole line, NAME=value, not the value"),
        ),
        CredentialForm::Url => (Confidence::Inferred, format!("{source} holds a URL")),
        _ => (Confidence::Inferred, format!("{source} holds a placeholder, by its form")),
    })?;
    let (why, step) = match form {
        CredentialForm::OpenaiKey => (
            "keys of api.openai.com begin with sk-; no key of an Azure account does, and neither \
             service takes the other's",
            format!("put a key of the account into {source}, and restart what reads it"),
        ),
        CredentialForm::Base64 => (
            "decoded, the value has the form of a key: a secret of Kubernetes is kept in base64, and \
             was copied, or encoded twice",
            format!("put the decoded value into {source}, and restart what reads it"),
        ),
        CredentialForm::Quoted => (
            "no key, token or secret has quotes around it: docker run --env-file and others take them \
             as a part of the value",
            format!("write the value of {source} without quotes, and restart what reads it"),
        ),
        CredentialForm::Named => (
            "the name of a variable and = are a part of the value: a line of a file was copied whole",
            format!("keep only what follows the = in {source}, and restart what reads it"),
        ),
        CredentialForm::Url => (
            "no key, token or secret is a URL: the endpoint may stand there by mistake",
            format!("put the real value into {source}, and restart what reads it"),
        ),
        _ => (
            "it is a word of a template (in brackets, or beginning with your, replace or the like), \
             which was not replaced, or a word for no value (None, null, undefined)",
            format!("put the real value into {source}, and restart what reads it"),
        ),
    };
    Some(
        finding
            .reasoning(why)
            .owner("Application")
            .step(Step::inspect(format!("see where {source} is set")))
            .step(Step::local(step))
            .check(reading::again(e)),
    )
}
