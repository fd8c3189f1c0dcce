//! What a walk will do, decided before a packet is sent. Pure.

use std::net::SocketAddr;
use std::time::Duration;

use crate::evidence::dns::ResolverRole;
use crate::evidence::repeat::Repeat;
use crate::evidence::text::clean;
use crate::evidence::{Expect, Trust, WalkLimits, WalkOptions};
use crate::target::Target;
use crate::wire::roots::ExtraRoots;
use crate::world::{ConnectOverride, World};

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
    /// `--backend`, or `backend` of an inventory: the host behind a gateway, walked as well for
    /// comparison.
    pub backend: Option<Target>,
    /// `--direct`: compare a proxied path with the direct one also when that is public.
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
    /// What repeats a walk by this plan.
    pub repeat: Repeat,
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
            backend: None,
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
            repeat: Repeat::default(),
        }
    }
}

impl Plan {
    /// How long the walk waits for one thing before it starts another in parallel: a fifth of
    /// the hop's deadline.
    #[must_use]
    pub fn stall_after(&self) -> Duration {
        self.timeout / 5
    }

    /// What of it would be looked up, sent or shown, as it was typed.
    pub fn typed(&self) -> impl Iterator<Item = &str> {
        let proxy = match &self.proxy {
            ProxyOption::Url(url) => Some(url),
            _ => None,
        };
        let others = self.deployment.iter().chain([&self.api_version]).chain(&self.ca_file);
        let backend = self.backend.iter().flat_map(Target::typed);
        others.chain(proxy).map(String::as_str).chain(backend)
    }

    /// The resolvers to ask for `name`, in order: those of the user first, then the system's.
    #[must_use]
    pub fn resolvers(&self, world: &World, name: &str) -> Vec<(SocketAddr, ResolverRole)> {
        let mut list: Vec<(SocketAddr, ResolverRole)> = Vec::new();
        let given = self.resolvers.iter().map(|address| (*address, ResolverRole::Given));
        // 127.0.0.1 is not configured: it is only assumed where no other resolver is asked.
        let configured = world
            .resolvers_for(name)
            .into_iter()
            .filter(|(_, role)| *role != ResolverRole::Assumed || self.resolvers.is_empty());
        for entry in given.chain(configured) {
            if !list.iter().any(|(address, _)| *address == entry.0) {
                list.push(entry);
            }
        }
        list
    }

    /// The plan of the walk to [`Self::backend`]: what is expected of the gateway's address, asked of
    /// its deployment and allowed for its times is not of the backend.
    #[must_use]
    pub fn of_backend(&self) -> Self {
        let (expect, limits) = (Expect::Auto, Limits::default());
        Self { backend: None, deployment: None, expect, limits, ..self.clone() }
    }

    /// What the evidence keeps of it.
    #[must_use]
    pub fn asked(&self, world: &World) -> WalkOptions {
        let fraction = |d: Duration| d.as_secs_f64() * 1e3;
        let millis = |d: Duration| u64::try_from(d.as_millis()).unwrap_or(u64::MAX);
        WalkOptions {
            expect: self.expect.clone(),
            deployment: self.deployment.clone(),
            api_version: self.api_version.clone(),
            trust: self.trust,
            ca_file: self.ca_file.clone(),
            resolver_given: !self.resolvers.is_empty(),
            connect_to_given: !world.connect_overrides.is_empty(),
            timeout_ms: millis(self.timeout),
            deadline_ms: millis(self.deadline),
            limits: WalkLimits {
                certificate_days: self.limits.certificate_days,
                dns_ms: self.limits.dns.map(fraction),
                tcp_ms: self.limits.tcp.map(fraction),
                tls_ms: self.limits.tls.map(fraction),
                http_ms: self.limits.http.map(fraction),
            },
            repeat: self.repeat.clone(),
        }
    }

    /// The options that choose the way to a host, whatever is asked there: each is one word with
    /// its value.
    #[must_use]
    pub fn way_options(&self, connect_overrides: &[ConnectOverride]) -> Vec<String> {
        let mut options: Vec<String> = Vec::new();
        let mut add = |name: &str, value: &str| options.push(option(name, value));
        for resolver in &self.resolvers {
            match resolver.port() {
                53 => add("--resolver", &resolver.ip().to_string()),
                _ => add("--resolver", &resolver.to_string()),
            }
        }
        for connect_override in connect_overrides {
            add("--connect-to", &connect_override.to_string());
        }
        if self.trust == Trust::System {
            add("--trust", "system");
        }
        if let Some(path) = &self.ca_file {
            add("--ca-file", path);
        }
        match &self.proxy {
            ProxyOption::Env => {}
            ProxyOption::None => add("--proxy", "none"),
            ProxyOption::Url(url) => add("--proxy", url),
        }
        if self.timeout != TIMEOUT {
            add("--timeout", &self.timeout.as_secs_f64().to_string());
        }
        if self.deadline != DEADLINE {
            add("--deadline", &self.deadline.as_secs_f64().to_string());
        }
        let flags = [
            (self.direct, "--direct"),
            (!self.experiments, "--no-experiments"),
            (self.deep, "--deep"),
        ];
        options.extend(flags.into_iter().filter(|(given, _)| *given).map(|(_, name)| name.into()));
        options
    }

    /// The options that say what is asked of the service and expected of it.
    #[must_use]
    pub fn call_options(&self) -> Vec<String> {
        let mut options: Vec<String> = Vec::new();
        options.extend(self.backend.as_ref().map(|host| option("--backend", &host.seen.input)));
        options.extend(self.deployment.as_ref().map(|name| option("--deployment", name)));
        if self.api_version != API_VERSION {
            options.push(option("--api-version", &self.api_version));
        }
        options.extend(self.expect.as_option().map(|value| option("--expect", &value)));
        options
    }
}

/// The longest word of a command, in characters.
const LONGEST_WORD: usize = 1000;

/// An option with its value, as one word.
#[must_use]
pub fn option(name: &str, value: &str) -> String {
    format!("{name}={}", clean(value, LONGEST_WORD))
}
