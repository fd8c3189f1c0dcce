//! Which sources `DefaultAzureCredential` has, by `AZURE_TOKEN_CREDENTIALS` (fact I110): applications
//! that use it take no other, whatever else is configured.

use super::{Detected, Probe, SOURCES, Source};
use crate::credential::options::CredentialOptions;
use crate::world::Environment;

/// The variable.
const VARIABLE: &str = "AZURE_TOKEN_CREDENTIALS";
/// The credentials of a deployed application, in that variable.
const DEPLOYED: &str = "prod";
/// Those of a developer's machine.
const DEVELOPER: &str = "dev";

/// A class of the chain.
#[derive(Clone, Copy)]
pub(in crate::credential) struct Class {
    name: &'static str,
    group: &'static str,
}

pub(super) const ENVIRONMENT: Class = Class { name: "EnvironmentCredential", group: DEPLOYED };
pub(super) const WORKLOAD_IDENTITY: Class =
    Class { name: "WorkloadIdentityCredential", group: DEPLOYED };
pub(super) const MANAGED_IDENTITY: Class =
    Class { name: "ManagedIdentityCredential", group: DEPLOYED };
pub(super) const AZURE_CLI: Class = Class { name: "AzureCliCredential", group: DEVELOPER };
pub(super) const AZURE_DEVELOPER_CLI: Class =
    Class { name: "AzureDeveloperCliCredential", group: DEVELOPER };

/// A source that is configured, and that the variable leaves out.
pub(in crate::credential) struct LeftOut {
    /// What people know the source by.
    pub(in crate::credential) label: String,
    /// Why it is left out, without the variable's own text: it may hold anything.
    pub(in crate::credential) reason: String,
}

/// What the variable says of a source.
enum Kept {
    /// Nothing: it is not set, or is about others.
    Yes,
    /// This source and no other of the chain.
    Alone,
    /// That it is left out.
    No,
}

impl Kept {
    fn of(source: &Source, environment: &Environment) -> Self {
        let wanted = environment.get(VARIABLE).map(str::trim).filter(|text| !text.is_empty());
        let (Some(class), Some(wanted)) = (source.class, wanted) else { return Self::Yes };
        let is = |name: &str| name.eq_ignore_ascii_case(wanted);
        match (is(class.name), is(class.group)) {
            (true, _) => Self::Alone,
            (false, true) => Self::Yes,
            (false, false) => Self::No,
        }
    }
}

/// The sources that are configured, in the order of the catalogue. Without a named one, those that
/// the variable leaves out are not among them.
pub(in crate::credential) fn detected(
    options: &CredentialOptions,
    environment: &Environment,
) -> impl Iterator<Item = (&'static Source, Detected)> {
    let chosen = options.choice.name();
    SOURCES.iter().filter_map(move |source| {
        let named = chosen == Some(source.name);
        let kept = match chosen {
            None => Kept::of(source, environment),
            Some(_) => Kept::Yes,
        };
        match kept {
            Kept::No => None,
            Kept::Yes => Some((source, source.detected(&Probe { options, environment, named })?)),
            // A program is run only where its user names it.
            Kept::Alone => {
                let named = !source.only_when_named;
                let found = source.detected(&Probe { options, environment, named })?;
                Some((source, Detected { is_explicit: true, ..found }))
            }
        }
    })
}

/// The sources that are configured and left out.
pub(in crate::credential) fn left_out(
    options: &CredentialOptions,
    environment: &Environment,
) -> Vec<LeftOut> {
    if options.choice.name().is_some() {
        return Vec::new();
    }
    let out = SOURCES.iter().filter(|source| matches!(Kept::of(source, environment), Kept::No));
    let wanted = environment.get(VARIABLE).unwrap_or_default().trim().to_owned();
    let named = SOURCES
        .iter()
        .filter_map(|source| source.class)
        .flat_map(|class| [class.name, class.group])
        .find(|name| name.eq_ignore_ascii_case(&wanted));
    let reason = format!(
        "{VARIABLE} is {}, and DefaultAzureCredential leaves it out",
        named.unwrap_or("the name of another credential")
    );
    out.filter_map(|source| source.detected(&Probe { options, environment, named: false }))
        .map(|found| LeftOut { label: found.label, reason: reason.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::credential::{Credential, CredentialOptions};
    use crate::world::Environment;

    /// The source that is taken with a client secret configured, and why others are not.
    fn taken(value: &str) -> (String, Vec<String>) {
        let pairs = [
            ("AZURE_TOKEN_CREDENTIALS", value),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::from_pairs(pairs);
        let found = Credential::find(&CredentialOptions::default(), &environment).unwrap();
        let reasons = found.skipped_sources.iter().map(|skipped| skipped.reason.clone());
        (found.name.to_owned(), reasons.collect())
    }

    #[test]
    fn a_source_that_the_sdk_leaves_out_is_not_taken() {
        let (name, reasons) = taken("ManagedIdentityCredential");
        assert_eq!(name, "managed-identity");
        assert!(reasons[0].contains("is ManagedIdentityCredential"), "{reasons:?}");
        for other in ["dev", "AzureCliCredential", "VisualStudioCodeCredential", "canary"] {
            let (name, reasons) = taken(other);
            assert_eq!(name, "none", "{other}");
            assert!(!reasons.is_empty() && !reasons[0].contains("canary"), "{reasons:?}");
        }
        for same in ["prod", "PROD", "environmentcredential", " ", ""] {
            assert_eq!(taken(same).0, "client-secret", "{same}");
        }
    }
}
