//! A NO_PROXY entry that clients interpret differently (fact P4).

use std::net::Ipv6Addr;

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Evidence;
use crate::evidence::vantage::{ClientDecision, ClientProxy, ProxyReason};
use crate::sorting;

use super::{client_proxies, no_proxy};

pub(super) const RULE: Rule = rule!(
    "proxy-no-proxy-dialect",
    Proxy,
    "Clients interpret the proxy variables differently",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    httpx_fails(e).or_else(|| differing(e)).or_else(|| of_the_form(e))
}

/// Whether httpx makes a URL of an entry that it then cannot read, so that no client can be made: the
/// text behind the host is no port (fact P161).
fn stops_httpx(entry: &str) -> bool {
    let rest = match entry.split_once("://") {
        Some((_, rest)) => rest,
        None => {
            let address = entry.split(['/', '%']).next().unwrap_or_default();
            if address.parse::<Ipv6Addr>().is_ok() {
                return entry.contains('/');
            }
            if entry.starts_with('[') {
                return entry.contains(':');
            }
            entry
        }
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let behind = authority.rsplit_once(']').map_or(authority, |(_, behind)| behind);
    let port = behind.split_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !port.bytes().all(|b| b.is_ascii_digit()))
}

/// An entry at which httpx fails, and with it openai for Python before version 3 (fact P170). Where one
/// entry is `*`, httpx reads none of the others.
fn httpx_fails(e: &View<'_>) -> Option<FindingBuilder> {
    let all = &e.vantage.proxy.no_proxy;
    if !reading::by_openai_client(e) || all.iter().any(|entry| entry.entry == "*") {
        return None;
    }
    let (index, entry) = { all.iter().enumerate() }.find(|(_, one)| stops_httpx(&one.entry))?;
    let entry = &entry.entry;
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            headline::fitting(&[
                format!("openai for Python before version 3 stops at the NO_PROXY entry {entry}"),
                "openai for Python before 3 stops at an entry of NO_PROXY".to_owned(),
            ]),
        )
        .fact(format!("NO_PROXY has {entry}"))
        .cites(format!("/vantage/proxy/no_proxy/{index}"))
        .reasoning(
            "httpx, by which it calls, makes a URL of the entry when a client is made, with a proxy or \
             without one, and fails: Invalid port; version 3 and later call by httpx2, which reads it, \
             and other clients are not affected",
        )
        .owner("Application")
        .inspect("see the list in the application's environment", client_proxies::SEE_VARIABLES)
        .step(
            Step::local(format!("take {entry} out of NO_PROXY and no_proxy of the application"))
                .undo("put it back"),
        )
        .step(Step::local(
                "make its HTTP client with trust_env=False: it then uses no proxy and no file of roots \
                 that variables name",
            )
            .or()
            .undo("make it as before"))
        .check(reading::again(e)),
    )
}

