//! A credential for Resource Manager: a source that requests tokens, for another audience than the
//! target's (facts C5, C36).

use super::sources::{Origin, Probe, SOURCES, Source};
use super::{Credential, CredentialError, CredentialOptions, SourceChoice};
use crate::clouds::Cloud;
use crate::world::Environment;

/// The source where the environment configures none: a person's own login.
const FALLBACK: &str = "azure-cli";

impl Credential {
    /// The credential for the Resource Manager of `cloud`: from `source`, else from that of the
    /// target's tokens (`options`), else from the first that is configured and requests its tokens,
    /// else the Azure CLI's.
    ///
    /// # Errors
    ///
    /// As [`Credential::find`]; [`CredentialError::NotRequested`] for a source with a value at hand.
    pub fn find_for_resource_manager(
        options: &CredentialOptions,
        source: Option<&SourceChoice>,
        environment: &Environment,
        cloud: Cloud,
    ) -> Result<Self, CredentialError> {
        let options = for_resource_manager(options, source, environment);
        let named = source.and_then(SourceChoice::name).is_some();
        Self::of_resource_manager(&options, environment, cloud).map_err(|error| match error {
            CredentialError::NotConfigured(name, why) if named => {
                CredentialError::AzureNotConfigured(name, why)
            }
            other => other,
        })
    }

    /// The same where no person is logged in: a program is run only where `options` name it, since
    /// it would act as its last user.
    ///
    /// # Errors
    ///
    /// As [`Credential::find`]; [`CredentialError::NoneForResourceManager`] where no source requests
    /// a token.
    pub fn find_for_unattended_resource_manager(
        options: &CredentialOptions,
        environment: &Environment,
        cloud: Cloud,
    ) -> Result<Self, CredentialError> {
        let options = requesting(options, None, environment)
            .ok_or(CredentialError::NoneForResourceManager)?;
        Self::of_resource_manager(&options, environment, cloud)
    }

    fn of_resource_manager(
        options: &CredentialOptions,
        environment: &Environment,
        cloud: Cloud,
    ) -> Result<Self, CredentialError> {
        let credential = Self::find(options, environment)?;
        match credential.flow {
            Some(_) => Ok(Self { resource_manager: Some(cloud), ..credential }),
            None => Err(CredentialError::NotRequested(credential.name.to_owned())),
        }
    }
}

/// The options that name the source of a token for Resource Manager.
#[must_use]
pub fn for_resource_manager(
    options: &CredentialOptions,
    source: Option<&SourceChoice>,
    environment: &Environment,
) -> CredentialOptions {
    let fallback = || named(&keyless(options), FALLBACK, false);
    requesting(options, source, environment).unwrap_or_else(fallback)
}

/// The options that name `source`, or a source that requests its tokens; none where none is
/// configured.
fn requesting(
    options: &CredentialOptions,
    source: Option<&SourceChoice>,
    environment: &Environment,
) -> Option<CredentialOptions> {
    let keyless = keyless(options);
    let requests = |source: &'static Source, named: bool| {
        let probe = Probe { options: &keyless, environment, named };
        let detected = source.detected(&probe)?;
        matches!(detected.origin, Origin::Flow(_)).then_some((source.name, detected.takes_identity))
    };
    // What is wrong with a name is reported where it is looked up.
    let (name, takes_identity) = match source.and_then(SourceChoice::name) {
        Some(name) => {
            let named = Source::named(name).and_then(|source| requests(source, true));
            named.unwrap_or((name, false))
        }
        None => {
            let of_target = options.choice.name().and_then(Source::named);
            let requesting = of_target.and_then(|source| requests(source, true));
            let first = || SOURCES.iter().find_map(|source| requests(source, false));
            requesting.or_else(first)?
        }
    };
    Some(named(&keyless, name, takes_identity))
}

/// The options without the files of a key or a token at hand.
fn keyless(options: &CredentialOptions) -> CredentialOptions {
    CredentialOptions { api_key_file: None, token_file: None, ..options.clone() }
}

fn named(keyless: &CredentialOptions, name: &str, takes_identity: bool) -> CredentialOptions {
    let identity = keyless.identity.clone().filter(|_| takes_identity);
    let choice = SourceChoice::Named(name.to_owned());
    CredentialOptions { choice, identity, ..keyless.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: SourceChoice, pairs: &[(&str, &str)]) -> Result<Credential, CredentialError> {
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let options = CredentialOptions::default();
        let environment = Environment::from_pairs(pairs);
        Credential::find_for_resource_manager(&options, Some(&source), &environment, Cloud::UsGov)
    }

    #[test]
    fn a_key_or_a_token_at_hand_is_never_sent_to_resource_manager() {
        let at_hand = [("AZURE_OPENAI_API_KEY", "k"), ("AZURE_OPENAI_AD_TOKEN", "t")];
        let credential = found(SourceChoice::Auto, &at_hand).unwrap();
        assert_eq!(credential.name(), "azure-cli");
        assert!(credential.secret().is_none());
        let named = SourceChoice::Named("token".to_owned());
        assert!(matches!(found(named, &at_hand), Err(CredentialError::NotRequested(_))));
        let missing = found(SourceChoice::Named("client-secret".to_owned()), &[]).unwrap_err();
        assert!(missing.to_string().starts_with("--azure-credential client-secret: "), "{missing}");
    }

    #[test]
    fn where_no_person_is_logged_in_a_program_runs_only_where_it_is_named() {
        let unattended = |choice: SourceChoice, pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            let options = CredentialOptions { choice, ..CredentialOptions::default() };
            let environment = Environment::from_pairs(pairs);
            Credential::find_for_unattended_resource_manager(&options, &environment, Cloud::Public)
                .map(|credential| credential.name())
        };
        let key = [("AZURE_OPENAI_API_KEY", "k")];
        let named = |name: &str| SourceChoice::Named(name.to_owned());
        for choice in [SourceChoice::Auto, SourceChoice::None, named("api-key")] {
            let none = unattended(choice, &key).unwrap_err();
            assert_eq!(none, CredentialError::NoneForResourceManager);
            assert!(none.to_string().contains("`credential`"), "{none}");
        }
        assert_eq!(unattended(named("azure-cli"), &key), Ok("azure-cli"));
        let application =
            [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_CLIENT_SECRET", "s")];
        assert_eq!(unattended(SourceChoice::Auto, &application), Ok("client-secret"));
    }

    #[test]
    fn the_token_is_for_the_resource_manager_of_the_targets_cloud() {
        let target = crate::target::Target::parse("myacct.openai.azure.us", None).unwrap();
        let application = [
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("AZURE_OPENAI_API_KEY", "k"),
        ];
        let credential = found(SourceChoice::Auto, &application).unwrap();
        assert_eq!(credential.name(), "client-secret");
        let scope = credential.scope(&target);
        assert_eq!(scope.as_deref(), Some("https://management.usgovcloudapi.net/.default"));
    }
}
