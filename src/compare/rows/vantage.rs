//! Who walked, and from where.

use crate::compare::row::{Item, Reading, Row, number, one, optional, ordered, unordered};
use crate::compare::view;
use crate::evidence::vantage::{
    FileState, NameserverInterface, SourceTowards, SystemProxySettings,
};
use crate::render::text;
use crate::report::Report;

/// Seconds by which two clocks may differ: `Date` has whole seconds and is a round trip old.
const CLOCK_S: f64 = 10.0;

pub(super) const ROWS: &[Row] = &[
    Row::new("vantage.host", "machine", |r| one(&r.evidence.vantage.host)),
    Row::new("vantage.os", "system", |r| one(&r.evidence.vantage.os)),
    Row::new("vantage.azure", "Azure machine", |r| {
        one(match r.evidence.vantage.azure.answer {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not known",
        })
    }),
    Row::new("vantage.platforms", "runs in or under", |r| {
        unordered(r.evidence.vantage.platforms.iter().map(|sign| sign.platform.name()))
    }),
    Row::new("vantage.gateways", "default gateways", |r| {
        unordered(&r.evidence.vantage.default_gateways)
    }),
    Row::new("vantage.source", "source address", source),
    Row::new("vantage.route", "route to the target", route),
    Row::new("vantage.tunnels_down", "tunnels that are down", |r| {
        unordered(&r.evidence.vantage.tunnels_down)
    }),
    Row::new("vantage.resolvers", "resolvers, in order", |r| {
        ordered(&r.evidence.vantage.resolver_config.nameservers)
    }),
    Row::new("vantage.resolvers_ignored", "resolvers that the system ignores", |r| {
        ordered(&r.evidence.vantage.resolver_config.ignored_nameservers)
    }),
    Row::new("vantage.resolver_interfaces", "interfaces of the resolvers", |r| {
        let words = |one: &NameserverInterface| {
            let how = if one.over_https { ", over HTTPS" } else { "" };
            format!("{} ({}, metric {}{how})", one.address, one.interface, one.metric)
        };
        ordered(r.evidence.vantage.resolver_config.interfaces.iter().map(words))
    }),
    Row::new("vantage.name_policies", "rules by name (NRPT, macOS)", |r| {
        ordered(r.evidence.vantage.resolver_config.policies.iter().map(text::name_policy))
    }),
    Row::new("vantage.lookup_by", "library that looks names up", |r| {
        optional(r.evidence.vantage.lookup_by.as_ref())
    }),
    Row::new("vantage.stub", "upstreams of the local stub", |r| match stub(r) {
        Some(upstreams) => ordered(upstreams),
        None => one("no stub"),
    }),
    Row::new("vantage.search", "search list", |r| {
        ordered(&r.evidence.vantage.resolver_config.search)
    }),
    Row::new("vantage.resolver_options", "resolver options", |r| {
        ordered(&r.evidence.vantage.resolver_config.options)
    }),
    Row::new("vantage.resolver_file", "resolver configuration", |r| {
        let config = &r.evidence.vantage.resolver_config;
        let bad = match config.bad_lines.as_slice() {
            [] => "",
            _ => ", with lines that make no sense",
        };
        let octal = match config.octal_lines.as_slice() {
            [] => "",
            _ => ", with addresses in octal",
        };
        one(format!("{} {}{bad}{octal}", config.path, text::file(&config.state)))
    }),
    Row::new("vantage.hosts", "hosts file", hosts),
    Row::new("vantage.nsswitch", "hosts: line of nsswitch.conf", |r| {
        optional(r.evidence.vantage.nsswitch_hosts.as_ref())
    }),
    Row::new("vantage.proxy_variable", "proxy variable", |r| {
        let variables = &r.evidence.vantage.proxy.variables;
        Some(variables.iter().map(|one| Item::new(&one.name, one.words())).collect())
    }),
    Row::new("vantage.proxy_reason", "why a proxy applies or not", |r| {
        one(text::proxy_reason(&r.evidence.vantage.proxy.reason))
    }),
    Row::new("vantage.no_proxy", "NO_PROXY entries that exempt the target", |r| {
        let entries = r.evidence.vantage.proxy.no_proxy.iter().filter(|entry| entry.exempts);
        unordered(entries.map(|entry| &entry.entry))
    }),
    Row::new("vantage.system_proxy", "the system's proxy settings", |r| {
        let system = r.evidence.vantage.proxy.system.as_ref()?;
        let item = |whose: &str, one: &SystemProxySettings, script| {
            let settings = text::system_proxy(one, script);
            Item::new(whose, format!("{settings}; directly: {}", one.bypass.join(" ")))
        };
        let user = system.user.iter().map(|one| item("this user's", one, system.script.as_ref()));
        let services = system.services.iter().map(|one| item("services'", one, None));
        Some(user.chain(services).collect())
    }),
    Row::new("vantage.misspelt", "proxy variables that look misspelt", |r| {
        unordered(&r.evidence.vantage.proxy.misspelt)
    }),
    Row::new("vantage.client", "what a client does with the proxy variables", |r| {
        let clients = &r.evidence.vantage.proxy.clients;
        let words = |client| {
            let words = text::client_proxy(client);
            words.split_once(": ").map_or_else(String::new, |(_, what)| what.to_owned())
        };
        Some(clients.iter().map(|one| Item::new(&one.client, words(one))).collect())
    })
    .common(),
    Row::new("vantage.clock", "clock, compared with the service's", |r| {
        let ahead = clock_ahead_s(r)?;
        number(ahead as f64, view::ahead(ahead))
    })
    .within(CLOCK_S),
];

