//! Ids in place of the placeholders of commands, where Resource Manager gave exactly one candidate.
//!
//! A placeholder means what its command is about: `<group>` is the zone's group in a command about
//! records, and the endpoint's in one about endpoints. What a command creates has no id yet, so
//! that commands which create or delete by a name of the operator's choice have no row.

use crate::diagnose::again::word;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::here::{Here, Place};
use crate::diagnose::view::azure::owner::Owner;
use crate::evidence::azure::{Connection, PrivateZone, ResourceId};

/// What a placeholder stands for in an id.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The whole id.
    Id,
    /// Its last segment.
    Name,
    /// The name of the network that it is in.
    Network,
    /// The name of the DNS resolver that it belongs to.
    Resolver,
    /// Its subscription.
    Subscription,
}

/// A resource that commands are about.
#[derive(Debug, Clone, Copy)]
enum About {
    Account,
    /// A private endpoint of the account.
    Endpoint,
    /// Its connection at the account.
    Connection,
    /// Its network interface.
    EndpointInterface,
    /// The interface of this machine, its subnet, its network and its security group.
    OwnInterface,
    OwnSubnet,
    OwnNetwork,
    OwnSecurityGroup,
    ThisMachine,
    /// The network from which the resolvers ask Azure DNS, and what is linked to it.
    AskedNetwork,
    Ruleset,
    Policy,
    /// The zone that the command names, and its link to that network.
    Zone,
    Link,
    /// The only visible DNS resolver.
    Resolver,
    Perimeter,
}

/// What the commands of one kind are about.
struct Row {
    /// How such a command begins; empty for any.
    command: &'static str,
    /// The resource.
    about: About,
    /// What of it takes the place of which placeholder. The group is filled in all of them.
    fills: &'static [(&'static str, Part)],
}

const fn row(command: &'static str, about: About, fills: &'static [(&'static str, Part)]) -> Row {
    Row { command, about, fills }
}

const ENDPOINT: &[(&str, Part)] = &[("<endpoint>", Part::Name)];
const NIC: &[(&str, Part)] = &[("<nic of this machine>", Part::Name), ("<nic>", Part::Name)];
const NSG: &[(&str, Part)] = &[("<nsg>", Part::Name)];
const SUBNET: &[(&str, Part)] = &[("<vnet>", Part::Network), ("<subnet>", Part::Name)];
const VNET: &[(&str, Part)] = &[("<vnet>", Part::Name), ("<vnet id>", Part::Id)];

/// The kinds of commands. Each row of a command fills its own placeholders, and the first one the
/// group.
const ROWS: &[Row] = &[
    row("az cognitiveservices account", About::Account, &[("<account>", Part::Name)]),
    row(
        "az cognitiveservices account network-rule",
        About::OwnSubnet,
        &[("<subnet id>", Part::Id)],
    ),
    row("az monitor metrics list", About::Account, &[("<resource id>", Part::Id)]),
    row(
        "az network private-endpoint-connection list",
        About::Account,
        &[("<resource id>", Part::Id)],
    ),
    row(
        "az network private-endpoint-connection",
        About::Connection,
        &[("<connection id>", Part::Id)],
    ),
    row("az network private-endpoint show", About::Endpoint, ENDPOINT),
    row("az network private-endpoint dns-zone-group", About::Endpoint, ENDPOINT),
    row("az network nic show --ids", About::EndpointInterface, &[("<interface id>", Part::Id)]),
    row("az network nic", About::OwnInterface, NIC),
    row("az network private-dns link vnet", About::Zone, &[]),
    row("az network private-dns link vnet create", About::AskedNetwork, VNET),
    row("az network private-dns link vnet update", About::Link, &[("<link>", Part::Name)]),
    row("az network private-dns record-set", About::Zone, &[]),
    row("az network vnet subnet", About::OwnSubnet, SUBNET),
    row("az network vnet show", About::OwnNetwork, VNET),
    row("az network vnet update", About::OwnNetwork, VNET),
    row("az network nsg rule", About::OwnSecurityGroup, NSG),
    row("az network perimeter", About::Perimeter, &[("<perimeter>", Part::Name)]),
    row("az dns-resolver forwarding-ruleset list-by-virtual-network", About::AskedNetwork, VNET),
    row("az dns-resolver forwarding-rule", About::Ruleset, &[("<ruleset>", Part::Name)]),
    row("az dns-resolver inbound-endpoint", About::Resolver, &[("<resolver>", Part::Resolver)]),
    row("az vm", About::ThisMachine, &[("<vm>", Part::Name), ("<machine>", Part::Name)]),
    row("az rest", About::Policy, &[("<policy id>", Part::Id)]),
    row(
        "",
        About::Account,
        &[
            ("<account resource id>", Part::Id),
            ("<subscription of the account>", Part::Subscription),
        ],
    ),
];

/// Placeholders of a group.
const GROUPS: &[&str] = &["-g <group of that zone>", "-g <group>"];

/// The command with what is known in place of its placeholders.
pub(super) fn filled(view: &View<'_>, azure: &AzureView<'_>, command: &str) -> String {
    if !command.contains('<') {
        return command.to_owned();
    }
    let known = Known { view, azure };
    commands(command).into_iter().map(|one| known.fill(one)).collect()
}

/// The single commands of a text: each begins with `az`.
fn commands(text: &str) -> Vec<&str> {
    let begins = |at: &usize| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"-_./".contains(c))
    };
    let starts = text.match_indices("az ").map(|(at, _)| at).filter(begins).filter(|at| *at > 0);
    let mut all = Vec::new();
    let mut from = 0;
    for at in starts {
        all.push(&text[from..at]);
        from = at;
    }
    all.push(&text[from..]);
    all
}

