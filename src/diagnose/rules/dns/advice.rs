//! What to do about a resolver, by its class: the rows of `resolver_profile` with their names
//! filled in. The rules say what is wrong; who changes what, and how, is decided here.

use std::net::IpAddr;

use crate::diagnose::resolver_class::{self, ResolverClass, Whose};
use crate::diagnose::resolver_profile::{self, Advice, Profile};
use crate::diagnose::view::gives::Asked;
use crate::diagnose::{Because, View, reading};
use crate::diagnosis::Step;
use crate::evidence::tunnel;

use super::words;

/// What forwarding or linking a whole suffix does to others.
pub(super) fn whole_suffix(suffix: &str) -> String {
    format!(
        "every account of {suffix} for those clients: an account without a record in the private \
         zone stops resolving there"
    )
}

/// What a resolver asks others for.
pub(super) enum Upstream<'a> {
    /// One zone.
    Zone(&'a str),
    /// Every name that is not its own.
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
    asked: IpAddr,
    pub(super) whose: Whose,
    profile: &'static Profile,
    zone: String,
}

impl<'a> Resolver<'a> {
    /// The resolver with the zone that the walk is about.
    pub(super) fn of(e: &'a View<'_>, r: &Asked<'_>) -> Self {
        let whose = resolver_class::of(e, r.seen);
        let profile = resolver_profile::of(whose.class);
        Self {
            e,
            asked: r.seen.address.ip(),
            whose,
            profile,
            zone: reading::private_zone(e).to_owned(),
        }
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
            .replace("{r}", self.label())
    }

    fn step(&self, advice: &Advice) -> Step {
        let (step, command) = match advice {
            Advice::Look(says, command) => (Step::look(self.fill(says, false)), command),
            Advice::Local(says, command, undo) => {
                (Step::local(self.fill(says, false)).undo(self.fill(undo, false)), command)
            }
            Advice::Shared(says, affects, command, undo) => (
                Step::shared(self.fill(says, false), self.fill(affects, false))
                    .undo(self.fill(undo, true)),
                command,
            ),
        };
        match command {
            Some(command) => step.command(self.fill(command, true)),
            None => step,
        }
    }

    fn steps(&self, because: Because, all: &[Advice]) -> Because {
        all.iter().fold(because, |because, advice| because.act(self.step(advice)))
    }

    /// Says who the resolver is, where its address alone does not.
    pub(super) fn who(&self, because: Because) -> Because {
        use ResolverClass as Class;
        let plain = [Class::OnPremises, Class::VirtualNetwork, Class::AzureDns];
        if plain.contains(&self.whose.class) {
            return because;
        }
        because.known_by(format!("{} is {}", self.label(), self.whose.noun()))
    }

    /// Why it gives a public address where a private one exists, and what to do then.
    pub(super) fn see_private(&self, because: Because) -> Because {
        let mut because = self.who(because).owner(self.profile.owner);
        if let Some((label, address)) = self.other().filter(|_| self.whose.class.is_outside()) {
            let because = because
                .known_by(format!(
                    "{label} gives the private address {address}: this machine has a resolver \
                     that sees the private zone, and asks {} before it",
                    self.label()
                ))
                .look("compare the two", words::dig_at(&self.e.dns.name, &label));
            return self.rather(because, &label);
        }
        for why in self.profile.why_public {
            because = because.known_by(self.fill(why, false));
        }
        self.steps(because, self.profile.see_private)
    }

    /// Has the suffix asked of another resolver of this machine. The list of resolvers is written
    /// by DHCP and VPN clients, and the other one may be reached only while a VPN is up.
    pub(super) fn rather(&self, because: Because, other: &str) -> Because {
        let suffix = reading::public_suffix(self.e);
        because
            .look(
                "see which program writes the list of resolvers (a DHCP or VPN client, \
                 systemd-resolved)",
                "ls -l /etc/resolv.conf; resolvectl status",
            )
            .act(
                Step::local(format!(
                    "have {suffix} alone asked of {other}, by a rule of this machine's resolver \
                     (systemd-resolved: the domain ~{suffix} at the link that {other} belongs to; \
                     dnsmasq: `server=/{suffix}/{other}`), and other names of {} as before; for this \
                     machine an account of {suffix} without a record in the private zone then stops \
                     resolving",
                    self.label()
                ))
                .undo("take that rule out again"),
            )
            .act(
                Step::local(format!(
                    "or, where {other} is reached whenever this machine is up, have it alone in the \
                     resolver configuration: an order among resolvers does not keep questions from \
                     the others; while {other} is not reached (a VPN that is down), no name resolves"
                ))
                .undo(format!(
                    "put {} back: keep a copy of the configuration, which DHCP and VPN clients write \
                     anew",
                    self.label()
                )),
            )
    }

    /// The steps of [`Self::see_private`] alone.
    pub(super) fn steps_to_see_private(&self, because: Because) -> Because {
        self.steps(because, self.profile.see_private)
    }

