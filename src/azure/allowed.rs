//! Every request that is ever sent to Resource Manager, as rows: there is no other way to make one.
//!
//! They are GETs, the query of Resource Graph, and, with `--azure-effective`, two computations that
//! need a right to an action. None lists a key, sends traffic or changes state (fact C6).

use crate::evidence::azure::{ReadKind, ResourceId};

/// A read of a resource, or of a collection below it.
#[derive(Debug)]
pub struct Row {
    /// What it asks, in words for the operator.
    pub question: &'static str,
    /// Provider and type of the id that it starts from; empty for a subscription.
    pub of: &'static str,
    /// What follows the id.
    pub below: &'static str,
    /// The version of the API: the oldest that has every field that is read.
    pub version: &'static str,
    /// The action that the caller needs.
    pub action: &'static str,
    /// Whether it answers with a page of a collection.
    pub is_list: bool,
    /// Whether it is a computation, made with `--azure-effective` alone.
    pub is_effective: bool,
}

const COGNITIVE: &str = "2024-10-01";
const NETWORK: &str = "2024-05-01";
const PRIVATE_DNS: &str = "2024-06-01";
const RESOLVER: &str = "2022-07-01";
const RESOLVER_POLICY: &str = "2025-05-01";
const COMPUTE: &str = "2024-07-01";
const AUTHORIZATION: &str = "2022-04-01";

const fn one(
    question: &'static str,
    of: &'static str,
    below: &'static str,
    version: &'static str,
    action: &'static str,
) -> Row {
    Row { question, of, below, version, action, is_list: false, is_effective: false }
}

const fn list(
    question: &'static str,
    of: &'static str,
    below: &'static str,
    version: &'static str,
    action: &'static str,
) -> Row {
    Row { is_list: true, ..one(question, of, below, version, action) }
}

const fn effective(question: &'static str, below: &'static str, action: &'static str) -> Row {
    let of = "Microsoft.Network/networkInterfaces";
    Row { is_effective: true, is_list: true, ..one(question, of, below, NETWORK, action) }
}

/// One constant a read, and all of them.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident = $row:expr;)*) => {
        $($(#[$doc])* pub const $name: &Row = &$row;)*
        /// Every read of a resource.
        pub const READS: &[&Row] = &[$($name),*];
    };
}

