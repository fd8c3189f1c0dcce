//! What a walk would contact, for `--plan`. Pure.

use std::net::IpAddr;

use super::experiments::{self, Intrusiveness, Probe, Symptom};
use super::plan::Plan;
use super::proxy_choice::Proxy;
use super::{calls, proxy_choice};
use crate::azure::allowed;
use crate::credential::destinations::Destination;
use crate::evidence::dns::ResolverRole;
use crate::services::Opening;
use crate::target::Target;
use crate::world::World;

/// What a walk to `target` would contact, a line each, for `--plan`.
#[must_use]
pub fn contacts(plan: &Plan, target: &Target, world: &World) -> Vec<String> {
    let host = &target.seen.host;
    let mut lines = Vec::new();
    let policy = world.policies(host, None).into_iter().find(|policy| !policy.servers.is_empty());
    let policy =
        policy.map(|policy| format!("by the {} for {}", policy.kind.noun(), policy.namespace));
    for (address, role) in plan.resolvers(world, host) {
        let why = match role {
            ResolverRole::Given => "--resolver",
            ResolverRole::Configured => policy.as_deref().unwrap_or("configured resolver"),
            ResolverRole::StubUpstream => "upstream of the stub resolver",
            ResolverRole::Assumed => "no resolver is configured; this is glibc's default",
        };
        lines.push(format!("dns    {address} (UDP; TCP if truncated): A, AAAA {host}; {why}"));
    }
    if let Some(zone) = &target.seen.private_zone {
        lines.push(format!("dns    the same: SOA {zone}, if the answer is not private"));
    }
    lines.push(format!("dns    getaddrinfo {host}: the system's own queries"));
    lines.extend(script(plan, target, world));
    let choice = proxy_choice::decide(target, &plan.proxy, world.into());
    let carries_calls = choice.proxy.as_ref().is_none_or(Proxy::is_walked);
    if let Some(proxy) = &choice.proxy {
        lines.extend(to_proxy(world, proxy, host, target.seen.port, ""));
        let public = if plan.direct { "" } else { " that are private" };
        lines.push(format!(
            "tcp    the addresses of {host}{public}, port {}, and TLS there; no call",
            target.seen.port
        ));
    } else {
        lines.push(format!("tcp    every address of {host}, port {}", target.seen.port));
    }
    lines.extend(redirected(world, host, target.seen.port));
    let protocol = match target.opening() {
        Opening::Protocol(name) | Opening::Clear(name) => Some(name),
        Opening::Https | Opening::Tls | Opening::Requested(_) => None,
    };
    lines.push(match target.opening() {
        Opening::Protocol(name) => {
            format!("tls    nothing: TLS begins inside {name}, which is not spoken")
        }
        Opening::Clear(name) => format!("tls    nothing: this service is {name}"),
        Opening::Requested(ask) => {
            format!("tls    {}'s request for TLS, then SNI {host}", ask.protocol)
        }
        Opening::Https | Opening::Tls => format!("tls    SNI {host}"),
    });
    if let Some(original) = &target.original_host {
        lines.push(format!("tls    for comparison: {original}, resolved the same way, up to TLS"));
    }
    if let Some(backend) = &plan.backend {
        let (host, port) = (&backend.seen.host, backend.seen.port);
        lines.push(format!("dns    for comparison: {host}, resolved and reached the same way"));
        lines.extend(redirected(world, host, port));
        for call in calls::calls(backend, &plan.of_backend(), world.now) {
            lines.push(format!("http   GET https://{host}{} without a credential", call.path));
        }
    }
    if plan.experiments && carries_calls {
        let all = on_failure(plan, target, choice.proxy.is_some()).into_iter();
        lines.extend(all.filter(|line| protocol.is_none() || !line.starts_with("tls")));
    }
    let no_call = match () {
        () if !target.has_call() => Some("no call is known for this service"),
        () if !target.is_called() => Some("no certificate covers a privatelink name"),
        () if !carries_calls => Some("the proxy would carry the call"),
        () => None,
    };
    if let Some(why) = no_call {
        lines.push(format!("http   nothing: {why}"));
        return lines;
    }
    for call in calls::calls(target, plan, world.now) {
        let method = if call.body.is_some() { "POST" } else { "GET" };
        lines.push(format!("http   {method} https://{host}{}", call.path));
    }
    lines
}

/// The way to `host` through a proxy.
fn to_proxy(world: &World, proxy: &Proxy, host: &str, port: u16, purpose: &str) -> Vec<String> {
    let Proxy { url, .. } = proxy;
    if !proxy.is_walked() {
        return vec![format!("proxy  {url}: nothing, this kind of proxy is not walked")];
    }
    let password = match &proxy.authorization {
        Some(_) => ", with its user and password in the header Proxy-Authorization",
        None => "",
    };
    let name = proxy.host.parse::<IpAddr>().is_err();
    let look_up = name.then(|| format!("dns    getaddrinfo {}", proxy.host));
    let connect = format!("proxy  {url}: CONNECT {host}:{port}{purpose}{password}");
    let redirected = redirected(world, &proxy.host, proxy.port);
    look_up.into_iter().chain([connect]).chain(redirected).collect()
}

/// Where `--connect-to` leads connections to `host`: the first that is right for an address decides.
fn redirected(world: &World, host: &str, port: u16) -> Vec<String> {
    let mut lines = Vec::new();
    for way in &world.connect_overrides {
        let of_address = way.host.as_deref().filter(|host| host.parse::<IpAddr>().is_ok());
        let of_host = way.host.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(host));
        if !(of_host || of_address.is_some()) || way.port.is_some_and(|other| other != port) {
            continue;
        }
        let which = of_address.map_or_else(String::new, |address| format!(" to {address}"));
        let to = way.to_address.map_or_else(|| "the same address".to_owned(), |a| a.to_string());
        let to_port = way.to_port.unwrap_or(port);
        lines.push(format!(
            "tcp    by --connect-to, the connections for {host}{which} go to {to}, port {to_port}"
        ));
        if of_host {
            break;
        }
    }
    lines
}

