//! Gateways, which can be in front of another service: the suffix does not show what answers behind
//! it, so `--service` may name that.

use super::{Gateway, Kind, Service, china, public, usgov};

/// Group id of an app.
const SITES: &[&str] = &["sites"];

#[rustfmt::skip]
pub(super) const SERVICES: &[Service] = &[
    Service::new("apim", "API Management", &[
        public(&["Gateway"], "azure-api.net", "privatelink.azure-api.net"),
    ])
    .kind(Kind::Gateway(Gateway {
        name: "the API Management gateway",
        show: "apim show -n {name}",
        networks: "\"{gateway:gatewayUrl,access:publicNetworkAccess,network:virtualNetworkType}\"",
        behind: "az apim backend list --service-name {name} -g <group> --query \"[].url\" -o tsv",
    }))
    .resource_type("Microsoft.ApiManagement/service"),
    Service::new("appservice", "App Service / Functions", &[
        public(SITES, "azurewebsites.net", "privatelink.azurewebsites.net"),
        public(SITES, "scm.azurewebsites.net", "privatelink.azurewebsites.net"),
        usgov(SITES, "azurewebsites.us", "privatelink.azurewebsites.us"),
        usgov(SITES, "scm.azurewebsites.us", "privatelink.azurewebsites.us"),
        china(SITES, "chinacloudsites.cn", "privatelink.chinacloudsites.cn"),
    ])
    .kind(Kind::Gateway(Gateway {
        name: "the App Service app",
        show: "webapp show -n {name}",
        networks: "\"{host:defaultHostName,access:publicNetworkAccess,subnet:virtualNetworkSubnetId}\"",
        behind: "az webapp config appsettings list -n {name} -g <group> --query \"[].name\" -o tsv",
    }))
    .resource_type("Microsoft.Web/sites"),
    Service::new("containerapps", "Container Apps env", &[
        public(&["managedEnvironments"], "azurecontainerapps.io", "privatelink.{region}.azurecontainerapps.io"),
    ])
    .kind(Kind::Gateway(Gateway {
        name: "the container app",
        show: "containerapp show -n {name}",
        networks: "properties.configuration.ingress",
        behind: "",
    }))
    .resource_type("Microsoft.App/containerApps"),
];
