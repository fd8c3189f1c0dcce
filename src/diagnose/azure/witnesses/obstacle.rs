//! What on the way through Azure drops a packet: a security group's rule, a route, a peering, an
//! appliance that is off.

use std::net::IpAddr;

use super::commands;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::needs::shown;
use crate::diagnose::view::azure::packet_rules::Access;
use crate::diagnose::view::azure::routes::{Choice, Next, Peered};
use crate::diagnose::view::azure::way::{Gate, Way};
use crate::diagnosis::Step;
use crate::evidence::azure::{NetworkRule, Peering, VirtualNetwork};

/// What drops packets for `ip`, in the order in which they meet it: the rules in effect and a
/// peering that is not connected are proofs, what is evaluated here is inferred (fact C46).
pub(super) fn ruling(
    azure: &AzureView<'_>,
    way: &Way<'_>,
    ip: IpAddr,
    port: u16,
) -> Option<Ruling> {
    if let Some(decision) = way.in_effect.filter(|decision| decision.access == Access::Deny)
        && let Some(rule) = decision.rule
    {
        return Some(sure(way.place.certain, by_effective_rule(azure, way, rule, ip, port)));
    }
    if let Some(Peered::Broken(network, peering)) = way.peered
        && !goes_elsewhere(&way.route)
    {
        let proved = way.place.certain && was_read(azure, network) && leads_nowhere(azure, way);
        let proof = by_peering(azure, way, network, peering, ip);
        return Some(match proved {
            true => Ruling::Proves(
                proof
                    .ruled_out("NSG and firewall as the first cause: no packet leaves the network"),
            ),
            false => Ruling::Suggests(proof.reasoning(
                "packets may have another way: a gateway, another peering, a network manager's \
                 connected group or a route table that could not be read; --azure-effective asks \
                 Azure for the routes in effect",
            )),
        });
    }
    if let Some(ruling) = by_route(azure, way, ip) {
        return Some(ruling);
    }
    if let Some(Peered::Closed(network, peering)) = way.peered
        && way.route.next == Next::Direct
    {
        return Some(Ruling::Suggests(by_closed_peering(network, peering, ip)));
    }
    // The rules in effect at this machine's interface have the last word on its own groups.
    let (gate, rule) = way.denied()?;
    if way.in_effect.is_some() && gate.at != AT_END {
        return None;
    }
    Some(Ruling::Suggests(by_rule(azure, way, &gate, rule, ip, port)))
}

/// Whether a user's route, or one that Azure computed, decides where packets go: a peering that was
/// left over then carries none of them.
fn goes_elsewhere(route: &Choice<'_>) -> bool {
    match route.in_effect {
        true => route.next != Next::Dropped,
        false => route.by.is_some() && route.next != Next::Direct,
    }
}

/// Whether Azure computed that packets lead nowhere: no route in effect has the address, or the one
/// that has it drops them.
fn leads_nowhere(azure: &AzureView<'_>, way: &Way<'_>) -> bool {
    let known = |routes: &Vec<_>| !routes.is_empty();
    match way.route.in_effect {
        true => way.route.next == Next::Dropped,
        false => azure.estate().effective_routes.proved().is_some_and(known),
    }
}

/// Whether a network was read, and not only found in a list that may be late.
fn was_read(azure: &AzureView<'_>, network: &VirtualNetwork) -> bool {
    network.read || azure.estate().networks.proved().is_some()
}

const AT_END: &str = "the endpoint's subnet";

fn sure(proved: bool, proof: Proof) -> Ruling {
    if proved { Ruling::Proves(proof) } else { Ruling::Suggests(proof) }
}

/// Words for a rule: its name and its number.
fn named(rule: &NetworkRule) -> String {
    let name = rule.name.rsplit('/').next().unwrap_or(&rule.name);
    format!("{name} (priority {})", rule.priority)
}

fn short(rule: &NetworkRule) -> &str {
    rule.name.rsplit('/').next().unwrap_or(&rule.name)
}

