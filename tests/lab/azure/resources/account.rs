//! Accounts with their connections and deployments, and the private endpoints that lead to them.

use serde_json::{Value, json};

use super::super::model::{Account, Endpoint};
use super::{MAIL, Names, Resources};

/// Suffixes of the names that an account's endpoint serves.
const SUFFIXES: [&str; 3] =
    ["openai.azure.com", "cognitiveservices.azure.com", "services.ai.azure.com"];

pub(super) fn add(names: &Names<'_>, all: &mut Resources) -> Result<(), String> {
    for (key, endpoint) in &names.0.endpoints {
        private_endpoint(names, all, key, endpoint)?;
    }
    for (key, one) in &names.0.accounts {
        account(names, all, key, one)?;
    }
    for (key, deleted) in &names.0.deleted_accounts {
        let id = names.of("Microsoft.CognitiveServices/accounts", key, deleted)?;
        // Its own collection: `…/locations/<l>/resourceGroups/<g>/deletedAccounts/<name>`.
        let (subscription, rest) = id.split_once("/resourceGroups/").ok_or("no group")?;
        let group = rest.split('/').next().unwrap_or_default();
        let deleted = format!(
            "{subscription}/providers/Microsoft.CognitiveServices/locations/eastus/resourceGroups/\
             {group}/deletedAccounts/{}",
            id.rsplit('/').next().unwrap_or_default()
        );
        all.add(
            &deleted,
            None,
            json!({
                "type": "Microsoft.CognitiveServices/deletedAccounts",
                "location": "eastus",
                "properties": {
                    "deletionDate": "2026-05-30T09:00:00Z",
                    "scheduledPurgeDate": "2026-06-01T09:00:00Z",
                },
            }),
        );
    }
    Ok(())
}

fn account(
    names: &Names<'_>,
    all: &mut Resources,
    key: &str,
    account: &Account,
) -> Result<(), String> {
    let id = names.account(key)?;
    let connections = connections(names, key, &id, account)?;
    let rules: Vec<Value> = account
        .subnet_rules
        .iter()
        .map(|subnet| Ok(json!({ "id": names.subnet(subnet)?, "state": "Succeeded" })))
        .collect::<Result<_, String>>()?;
    let host = match account.subdomain.as_str() {
        "" => "eastus.api.cognitive.microsoft.com".to_owned(),
        subdomain if account.kind == "OpenAI" => format!("{subdomain}.openai.azure.com"),
        subdomain => format!("{subdomain}.cognitiveservices.azure.com"),
    };
    let mut endpoints: serde_json::Map<String, Value> = [
        ("OpenAI Language Model Instance API", "openai.azure.com"),
        ("OpenAI Dall-E API", "openai.azure.com"),
    ]
    .iter()
    .filter(|_| !account.subdomain.is_empty())
    .map(|(name, suffix)| {
        ((*name).to_owned(), format!("https://{}.{suffix}/", account.subdomain).into())
    })
    .collect();
    endpoints.extend(account.endpoints.iter().map(|(n, url)| (n.clone(), url.clone().into())));
    let mut properties = json!({
        "endpoint": format!("https://{host}/"),
        "endpoints": endpoints,
        "internalId": "5f0c1d0e9f8b4a7c",
        "provisioningState": account.state,
        "publicNetworkAccess": account.public_access,
        "networkAcls": {
            "defaultAction": account.default_action,
            "bypass": "AzureServices",
            "ipRules": account.ip_rules.iter().map(|v| json!({ "value": v })).collect::<Vec<_>>(),
            "virtualNetworkRules": rules,
        },
        "privateEndpointConnections": connections,
        "dateCreated": "2026-01-10T08:00:00Z",
        "apiProperties": { "qnaAzureSearchEndpointKey": "canary-search-key" },
        "callRateLimit": { "rules": [] },
    });
    if !account.subdomain.is_empty() {
        properties["customSubDomainName"] = account.subdomain.clone().into();
    }
    if let Some(disabled) = account.keys_disabled {
        properties["disableLocalAuth"] = disabled.into();
    }
    all.add(
        &id,
        Some("Resources"),
        json!({
            "kind": account.kind, "sku": { "name": "S0" }, "properties": properties,
        }),
    );
    for connection in connections {
        let id = connection["id"].as_str().unwrap_or_default().to_owned();
        all.add(&id, None, connection);
    }
    for (name, deployment) in &account.deployments {
        let id = format!("{id}/deployments/{name}");
        let mut properties = json!({
            "model": { "format": "OpenAI", "name": deployment.model, "version": "2024-11-20" },
            "provisioningState": deployment.state,
            "rateLimits": [
                { "key": "request", "renewalPeriod": 10, "count": deployment.capacity },
                { "key": "token", "renewalPeriod": 60, "count": deployment.capacity * 1000 },
            ],
        });
        if let Some(state) = &deployment.deployment_state {
            properties["deploymentState"] = state.clone().into();
        }
        let sku = json!({ "name": deployment.sku, "capacity": deployment.capacity });
        all.add(&id, None, json!({ "sku": sku, "properties": properties }));
    }
    perimeter(names, all, &id, account)
}

