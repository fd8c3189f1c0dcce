//! Advice about a resolver, by its class: the rows of `resolver_profile` with their names filled
//! in. The rules say what is wrong; the owner and the steps are decided here.

use std::net::{IpAddr, SocketAddr};

use crate::commands::System;
use crate::diagnose::resolver_class::{self, ResolverClass, Whose};
use crate::diagnose::resolver_profile::{self, Advice, Profile};
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Step;
use crate::evidence::tunnel;

use super::text;

/// What forwarding or linking a whole suffix affects.
pub(super) fn whole_suffix(suffix: &str) -> String {
    format!(
        "every account of {suffix} for those clients: an account without a record in the private \
         zone stops resolving there"
    )
}

/// The names for which a resolver asks an upstream.
pub(super) enum Upstream<'a> {
    /// One zone.
    Zone(&'a str),
    /// Every name that it does not hold itself.
    Everything,
}

impl std::fmt::Display for Upstream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zone(zone) => f.write_str(zone),
            Self::Everything => f.write_str("other names (`.`)"),
        }
    }
}

/// A resolver, the names of this walk, and the row of its class.
pub(super) struct Resolver<'a> {
    e: &'a View<'a>,
    asked: SocketAddr,
    pub(super) whose: Whose,
    profile: &'static Profile,
    zone: String,
}

impl<'a> Resolver<'a> {
    /// The resolver with the zone that the walk is about.
    pub(super) fn of(e: &'a View<'_>, r: &ResolverView<'_>) -> Self {
        let whose = resolver_class::of(e, r.seen);
        let profile = resolver_profile::of(whose.class);
        Self { e, asked: r.seen.address, whose, profile, zone: reading::private_zone(e).to_owned() }
    }

    /// The same, about another private zone.
    pub(super) fn about(self, zone: &str) -> Self {
        Self { zone: zone.to_owned(), ..self }
    }

    /// As people write it, with the upstreams of a stub.
    pub(super) fn label(&self) -> &str {
        &self.whose.label
    }

    fn fill(&self, text: &str, quoted: bool) -> String {
        let name = |value: &str, blank: &str| match quoted && reading::word(value) != value {
            true => blank.to_owned(),
            false => value.to_owned(),
        };
        text.replace("{suffix}", &name(reading::public_suffix(self.e), "<public suffix>"))
            .replace("{zone}", &name(&self.zone, "<privatelink zone>"))
            .replace("{name}", &name(&self.e.dns.name, "<name>"))
            .replace("{port}", &self.asked.port().to_string())
            .replace("{r}", self.label())
    }

    fn step(&self, advice: &Advice) -> Step {
        let (step, command) = match advice {
            Advice::Or(advice) => return self.step(advice).or(),
            Advice::Look(message, command) => (Step::inspect(self.fill(message, false)), command),
            Advice::There(message, command) => {
                (Step::inspect(self.fill(message, false)).elsewhere(), command)
            }
            Advice::Local(message, command, undo) => {
                (Step::local(self.fill(message, false)).undo(self.fill(undo, false)), command)
            }
            Advice::Shared(message, affects, command, undo) => (
                Step::shared(self.fill(message, false), self.fill(affects, false))
                    .undo(self.fill(undo, true)),
                command,
            ),
        };
        match command {
            Some(command) => step.command(self.fill(command, true)),
            None => step,
        }
    }

    fn steps(&self, finding: FindingBuilder, all: &[Advice]) -> FindingBuilder {
        all.iter().fold(finding, |finding, advice| finding.step(self.step(advice)))
    }

    /// Says what the resolver is, where its address alone does not.
    pub(super) fn who(&self, finding: FindingBuilder) -> FindingBuilder {
        use ResolverClass as Class;
        let finding = self.why_asked(finding);
        let plain = [Class::OnPremises, Class::VirtualNetwork, Class::AzureDns];
        if plain.contains(&self.whose.class) {
            return finding;
        }
        finding.reasoning(format!("{} is {}", self.label(), self.whose.noun()))
    }