fn by_effective_rule(
    azure: &AzureView<'_>,
    way: &Way<'_>,
    rule: &NetworkRule,
    ip: IpAddr,
    port: u16,
) -> Proof {
    let of = rule.group.as_ref().map_or_else(String::new, |id| format!(" of {}", id.name()));
    let proof = Proof::default()
        .headline(deny_clause(short(rule), &of, ip, port))
        .fact(format!("in effect at this machine's interface: {}{of}, Deny", named(rule)))
        .reasoning(format!(
            "Azure evaluated the rules in effect at this machine's interface, and {}{of} denies \
             TCP {port} to {ip}: the packet does not leave the interface",
            named(rule)
        ))
        .cites("/estate/effective_rules")
        .owner("Network");
    with_rule_steps(azure, way, proof, rule.group.as_ref(), rule, (ip, port))
}

/// The first line on a rule, in three lengths.
fn deny_clause(rule: &str, of: &str, ip: IpAddr, port: u16) -> Clause {
    Clause::from(format!("the NSG rule {rule}{of} denies TCP {port} to {ip}"))
        .or(format!("the NSG rule {rule} denies TCP {port} to {ip}"))
        .or(format!("an NSG rule denies TCP {port} to {ip}"))
}

fn by_rule(
    azure: &AzureView<'_>,
    way: &Way<'_>,
    gate: &Gate<'_>,
    rule: &NetworkRule,
    ip: IpAddr,
    port: u16,
) -> Proof {
    let group = gate.group.name();
    let from = match gate.behind {
        Some(appliance) => format!("{}, and from {appliance}", way.place.address),
        None => way.place.address.to_string(),
    };
    let proof = Proof::default()
        .instead()
        .headline(deny_clause(short(rule), &format!(" of {group}"), ip, port))
        .fact(format!("{}, at {}: {}, Deny", shown(gate.group), gate.at, named(rule)))
        .reasoning(format!(
            "by the rules of {group} at {}, in the order of their priority, {} decides over TCP \
             {port} from {from} to {ip}, and denies it",
            gate.at,
            named(rule),
        ))
        .reasoning(
            "it is evaluated from the group's rules: what is in effect can differ (rules of a \
             network manager); --azure-effective asks Azure for it",
        )
        .cites("/estate/security_groups")
        .owner("Network");
    match gate.behind {
        // Which source to allow is the appliance's to say: this machine's may lead past it.
        Some(appliance) => proof.step(
            Step::inspect(format!(
                "see the rules of the group, and ask the owner of the appliance at {appliance} \
                 whether it translates the source address (SNAT)"
            ))
            .command(commands::security_rules(gate.group)),
        ),
        None => with_rule_steps(azure, way, proof, Some(gate.group), rule, (ip, port)),
    }
}

fn with_rule_steps(
    azure: &AzureView<'_>,
    way: &Way<'_>,
    proof: Proof,
    group: Option<&crate::evidence::azure::ResourceId>,
    rule: &NetworkRule,
    (ip, port): (IpAddr, u16),
) -> Proof {
    let Some(id) = group else {
        return proof.step(Step::inspect("see the rules in effect at this machine's interface"));
    };
    let proof = proof.step(
        Step::inspect("see the rules of the group, and who owns them")
            .command(commands::security_rules(id)),
    );
    let groups = &azure.estate().security_groups;
    let Some(group) = groups.iter().find(|group| group.id == *id) else { return proof };
    let flow = (way.place.address.to_string(), ip.to_string());
    let (command, undo) = commands::allow_before(group, rule, (&flow.0, &flow.1, port));
    proof.step(
        Step::shared(
            format!(
                "allow this one connection in front of {}, once its owner agrees: the block may \
                 be deliberate (Terraform: azurerm_network_security_rule)",
                short(rule)
            ),
            format!(
                "every subnet and interface with the group {}; the rule names one source, one \
                 address and one port",
                id.name()
            ),
        )
        .command(command)
        .undo(undo)
        .opens(),
    )
}

