//! SERVICES: one row an Azure service and cloud. Data only; what a rule or a call needs to
//! know of a service stands here and nowhere else.
//!
//! Source: Microsoft Learn, "Azure Private Endpoint private DNS zone values" (facts D2, D20,
//! D21, section 1.5 in `docs/facts.md`).

/// A cloud of Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// The public cloud.
    Public,
    /// Azure Government.
    UsGov,
    /// Azure operated by 21Vianet.
    China,
}

impl Cloud {
    /// The word used in evidence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cloud::Public => "public",
            Cloud::UsGov => "usgov",
            Cloud::China => "china",
        }
    }
}

/// The authenticated call that proves a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `GET /openai/models`: the data plane's list of models (fact G1), no tokens used.
    Models,
    /// None is known here: the walk ends at TLS.
    None,
}

/// One service in one cloud.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Id, as `--service` takes it.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Its cloud.
    pub cloud: Cloud,
    /// Private-link sub-resources (group ids).
    pub group_ids: &'static [&'static str],
    /// Public suffixes, each with its private zone (empty for none). `{region}` stands for
    /// one label.
    pub suffixes: &'static [(&'static str, &'static str)],
    /// Audiences that its data plane takes, the preferred one first (facts D22, G2b, I17).
    pub audiences: &'static [&'static str],
    /// The call that proves it.
    pub call: Call,
}

const fn row(
    id: &'static str,
    name: &'static str,
    cloud: Cloud,
    group_ids: &'static [&'static str],
    suffixes: &'static [(&'static str, &'static str)],
    audiences: &'static [&'static str],
    call: Call,
) -> Service {
    Service { id, name, cloud, group_ids, suffixes, audiences, call }
}

/// A service found for a host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Index into [`SERVICES`].
    pub index: usize,
    /// The public suffix, with a region filled in.
    pub suffix: String,
    /// The private zone, with a region filled in; empty for none.
    pub zone: String,
    /// The labels before the suffix.
    pub prefix: String,
}

impl Match {
    /// The row.
    #[must_use]
    pub fn service(&self) -> &'static Service {
        &SERVICES[self.index]
    }
}

/// `prefix` of `host` before `pattern`, and the label that `{region}` stands for.
fn strip_pattern(host: &str, pattern: &str) -> Option<(String, Option<String>)> {
    let host: Vec<&str> = host.split('.').collect();
    let pattern: Vec<&str> = pattern.split('.').collect();
    let start = host.len().checked_sub(pattern.len())?;
    let mut region = None;
    for (label, wanted) in host[start..].iter().zip(&pattern) {
        match *wanted {
            "{region}" => region = Some((*label).to_owned()),
            wanted if wanted == *label => {}
            _ => return None,
        }
    }
    Some((host[..start].join("."), region))
}

fn find_by(
    host: &str,
    choose: impl Fn(&(&'static str, &'static str)) -> &'static str,
) -> Option<Match> {
    let fill = |text: &str, region: &Option<String>| {
        text.replace("{region}", region.as_deref().unwrap_or("{region}"))
    };
    SERVICES
        .iter()
        .enumerate()
        .flat_map(|(index, service)| service.suffixes.iter().map(move |pair| (index, pair)))
        .filter(|(_, pair)| !choose(pair).is_empty())
        .filter_map(|(index, pair)| {
            let (prefix, region) = strip_pattern(host, choose(pair))?;
            Some(Match {
                index,
                suffix: fill(pair.0, &region),
                zone: fill(pair.1, &region),
                prefix,
            })
        })
        .min_by_key(|m| m.prefix.len())
}

/// The service of a public host name: the longest suffix wins.
#[must_use]
pub fn find(host: &str) -> Option<Match> {
    find_by(host, |pair| pair.0)
}

/// The service of a name inside a privatelink zone.
#[must_use]
pub fn find_privatelink(host: &str) -> Option<Match> {
    find_by(host, |pair| pair.1)
}

/// The other suffixes under which an account of `suffix` has names, in the same cloud (fact D4).
#[must_use]
pub fn other_names(suffix: &str) -> Vec<&'static str> {
    let of = |service: &Service| service.suffixes.iter().any(|(public, _)| *public == suffix);
    let Some(own) = SERVICES.iter().find(|service| of(service) && service.is_account()) else {
        return Vec::new();
    };
    let accounts = SERVICES.iter().filter(|row| row.is_account() && !row.group_ids.is_empty());
    let names = accounts.filter(|row| row.cloud == own.cloud);
    names.flat_map(|row| row.suffixes).map(|pair| pair.0).filter(|other| *other != suffix).collect()
}

