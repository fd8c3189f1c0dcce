//! What a walk would contact, for `--plan`. Pure.

use super::experiments::{self, Intrusiveness, Probe};
use super::plan::Plan;
use super::{calls, proxy_choice};
use crate::credential::contacts::Contact;
use crate::evidence::dns::ResolverRole;
use crate::services::Call;
use crate::target::Target;
use crate::world::World;

/// What a walk to `target` would contact, a line each, for `--plan`.
#[must_use]
pub fn contacts(plan: &Plan, target: &Target, world: &World) -> Vec<String> {
    let host = &target.seen.host;
    let mut lines = Vec::new();
    for (address, role) in plan.resolvers(world) {
        let why = match role {
            ResolverRole::Given => "--resolver",
            ResolverRole::Configured => "configured resolver",
            ResolverRole::StubUpstream => "upstream of the stub resolver",
            ResolverRole::Assumed => "no resolver is configured; glibc asks this one",
        };
        lines.push(format!("dns    {address} (UDP, TCP when truncated): A, AAAA {host}; {why}"));
    }
    if let Some(zone) = &target.seen.private_zone {
        lines.push(format!("dns    the same: SOA {zone}, when the answer is not private"));
    }
    lines.push(format!("dns    getaddrinfo {host}: whatever the system asks"));
    let choice = proxy_choice::decide(target, &plan.proxy, &world.environment);
    if let Some(proxy) = &choice.proxy {
        lines.push(format!("dns    getaddrinfo {}", proxy.host));
        lines.push(format!("proxy  {}: CONNECT {host}:{}", proxy.url, target.seen.port));
        let public = if plan.direct { "" } else { " that are private" };
        lines.push(format!(
            "tcp    the addresses of {host}{public}, port {}, and TLS there; nothing after it",
            target.seen.port
        ));
    } else {
        lines.push(format!("tcp    every address of {host}, port {}", target.seen.port));
    }
    lines.push(format!("tls    SNI {host}"));
    if let Some(original) = &target.original_host {
        lines.push(format!("tls    beside it: {original}, resolved the same way, as far as TLS"));
    }
    if plan.experiments {
        lines.extend(in_trouble(plan, target, choice.proxy.is_some()));
    }
    match target.call() {
        Call::None => lines.push("http   nothing: no call is known for this service".to_owned()),
        Call::Models => {
            for call in calls::calls(target, plan) {
                let method = if call.body.is_some() { "POST" } else { "GET" };
                lines.push(format!("http   {method} https://{host}{}", call.path));
            }
        }
    }
    lines
}

/// What asking for a token would contact, a line each: its hosts are resolved and reached by this
/// machine's own resolvers and proxy variables, whatever `--resolver` says.
#[must_use]
pub fn token(plan: &Plan, world: &World, contacts: Vec<Contact>) -> Vec<String> {
    let mut lines = Vec::new();
    for contact in contacts {
        let (origin, line) = match contact {
            Contact::Host { origin, line } => (origin, line),
            Contact::Other(line) => {
                lines.push(line);
                continue;
            }
        };
        let Ok(target) = Target::parse(&origin, None) else { continue };
        let (host, port) = (&target.seen.host, target.seen.port);
        match proxy_choice::decide(&target, &plan.proxy, &world.environment).proxy {
            Some(proxy) => {
                lines.push(format!("dns    getaddrinfo {}", proxy.host));
                lines.push(format!("proxy  {}: CONNECT {host}:{port}, for the token", proxy.url));
            }
            None => {
                let plan = Plan { resolvers: Vec::new(), ..plan.clone() };
                for (address, _) in plan.resolvers(world) {
                    lines.push(format!("dns    {address}: A, AAAA {host}, for the token"));
                }
                lines.push(format!("dns    getaddrinfo {host}: whatever the system asks"));
                lines.push(format!("tcp    every address of {host}, port {port}"));
                if plan.experiments {
                    lines.push(format!("       only in trouble, for {host}: the same experiments"));
                }
            }
        }
        lines.push(format!("tls    SNI {host}"));
        lines.push(line);
    }
    lines
}

/// The experiments that could be made, a line each.
fn in_trouble(plan: &Plan, target: &Target, proxied: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for experiment in
        experiments::catalogue().filter(|e| plan.deep || e.intrusiveness == Intrusiveness::Default)
    {
        // Inside a proxy's tunnel only the call is looked into.
        if proxied && experiment.id != experiments::STOCK_CLIENT {
            continue;
        }
        let asks = (experiment.probes)(target);
        if asks.is_empty() {
            continue;
        }
        let mut what: Vec<String> = asks.iter().map(Probe::words).collect();
        what.dedup();
        if proxied {
            let beside = if plan.direct { "" } else { " where its address is private" };
            what.push(format!("through the proxy, and past it{beside}"));
        }
        let hop = match asks[0] {
            Probe::Question { .. } | Probe::SearchedName { .. } => "dns   ",
            Probe::Connection { .. } | Probe::UnallocatedAddress | Probe::Trace { .. } => "tcp   ",
            Probe::Handshake(_) | Probe::OtherAddress | Probe::Segments | Probe::TraceHello => {
                "tls   "
            }
            Probe::StockClient => "http  ",
        };
        lines.push(format!("{hop} only in trouble, {}: {}", experiment.id, what.join(", ")));
    }
    lines
}
