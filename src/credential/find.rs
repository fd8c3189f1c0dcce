//! Which credential is taken: the first source that is configured, or the one that is named.

use super::authority::AUTHORITY_HOST;
use super::entra::Application;
use super::flow::IdentityId;
use super::incomplete::{configured, missing};
use super::options::{CredentialOptions, SourceChoice};
use super::sources::{self, Detected, Origin, SOURCES, Source};
use super::{Credential, CredentialError, file};
use crate::evidence::identity::{Configured, CredentialKind, SkippedSource, Trimmed};
use crate::secret::Secret;
use crate::services::{self, Keys};
use crate::world::Environment;

/// Variables of other tools whose values are secrets; those of the sources are in their files.
const OTHER_SECRET_VARIABLES: &[&str] = &["AZURE_PASSWORD", "OPENAI_API_KEY", "CLIENT_SECRET"];

impl Credential {
    /// Finds and reads the credential that `options` ask for; a token that has to be requested is
    /// requested by the walk.
    ///
    /// # Errors
    ///
    /// [`CredentialError`]; a source that is configured and unreadable is an error, never
    /// silently passed over.
    pub fn find(
        options: &CredentialOptions,
        environment: &Environment,
    ) -> Result<Self, CredentialError> {
        let (with, origin) = Self::chosen(options, environment)?;
        let label = with.source.as_deref().unwrap_or_default();
        let (value, file_mode_open, is_of_file) = match origin {
            None => return Ok(with),
            Some(Origin::Flow(flow)) => return Ok(Self { flow: Some(flow), ..with }),
            Some(Origin::File { option, path }) => {
                let (value, mode) = file::read(option, &path, options.pipe_timeout)?;
                (value, mode, true)
            }
            Some(Origin::Variable(name)) => {
                let value = environment.get(name).unwrap_or_default().to_owned();
                (zeroize::Zeroizing::new(value), None, false)
            }
        };
        let secret = Some(checked(&value, label)?);
        Ok(Self {
            secret,
            is_of_file,
            file_mode_open,
            trimmed: trimmed(&value, is_of_file),
            ..with
        })
    }

    /// What [`Self::find`] refuses before it reads a file, for `--plan`.
    ///
    /// # Errors
    ///
    /// As [`Self::find`].
    pub fn check(
        options: &CredentialOptions,
        environment: &Environment,
    ) -> Result<(), CredentialError> {
        let (with, origin) = Self::chosen(options, environment)?;
        if let Some(Origin::Variable(name)) = origin {
            let value = environment.get(name).unwrap_or_default();
            checked(value, with.source.as_deref().unwrap_or_default())?;
        }
        Ok(())
    }