/// The first row of a service id, in the public cloud where it is there.
#[must_use]
pub fn by_id(id: &str) -> Option<usize> {
    SERVICES.iter().position(|service| service.id == id)
}

/// The row of the same service in `cloud`, where it is there; else the row itself.
#[must_use]
pub fn in_cloud(index: usize, cloud: Cloud) -> usize {
    let id = SERVICES[index].id;
    SERVICES.iter().position(|row| row.id == id && row.cloud == cloud).unwrap_or(index)
}

/// Services whose hosts can stand in front of another service, as a gateway does; their suffixes
/// say nothing about what answers behind them.
pub const GATEWAYS: &[&str] = &["apim", "appservice", "containerapps"];

impl Service {
    /// Whether it is an account of the one resource type that Azure OpenAI, Azure AI services and
    /// Foundry share (fact D1); regional endpoints lead to such accounts too (fact D5).
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.group_ids == ["account"] || self.id == "cognitive-regional"
    }
}

/// Every service and cloud.
#[rustfmt::skip]
pub const SERVICES: &[Service] = &[
    row("openai", "Azure OpenAI", Cloud::Public, &["account"], &[("openai.azure.com", "privatelink.openai.azure.com")], &["https://cognitiveservices.azure.com", "https://ai.azure.com"], Call::Models),
    row("cognitiveservices", "Azure AI services", Cloud::Public, &["account"], &[("cognitiveservices.azure.com", "privatelink.cognitiveservices.azure.com")], &["https://cognitiveservices.azure.com", "https://ai.azure.com"], Call::Models),
    row("aiservices", "Azure AI Foundry", Cloud::Public, &["account"], &[("services.ai.azure.com", "privatelink.services.ai.azure.com")], &["https://cognitiveservices.azure.com", "https://ai.azure.com"], Call::Models),
    row("search", "Azure AI Search", Cloud::Public, &["searchService"], &[("search.windows.net", "privatelink.search.windows.net")], &[], Call::None),
    row("azureml", "Azure ML workspace", Cloud::Public, &["amlworkspace"], &[("api.azureml.ms", "privatelink.api.azureml.ms")], &[], Call::None),
    row("azureml-notebooks", "Azure ML workspace notebooks", Cloud::Public, &["amlworkspace"], &[("notebooks.azure.net", "privatelink.notebooks.azure.net")], &[], Call::None),
    row("blob", "Storage blob", Cloud::Public, &["blob", "blob_secondary"], &[("blob.core.windows.net", "privatelink.blob.core.windows.net")], &[], Call::None),
    row("dfs", "Storage dfs", Cloud::Public, &["dfs", "dfs_secondary"], &[("dfs.core.windows.net", "privatelink.dfs.core.windows.net")], &[], Call::None),
    row("file", "Storage file", Cloud::Public, &["file"], &[("file.core.windows.net", "privatelink.file.core.windows.net")], &[], Call::None),
    row("queue", "Storage queue", Cloud::Public, &["queue", "queue_secondary"], &[("queue.core.windows.net", "privatelink.queue.core.windows.net")], &[], Call::None),
    row("table", "Storage table", Cloud::Public, &["table", "table_secondary"], &[("table.core.windows.net", "privatelink.table.core.windows.net")], &[], Call::None),
    row("web", "Storage web", Cloud::Public, &["web", "web_secondary"], &[("web.core.windows.net", "privatelink.web.core.windows.net")], &[], Call::None),
    row("keyvault", "Key Vault", Cloud::Public, &["vault"], &[("vault.azure.net", "privatelink.vaultcore.azure.net"), ("vaultcore.azure.net", "privatelink.vaultcore.azure.net")], &[], Call::None),
    row("managedhsm", "Managed HSM", Cloud::Public, &["managedhsm"], &[("managedhsm.azure.net", "privatelink.managedhsm.azure.net")], &[], Call::None),
    row("apim", "API Management", Cloud::Public, &["Gateway"], &[("azure-api.net", "privatelink.azure-api.net")], &[], Call::None),
    row("cosmos", "Cosmos DB NoSQL", Cloud::Public, &["Sql"], &[("documents.azure.com", "privatelink.documents.azure.com")], &[], Call::None),
    row("cosmos-mongo", "Cosmos DB MongoDB", Cloud::Public, &["MongoDB"], &[("mongo.cosmos.azure.com", "privatelink.mongo.cosmos.azure.com")], &[], Call::None),
    row("cosmos-cassandra", "Cosmos DB Cassandra", Cloud::Public, &["Cassandra"], &[("cassandra.cosmos.azure.com", "privatelink.cassandra.cosmos.azure.com")], &[], Call::None),
    row("cosmos-gremlin", "Cosmos DB Gremlin", Cloud::Public, &["Gremlin"], &[("gremlin.cosmos.azure.com", "privatelink.gremlin.cosmos.azure.com")], &[], Call::None),
    row("cosmos-table", "Cosmos DB Table", Cloud::Public, &["Table"], &[("table.cosmos.azure.com", "privatelink.table.cosmos.azure.com")], &[], Call::None),
    row("cosmos-postgres", "Cosmos DB PostgreSQL", Cloud::Public, &["coordinator"], &[("postgres.cosmos.azure.com", "privatelink.postgres.cosmos.azure.com")], &[], Call::None),
    row("cosmos-vcore", "Cosmos DB Mongo vCore", Cloud::Public, &["MongoCluster"], &[("mongocluster.cosmos.azure.com", "privatelink.mongocluster.cosmos.azure.com")], &[], Call::None),
    row("acr", "Container Registry", Cloud::Public, &["registry"], &[("azurecr.io", "privatelink.azurecr.io"), ("{region}.data.azurecr.io", "privatelink.azurecr.io")], &[], Call::None),
    row("appconfig", "App Configuration", Cloud::Public, &["configurationStores"], &[("azconfig.io", "privatelink.azconfig.io")], &[], Call::None),
    row("appservice", "App Service / Functions", Cloud::Public, &["sites"], &[("azurewebsites.net", "privatelink.azurewebsites.net"), ("scm.azurewebsites.net", "privatelink.azurewebsites.net")], &[], Call::None),
    row("containerapps", "Container Apps env", Cloud::Public, &["managedEnvironments"], &[("azurecontainerapps.io", "privatelink.{region}.azurecontainerapps.io")], &[], Call::None),
    row("servicebus", "Event Hubs / Service Bus / Relay", Cloud::Public, &["namespace"], &[("servicebus.windows.net", "privatelink.servicebus.windows.net")], &[], Call::None),
    row("eventgrid", "Event Grid topic/domain", Cloud::Public, &["topic", "domain"], &[("eventgrid.azure.net", "privatelink.eventgrid.azure.net")], &[], Call::None),
    row("redis", "Redis (classic)", Cloud::Public, &["redisCache"], &[("redis.cache.windows.net", "privatelink.redis.cache.windows.net")], &[], Call::None),
    row("managed-redis", "Azure Managed Redis", Cloud::Public, &["redisEnterprise"], &[("{region}.redis.azure.net", "privatelink.redis.azure.net")], &[], Call::None),
    row("sql", "SQL Database", Cloud::Public, &["sqlServer"], &[("database.windows.net", "privatelink.database.windows.net")], &[], Call::None),
    row("postgres", "PostgreSQL flexible", Cloud::Public, &["postgresqlServer"], &[("postgres.database.azure.com", "privatelink.postgres.database.azure.com")], &[], Call::None),
    row("mysql", "MySQL flexible", Cloud::Public, &["mysqlServer"], &[("mysql.database.azure.com", "privatelink.mysql.database.azure.com")], &[], Call::None),
    row("monitor", "Azure Monitor (AMPLS)", Cloud::Public, &["azuremonitor"], &[("monitor.azure.com", "privatelink.monitor.azure.com"), ("oms.opinsights.azure.com", "privatelink.oms.opinsights.azure.com"), ("ods.opinsights.azure.com", "privatelink.ods.opinsights.azure.com"), ("agentsvc.azure-automation.net", "privatelink.agentsvc.azure-automation.net"), ("services.visualstudio.com", "privatelink.monitor.azure.com"), ("applicationinsights.azure.com", "privatelink.monitor.azure.com")], &[], Call::None),
    row("databricks", "Azure Databricks", Cloud::Public, &["databricks_ui_api", "browser_authentication"], &[("azuredatabricks.net", "privatelink.azuredatabricks.net")], &[], Call::None),
    row("bot", "Bot Service", Cloud::Public, &["Bot"], &[("directline.botframework.com", "privatelink.directline.botframework.com")], &[], Call::None),
    row("arm", "Resource Manager", Cloud::Public, &["ResourceManagement"], &[("management.azure.com", "privatelink.azure.com")], &[], Call::None),
    row("aks", "AKS API server", Cloud::Public, &["management"], &[("{region}.azmk8s.io", "privatelink.{region}.azmk8s.io")], &[], Call::None),
    row("cognitiveservices", "Azure AI services", Cloud::UsGov, &["account"], &[("cognitiveservices.azure.us", "privatelink.cognitiveservices.azure.us")], &["https://cognitiveservices.azure.us"], Call::Models),
    row("openai", "Azure OpenAI", Cloud::UsGov, &["account"], &[("openai.azure.us", "privatelink.openai.azure.us")], &["https://cognitiveservices.azure.us"], Call::Models),
    row("search", "Azure AI Search", Cloud::UsGov, &["searchService"], &[("search.azure.us", "privatelink.search.azure.us")], &[], Call::None),
    row("azureml", "Azure ML workspace", Cloud::UsGov, &["amlworkspace"], &[("api.ml.azure.us", "privatelink.api.ml.azure.us")], &[], Call::None),
    row("azureml-notebooks", "Azure ML notebooks", Cloud::UsGov, &["amlworkspace"], &[("notebooks.usgovcloudapi.net", "privatelink.notebooks.usgovcloudapi.net")], &[], Call::None),
    row("blob", "Storage blob", Cloud::UsGov, &["blob", "blob_secondary"], &[("blob.core.usgovcloudapi.net", "privatelink.blob.core.usgovcloudapi.net")], &[], Call::None),
    row("dfs", "Storage dfs", Cloud::UsGov, &["dfs", "dfs_secondary"], &[("dfs.core.usgovcloudapi.net", "privatelink.dfs.core.usgovcloudapi.net")], &[], Call::None),
    row("file", "Storage file", Cloud::UsGov, &["file", "file_secondary"], &[("file.core.usgovcloudapi.net", "privatelink.file.core.usgovcloudapi.net")], &[], Call::None),
    row("queue", "Storage queue", Cloud::UsGov, &["queue", "queue_secondary"], &[("queue.core.usgovcloudapi.net", "privatelink.queue.core.usgovcloudapi.net")], &[], Call::None),
    row("table", "Storage table", Cloud::UsGov, &["table", "table_secondary"], &[("table.core.usgovcloudapi.net", "privatelink.table.core.usgovcloudapi.net")], &[], Call::None),
    row("keyvault", "Key Vault", Cloud::UsGov, &["vault"], &[("vault.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"), ("vaultcore.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net")], &[], Call::None),
    row("cosmos", "Cosmos DB NoSQL", Cloud::UsGov, &["Sql"], &[("documents.azure.us", "privatelink.documents.azure.us")], &[], Call::None),
    row("cosmos-mongo", "Cosmos DB MongoDB", Cloud::UsGov, &["MongoDB"], &[("mongo.cosmos.azure.us", "privatelink.mongo.cosmos.azure.us")], &[], Call::None),
    row("acr", "Container Registry", Cloud::UsGov, &["registry"], &[("azurecr.us", "privatelink.azurecr.us"), ("{region}.azurecr.us", "privatelink.azurecr.us")], &[], Call::None),
    row("appconfig", "App Configuration", Cloud::UsGov, &["configurationStores"], &[("azconfig.azure.us", "privatelink.azconfig.azure.us")], &[], Call::None),
    row("appservice", "App Service", Cloud::UsGov, &["sites"], &[("azurewebsites.us", "privatelink.azurewebsites.us"), ("scm.azurewebsites.us", "privatelink.azurewebsites.us")], &[], Call::None),
    row("servicebus", "Event Hubs / Service Bus / Relay", Cloud::UsGov, &["namespace"], &[("servicebus.usgovcloudapi.net", "privatelink.servicebus.usgovcloudapi.net")], &[], Call::None),
    row("sql", "SQL Database", Cloud::UsGov, &["sqlServer"], &[("database.usgovcloudapi.net", "privatelink.database.usgovcloudapi.net")], &[], Call::None),
    row("redis", "Redis", Cloud::UsGov, &["redisCache"], &[("redis.cache.usgovcloudapi.net", "privatelink.redis.cache.usgovcloudapi.net")], &[], Call::None),
    row("databricks", "Azure Databricks", Cloud::UsGov, &["databricks_ui_api"], &[("databricks.azure.us", "privatelink.databricks.azure.us")], &[], Call::None),
    row("azureml", "Azure ML workspace", Cloud::China, &["amlworkspace"], &[("api.ml.azure.cn", "privatelink.api.ml.azure.cn")], &[], Call::None),
    row("azureml-notebooks", "Azure ML notebooks", Cloud::China, &["amlworkspace"], &[("notebooks.chinacloudapi.cn", "privatelink.notebooks.chinacloudapi.cn")], &[], Call::None),
    row("blob", "Storage blob", Cloud::China, &["blob", "blob_secondary"], &[("blob.core.chinacloudapi.cn", "privatelink.blob.core.chinacloudapi.cn")], &[], Call::None),
    row("dfs", "Storage dfs", Cloud::China, &["dfs", "dfs_secondary"], &[("dfs.core.chinacloudapi.cn", "privatelink.dfs.core.chinacloudapi.cn")], &[], Call::None),
    row("file", "Storage file", Cloud::China, &["file", "file_secondary"], &[("file.core.chinacloudapi.cn", "privatelink.file.core.chinacloudapi.cn")], &[], Call::None),
    row("queue", "Storage queue", Cloud::China, &["queue", "queue_secondary"], &[("queue.core.chinacloudapi.cn", "privatelink.queue.core.chinacloudapi.cn")], &[], Call::None),
    row("table", "Storage table", Cloud::China, &["table", "table_secondary"], &[("table.core.chinacloudapi.cn", "privatelink.table.core.chinacloudapi.cn")], &[], Call::None),
    row("keyvault", "Key Vault", Cloud::China, &["vault"], &[("vaultcore.azure.cn", "privatelink.vaultcore.azure.cn"), ("vault.azure.cn", "privatelink.vaultcore.azure.cn")], &[], Call::None),
    row("cosmos", "Cosmos DB NoSQL", Cloud::China, &["Sql"], &[("documents.azure.cn", "privatelink.documents.azure.cn")], &[], Call::None),
    row("cosmos-mongo", "Cosmos DB MongoDB", Cloud::China, &["MongoDB"], &[("mongo.cosmos.azure.cn", "privatelink.mongo.cosmos.azure.cn")], &[], Call::None),
    row("servicebus", "Event Hubs / Service Bus / Relay", Cloud::China, &["namespace"], &[("servicebus.chinacloudapi.cn", "privatelink.servicebus.chinacloudapi.cn")], &[], Call::None),
    row("appservice", "App Service", Cloud::China, &["sites"], &[("chinacloudsites.cn", "privatelink.chinacloudsites.cn")], &[], Call::None),
    row("sql", "SQL Database", Cloud::China, &["sqlServer"], &[("database.chinacloudapi.cn", "privatelink.database.chinacloudapi.cn")], &[], Call::None),
    row("redis", "Redis", Cloud::China, &["redisCache"], &[("redis.cache.chinacloudapi.cn", "privatelink.redis.cache.chinacloudapi.cn")], &[], Call::None),
    row("signalr", "SignalR", Cloud::China, &["signalR"], &[("service.signalr.azure.cn", "privatelink.signalr.azure.cn")], &[], Call::None),
    row("cognitive-regional", "Azure AI regional endpoint", Cloud::Public, &[], &[("api.cognitive.microsoft.com", "")], &[], Call::None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_suffix_wins_and_regions_fill_in() {
        for (host, id, zone) in [
            ("a.openai.azure.com", "openai", "privatelink.openai.azure.com"),
            ("a.openai.azure.us", "openai", "privatelink.openai.azure.us"),
            ("v.vault.azure.net", "keyvault", "privatelink.vaultcore.azure.net"),
            ("r.westeurope.data.azurecr.io", "acr", "privatelink.azurecr.io"),
            ("x.westeurope.azmk8s.io", "aks", "privatelink.westeurope.azmk8s.io"),
            ("s.scm.azurewebsites.net", "appservice", "privatelink.azurewebsites.net"),
            ("eastus.api.cognitive.microsoft.com", "cognitive-regional", ""),
        ] {
            let found = find(host).unwrap();
            assert_eq!((found.service().id, found.zone.as_str()), (id, zone), "{host}");
        }
        assert_eq!(find("a.opnai.azure.com"), None);
        assert_eq!(find("example.com"), None);
    }

    #[test]
    fn an_accounts_other_names_are_those_of_its_cloud() {
        let public = ["cognitiveservices.azure.com", "services.ai.azure.com"];
        assert_eq!(other_names("openai.azure.com"), public);
        assert_eq!(other_names("openai.azure.us"), ["cognitiveservices.azure.us"]);
        assert!(other_names("azure-api.net").is_empty() && other_names("x.example").is_empty());
    }

    #[test]
    fn a_privatelink_name_leads_back_to_its_public_one() {
        let found = find_privatelink("v.privatelink.vaultcore.azure.net").unwrap();
        assert_eq!((found.prefix.as_str(), found.suffix.as_str()), ("v", "vault.azure.net"));
    }
}
