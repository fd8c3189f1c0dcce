//! Where the walk starts: address, resolvers, proxy.

use super::{Fact, MAX_LISTED, Mark, text};
use crate::evidence::Evidence;
use crate::evidence::dns::{ResolverEvidence, ResolverRole};
use crate::evidence::vantage::{FileState, ProxyReason, ResolverConfig, Vantage};

/// The vantage point: source address, resolvers, proxy.
#[must_use]
pub fn vantage(e: &Evidence) -> Fact {
    let v = &e.vantage;
    let towards = e.tcp.value().and_then(|tcp| tcp.selected);
    let source = v
        .sources
        .iter()
        .find(|s| Some(s.towards) == towards)
        .or_else(|| v.sources.iter().find(|s| s.source.is_some()));
    let here = match source.and_then(|s| s.source.map(|address| (address, &s.interface))) {
        Some((address, Some(interface))) => format!("{address} ({interface})"),
        Some((address, None)) => address.to_string(),
        None => v.host.clone(),
    };
    Fact::new(Mark::Works, format!("{here}, {}, {}", resolvers(e), proxy_words(v)), None)
}

fn resolvers(e: &Evidence) -> String {
    let of = |role: ResolverRole| -> Vec<String> {
        e.dns.resolvers.iter().filter(|r| r.role == role).map(ResolverEvidence::label).collect()
    };
    if let Some(given) = of(ResolverRole::Given).first() {
        return format!("resolver {given} (--resolver)");
    }
    let config = &e.vantage.resolver_config;
    if let Some(policy) = config.policy().filter(|policy| !policy.servers.is_empty()) {
        let servers = policy.servers.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>();
        return format!("resolver {} (NRPT rule {})", servers.join(", "), policy.namespace);
    }
    let named = &config.nameservers;
    match (named.as_slice(), &e.vantage.resolver_config.stub) {
        ([], _) if e.vantage.resolver_config.state == FileState::NotRead => {
            "resolvers not seen".to_owned()
        }
        ([], _) => "no resolver configured".to_owned(),
        ([one], Some(stub)) if !stub.upstreams.is_empty() => {
            format!("resolver {one} (stub of {})", text::addresses(&stub.upstreams, MAX_LISTED))
        }
        ([one], _) => format!("resolver {one}"),
        (several, _) => {
            let shown: Vec<String> =
                several.iter().take(MAX_LISTED).map(|one| with_interface(config, one)).collect();
            format!("resolvers {}", shown.join(", "))
        }
    }
}

/// A nameserver, with its interface where several have nameservers.
fn with_interface(config: &ResolverConfig, nameserver: &str) -> String {
    let address = nameserver.split('%').next().and_then(|address| address.parse().ok());
    let interface = address.and_then(|address| config.interface_of(address));
    match interface.filter(|own| config.interfaces.iter().any(|i| i.interface != own.interface)) {
        Some(own) => format!("{nameserver} ({})", own.interface),
        None => nameserver.to_owned(),
    }
}

fn proxy_words(v: &Vantage) -> String {
    match (&v.proxy.applies, &v.proxy.reason) {
        (Some(url), _) => format!("proxy {url}"),
        (None, ProxyReason::Exempted { entry }) => format!("no proxy (NO_PROXY entry {entry})"),
        (None, ProxyReason::SystemExempted { entry }) => {
            format!("no proxy (entry {entry} of the system's proxy settings)")
        }
        (None, ProxyReason::ScriptDirect) => "no proxy (by the script of the settings)".to_owned(),
        (None, ProxyReason::OptionNone) => "no proxy (--proxy none)".to_owned(),
        (None, _) => "no proxy".to_owned(),
    }
}
