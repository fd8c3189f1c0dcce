//! Links and record sets of private DNS zones (fact C25).

use serde_json::Value;

use super::field::{address, at, id_at, list, own_id, text};
use crate::evidence::azure::{RecordSet, ZoneLink};

/// A link of a zone.
pub(in crate::azure) fn zone_link(value: &Value) -> Option<ZoneLink> {
    Some(ZoneLink {
        id: own_id(value)?,
        network: id_at(value, "properties.virtualNetwork.id"),
        state: text(value, "properties.virtualNetworkLinkState"),
        resolution_policy: text(value, "properties.resolutionPolicy"),
    })
}

/// An A record set.
pub(in crate::azure) fn record_set(value: &Value) -> Option<RecordSet> {
    let records = list(value, "properties.aRecords");
    Some(RecordSet {
        id: own_id(value)?,
        ttl: at(value, "properties.ttl").and_then(Value::as_u64),
        addresses: records.filter_map(|record| address(record, "ipv4Address")).collect(),
    })
}
