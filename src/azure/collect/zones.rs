//! Private zones: their links, and the record of the target in each.

use std::cmp::Reverse;

use futures_util::future::join_all;
use futures_util::join;
use serde_json::Value;

use super::joined::{each, without_value};
use super::met::push_all;
use super::questions::Questions;
use crate::azure::allowed::{A_RECORD, ZONE_LINKS};
use crate::azure::{graph, resources};
use crate::evidence::azure::{
    Answer, PrivateEndpoint, PrivateZone, RecordSet, ResourceId, ZoneLink,
};
use crate::sorting;

/// Zones that are read one by one, at most. Large estates have many of one name.
const ZONES: usize = 12;

/// The zones of the rows. Those whose names are nearest to the target's come first, and of one name
/// those with the most links.
pub(super) async fn listed(q: &Questions<'_, '_>, rows: &Answer<Vec<Value>>) -> Vec<PrivateZone> {
    let mut links: Vec<(ResourceId, Vec<ZoneLink>)> = Vec::new();
    for row in rows.items() {
        let zone = resources::own_id(row).and_then(|id| id.up_to("privateDnsZones"));
        let Some(zone) = zone else { continue };
        let at = links.iter().position(|(id, _)| *id == zone).unwrap_or(links.len());
        if at == links.len() {
            links.push((zone.clone(), Vec::new()));
        }
        // A link's id is longer than its zone's.
        let link = resources::zone_link(row).filter(|link| link.id != zone);
        if let (Some(link), Some((_, links))) = (link, links.get_mut(at)) {
            links.push(link);
        }
    }
    let order = q.met.zones();
    sorting::by_key(&mut links, |(id, links)| {
        let place = order.iter().position(|name| id.name().eq_ignore_ascii_case(name));
        (place.unwrap_or(order.len()), Reverse(links.len()))
    });
    let zones = links.into_iter().enumerate().map(|(index, (id, links))| async move {
        let name = id.name().to_ascii_lowercase();
        match index < ZONES && (q.wants(q.met.open.any) || !q.met.is_sibling(&name)) {
            true => read(q, id, links).await,
            false => zone(id, Answer::Listed { value: links }, Answer::NotAsked),
        }
    });
    join_all(zones).await
}

/// Zones that zone groups of the endpoints name and no row has: the caller may not see them.
pub(super) async fn of_groups(
    q: &Questions<'_, '_>,
    endpoints: &Answer<Vec<PrivateEndpoint>>,
    known: &[PrivateZone],
) -> Vec<PrivateZone> {
    let mut ids = Vec::new();
    for endpoint in endpoints.items() {
        push_all(&mut ids, endpoint.zone_groups.items().iter().map(|one| one.zone.clone()));
    }
    unknown(q, ids, known).await
}

/// Zones of other names that have a record of the account's name (Q5), where none of the expected
/// ones has.
pub(super) async fn with_record(q: &Questions<'_, '_>, known: &[PrivateZone]) -> Vec<PrivateZone> {
    let has_record = known.iter().any(|zone| zone.record.known().is_some());
    let label = q.met.account.as_ref().map(|name| name.label.as_str());
    if has_record || !q.wants(q.met.open.dns) {
        return Vec::new();
    }
    let query = label.and_then(graph::records);
    let rows = q.graph("records of the account's name in any zone", query).await;
    let mut ids = Vec::new();
    let zones = rows.items().iter().filter_map(resources::own_id);
    push_all(&mut ids, zones.filter_map(|id| id.up_to("privateDnsZones")));
    unknown(q, ids, known).await
}

async fn unknown(
    q: &Questions<'_, '_>,
    mut ids: Vec<ResourceId>,
    known: &[PrivateZone],
) -> Vec<PrivateZone> {
    ids.retain(|id| !known.iter().any(|zone| zone.id == *id));
    ids.truncate(ZONES);
    join_all(ids.into_iter().map(|id| read(q, id, Vec::new()))).await
}

async fn read(q: &Questions<'_, '_>, id: ResourceId, listed: Vec<ZoneLink>) -> PrivateZone {
    let (links, record) = join!(q.reader.list(ZONE_LINKS, &id), record(q, &id));
    let links = match each(links, resources::zone_link) {
        links @ (Answer::Read { .. } | Answer::Absent) => links,
        _ if !listed.is_empty() => Answer::Listed { value: listed },
        links => links,
    };
    zone(id, links, record)
}

async fn record(q: &Questions<'_, '_>, zone: &ResourceId) -> Answer<RecordSet> {
    let name = q.met.record_in(&zone.name().to_ascii_lowercase());
    // A zone of another name can only have the account's label.
    let label = || q.met.account.as_ref().map(|name| name.label.as_str());
    let id = name.or_else(label).and_then(|name| ResourceId::parse(&format!("{zone}/A/{name}")));
    match id {
        Some(id) => q.get(A_RECORD, &id, resources::record_set).await,
        None => Answer::NotAsked,
    }
}

fn zone(id: ResourceId, links: Answer<Vec<ZoneLink>>, record: Answer<RecordSet>) -> PrivateZone {
    PrivateZone { name: id.name().to_ascii_lowercase(), id, links, record }
}

/// The answer about the zones: they are never all.
pub(super) fn answer(
    zones: Vec<PrivateZone>,
    rows: Answer<Vec<Value>>,
) -> Answer<Vec<PrivateZone>> {
    match zones.is_empty() {
        true if rows.known().is_some() => Answer::NotVisible,
        true => without_value(rows),
        false => Answer::Listed { value: zones },
    }
}