/// What is known.
struct Known<'a> {
    view: &'a View<'a>,
    azure: &'a AzureView<'a>,
}

impl Known<'_> {
    fn fill(&self, command: &str) -> String {
        let mut text = command.to_owned();
        for row in ROWS.iter().filter(|row| command.starts_with(row.command)) {
            let groups = GROUPS.iter().any(|group| text.contains(group)) && !row.command.is_empty();
            if !groups && !row.fills.iter().any(|(placeholder, _)| text.contains(placeholder)) {
                continue;
            }
            // A report that was saved may hold anything: an id is checked before it is in a command.
            let id =
                self.resource(row.about, command).and_then(|id| ResourceId::parse(id.as_str()));
            let Some(id) = id else { continue };
            for group in GROUPS.iter().filter(|_| groups && !id.group().is_empty()) {
                let place =
                    format!("--subscription {} -g {}", word(id.subscription()), word(id.group()));
                text = text.replace(group, &place);
            }
            for (placeholder, part) in row.fills {
                text = replaced(&text, placeholder, part.of(&id));
            }
        }
        self.single_words(text, command)
    }

    /// What is no resource: a tenant, a caller, a deployment.
    fn single_words(&self, mut text: String, command: &str) -> String {
        let guid = |text: &&str| text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if command.starts_with("az login") {
            let tenant = self.azure.estate().tenant.known().map(String::as_str).filter(guid);
            for placeholder in ["<tenant>", "<tenant id>"] {
                text = replaced(&text, placeholder, tenant);
            }
        }
        let caller = &self.azure.said.caller;
        let object = caller.object_id.as_deref().filter(|_| caller.calls_target == Some(true));
        text = replaced(&text, "<object id of the caller>", object.filter(guid));
        if command.contains("aoai-probe ")
            && let [only] = self.azure.estate().deployments.items()
        {
            text = replaced(&text, "<deployment>", Some(only.name.as_str()));
        }
        text
    }

    fn resource(&self, about: About, command: &str) -> Option<ResourceId> {
        match about {
            About::Account => self.account(),
            About::OwnSubnet => self.own_subnet(),
            About::Connection => self.connection(),
            About::Endpoint => self.endpoint(),
            About::EndpointInterface => self.endpoint_interface(),
            About::OwnInterface => self.own_interface(),
            About::Zone => self.zone(command),
            About::AskedNetwork => self.asked_network(),
            About::Link => self.link(command),
            About::OwnNetwork => self.own_network(),
            About::OwnSecurityGroup => self.own_security_group(),
            About::Perimeter => self.perimeter(),
            About::Ruleset => self.ruleset(),
            About::Resolver => self.resolver(),
            About::ThisMachine => self.this_machine(),
            About::Policy => self.policy(),
        }
    }

    fn account(&self) -> Option<ResourceId> {
        self.azure.estate().account.known().map(|account| account.id.clone())
    }

    /// The endpoint whose address the walk met; else the only one.
    fn endpoint(&self) -> Option<ResourceId> {
        if let Some(met) = self.met_endpoint() {
            return Some(met);
        }
        let estate = self.azure.estate();
        let visible = estate.endpoints.items().iter().map(|endpoint| &endpoint.id);
        let connected = estate.connections.items().iter().filter_map(|c| c.endpoint.as_ref());
        only(visible.chain(connected))
    }

    fn met_endpoint(&self) -> Option<ResourceId> {
        let addresses = self.azure.walk.dns.selected.iter().map(|selected| selected.address);
        let owners = addresses.filter_map(|address| match self.azure.owner(address) {
            Owner::Account(at) => Some(at.id),
            _ => None,
        });
        only(owners)
    }

    /// The connection of that endpoint; else the only one.
    fn connection(&self) -> Option<ResourceId> {
        let all = self.azure.estate().connections.items();
        let met = self.met_endpoint();
        let of_met = |connection: &&Connection| connection.endpoint == met;
        match met {
            Some(_) => only(all.iter().filter(of_met).map(|connection| &connection.id)),
            None => only(all.iter().map(|connection| &connection.id)),
        }
    }

    fn endpoint_interface(&self) -> Option<ResourceId> {
        let id = self.endpoint()?;
        only(self.azure.endpoint(&id)?.interfaces.iter())
    }

    /// Where this machine is, by an interface that has its address.
    fn place(&self) -> Option<Place<'_>> {
        match self.azure.here() {
            Here::At(place) => place.interface.is_some().then_some(place),
            _ => None,
        }
    }

    fn own_interface(&self) -> Option<ResourceId> {
        self.place()?.interface.map(|interface| interface.id.clone())
    }

    fn own_subnet(&self) -> Option<ResourceId> {
        Some(self.place()?.subnet.id.clone())
    }

    fn own_network(&self) -> Option<ResourceId> {
        Some(self.place()?.network.id.clone())
    }

    /// The security group of the subnet or of the interface, where there is one of the two.
    fn own_security_group(&self) -> Option<ResourceId> {
        let place = self.place()?;
        let of_interface = place.interface.and_then(|one| one.security_group.as_ref());
        only(place.subnet.security_group.iter().chain(of_interface))
    }

    /// The zone that the command names.
    fn zone(&self, command: &str) -> Option<ResourceId> {
        Some(self.named_zone(command)?.id.clone())
    }

    fn named_zone(&self, command: &str) -> Option<&PrivateZone> {
        let mut words = command.split_whitespace();
        words.find(|word| *word == "-z")?;
        let name = words.next()?.trim_matches(['\'', '"']);
        let zones = self.azure.estate().zones.items();
        let mut named = zones.iter().filter(|zone| zone.name.eq_ignore_ascii_case(name));
        let only = named.next().filter(|_| named.next().is_none())?;
        // Where the account's endpoints register in a zone of that name that is not visible, the
        // visible one is another team's.
        let registered = self.azure.registered_in();
        let same_name = |zone: &&&ResourceId| zone.name().eq_ignore_ascii_case(name);
        registered.iter().filter(same_name).all(|zone| **zone == only.id).then_some(only)
    }

    /// The network from which the resolvers that were asked ask Azure DNS.
    fn asked_network(&self) -> Option<ResourceId> {
        let views = self.view.dns.resolver_views().iter();
        let networks = views
            .map(|asked| self.azure.asked_from(asked).one().map(|origin| origin.network.clone()));
        let networks: Option<Vec<ResourceId>> = networks.collect();
        only(networks?.iter())
    }

    /// The zone's link to that network.
    fn link(&self, command: &str) -> Option<ResourceId> {
        let network = self.asked_network()?;
        let links = self.named_zone(command)?.links.items().iter();
        let to_network = links.filter(|link| link.network.as_ref() == Some(&network));
        only(to_network.map(|link| &link.id))
    }

    /// The ruleset that is linked to that network.
    fn ruleset(&self) -> Option<ResourceId> {
        let network = self.asked_network()?;
        only(self.azure.rulesets_of(&network).map(|ruleset| &ruleset.id))
    }

    /// The policy that is linked to that network.
    fn policy(&self) -> Option<ResourceId> {
        let network = self.asked_network()?;
        let policies = self.azure.estate().resolver_policies.items().iter();
        only(policies.filter(|one| one.networks.contains(&network)).map(|one| &one.id))
    }

    /// An inbound endpoint, where all are of one resolver.
    fn resolver(&self) -> Option<ResourceId> {
        let inbound = self.azure.estate().inbound_endpoints.items().iter();
        let resolvers: Option<Vec<_>> = inbound.map(|one| one.id.up_to("dnsResolvers")).collect();
        only(resolvers?.iter())
    }

    fn perimeter(&self) -> Option<ResourceId> {
        self.azure.estate().perimeter.known()?.id.clone()
    }

    fn this_machine(&self) -> Option<ResourceId> {
        let id = self.azure.estate().this_machine.clone()?;
        id.is_a("Microsoft.Compute/virtualMachines").then_some(id)
    }
}

impl Part {
    fn of(self, id: &ResourceId) -> Option<&str> {
        match self {
            Self::Id => Some(id.as_str()),
            Self::Name => Some(id.name()),
            Self::Network => id.segment("virtualNetworks"),
            Self::Resolver => id.segment("dnsResolvers"),
            Self::Subscription => Some(id.subscription()),
        }
    }
}

/// The only id of several equal ones.
fn only<'a>(ids: impl Iterator<Item = &'a ResourceId>) -> Option<ResourceId> {
    let mut found: Option<&ResourceId> = None;
    for id in ids {
        if found.is_some_and(|found| found != id) {
            return None;
        }
        found = Some(id);
    }
    found.cloned()
}

/// The text with a value in place of a placeholder, quoted for the shell where the text does not
/// quote it already.
fn replaced(text: &str, placeholder: &str, value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(placeholder) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let quoted = ['"', '\''].iter().any(|quote| out.matches(*quote).count() % 2 == 1);
        match quoted {
            true => out.push_str(value),
            false => out.push_str(&word(value)),
        }
        rest = &after[placeholder.len()..];
    }
    out + rest
}

#[cfg(test)]
#[path = "fill_tests.rs"]
mod tests;
