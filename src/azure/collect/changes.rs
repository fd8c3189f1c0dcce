//! What changed in the last hour (fact C35): that it happened is known, that it is the cause is not.

use super::joined::each;
use super::met::push_all;
use super::questions::Questions;
use crate::azure::{graph, resources};
use crate::evidence::azure::{Answer, Change, Estate, ResourceId};

/// Resources whose changes are asked for, at most.
const RESOURCES: usize = 80;

/// The changes of what was read. Record sets, zone groups and deployments have no entries there.
pub(super) async fn read(q: &Questions<'_, '_>, estate: &Estate) -> Answer<Vec<Change>> {
    let query = match q.wants(q.met.open.any) {
        true => graph::changes(&resources_of(estate)),
        false => None,
    };
    each(q.graph("what changed in the last hour", query).await, resources::change)
}

fn resources_of(estate: &Estate) -> Vec<ResourceId> {
    let zones = || estate.zones.items().iter();
    let links = zones().flat_map(|zone| zone.links.items()).map(|link| &link.id);
    let all = [
        estate.account.known().map(|account| &account.id).into_iter().collect::<Vec<_>>(),
        estate.endpoints.items().iter().map(|one| &one.id).collect(),
        zones().map(|one| &one.id).collect(),
        estate.security_groups.iter().map(|one| &one.id).collect(),
        estate.route_tables.iter().map(|one| &one.id).collect(),
        estate.networks.items().iter().map(|one| &one.id).collect(),
        estate.firewalls.items().iter().map(|one| &one.id).collect(),
        estate.firewalls.items().iter().filter_map(|one| one.policy.as_ref()).collect(),
        estate.machines.iter().map(|one| &one.id).collect(),
        links.collect(),
        estate.interfaces.items().iter().map(|one| &one.id).collect(),
    ];
    let mut ids = Vec::new();
    push_all(&mut ids, all.into_iter().flatten().cloned());
    ids.truncate(RESOURCES);
    ids
}
