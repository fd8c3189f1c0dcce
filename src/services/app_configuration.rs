//! Azure App Configuration (facts Z40 to Z44 in `docs/facts.md`). Its access keys sign a request and
//! come in connection strings, which are not read: its callers are tested by tokens alone.

use crate::clouds::Cloud;
use crate::evidence::http::Purpose;

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{Request, Resource, Role, Rules, Service, public, usgov};

/// Group id of a store.
const STORE: &[&str] = &["configurationStores"];

/// A key that no application has, of which the name alone would come: no content of the store. It costs
/// one of the requests that a store answers in an hour, or in a day where it is a free one.
const REQUESTS: &[Request] = &[Request::get(
    Purpose::KeyValues,
    Under::Resource,
    "/kv?%24select=key&api-version=2023-11-01&key=aoai-probe",
    READER,
)];

/// It reads key-values and nothing else (fact Z43).
const READER: &str = "App Configuration Data Reader";

const ROLES: &[Role] = &[Role { action: "keyValues/read", name: READER }];

/// The challenge of a store begins with the scheme of its own.
const SCHEMES: &str = "hmac-sha256";

const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "Z41", 401, 401)
        .leaves(Leaves::CallerUntested)
        .header("www-authenticate", SCHEMES)
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-tenant-mismatch", "Z41", 401, 401)
        .whole()
        .blames(Blames::Rights)
        .header("www-authenticate", "from the wrong issuer")
        .only(&[Condition::Token, Condition::Sent]),
    Refusal::identity("identity-token-refused", "Z41", 401, 401)
        .blames(Blames::Credential)
        .header("www-authenticate", "invalid_token")
        .only(&[Condition::Token, Condition::Sent]),
    Refusal::http("http-public-access-disabled", "Z42", 403, 403)
        .blames(Blames::Network)
        .codes(&["ip-address-rejected"]),
    Refusal::http("http-network-perimeter", "Z42", 403, 403)
        .blames(Blames::Network)
        .codes(&["nsp-rejected"]),
    Refusal::http("http-forbidden", "Z42, Z43", 403, 403).only(&[Condition::ServiceHeaders]),
];

/// What a 403 without a reason may mean (facts Z42, Z43).
const FORBIDDEN: &[&str] = &[
    "the caller has no role on the store: App Configuration Data Reader reads key-values, Owner, \
     Contributor and Reader do not",
    "the network: public access is off, and the call did not come through a private endpoint of the \
     store that is approved; stores used to refuse that without a text",
];

/// A store as `az` names it. It has no rules for addresses: a perimeter or private endpoints let
/// networks in.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.AppConfiguration/configurationStores",
    az: "appconfig",
    noun: "configuration store",
    endpoint: "endpoint",
    terraform: "azurerm_app_configuration",
    latency_metric: "HttpIncomingRequestDuration",
    networks: "{access:publicNetworkAccess,no_keys:disableLocalAuth}",
    rules: Rules::NONE,
    lists_all: true,
    recoverable: true,
    own_tenant: false,
    endpoints_at: "",
};

pub(super) const SERVICES: &[Service] = &[Service::new(
    "appconfig",
    "App Configuration",
    &[
        public(STORE, "azconfig.io", "privatelink.azconfig.io"),
        usgov(STORE, "azconfig.azure.us", "privatelink.azconfig.azure.us"),
    ],
)
.audiences(&[
    (Cloud::Public, &["https://azconfig.io", "https://appconfig.azure.com"]),
    (Cloud::UsGov, &["https://azconfig.azure.us", "https://appconfig.azure.us"]),
])
.requests(REQUESTS)
.signature("", &[("sync-token", ""), ("x-ms-correlation-request-id", "")])
.refusals(REFUSALS)
.forbidden(FORBIDDEN)
.roles("read every key-value of the configuration store", ROLES)
.resource(RESOURCE)];
