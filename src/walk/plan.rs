//! What a walk will do, decided before a packet is sent. Pure.

use std::net::SocketAddr;
use std::time::Duration;

use crate::evidence::dns::ResolverRole;
use crate::evidence::{Asked, AskedLimits, Expect, Trust};
use crate::wire::roots::ExtraRoots;
use crate::world::World;

use super::proxy_choice::ProxyOption;

/// The dated api-version of the calls outside the v1 path (fact G1: the latest generally
/// available one with a documented models list).
pub const API_VERSION: &str = "2024-10-21";

/// Deadline of one hop.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// Deadline of a whole walk.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// What the user asked of a walk.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `--resolver`, in order.
    pub resolvers: Vec<SocketAddr>,
    /// `--expect`.
    pub expect: Expect,
    /// `--proxy`.
    pub proxy: ProxyOption,
    /// `--direct`: walk the direct path beside a proxied one also when it is public.
    pub direct: bool,
    /// `--trust`.
    pub trust: Trust,
    /// Path of `--ca-file`.
    pub ca_file: Option<String>,
    /// Its certificates.
    pub extra_roots: ExtraRoots,
    /// `--deployment`.
    pub deployment: Option<String>,
    /// `--api-version`.
    pub api_version: String,
    /// Whether counter-experiments are made (`--no-experiments` leaves them out).
    pub experiments: bool,
    /// `--deep`: also those experiments that a security team may object to.
    pub deep: bool,
    /// `--timeout`.
    pub timeout: Duration,
    /// `--deadline`.
    pub deadline: Duration,
    /// Limits of an inventory beyond which a path that works is at risk.
    pub limits: Limits,
}

/// Limits beyond which a path that works is at risk. None: what the rules have for everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Days that a certificate should have left.
    pub certificate_days: Option<u32>,
    /// From the question to the first usable answer.
    pub dns: Option<Duration>,
    /// The connection.
    pub tcp: Option<Duration>,
    /// The handshake.
    pub tls: Option<Duration>,
    /// The call.
    pub http: Option<Duration>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            resolvers: Vec::new(),
            expect: Expect::Auto,
            proxy: ProxyOption::Env,
            direct: false,
            trust: Trust::Public,
            ca_file: None,
            extra_roots: ExtraRoots::default(),
            deployment: None,
            api_version: API_VERSION.to_owned(),
            experiments: true,
            deep: false,
            timeout: TIMEOUT,
            deadline: DEADLINE,
            limits: Limits::default(),
        }
    }
}

impl Plan {
    /// How long the walk waits for one thing before it starts another beside it: a fifth of
    /// the hop's deadline.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.timeout / 5
    }

    /// What of it would be looked up, sent or shown, as it was typed.
    pub fn typed(&self) -> impl Iterator<Item = &str> {
        let proxy = match &self.proxy {
            ProxyOption::Url(url) => Some(url),
            _ => None,
        };
        let others = self.deployment.iter().chain([&self.api_version]).chain(&self.ca_file);
        others.chain(proxy).map(String::as_str)
    }

    /// The resolvers to ask, in order: those of the user first, then the system's.
    #[must_use]
    pub fn resolvers(&self, world: &World) -> Vec<(SocketAddr, ResolverRole)> {
        let mut list: Vec<(SocketAddr, ResolverRole)> = Vec::new();
        let given = self.resolvers.iter().map(|address| (*address, ResolverRole::Given));
        // Nobody configured 127.0.0.1: it is only assumed where nothing else is asked.
        let configured = world
            .resolvers
            .iter()
            .copied()
            .filter(|(_, role)| *role != ResolverRole::Assumed || self.resolvers.is_empty());
        for entry in given.chain(configured) {
            if !list.iter().any(|(address, _)| *address == entry.0) {
                list.push(entry);
            }
        }
        list
    }

    /// What the evidence keeps of it.
    #[must_use]
    pub fn asked(&self, world: &World) -> Asked {
        let fraction = |d: Duration| d.as_secs_f64() * 1e3;
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        Asked {
            expect: self.expect.clone(),
            deployment: self.deployment.clone(),
            api_version: self.api_version.clone(),
            trust: self.trust,
            ca_file: self.ca_file.clone(),
            resolver_given: !self.resolvers.is_empty(),
            detoured: !world.detours.is_empty(),
            timeout_ms: millis(self.timeout),
            deadline_ms: millis(self.deadline),
            limits: AskedLimits {
                certificate_days: self.limits.certificate_days,
                dns_ms: self.limits.dns.map(fraction),
                tcp_ms: self.limits.tcp.map(fraction),
                tls_ms: self.limits.tls.map(fraction),
                http_ms: self.limits.http.map(fraction),
            },
        }
    }
}
