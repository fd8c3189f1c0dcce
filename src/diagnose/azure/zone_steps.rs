//! Steps about private zones, their links and records, with the ids that Resource Manager gave. Each
//! name is quoted for a shell: group names may hold parentheses, and a saved report may come from
//! anywhere.

use std::net::IpAddr;

use crate::diagnose::private_dns::{Change, change_record};
use crate::diagnose::reading::word;
use crate::diagnose::view::azure::zones::{Record, ZoneState};
use crate::diagnosis::Step;
use crate::evidence::azure::{Interface, PrivateEndpoint, ResourceId};

const DNS: &str = "az network private-dns";
const GROUP: &str = "az network private-endpoint dns-zone-group";

/// The subscription and group of an id, as options.
pub(in crate::diagnose) fn place(id: &ResourceId) -> String {
    format!("--subscription {} -g {}", word(id.subscription()), word(id.group()))
}

fn zone_place(zone: &ResourceId) -> String {
    format!("{} -z {}", place(zone), word(zone.name()))
}

/// Shows the networks that a zone is linked to.
pub(in crate::diagnose) fn see_links(zone: &ResourceId) -> Step {
    Step::inspect(format!("see what {} in {} is linked to", zone.name(), zone.group()))
        .command(format!("{DNS} link vnet list {} -o table", zone_place(zone)))
}

/// Links a zone to a network.
pub(in crate::diagnose) fn link(zone: &ResourceId, network: &ResourceId, suffix: &str) -> Step {
    let name = word(network.name());
    Step::shared(
        format!(
            "link {} (resource group {}) to {} (Terraform: \
             azurerm_private_dns_zone_virtual_network_link)",
            zone.name(),
            zone.group(),
            network.name()
        ),
        format!(
            "every client of {}'s DNS: an account of {suffix} without a record in this zone stops \
             resolving there",
            network.name()
        ),
    )
    .command(format!(
        "{DNS} link vnet create {} -n {name} -v {} -e false",
        zone_place(zone),
        word(network.as_str())
    ))
    .undo(format!("{DNS} link vnet delete {} -n {name} --yes", zone_place(zone)))
}

/// Removes a link.
pub(in crate::diagnose) fn unlink(
    link: &ResourceId,
    zone: &ResourceId,
    network: &ResourceId,
    affects: String,
) -> Step {
    let (name, zone_place) = (word(link.name()), zone_place(zone));
    Step::shared(
        format!(
            "unlink {} (resource group {}) from {}; first see which of its records other clients \
             use",
            zone.name(),
            zone.group(),
            network.name()
        ),
        affects,
    )
    .command(format!("{DNS} link vnet delete {zone_place} -n {name}"))
    .undo(format!(
        "{DNS} link vnet create {zone_place} -n {name} -v {} -e false",
        word(network.as_str())
    ))
}

/// Shows a record.
pub(in crate::diagnose) fn see_record(zone: &ResourceId, record: &str) -> Step {
    Step::inspect(format!("see the record {record} of {}", zone.name())).command(format!(
        "{DNS} record-set a show {} -n {}",
        zone_place(zone),
        word(record)
    ))
}

/// Shows every record of a zone.
pub(in crate::diagnose) fn see_records(zone: &ResourceId) -> Step {
    Step::inspect(format!("see the records of {} in {}", zone.name(), zone.group()))
        .command(format!("{DNS} record-set a list {} -o table", zone_place(zone)))
}

/// Adds the right address to a record, where it lacks it, and removes the wrong ones: in this order,
/// since a record set without records is deleted. A step to what is there already has an undo that
/// takes away what was there.
pub(in crate::diagnose) fn correct_record(
    state: &ZoneState<'_>,
    record: &str,
    wrong: &[IpAddr],
    right: IpAddr,
) -> Vec<Step> {
    let zone = &state.zone.id;
    let has = match &state.record {
        Record::Right(has) | Record::Wrong(has) | Record::Given(has) => has.as_slice(),
        Record::Absent | Record::Unknown => &[],
    };
    let lacks = !has.contains(&right);
    let place = format!("{} -n {}", zone_place(zone), word(record));
    let change = |change: Change, address: IpAddr| change_record(change, &place, address);
    let affects = || format!("every network that is linked to {}, for this name only", zone.name());
    let add = Step::shared(
        format!("add {right} to the record {record} of {} in {}", zone.name(), zone.group()),
        affects(),
    )
    .command(change(Change::Add, right))
    .undo(change(Change::Remove, right));
    let remove = wrong.iter().map(|old| {
        let text = match lacks {
            true => format!("then remove {old} from it"),
            false => format!(
                "remove {old} from the record {record} of {} in {}: it has {right} already",
                zone.name(),
                zone.group()
            ),
        };
        Step::shared(text, affects())
            .command(change(Change::Remove, *old))
            .undo(change(Change::Add, *old))
    });
    Some(add).filter(|_| lacks).into_iter().chain(remove).collect()
}

/// Shows the zones in which an endpoint registers itself.
pub(in crate::diagnose) fn see_groups(endpoint: &ResourceId) -> Step {
    Step::inspect(format!("see in which zones {} registers its addresses", endpoint.name()))
        .command(format!(
            "{GROUP} list {} --endpoint-name {} -o table",
            place(endpoint),
            word(endpoint.name())
        ))
}

/// Has an endpoint register its addresses in a zone: in its zone group, or in a new one.
pub(in crate::diagnose) fn register(endpoint: &PrivateEndpoint, zone: &ResourceId) -> Step {
    let id = &endpoint.id;
    let group = endpoint.zone_groups.items().first().map(|one| one.group.as_str());
    let options = format!(
        "{} --endpoint-name {} -n {}",
        place(id),
        word(id.name()),
        word(group.unwrap_or("default"))
    );
    let name = word(&zone.name().replace('.', "-"));
    let (verb, undo) = match group {
        Some(_) => ("add", format!("{GROUP} remove {options} --zone-name {name}")),
        None => ("create", format!("{GROUP} delete {options}")),
    };
    Step::shared(
        format!(
            "have {} register its address in {} (Terraform: private_dns_zone_group of \
             azurerm_private_endpoint)",
            id.name(),
            zone.name()
        ),
        format!(
            "every network that is linked to {}: the account's name gives the endpoint's address \
             there, and replaces a record of that name",
            zone.name()
        ),
    )
    .command(format!(
        "{GROUP} {verb} {options} --private-dns-zone {} --zone-name {name}",
        word(zone.as_str())
    ))
    .undo(format!(
        "{undo}; then restore the record that the zone had for the name before, if any: note it \
         first"
    ))
}

/// Shows an interface's addresses, and the names that it serves at them where there are several.
pub(in crate::diagnose) fn see_interface(interface: &Interface) -> Step {
    let (what, query) = match interface.ip_configurations.len() {
        0 | 1 => ("address", "\"ipConfigurations[].privateIPAddress\""),
        _ => (
            "addresses and names",
            "\"ipConfigurations[].{address:privateIPAddress,\
             names:privateLinkConnectionProperties.fqdns}\"",
        ),
    };
    let id = &interface.id;
    Step::inspect(format!("see the {what} of the interface {}", id.name())).command(format!(
        "az network nic show {} -n {} --query {query} -o json",
        place(id),
        word(id.name())
    ))
}