/// What a token request would contact, a line each: its hosts are resolved and reached through this
/// machine's own resolvers and proxy variables, without `--resolver`.
#[must_use]
pub fn token(plan: &Plan, world: &World, contacts: Vec<Destination>) -> Vec<String> {
    let mut lines = Vec::new();
    for contact in contacts {
        let (origin, purpose, line) = match contact {
            Destination::Host { origin, purpose, line } => (origin, purpose, line),
            Destination::Other(line) => {
                lines.push(line);
                continue;
            }
        };
        let Ok(target) = Target::parse(&origin, None) else {
            lines.push(line);
            continue;
        };
        let (host, port) = (&target.seen.host, target.seen.port);
        lines.extend(script(plan, &target, world));
        match proxy_choice::decide(&target, &plan.proxy, world.into()).proxy {
            Some(proxy) => {
                lines.extend(to_proxy(world, &proxy, host, port, &format!(", {purpose}")));
                if !proxy.is_walked() {
                    continue;
                }
            }
            None => {
                let plan = Plan { resolvers: Vec::new(), ..plan.clone() };
                for (address, _) in plan.resolvers(world, host) {
                    lines.push(format!("dns    {address}: A, AAAA {host}, {purpose}"));
                }
                lines.push(format!("dns    getaddrinfo {host}: the system's own queries"));
                lines.push(format!("tcp    every address of {host}, port {port}"));
                lines.extend(redirected(world, host, port));
                if plan.experiments {
                    lines.push(format!("       only on failure, for {host}: the same experiments"));
                }
            }
        }
        lines.push(format!("tls    SNI {host}"));
        lines.push(line);
    }
    lines
}

/// What the reads of Resource Manager would contact, a line each. Only the rows that the answers
/// before them lead to are read.
#[must_use]
pub fn azure(
    plan: &Plan,
    target: &Target,
    world: &World,
    token: Vec<Destination>,
    effective: bool,
) -> Vec<String> {
    let host = super::azure::cloud(&target.seen).resource_manager();
    let line = format!("azure  {host}: the reads below, each with the token, none elsewhere");
    let origin = format!("https://{host}");
    let mut contacts = token;
    if world.azure.answer != Some(false) {
        let line = "azure  GET http://169.254.169.254/metadata/instance: which machine this is";
        contacts.push(Destination::Other(line.to_owned()));
    }
    contacts.push(Destination::Host { origin, purpose: "for Azure's answers", line });
    let mut lines = self::token(plan, world, contacts);
    lines.push(format!("       POST {}: queries, which only read", allowed::GRAPH_PATH));
    let rows = allowed::READS.iter().filter(|row| effective || !row.is_effective);
    lines.extend(rows.map(|row| {
        let method = if row.is_effective { "POST" } else { "GET" };
        let of = if row.of.is_empty() { "<subscription>" } else { row.of };
        format!("       {method} {of}{}: {}", row.below, row.question)
    }));
    let log = match effective {
        true => "; the POSTs at an interface are in the Activity Log",
        false => "",
    };
    lines.push(format!("       the request for the token is in the sign-in log{log}"));
    lines
}

/// What has the script of the proxy settings run, where that decides on the rest.
fn script(plan: &Plan, target: &Target, world: &World) -> Option<String> {
    proxy_choice::script_to_run(target, &plan.proxy, world.into())?;
    let decision = proxy_choice::decide(target, &plan.proxy, world.into()).decision;
    let named = decision.system?.user?.script?;
    let url = proxy_choice::url_to_ask(target);
    Some(format!(
        "proxy  {named}: WinHTTP fetches this script and runs it for {url}; a proxy that it gives takes \
         the place of what follows"
    ))
}

/// The experiments that could follow a failure, a line each.
fn on_failure(plan: &Plan, target: &Target, proxied: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for experiment in
        experiments::catalogue().filter(|e| plan.deep || e.intrusiveness == Intrusiveness::Default)
    {
        // Inside a proxy's tunnel only a refused call triggers experiments.
        if proxied && experiment.id != experiments::REFERENCE_CLIENT {
            continue;
        }
        let probes = (experiment.probes)(target);
        if probes.is_empty() {
            continue;
        }
        let mut parts: Vec<String> = probes.iter().map(Probe::words).collect();
        parts.dedup();
        if proxied {
            let private_only = if plan.direct { "" } else { " where its address is private" };
            parts.push(format!("through the proxy, and without it{private_only}"));
        }
        let hop = match probes[0] {
            Probe::Question { .. } | Probe::LaterQuestion { .. } | Probe::SearchedName { .. } => {
                "dns   "
            }
            Probe::Connection { .. } | Probe::UnallocatedAddress | Probe::Trace { .. } => "tcp   ",
            Probe::Handshake(_) | Probe::OtherAddress | Probe::Segments | Probe::TraceHello => {
                "tls   "
            }
            Probe::ReferenceClient => "http  ",
        };
        // The one experiment that a healthy walk makes.
        let when = match experiment.due {
            [Symptom::SeveralAddresses] => "only with several addresses",
            _ => "only on failure",
        };
        lines.push(format!("{hop} {when}, {}: {}", experiment.id, parts.join(", ")));
    }
    lines
}