    /// A resolver of this machine that this walk has seen give the private address.
    fn other(&self) -> Option<(String, IpAddr)> {
        self.e.dns.asked().iter().find_map(|r| {
            let address = r.gives.addresses().iter().find(|a| tunnel::is_private(self.e, **a))?;
            Some((r.label(), *address))
        })
    }

    /// What it asks does not answer: where that is configured, and how to have it answered.
    pub(super) fn upstream(&self, because: Because, what: Upstream<'_>) -> Because {
        let because = self.steps(because.owner(self.profile.owner), self.profile.look);
        let Some(place) = self.place() else {
            return self.steps(because, self.profile.runs);
        };
        let target = match (self.whose.class, &what) {
            (ResolverClass::AzureDns, _) => {
                return because
                    .look(
                        "see whether a DNS security policy is linked to the network: one that \
                         blocks may answer SERVFAIL",
                        "az resource list --resource-type Microsoft.Network/dnsResolverPolicies -o \
                         table",
                    )
                    .act(
                    Step::shared(
                        format!(
                            "have the rule for {what} point at a server that answers, or take it \
                             out where Azure DNS itself should answer"
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
        because
            .act(Step::look(format!(
                "{place}: see which server is asked for {what}, and whether that one answers; \
                 also whether two servers forward to each other"
            )))
            .act(
                Step::shared(
                    format!("{place}: have {what} asked of a server that answers{target}"),
                    format!("every client of that configuration: {}", self.what_changes(&what)),
                )
                .undo("put the old server back: note it first"),
            )
    }

    /// What asking another server for these names does to those who ask.
    fn what_changes(&self, what: &Upstream<'_>) -> String {
        match what {
            Upstream::Zone(_) => format!(
                "where the new server sees the private zone, an account of {} without a record \
                 there stops resolving for them",
                reading::public_suffix(self.e)
            ),
            Upstream::Everything => "each name that is not its own is answered by the new server, \
                                     whose zones and filters may differ"
                .to_owned(),
        }
    }

    /// Questions to it are lost on the way, or it does not serve them.
    pub(super) fn way(&self, because: Because, port: u16) -> Because {
        use ResolverClass as Class;
        let ip = self.asked;
        match self.whose.class {
            Class::OnPremises
            | Class::VirtualNetwork
            | Class::AmazonVpc
            | Class::GoogleCloud
            | Class::OracleCloud
            | Class::OtherCloud => because
                .owner("Network")
                .look("see the route to it", format!("ip route get {ip}"))
                .act(
                    Step::shared(
                        format!(
                            "let UDP and TCP port {port} through from this machine to {ip}, both \
                             ways"
                        ),
                        "the firewall on the way: name this machine and this resolver, no wider \
                         range",
                    )
                    .undo("take the rule out again"),
                )
                .act(
                    Step::local("or configure a resolver that answers")
                        .undo("put the old resolver back"),
                ),
            _ => self.runs(because),
        }
    }

    /// It does not run, or cannot do its work: how to see that, and have it run.
    pub(super) fn runs(&self, because: Because) -> Because {
        self.steps(because.owner(self.profile.owner), self.profile.runs)
    }

    /// Where what it asks is configured, as the beginning of a step.
    pub(super) fn place(&self) -> Option<String> {
        self.profile.place.map(|place| self.fill(place, false))
    }

    /// Who runs it.
    pub(super) const fn owner(&self) -> &'static str {
        self.profile.owner
    }

    /// The commands that show its configuration.
    pub(super) fn look(&self, because: Because) -> Because {
        self.steps(because, self.profile.look)
    }
}

/// Why a resolver outside Azure may give the private address now and the public one later
/// (facts X4, X5).
pub(super) fn root_hints(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    if resolver_class::of(e, r.seen).class != ResolverClass::OnPremises {
        return because;
    }
    because.known_by(format!(
        "a server that also uses root hints looks like this: Windows DNS with a forwarding \
         timeout of 3 s or less gives up before Azure DNS answers, and then finds the public \
         address itself; raise it above 4 s, forward {} as well as {}, or use no root hints",
        reading::private_zone(e),
        reading::public_suffix(e)
    ))
}

/// The commands that show which addresses a private endpoint has: its own list of them is often
/// empty, its network interface knows.
pub(super) fn endpoint_addresses(because: Because) -> Because {
    because
        .look(
            "find the network interface of the endpoint",
            "az network private-endpoint show -g <group> -n <endpoint> --query \
             \"networkInterfaces[0].id\" -o tsv",
        )
        .look(
            "see its addresses, each with its names",
            "az network nic show --ids <interface id> --query \
             \"ipConfigurations[].{address:privateIPAddress,\
             names:privateLinkConnectionProperties.fqdns}\" -o json",
        )
}

/// The step that shows the records of a private zone.
pub(super) fn records(because: Because, zone: &str) -> Because {
    because.look(
        "see which records the zone has",
        format!(
            "az network private-dns record-set a list -g <group> -z {} -o table",
            reading::word(zone)
        ),
    )
}
