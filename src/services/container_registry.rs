//! Azure Container Registry (facts Z31 and Z32 in `docs/facts.md`). Its tokens come from the registry
//! itself, by a protocol of their own, so its caller is not tested.

use crate::evidence::http::Purpose;

use super::refusal::{Blames, Condition, Leaves, RULES_OR_CLOSED, Refusal};
use super::request::Under;
use super::{Request, Resource, Rules, Service, public, usgov};

/// Group id of a registry.
const REGISTRY: &[&str] = &["registry"];

/// What each client asks first. Registries of other makers answer alike, with the same header of Docker's;
/// what shows this one is that it sends its clients to itself for a token.
const REQUESTS: &[Request] = &[Request::get(Purpose::Challenge, Under::Resource, "/v2/", "")];

const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "Z32", 401, 401)
        .leaves(Leaves::CallerUntested)
        .header("www-authenticate", "/oauth2/token")
        .only(&[Condition::NotSent, Condition::OwnRealm]),
    Refusal::http("http-network-rules", "Z31", 403, 403)
        .blames(Blames::Network)
        .codes(&["denied"])
        .words(&["is not allowed access"]),
];

/// A registry as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.ContainerRegistry/registries",
    az: "acr",
    noun: "registry",
    endpoint: "loginServer",
    terraform: "azurerm_container_registry",
    latency_metric: "",
    networks: "{access:publicNetworkAccess,rules:networkRuleSet}",
    rules: Rules {
        terraform: "network_rule_set",
        address: (
            "network-rule add -n {name} -g <group> --ip-address {address}",
            "network-rule remove -n {name} -g <group> --ip-address {address}",
        ),
        subnet: ("", ""),
        service_endpoint: "",
    },
    lists_all: true,
    recoverable: false,
    own_tenant: false,
    endpoints_at: "",
};

pub(super) const SERVICES: &[Service] = &[Service::new(
    "acr",
    "Container Registry",
    &[
        public(REGISTRY, "azurecr.io", "privatelink.azurecr.io"),
        usgov(REGISTRY, "azurecr.us", "privatelink.azurecr.us"),
    ],
)
.requests(REQUESTS)
.signature("", &[("x-ms-correlation-request-id", "")])
.refusals(REFUSALS)
.forbidden(RULES_OR_CLOSED)
.resource(RESOURCE)];
