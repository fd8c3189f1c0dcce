//! The evidence of a walk that was not made, or not to its end: what is known, and why no more.

use std::time::SystemTime;

use super::plan::Plan;
use super::{HopDone, proxy_choice, vantage};
use crate::credential::Credential;
use crate::evidence::dns::{DnsHop, ResolverEvidence};
use crate::evidence::experiment::Experiments;
use crate::evidence::http::HttpHop;
use crate::evidence::identity::{CredentialKind, Withheld};
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::TcpHop;
use crate::evidence::tls::TlsHop;
use crate::evidence::{Cost, Evidence, Hop, Observed, SkipReason};
use crate::target::Target;
use crate::world::World;

/// The hops that a walk has finished so far, each with its time in milliseconds.
#[derive(Debug, Default)]
pub struct Seen {
    dns: Option<(DnsHop, f64)>,
    proxy: Option<(ProxyHop, f64)>,
    tcp: Option<(TcpHop, f64)>,
    tls: Option<(TlsHop, f64)>,
    http: Option<(HttpHop, f64)>,
}

impl Seen {
    /// Keeps a hop that has just finished.
    pub fn keep(&mut self, finished: HopDone<'_>) {
        match finished {
            HopDone::Dns(hop, ms) => self.dns = Some((hop.clone(), ms)),
            HopDone::Proxy(hop, ms) => self.proxy = Some((hop.clone(), ms)),
            HopDone::Tcp(hop, ms) => self.tcp = Some((hop.clone(), ms)),
            HopDone::Tls(hop, ms) => self.tls = Some((hop.clone(), ms)),
            HopDone::Http(hop, ms) => self.http = Some((hop.clone(), ms)),
        }
    }

    /// The hop that is waited for; with a proxy, its hop is in the place of `tcp`.
    #[must_use]
    pub fn waits_at(&self, proxied: bool) -> Hop {
        if proxied && self.proxy.is_none() {
            return Hop::Proxy;
        }
        match self {
            _ if self.dns.is_none() && !proxied => Hop::Dns,
            _ if self.tcp.is_none() && !proxied => Hop::Tcp,
            _ if self.tls.is_none() => Hop::Tls,
            _ => Hop::Http,
        }
    }
}

/// The evidence of a walk to `target` that ended before its end, `why`.
#[must_use]
pub fn unfinished(
    target: &Target,
    plan: &Plan,
    world: &World,
    credential: &Credential,
    seen: Seen,
    why: String,
) -> Evidence {
    fn hop<T>(seen: Option<(T, f64)>) -> Observed<T> {
        match seen {
            Some((value, took_ms)) => Observed::Done { started_ms: 0.0, took_ms, value },
            None => Observed::NotPossible { message: "not finished".to_owned() },
        }
    }
    let choice = proxy_choice::decide(target, &plan.proxy, world.into());
    let proxied = choice.proxy.is_some();
    let host = choice.proxy.as_ref().map(|proxy| proxy.host.clone());
    let vantage = vantage::inspect_host(target, world, choice.decision, host.as_deref());
    let mut identity = credential.evidence(target, world.now, None);
    if identity.kind != CredentialKind::None {
        identity.withheld = Some(Withheld::NotReached);
    }
    let none = || Observed::NotPossible { message: "not finished".to_owned() };
    let resolvers = plan.resolvers(world, &target.seen.host).into_iter();
    let resolvers = resolvers.map(|(address, role)| {
        let not_asked = || Observed::NotAsked { reason: SkipReason::NotNeeded };
        ResolverEvidence {
            address,
            scope: crate::world::scope(&world.resolver_config, address),
            role,
            a: not_asked(),
            aaaa: not_asked(),
            zone_soa: not_asked(),
            round: None,
        }
    });
    let dns = seen.dns.map(|(dns, _)| dns).unwrap_or_else(|| DnsHop {
        name: target.seen.host.clone(),
        resolvers: resolvers.collect(),
        system: none(),
        selected: Vec::new(),
        first_address_ms: None,
    });
    let seconds = world.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    Evidence {
        target: target.seen.clone(),
        options: plan.asked(world),
        started: crate::evidence::text::rfc3339(i64::try_from(seconds).unwrap_or(i64::MAX)),
        vantage,
        dns,
        proxy: match proxied {
            true => hop(seen.proxy),
            false => Observed::NotAsked { reason: SkipReason::NoProxyApplies },
        },
        tcp: match proxied {
            true => Observed::NotAsked { reason: SkipReason::ProxyApplies },
            false => hop(seen.tcp),
        },
        tls: hop(seen.tls),
        identity,
        http: hop(seen.http),
        direct: Observed::NotAsked { reason: SkipReason::NoProxyApplies },
        original: None,
        backend: None,
        experiments: Experiments::default(),
        azure: None,
        cost: Cost {
            took_ms: 0.0,
            datagrams_sent: 0,
            segments_sent: None,
            segments_repeated: 0,
            hosts: Vec::new(),
        },
        unfinished: Some(why),
    }
}