fn by_peering(
    azure: &AzureView<'_>,
    way: &Way<'_>,
    network: &VirtualNetwork,
    peering: &Peering,
    ip: IpAddr,
) -> Proof {
    let state = peering.state.as_deref().unwrap_or("not Connected");
    let other = peering.network.as_ref();
    let towards = other.map_or("another network", |id| id.name());
    let proof = Proof::default()
        .instead()
        .headline(
            Clause::from(format!("the peering of {} with {towards} is {state}", network.id.name()))
                .or(format!("the peering of {} is {state}", network.id.name()))
                .or(format!("a peering on the way to {ip} is {state}")),
        )
        .fact(format!("{}, peering {}: {state}", shown(&network.id), peering.name))
        .reasoning(format!(
            "this machine is in {}, and {ip} in the other network: packets pass between the two \
             only while both ends of their peering are Connected, and this one is {state}",
            way.place.network.id.name()
        ))
        .cites("/estate/networks")
        .owner("Network")
        .step(
            Step::inspect("see the peering and its state at both ends")
                .command(commands::peerings(&network.id)),
        );
    let Some(other) = other else { return proof };
    let affects = format!(
        "every connection between {} and {}, which then reach each other",
        network.id.name(),
        other.name()
    );
    let back = azure.estate().networks.items().iter().find(|one| one.id == *other);
    let back = back.and_then(|one| {
        one.peerings.iter().find(|peering| peering.network.as_ref() == Some(&network.id))
    });
    match back {
        // Initiated: the other end was never made.
        None => {
            let name = format!("to-{}", network.id.name());
            let (command, undo) = commands::peer(other, &network.id, &name);
            proof.step(
                Step::shared(
                    "create the other end of the peering, which is missing (Terraform: \
                     azurerm_virtual_network_peering)",
                    affects,
                )
                .command(command)
                .undo(undo),
            )
        }
        Some(_) => proof.step(
            Step::shared(
                "delete both ends of the peering and create them again: an end that is \
                 Disconnected cannot be connected (Terraform: azurerm_virtual_network_peering)",
                affects,
            )
            .undo("there is none: note the settings of both ends before"),
        ),
    }
}

fn by_closed_peering(network: &VirtualNetwork, peering: &Peering, ip: IpAddr) -> Proof {
    let (here, id) = (network.id.name(), &network.id);
    let other = peering.network.as_ref().map_or("another network", |id| id.name());
    let switch = |on| commands::peering_access(id, &peering.name, on);
    Proof::default()
        .instead()
        .headline(
            Clause::from(format!("the peering of {here} with {other} does not allow access"))
                .or(format!("a peering on the way to {ip} does not allow access")),
        )
        .fact(format!(
            "{}, peering {}: Connected, allowVirtualNetworkAccess is off",
            shown(id),
            peering.name
        ))
        .reasoning(format!(
            "with it off, {other} is not in the service tag VirtualNetwork of {here}: packets \
             between the two pass only where NSG rules name their addresses"
        ))
        .cites("/estate/networks")
        .owner("Network")
        .step(
            Step::inspect("see the peerings of the network, and who closed this one")
                .command(commands::peerings(id)),
        )
        .step(
            Step::shared(
                "allow access in the peering, once its owner agrees: that it is off may be \
                 deliberate (Terraform: azurerm_virtual_network_peering)",
                format!("every connection between {here} and {other}"),
            )
            .command(switch(true))
            .undo(switch(false))
            .opens(),
        )
}

