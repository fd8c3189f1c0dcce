//! How a key or token is come by: the catalogue of sources and their order.
//!
//! Nothing here contacts anything or prints a value; the secret leaves through
//! [`Credential::authentication`] alone.

pub mod claims;
mod file;

use std::time::{Duration, SystemTime};

use crate::evidence::identity::{
    CredentialForm, CredentialKind, IdentityHop, NotTaken, TokenClaims,
};
use crate::secret::Secret;
pub use crate::secret::looks_like_a_key;
use crate::target::Target;
use crate::wire::http::Authentication;
use crate::world::Environment;

/// The variable that the Azure SDKs read an API key from.
pub const API_KEY_VARIABLE: &str = "AZURE_OPENAI_API_KEY";
/// The variable that the Azure SDKs read a ready token from.
pub const TOKEN_VARIABLE: &str = "AZURE_OPENAI_AD_TOKEN";

/// One way to get a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The word for `--credential`.
    pub name: &'static str,
    /// What it is, for lists.
    pub title: &'static str,
}

/// Every source, in the order in which `auto` tries them; the first that is configured is taken.
pub const SOURCES: &[Source] = &[
    Source { name: "api-key-file", title: "an API key from --api-key-file" },
    Source { name: "token-file", title: "an Entra token from --token-file" },
    Source { name: "api-key", title: "an API key from AZURE_OPENAI_API_KEY" },
    Source { name: "token", title: "an Entra token from AZURE_OPENAI_AD_TOKEN" },
];

/// What the user wants to be called as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// The first configured source.
    #[default]
    Auto,
    /// No credential.
    None,
    /// The source of this name.
    Named(String),
}

/// Where credentials may come from.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `--credential`.
    pub choice: Choice,
    /// `--api-key-file`.
    pub api_key_file: Option<String>,
    /// `--token-file`.
    pub token_file: Option<String>,
    /// How long to wait for the end of a pipe.
    pub patience: Duration,
}

/// Why a credential cannot be used. No message holds any part of its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A named source that is not configured.
    #[error("--credential {0}: {1} is not set")]
    NotConfigured(String, String),
    /// A named source that does not exist.
    #[error("--credential takes the name of a source: auto, none, {0}")]
    Unknown(String),
    /// The file cannot be read.
    #[error("{option} {path}: {says}")]
    File {
        /// The option that named it.
        option: &'static str,
        /// The file.
        path: String,
        /// Why.
        says: String,
    },
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(String),
    /// The value also stands where it would be looked up, sent or shown.
    #[error(
        "the value of {0} also stands in the target, a deployment, a version or a path, \
         where it would be looked up and shown: nothing was sent"
    )]
    Misplaced(String),
    /// A character that no key or token has.
    #[error(
        "{source_name} holds a {what} at character {at}: \
         was more than the bare key or token copied?"
    )]
    Character {
        /// The variable or file.
        source_name: String,
        /// What kind of character.
        what: &'static str,
        /// Its place, from 1.
        at: usize,
    },
}

/// A credential in hand, or none.
#[derive(Debug)]
pub struct Credential {
    kind: CredentialKind,
    source: Option<String>,
    secret: Option<Secret>,
    file_mode_open: Option<String>,
    not_taken: Vec<NotTaken>,
}

