//! Azure Cosmos DB for NoSQL (facts Z30, Z33 and Z107 in `docs/facts.md`). Its tokens need a header in a
//! form of its own and a role of its own kind, so its caller is not tested.

use crate::evidence::http::Purpose;
use crate::evidence::identity::CredentialKind::ApiKey;

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{Request, Resource, Rules, Service, china, public, usgov};

/// Group id of the NoSQL interface.
const SQL: &[&str] = &["Sql"];

const REQUESTS: &[Request] = &[Request::get(Purpose::Challenge, Under::Resource, "/", "")];

const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "Z30", 401, 401)
        .leaves(Leaves::CallerUntested)
        .words(&["required header authorization is missing"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-keys-disabled", "Z107", 401, 403)
        .whole()
        .blames(Blames::Rights)
        .words(&["local authorization is disabled. use an aad token"])
        .about(ApiKey),
    Refusal::identity("identity-role-missing", "Z107", 403, 403)
        .blames(Blames::Rights)
        .words(&["does not have required rbac permissions"]),
    Refusal::http("http-network-rules", "Z33", 403, 403)
        .blames(Blames::Network)
        .words(&["blocked by your cosmos db account firewall settings"]),
];

/// An account of Cosmos DB as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.DocumentDB/databaseAccounts",
    az: "cosmosdb",
    noun: "Cosmos DB account",
    endpoint: "documentEndpoint",
    terraform: "azurerm_cosmosdb_account",
    latency_metric: "ServerSideLatency",
    networks: "{access:publicNetworkAccess,rules:ipRules,subnets:virtualNetworkRules}",
    rules: Rules {
        terraform: "ip_range_filter",
        address: (
            "update -n {name} -g <group> --ip-range-filter \"<those listed>,{address}\"",
            "update -n {name} -g <group> --ip-range-filter \"<those listed>\"",
        ),
        subnet: (
            "network-rule add -n {name} -g <group> --subnet <subnet id>",
            "network-rule remove -n {name} -g <group> --subnet <subnet id>",
        ),
        service_endpoint: "Microsoft.AzureCosmosDB",
    },
    lists_all: true,
    recoverable: false,
    own_tenant: false,
    endpoints_at: "",
};

pub(super) const SERVICES: &[Service] = &[Service::new(
    "cosmos",
    "Cosmos DB NoSQL",
    &[
        public(SQL, "documents.azure.com", "privatelink.documents.azure.com"),
        usgov(SQL, "documents.azure.us", "privatelink.documents.azure.us"),
        china(SQL, "documents.azure.cn", "privatelink.documents.azure.cn"),
    ],
)
.requests(REQUESTS)
.signature("", &[("x-ms-gatewayversion", "")])
.refusals(REFUSALS)
.resource(RESOURCE)];
