//! Azure Storage: one account, a host for each of its services (facts G12, Z20 to Z29 in
//! `docs/facts.md`).

use crate::clouds::Cloud;
use crate::evidence::http::{ErrorFrame, Purpose};

use super::refusal::{Blames, Condition, Leaves, RULES_OR_CLOSED, Refusal};
use super::request::{DATE, Under};
use super::{NETWORK_RULE, Request, Resource, Role, Rules, Service, china, public, usgov};

/// Audience of every storage account, in each cloud (fact Z25).
const AUDIENCE: &[&str] = &["https://storage.azure.com"];

const AUDIENCES: &[(Cloud, &[&str])] =
    &[(Cloud::Public, AUDIENCE), (Cloud::UsGov, AUDIENCE), (Cloud::China, AUDIENCE)];

/// A call with a token needs a version of 2017-11-09 or later and its time (fact Z22).
const HEADERS: &[(&str, &str)] = &[("x-ms-version", "2023-11-03"), ("x-ms-date", DATE)];

/// The roles that list (fact Z28).
const BLOB_READER: &str = "Storage Blob Data Reader";
const QUEUE_READER: &str = "Storage Queue Data Reader";
const TABLE_READER: &str = "Storage Table Data Reader";

const fn list(path: &'static str, role: &'static str) -> Request {
    Request::get(Purpose::Listing, Under::Resource, path, role).headers(HEADERS)
}

/// The first entry of each list: a name, and no content.
const BLOB: &[Request] = &[list("/?comp=list&maxresults=1", BLOB_READER)];
const DFS: &[Request] = &[list("/?resource=account&maxResults=1", BLOB_READER)];
const QUEUE: &[Request] = &[list("/?comp=list&maxresults=1", QUEUE_READER)];
const TABLE: &[Request] = &[list("/Tables?$top=1", TABLE_READER)];

const ROLES: &[Role] = &[
    Role { action: "blobServices/*", name: BLOB_READER },
    Role { action: "queueServices/*", name: QUEUE_READER },
    Role { action: "tableServices/*", name: TABLE_READER },
];

const REFUSALS: &[Refusal] = &[
    Refusal::http("http-network-perimeter", "X15", 403, 403)
        .blames(Blames::Network)
        .words(&["network security perimeter"]),
    Refusal::http("http-public-access-disabled", "G12", 403, 403)
        .blames(Blames::Network)
        .codes(&["publicnetworkaccesserror", "oauthpublicnetworkaccesserror"]),
    Refusal::http("http-network-rules", "G12, Z26", 403, 403).blames(Blames::Network).codes(&[
        "authorizationfailure",
        "ipauthorizationfailure",
        "oauthipauthorizationerror",
    ]),
    Refusal::identity("identity-role-missing", "G12, Z27", 403, 403)
        .blames(Blames::Rights)
        .codes(&["authorizationpermissionmismatch", "insufficientaccountpermissions"])
        .only(&[Condition::Sent]),
    Refusal::identity("identity-not-tested", "Z24", 401, 409)
        .leaves(Leaves::CallerUntested)
        .codes(&["noauthenticationinformation", "publicaccessnotpermitted"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-tenant-mismatch", "Z24", 401, 401)
        .blames(Blames::Rights)
        .codes(&["invalidauthenticationinfo"])
        .only(&[Condition::Token, Condition::OtherTenant]),
    Refusal::identity("identity-token-refused", "Z24", 401, 403)
        .blames(Blames::Credential)
        .codes(&["invalidauthenticationinfo", "authenticationfailed"])
        .only(&[Condition::Token, Condition::Sent]),
];

/// A storage account as `az` names it.
const RESOURCE: Resource = Resource {
    kind: "Microsoft.Storage/storageAccounts",
    az: "storage account",
    noun: "storage account",
    endpoint: "primaryEndpoints",
    terraform: "azurerm_storage_account",
    latency_metric: "SuccessServerLatency",
    networks: "{access:publicNetworkAccess,rules:networkRuleSet}",
    rules: Rules {
        terraform: "network_rules",
        service_endpoint: "Microsoft.Storage",
        ..NETWORK_RULE
    },
    lists_all: true,
    recoverable: false,
    own_tenant: false,
};

const fn storage(service: Service) -> Service {
    service
        .audiences(AUDIENCES)
        .secondary("-secondary")
        .signature("", &[("x-ms-error-code", ""), ("x-ms-version", "")])
        .error_format(ErrorFrame::Xml)
        .refusals(REFUSALS)
        .forbidden(RULES_OR_CLOSED)
        .roles("read everything of this kind in the storage account", ROLES)
        .resource(RESOURCE)
}

#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    storage(Service::new("blob", "Storage blob", &[
        public(&["blob", "blob_secondary"], "blob.core.windows.net", "privatelink.blob.core.windows.net"),
        usgov(&["blob", "blob_secondary"], "blob.core.usgovcloudapi.net", "privatelink.blob.core.usgovcloudapi.net"),
        china(&["blob", "blob_secondary"], "blob.core.chinacloudapi.cn", "privatelink.blob.core.chinacloudapi.cn"),
    ])).requests(BLOB),
    storage(Service::new("dfs", "Storage dfs", &[
        public(&["dfs", "dfs_secondary"], "dfs.core.windows.net", "privatelink.dfs.core.windows.net"),
        usgov(&["dfs", "dfs_secondary"], "dfs.core.usgovcloudapi.net", "privatelink.dfs.core.usgovcloudapi.net"),
        china(&["dfs", "dfs_secondary"], "dfs.core.chinacloudapi.cn", "privatelink.dfs.core.chinacloudapi.cn"),
    ])).requests(DFS),
    storage(Service::new("queue", "Storage queue", &[
        public(&["queue", "queue_secondary"], "queue.core.windows.net", "privatelink.queue.core.windows.net"),
        usgov(&["queue", "queue_secondary"], "queue.core.usgovcloudapi.net", "privatelink.queue.core.usgovcloudapi.net"),
        china(&["queue", "queue_secondary"], "queue.core.chinacloudapi.cn", "privatelink.queue.core.chinacloudapi.cn"),
    ])).requests(QUEUE),
    storage(Service::new("table", "Storage table", &[
        public(&["table", "table_secondary"], "table.core.windows.net", "privatelink.table.core.windows.net"),
        usgov(&["table", "table_secondary"], "table.core.usgovcloudapi.net", "privatelink.table.core.usgovcloudapi.net"),
        china(&["table", "table_secondary"], "table.core.chinacloudapi.cn", "privatelink.table.core.chinacloudapi.cn"),
    ])).requests(TABLE),
];
