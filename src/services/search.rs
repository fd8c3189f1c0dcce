//! Azure AI Search (facts G8, Z1 to Z6 in `docs/facts.md`).

use crate::clouds::Cloud;
use crate::evidence::http::Purpose;

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{Keys, Request, Resource, Role, Rules, Service, public, usgov};

/// Group id of a search service.
const SEARCH: &[&str] = &["searchService"];

/// The keys of a search service. A query key is one too, and may not read the statistics (fact Z3).
const KEYS: &Keys = &Keys {
    of: "Azure AI Search",
    header: "api-key",
    variables: &[
        "AZURE_SEARCH_API_KEY",
        "AZURE_SEARCH_KEY",
        "AZURE_AI_SEARCH_API_KEY",
        "AZURE_SEARCH_ADMIN_KEY",
    ],
};

/// Counters and limits: no content of an index. A service answers four of these calls a second for
/// each of its search units (fact Z1).
const REQUESTS: &[Request] = &[Request::get(
    Purpose::Statistics,
    Under::Resource,
    "/servicestats?api-version=2024-07-01",
    READER,
)];

/// It reads what a service counts, and no documents (fact Z5).
const READER: &str = "Reader";

const ROLES: &[Role] = &[
    Role { action: "indexes/documents/read", name: "Search Index Data Reader" },
    Role { action: "indexes/documents/*", name: "Search Index Data Contributor" },
    Role { action: "*", name: "Search Service Contributor" },
];

const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "Z2", 401, 401)
        .leaves(Leaves::CallerUntested)
        .only(&[Condition::NotSent, Condition::NoFront]),
    Refusal::identity("identity-unauthorized", "Z2", 401, 401)
        .blames(Blames::Credential)
        .only(&[Condition::Sent, Condition::NoFront]),
    Refusal::identity("identity-role-missing", "Z4", 403, 403)
        .blames(Blames::Rights)
        .words(&["authorization failed"])
        .only(&[Condition::Token, Condition::Sent]),
    Refusal::http("http-network-perimeter", "X15", 403, 403)
        .blames(Blames::Network)
        .words(&["network security perimeter"]),
    Refusal::http("http-forbidden", "Z2, Z3", 403, 403).only(&[Condition::NoFront]),
];

/// What a 403 without a reason may mean (facts Z2, Z3).
const FORBIDDEN: &[&str] = &[
    "the network: its IP rules do not include this network, or public access is off; the service \
     then sends a bare 403",
    "the key: it is wrong, or a query key, which may query indexes and may not read the statistics; \
     or the service takes no keys (disableLocalAuth)",
    "the token: the service takes keys alone (authOptions apiKeyOnly), or the caller has no role",
];

/// What its 401 to a credential may mean (fact Z2).
const UNAUTHORIZED: &[&str] = &[
    "the service takes keys alone (authOptions apiKeyOnly) and was sent a token",
    "the caller has no role on it, and the service is set to answer that with 401",
];

/// A search service as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.Search/searchServices",
    az: "search service",
    noun: "search service",
    endpoint: "endpoint",
    terraform: "azurerm_search_service",
    latency_metric: "SearchLatency",
    networks: "{access:publicNetworkAccess,rules:networkRuleSet,auth:authOptions,\
               no_keys:disableLocalAuth}",
    rules: Rules {
        terraform: "allowed_ips",
        address: (
            "update -n {name} -g <group> --ip-rules \"<those listed>;{address}\"",
            "update -n {name} -g <group> --ip-rules \"<those listed>\"",
        ),
        subnet: ("", ""),
        service_endpoint: "",
    },
    lists_all: false,
    recoverable: false,
    own_tenant: false,
    endpoints_at: "",
};

pub(super) const SERVICES: &[Service] = &[Service::new(
    "search",
    "Azure AI Search",
    &[
        public(SEARCH, "search.windows.net", "privatelink.search.windows.net"),
        usgov(SEARCH, "search.azure.us", "privatelink.search.azure.us"),
    ],
)
.audiences(&[
    (Cloud::Public, &["https://search.azure.com"]),
    (Cloud::UsGov, &["https://search.azure.us"]),
])
.keys(KEYS)
.requests(REQUESTS)
.signature("", &[("elapsed-time", "")])
.refusals(REFUSALS)
.forbidden(FORBIDDEN)
.unauthorized(UNAUTHORIZED)
.roles("read what the search service counts", ROLES)
.resource(RESOURCE)];