fn perimeter(
    names: &Names<'_>,
    all: &mut Resources,
    id: &str,
    account: &Account,
) -> Result<(), String> {
    let Some(perimeter) = &account.perimeter else { return Ok(()) };
    let subscriptions: Vec<Value> = perimeter
        .subscriptions
        .iter()
        .map(|key| Ok(json!({ "id": names.subscription(key)? })))
        .collect::<Result<_, String>>()?;
    let rules = json!([{ "name": "in", "properties": {
        "direction": "Inbound", "addressPrefixes": perimeter.prefixes,
        "subscriptions": subscriptions,
    }}]);
    let properties = json!({
        "provisioningState": "Succeeded",
        "networkSecurityPerimeter": { "id": perimeter.id, "location": "eastus" },
        "resourceAssociation": { "name": "to-account", "accessMode": perimeter.mode },
        "profile": { "name": "default", "accessRulesVersion": 1, "accessRules": rules },
        "provisioningIssues": [],
    });
    let own = format!("{id}/networkSecurityPerimeterConfigurations/lab.to-account");
    all.add(&own, None, json!({ "properties": properties }));
    let row = format!("{}/resourceAssociations/to-account", perimeter.id);
    all.add(
        &row,
        Some("NetworkResources"),
        json!({ "properties": {
            "privateLinkResource": { "id": id }, "accessMode": perimeter.mode,
            "profile": { "id": format!("{}/profiles/default", perimeter.id) },
            "provisioningState": "Succeeded",
        }}),
    );
    Ok(())
}

/// Those of the estate's endpoints, and the account's own.
fn connections(
    names: &Names<'_>,
    key: &str,
    account_id: &str,
    account: &Account,
) -> Result<Vec<Value>, String> {
    let one = |name: &str, endpoint: Value, groups: Value, state: Value| {
        json!({
            "id": format!("{account_id}/privateEndpointConnections/{name}"),
            "name": name,
            "properties": {
                "privateEndpoint": endpoint, "groupIds": groups,
                "privateLinkServiceConnectionState": state, "provisioningState": "Succeeded",
            },
        })
    };
    let mut all = Vec::new();
    for (name, endpoint) in names.0.endpoints.iter().filter(|(_, e)| e.target == key) {
        let status = endpoint.status.as_deref().unwrap_or("Approved");
        if status == "Removed" {
            continue;
        }
        let id = names.endpoint(name)?;
        let short = id.rsplit('/').next().unwrap_or_default();
        all.push(one(
            &format!("{short}.7c3e8f6a-1111-4222-8333-944455556666"),
            json!({ "id": id }),
            json!([endpoint.group_id.as_deref().unwrap_or("account")]),
            state(status, &endpoint.description),
        ));
    }
    for (name, connection) in &account.connections {
        let endpoint = connection.endpoint.as_ref().map_or(Value::Null, |id| json!({ "id": id }));
        let state = state(&connection.status, &connection.description);
        all.push(one(name, endpoint, json!(["account"]), state));
    }
    Ok(all)
}

fn state(status: &str, description: &str) -> Value {
    json!({ "status": status, "description": description, "actionsRequired": "None" })
}

