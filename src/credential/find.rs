//! Which credential is taken: the first source that is configured, or the one that is named.

use super::authority::AUTHORITY_HOST;
use super::configured::configured;
use super::sources::{Choice, Found, Request, SOURCES, Source, What, look, missing};
use super::ways::{self, Endpoint, Way};
use super::{API_KEY_VARIABLE, Credential, CredentialError, TOKEN_VARIABLE, file, sources};
use crate::evidence::identity::{Configured, CredentialKind, NotTaken, Trimmed};
use crate::secret::Secret;
use crate::world::Environment;

/// Variables whose values are secrets.
const SECRET_VARIABLES: &[&str] = &[
    API_KEY_VARIABLE,
    TOKEN_VARIABLE,
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_PASSWORD",
    "IDENTITY_HEADER",
    "MSI_SECRET",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "OPENAI_API_KEY",
    "CLIENT_SECRET",
];

impl Credential {
    /// Finds and reads the credential that `request` asks for; a token that has to be asked for
    /// is asked for by the walk.
    ///
    /// # Errors
    ///
    /// [`CredentialError`]; a source that is configured and unreadable is an error, never
    /// passed over in silence.
    pub fn find(request: &Request, environment: &Environment) -> Result<Self, CredentialError> {
        let empty = Self {
            configured: configured(environment),
            authority_host: environment.get(AUTHORITY_HOST).map(str::to_owned),
            ..Self::none()
        };
        if let Some(identity) = &request.identity
            && !ways::UserAssigned::read(identity).is_an_id()
        {
            return Err(CredentialError::Identity);
        }
        let named = match &request.choice {
            // Then what the environment holds is no fault of its own.
            Choice::None => return Ok(Self { configured: Configured::default(), ..empty }),
            Choice::Auto => None,
            Choice::Named(name) => Some(name.as_str()),
        };
        if let Some(name) = named
            && !SOURCES.iter().any(|source| source.name == name)
        {
            let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
            return Err(CredentialError::Unknown(names.join(", ")));
        }
        // An option that cannot be followed is never passed over in silence.
        if request.assertion_file.is_some() {
            let missing: Vec<&str> = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]
                .into_iter()
                .filter(|name| environment.get(name).is_none())
                .collect();
            if !missing.is_empty() {
                return Err(CredentialError::NoApplication(missing.join(" and ")));
            }
        }
        let mut found: Vec<(&'static Source, Found)> = SOURCES
            .iter()
            .filter_map(|source| {
                let named = named == Some(source.name);
                Some((source, look(source, request, environment, named)?))
            })
            .collect();
        let at = match named {
            None => 0,
            Some(name) => found.iter().position(|(s, _)| s.name == name).ok_or_else(|| {
                CredentialError::NotConfigured(name.to_owned(), missing(name, &empty.configured))
            })?,
        };
        if found.is_empty() {
            return Ok(empty);
        }
        let (source, taken) = found.remove(at);
        let label = taken.label.clone();
        let chooses = matches!(
            taken.what,
            What::Token(Way::Managed {
                endpoint: Endpoint::Imds
                    | Endpoint::AppService { .. }
                    | Endpoint::MachineLearning { .. },
                ..
            })
        );
        if request.identity.is_some() && !chooses {
            return Err(CredentialError::NoUserAssigned(label));
        }
        let others = found.iter().map(|(_, other)| NotTaken {
            source: other.label.clone(),
            why: match named {
                Some(name) => format!("--credential {name} was given"),
                None => format!("{label} comes first"),
            },
        });
        let not_taken = others.collect();
        let with = Self { name: source.name, source: Some(label.clone()), not_taken, ..empty };
        match taken.what {
            What::Token(way) => {
                let hinted = environment.get("AZURE_CLIENT_ID").is_some()
                    || request.identity.is_some()
                    || !matches!(way, Way::Managed { endpoint: Endpoint::Imds, .. });
                let demanded = named.is_some() || hinted;
                Ok(Self { kind: CredentialKind::Token, way: Some(way), demanded, ..with })
            }
            What::Place { place, file } => {
                let (value, file_mode_open) = if file {
                    file::read(sources::place(source.name), &place, request.patience)?
                } else {
                    let value = environment.get(&place).unwrap_or_default().to_owned();
                    (zeroize::Zeroizing::new(value), None)
                };
                let kind = match source.name.starts_with("api-key") {
                    true => CredentialKind::ApiKey,
                    false => CredentialKind::Token,
                };
                let secret = Some(checked(&value, &label)?);
                let trimmed = trimmed(&value, file);
                Ok(Self { kind, secret, file_mode_open, trimmed, demanded: true, ..with })
            }
        }
    }

