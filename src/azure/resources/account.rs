//! The account, its connections, deployments and perimeter (facts C20 to C23).

use serde_json::Value;

use super::field::{at, flag, id_at, ids, list, own_id, text, texts};
use crate::evidence::azure::{
    Account, Connection, ConnectionStatus, Deployment, Perimeter, ResourceId,
};
use crate::evidence::text::holds_at_sign;

/// Endpoints of one account that are kept, at most.
const ENDPOINTS: usize = 50;

/// An account.
pub(in crate::azure) fn account(value: &Value) -> Option<Account> {
    let mut endpoints: Vec<String> = text(value, "properties.endpoint").into_iter().collect();
    if let Some(Value::Object(named)) = at(value, "properties.endpoints") {
        for url in named.values().filter_map(|url| text(url, "")) {
            if !endpoints.contains(&url) {
                endpoints.push(url);
            }
        }
    }
    endpoints.truncate(ENDPOINTS);
    let ip_rules = list(value, "properties.networkAcls.ipRules");
    Some(Account {
        id: own_id(value)?,
        kind: text(value, "kind"),
        location: text(value, "location"),
        custom_subdomain: text(value, "properties.customSubDomainName"),
        endpoints,
        public_network_access: text(value, "properties.publicNetworkAccess"),
        default_action: text(value, "properties.networkAcls.defaultAction"),
        ip_rules: ip_rules.filter_map(|rule| text(rule, "value")).collect(),
        subnet_rules: ids(value, "properties.networkAcls.virtualNetworkRules"),
        keys_disabled: flag(value, "properties.disableLocalAuth"),
        provisioning_state: text(value, "properties.provisioningState"),
    })
}

/// A private endpoint connection of it.
pub(in crate::azure) fn connection(value: &Value) -> Option<Connection> {
    let state = "properties.privateLinkServiceConnectionState";
    Some(Connection {
        id: own_id(value)?,
        endpoint: id_at(value, "properties.privateEndpoint.id"),
        status: status(value, &format!("{state}.status"))?,
        description: text(value, &format!("{state}.description")).map(|text| without_names(&text)),
        group_ids: texts(value, "properties.groupIds"),
    })
}

/// A text that somebody wrote, without mail addresses: names of people are not kept.
fn without_names(text: &str) -> String {
    let shown = |word| if holds_at_sign(word) { "[...]" } else { word };
    text.split(' ').map(shown).collect::<Vec<_>>().join(" ")
}

/// The connections that the account's own JSON holds.
pub(in crate::azure) fn connections_within(account: &Value) -> Vec<Connection> {
    list(account, "properties.privateEndpointConnections").filter_map(connection).collect()
}

/// The status of a connection.
pub(super) fn status(value: &Value, path: &str) -> Option<ConnectionStatus> {
    let word = text(value, path)?;
    Some(match word.to_ascii_lowercase().as_str() {
        "approved" => ConnectionStatus::Approved,
        "pending" => ConnectionStatus::Pending,
        "rejected" => ConnectionStatus::Rejected,
        "disconnected" => ConnectionStatus::Disconnected,
        _ => ConnectionStatus::Other(word),
    })
}

/// A deployment.
pub(in crate::azure) fn deployment(value: &Value) -> Option<Deployment> {
    Some(Deployment {
        name: text(value, "name")?,
        model: text(value, "properties.model.name"),
        sku: text(value, "sku.name"),
        capacity: at(value, "sku.capacity").and_then(Value::as_u64),
        provisioning_state: text(value, "properties.provisioningState"),
        deployment_state: text(value, "properties.deploymentState"),
    })
}

/// The name of a deleted account: that of its id, since the resource's own is the purge's.
pub(in crate::azure) fn deleted_account(value: &Value) -> Option<String> {
    let of_id = own_id(value).map(|id| id.name().to_owned());
    text(value, "name").or(of_id)
}

/// The perimeter, by the account's own configuration or by a row of the perimeter's association.
pub(in crate::azure) fn perimeter(value: &Value) -> Perimeter {
    let rules = || {
        list(value, "properties.profile.accessRules").filter(|rule| {
            let direction = text(rule, "properties.direction");
            direction.is_none_or(|direction| direction.eq_ignore_ascii_case("inbound"))
        })
    };
    let of_association = || own_id(value)?.up_to("networkSecurityPerimeters");
    let subscriptions = |rule| ids(rule, "properties.subscriptions");
    Perimeter {
        id: id_at(value, "properties.networkSecurityPerimeter.id").or_else(of_association),
        access_mode: text(value, "properties.resourceAssociation.accessMode")
            .or_else(|| text(value, "properties.accessMode")),
        inbound_prefixes: rules()
            .flat_map(|rule| texts(rule, "properties.addressPrefixes"))
            .collect(),
        inbound_subscriptions: rules().flat_map(subscriptions).collect::<Vec<ResourceId>>(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ai-rg/\
                      providers/Microsoft.CognitiveServices/accounts/myacct";

    #[test]
    fn an_account_keeps_what_a_rule_reads_and_no_more() {
        let value = json!({"id": ID, "kind": "OpenAI", "location": "westeurope",
            "tags": {"owner": "ann@contoso.example"},
            "systemData": {"createdBy": "ann@contoso.example"},
            "properties": {"customSubDomainName": "myacct", "disableLocalAuth": true,
                "endpoint": "https://myacct.openai.azure.com/",
                "endpoints": {"A": "https://myacct.openai.azure.com/",
                    "B": "https://myacct.cognitiveservices.azure.com/"},
                "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "20.1.2.3"}, {}],
                    "virtualNetworkRules": [{"id": "/subscriptions/x/y/z/subnets/a"}, {"id": 7}]}}});
        let read = account(&value).unwrap();
        assert_eq!(read.endpoints.len(), 2);
        assert_eq!((read.ip_rules.len(), read.subnet_rules.len()), (1, 1));
        assert_eq!(read.keys_disabled, Some(true));
        assert!(!format!("{read:?}").contains("ann@"));
        assert!(account(&json!({"kind": "OpenAI"})).is_none());
    }

    #[test]
    fn what_an_owner_wrote_is_kept_without_mail_addresses() {
        let value = json!({"id": ID, "properties": {"privateLinkServiceConnectionState":
            {"status": "Rejected", "description": "not ours, ask <ann.smith@contoso.example> first"}}});
        let read = connection(&value).unwrap();
        assert_eq!(read.description.as_deref(), Some("not ours, ask [...] first"));
    }

    #[test]
    fn a_state_of_tomorrow_is_kept_as_it_is() {
        let value = |word: &str| {
            json!({"id": ID, "properties":
                {"privateLinkServiceConnectionState": {"status": word}}})
        };
        assert_eq!(connection(&value("PENDING")).unwrap().status, ConnectionStatus::Pending);
        let other = connection(&value("Timeout")).unwrap().status;
        assert_eq!(other, ConnectionStatus::Other("Timeout".to_owned()));
        assert!(connection(&json!({"id": ID})).is_none());
    }
}
