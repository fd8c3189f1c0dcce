//! Azure Storage: one account, a host for each of its services (facts G12, Z20 to Z29 and Z35 in
//! `docs/facts.md`).

use crate::clouds::Cloud;
use crate::evidence::http::{ErrorFrame, Purpose};
use crate::evidence::identity::CredentialKind::ApiKey;

use super::refusal::{Blames, Condition, Leaves, RULES_OR_CLOSED, Refusal};
use super::request::{DATE, Under};
use super::{
    NETWORK_RULE, OtherPort, Request, Resource, Role, Rules, Service, china, public, usgov,
};

/// Audience of every storage account, in each cloud (fact Z25).
const AUDIENCE: &[&str] = &["https://storage.azure.com"];

const AUDIENCES: &[(Cloud, &[&str])] =
    &[(Cloud::Public, AUDIENCE), (Cloud::UsGov, AUDIENCE), (Cloud::China, AUDIENCE)];

/// A call with a token needs a version of 2017-11-09 or later and its time (fact Z22).
const HEADERS: &[(&str, &str)] = &[("x-ms-version", "2023-11-03"), ("x-ms-date", DATE)];

/// Shares are listed to a token from this version on, and to a caller that says that it may be given
/// the rights of a backup, where its role has them (fact Z35).
const FILE_HEADERS: &[(&str, &str)] =
    &[("x-ms-version", "2024-11-04"), ("x-ms-date", DATE), ("x-ms-file-request-intent", "backup")];

/// The roles that list (facts Z28, Z35).
const BLOB_READER: &str = "Storage Blob Data Reader";
const QUEUE_READER: &str = "Storage Queue Data Reader";
const TABLE_READER: &str = "Storage Table Data Reader";
const FILE_READER: &str = "Reader";

const fn list(path: &'static str, role: &'static str) -> Request {
    Request::get(Purpose::Listing, Under::Resource, path, role).headers(HEADERS)
}

/// The first entry of each list: a name, and no content.
const BLOB: &[Request] = &[list("/?comp=list&maxresults=1", BLOB_READER)];
const DFS: &[Request] = &[list("/?resource=account&maxResults=1", BLOB_READER)];
const QUEUE: &[Request] = &[list("/?comp=list&maxresults=1", QUEUE_READER)];
const TABLE: &[Request] = &[list("/Tables?$top=1", TABLE_READER)];
const FILE: &[Request] = &[list("/?comp=list&maxresults=1", FILE_READER).headers(FILE_HEADERS)];

const ROLES: &[Role] = &[
    Role { action: "blobServices/*", name: BLOB_READER },
    Role { action: "queueServices/*", name: QUEUE_READER },
    Role { action: "tableServices/*", name: TABLE_READER },
    Role { action: "fileServices/shares/read", name: FILE_READER },
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
    // The same without its code, as what passes it on prints it.
    Refusal::http("http-network-rules", "G12, Z26", 403, 403).blames(Blames::Network).words(&[
        "not authorized to perform this operation.",
        "not authorized to perform this operation)",
        // What its own log has in place of the code (fact H231).
        "\"ipauthorizationerror",
    ]),
    Refusal::identity("identity-role-missing", "G12, Z27", 403, 403)
        .blames(Blames::Rights)
        .codes(&["authorizationpermissionmismatch", "insufficientaccountpermissions"])
        .only(&[Condition::Sent]),
    Refusal::identity("identity-keys-disabled", "Z106", 403, 403)
        .whole()
        .blames(Blames::Rights)
        .codes(&["keybasedauthenticationnotpermitted"])
        .about(ApiKey),
    Refusal::identity("identity-not-tested", "Z24", 401, 409)
        .leaves(Leaves::CallerUntested)
        .codes(&["noauthenticationinformation", "publicaccessnotpermitted"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-tenant-mismatch", "Z24", 401, 401)
        .whole()
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
    endpoints_at: "",
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

/// The names of one of an account's services, which differ in one word; its group ids in the public
/// cloud, and in the others.
macro_rules! names {
    ($word:literal, $public:expr, $others:expr) => {
        &[
            public(
                $public,
                concat!($word, ".core.windows.net"),
                concat!("privatelink.", $word, ".core.windows.net"),
            ),
            usgov(
                $others,
                concat!($word, ".core.usgovcloudapi.net"),
                concat!("privatelink.", $word, ".core.usgovcloudapi.net"),
            ),
            china(
                $others,
                concat!($word, ".core.chinacloudapi.cn"),
                concat!("privatelink.", $word, ".core.chinacloudapi.cn"),
            ),
        ]
    };
    ($word:literal) => {
        names!(
            $word,
            &[$word, concat!($word, "_secondary")],
            &[$word, concat!($word, "_secondary")]
        )
    };
}

/// Where shares are mounted (fact T55).
const SMB: &[OtherPort] = &[OtherPort { port: 445, protocol: "SMB" }];

pub(super) const SERVICES: &[Service] = &[
    storage(Service::new("blob", "Storage blob", names!("blob"))).requests(BLOB),
    storage(Service::new("dfs", "Storage dfs", names!("dfs"))).requests(DFS),
    storage(Service::new("queue", "Storage queue", names!("queue"))).requests(QUEUE),
    storage(Service::new("table", "Storage table", names!("table"))).requests(TABLE),
    storage(Service::new(
        "file",
        "Storage file",
        names!("file", &["file"], &["file", "file_secondary"]),
    ))
    .requests(FILE)
    .other_ports(SMB)
    .roles("list the shares of the storage account and read its settings", ROLES),
];
