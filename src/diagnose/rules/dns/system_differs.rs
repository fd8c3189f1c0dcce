//! `getaddrinfo` gives other addresses than the resolvers do, and no hosts line explains it (facts
//! D56, D66): a VPN or zero-trust client, a cache, another name service, a search list.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::address::embedded_ipv4;
use crate::evidence::experiment::QuestionExperiment;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::vantage::PolicyMatch;
use crate::evidence::{classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OTHER_ADDRESS};
use super::{downstream, libc_lookup, record_gap, text};

pub(super) const RULE: Rule = rule!(
    "dns-system-differs",
    Dns,
    "The system gives applications other addresses than the resolvers do",
    Code(check)
)
.explains(&[])
.explains_groups(&[OTHER_ADDRESS, NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
.decided_by(&["searched-name", "repeat-query"])
.yields_to(&["dns-edns-differs"]);

/// The IPv4 address inside one that DNS64 made, for comparison.
fn bare(e: &View<'_>, address: IpAddr) -> IpAddr {
    e.dns.made_from(address).or(embedded_ipv4(address)).map_or(address, IpAddr::V4)
}

/// Whether the system and the deciding resolvers give the same. Traffic managers rotate public
/// addresses, so two public answers count as one.
fn agree(e: &View<'_>, system: &[IpAddr], deciding: &[&ResolverView<'_>]) -> bool {
    let given: Vec<IpAddr> =
        deciding.iter().flat_map(|r| r.outcome.addresses()).map(|a| bare(e, *a)).collect();
    let both_public = !given.is_empty()
        && given.iter().all(|a| classify(*a).is_public())
        && system.iter().all(|a| e.dns.class(*a).is_public());
    both_public || system.iter().any(|a| given.contains(&bare(e, *a)))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let system = e.dns.system_addresses();
    let deciding = e.dns.deciding();
    let effective = e.dns.effective_resolver()?;
    if system.is_empty()
        || resolver_view::is_from_hosts_file(e)
        || agree(e, system, &deciding)
        // A client's synthetic answer has its own finding.
        || tunnel::of_application(e).is_some()
        || follows_the_alias(e, system)
    {
        return None;
    }
    let mut finding =
        FindingBuilder::new(level(e, system), Confidence::Proved, clause(system, effective))
            .caveat()
            .fact(format!("getaddrinfo: {}", reading::list(system)))
            .cites("/dns/system");
    for r in &deciding {
        finding = finding.fact(format!("{}: {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    finding = finding
        .reasoning("both were asked in this check, and no line of the hosts file has the name")
        .cites("/vantage/hosts");
    finding = why(finding, e, system, effective);
    if let Some(line) = &e.vantage.nsswitch_hosts {
        finding = finding.fact(format!("nsswitch.conf: hosts: {line}")).cites("/vantage");
    }
    Some(advice(Resolver::of(e, effective).who(finding), e, effective))
}

/// Whether macOS asks another resolver for the privatelink name than for the name (fact D160): the
/// private addresses are that one's.
fn follows_the_alias(e: &View<'_>, system: &[IpAddr]) -> bool {
    let policies = &e.vantage.resolver_config.policies;
    let for_alias = policies.iter().any(|policy| {
        policy.matches == PolicyMatch::PrivatelinkName && policy.kind.follows_aliases()
    });
    for_alias && system.iter().all(|address| tunnel::is_private(e, *address))
}

fn level(e: &View<'_>, system: &[IpAddr]) -> Level {
    let unwanted =
        reading::private_demanded(e) && system.iter().any(|a| resolver_view::could_be_public(*a));
    // `--resolver` says whose answer is walked; what applications get is then only a note.
    if reading::proxied(e) || e.options.resolver_given {
        Level::Note
    } else if unwanted || downstream::service_not_reached(e) {
        Level::Broken
    } else {
        Level::Risk
    }
}

fn clause(system: &[IpAddr], effective: &ResolverView<'_>) -> Clause {
    text::clause(
        format!(
            "applications get {}, but {} gives {}",
            text::brief(system),
            effective.label(),
            match &effective.outcome {
                ResolverOutcome::Addresses(a) => text::brief(a),
                _ => "no address".to_owned(),
            }
        ),
        "applications get other addresses than the resolvers give",
    )
}

/// Where the system's answer may come from: the search list first, where it explains it.
fn why(
    finding: FindingBuilder,
    e: &View<'_>,
    system: &[IpAddr],
    effective: &ResolverView<'_>,
) -> FindingBuilder {
    if let Some((index, tried)) = dns_experiments::search_domain_match(e, system) {
        return by_search_list(finding, e, system, tried)
            .cites(format!("/experiments/questions/{index}"));
    }
    let search = &e.vantage.resolver_config.search;
    let searches = !search.is_empty() && !Library::of(e).is_winsock();
    finding.reasoning(if effective.outcome.addresses().is_empty() && searches {
        format!(
            "the name itself has no address: the search list ({}) may have found another name",
            search.join(", ")
        )
    } else if text::search_list_lookups(e).is_some() {
        format!(
            "ndots makes the C library try the search list ({}) before the name itself: a wildcard \
             record there would answer first",
            search.join(", ")
        )
    } else {
        libc_lookup::suspects(e)
    })
}

fn by_search_list(
    finding: FindingBuilder,
    e: &View<'_>,
    system: &[IpAddr],
    tried: &QuestionExperiment,
) -> FindingBuilder {
    let config = &e.vantage.resolver_config;
    let finding = finding.fact(format!(
        "{} at {}: {}",
        tried.exchange.name,
        tried.resolver.ip(),
        text::brief(system)
    ));
    let library = Library::of(e);
    let finding = match library.is_winsock() {
        true => finding,
        false => finding.fact(format!(
            "the C library asks in this order: {}",
            libc_lookup::names(&e.dns.name, &config.search, &config.options).join(", ")
        )),
    };
    finding.reasoning(format!(
        "the search list ({}) makes {} ask for {}, and the resolver gives this address for that \
         name, most likely from a wildcard record",
        config.search.join(", "),
        library.words(),
        tried.exchange.name
    ))
}

/// How the name is asked for before those of the search list.
fn search_list_advice(
    finding: FindingBuilder,
    e: &View<'_>,
    tried: &QuestionExperiment,
) -> FindingBuilder {
    let domain = record_gap::searched_domain(e, tried);
    let finding = match platform_advice::on(e, Topic::ResolverSetting) {
        Some(advice) => finding.reasoning(advice.why),
        None => finding,
    };
    let finding = finding
        .step(record_gap::out_of_search_list(&domain, "the name itself is then asked for first"));
    let finding = match text::search_list_lookups(e) {
        Some(_) => finding.step(
            Step::local(
                "set `ndots:1` in place of the higher number (in the options of resolv.conf, or where \
                 that is written: `--dns-opt ndots:1` of Docker, `dnsConfig` of a pod): a name with a \
                 dot is then asked for as it is first",
            )
            .or()
            .undo("set the old number again: short names with dots may need it"),
        ),
        None => finding,
    };
    finding
        .step(record_gap::remove_wildcard(&domain))
        .check(format!("getent ahosts {}", e.dns.name))
}

fn advice(finding: FindingBuilder, e: &View<'_>, effective: &ResolverView<'_>) -> FindingBuilder {
    let finding = finding
        .owner("Server")
        .inspect("see what applications get", format!("getent ahosts {}", e.dns.name))
        .inspect("see whether a final dot changes it", format!("getent ahosts {}.", e.dns.name));
    if let Some((_, tried)) = dns_experiments::search_domain_match(e, e.dns.system_addresses()) {
        return search_list_advice(finding, e, tried);
    }
    let finding = match platform_advice::on(e, Topic::ResolverSetting) {
        Some(advice) => finding.reasoning(advice.why).step(advice.step()),
        None if Library::of(e).is_winsock() => finding
            .inspect("see what the DNS client has kept", "Get-DnsClientCache")
            .inspect("see the rules by name (NRPT)", "Get-DnsClientNrptPolicy -Effective"),
        None => finding.inspect("see which resolver serves which interface", "resolvectl status"),
    };
    // Only an address at which the walk got a connection is worth leading applications to.
    let connects = |address: &IpAddr| {
        e.tcp.value().is_some_and(|tcp| {
            tcp.attempts.iter().any(|attempt| {
                attempt.address.ip() == *address && attempt.outcome == TcpOutcome::Connected
            })
        })
    };
    let mut given = effective.outcome.addresses().iter();
    let private = given.any(|a| tunnel::is_private(e, *a) && connects(a));
    let finding = finding.step(
        Step::local(format!(
            "find what answers ({}) and have it ask {}, or flush its cache",
            match Library::of(e) {
                Library::Winsock => "a VPN or zero-trust client, the DNS client's cache",
                _ => "a VPN client, nscd, systemd-resolved",
            },
            match private {
                true => format!("{}, which gives the private address", effective.label()),
                false => "a resolver that sees the private zone".to_owned(),
            }
        ))
        .undo("set the old resolver again; a flushed cache refills by itself"),
    );
    libc_lookup::empty_cache(finding, e).check(format!("getent ahosts {}", e.dns.name))
}
