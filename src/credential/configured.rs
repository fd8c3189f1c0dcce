//! What the environment holds of credentials beside the one that is taken: sources of which a
//! variable is missing or empty, and variables of other tools. Names alone, no value.

use super::authority::{self, AUTHORITY_HOST};
use super::sources::{API_KEY_VARIABLE, TOKEN_VARIABLE};
use crate::evidence::identity::{Configured, HalfConfigured};
use crate::world::Environment;

/// A source and the variables that configure it.
struct Needs {
    source: &'static str,
    /// Those that name this source alone.
    own: &'static [&'static str],
    /// Those that it shares with others.
    shared: &'static [&'static str],
}

/// The sources of variables, in the order of `auto`.
const NEEDS: &[Needs] = &[
    Needs { source: "api-key", own: &[API_KEY_VARIABLE], shared: &[] },
    Needs { source: "token", own: &[TOKEN_VARIABLE], shared: &[] },
    Needs {
        source: "client-secret",
        own: &["AZURE_CLIENT_SECRET"],
        shared: &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
    },
    Needs {
        source: "client-certificate",
        own: &["AZURE_CLIENT_CERTIFICATE_PATH"],
        shared: &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
    },
    Needs {
        source: "workload-identity",
        own: &["AZURE_FEDERATED_TOKEN_FILE"],
        shared: &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
    },
    Needs {
        source: "github-actions",
        own: &["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        shared: &["AZURE_TENANT_ID", "AZURE_CLIENT_ID"],
    },
];

/// Variables of SDKs before these, and of other tools: named where they are set, never sent.
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

/// What the environment holds of credentials, half configured sources among it.
#[must_use]
pub(super) fn configured(environment: &Environment) -> Configured {
    let set = |name: &&'static str| environment.get(name).is_some();
    let empty = |name: &&'static str| environment.is_empty(name);
    let mut complete = false;
    let half = NEEDS
        .iter()
        .filter_map(|needs| {
            let all = || needs.own.iter().chain(needs.shared);
            let those = |of: &dyn Fn(&&'static str) -> bool| -> Vec<String> {
                all().filter(|name| of(name)).map(|name| (*name).to_owned()).collect()
            };
            // Empty variables count where the others of their source are there, were it empty as
            // well, and nobody looks at them where a source before it is complete.
            let meant = needs.own.iter().any(&set)
                || !complete && all().all(|name| set(name) || empty(name));
            let missing = those(&|name| !set(name));
            complete |= missing.is_empty();
            (meant && !missing.is_empty()).then(|| HalfConfigured {
                source: needs.source.to_owned(),
                set: those(&set),
                empty: those(&empty),
                near: near(environment, &missing),
                missing,
            })
        })
        .chain(half_of_platform(environment))
        .collect();
    Configured {
        half,
        old_variables: OLD_VARIABLES
            .iter()
            .filter(|name| set(name))
            .map(|name| (*name).to_owned())
            .collect(),
        authority_host: environment
            .get(AUTHORITY_HOST)
            .and_then(|text| authority::host(text).ok())
            .map(|host| crate::evidence::text::clean(&host, 200)),
        authority_host_empty: environment.is_empty(AUTHORITY_HOST),
        token_proxy: TOKEN_PROXY
            .iter()
            .filter(|name| set(name))
            .map(|name| (*name).to_owned())
            .collect(),
    }
}

/// App Service's endpoint without its header, or the header alone: the SDKs then ask the metadata
/// service of a virtual machine, which is not there (facts I6, I9).
fn half_of_platform(environment: &Environment) -> Option<HalfConfigured> {
    const ENDPOINT: &str = "IDENTITY_ENDPOINT";
    const HEADER: &str = "IDENTITY_HEADER";
    let set = |name: &str| environment.get(name).is_some();
    let (set, missing) = match (set(ENDPOINT), set(HEADER), set("IMDS_ENDPOINT")) {
        (true, false, false) => (ENDPOINT, HEADER),
        (false, true, _) => (HEADER, ENDPOINT),
        _ => return None,
    };
    let missing = vec![missing.to_owned()];
    Some(HalfConfigured {
        source: "managed-identity".to_owned(),
        set: vec![set.to_owned()],
        empty: missing.iter().filter(|name| environment.is_empty(name)).cloned().collect(),
        near: near(environment, &missing),
        missing,
    })
}

/// Variables that are set and whose names are a slip away from a missing one.
fn near(environment: &Environment, missing: &[String]) -> Vec<String> {
    environment
        .names()
        .filter(|name| environment.get(name).is_some())
        .filter(|name| {
            missing.iter().any(|wanted| {
                let distance = strsim::osa_distance(&name.to_ascii_uppercase(), wanted);
                name != wanted && distance <= 2
            })
        })
        .take(4)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn a_missing_variable_is_named_and_the_slip_beside_it() {
        let found = configured(&environment(&[
            ("AZURE_CLIENT_SECRET", "canary"),
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLEINT_ID", "c"),
            ("OPENAI_API_KEY", "canary"),
        ]));
        assert_eq!(found.half.len(), 1);
        assert_eq!(found.half[0].missing, ["AZURE_CLIENT_ID"]);
        assert_eq!(found.half[0].near, ["AZURE_CLEINT_ID"]);
        assert_eq!(found.old_variables, ["OPENAI_API_KEY"]);
        assert!(!format!("{found:?}").contains("canary"));
    }

    #[test]
    fn a_variable_that_is_set_and_empty_is_named_where_an_sdk_stumbles_over_it() {
        let ids = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")];
        let half = |pairs: &[(&str, &str)]| -> Vec<(String, Vec<String>)> {
            let found = configured(&environment(&[&ids[..], pairs].concat()));
            found.half.into_iter().map(|half| (half.source, half.empty)).collect()
        };
        let one =
            |source: &str, variable: &str| vec![(source.to_owned(), vec![variable.to_owned()])];
        let (secret, file) = ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH");
        for blank in ["", "  ", "\n"] {
            assert_eq!(half(&[(secret, blank)]), one("client-secret", secret));
            assert_eq!(half(&[(file, blank)]), one("client-certificate", file));
        }
        // The secret comes first: nobody reads the empty path.
        assert_eq!(half(&[(secret, "canary"), (file, "")]), []);
        assert_eq!(half(&[(secret, ""), (file, "/f")]), one("client-secret", secret));
        assert_eq!(half(&[(API_KEY_VARIABLE, "")]), one("api-key", API_KEY_VARIABLE));
        assert_eq!(half(&[(API_KEY_VARIABLE, "canary"), (TOKEN_VARIABLE, "")]), []);
        let nothing_meant = configured(&environment(&[(secret, "")]));
        assert_eq!(nothing_meant.half, []);
        // As a compose file leaves them whose host sets none: Python's SDK ends at them, too.
        let blank = ["AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"];
        let all = configured(&environment(&blank.map(|name| (name, ""))));
        assert_eq!((&all.half[0].empty[..], all.half.len()), (&blank.map(str::to_owned)[..], 1));
    }

    #[test]
    fn an_endpoint_of_app_service_without_its_header_is_half_of_a_source() {
        let half = |pairs: &[(&str, &str)]| configured(&environment(pairs)).half;
        let url = ("IDENTITY_ENDPOINT", "http://127.0.0.1/msi");
        assert_eq!(half(&[url])[0].missing, ["IDENTITY_HEADER"]);
        assert_eq!(half(&[("IDENTITY_HEADER", "canary")])[0].missing, ["IDENTITY_ENDPOINT"]);
        assert_eq!(half(&[url, ("IDENTITY_HEADER", "canary")]), []);
        assert_eq!(half(&[url, ("IMDS_ENDPOINT", "x")]), []);
    }
}
