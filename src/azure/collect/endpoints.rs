//! The account's private endpoints, with the zones that their zone groups name.

use futures_util::future::join_all;
use futures_util::join;
use serde_json::Value;

use super::joined::{Item, list, without_value};
use super::met::push_all;
use super::questions::Questions;
use crate::azure::allowed::{PRIVATE_ENDPOINT, ZONE_GROUPS};
use crate::azure::resources;
use crate::evidence::azure::{Answer, Connection, PrivateEndpoint, ResourceId, ZoneConfiguration};

/// Endpoints that are read one by one, at most.
const ENDPOINTS: usize = 16;

/// The endpoints of the connections, and those that Resource Graph lists.
pub(super) async fn read(
    q: &Questions<'_, '_>,
    connections: &Answer<Vec<Connection>>,
    rows: Answer<Vec<Value>>,
) -> Answer<Vec<PrivateEndpoint>> {
    let listed: Vec<PrivateEndpoint> =
        rows.items().iter().filter_map(resources::private_endpoint).collect();
    let mut ids = Vec::new();
    push_all(&mut ids, connections.items().iter().filter_map(|one| one.endpoint.clone()));
    push_all(&mut ids, listed.iter().map(|one| one.id.clone()));
    let is_whole = connections.proved().is_some() && ids.len() <= ENDPOINTS;
    let reads = ids.iter().enumerate().map(|(index, id)| async move {
        if index < ENDPOINTS { one(q, id).await } else { (Answer::NotAsked, Answer::NotAsked) }
    });
    let items = ids.iter().zip(join_all(reads).await).map(|(id, (get, groups))| {
        let row = listed.iter().find(|one| one.id == *id).cloned();
        Item {
            row: row.map(|row| PrivateEndpoint { zone_groups: groups.clone(), ..row }),
            get: get.map(|one| PrivateEndpoint { zone_groups: groups, read: true, ..one }),
        }
    });
    list(items.collect(), is_whole, without_value(rows))
}

async fn one(
    q: &Questions<'_, '_>,
    id: &ResourceId,
) -> (Answer<PrivateEndpoint>, Answer<Vec<ZoneConfiguration>>) {
    let (endpoint, groups) = join!(
        q.get(PRIVATE_ENDPOINT, id, resources::private_endpoint),
        q.reader.list(ZONE_GROUPS, id),
    );
    let configurations =
        |groups: Vec<Value>| groups.iter().flat_map(resources::zone_configurations).collect();
    (endpoint, groups.map(configurations))
}