/// This machine's clock minus the service's, or that of a token endpoint, in seconds.
pub(in crate::compare) fn clock_ahead_s(r: &Report) -> Option<i64> {
    let requests = r.evidence.identity.acquisition.iter().flat_map(|asked| &asked.requests);
    let by_requests = requests.filter_map(|one| one.path.as_deref()?.vantage.clock_ahead_s);
    r.evidence.vantage.clock_ahead_s.into_iter().chain(by_requests).next()
}

/// The addresses behind a loopback stub.
fn stub(r: &Report) -> Option<&[std::net::IpAddr]> {
    Some(&r.evidence.vantage.resolver_config.stub.as_ref()?.upstreams)
}

/// The entry towards the address that was walked, or towards any that has a source.
pub(in crate::compare) fn towards(r: &Report) -> Option<&SourceTowards> {
    let walked = r.evidence.tcp.value().and_then(|tcp| tcp.selected);
    let sources = &r.evidence.vantage.sources;
    let to_walked = sources.iter().find(|one| Some(one.towards) == walked);
    to_walked.or_else(|| sources.iter().find(|one| one.source.is_some()))
}

fn source(r: &Report) -> Reading {
    let towards = towards(r)?;
    let address = towards.source?;
    one(match &towards.interface {
        Some(interface) => format!("{address} ({interface})"),
        None => address.to_string(),
    })
}

/// The route without the state of the neighbour, which changes by itself.
fn route(r: &Report) -> Reading {
    let mut route = towards(r)?.route.clone()?;
    route.neighbour = None;
    let interface = route.interface.as_ref().map(|i| format!(" ({})", i.name)).unwrap_or_default();
    one(format!("{}{interface}", text::route(&route).trim_start_matches([',', ' '])))
}

/// What it says of the names of this walk; the numbers of lines are noise.
fn hosts(r: &Report) -> Reading {
    let hosts = &r.evidence.vantage.hosts;
    match hosts.state {
        FileState::Read | FileState::Missing => {
            unordered(hosts.lines.iter().map(|line| format!("{} {}", line.address, line.name)))
        }
        _ => one(text::file(&hosts.state)),
    }
}