fn by_route(azure: &AzureView<'_>, way: &Way<'_>, ip: IpAddr) -> Option<Ruling> {
    let route = &way.route;
    let prefix = route.prefix.map_or_else(|| ip.to_string(), |prefix| prefix.to_string());
    let cites = if route.in_effect { "/estate/effective_routes" } else { "/estate/route_tables" };
    let named = route.by.map_or_else(
        || format!("the route for {prefix}"),
        |(by, table)| format!("the route {} of {}", by.name, table.name()),
    );
    match route.next {
        Next::Dropped => {
            let proof = Proof::default().instead().owner("Network");
            let proof = match (route.in_effect, route.by) {
                (false, None) => not_peered(way, proof, ip)?,
                _ => proof
                    .headline(
                        Clause::from(format!("{named} drops packets to {ip} (next hop None)"))
                            .or(format!("a route drops packets to {ip} (next hop None)")),
                    )
                    .fact(format!("{named}: {prefix}, next hop None"))
                    .reasoning(format!(
                        "of the routes of this machine's subnet, {prefix} is the longest that has \
                         {ip}, and its next hop is None: Azure drops the packets"
                    ))
                    .cites(cites),
            };
            Some(sure(route.in_effect && way.place.certain, with_route_steps(way, proof)))
        }
        Next::Appliance(Some(address)) => {
            let fault = azure.appliance_fault(way.place.network, address)?;
            let proof = Proof::default()
                .instead()
                .headline(
                    Clause::from(format!("packets to {ip} go to an appliance: {fault}"))
                        .or(format!("the appliance {address} does not forward packets to {ip}")),
                )
                .fact(format!("{named}: next hop {address}"))
                .fact(fault)
                .reasoning(format!(
                    "{named} sends packets for {ip} to {address}, and Azure shows that it does \
                     not forward them"
                ))
                .cites(cites)
                .cites("/estate/interfaces")
                .owner("Network (firewall)");
            let proof = with_route_steps(way, proof).step(Step::inspect(format!(
                "have the team of the appliance at {address} start it, or switch IP forwarding on \
                 at its interface"
            )));
            let read = was_read(azure, way.place.network);
            Some(sure(route.in_effect && way.place.certain && read, proof))
        }
        _ => None,
    }
}

/// No peering, and no route of a user's.
fn not_peered(way: &Way<'_>, proof: Proof, ip: IpAddr) -> Option<Proof> {
    let (there, _) = way.end?;
    let here = &way.place.network.id;
    let one_sided = match way.peered {
        Some(Peered::None) => format!("{} and {} are not peered", here.name(), there.id.name()),
        Some(Peered::OneSided(has, lacks)) => {
            format!("{} has no peering back to {}", lacks.id.name(), has.id.name())
        }
        _ => return None,
    };
    Some(
        proof
            .headline(
                Clause::from(one_sided.clone())
                    .or(format!("no peering leads to the network of {ip}")),
            )
            .fact(format!("this machine is in {}, {ip} in {}", shown(here), shown(&there.id)))
            .reasoning(format!(
                "{one_sided}, and no route of this machine's subnet leads to {ip}: Azure drops \
                 packets for private addresses that no route has"
            ))
            .reasoning(
                "a route that a gateway learns, or that of a network manager's connected group, \
                 would show in the effective routes alone (--azure-effective)",
            )
            .cites("/estate/networks"),
    )
}

fn with_route_steps(way: &Way<'_>, proof: Proof) -> Proof {
    match (way.route.by, &way.place.subnet.route_table) {
        (Some((route, table)), _) => proof
            .step(Step::inspect("see the routes of the table").command(commands::routes(table)))
            .step(
                Step::shared(
                    format!(
                        "correct the route {} once its owner agrees: it may be deliberate \
                         (Terraform: azurerm_route)",
                        route.name
                    ),
                    format!("every subnet with the route table {}", table.name()),
                )
                .undo(commands::route(
                    "create",
                    table,
                    &route.name,
                    &format!(
                        "--address-prefix {} --next-hop-type {}{}",
                        crate::diagnose::reading::word(&route.prefix),
                        crate::diagnose::reading::word(&route.next_hop_type),
                        route
                            .next_hop
                            .map_or_else(String::new, |ip| format!(" --next-hop-ip-address {ip}"))
                    ),
                )),
            ),
        (None, Some(table)) => proof
            .step(Step::inspect("see the routes of the table").command(commands::routes(table))),
        (None, None) => proof.step(
            Step::inspect("see the peerings of this machine's network")
                .command(commands::peerings(&way.place.network.id)),
        ),
    }
}
