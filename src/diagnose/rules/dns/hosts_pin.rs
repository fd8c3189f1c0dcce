//! A line of the hosts file gives the address (fact D58): it does not follow the endpoint.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::gives::{self, Gives};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Expect;
use crate::evidence::dns::SystemAnswer;

use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{fate, words};

pub(super) const RULE: Rule =
    rule!("dns-hosts-pin", Dns, "A line of the hosts file gives the address", Code(check))
        .explains(&[
            "dns-system-differs",
            "dns-unusable-address",
            "dns-address-not-expected",
            "dns-public-not-expected",
            "dns-private-not-expected",
        ])
        .explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN, ANOTHER_SERVER]);

fn check(e: &View<'_>) -> Option<Because> {
    let lines = gives::hosts_lines(e);
    let system = e.dns.system_addresses();
    let not_asked = !matches!(
        e.dns.system.saw(),
        Some(SystemAnswer::Addresses { .. } | SystemAnswer::Failed { .. } | SystemAnswer::Stalled)
    );
    let (index, number, address) =
        lines.iter().copied().find(|(_, _, address)| not_asked || system.contains(address))?;
    let pinned: Vec<IpAddr> = lines.iter().map(|(_, _, address)| *address).collect();
    let path = &e.vantage.hosts.path;
    let decider = e.dns.decider();
    let given = decider.map_or(&[][..], |r| r.gives.addresses());
    let same = given.iter().any(|a| pinned.contains(a));
    // The resolvers contradict it: another address, or that there is none.
    let contradicted = !same && decider.is_some();
    let broken = contradicted && (fate::wrong_place(e) || unwanted(e, address));
    // `--resolver` says whose answer is walked; the pin is what applications get instead.
    let beside = same || not_asked || reading::proxied(e) || e.asked.resolver_given;
    let level = match (beside, broken) {
        (true, _) => Level::Note,
        (false, true) => Level::Broken,
        (false, false) => Level::Risk,
    };
    let says_otherwise = match &decider {
        Some(r) if contradicted => match &r.gives {
            Gives::Addresses(a) => format!("; {} gives {}", r.label(), words::brief(a)),
            _ => format!("; {} gives no address", r.label()),
        },
        _ => String::new(),
    };
    let short = format!("{path} pins the name to {address}");
    let mut because = Because::new(
        level,
        if broken { Sure::Inferred } else { Sure::Proved },
        words::clause(format!("{short}{says_otherwise}"), Clause::from(short).or(path)),
    )
    .seen(format!("{path}, line {number}: {address} {}", e.dns.name))
    .read_at(format!("/vantage/hosts/lines/{index}"))
    .read_at("/dns/system");
    for r in e.dns.asked() {
        because = because.seen(format!("{}: {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    because = because.known_by(if not_asked {
        "the system was not asked in this walk; applications on this machine get the pinned address"
            .to_owned()
    } else if same {
        "the pin and the resolvers agree today; a pin does not follow when the endpoint is made \
         again"
            .to_owned()
    } else if contradicted {
        "getaddrinfo gives the pinned address, and the resolvers say otherwise: what applications \
         use is the pin"
            .to_owned()
    } else {
        "getaddrinfo gives the pinned address, and no resolver gives any: without the line there \
         would be none"
            .to_owned()
    });
    if broken {
        because = because
            .known_by("at the pinned address the service does not take the call: the pin is stale");
    }
    because = because
        .owner("Server")
        .look("see the line", format!("sed -n {number}p {}", reading::word(path)));
    if let Some(advice) = platform_advice::on(e, Topic::HostsFile) {
        because = because.known_by(advice.why).act(advice.step());
    }
    let without = Without::the_line(e, decider, address);
    because = because.known_by(without.words());
    if without.waits() {
        because = because.act(
            Step::look(
                "do not take the line out yet: first have DNS give the address (walk the path as \
                 DNS shows it to see what is missing)",
            )
            .command(reading::again_with(e, "--resolver <address of the resolver>")),
        );
    }
    Some(
        because
            .caveat()
            .act(remove(e, index, number, path, without.waits()))
            .check(format!("getent ahosts {}", e.dns.name)),
    )
}

/// What the name resolves to without the line, from the resolvers' own answers.
struct Without {
    resolver: Option<String>,
    addresses: Vec<IpAddr>,
    /// Whether the pin hides that DNS does not lead where it should.
    hides: bool,
}

impl Without {
    fn the_line(e: &View<'_>, decider: Option<&gives::Asked<'_>>, pinned: IpAddr) -> Self {
        let addresses = decider.map_or_else(Vec::new, |r| r.gives.addresses().to_vec());
        let private = |a: &IpAddr| crate::evidence::classify(*a).is_private();
        let wanted = !matches!(e.asked.expect, Expect::Public | Expect::Closed);
        let public = wanted && private(&pinned) && !addresses.iter().any(private);
        let unwanted = addresses.iter().any(|a| unwanted(e, *a));
        Self { resolver: decider.map(gives::Asked::label), hides: public || unwanted, addresses }
    }

    /// Whether the line must stay until DNS is right.
    fn waits(&self) -> bool {
        self.addresses.is_empty() || self.hides
    }

    fn words(&self) -> String {
        match (&self.resolver, self.addresses.is_empty()) {
            (None, _) => "what the name resolves to without the line is not known: no resolver \
                          answered"
                .to_owned(),
            (Some(resolver), true) => {
                format!("without the line the name has no address, as {resolver} answers")
            }
            (Some(resolver), false) => {
                let to = format!("{} ({})", words::brief(&self.addresses), class(&self.addresses));
                let hidden = match self.hides {
                    true => ": the line hides that DNS does not lead to the private endpoint",
                    false => "",
                };
                format!("without the line the name resolves to {to}, as {resolver} answers{hidden}")
            }
        }
    }
}

fn class(addresses: &[IpAddr]) -> &'static str {
    addresses.first().map_or("", |a| words::class_word(*a))
}

/// The step that takes the name out of the line, and nothing else.
fn remove(e: &View<'_>, index: usize, number: u32, path: &str, later: bool) -> Step {
    let name = &e.dns.name;
    let also = e.vantage.hosts.lines.get(index).map_or(&[][..], |line| &line.also);
    let when = if later { "when DNS gives the address, " } else { "" };
    let says = match also {
        [] => format!("{when}take line {number} out of {path}"),
        others => format!(
            "{when}take {name} out of line {number} of {path}; the line also holds {}: leave those",
            others.join(", ")
        ),
    };
    let file = reading::word(path);
    let step = Step::local(says).undo(format!("mv {file}.before {file}"));
    match (also, later) {
        ([], false) => step.command(format!("sed -i.before '{number}d' {file}")),
        _ => step,
    }
}

/// Whether `--expect` forbids the pinned address.
fn unwanted(e: &View<'_>, address: IpAddr) -> bool {
    let class = crate::evidence::classify(address);
    match &e.asked.expect {
        Expect::Private => !class.is_private(),
        Expect::Public | Expect::Closed => class.is_private(),
        Expect::Cidr { .. } => !gives::beyond_prefixes(e, &[address]).is_empty(),
        Expect::Auto | Expect::Any => false,
    }
}
