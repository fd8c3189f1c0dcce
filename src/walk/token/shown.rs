//! Which parts of a token request may be shown, and which are secret.

use url::Url;

use crate::credential::flow::{NOT_AN_ID, shown_id};
use crate::credential::outbound::OutboundRequest;
use crate::secret::Secret;

/// Names of query and form fields that hold an identity.
const IDENTITY_FIELDS: &[&str] =
    &["client_id", "clientid", "object_id", "principal_id", "mi_res_id", "msi_res_id"];

/// Whether a field should hold an id and does not have the form of one: it may be a secret in the
/// wrong variable.
fn is_malformed_id(name: &str, value: &str) -> bool {
    IDENTITY_FIELDS.contains(&name) && shown_id(value) == NOT_AN_ID
}

/// Names of query fields that hold no secret. The address of a platform comes from a variable,
/// whose own query may hold one.
const PLAIN_FIELDS: &[&str] = &["api-version", "audience", "format", "resource"];

/// Whether the value of a query field may be a secret.
fn is_kept_back(name: &str, value: &str) -> bool {
    match IDENTITY_FIELDS.contains(&name) {
        true => is_malformed_id(name, value),
        false => !PLAIN_FIELDS.contains(&name),
    }
}

/// A request's address for outputs.
pub(super) fn shown_url(url: &Url) -> Url {
    let mut shown = url.clone();
    if url.query_pairs().any(|(name, value)| is_kept_back(&name, &value)) {
        let pairs = url.query_pairs().map(|(name, value)| match is_kept_back(&name, &value) {
            true => (name, "not-shown".into()),
            false => (name, value),
        });
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown
}

/// The secrets of a request: values of its form and of its authorization, and an identity that
/// does not have the form of one.
pub(super) fn secrets(request: &OutboundRequest) -> Vec<Secret> {
    let form = request.form.iter().flat_map(|form| {
        url::form_urlencoded::parse(form.expose().as_bytes())
            .filter(|(name, value)| {
                let secret = matches!(name.as_ref(), "client_secret" | "client_assertion");
                secret || is_malformed_id(name, value)
            })
            // An echo may lack the line end at its end.
            .map(|(_, value)| Secret::new(value.trim().to_owned()))
            .collect::<Vec<_>>()
    });
    let headers = request.headers.iter().filter_map(|(name, value)| {
        let value = value.expose();
        let bare = match name.to_ascii_lowercase().as_str() {
            // Behind the scheme's name.
            "authorization" => value.split_once(' ').map_or(value, |(_, rest)| rest),
            "x-identity-header" | "secret" => value,
            _ => return None,
        };
        Some(Secret::new(bare.trim().to_owned()))
    });
    let query = request.url.query_pairs().filter(|(name, value)| is_kept_back(name, value));
    let query = query.map(|(_, value)| Secret::new(value.into_owned()));
    form.chain(headers).chain(query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::identity::TokenPurpose;

    #[test]
    fn a_secret_in_the_place_of_an_id_is_kept_secret() {
        let secret = "abc8Q~canary.1234_567-890abcdefgh";
        let request = |id: &str, url: &str| OutboundRequest {
            purpose: TokenPurpose::Entra,
            method: "POST",
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            form: Some(Secret::new(format!("client_id={id}&scope=s"))),
        };
        let url = format!("http://169.254.169.254/m?api-version=1&client_id={secret}");
        let swapped = request(secret, &url);
        let echo = format!("application '{secret}' was not found");
        for secret in &secrets(&swapped) {
            assert!(!secret.redact(&echo).contains("canary"));
        }
        assert_eq!(secrets(&swapped).len(), 2);
        assert_eq!(
            shown_url(&swapped.url).as_str(),
            "http://169.254.169.254/m?api-version=1&client_id=not-shown"
        );
        let of_a_variable = request("x", "http://169.254.169.254/m?code=canary-code&api-version=1");
        assert_eq!(
            shown_url(&of_a_variable.url).as_str(),
            "http://169.254.169.254/m?code=not-shown&api-version=1"
        );
        assert_eq!(secrets(&of_a_variable)[1].redact("no canary-code here"), "no [secret] here");
        let id = "11111111-2222-3333-4444-555555555555";
        let url = format!("http://169.254.169.254/m?client_id={id}");
        let right = request(id, &url);
        assert!(secrets(&right).is_empty());
        assert_eq!(shown_url(&right.url), right.url);
    }
}
