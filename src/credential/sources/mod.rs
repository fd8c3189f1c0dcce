//! The catalogue of credential sources, one file each. A file says everything that the program
//! knows of its source; nothing elsewhere matches one by its name.
//!
//! Detection is pure: it reads options and variables, no file; it runs no program and sends no
//! packet.

mod api_key;
mod api_key_file;
mod assertion_file;
mod azure_cli;
mod azure_developer_cli;
mod chain;
mod client_certificate;
mod client_secret;
mod github_actions;
mod google;
mod managed_identity;
mod token;
mod token_file;
mod workload_identity;

use chain::Class;
pub(super) use chain::{detected, is_wanted, left_out, nothing_left, throws};

use super::flow::TokenFlow;
use super::options::CredentialOptions;
use crate::evidence::identity::{CredentialKind, IncompleteSource};
use crate::world::Environment;

pub use api_key::VARIABLE as API_KEY_VARIABLE;
pub use token::VARIABLE as TOKEN_VARIABLE;

/// Every source, in the order in which `auto` tries them; the first that is configured is taken.
pub const SOURCES: &[Source] = &[
    api_key_file::SOURCE,
    token_file::SOURCE,
    api_key::SOURCE,
    token::SOURCE,
    assertion_file::SOURCE,
    client_secret::SOURCE,
    client_certificate::SOURCE,
    workload_identity::SOURCE,
    github_actions::SOURCE,
    google::SOURCE,
    managed_identity::SOURCE,
    azure_cli::SOURCE,
    azure_developer_cli::SOURCE,
];

/// Where a key or a token may come from.
#[derive(Clone, Copy)]
pub struct Source {
    /// The word for `--credential`.
    pub name: &'static str,
    /// What it is, for lists.
    pub title: &'static str,
    /// What it leads to.
    pub kind: CredentialKind,
    /// The option that configures it.
    pub option: Option<&'static str>,
    /// Variables that configure this source and no other; all are required.
    pub variables: &'static [&'static str],
    /// Whether those are the ones that hold a key of the target's service.
    pub of_service: bool,
    /// Variables that it requires as well, and shares with other sources.
    pub shared_variables: &'static [&'static str],
    /// Variables of this source whose values are secret; some of them are optional.
    pub secret_variables: &'static [&'static str],
    /// Whether an SDK reads its variable before those of every other source, set or empty (fact I111).
    pub(super) read_first_by_an_sdk: bool,
    /// Whether `auto` passes it over, since it runs a program.
    pub only_when_named: bool,
    /// The class of `DefaultAzureCredential` that it is, if that has it.
    pub(super) class: Option<Class>,
    /// The source, if it is configured.
    pub(super) detect: fn(&Probe<'_>) -> Option<Detected>,
    /// What is missing of it where [`Self::variables`] alone do not show it.
    pub(super) incomplete: fn(&Environment) -> Option<IncompleteSource>,
}

impl Source {
    /// A source that nothing configures: what the others are written over.
    const BASE: Self = Self {
        name: "",
        title: "",
        kind: CredentialKind::Token,
        option: None,
        variables: &[],
        of_service: false,
        shared_variables: &[],
        secret_variables: &[],
        read_first_by_an_sdk: false,
        only_when_named: false,
        class: None,
        detect: |_| None,
        incomplete: |_| None,
    };

    /// The source of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SOURCES.iter().find(|source| source.name == name)
    }

    /// The names of all sources, for messages.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
        names.join(", ")
    }

    /// The source as this machine configures it.
    pub(super) fn detected(&self, probe: &Probe<'_>) -> Option<Detected> {
        (probe.named || !self.only_when_named).then(|| (self.detect)(probe)).flatten()
    }

    /// The variables that configure it for the target of `options`. Of several that may hold a key, it
    /// is the one that is set, else one that is set and empty, else the first.
    pub(super) fn own_variables(
        &self,
        options: &CredentialOptions,
        environment: &Environment,
    ) -> Vec<&'static str> {
        if !self.of_service {
            return self.variables.to_vec();
        }
        let Some(keys) = options.keys() else { return Vec::new() };
        let any = |is: &dyn Fn(&str) -> bool| keys.variables.iter().find(|name| is(name));
        let set = any(&|name| environment.get(name).is_some());
        let empty = || any(&|name| environment.is_empty(name));
        set.or_else(empty).or(keys.variables.first()).copied().into_iter().collect()
    }

    /// Everything that it requires: its option, then variables.
    pub(super) fn required(
        &self,
        options: &CredentialOptions,
        environment: &Environment,
    ) -> Vec<&'static str> {
        let own = self.own_variables(options, environment);
        let variables = self.shared_variables.iter().copied().chain(own);
        self.option.into_iter().chain(variables).collect()
    }
}

/// What a source is detected from.
pub(super) struct Probe<'a> {
    pub(super) options: &'a CredentialOptions,
    pub(super) environment: &'a Environment,
    /// Whether the user named this source: then what only the machine can say is not asked.
    pub(super) named: bool,
}

/// A source that is configured.
pub(super) struct Detected {
    /// What people know it by: a variable, a file, a program.
    pub(super) label: String,
    pub(super) origin: Origin,
    /// Whether a user or a variable asked for it; else its absence is no fault.
    pub(super) is_explicit: bool,
    /// Whether `--identity` chooses among identities of it.
    pub(super) takes_identity: bool,
}

/// What a source leads to.
pub(super) enum Origin {
    /// The value of a variable.
    Variable(&'static str),
    /// The content of the file that an option names.
    File { option: &'static str, path: String },
    /// A token that has to be requested.
    Flow(Box<dyn TokenFlow>),
}

impl Detected {
    /// A value in a variable, where it is set.
    fn variable(probe: &Probe<'_>, name: &'static str) -> Option<Self> {
        probe.environment.get(name)?;
        Some(Self::of(name, Origin::Variable(name)))
    }

    /// A value in a file, where the option is given.
    fn file(option: &'static str, path: Option<&String>) -> Option<Self> {
        let path = path?.clone();
        let label = file_label(&path).to_owned();
        Some(Self::of(label, Origin::File { option, path }))
    }

    /// A token that is requested.
    fn flow(label: impl Into<String>, flow: impl TokenFlow + 'static) -> Self {
        Self::of(label, Origin::Flow(Box::new(flow)))
    }

    fn of(label: impl Into<String>, origin: Origin) -> Self {
        Self { label: label.into(), origin, is_explicit: true, takes_identity: false }
    }
}

/// What people know a file by.
fn file_label(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SOURCES;

    #[test]
    fn each_source_has_a_name_and_configuration_of_its_own() {
        let mut seen = BTreeSet::new();
        for source in SOURCES {
            for own in source.variables.iter().chain(&source.option).chain([&source.name]) {
                assert!(seen.insert(*own), "{own} belongs to two sources");
            }
            assert!(!source.title.is_empty(), "{}", source.name);
        }
    }
}