    /// Why the system asks it for this name: a rule by name, or an interface among several; and how, where
    /// that is not as this tool does.
    fn why_asked(&self, finding: FindingBuilder) -> FindingBuilder {
        let config = &self.e.vantage.resolver_config;
        let asked = self.asked.ip().to_string();
        let interface = config.interface_of(self.asked.ip());
        let several = config
            .interfaces
            .iter()
            .any(|one| interface.is_some_and(|interface| one.interface != interface.interface));
        let finding = match (config.policy(), interface) {
            (Some(policy), _) if policy.asks(self.asked.ip()) => finding
                .reasoning(format!(
                    "{} asks {asked} for this name by the {} for {} ({}), and not {}",
                    policy.kind.system(),
                    policy.kind.noun(),
                    policy.namespace,
                    policy.kind.words(),
                    match policy.kind.follows_aliases() {
                        true => "its primary resolver",
                        false => "the servers of its interfaces",
                    }
                ))
                .cites("/vantage/resolver_config/policies"),
            (_, Some(interface)) if several => finding
                .reasoning(format!(
                    "{asked} belongs to the interface {} (metric {})",
                    interface.interface, interface.metric
                ))
                .cites("/vantage/resolver_config/interfaces"),
            _ => finding,
        };
        match interface.is_some_and(|interface| interface.over_https) {
            true => finding.reasoning(format!(
                "the interface has settings of DNS over HTTPS for {asked}: Windows may ask it over \
                 HTTPS, and this tool asks over UDP"
            )),
            false => finding,
        }
    }

    /// Why it gives a public address although a private one exists, and what to do.
    pub(super) fn see_private(&self, finding: FindingBuilder) -> FindingBuilder {
        let mut finding = self.who(finding).owner(self.profile.owner);
        if let Some((label, address)) = self.other().filter(|_| self.whose.class.is_outside()) {
            let finding = finding
                .reasoning(format!(
                    "{label} gives the private address {address}: this machine has a resolver that \
                     sees the private zone, but asks {} first",
                    self.label()
                ))
                .inspect("compare the two", text::dig_at(&self.e.dns.name, &label));
            return self.rather(finding, &label);
        }
        for why in self.profile.why_public {
            finding = finding.reasoning(self.fill(why, false));
        }
        self.steps(finding, self.profile.see_private)
    }

    /// Sends questions for the suffix to another resolver of this machine. DHCP and VPN clients
    /// write the list of resolvers, and the other one may be reachable only while a VPN is up.
    pub(super) fn rather(&self, finding: FindingBuilder, other: &str) -> FindingBuilder {
        let suffix = reading::public_suffix(self.e);
        let rule = match System::of(&self.e.vantage.os) {
            System::Linux => format!(
                "systemd-resolved: the domain ~{suffix} at the link that {other} belongs to; \
                 dnsmasq: `server=/{suffix}/{other}`"
            ),
            System::Windows => {
                format!("NRPT: `Add-DnsClientNrptRule -Namespace .{suffix} -NameServers {other}`")
            }
            System::MacOs => format!("a file /etc/resolver/{suffix} with `nameserver {other}`"),
        };
        finding
            .inspect(
                "see which program writes the list of resolvers (a DHCP or VPN client, \
                 systemd-resolved)",
                "ls -l /etc/resolv.conf; resolvectl status",
            )
            .step(
                Step::local(format!(
                    "send questions for {suffix} alone to {other}, by a rule of this machine's \
                     resolver ({rule}), and other names to {} as before; on this machine an \
                     account of {suffix} without a record in the private zone then stops resolving",
                    self.label()
                ))
                .undo("remove that rule again"),
            )
            .step(
                Step::local(format!(
                    "if {other} is always reachable from this machine, configure it as the \
                     only resolver: the order of resolvers does not keep questions from the \
                     others; while {other} is unreachable (a VPN that is down), no name resolves"
                ))
                .or()
                .undo(format!(
                    "put {} back: keep a copy of the configuration, which DHCP and VPN clients \
                     overwrite",
                    self.label()
                )),
            )
    }

    /// The steps of [`Self::see_private`] alone.
    pub(super) fn steps_to_see_private(&self, finding: FindingBuilder) -> FindingBuilder {
        self.steps(finding, self.profile.see_private)
    }

    /// A resolver of this machine that gave the private address in this walk.
    fn other(&self) -> Option<(String, IpAddr)> {
        self.e.dns.resolver_views().iter().find_map(|r| {
            let address = r.outcome.addresses().iter().find(|a| tunnel::is_private(self.e, **a))?;
            Some((r.label(), *address))
        })
    }

