//! A line of the hosts file gives the address (fact D58): it does not follow the endpoint.

use std::net::IpAddr;

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::dns::SystemAnswer;
use crate::evidence::{Evidence, Expect, Hop};

use super::gives::{self, Gives};
use super::wrong_address::{NOT_LET_IN, NOT_REACHED, SOMEBODY_ELSE, joined};
use super::{fate, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-hosts-pin",
    hop: Hop::Dns,
    title: "A line of the hosts file gives the address",
    page: include_str!("../../../../docs/findings/dns-hosts-pin.md"),
    explains: &joined::<33>(&[
        NOT_REACHED,
        NOT_LET_IN,
        SOMEBODY_ELSE,
        &[
            "dns-system-differs",
            "dns-unusable-address",
            "dns-address-not-expected",
            "dns-public-not-expected",
            "dns-private-not-expected",
        ],
    ]),
    check,
};

fn check(e: &Evidence) -> Option<Because> {
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
    let decider = gives::decider(e);
    let given = decider.as_ref().map_or(&[][..], |r| r.gives.addresses());
    let same = given.iter().any(|a| pinned.contains(a));
    // The resolvers' own word against it: another address, or that there is none.
    let contradicted = !same && decider.is_some();
    let broken = contradicted && (fate::wrong_place(e) || unwanted(e, address));
    // `--resolver` says whose answer is walked; the pin is what applications have instead.
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
        words::clause(format!("{short}{says_otherwise}"), &words::clause(short.clone(), path)),
    )
    .seen(format!("{path}, line {number}: {address} {}", e.dns.name))
    .read_at(format!("/vantage/hosts/lines/{index}"))
    .read_at("/dns/system");
    for r in gives::asked(e) {
        because = because.seen(format!("{}: {}", r.label(), words::gives(&r))).read_at(r.pointer());
    }
    because = because.known_by(if not_asked {
        "the system was not asked in this walk; applications on this machine get the pinned address"
            .to_owned()
    } else if same {
        "the pin and the resolvers agree today; a pin does not follow when the endpoint is made \
         anew"
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
    let edit = format!("take line {number} out of {path}");
    Some(
        because
            .caveat()
            .owner("Machine")
            .look("see the line", format!("sed -n {number}p {}", reading::word(path)))
            .step(if decider.is_none_or(|r| r.gives.addresses().is_empty()) {
                format!("have DNS give the address, then {edit}")
            } else {
                edit
            })
            .check(format!("getent ahosts {}", e.dns.name)),
    )
}

/// Whether `--expect` forbids the pinned address.
fn unwanted(e: &Evidence, address: IpAddr) -> bool {
    let class = crate::evidence::classify(address);
    match &e.asked.expect {
        Expect::Private => !class.is_private(),
        Expect::Public | Expect::Closed => class.is_private(),
        Expect::Cidr { .. } => !gives::beyond_prefixes(e, &[address]).is_empty(),
        Expect::Auto | Expect::Any => false,
    }
}
