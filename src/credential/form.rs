//! What a value looks like, where a key, a token or a client secret belongs (facts I90 to I92).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::has_form_of_a_key;
use crate::evidence::identity::CredentialForm;
use crate::target::{is_no_value, is_reference};

/// The most bytes of a value that is to be replaced: no template is longer.
const LONGEST_WORD: usize = 80;

/// What a value that is not a JWT looks like.
pub(super) fn of(value: &str) -> CredentialForm {
    let value = value.trim();
    let lower = Zeroizing::new(value.to_ascii_lowercase());
    if is_reference(value) {
        return CredentialForm::Reference;
    }
    if is_placeholder(&lower) {
        return CredentialForm::Placeholder;
    }
    if value.len() > 1 && value.starts_with(['\'', '`']) && value.ends_with(['\'', '`']) {
        return CredentialForm::Quoted;
    }
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return CredentialForm::Url;
    }
    if value.split_once('=').is_some_and(|(name, rest)| is_variable(name) && !rest.is_empty()) {
        return CredentialForm::Named;
    }
    if value.starts_with("sk-") && value.len() >= 20 {
        return CredentialForm::OpenaiKey;
    }
    let inside = STANDARD.decode(value).ok().map(Zeroizing::new);
    let inside = inside.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    // A line end is inside where `echo` wrote the value.
    match inside.is_some_and(|inside| has_form_of_a_key(inside.trim_end())) {
        true => CredentialForm::Base64,
        false => CredentialForm::Opaque,
    }
}

/// Whether this is the name of a variable, as no beginning of a key is: capitals with an underscore.
fn is_variable(name: &str) -> bool {
    name.contains('_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a value in lower case is a word of a template. No key has such brackets, and no key is
/// of letters and joining marks alone.
fn is_placeholder(lower: &str) -> bool {
    const BRACKETS: &[(&str, &str)] =
        &[("<", ">"), ("{{", "}}"), ("${", "}"), ("$(", ")"), ("#{", "}#"), ("%", "%")];
    const WORDS: &[&str] = &["your", "replace", "changeme", "change-me", "change_me", "insert"];
    let wrapped = BRACKETS.iter().any(|(open, close)| {
        lower.len() > open.len() + close.len() && lower.starts_with(open) && lower.ends_with(close)
    });
    let words = lower.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_. ".contains(&byte))
        && WORDS.iter().any(|word| lower.starts_with(word));
    lower.len() <= LONGEST_WORD && (wrapped || words || is_no_value(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_stands_for_a_key_is_not_one() {
        for (value, form) in [
            (
                "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/x)",
                CredentialForm::Reference,
            ),
            ("@Microsoft.KeyVault(VaultName=kv;SecretName=x)", CredentialForm::Reference),
            ("<your-api-key>", CredentialForm::Placeholder),
            ("${AZURE_OPENAI_API_KEY}", CredentialForm::Placeholder),
            ("YOUR_API_KEY", CredentialForm::Placeholder),
            ("None", CredentialForm::Placeholder),
            ("undefined", CredentialForm::Placeholder),
            ("'9f8e7d6c5b4a39281706f5e4d3c2b1a0'", CredentialForm::Quoted),
            ("AZURE_OPENAI_API_KEY=9f8e7d6c5b4a39281706f5e4d3c2b1a0", CredentialForm::Named),
            ("https://myacct.openai.azure.com/", CredentialForm::Url),
            ("QUJD_x=y", CredentialForm::Opaque),
            ("QUJDREVGRw==", CredentialForm::Opaque),
            ("sk-proj-abcdefghijklmnopqrstuvwxyz", CredentialForm::OpenaiKey),
            ("OWY4ZTdkNmM1YjRhMzkyODE3MDZmNWU0ZDNjMmIxYTA=", CredentialForm::Base64),
            ("9f8e7d6c5b4a39281706f5e4d3c2b1a0", CredentialForm::Opaque),
            ("a%2Fb%", CredentialForm::Opaque),
            ("abc8Q~yourself", CredentialForm::Opaque),
        ] {
            assert_eq!(of(value), form, "{value}");
        }
    }
}
