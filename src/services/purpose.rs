//! What reports say of a call, by its purpose: one row for each.

use crate::evidence::http::Purpose;

/// The words of one purpose.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// What was requested, in a sentence.
    pub what: &'static str,
    /// What a success holds.
    pub holds: &'static str,
    /// What of the service a success does not prove, after a comma; empty where it proves the
    /// application's own call.
    pub not: &'static str,
    /// Why not; empty where a finding of its own says it.
    pub not_because: &'static str,
    /// Whether that holds for a key too, which has every right.
    pub not_with_a_key: bool,
    /// What a refusal for want of a role leaves open; empty where it is the application's own call that
    /// was refused.
    pub role_only: &'static str,
    /// Which permissions of a role allow it, as Azure names them.
    pub permissions: &'static str,
}

/// Permissions on data, which roles of the control plane do not carry.
pub const DATA_ACTIONS: &str = "dataActions";
/// Permissions of the control plane.
const ACTIONS: &str = "actions";

/// The call is the application's own.
const OWN: Words = Words {
    what: "",
    holds: "",
    not: "",
    not_because: "",
    not_with_a_key: false,
    role_only: "",
    permissions: DATA_ACTIONS,
};

const MODELS: Words = Words { what: "the list of models", holds: "models", ..OWN };

const PROJECT: Words = Words { what: "the project", holds: "deployments", ..OWN };

const DEPLOYMENT: Words = Words { what: "the deployment", holds: "a completion", ..OWN };

const SECRETS: Words = Words {
    what: "the list of secrets",
    holds: "secrets",
    not: "that a secret can be read",
    role_only: "only the list of secrets is refused: an application that reads a secret by name, or \
                uses keys or certificates, needs other permissions, which are not tested",
    ..OWN
};

/// Fact Z5: there the actions of the control plane count.
const STATISTICS: Words = Words {
    what: "the service's statistics",
    holds: "counters and limits",
    not: "that an index can be queried",
    not_because: "the statistics take a role of the control plane (Search Service Contributor, Reader); a \
                  query takes one for data (Search Index Data Reader), which is separate",
    role_only: "only the service's statistics are refused: an application that queries an index needs \
                another role (Search Index Data Reader), which is not tested; a service that takes \
                keys alone (authOptions apiKeyOnly) may refuse a token in the same words",
    permissions: ACTIONS,
    ..OWN
};

/// Fact Z28: as above.
const LISTING: Words = Words {
    what: "the list of what it holds",
    holds: "containers, shares, queues or tables",
    not: "that content can be read",
    not_because: "the list takes a role of the control plane (Reader, Contributor); content takes one for \
                  data (Storage Blob Data Reader and its like), which is separate",
    role_only: "only the list of the whole storage account is refused: an application whose role is on \
                one container, share, queue or table may still use that one, which is not tested",
    permissions: ACTIONS,
    ..OWN
};

const KEY_VALUES: Words = Words {
    what: "a key-value that is not there",
    holds: "key-values",
    not: "that the application's key-values are there",
    not_because: "a key-value that no store has was asked for, so that no value is read: the store let \
                  the caller in, and nothing shows what it holds",
    not_with_a_key: true,
    ..OWN
};

const API_LIST: Words = Words {
    what: "a list of the API",
    holds: "what this API lists",
    not: "the application's own call",
    not_because: "each operation of the API has a data action of its own: a role may have the one of this \
                  list, and lack that of the application's call",
    role_only: "only this list is refused: an application whose role has other data actions of the API \
                may still make its own calls, which are not tested",
    ..OWN
};

const CHALLENGE: Words = Words { what: "a request for a credential", holds: "401", ..OWN };

/// The words of a purpose.
#[must_use]
pub const fn words(purpose: Purpose) -> &'static Words {
    match purpose {
        Purpose::Models => &MODELS,
        Purpose::Project => &PROJECT,
        Purpose::Deployment => &DEPLOYMENT,
        Purpose::Secrets => &SECRETS,
        Purpose::Statistics => &STATISTICS,
        Purpose::Listing => &LISTING,
        Purpose::KeyValues => &KEY_VALUES,
        Purpose::ApiList => &API_LIST,
        Purpose::Challenge => &CHALLENGE,
    }
}
