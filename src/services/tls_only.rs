//! Services that are walked as far as TLS, or to the connection where TLS begins inside a protocol of
//! theirs or is not there at all: no call of theirs is known here. Ports of their own, and how TLS
//! begins there: facts D110 and D112.

use super::{Opening, POSTGRESQL, Service, china, public, usgov};

/// One row a service; what they share with the services that have a call is in [`Service`].
#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    Service::new("azureml", "Azure ML workspace", &[
        public(&["amlworkspace"], "api.azureml.ms", "privatelink.api.azureml.ms"),
        usgov(&["amlworkspace"], "api.ml.azure.us", "privatelink.api.ml.azure.us"),
        china(&["amlworkspace"], "api.ml.azure.cn", "privatelink.api.ml.azure.cn"),
    ]).resource_type("Microsoft.MachineLearningServices/workspaces").workspace(),
    Service::new("azureml-notebooks", "Azure ML workspace notebooks", &[
        public(&["amlworkspace"], "notebooks.azure.net", "privatelink.notebooks.azure.net"),
        usgov(&["amlworkspace"], "notebooks.usgovcloudapi.net", "privatelink.notebooks.usgovcloudapi.net"),
        china(&["amlworkspace"], "notebooks.chinacloudapi.cn", "privatelink.notebooks.chinacloudapi.cn"),
    ]).resource_type("Microsoft.MachineLearningServices/workspaces"),
    Service::new("web", "Storage web", &[
        public(&["web", "web_secondary"], "web.core.windows.net", "privatelink.web.core.windows.net"),
    ]).resource_type("Microsoft.Storage/storageAccounts"),
    Service::new("managedhsm", "Managed HSM", &[
        public(&["managedhsm"], "managedhsm.azure.net", "privatelink.managedhsm.azure.net"),
    ]).resource_type("Microsoft.KeyVault/managedHSMs"),
    Service::new("cosmos-mongo", "Cosmos DB MongoDB", &[
        public(&["MongoDB"], "mongo.cosmos.azure.com", "privatelink.mongo.cosmos.azure.com"),
        usgov(&["MongoDB"], "mongo.cosmos.azure.us", "privatelink.mongo.cosmos.azure.us"),
        china(&["MongoDB"], "mongo.cosmos.azure.cn", "privatelink.mongo.cosmos.azure.cn"),
    ]).own_protocol(10255, Opening::Tls).resource_type("Microsoft.DocumentDB/databaseAccounts"),
    Service::new("cosmos-cassandra", "Cosmos DB Cassandra", &[
        public(&["Cassandra"], "cassandra.cosmos.azure.com", "privatelink.cassandra.cosmos.azure.com"),
    ]).own_protocol(10350, Opening::Tls).resource_type("Microsoft.DocumentDB/databaseAccounts"),
    Service::new("cosmos-gremlin", "Cosmos DB Gremlin", &[
        public(&["Gremlin"], "gremlin.cosmos.azure.com", "privatelink.gremlin.cosmos.azure.com"),
    ]).resource_type("Microsoft.DocumentDB/databaseAccounts"),
    Service::new("cosmos-table", "Cosmos DB Table", &[
        public(&["Table"], "table.cosmos.azure.com", "privatelink.table.cosmos.azure.com"),
    ]).resource_type("Microsoft.DocumentDB/databaseAccounts"),
    Service::new("cosmos-postgres", "Cosmos DB PostgreSQL", &[
        public(&["coordinator"], "postgres.cosmos.azure.com", "privatelink.postgres.cosmos.azure.com"),
    ]).own_protocol(5432, Opening::Requested(POSTGRESQL)).resource_type("Microsoft.DBforPostgreSQL/serverGroupsv2"),
    Service::new("cosmos-vcore", "Cosmos DB Mongo vCore", &[
        public(&["MongoCluster"], "mongocluster.cosmos.azure.com", "privatelink.mongocluster.cosmos.azure.com"),
    ]).own_protocol(10260, Opening::Tls).resource_type("Microsoft.DocumentDB/mongoClusters"),
    Service::new("acr-data", "Container Registry data", &[
        public(&["registry"], "{region}.data.azurecr.io", "privatelink.azurecr.io").record("{name}.{region}.data"),
        usgov(&["registry"], "{region}.azurecr.us", "privatelink.azurecr.us").record(""),
    ]).resource_type("Microsoft.ContainerRegistry/registries"),
    Service::new("eventgrid", "Event Grid topic/domain", &[
        public(&["topic", "domain"], "eventgrid.azure.net", "privatelink.eventgrid.azure.net"),
    ]),
    Service::new("redis", "Redis (classic)", &[
        public(&["redisCache"], "redis.cache.windows.net", "privatelink.redis.cache.windows.net"),
        usgov(&["redisCache"], "redis.cache.usgovcloudapi.net", "privatelink.redis.cache.usgovcloudapi.net"),
        china(&["redisCache"], "redis.cache.chinacloudapi.cn", "privatelink.redis.cache.chinacloudapi.cn"),
    ]).own_protocol(6380, Opening::Tls).resource_type("Microsoft.Cache/Redis"),
    Service::new("managed-redis", "Azure Managed Redis", &[
        public(&["redisEnterprise"], "{region}.redis.azure.net", "privatelink.redis.azure.net"),
    ]).own_protocol(10000, Opening::Tls).resource_type("Microsoft.Cache/redisEnterprise"),
    Service::new("sql", "SQL Database", &[
        public(&["sqlServer"], "database.windows.net", "privatelink.database.windows.net"),
        usgov(&["sqlServer"], "database.usgovcloudapi.net", "privatelink.database.usgovcloudapi.net"),
        china(&["sqlServer"], "database.chinacloudapi.cn", "privatelink.database.chinacloudapi.cn"),
    ]).own_protocol(1433, Opening::Protocol("TDS")).resource_type("Microsoft.Sql/servers"),
    Service::new("postgres", "PostgreSQL flexible", &[
        public(&["postgresqlServer"], "postgres.database.azure.com", "privatelink.postgres.database.azure.com"),
    ]).own_protocol(5432, Opening::Requested(POSTGRESQL)).resource_type("Microsoft.DBforPostgreSQL/flexibleServers"),
    Service::new("mysql", "MySQL flexible", &[
        public(&["mysqlServer"], "mysql.database.azure.com", "privatelink.mysql.database.azure.com"),
    ]).own_protocol(3306, Opening::Protocol("MySQL")).resource_type("Microsoft.DBforMySQL/flexibleServers"),
    Service::new("databricks", "Azure Databricks", &[
        public(&["databricks_ui_api", "browser_authentication"], "azuredatabricks.net", "privatelink.azuredatabricks.net"),
        usgov(&["databricks_ui_api"], "databricks.azure.us", "privatelink.databricks.azure.us"),
    ]).resource_type("Microsoft.Databricks/workspaces"),
    Service::new("bot", "Bot Service", &[
        public(&["Bot"], "directline.botframework.com", "privatelink.directline.botframework.com"),
    ]).resource_type("Microsoft.BotService/botServices"),
    Service::new("arm", "Resource Manager", &[
        public(&["ResourceManagement"], "management.azure.com", "privatelink.azure.com"),
    ]).resource_type("Microsoft.Authorization/resourceManagementPrivateLinks"),
    Service::new("aks", "AKS API server", &[
        public(&["management"], "{region}.azmk8s.io", "privatelink.{region}.azmk8s.io"),
    // Facts S81 and S82.
    ]).resource_type("Microsoft.ContainerService/managedClusters").called_by_private_name().own_authority(
        "`certificate-authority-data` in the cluster's kubeconfig, in base64; the file also holds \
         credentials, which stay there",
    ),
    Service::new("signalr", "SignalR", &[
        china(&["signalR"], "service.signalr.azure.cn", "privatelink.signalr.azure.cn"),
    ]).resource_type("Microsoft.SignalRService/SignalR"),
    // No host of Azure: certificates name the hosts (facts S54 and S56).
    Service::new("revocation", "Certificate revocation", &[])
        .own_protocol(80, Opening::Clear("HTTP without TLS")),
];