    /// Refuses a credential that also stands in something that was typed.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Misplaced`].
    pub fn misplaced(&self, typed: &[&str]) -> Result<(), CredentialError> {
        match &self.secret {
            Some(secret) if typed.iter().any(|text| secret.is_contained_in(text)) => {
                Err(CredentialError::Misplaced(self.source.clone().unwrap_or_default()))
            }
            _ => Ok(()),
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
    SECRET_VARIABLES.iter().copied().try_for_each(|variable| {
        let secret = environment.get(variable).map(|value| Secret::new(value.trim().to_owned()));
        match secret.is_some_and(|secret| typed.iter().any(|text| secret.is_contained_in(text))) {
            true => Err(CredentialError::Misplaced(variable.to_owned())),
            false => Ok(()),
        }
    })
}

/// What [`checked`] leaves out around a value. A text file ends with a line feed by convention.
fn trimmed(value: &str, file: bool) -> Option<Trimmed> {
    let value = if file { value.strip_suffix('\n').unwrap_or(value) } else { value };
    if value.ends_with(['\r', '\n']) {
        Some(Trimmed::LineEnd)
    } else if value.starts_with(' ') || value.ends_with(' ') {
        Some(Trimmed::Blanks)
    } else {
        None
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
pub(super) mod tests {
    use std::time::Duration;

    use super::*;

    pub(in crate::credential) fn find(
        pairs: &[(&str, &str)],
    ) -> Result<Credential, CredentialError> {
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
    fn what_was_asked_for_and_cannot_be_is_an_error_that_repeats_nothing() {
        let found = |request: Request, pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            Credential::find(&request, &Environment::from_pairs(pairs))
        };
        let identity = |id: &str| Request { identity: Some(id.to_owned()), ..Request::default() };
        for bad in ["", "canary secret", "canary~Q8", "/canary", "object:", "object:canary"] {
            let error = found(identity(bad), &[]).unwrap_err();
            assert_eq!(error, CredentialError::Identity, "{bad}");
        }
        let chosen = identity("11111111-2222-3333-4444-555555555555");
        let arc = [("IDENTITY_ENDPOINT", "http://localhost:40342/x"), ("IMDS_ENDPOINT", "y")];
        let error = found(chosen.clone(), &arc).unwrap_err();
        assert_eq!(error, CredentialError::NoUserAssigned("the Azure Arc agent".to_owned()));
        assert!(found(chosen, &[("IDENTITY_ENDPOINT", "u"), ("IDENTITY_HEADER", "h")]).is_ok());
        let file = Request { assertion_file: Some("f".to_owned()), ..Request::default() };
        let error = found(file, &[("AZURE_TENANT_ID", "t")]).unwrap_err();
        assert_eq!(error, CredentialError::NoApplication("AZURE_CLIENT_ID".to_owned()));
    }

    #[test]
    fn a_key_with_a_line_end_inside_is_refused_without_showing_it() {
        let error = find(&[(API_KEY_VARIABLE, "canary\nkey")]).unwrap_err().to_string();
        assert!(error.contains("line end at character 7"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(find(&[(API_KEY_VARIABLE, "canary\n")]).is_ok());
    }

    #[test]
    fn what_was_around_a_value_is_noted() {
        for (value, file, what) in [
            ("key", false, None),
            ("key\n", false, Some(Trimmed::LineEnd)),
            ("key\n", true, None),
            ("key\r\n", true, Some(Trimmed::LineEnd)),
            ("key\n\n", true, Some(Trimmed::LineEnd)),
            (" key", false, Some(Trimmed::Blanks)),
            ("key \n", true, Some(Trimmed::Blanks)),
        ] {
            assert_eq!(trimmed(value, file), what, "{value:?}");
        }
    }
}