    /// The source that is taken, and where its value comes from; none where no value is needed.
    fn chosen(
        options: &CredentialOptions,
        environment: &Environment,
    ) -> Result<(Self, Option<Origin>), CredentialError> {
        let empty = Self {
            configured: configured(options, environment),
            authority_host: environment.get(AUTHORITY_HOST).map(str::to_owned),
            ..Self::none()
        };
        if let Some(identity) = &options.identity
            && !IdentityId::parse(identity).is_well_formed()
        {
            return Err(CredentialError::Identity);
        }
        if options.choice == SourceChoice::None {
            // Then what the environment holds is no fault of its own.
            return Ok((Self { configured: Configured::default(), ..empty }, None));
        }
        let named = match options.choice.name() {
            Some(name) => {
                Some(Source::named(name).ok_or_else(|| CredentialError::Unknown(Source::names()))?)
            }
            None => None,
        };
        // An option that cannot be followed is never silently passed over.
        if options.assertion_file.is_some() {
            let missing: Vec<&str> = Application::VARIABLES
                .iter()
                .copied()
                .filter(|name| environment.get(name).is_none())
                .collect();
            if !missing.is_empty() {
                return Err(CredentialError::NoApplication(missing.join(" and ")));
            }
        }
        let mut found: Vec<(&'static Source, Detected)> =
            sources::detected(options, environment).collect();
        if found.is_empty() && sources::throws(options, environment) {
            return Err(CredentialError::TokenCredentials);
        }
        let left_out = sources::left_out(options, environment);
        let foreign = foreign_key(options, environment);
        if let Some((variable, keys)) = foreign
            && match named {
                None => found.is_empty(),
                Some(named) => named.of_service && found.iter().all(|(s, _)| s.name != named.name),
            }
        {
            let key = Self {
                kind: CredentialKind::ApiKey,
                name: SOURCES
                    .iter()
                    .find(|source| source.of_service)
                    .map_or("", |source| source.name),
                source: Some(variable.to_owned()),
                is_explicit: true,
                key_of: Some(keys.of),
                ..empty
            };
            return Ok((key, None));
        }
        let at = match named {
            None => 0,
            Some(named) => {
                let at = found.iter().position(|(source, _)| source.name == named.name);
                at.ok_or_else(|| {
                    let lacks = missing(named, options, environment, &empty.configured);
                    CredentialError::NotConfigured(named.name.to_owned(), lacks)
                })?
            }
        };
        if found.is_empty() {
            let chain = sources::nothing_left(options, environment);
            let chain = chain.filter(|_| left_out.is_empty());
            let skipped_sources = left_out.into_iter().chain(chain).collect();
            return Ok((Self { skipped_sources, ..empty }, None));
        }
        let (source, taken) = found.remove(at);
        if options.identity.is_some() && !taken.takes_identity {
            return Err(CredentialError::NoUserAssigned(taken.label));
        }
        let others = found.iter().map(|(_, other)| SkippedSource {
            source: other.label.clone(),
            reason: match named {
                Some(named) => format!("--credential {} was given", named.name),
                None => format!("{} comes first", taken.label),
            },
            left_out_by: None,
            by_order: named.is_none(),
        });
        let foreign = foreign.map(|(variable, keys)| SkippedSource {
            source: variable.to_owned(),
            reason: format!("it is for a key of {}", keys.of),
            left_out_by: None,
            by_order: false,
        });
        let skipped_sources = others.chain(left_out).chain(foreign).collect();
        let with = Self {
            name: source.name,
            source: Some(taken.label.clone()),
            skipped_sources,
            kind: source.kind,
            is_explicit: named.is_some() || taken.is_explicit,
            ..empty
        };
        Ok((with, Some(taken.origin)))
    }

    /// Refuses a credential whose value is also part of something that was typed.
    ///
    /// # Errors
    ///
    /// [`CredentialError::Misplaced`].
    pub fn leaked_into_args(&self, typed: &[&str]) -> Result<(), CredentialError> {
        match &self.secret {
            Some(secret) if typed.iter().any(|text| secret.is_contained_in(text)) => {
                Err(CredentialError::Misplaced(self.source.clone().unwrap_or_default()))
            }
            _ => Ok(()),
        }
    }
}

/// Characters of a secret that is recognised as the whole of another value.
const WHOLE: usize = 8;

/// Refuses what was typed when it holds the value of a variable that is a secret, whether or not
/// that is the credential which is taken.
///
/// # Errors
///
/// [`CredentialError::Misplaced`], [`CredentialError::Repeated`].
pub fn leaked_into_args(environment: &Environment, typed: &[&str]) -> Result<(), CredentialError> {
    let shown = || {
        let of_sources = SOURCES
            .iter()
            .flat_map(|source| source.variables.iter().chain(source.shared_variables))
            .chain(&[AUTHORITY_HOST]);
        of_sources.filter_map(|name| Some((*name, environment.get(name)?.trim())))
    };
    let secret_variables: Vec<&str> = secrets(environment).map(|(variable, _)| variable).collect();
    secrets(environment).try_for_each(|(variable, secret)| {
        if typed.iter().any(|text| secret.is_contained_in(text)) {
            return Err(CredentialError::Misplaced(variable.to_owned()));
        }
        // The others of a credential, such as the tenant, are sent and shown. A short secret that is
        // the whole of another value is no coincidence either, unless it is a word in the place of both.
        let is_in = |text: &str| {
            secret.is_contained_in(text) || text.len() >= WHOLE && text == secret.expose()
        };
        let other = shown().find(|(name, text)| !secret_variables.contains(name) && is_in(text));
        match other {
            Some((other, _)) => Err(CredentialError::Repeated {
                secret: variable.to_owned(),
                other: other.to_owned(),
            }),
            None => Ok(()),
        }
    })
}

/// The secrets in the environment, each with the name of its variable.
pub fn secrets(environment: &Environment) -> impl Iterator<Item = (&'static str, Secret)> {
    let of_sources = SOURCES.iter().flat_map(|source| source.secret_variables);
    let of_services = services::all_keys().flat_map(|keys| keys.variables);
    of_sources.chain(of_services).chain(OTHER_SECRET_VARIABLES).copied().filter_map(|variable| {
        Some((variable, Secret::new(environment.get(variable)?.trim().to_owned())))
    })
}

/// A variable with a key of another service than the target's. It is named, and its value is not
/// read.
pub(super) fn foreign_key(
    options: &CredentialOptions,
    environment: &Environment,
) -> Option<(&'static str, &'static Keys)> {
    let own = options.keys();
    services::all_keys().filter(|keys| Some(*keys) != own).find_map(|keys| {
        let set = keys.variables.iter().find(|name| environment.get(name).is_some())?;
        Some((*set, keys))
    })
}

/// What [`checked`] removes around a value. A text file ends with a line feed by convention.
fn trimmed(value: &str, file: bool) -> Option<Trimmed> {
    let value = if file { value.strip_suffix('\n').unwrap_or(value) } else { value };
    let kept = value.trim_end_matches(AROUND);
    if value[kept.len()..].contains(['\r', '\n']) {
        Some(Trimmed::LineEnd)
    } else if kept.len() < value.len() || value.starts_with([' ', '\t']) {
        Some(Trimmed::Blanks)
    } else {
        None
    }
}

/// What is removed behind a value.
const AROUND: [char; 4] = ['\r', '\n', ' ', '\t'];

/// The value without the line end that files have, if it can go into a header.
fn checked(value: &str, label: &str) -> Result<Secret, CredentialError> {
    let value = value.trim_end_matches(AROUND).trim_start_matches([' ', '\t']);
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

    use super::super::{API_KEY_VARIABLE, TOKEN_VARIABLE};
    use super::*;

    pub(in crate::credential) fn find(
        pairs: &[(&str, &str)],
    ) -> Result<Credential, CredentialError> {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Credential::find(
            &CredentialOptions {
                pipe_timeout: Duration::from_secs(5),
                ..CredentialOptions::default()
            },
            &Environment::from_pairs(pairs),
        )
    }

    #[test]
    fn the_first_configured_source_is_taken_and_the_other_is_named() {
        let both = find(&[(TOKEN_VARIABLE, "t"), (API_KEY_VARIABLE, "k")]).unwrap();
        assert_eq!(both.source.as_deref(), Some(API_KEY_VARIABLE));
        assert_eq!(both.skipped_sources[0].source, TOKEN_VARIABLE);
        assert_eq!(find(&[(API_KEY_VARIABLE, " ")]).unwrap().kind, CredentialKind::None);
    }

    #[test]
    fn a_key_of_another_variable_is_known_by_that_variable() {
        let options = CredentialOptions {
            service: services::by_id("openai"),
            key_variable: Some("KEY_OF_B".to_owned()),
            ..CredentialOptions::default()
        };
        let found = |value: &str| {
            let pairs = [("KEY_OF_B", value), (API_KEY_VARIABLE, "of another account")];
            let pairs = pairs.map(|(n, v)| (n.to_owned(), v.to_owned()));
            let environment = Environment::from_pairs(pairs);
            Credential::find(&options, &environment.with_renamed("KEY_OF_B", API_KEY_VARIABLE))
        };
        let key = found("k").unwrap();
        assert_eq!(key.source.as_deref(), Some("KEY_OF_B"));
        assert!(key.secret.is_some());
        let error = found("canary\nkey").unwrap_err().to_string();
        assert!(error.contains("KEY_OF_B") && !error.contains(API_KEY_VARIABLE), "{error}");
    }

    #[test]
    fn options_that_cannot_be_followed_are_errors_that_repeat_no_value() {
        let found = |options: CredentialOptions, pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            Credential::find(&options, &Environment::from_pairs(pairs))
        };
        let identity = |id: &str| CredentialOptions {
            identity: Some(id.to_owned()),
            ..CredentialOptions::default()
        };
        for bad in ["", "canary secret", "canary~Q8", "/canary", "object:", "object:canary"] {
            let error = found(identity(bad), &[]).unwrap_err();
            assert_eq!(error, CredentialError::Identity, "{bad}");
        }
        let chosen = identity("11111111-2222-3333-4444-555555555555");
        let arc = [("IDENTITY_ENDPOINT", "http://localhost:40342/x"), ("IMDS_ENDPOINT", "y")];
        let error = found(chosen.clone(), &arc).unwrap_err();
        assert_eq!(error, CredentialError::NoUserAssigned("the Azure Arc agent".to_owned()));
        assert!(found(chosen, &[("IDENTITY_ENDPOINT", "u"), ("IDENTITY_HEADER", "h")]).is_ok());
        let file = CredentialOptions {
            assertion_file: Some("f".to_owned()),
            ..CredentialOptions::default()
        };
        let error = found(file, &[("AZURE_TENANT_ID", "t")]).unwrap_err();
        assert_eq!(error, CredentialError::NoApplication("AZURE_CLIENT_ID".to_owned()));
    }