    /// Its upstream does not answer: where that is configured, and how to fix it.
    pub(super) fn upstream(&self, finding: FindingBuilder, what: Upstream<'_>) -> FindingBuilder {
        let finding = self.steps(finding.owner(self.profile.owner), self.profile.look);
        let Some(place) = self.place() else {
            return self.steps(finding, self.profile.runs);
        };
        let target = match (self.whose.class, &what) {
            (ResolverClass::AzureDns, _) => {
                return finding
                    .inspect(
                        "see whether a DNS security policy is linked to the network: a blocking \
                         rule may answer SERVFAIL",
                        "az resource list --resource-type Microsoft.Network/dnsResolverPolicies -o \
                         table",
                    )
                    .step(
                    Step::shared(
                        format!(
                            "point the rule for {what} at a server that answers, or remove it if \
                             Azure DNS itself should answer"
                        ),
                        format!(
                            "every virtual network that is linked to that ruleset: {}",
                            self.what_changes(&what)
                        ),
                    )
                    .undo("put the rule back as it was: note its target servers first"),
                );
            }
            (_, Upstream::Everything) => "",
            (ResolverClass::VirtualNetwork, Upstream::Zone(_)) => {
                " (168.63.129.16 if it runs in Azure, else an inbound endpoint)"
            }
            (_, Upstream::Zone(_)) => {
                " (a resolver inside the virtual network, e.g. an inbound endpoint)"
            }
        };
        finding
            .step(Step::inspect(format!(
                "{place}: see which server is asked for {what}, and whether it answers over UDP and \
                 over TCP (`dig +tcp`); also whether two servers forward to each other"
            )))
            .step(
                Step::shared(
                    format!("{place}: forward {what} to a server that answers{target}"),
                    format!("every client of that configuration: {}", self.what_changes(&what)),
                )
                .undo("put the old server back: note it first"),
            )
    }

    /// What asking another server for these names affects.
    fn what_changes(&self, what: &Upstream<'_>) -> String {
        match what {
            Upstream::Zone(_) => format!(
                "if the new server sees the private zone, an account of {} without a record there \
                 stops resolving for them",
                reading::public_suffix(self.e)
            ),
            Upstream::Everything => "the new server, whose zones and filters may differ, answers \
                                     every name that the resolver does not hold itself"
                .to_owned(),
        }
    }

    /// Questions to it are lost on the way, or it does not answer them.
    pub(super) fn way(&self, finding: FindingBuilder, port: u16) -> FindingBuilder {
        use ResolverClass as Class;
        let ip = self.asked.ip();
        match self.whose.class {
            Class::OnPremises
            | Class::VirtualNetwork
            | Class::AmazonVpc
            | Class::GoogleCloud
            | Class::OracleCloud
            | Class::OtherCloud => finding
                .owner("Network")
                .inspect("see the route to it", format!("ip route get {ip}"))
                .step(
                    Step::shared(
                        format!(
                            "allow UDP and TCP port {port} from this machine to {ip}, both ways"
                        ),
                        "the firewall on the way: name only this machine and this resolver",
                    )
                    .undo("remove the rule again"),
                )
                .step(
                    Step::local("configure a resolver that answers")
                        .or()
                        .undo("put the old resolver back"),
                ),
            _ => self.runs(finding),
        }
    }

    /// It does not run, or does not work: how to see that, and how to start it.
    pub(super) fn runs(&self, finding: FindingBuilder) -> FindingBuilder {
        self.steps(finding.owner(self.profile.owner), self.profile.runs)
    }

    /// Where its upstreams are configured, as the beginning of a step.
    pub(super) fn place(&self) -> Option<String> {
        self.profile.place.map(|place| self.fill(place, false))
    }

    /// The team that runs it.
    pub(super) const fn owner(&self) -> &'static str {
        self.profile.owner
    }

    /// The commands that show its configuration.
    pub(super) fn inspect(&self, finding: FindingBuilder) -> FindingBuilder {
        self.steps(finding, self.profile.look)
    }
}

/// Why a resolver outside Azure may give the private address at one time and the public one at
/// another (facts X4, X5).
pub(super) fn root_hints(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
) -> FindingBuilder {
    if resolver_class::of(e, r.seen).class != ResolverClass::OnPremises {
        return finding;
    }
    finding.reasoning(format!(
        "a server that also uses root hints looks like this: Windows DNS with a forwarding timeout \
         of 3 s or less gives up before Azure DNS answers, and then finds the public address \
         itself; raise the timeout above 4 s, forward {} as well as {}, or disable root hints",
        reading::private_zone(e),
        reading::public_suffix(e)
    ))
}

/// The commands that show which addresses a private endpoint has: its own list is often empty; its
/// network interface has them.
pub(super) fn endpoint_addresses(finding: FindingBuilder) -> FindingBuilder {
    finding
        .inspect(
            "find the endpoint's network interface",
            "az network private-endpoint show -g <group> -n <endpoint> --query \
             \"networkInterfaces[0].id\" -o tsv",
        )
        .inspect(
            "see its addresses and their names",
            "az network nic show --ids <interface id> --query \
             \"ipConfigurations[].{address:privateIPAddress,\
             names:privateLinkConnectionProperties.fqdns}\" -o json",
        )
}

/// The step that shows the records of a private zone.
pub(super) fn records(finding: FindingBuilder, zone: &str) -> FindingBuilder {
    finding.inspect(
        "see which records the zone has",
        format!(
            "az network private-dns record-set a list -g <group> -z {} -o table",
            reading::word(zone)
        ),
    )
}