fn private_endpoint(
    names: &Names<'_>,
    all: &mut Resources,
    key: &str,
    endpoint: &Endpoint,
) -> Result<(), String> {
    let id = names.endpoint(key)?;
    let target = names.account(&endpoint.target)?;
    let name = id.rsplit('/').next().unwrap_or_default();
    let group_id = endpoint.group_id.as_deref().unwrap_or("account");
    let nic = id.replace("/privateEndpoints/", "/networkInterfaces/");
    let nic = format!("{nic}.nic.0d8c1a52-9a55-4f0e-8a3e-5a7b1c2d3e4f");
    let status = endpoint.own_status.as_deref().or(endpoint.status.as_deref());
    let connection = json!([{
        "name": name, "id": format!("{id}/privateLinkServiceConnections/{name}"),
        "properties": {
            "privateLinkServiceId": target, "groupIds": [group_id],
            "provisioningState": "Succeeded", "requestMessage": MAIL,
            "privateLinkServiceConnectionState":
                state(status.unwrap_or("Approved"), &endpoint.description),
        },
    }]);
    let none = json!([]);
    let (automatic, manual) =
        if endpoint.manual { (&none, &connection) } else { (&connection, &none) };
    let subnet = Names::reference(names.subnet(&endpoint.subnet))?;
    all.add(
        &id,
        Some("Resources"),
        json!({ "properties": {
            "provisioningState": "Succeeded", "subnet": subnet,
            "networkInterfaces": [{ "id": nic }],
            "privateLinkServiceConnections": automatic,
            "manualPrivateLinkServiceConnections": manual,
            // With a zone group the list is empty (fact C18).
            "customDnsConfigs": [], "ipConfigurations": [], "customNetworkInterfaceName": "",
        }}),
    );
    let own: Vec<Value> = endpoint
        .addresses
        .iter()
        .enumerate()
        .map(|(at, (address, fqdns))| {
            let suffixed = || SUFFIXES.iter().map(|s| format!("{}.{s}", endpoint.target)).collect();
            // A service of the operator's own has no names (fact C65).
            let own_service = target.contains("/privateLinkServices/");
            let fqdns: Vec<String> = match fqdns.is_empty() && !own_service {
                true => suffixed(),
                false => fqdns.clone(),
            };
            json!({
                "name": format!("privateEndpointIpConfig.{at}"),
                "id": format!("{nic}/ipConfigurations/privateEndpointIpConfig.{at}"),
                "properties": {
                    "privateIPAddress": address, "privateIPAllocationMethod": "Dynamic",
                    "privateIPAddressVersion": "IPv4", "primary": at == 0, "subnet": subnet,
                    "privateLinkConnectionProperties": {
                        "groupId": group_id, "requiredMemberName": "default", "fqdns": fqdns,
                    },
                },
            })
        })
        .collect();
    all.add(
        &nic,
        Some("Resources"),
        json!({ "properties": {
            "provisioningState": "Succeeded", "ipConfigurations": own,
            "dnsSettings": { "dnsServers": [], "appliedDnsServers": [] },
            "macAddress": "", "enableIPForwarding": false,
            "privateEndpoint": { "id": id }, "nicType": "Standard",
        }}),
    );
    zone_groups(names, all, &id, endpoint)
}

fn zone_groups(
    names: &Names<'_>,
    all: &mut Resources,
    id: &str,
    endpoint: &Endpoint,
) -> Result<(), String> {
    let addresses: Vec<&String> = endpoint.addresses.keys().collect();
    for (name, zones) in &endpoint.zone_groups {
        let group = format!("{id}/privateDnsZoneGroups/{name}");
        let mut configs = Vec::new();
        for key in zones {
            let zone = names.zone(key)?;
            let suffix = zone.rsplit('/').next().unwrap_or_default();
            let record = endpoint.target.rsplit('/').next().unwrap_or_default();
            configs.push(json!({
                "name": suffix.replace('.', "-"),
                "id": format!("{group}/privateDnsZoneConfigs/{}", suffix.replace('.', "-")),
                "properties": {
                    "provisioningState": "Succeeded", "privateDnsZoneId": zone,
                    "recordSets": [{
                        "recordType": "A", "recordSetName": record, "ttl": 10,
                        "fqdn": format!("{record}.{suffix}"), "ipAddresses": addresses,
                        "provisioningState": "Succeeded",
                    }],
                },
            }));
        }
        all.add(
            &group,
            None,
            json!({ "properties": {
                "provisioningState": "Succeeded", "privateDnsZoneConfigs": configs,
            }}),
        );
    }
    Ok(())
}
