//! Azure Monitor: many names, one private endpoint for all of them, that of a private link scope (facts
//! D140 to D142). Where data goes in, each request that a source describes writes a record or needs the
//! id of a rule, so that is walked as far as TLS; the API for queries asks for a token first (facts W60
//! and W61 in `docs/facts.md`).

use crate::evidence::http::Purpose;

use super::refusal::{Blames, Condition, Leaves, Refusal};
use super::request::Under;
use super::{Endpoint, Request, Resource, Rules, Service, china, public, usgov};

/// Group id of a private link scope.
const SCOPE: &[&str] = &["azuremonitor"];

/// The type of a private link scope.
const SCOPE_TYPE: &str = "Microsoft.Insights/privateLinkScopes";

/// The zone of the names that are not of one workspace.
const ZONE: &str = "privatelink.monitor.azure.com";

/// The record of what sends without a region (fact D141).
const GLOBAL: &str = "global.in.ai";

/// Where applications and agents send to: Application Insights, data collection endpoints,
/// workspaces, live metrics.
const INGESTION: &[Endpoint] = &[
    public(SCOPE, "monitor.azure.com", ZONE),
    public(SCOPE, "in.applicationinsights.azure.com", ZONE).record("{name}.in.ai"),
    public(SCOPE, "dc.applicationinsights.azure.com", ZONE).record(GLOBAL),
    public(SCOPE, "dc.applicationinsights.microsoft.com", ZONE).record(GLOBAL),
    public(SCOPE, "dc.services.visualstudio.com", ZONE).record(GLOBAL),
    // Which record these have is in no source.
    public(SCOPE, "applicationinsights.azure.com", ZONE).record(""),
    public(SCOPE, "services.visualstudio.com", ZONE).record(""),
    public(SCOPE, "oms.opinsights.azure.com", "privatelink.oms.opinsights.azure.com"),
    public(SCOPE, "ods.opinsights.azure.com", "privatelink.ods.opinsights.azure.com"),
    public(SCOPE, "agentsvc.azure-automation.net", "privatelink.agentsvc.azure-automation.net"),
    usgov(SCOPE, "monitor.azure.us", "privatelink.monitor.azure.us"),
    usgov(SCOPE, "applicationinsights.azure.us", "privatelink.monitor.azure.us").record(""),
    china(SCOPE, "monitor.azure.cn", "privatelink.monitor.azure.cn"),
    china(SCOPE, "applicationinsights.azure.cn", "privatelink.monitor.azure.cn").record(""),
];

/// Where logs are queried: one name for all workspaces.
const QUERY: &[Endpoint] = &[
    public(SCOPE, "api.monitor.azure.com", ZONE).record("api"),
    public(SCOPE, "api.loganalytics.io", ZONE).record("api"),
    public(SCOPE, "api.loganalytics.azure.com", ZONE).record(""),
];

/// A query of no workspace, without a token: it is refused before it could run.
const REQUESTS: &[Request] = &[Request::get(
    Purpose::Challenge,
    Under::Resource,
    "/v1/workspaces/00000000-0000-0000-0000-000000000000/query?query=print%201",
    "",
)];

const REFUSALS: &[Refusal] = &[
    Refusal::identity("identity-not-tested", "W60", 401, 401)
        .leaves(Leaves::CallerUntested)
        .codes(&["authenticationfailed"])
        .words(&["'authorization' header is missing"])
        .only(&[Condition::NotSent]),
    Refusal::identity("identity-not-tested", "W60", 401, 401)
        .leaves(Leaves::CallerUntested)
        .codes(&["authorizationrequirederror"])
        .only(&[Condition::NotSent]),
    Refusal::http("http-public-access-disabled", "W61", 403, 403)
        .blames(Blames::Network)
        .inner(&["nspvalidationfailederror"])
        .open(PERIMETER),
    Refusal::identity("identity-token-refused", "W60", 403, 403)
        .blames(Blames::Credential)
        .codes(&["invalidauthenticationtoken"]),
    Refusal::identity("identity-role-missing", "W60", 403, 403)
        .blames(Blames::Rights)
        .codes(&["insufficientaccesserror"]),
];

/// What a refusal of the network leaves open (fact W61).
const PERIMETER: &[&str] = &[
    "the answer is the same where a network security perimeter of the workspace refuses the address",
];

/// A workspace as `az` names it: its own network settings decide over queries.
const WORKSPACE: Resource = Resource {
    kind: "Microsoft.OperationalInsights/workspaces",
    az: "monitor log-analytics workspace",
    noun: "workspace",
    endpoint: "customerId",
    terraform: "azurerm_log_analytics_workspace, internet_query_enabled",
    latency_metric: "",
    networks: "{queries:publicNetworkAccessForQuery,ingestion:publicNetworkAccessForIngestion}",
    rules: Rules::NONE,
    lists_all: true,
    recoverable: false,
    own_tenant: false,
    endpoints_at: "private link scope",
};

pub(super) const SERVICES: &[Service] = &[
    Service::new("monitor", "Azure Monitor ingestion", INGESTION).resource_type(SCOPE_TYPE),
    Service::new("monitor-query", "Azure Monitor queries", QUERY)
        .requests(REQUESTS)
        .refusals(REFUSALS)
        .resource(WORKSPACE),
];
