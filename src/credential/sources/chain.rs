//! Which sources `DefaultAzureCredential` has, by `AZURE_TOKEN_CREDENTIALS` (fact I110): applications
//! that use it take no other, whatever else is configured.

use super::{Detected, Probe, SOURCES, Source};
use crate::credential::options::CredentialOptions;
use crate::evidence::identity::SkippedSource;
use crate::world::Environment;

/// The variable.
const VARIABLE: &str = "AZURE_TOKEN_CREDENTIALS";
/// The credentials of a deployed application, in it.
const DEPLOYED: &str = "prod";
/// Those of a developer's machine.
const DEVELOPER: &str = "dev";

/// Credentials of the SDKs that are no source here: they are of a person's session or tool.
const OTHERS: &[&str] = &[
    "AzurePowerShellCredential",
    "BrokerCredential",
    "InteractiveBrowserCredential",
    "IntelliJCredential",
    "SharedTokenCacheCredential",
    "VisualStudioCodeCredential",
    "VisualStudioCredential",
];

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
    fn of(source: &Source, options: &CredentialOptions, environment: &Environment) -> Self {
        // To choose an identity is to name the source that has them.
        if options.identity.is_some() && source.name == super::managed_identity::SOURCE.name {
            return Self::Yes;
        }
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
            None => Kept::of(source, options, environment),
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

/// The sources that are configured and that the variable leaves out. The reason is without its own
/// text, which may hold anything.
pub(in crate::credential) fn left_out(
    options: &CredentialOptions,
    environment: &Environment,
) -> Vec<SkippedSource> {
    if options.choice.name().is_some() {
        return Vec::new();
    }
    let kept = |source: &Source| Kept::of(source, options, environment);
    let out = SOURCES.iter().filter(|source| matches!(kept(source), Kept::No));
    let reason = format!(
        "{VARIABLE} is {}, and DefaultAzureCredential leaves it out",
        known(environment).unwrap_or("no name of a credential")
    );
    out.filter_map(|source| source.detected(&Probe { options, environment, named: false }))
        // The metadata service that is there is nothing that anyone configured.
        .filter(|found| found.is_explicit)
        .map(|found| SkippedSource {
            source: found.label,
            reason: reason.clone(),
            left_out_by: Some(VARIABLE.to_owned()),
            by_order: false,
        })
        .collect()
}

/// What the variable says, in the capitals of the SDKs; none where it says nothing that they know.
fn known(environment: &Environment) -> Option<&'static str> {
    let wanted = environment.get(VARIABLE)?.trim();
    SOURCES
        .iter()
        .filter_map(|source| source.class)
        .flat_map(|class| [class.name, class.group])
        .chain(OTHERS.iter().copied())
        .find(|name| name.eq_ignore_ascii_case(wanted))
}

/// Whether `DefaultAzureCredential` throws because of the variable, whatever else is configured.
pub(in crate::credential) fn throws(
    options: &CredentialOptions,
    environment: &Environment,
) -> bool {
    let is_set = environment.get(VARIABLE).is_some_and(|text| !text.trim().is_empty());
    is_set && known(environment).is_none() && options.choice.name().is_none()
}

/// The chain itself, where the variable names credentials of a deployed application and none of them
/// is configured: an application that uses the chain gets no token. What is on a developer's machine
/// is not known, since no program is run for it.
pub(in crate::credential) fn nothing_left(
    options: &CredentialOptions,
    environment: &Environment,
) -> Option<SkippedSource> {
    let wanted = known(environment).filter(|_| options.choice.name().is_none())?;
    let classes = || SOURCES.iter().filter_map(|source| source.class);
    let deployed =
        |class: Class| class.group == DEPLOYED && [class.name, DEPLOYED].contains(&wanted);
    classes().any(deployed).then(|| SkippedSource {
        source: "DefaultAzureCredential".to_owned(),
        reason: format!("{VARIABLE} is {wanted}, and nothing is configured for it"),
        left_out_by: Some(VARIABLE.to_owned()),
        by_order: false,
    })
}

/// Whether the variable names this source's credential, and no other.
pub(in crate::credential) fn is_wanted(source: &Source, environment: &Environment) -> bool {
    source.class.is_some_and(|class| known(environment) == Some(class.name))
}

#[cfg(test)]
mod tests {
    use crate::credential::{Credential, CredentialError, CredentialOptions, SourceChoice};
    use crate::world::Environment;

    /// The source that is taken with a client secret configured, and why others are not.
    fn taken(value: &str) -> (String, Vec<String>) {
        let found = found(value, &CredentialOptions::default()).unwrap();
        let reasons = found.skipped_sources.iter().map(|skipped| skipped.reason.clone());
        (found.name.to_owned(), reasons.collect())
    }

    fn found(value: &str, options: &CredentialOptions) -> Result<Credential, CredentialError> {
        let pairs = [
            ("AZURE_TOKEN_CREDENTIALS", value),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = Environment::from_pairs(pairs);
        Credential::find(options, &environment)
    }

    #[test]
    fn a_source_that_the_sdk_leaves_out_is_not_taken() {
        let (name, reasons) = taken("ManagedIdentityCredential");
        assert_eq!(name, "managed-identity");
        assert!(reasons[0].contains("is ManagedIdentityCredential"), "{reasons:?}");
        for other in ["dev", "AzureCliCredential", "VisualStudioCodeCredential"] {
            let (name, reasons) = taken(other);
            assert_eq!(name, "none", "{other}");
            assert!(reasons[0].contains(other), "{reasons:?}");
        }
        for same in ["prod", "PROD", "environmentcredential", " ", ""] {
            assert_eq!(taken(same).0, "client-secret", "{same}");
        }
    }

    #[test]
    fn a_value_that_no_sdk_knows_is_an_error_and_not_repeated() {
        for wrong in ["prodd", "canary", "ManagedIdentity"] {
            let error = found(wrong, &CredentialOptions::default()).unwrap_err();
            assert_eq!(error, CredentialError::TokenCredentials, "{wrong}");
            assert!(!error.to_string().contains(wrong), "{error}");
        }
        // A key is not left to it, and no other credential is looked for.
        let environment = Environment::from_pairs([
            ("AZURE_TOKEN_CREDENTIALS".to_owned(), "prodd".to_owned()),
            ("AZURE_OPENAI_API_KEY".to_owned(), "k".to_owned()),
        ]);
        assert!(Credential::find(&CredentialOptions::default(), &environment).is_ok());
        // The application that creates its credential itself names it.
        let named = SourceChoice::Named("client-secret".to_owned());
        for choice in [named, SourceChoice::None] {
            let options = CredentialOptions { choice, ..CredentialOptions::default() };
            assert!(found("prodd", &options).is_ok());
        }
    }

    #[test]
    fn an_identity_that_is_chosen_is_asked_whatever_the_variable_says() {
        let identity = Some("11111111-2222-3333-4444-555555555555".to_owned());
        let options = CredentialOptions { identity, ..CredentialOptions::default() };
        for value in ["dev", "AzureCliCredential"] {
            assert_eq!(found(value, &options).unwrap().name, "managed-identity", "{value}");
        }
        // The quiet neighbour: of several sources the first one counts, and has no identities.
        let error = found("prod", &options).err();
        assert!(matches!(error, Some(CredentialError::NoUserAssigned(_))), "{error:?}");
    }
}
