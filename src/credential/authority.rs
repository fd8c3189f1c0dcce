//! The authority and the tenant as variables name them: checked before a secret goes there, and
//! never repeated when they do not pass.

use url::{Host, Url};

use crate::clouds::Cloud;
use crate::secret::has_form_of_a_key;

/// The variable of the authority.
pub(super) const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";

/// The authority that `AZURE_AUTHORITY_HOST` names: its host alone, as the SDK for Rust takes it.
///
/// # Errors
///
/// What is wrong with it; no part of it is repeated, for it may hold a password.
pub(super) fn host(text: &str) -> Result<String, String> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let wrong = |what: &str| Err(format!("{AUTHORITY_HOST} {what}"));
    match Url::parse(&whole) {
        Ok(url) if url.scheme() != "https" => {
            wrong("is not an https URL: the secret would be readable")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("holds a user name or a password")
        }
        Ok(url) if matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))) => {
            wrong("is an IP address: name the login host")
        }
        // A URL's host has lost its capitals.
        Ok(_) if text.split(['/', ':', '.']).any(has_form_of_a_key) => {
            wrong("looks like a key, and was not looked up: name the login host")
        }
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => {
            Ok(url.origin().ascii_serialization())
        }
        _ => wrong("is not the URL of a host"),
    }
}

/// The cloud whose login host an authority is (fact D24); none for any other host.
pub(super) fn cloud(authority: &str) -> Option<Cloud> {
    Cloud::of_login_host(authority.strip_prefix("https://").unwrap_or(authority))
}

/// A tenant's name: letters, digits, dots and hyphens, as the SDKs check it. Anything else would
/// be another path at the authority.
///
/// # Errors
///
/// That it is not one; it is not repeated.
pub(super) fn tenant(text: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    match !text.is_empty() && text.chars().all(fits) && !text.contains("..") {
        true => Ok(()),
        false => Err("AZURE_TENANT_ID is neither a tenant id nor a domain name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_over_tls() {
        assert_eq!(host("login.microsoftonline.us").unwrap(), "https://login.microsoftonline.us");
        assert_eq!(
            host(" https://login.contoso.example:8443/path/").unwrap(),
            "https://login.contoso.example:8443"
        );
        for bad in [
            "http://login.microsoftonline.com",
            "https://u:canary@login.microsoftonline.com",
            "https://canary@h",
            "https://",
            "ftp://canary",
            "canary canary",
            "10.1.2.3",
            "https://[fd00::1]/",
            "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
            "https://9f8e7d6c5b4a39281706f5e4d3c2b1a0.example/",
        ] {
            let error = host(bad).unwrap_err();
            assert!(!error.contains("canary") && !error.contains("9f8e"), "{error}");
        }
    }

    #[test]
    fn a_tenant_is_not_a_path() {
        for good in ["6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f", "contoso.onmicrosoft.com", "common"] {
            assert!(tenant(good).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "a?b", "..", "a@b", "a b", "t#"] {
            assert!(tenant(bad).is_err(), "{bad}");
        }
    }
}
