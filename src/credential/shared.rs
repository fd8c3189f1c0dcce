//! Which credential goes to a service other than the account: a secret at hand is for one of them
//! alone, and a token that is requested is requested for each.

use super::options::{CredentialOptions, SourceChoice};
use super::sources::{self, Detected, Origin, SOURCES, Source};
use crate::world::Environment;

/// The value of `--credential` for a service that the key and the token at hand are not for; none
/// where it is what `options` choose already. `has_own_key`: a variable with a key of this service
/// is for it.
#[must_use]
pub fn for_another_service(
    options: &CredentialOptions,
    environment: &Environment,
    has_own_key: bool,
) -> Option<&'static str> {
    const NONE: Option<&str> = Some("none");
    let detected: Vec<(&'static Source, Detected)> =
        sources::detected(options, environment).collect();
    let fits = |(source, found): &&(&'static Source, Detected)| {
        matches!(found.origin, Origin::Flow(_)) || (has_own_key && source.of_service)
    };
    // A source that only this machine suggests is taken by `auto` alone: naming it makes its
    // absence a fault.
    let explicit = || detected.iter().filter(fits).find(|(_, found)| found.is_explicit);
    match &options.choice {
        SourceChoice::None => NONE,
        SourceChoice::Auto if detected.first().as_ref().is_some_and(fits) => None,
        SourceChoice::Auto => explicit().map_or(NONE, |(source, _)| Some(source.name)),
        SourceChoice::Named(name) => {
            let is_it = |source: &Source| source.name == *name;
            let source = SOURCES.iter().find(|source| is_it(source));
            match detected.iter().find(|(source, _)| is_it(source)) {
                Some(found) if fits(&found) => None,
                // What is missing is reported as it is for the account.
                None if source.is_none_or(|source| !source.of_service) => None,
                _ => explicit().map_or(NONE, |(source, _)| Some(source.name)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;

    fn choice(options: &CredentialOptions, variables: &[&str]) -> Option<&'static str> {
        let pairs = variables.iter().map(|name| ((*name).to_owned(), "x".to_owned()));
        for_another_service(options, &Environment::from_pairs(pairs), true)
    }

    #[test]
    fn a_secret_at_hand_is_for_one_service_and_a_flow_for_each() {
        let search = CredentialOptions { service: services::by_id("search"), ..Default::default() };
        let secret = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"];
        let with = |first: &'static str| [&[first][..], &secret].concat();
        assert_eq!(choice(&search, &[]), Some("none"));
        assert_eq!(choice(&search, &["AZURE_OPENAI_API_KEY"]), Some("none"));
        assert_eq!(choice(&search, &["AZURE_OPENAI_AD_TOKEN"]), Some("none"));
        assert_eq!(choice(&search, &secret), None);
        assert_eq!(choice(&search, &with("AZURE_OPENAI_AD_TOKEN")), Some("client-secret"));
        assert_eq!(choice(&search, &["AZURE_SEARCH_API_KEY"]), None);
        let blob = search.for_service(services::by_id("blob"));
        assert_eq!(choice(&blob, &["AZURE_SEARCH_API_KEY"]), Some("none"));
        let named = |name: &str| CredentialOptions {
            choice: SourceChoice::Named(name.to_owned()),
            ..blob.clone()
        };
        assert_eq!(choice(&named("token"), &["AZURE_OPENAI_AD_TOKEN"]), Some("none"));
        assert_eq!(choice(&named("api-key"), &["AZURE_OPENAI_API_KEY"]), Some("none"));
        assert_eq!(choice(&named("client-secret"), &secret), None);
        assert_eq!(choice(&named("azure-cli"), &["AZURE_OPENAI_API_KEY"]), None);
    }
}
