//! What the environment holds of credentials beyond the one that is taken: sources of which a
//! variable is missing or empty, and variables of other tools. Names alone, no value.

use super::authority::{self, AUTHORITY_HOST};
use super::options::CredentialOptions;
use super::sources::{Probe, SOURCES, Source, is_wanted};
use crate::evidence::identity::{Configured, IncompleteSource};
use crate::world::Environment;

/// Variables of earlier SDKs and of other tools: named where they are set, never sent.
const OLD_VARIABLES: &[&str] = &[
    "OPENAI_API_BASE",
    "OPENAI_API_KEY",
    "OPENAI_API_TYPE",
    "AZURE_OPENAI_KEY",
    "AZURE_OPENAI_API_BASE",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "TENANT_ID",
];

/// Variables of the token proxy of a cluster with identity bindings (fact I4a).
const TOKEN_PROXY: &[&str] = &[
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "AZURE_KUBERNETES_SNI_NAME",
    "AZURE_KUBERNETES_CA_FILE",
    "AZURE_KUBERNETES_CA_DATA",
];

/// What the environment holds of credentials, incomplete sources among it.
#[must_use]
pub(super) fn configured(options: &CredentialOptions, environment: &Environment) -> Configured {
    let set = |names: &[&str]| -> Vec<String> {
        let set = names.iter().filter(|name| environment.get(name).is_some());
        set.map(|name| (*name).to_owned()).collect()
    };
    let mut any_complete = false;
    Configured {
        incomplete: SOURCES
            .iter()
            .filter_map(|source| incomplete(source, options, environment, &mut any_complete))
            .collect(),
        old_variables: set(OLD_VARIABLES),
        authority_host: environment
            .get(AUTHORITY_HOST)
            .and_then(|text| authority::host(text).ok())
            .map(|host| crate::evidence::text::clean(&host, 200)),
        authority_host_empty: environment.is_empty(AUTHORITY_HOST),
        token_proxy: set(TOKEN_PROXY),
    }
}

/// The source, if it is configured in part. `any_complete` is whether one before it is complete.
fn incomplete(
    source: &Source,
    options: &CredentialOptions,
    environment: &Environment,
    any_complete: &mut bool,
) -> Option<IncompleteSource> {
    let own = source.own_variables(options, environment);
    if own.is_empty() {
        return (source.incomplete)(environment);
    }
    let set = |name: &&'static str| environment.get(name).is_some();
    let empty = |name: &&'static str| environment.is_empty(name);
    let given = |name: &&'static str| set(name) || empty(name);
    let all = || own.iter().chain(source.shared_variables);
    let those = |of: &dyn Fn(&&'static str) -> bool| -> Vec<String> {
        all().filter(|name| of(name)).map(|name| (*name).to_owned()).collect()
    };
    // Empty variables count where all others of their source are set, or empty as well; they do
    // not where a source before it is complete, since nothing reads them then.
    let is_read = !*any_complete || source.read_first_by_an_sdk;
    let meant = own.iter().any(&set) || is_read && all().all(&given);
    let missing = those(&|name| !set(name));
    *any_complete |= missing.is_empty();
    // Where all variables are set that several sources share, one of those is meant: the one whose own
    // is misspelt, or that `AZURE_TOKEN_CREDENTIALS` names; else the first of them.
    let shared = source.shared_variables;
    let alike = || SOURCES.iter().filter(|other| other.shared_variables == shared);
    // Some of them have no variable of their own: what the user names, or the platform shows.
    let is_other = |other: &Source| {
        let named = options.choice.name() == Some(other.name);
        other.detected(&Probe { options, environment, named }).is_some()
    };
    let is_first = || {
        alike().find(|other| !other.variables.is_empty()).is_some_and(|one| one.name == source.name)
            && !alike().any(|other| {
                is_wanted(other, environment)
                    || other.variables.iter().any(&given)
                    || is_other(other)
            })
    };
    let meant = meant
        || !*any_complete
            && options.assertion_file.is_none()
            && !shared.is_empty()
            && shared.iter().all(&set)
            && (is_wanted(source, environment)
                || is_first()
                || !near_misses(environment, &missing).is_empty());
    (meant && !missing.is_empty()).then(|| IncompleteSource {
        source: source.name.to_owned(),
        set: those(&set),
        empty: those(&empty),
        near_misses: near_misses(environment, &missing),
        missing,
    })
}

/// The most letters that a typing error adds, leaves out or changes.
const TYPING_ERROR: usize = 2;

/// Variables that are set and whose names differ from a missing one by a typing error.
pub(super) fn near_misses(environment: &Environment, missing: &[String]) -> Vec<String> {
    // The lengths rule out nearly every pair, at a small part of what the distance costs.
    let is_near = |name: &str, wanted: &str| {
        name.chars().count().abs_diff(wanted.chars().count()) <= TYPING_ERROR
            && name != wanted
            && strsim::osa_distance(&name.to_ascii_uppercase(), wanted) <= TYPING_ERROR
    };
    environment
        .names()
        .filter(|name| missing.iter().any(|wanted| is_near(name, wanted)))
        .filter(|name| environment.get(name).is_some())
        .take(4)
        .map(str::to_owned)
        .collect()
}

