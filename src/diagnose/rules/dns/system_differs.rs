//! `getaddrinfo` gives other addresses than the resolvers do, and no hosts line says so (facts
//! D56, D66): a VPN or zero-trust client, a cache, another name service, a search list.

use std::net::IpAddr;

use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::gives::{self, Gives};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::address::embedded_ipv4;
use crate::evidence::{classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{fate, predict, words};

pub(super) const RULE: Rule = rule!(
    "dns-system-differs",
    Dns,
    "The system gives applications other addresses than the resolvers do",
    Code(check)
)
.explains(&[
    "dns-unusable-address",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-private-not-expected",
    "tls-plain-http",
    "tls-not-tls",
    "tls-wrong-name",
    "tls-self-signed",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
.decided_by(&["searched-name"]);

/// The address without its NAT64 or mapped clothing, for comparison.
fn bare(address: IpAddr) -> IpAddr {
    embedded_ipv4(address).map_or(address, IpAddr::V4)
}

fn check(e: &View<'_>) -> Option<Because> {
    let system = e.dns.system_addresses();
    if system.is_empty() || gives::pinned(e) {
        return None;
    }
    let deciding = e.dns.deciding();
    let decider = e.dns.decider()?;
    let given: Vec<IpAddr> =
        deciding.iter().flat_map(|r| r.gives.addresses()).map(|a| bare(*a)).collect();
    let agree = system.iter().any(|a| given.contains(&bare(*a)));
    // Traffic managers turn public addresses: two public answers are one answer.
    let both_public = !given.is_empty()
        && given.iter().all(|a| classify(*a).is_public())
        && system.iter().all(|a| classify(*a).is_public());
    if agree || both_public {
        return None;
    }
    // A client's synthetic answer has its own finding.
    if tunnel::of_application(e).is_some() {
        return None;
    }
    let unwanted = reading::private_demanded(e) && system.iter().any(|a| gives::is_outside(*a));
    // `--resolver` says whose answer is walked; what applications have instead stands beside.
    let level = if reading::proxied(e) || e.asked.resolver_given {
        Level::Note
    } else if unwanted || fate::wrong_place(e) {
        Level::Broken
    } else {
        Level::Risk
    };
    let says = words::clause(
        format!(
            "applications get {}, but {} gives {}",
            words::brief(system),
            decider.label(),
            match &decider.gives {
                Gives::Addresses(a) => words::brief(a),
                _ => "no address".to_owned(),
            }
        ),
        "applications get other addresses than the resolvers give",
    );
    let mut because = Because::new(level, Sure::Proved, says)
        .caveat()
        .seen(format!("getaddrinfo: {}", reading::list(system)))
        .read_at("/dns/system");
    for r in &deciding {
        because = because.seen(format!("{}: {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    because = because
        .known_by("both were asked in this walk, and no line of the hosts file names the name")
        .read_at("/vantage/hosts");
    let found = tried::searched(e, system);
    if let Some((index, tried)) = found {
        because = because.read_at(format!("/experiments/questions/{index}"));
        because = because.seen(format!(
            "{} at {}: {}",
            tried.exchange.name,
            tried.resolver.ip(),
            words::brief(system)
        ));
        let config = &e.vantage.resolver_config;
        because = because.seen(format!(
            "the C library asks in this order: {}",
            predict::names(&e.dns.name, &config.search, &config.options).join(", ")
        ));
    }
    because = because.known_by(if let Some((_, tried)) = found {
        format!(
            "the search list ({}) makes the C library ask for {}, and the resolver gives that name \
             the address: a wildcard record, most likely",
            e.vantage.resolver_config.search.join(", "),
            tried.exchange.name
        )
    } else if decider.gives.addresses().is_empty() && !e.vantage.resolver_config.search.is_empty() {
        format!(
            "the name itself gives no address: the search list ({}) may have found another name",
            e.vantage.resolver_config.search.join(", ")
        )
    } else if words::searched(e).is_some() {
        format!(
            "ndots makes the C library try the search list ({}) before the name itself: a \
             wildcard record there would answer in its place",
            e.vantage.resolver_config.search.join(", ")
        )
    } else {
        predict::suspects(e.vantage.nsswitch_hosts.as_deref())
    });
    if let Some(line) = &e.vantage.nsswitch_hosts {
        because = because.seen(format!("nsswitch.conf: hosts: {line}")).read_at("/vantage");
    }
    because = Resolver::of(e, decider).who(because);
    let mut because = because
        .owner("Server")
        .look("see what applications get", format!("getent ahosts {}", e.dns.name))
        .look("see whether a final dot changes it", format!("getent ahosts {}.", e.dns.name));
    because = match platform_advice::on(e, Topic::ResolverSetting) {
        Some(advice) => because.known_by(advice.why).act(advice.step()),
        None => because.look("see which resolver serves which interface", "resolvectl status"),
    };
    Some(
        because
            .act(
                Step::local(format!(
                    "find what answers (a VPN client, nscd, systemd-resolved) and have it ask {}, \
                     or flush its cache",
                    match decider.gives.addresses().iter().any(|a| tunnel::is_private(e, *a)) {
                        true => format!("{}, which gives the private address", decider.label()),
                        false => "a resolver that sees the private zone".to_owned(),
                    }
                ))
                .undo("set the old resolver again; a flushed cache fills by itself"),
            )
            .check(format!("getent ahosts {}", e.dns.name)),
    )
}
