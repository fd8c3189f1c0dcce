//! Key Vault: its public suffix and its private zone have different names (facts G10, G11, G19 to
//! G25 in `docs/facts.md`).

use crate::clouds::Cloud;
use crate::evidence::http::Purpose;

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{
    NETWORK_RULE, NETWORKS, Order, Request, Resource, Role, Rules, Service, china, public, usgov,
};

/// Group id of a vault.
const VAULT: &[&str] = &["vault"];

/// The first part of the list of secrets: identifiers, never values. It costs one of the vault's
/// 4,000 transactions in 10 seconds, and changes nothing.
const REQUESTS: &[Request] = &[Request::get(
    Purpose::Secrets,
    Under::Resource,
    "/secrets?api-version=7.4&maxresults=1",
    SECRETS_USER,
)];

/// The role that an application needs that reads secrets; it lists them as well (fact G24).
const SECRETS_USER: &str = "Key Vault Secrets User";

const ROLES: &[Role] = &[Role { action: "secrets/*", name: SECRETS_USER }];

/// What a vault says when it refuses, by its inner code.
const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "G10", 401, 401)
        .leaves(Leaves::CallerUntested)
        .words(&["akv10000"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-tenant-mismatch", "G19", 401, 401)
        .whole()
        .blames(Blames::Rights)
        .words(&["akv10032"])
        .only(&[Condition::Token]),
    Refusal::identity("identity-token-refused", "G20", 401, 401)
        .blames(Blames::Credential)
        .words(&["akv10022"])
        .only(&[Condition::Token]),
    Refusal::identity("identity-tenant-mismatch", "G10", 401, 401)
        .whole()
        .blames(Blames::Rights)
        .only(&[Condition::Token, Condition::OtherTenant]),
    Refusal::http("http-public-access-disabled", "G11", 403, 403)
        .blames(Blames::Network)
        .inner(&["forbiddenbyconnection"]),
    Refusal::http("http-public-access-disabled", "G11", 403, 403)
        .blames(Blames::Network)
        .words(&["nor via an approved private link", "connection is not an approved private link"]),
    Refusal::http("http-network-rules", "G21", 403, 403)
        .blames(Blames::Network)
        .inner(&["forbiddenbyfirewall"]),
    Refusal::http("http-network-rules", "G21", 403, 403)
        .blames(Blames::Network)
        .words(&["client address is not authorized and caller is not a trusted service"]),
    Refusal::http("http-network-perimeter", "G26", 403, 403)
        .blames(Blames::Network)
        .inner(&["forbiddenbynsp"]),
    Refusal::identity("identity-role-missing", "G22", 403, 403)
        .blames(Blames::Rights)
        .inner(&["forbiddenbyrbac"]),
    // An SDK prints the message first, and a log may be cut before the code.
    Refusal::identity("identity-role-missing", "G22", 403, 403)
        .blames(Blames::Rights)
        .words(&["caller is not authorized to perform action on resource"]),
    Refusal::identity("identity-access-policy", "G23", 403, 403)
        .blames(Blames::Rights)
        .inner(&["accessdenied", "forbiddenbypolicy"]),
    Refusal::identity("identity-access-policy", "G23", 403, 403)
        .blames(Blames::Rights)
        .words(&[" permission on key vault '"]),
];

/// A vault as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.KeyVault/vaults",
    az: "keyvault",
    noun: "vault",
    endpoint: "properties.vaultUri",
    terraform: "azurerm_key_vault",
    latency_metric: "ServiceApiLatency",
    networks: NETWORKS,
    rules: Rules { service_endpoint: "Microsoft.KeyVault", ..NETWORK_RULE },
    lists_all: true,
    recoverable: true,
    own_tenant: true,
    endpoints_at: "",
};

pub(super) const SERVICES: &[Service] = &[Service::new(
    "keyvault",
    "Key Vault",
    &[
        public(VAULT, "vault.azure.net", "privatelink.vaultcore.azure.net"),
        public(VAULT, "vaultcore.azure.net", "privatelink.vaultcore.azure.net"),
        usgov(VAULT, "vault.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"),
        usgov(VAULT, "vaultcore.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"),
        china(VAULT, "vault.azure.cn", "privatelink.vaultcore.azure.cn"),
        china(VAULT, "vaultcore.azure.cn", "privatelink.vaultcore.azure.cn"),
    ],
)
.audiences(&[
    (Cloud::Public, &["https://vault.azure.net"]),
    (Cloud::UsGov, &["https://vault.usgovcloudapi.net"]),
    (Cloud::China, &["https://vault.azure.cn"]),
])
.requests(REQUESTS)
.order(Order::Token)
.signature(
    "x-ms-keyvault-region",
    &[("x-ms-keyvault-region", ""), ("x-ms-keyvault-network-info", "")],
)
.refusals(REFUSALS)
.roles("read every secret of the vault", ROLES)
.resource(RESOURCE)];