/// Clients that take different paths with this environment.
fn differing(e: &Evidence) -> Option<FindingBuilder> {
    let clients = client_proxies::tested(e);
    let ways = sorting::set(clients.iter().map(|(_, client)| client.proxy.as_deref()));
    // Where Windows' settings decide instead, this is no matter of how variables are read.
    let by_variable = |client: &&(usize, &ClientProxy)| {
        matches!(
            client.1.decision,
            ClientDecision::Variable { .. } | ClientDecision::Exempted { .. }
        )
    };
    if ways.len() < 2 || !clients.iter().any(|client| by_variable(&client)) {
        return None;
    }
    let walked = e.vantage.proxy.applies.as_deref();
    // A path that the walk proved is not a risk for any client.
    let proved = |way: &Option<&str>| {
        *way == walked
            || (way.is_none() && matches!(no_proxy::direct(e), no_proxy::Direct::Verified(_)))
    };
    // A client that none of the variables is for goes directly, as designed. The fault is a list
    // that exempts only for some clients, two spellings that name two proxies, or a spelling that
    // sends some clients elsewhere than this walk, unless an option chose the walk's path.
    let read_any =
        clients.iter().filter(|(_, client)| client.decision != ClientDecision::NoVariable);
    let written = sorting::set(read_any.map(|(_, client)| client.proxy.as_deref()));
    let chosen = matches!(e.vantage.proxy.reason, ProxyReason::OptionNone | ProxyReason::OptionUrl);
    let risk = (written.len() > 1 || !chosen) && !written.iter().all(proved);
    let level = if risk { Level::Risk } else { Level::Note };
    let other = ways.iter().copied().find(|way| *way != walked)?;
    let (these, those) =
        (client_proxies::names(&clients, other), client_proxies::names(&clients, walked));
    let how = |way: Option<&str>| way.map_or("directly".to_owned(), |url| format!("through {url}"));
    let go = client_proxies::verb(&these, "goes", "go");
    let finding = FindingBuilder::new(
        level,
        Confidence::Inferred,
        headline::fitting(&[
            format!("{these} {go} {}, {those} {}", how(other), how(walked)),
            format!("{these} {go} {}, others {}", how(other), how(walked)),
            format!("clients differ: {these} {go} {}", how(other)),
            "clients here use different proxies for this call".to_owned(),
        ]),
    )
    .caveat()
    .reasoning(
        "the variables have no standard: each client was tested with such environments, in the \
         version shown",
    )
    .owner("Application")
    .inspect("see the variables in the application's environment", client_proxies::SEE_VARIABLES)
    .step(same_value(e))
    .step(no_proxy::step(e, "if the path is private, append the host to the list"));
    let finding = match proved(&other) {
        true => finding,
        false => finding.decide_with(reading::again_with(
            e,
            &format!("--proxy {}", other.map_or("none".to_owned(), reading::word)),
        )),
    };
    Some(client_proxies::seen(finding, &clients))
}

/// The step that makes the spellings agree.
fn same_value(e: &Evidence) -> Step {
    let odd: Vec<&str> = e
        .vantage
        .proxy
        .variables
        .iter()
        .map(|variable| variable.name.as_str())
        .filter(|name| name.chars().any(char::is_lowercase) && name.chars().any(char::is_uppercase))
        .collect();
    let same = "set HTTPS_PROXY and https_proxy to the same value, and NO_PROXY and no_proxy too";
    Step::local(match odd.as_slice() {
        [] => same.to_owned(),
        odd => format!(
            "unset {}, which Python alone reads, or rename it; where a proxy is wanted, {same}",
            odd.join(" and ")
        ),
    })
}

/// An entry of a form on which clients differ, without effect here.
fn of_the_form(e: &Evidence) -> Option<FindingBuilder> {
    let entries: Vec<_> = e
        .vantage
        .proxy
        .no_proxy
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| Some((index, entry, entry.client_semantics.as_deref()?)))
        .collect();
    let (_, first, _) = entries.first()?;
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!("clients interpret the NO_PROXY entry {} differently", first.entry),
            "clients interpret an entry of NO_PROXY differently".to_owned(),
        ]),
    )
    .caveat();
    for (index, entry, dialect) in &entries {
        let here = if entry.exempts { "exempts the target" } else { "does not exempt the target" };
        finding = finding
            .fact(format!("{}: {here} as this tool reads it; {dialect}", entry.entry))
            .cites(format!("/vantage/proxy/no_proxy/{index}"));
    }
    Some(
        finding
            .reasoning(
                "NO_PROXY has no standard: CIDR prefixes, leading dots, ports and * differ \
                 between clients",
            )
            .owner("Application")
            .inspect("see the list in the application's environment", client_proxies::SEE_VARIABLES)
            .step(no_proxy::step(e, "append the host itself, which every client understands")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn httpx_stops_where_no_port_follows_the_host() {
        // As httpx 0.28.1 does.
        for entry in [
            "fd00::/8",
            "FD00::/8",
            "::1/128",
            "[::1]",
            "[fd00::5]:443",
            "[fd00::]/8",
            "::ffff:10.3.0.0/120",
            "http://fd00::/8",
            "host:abc",
            "foo:bar:baz",
            "kubernetes.default.svc:port",
        ] {
            assert!(stops_httpx(entry), "{entry}");
        }
        for entry in [
            "::1",
            "fd00::5:443",
            "fe80::1%eth0",
            "10.3.0.0/16",
            "10.0.0.0/8:443",
            "localhost:8080",
            "*:443",
            "a b",
            "<local>",
            "https://x.y",
            "http://[::1]",
            "host/path",
        ] {
            assert!(!stops_httpx(entry), "{entry}");
        }
    }
}