    #[test]
    fn a_key_of_another_service_is_named_and_not_read() {
        let vault = services::by_id("keyvault");
        let found = |service, pairs: &[(&str, &str)], choice: SourceChoice| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let options = CredentialOptions { service, choice, ..CredentialOptions::default() };
            Credential::find(&options, &Environment::from_pairs(pairs)).unwrap()
        };
        let key = (API_KEY_VARIABLE, "canary");
        let named = || SourceChoice::Named("api-key".to_owned());
        for choice in [SourceChoice::Auto, named()] {
            let kept = found(vault, &[key], choice);
            assert_eq!(kept.source.as_deref(), Some(API_KEY_VARIABLE));
            assert!(kept.secret.is_none());
            assert!(kept.authentication(None).is_err());
            assert!(kept.authentication(Some(services::azure_ai::KEYS)).is_err());
        }
        // A source that the service takes comes before it.
        let token = found(vault, &[key, (TOKEN_VARIABLE, "t")], SourceChoice::Auto);
        assert_eq!(token.source.as_deref(), Some(TOKEN_VARIABLE));
        assert_eq!(token.skipped_sources[0].source, API_KEY_VARIABLE);
        let own = found(services::by_id("openai"), &[key], SourceChoice::Auto);
        assert!(own.secret.is_some());
    }

    #[test]
    fn a_key_with_a_line_end_inside_is_refused_without_showing_it() {
        let error = find(&[(API_KEY_VARIABLE, "canary\nkey")]).unwrap_err().to_string();
        assert!(error.contains("line end at character 7"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        for around in ["canary\n", "canary\t", " canary \r\n", "canary\n "] {
            assert!(find(&[(API_KEY_VARIABLE, around)]).is_ok(), "{around:?}");
        }
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
            ("key\n ", false, Some(Trimmed::LineEnd)),
            ("key \n", false, Some(Trimmed::LineEnd)),
            ("key\t", false, Some(Trimmed::Blanks)),
            ("\tkey", false, Some(Trimmed::Blanks)),
        ] {
            assert_eq!(trimmed(value, file), what, "{value:?}");
        }
    }
}