reads! {
    /// The account (fact C20).
    ACCOUNT = one("the account", "Microsoft.CognitiveServices/accounts", "", COGNITIVE,
        "Microsoft.CognitiveServices/accounts/read");
    /// Its connections (fact C21).
    CONNECTIONS = list("the account's private endpoint connections",
        "Microsoft.CognitiveServices/accounts", "/privateEndpointConnections", COGNITIVE,
        "Microsoft.CognitiveServices/accounts/privateEndpointConnections/read");
    /// Its deployments (fact C22).
    DEPLOYMENTS = list("the account's deployments", "Microsoft.CognitiveServices/accounts",
        "/deployments", COGNITIVE, "Microsoft.CognitiveServices/accounts/deployments/read");
    /// Its perimeter (fact C23).
    PERIMETER = list("the account's network security perimeter",
        "Microsoft.CognitiveServices/accounts", "/networkSecurityPerimeterConfigurations",
        COGNITIVE,
        "Microsoft.CognitiveServices/accounts/networkSecurityPerimeterConfigurations/read");
    /// Who may use it (fact C30).
    ROLE_ASSIGNMENTS = list("role assignments over the account",
        "Microsoft.CognitiveServices/accounts",
        "/providers/Microsoft.Authorization/roleAssignments", AUTHORIZATION,
        "Microsoft.Authorization/roleAssignments/read");
    /// What refuses in spite of them (fact C64).
    DENY_ASSIGNMENTS = list("deny assignments over the account",
        "Microsoft.CognitiveServices/accounts",
        "/providers/Microsoft.Authorization/denyAssignments", AUTHORIZATION,
        "Microsoft.Authorization/denyAssignments/read");
    /// A role (fact C31).
    ROLE_DEFINITION = one("a role's definition", "Microsoft.Authorization/roleDefinitions", "",
        AUTHORIZATION, "Microsoft.Authorization/roleDefinitions/read");
    /// Every account of a subscription (fact C20).
    ACCOUNTS = list("the accounts of the subscription", "",
        "/providers/Microsoft.CognitiveServices/accounts", COGNITIVE,
        "Microsoft.CognitiveServices/accounts/read");
    /// Deleted accounts of a subscription (fact C23).
    DELETED_ACCOUNTS = list("deleted accounts of the subscription", "",
        "/providers/Microsoft.CognitiveServices/deletedAccounts", COGNITIVE,
        "Microsoft.CognitiveServices/deletedAccounts/read");
    /// A subscription, for its tenant (fact C33).
    SUBSCRIPTION = one("the account's subscription", "", "", "2022-01-01",
        "Microsoft.Resources/subscriptions/read");
    /// A private endpoint (fact C24).
    PRIVATE_ENDPOINT = one("a private endpoint", "Microsoft.Network/privateEndpoints", "",
        NETWORK, "Microsoft.Network/privateEndpoints/read");
    /// Its DNS zone groups.
    ZONE_GROUPS = list("the DNS zone groups of a private endpoint",
        "Microsoft.Network/privateEndpoints", "/privateDnsZoneGroups", NETWORK,
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups/read");
    /// A network interface (fact C18).
    INTERFACE = one("a network interface", "Microsoft.Network/networkInterfaces", "", NETWORK,
        "Microsoft.Network/networkInterfaces/read");
    /// A virtual network.
    VIRTUAL_NETWORK = one("a virtual network", "Microsoft.Network/virtualNetworks", "", NETWORK,
        "Microsoft.Network/virtualNetworks/read");
    /// A network security group.
    SECURITY_GROUP = one("a network security group", "Microsoft.Network/networkSecurityGroups",
        "", NETWORK, "Microsoft.Network/networkSecurityGroups/read");
    /// A route table.
    ROUTE_TABLE = one("a route table", "Microsoft.Network/routeTables", "", NETWORK,
        "Microsoft.Network/routeTables/read");
    /// A private zone (fact C25).
    PRIVATE_ZONE = one("a private DNS zone", "Microsoft.Network/privateDnsZones", "",
        PRIVATE_DNS, "Microsoft.Network/privateDnsZones/read");
    /// Its links.
    ZONE_LINKS = list("the links of a private DNS zone", "Microsoft.Network/privateDnsZones",
        "/virtualNetworkLinks", PRIVATE_DNS,
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read");
    /// An A record set in it: its id has the record's name.
    A_RECORD = one("a record set of a private DNS zone", "Microsoft.Network/privateDnsZones/A",
        "", PRIVATE_DNS, "Microsoft.Network/privateDnsZones/A/read");
    /// A private resolver (fact C26).
    DNS_RESOLVER = one("a DNS private resolver", "Microsoft.Network/dnsResolvers", "", RESOLVER,
        "Microsoft.Network/dnsResolvers/read");
    /// Its inbound endpoints.
    INBOUND_ENDPOINTS = list("the inbound endpoints of a DNS private resolver",
        "Microsoft.Network/dnsResolvers", "/inboundEndpoints", RESOLVER,
        "Microsoft.Network/dnsResolvers/inboundEndpoints/read");
    /// The rules of a forwarding ruleset.
    FORWARDING_RULES = list("the rules of a DNS forwarding ruleset",
        "Microsoft.Network/dnsForwardingRulesets", "/forwardingRules", RESOLVER,
        "Microsoft.Network/dnsForwardingRulesets/forwardingRules/read");
    /// Its links.
    RULESET_LINKS = list("the links of a DNS forwarding ruleset",
        "Microsoft.Network/dnsForwardingRulesets", "/virtualNetworkLinks", RESOLVER,
        "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks/read");
    /// The rules of a DNS security policy.
    RESOLVER_POLICY_RULES = list("the rules of a DNS security policy",
        "Microsoft.Network/dnsResolverPolicies", "/dnsSecurityRules", RESOLVER_POLICY,
        "Microsoft.Network/dnsResolverPolicies/dnsSecurityRules/read");
    /// A list of domains.
    DOMAIN_LIST = one("a list of domains of a DNS security policy",
        "Microsoft.Network/dnsResolverDomainLists", "", RESOLVER_POLICY,
        "Microsoft.Network/dnsResolverDomainLists/read");
    /// An Azure Firewall (fact C27).
    FIREWALL = one("an Azure Firewall", "Microsoft.Network/azureFirewalls", "", NETWORK,
        "Microsoft.Network/azureFirewalls/read");
    /// A firewall policy.
    FIREWALL_POLICY = one("a firewall policy", "Microsoft.Network/firewallPolicies", "", NETWORK,
        "Microsoft.Network/firewallPolicies/read");
    /// A virtual machine (fact C48).
    MACHINE = one("a virtual machine", "Microsoft.Compute/virtualMachines", "", COMPUTE,
        "Microsoft.Compute/virtualMachines/read");
    /// Its power state.
    MACHINE_STATE = one("the power state of a virtual machine",
        "Microsoft.Compute/virtualMachines", "/instanceView", COMPUTE,
        "Microsoft.Compute/virtualMachines/instanceView/read");
    /// The routes in effect at an interface (fact C28).
    EFFECTIVE_ROUTES = effective("the routes in effect at an interface", "/effectiveRouteTable",
        "Microsoft.Network/networkInterfaces/effectiveRouteTable/action");
    /// The security rules in effect at an interface.
    EFFECTIVE_RULES = effective("the security rules in effect at an interface",
        "/effectiveNetworkSecurityGroups",
        "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action");
}

/// The path of Resource Graph (fact C10).
pub const GRAPH_PATH: &str = "/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01";

/// Rights to what Resource Graph lists and no row above reads.
pub const LISTED: &[&str] = &[
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/networkInterfaces/read",
    "Microsoft.Network/dnsForwardingRulesets/read",
    "Microsoft.Network/dnsResolverPolicies/virtualNetworkLinks/read",
    "Microsoft.Network/networkSecurityPerimeters/resourceAssociations/read",
];

/// A request to Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub(super) kind: ReadKind,
    pub(super) question: &'static str,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Option<String>,
}

impl Request {
    /// A read of `row` at `id`; none where the id is of another type. `filter` is the OData filter
    /// of a collection, of fixed words and ids alone.
    #[must_use]
    pub fn of(row: &'static Row, id: &ResourceId, filter: Option<&str>) -> Option<Self> {
        let segments = id.as_str().split('/').count();
        let fits = match row.of {
            "" => segments == 3,
            "Microsoft.Network/privateDnsZones/A" => id.segment("A").is_some(),
            "Microsoft.Authorization/roleDefinitions" => id.segment("roleDefinitions").is_some(),
            of => id.is_a(of),
        };
        let mut path = format!("{id}{}?api-version={}", row.below, row.version);
        if let Some(filter) = filter {
            path.push_str("&$filter=");
            path.push_str(&filter.replace(' ', "%20").replace('\'', "%27"));
        }
        fits.then_some(Self {
            kind: if row.is_effective { ReadKind::Effective } else { ReadKind::Resource },
            question: row.question,
            method: if row.is_effective { "POST" } else { "GET" },
            path,
            body: None,
        })
    }

    /// A query of Resource Graph over `subscriptions`; over all that the caller sees where none is
    /// given.
    #[must_use]
    pub fn graph(question: &'static str, query: &str, subscriptions: &[String]) -> Self {
        Self::graph_page(question, query, subscriptions, None)
    }

    /// The next page of it.
    #[must_use]
    pub(super) fn graph_page(
        question: &'static str,
        query: &str,
        subscriptions: &[String],
        skip_token: Option<&str>,
    ) -> Self {
        let mut options = serde_json::json!({ "resultFormat": "objectArray", "$top": 1000 });
        if let Some(token) = skip_token {
            options["$skipToken"] = token.into();
        }
        let mut body = serde_json::json!({ "query": query, "options": options });
        if !subscriptions.is_empty() {
            body["subscriptions"] = subscriptions.into();
        }
        Self {
            kind: ReadKind::Graph,
            question,
            method: "POST",
            path: GRAPH_PATH.to_owned(),
            body: Some(body.to_string()),
        }
    }

    /// The next page of a collection, by what `nextLink` says: only at the same host, over https,
    /// and below the same path (fact C7).
    #[must_use]
    pub(super) fn next_page(&self, host: &str, next_link: &str) -> Option<Self> {
        self.follow(host, next_link, |path| {
            let own = self.path.split('?').next().unwrap_or_default();
            path.split('?').next().is_some_and(|next| next.eq_ignore_ascii_case(own))
        })
    }

    /// Where the result of a computation will be, by `Location` (fact C28): an operation's result
    /// of the same subscription.
    #[must_use]
    pub(super) fn result_at(&self, host: &str, location: &str) -> Option<Self> {
        let subscription = self.path.get(..self.path.match_indices('/').nth(2)?.0)?;
        let below = format!("{}/providers/", subscription.to_ascii_lowercase());
        let request = self.follow(host, location, |path| {
            let lower = path.to_ascii_lowercase();
            lower.starts_with(&below) && lower.contains("/operationresults/")
        })?;
        Some(Self { method: "GET", ..request })
    }

    fn follow(&self, host: &str, url: &str, allows: impl Fn(&str) -> bool) -> Option<Self> {
        let rest = url.strip_prefix("https://")?;
        let (authority, path) = rest.split_at(rest.find('/')?);
        let authority = authority.strip_suffix(":443").unwrap_or(authority);
        let clean = path.bytes().all(|b| b.is_ascii_graphic()) && !path.contains("/../");
        let allowed = authority.eq_ignore_ascii_case(host) && clean && allows(path);
        allowed.then(|| Self { path: path.to_owned(), ..self.clone() })
    }

    /// The same with another version of the API: Resource Manager names those that it has where it
    /// does not know the one that was asked for.
    #[must_use]
    pub(super) fn with_version(&self, version: &str) -> Option<Self> {
        let dated = version.len() == 10 && version.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let at = self.path.find("api-version=")? + "api-version=".len();
        let (before, after) = self.path.split_at(at);
        let rest = after.find('&').map_or("", |end| &after[end..]);
        dated.then(|| Self { path: format!("{before}{version}{rest}"), ..self.clone() })
    }

    /// Path and query as they are shown: without what the server put into them, which may be
    /// signed.
    #[must_use]
    pub(super) fn shown(&self) -> String {
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let is_own = |pair: &&str| ["api-version=", "$filter="].iter().any(|n| pair.starts_with(n));
        let own: Vec<&str> = query.split('&').filter(is_own).collect();
        format!("{path}?{}", own.join("&"))
    }

    /// GET or POST.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The body of a query.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        self.body.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT_ID: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/\
                              ai-rg/providers/Microsoft.CognitiveServices/accounts/myacct";

    fn account() -> ResourceId {
        ResourceId::parse(ACCOUNT_ID).unwrap()
    }

    #[test]
    fn every_read_is_a_get_or_one_of_two_computations() {
        let computations = ["/effectiveRouteTable", "/effectiveNetworkSecurityGroups"];
        for row in READS {
            assert_eq!(row.is_effective, computations.contains(&row.below), "{row:?}");
            let action = if row.is_effective { "/action" } else { "/read" };
            assert!(row.action.ends_with(action), "{row:?}");
            for banned in ["listKeys", "regenerate", "connectivityCheck", "pause", "resume"] {
                assert!(!row.below.contains(banned), "{row:?}");
            }
        }
    }

    #[test]
    fn every_type_that_a_query_lists_has_a_right() {
        let rights: Vec<String> = READS
            .iter()
            .map(|row| row.action)
            .chain(LISTED.iter().copied())
            .map(str::to_lowercase)
            .collect();
        let types = include_str!("graph.rs").split('\'').skip(1).step_by(2);
        let types: Vec<&str> = types.filter(|text| text.starts_with("microsoft.")).collect();
        assert!(types.len() > 10, "{types:?}");
        for listed in types {
            assert!(rights.contains(&format!("{listed}/read")), "{listed}");
        }
    }

    #[test]
    fn a_read_starts_from_an_id_of_its_own_type() {
        let read = Request::of(CONNECTIONS, &account(), None).unwrap();
        assert_eq!((read.method, read.body.as_deref()), ("GET", None));
        assert!(read.path.ends_with("/privateEndpointConnections?api-version=2024-10-01"));
        assert!(Request::of(PRIVATE_ENDPOINT, &account(), None).is_none());
        assert!(Request::of(SUBSCRIPTION, &account(), None).is_none());
    }

    #[test]
    fn a_page_or_a_result_elsewhere_is_not_followed() {
        let host = "management.azure.com";
        let read = Request::of(CONNECTIONS, &account(), None).unwrap();
        let link = |rest: &str| format!("https://{host}{ACCOUNT_ID}{rest}");
        let own = link("/privateEndpointConnections?api-version=2024-10-01&$skipToken=x");
        assert!(read.next_page(host, &own).is_some());
        for bad in [
            own.replace("https:", "http:"),
            own.replace(host, "management.azure.com.evil.example"),
            own.replace(host, "evil.example"),
            own.replace(host, "user@management.azure.com"),
            own.replace(host, "management.azure.com:8443"),
            link("/listKeys?api-version=2024-10-01"),
            own.replace("/privateEndpoint", "/../privateEndpoint"),
        ] {
            assert!(read.next_page(host, &bad).is_none(), "{bad}");
        }
        let result = format!(
            "https://{host}/subscriptions/11111111-2222-3333-4444-555555555555/providers/\
             Microsoft.Network/locations/westeurope/operationResults/1?api-version=2024-05-01"
        );
        assert_eq!(read.result_at(host, &result).unwrap().method, "GET");
        assert!(read.result_at(host, &result.replace("11111111", "99999999")).is_none());
        assert!(read.result_at(host, &own).is_none());
    }

    #[test]
    fn a_version_is_a_date_or_nothing() {
        let read = Request::of(ACCOUNT, &account(), None).unwrap();
        let other = read.with_version("2025-06-01").unwrap();
        assert!(other.path.ends_with("?api-version=2025-06-01"));
        assert!(read.with_version("2025-06-01-preview").is_none());
        assert!(read.with_version("x&y=z").is_none());
    }
}
