//! The credentials of one run: one for all targets whose services take the same keys, so that a key
//! goes to no service but its own, and a token is requested once.

use crate::credential::{Credential, CredentialOptions};
use crate::services::Keys;
use crate::target::Target;
use crate::world::Environment;

/// One credential for each kind of keys.
pub(super) struct Credentials {
    found: Vec<(Option<&'static Keys>, Credential)>,
    /// Whether the first one is for all: a file may be a pipe, which is read once.
    is_shared: bool,
}

impl Credentials {
    /// Finds them.
    ///
    /// # Errors
    ///
    /// What is wrong with a source, or that a file holds one key for services of several.
    pub(super) fn find(
        options: &CredentialOptions,
        targets: &[Target],
        environment: &Environment,
    ) -> Result<Self, String> {
        let is_shared = options.api_key_file.is_some() || options.token_file.is_some();
        let mut kinds: Vec<(Option<&'static Keys>, &Target)> = Vec::new();
        for target in targets {
            let keys = target.keys();
            if !kinds.iter().any(|(known, _)| *known == keys) {
                kinds.push((keys, target));
            }
        }
        let mut of = kinds.iter().filter_map(|(keys, _)| Some(keys.as_ref()?.of));
        if options.api_key_file.is_some()
            && let (Some(one), Some(other)) = (of.next(), of.next())
        {
            return Err(format!(
                "--api-key-file: one file, and targets with keys of their own ({one}, {other}): \
                 check them in runs of their own, or name each key in an inventory"
            ));
        }
        let wanted = if is_shared { 1 } else { kinds.len() };
        let found = kinds.into_iter().take(wanted).map(|(keys, target)| {
            let options = options.for_service(target.service());
            let credential = Credential::find(&options, environment);
            Ok((keys, credential.map_err(|error| error.to_string())?))
        });
        Ok(Self { found: found.collect::<Result<_, String>>()?, is_shared })
    }

    /// That of a target.
    pub(super) fn of(&self, target: &Target) -> &Credential {
        let keys = target.keys();
        let own = self.found.iter().find(|(known, _)| self.is_shared || *known == keys);
        // Each target was there when they were found.
        &own.unwrap_or(&self.found[0]).1
    }

    /// The one of a run with a single target.
    pub(super) fn into_first(self) -> Credential {
        self.found.into_iter().next().map_or_else(Credential::none, |(_, credential)| credential)
    }

    /// Refuses a credential whose value is also part of something that was typed.
    pub(super) fn leaked_into_args(&self, typed: &[&str]) -> Result<(), String> {
        let each = self.found.iter().map(|(_, credential)| credential.leaked_into_args(typed));
        each.collect::<Result<(), _>>().map_err(|error| error.to_string())
    }

    /// A file that other users may read, and its mode.
    pub(super) fn file_mode_open(&self) -> Option<(&str, &str)> {
        self.found.iter().find_map(|(_, credential)| {
            Some((credential.source().unwrap_or("the file"), credential.file_mode_open()?))
        })
    }
}