/// What a source that was named lacks.
pub(super) fn missing(
    source: &Source,
    options: &CredentialOptions,
    environment: &Environment,
    configured: &Configured,
) -> String {
    if let Some(incomplete) = configured.incomplete.iter().find(|one| one.source == source.name) {
        let near = match incomplete.near_misses.is_empty() {
            true => String::new(),
            false => format!(" ({} is set)", incomplete.near_misses.join(", ")),
        };
        let how = match incomplete.missing == incomplete.empty {
            true => "set and empty",
            false => "not set",
        };
        return format!("{} is {how}{near}", incomplete.missing.join(" and "));
    }
    if let Some(keys) = options.keys().filter(|keys| source.of_service && keys.variables.len() > 1)
    {
        return format!("none of {} is set", keys.variables.join(", "));
    }
    match source.required(options, environment).as_slice() {
        [one] => format!("{one} is not set"),
        [first @ .., last] => format!("{} and {last} are required", first.join(", ")),
        [] if source.of_service => "the service takes no key".to_owned(),
        [] => "it is not configured".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{API_KEY_VARIABLE, TOKEN_VARIABLE};
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    fn configured_in(environment: &Environment) -> Configured {
        configured(&CredentialOptions::default(), environment)
    }

    #[test]
    fn a_missing_variable_is_named_with_its_near_miss() {
        let found = configured_in(&environment(&[
            ("AZURE_CLIENT_SECRET", "canary"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLEINT_ID", "c"),
            ("OPENAI_API_KEY", "canary"),
        ]));
        assert_eq!(found.incomplete.len(), 1);
        assert_eq!(found.incomplete[0].missing, ["AZURE_CLIENT_ID"]);
        assert_eq!(found.incomplete[0].near_misses, ["AZURE_CLEINT_ID"]);
        assert_eq!(found.old_variables, ["OPENAI_API_KEY"]);
        assert!(!format!("{found:?}").contains("canary"));
    }

    #[test]
    fn an_application_whose_own_variable_is_missing_lacks_it() {
        let ids = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
        let missing = |pairs: &[(&str, &str)]| {
            let found = configured_in(&environment(&[&ids[..], pairs].concat()));
            found.incomplete.into_iter().flat_map(|half| half.missing).collect::<Vec<_>>()
        };
        let (secret, certificate) = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH");
        assert_eq!(missing(&[("AZURE_CLIENT_SECRETS", "canary")]), [secret]);
        assert_eq!(missing(&[]), [secret]);
        let wanted = |name| missing(&[("AZURE_TOKEN_CREDENTIALS", name)]);
        assert_eq!(wanted("EnvironmentCredential"), [secret, certificate]);
        assert!(
            wanted("WorkloadIdentityCredential").contains(&"AZURE_FEDERATED_TOKEN_FILE".into())
        );
        // The quiet neighbours.
        assert!(missing(&[(certificate, "/f")]).is_empty());
        assert!(missing(&[(secret, "canary")]).is_empty());
    }

    #[test]
    fn an_empty_variable_is_named_where_an_sdk_fails_at_it() {
        let ids = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
        let half = |pairs: &[(&str, &str)]| -> Vec<(String, Vec<String>)> {
            let found = configured_in(&environment(&[&ids[..], pairs].concat()));
            found.incomplete.into_iter().map(|half| (half.source, half.empty)).collect()
        };
        let one =
            |source: &str, variable: &str| vec![(source.to_owned(), vec![variable.to_owned()])];
        let (secret, file) = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH");
        for blank in ["", "  ", "\n"] {
            assert_eq!(half(&[(secret, blank)]), one("client-secret", secret));
            assert_eq!(half(&[(file, blank)]), one("client-certificate", file));
        }
        // The secret comes first: the empty path is not read.
        assert_eq!(half(&[(secret, "canary"), (file, "")]), []);
        assert_eq!(half(&[(secret, ""), (file, "/f")]), one("client-secret", secret));
        assert_eq!(half(&[(API_KEY_VARIABLE, "")])[..1], one("api-key", API_KEY_VARIABLE));
        assert_eq!(
            half(&[(API_KEY_VARIABLE, "canary"), (TOKEN_VARIABLE, "")]),
            one("token", TOKEN_VARIABLE)
        );
        let nothing_meant = configured_in(&environment(&[(secret, "")]));
        assert_eq!(nothing_meant.incomplete, []);
        // As a compose file leaves them whose host sets none: Python's SDK fails at them, too.
        let blank = ["AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"];
        let all = configured_in(&environment(&blank.map(|name| (name, ""))));
        assert_eq!(
            (&all.incomplete[0].empty[..], all.incomplete.len()),
            (&blank.map(str::to_owned)[..], 1)
        );
    }

    #[test]
    fn a_named_source_says_what_it_requires() {
        let source = |name| Source::named(name).unwrap();
        let none = Configured::default();
        let lacks = |name, service: Option<&str>| {
            let service = service.and_then(crate::services::by_id);
            let options = CredentialOptions { service, ..CredentialOptions::default() };
            missing(source(name), &options, &environment(&[]), &none)
        };
        assert_eq!(lacks("api-key", None), "AZURE_OPENAI_API_KEY is not set");
        assert_eq!(lacks("api-key", Some("keyvault")), "the service takes no key");
        assert_eq!(
            lacks("assertion-file", None),
            "--assertion-file, AZURE_TENANT_ID and AZURE_CLIENT_ID are required"
        );
    }
}
