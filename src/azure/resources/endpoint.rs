//! Private endpoints and their DNS zone groups (fact C24).

use serde_json::Value;

use super::account::status;
use super::field::{addresses, id_at, ids, list, own_id, text, texts};
use crate::evidence::azure::{Answer, PrivateEndpoint, ZoneConfiguration};

/// A private endpoint; its zone groups are another read.
pub(in crate::azure) fn private_endpoint(value: &Value) -> Option<PrivateEndpoint> {
    let connections: Vec<&Value> = list(value, "properties.privateLinkServiceConnections")
        .chain(list(value, "properties.manualPrivateLinkServiceConnections"))
        .collect();
    let targets = connections.iter();
    let targets = targets.filter_map(|one| id_at(one, "properties.privateLinkServiceId"));
    let groups = connections.iter().flat_map(|one| texts(one, "properties.groupIds"));
    let state = "properties.privateLinkServiceConnectionState.status";
    Some(PrivateEndpoint {
        id: own_id(value)?,
        subnet: id_at(value, "properties.subnet.id"),
        interfaces: ids(value, "properties.networkInterfaces"),
        targets: targets.collect(),
        group_ids: groups.collect(),
        status: connections.iter().find_map(|one| status(one, state)),
        zone_groups: Answer::NotAsked,
        read: false,
    })
}

/// The zones of a zone group.
pub(in crate::azure) fn zone_configurations(group: &Value) -> Vec<ZoneConfiguration> {
    let zone = |config: &Value| {
        let records = || list(config, "properties.recordSets");
        Some(ZoneConfiguration {
            group: text(group, "name")?,
            zone: id_at(config, "properties.privateDnsZoneId")?,
            records: records().filter_map(|record| text(record, "recordSetName")).collect(),
            addresses: records().flat_map(|record| addresses(record, "ipAddresses")).collect(),
        })
    };
    list(group, "properties.privateDnsZoneConfigs").filter_map(zone).collect()
}