impl Credential {
    /// No credential.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            kind: CredentialKind::None,
            source: None,
            secret: None,
            file_mode_open: None,
            not_taken: Vec::new(),
        }
    }

    /// Finds and reads the credential that `request` asks for.
    ///
    /// # Errors
    ///
    /// [`CredentialError`]; a source that is configured and unreadable is an error, never
    /// passed over in silence.
    pub fn find(request: &Request, environment: &Environment) -> Result<Self, CredentialError> {
        let configured: Vec<(&Source, String)> = SOURCES
            .iter()
            .filter_map(|source| configured(source, request, environment).map(|c| (source, c)))
            .collect();
        let taken = match &request.choice {
            Choice::None => return Ok(Self::none()),
            Choice::Auto => configured.first(),
            Choice::Named(name) => {
                if !SOURCES.iter().any(|source| source.name == name) {
                    let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
                    return Err(CredentialError::Unknown(names.join(", ")));
                }
                let found = configured.iter().find(|(source, _)| source.name == name);
                Some(found.ok_or_else(|| {
                    CredentialError::NotConfigured(name.clone(), place(name).to_owned())
                })?)
            }
        };
        let Some((source, place)) = taken else { return Ok(Self::none()) };
        let is_file = source.name.ends_with("-file");
        let (value, file_mode_open) = if is_file {
            file::read(self::place(source.name), place, request.patience)?
        } else {
            (zeroize::Zeroizing::new(environment.get(place).unwrap_or_default().to_owned()), None)
        };
        let label = if place == "-" { "standard input" } else { place };
        let secret = checked(&value, label)?;
        Ok(Self {
            kind: if source.name.starts_with("api-key") {
                CredentialKind::ApiKey
            } else {
                CredentialKind::Token
            },
            source: Some(label.to_owned()),
            secret: Some(secret),
            file_mode_open,
            not_taken: configured
                .iter()
                .filter(|(other, _)| other.name != source.name)
                .map(|(_, other)| NotTaken {
                    source: other.clone(),
                    why: format!("{label} comes first"),
                })
                .collect(),
        })
    }

    /// What goes into a request.
    #[must_use]
    pub fn authentication(&self) -> Authentication<'_> {
        match (self.kind, &self.secret) {
            (CredentialKind::ApiKey, Some(key)) => Authentication::ApiKey(key),
            (CredentialKind::Token, Some(token)) => Authentication::Bearer(token),
            _ => Authentication::None,
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Refuses a credential that also stands in something that was typed.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Misplaced`].
    pub fn misplaced(&self, typed: &[&str]) -> Result<(), CredentialError> {
        match &self.secret {
            Some(secret) if typed.iter().any(|text| secret.stands_in(text)) => {
                Err(CredentialError::Misplaced(self.source.clone().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }

    /// The mode of its file in octal, when others may read it.
    #[must_use]
    pub fn file_mode_open(&self) -> Option<&str> {
        self.file_mode_open.as_deref()
    }

    /// The secret, to be blotted out of what peers echo.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The evidence: everything but the secret.
    #[must_use]
    pub fn evidence(&self, target: &Target, now: SystemTime) -> IdentityHop {
        let claims: Option<TokenClaims> =
            self.secret.as_ref().and_then(|secret| claims::read(secret.expose(), now));
        IdentityHop {
            kind: self.kind,
            source: self.source.clone(),
            looks_like: self.secret.as_ref().map(|_| match claims {
                Some(_) => CredentialForm::Jwt,
                None => CredentialForm::Opaque,
            }),
            claims,
            wanted_audiences: wanted_audiences(target),
            not_taken: self.not_taken.clone(),
            file_mode_open: self.file_mode_open.clone(),
            withheld: None,
        }
    }
}

/// Refuses what was typed when it holds the value of a variable that names a credential,
/// whether or not that is the one which is taken.
///
/// # Errors
///
/// [`CredentialError::Misplaced`].
pub fn misplaced(environment: &Environment, typed: &[&str]) -> Result<(), CredentialError> {
    [API_KEY_VARIABLE, TOKEN_VARIABLE].into_iter().try_for_each(|variable| {
        let secret = environment.get(variable).map(|value| Secret::new(value.trim().to_owned()));
        match secret.is_some_and(|secret| typed.iter().any(|text| secret.stands_in(text))) {
            true => Err(CredentialError::Misplaced(variable.to_owned())),
            false => Ok(()),
        }
    })
}

/// The audiences of the target's service; a Foundry project wants `ai.azure.com` (fact G2b).
fn wanted_audiences(target: &Target) -> Vec<String> {
    let mut list: Vec<String> = target
        .service()
        .map(|service| service.audiences.iter().map(|&a| a.to_owned()).collect())
        .unwrap_or_default();
    if target.seen.kind == crate::evidence::TargetKind::Project {
        list.sort_by_key(|audience| audience != "https://ai.azure.com");
    }
    list
}

/// The file or variable behind a source, if it is configured.
fn configured(source: &Source, request: &Request, environment: &Environment) -> Option<String> {
    match source.name {
        "api-key-file" => request.api_key_file.clone(),
        "token-file" => request.token_file.clone(),
        name => environment.get(place(name)).map(|_| place(name).to_owned()),
    }
}

/// The variable or option behind a source's name.
fn place(name: &str) -> &'static str {
    match name {
        "api-key-file" => "--api-key-file",
        "token-file" => "--token-file",
        "api-key" => API_KEY_VARIABLE,
        _ => TOKEN_VARIABLE,
    }
}

/// The value without the line end that files have, if it can go into a header.
fn checked(value: &str, label: &str) -> Result<Secret, CredentialError> {
    let value = value.trim_end_matches(['\r', '\n']).trim_matches(' ');
    if value.is_empty() {
        return Err(CredentialError::Empty(label.to_owned()));
    }
    let bad = value.chars().zip(1..).find_map(|(c, at)| {
        let what = match c {
            '\n' | '\r' => "line end",
            c if c.is_control() => "control character",
            c if !c.is_ascii() => "character outside ASCII",
            ' ' | '"' => "space or quote",
            _ => return None,
        };
        Some((what, at))
    });
    match bad {
        Some((what, at)) => {
            Err(CredentialError::Character { source_name: label.to_owned(), what, at })
        }
        None => Ok(Secret::new(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pairs: &[(&str, &str)]) -> Result<Credential, CredentialError> {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Credential::find(
            &Request { patience: Duration::from_secs(5), ..Request::default() },
            &Environment::from_pairs(pairs),
        )
    }

    #[test]
    fn the_first_configured_source_is_taken_and_the_other_named() {
        let both = find(&[(TOKEN_VARIABLE, "t"), (API_KEY_VARIABLE, "k")]).unwrap();
        assert_eq!(both.source.as_deref(), Some(API_KEY_VARIABLE));
        assert_eq!(both.not_taken[0].source, TOKEN_VARIABLE);
        assert_eq!(find(&[(API_KEY_VARIABLE, " ")]).unwrap().kind, CredentialKind::None);
    }

    #[test]
    fn a_key_with_a_line_end_inside_is_refused_without_showing_it() {
        let error = find(&[(API_KEY_VARIABLE, "canary\nkey")]).unwrap_err().to_string();
        assert!(error.contains("line end at character 7"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(find(&[(API_KEY_VARIABLE, "canary\n")]).is_ok());
    }
}
