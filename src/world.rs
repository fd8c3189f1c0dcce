//! The outside as plain values: environment, resolvers, files, clock, trust, connection overrides.
//!
//! `World::of_this_machine` is the one place that reads them. No trait, nothing to mock: a
//! test fills the same fields. It contacts nothing.

pub mod arc;
mod connect_override;
mod environment;
pub mod macos;
mod nameservers;
mod resolvers;
mod routes;
mod scripts;
pub mod signs;
mod trust;
pub mod windows;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use connect_override::ConnectOverride;
pub use environment::Environment;
pub use nameservers::ResolverLibrary;
pub use resolvers::{nsswitch_hosts, resolvers, scope};
pub use routes::SharedRoutes;
pub use scripts::{ProxyScripts, ScriptRun, ScriptRunner};
pub use trust::{bundles, ca_file};

use crate::blocking;
use crate::evidence::Trust;
use crate::evidence::dns::{ResolverRole, SystemAnswer};
use crate::evidence::vantage::{AzureMachine, FileState, NamePolicy, PlatformSign, ResolverConfig};
use crate::files::{self, May};
use crate::platform::{self, SystemProxies, SystemResolvers};
use crate::wire::peer_limit::PeerLimiter;
use crate::wire::roots::{ExtraRoots, Roots, SharedRoots, SystemStore};
use crate::wire::tally::Tally;
use crate::wire::tls;

/// The largest configuration file that is read, in bytes.
const FILE_LIMIT: u64 = 1 << 20;
/// The largest hosts file that is read, in bytes: block lists make them long, and
/// `getaddrinfo` reads them to their end.
const HOSTS_LIMIT: u64 = 32 << 20;

/// The outside of one walk. A clone shares what is large or secret.
#[derive(Debug, Clone)]
pub struct World {
    /// Environment variables.
    pub environment: Environment,
    /// Host name.
    pub host: String,
    /// Operating system and architecture.
    pub os: String,
    /// Whether this is an Azure machine.
    pub azure: AzureMachine,
    /// What this machine runs in or under.
    pub platforms: Vec<PlatformSign>,
    /// This machine's own addresses, each with its interface.
    pub interfaces: Arc<[(IpAddr, String)]>,
    /// The gateways of its default routes.
    pub default_gateways: Vec<IpAddr>,
    /// The system's own proxy settings; none where it has variables alone.
    pub system_proxies: Option<SystemProxies>,
    /// What runs the script that they may name.
    pub proxy_scripts: ProxyScripts,
    /// The resolver configuration, as evidence.
    pub resolver_config: ResolverConfig,
    /// The resolvers to ask, with their ports.
    pub resolvers: Vec<(SocketAddr, ResolverRole)>,
    /// The hosts file.
    pub hosts: TextFile,
    /// The `hosts:` line of nsswitch.conf.
    pub nsswitch_hosts: Option<String>,
    /// What answers for `getaddrinfo`.
    pub lookup: SystemLookup,
    /// The library that does, for the evidence.
    pub lookup_by: Option<String>,
    /// What Windows or macOS has configured, for the rules that are about one name.
    pub resolver_settings: Option<Arc<SystemResolvers>>,
    /// The clock at the walk's start.
    pub now: SystemTime,
    /// The machine's own roots.
    pub system_store: SystemStore,
    /// Redirected connections: `--connect-to`.
    pub connect_overrides: Vec<ConnectOverride>,
    /// Whether Azure Arc's agent is installed here (fact I10).
    pub arc_agent: bool,
    /// The roots that walks in this world share.
    pub shared_roots: Arc<SharedRoots>,
    /// Bounds the connections that many walks open to one address; none for a single walk.
    pub peer_limiter: Option<Arc<PeerLimiter>>,
    /// Which walks of a round each resolver answered; none for a single walk.
    pub tally: Option<Arc<Tally>>,
    /// The routes that walks in this world share.
    pub routes: Arc<SharedRoutes>,
}

/// What answers for `getaddrinfo`.
#[derive(Debug, Clone)]
pub enum SystemLookup {
    /// The system's own function, on a thread of its own.
    Getaddrinfo,
    /// Fixed answers by name; a name that is not there fails with EAI_NONAME.
    Fixed(BTreeMap<String, FixedAnswer>),
}

/// An answer that takes the place of `getaddrinfo`'s.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedAnswer {
    /// The answer.
    pub answer: SystemAnswer,
    /// How long the lookup takes.
    pub after: Duration,
}

impl From<SystemAnswer> for FixedAnswer {
    fn from(answer: SystemAnswer) -> Self {
        Self { answer, after: Duration::ZERO }
    }
}

/// A text file that may be missing or unreadable.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Where.
    pub path: String,
    /// Whether it could be read.
    pub state: FileState,
    /// Its text, empty when it could not.
    pub text: Arc<str>,
}

impl World {
    /// Reads the world that this process runs in.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the ambient world")]
    pub fn of_this_machine() -> Self {
        let environment =
            Environment::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
                // A value that is not text counts as set: what is wrong with it is reported where
                // it is used.
                let value = value.into_string().unwrap_or_else(|v| v.to_string_lossy().into());
                Some((name.into_string().ok()?, value))
            }));
        let resolver_settings = platform::resolver_settings().map(Arc::new);
        let (resolver_config, resolvers) = configured(resolver_settings.as_deref(), &environment);
        let interfaces = interfaces();
        let arc_agent = arc::agent(&environment).filter(|agent| Path::new(agent).exists());
        Self {
            platforms: platforms(&environment, &resolver_config, &interfaces, arc_agent.as_deref()),
            interfaces: interfaces.into(),
            default_gateways: platform::default_gateways(),
            system_proxies: platform::system_proxies(),
            proxy_scripts: ProxyScripts::of_this_system(),
            hosts: hosts_file(resolver_settings.as_deref(), &environment),
            environment,
            host: platform::host_name(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            azure: azure(&resolver_config),
            resolver_config,
            resolvers,
            nsswitch_hosts: nsswitch_hosts(&TextFile::read("/etc/nsswitch.conf", FILE_LIMIT).text),
            lookup: SystemLookup::Getaddrinfo,
            lookup_by: platform::lookup_by(),
            resolver_settings,
            now: SystemTime::now(),
            system_store: trust::system_store(),
            connect_overrides: Vec::new(),
            arc_agent: arc_agent.is_some(),
            shared_roots: Arc::default(),
            peer_limiter: None,
            tally: None,
            routes: Arc::default(),
        }
    }

    /// The roots that verify a chain by `--trust` and `--ca-file`: parsed once in this world, when
    /// they are first used.
    #[must_use]
    pub fn roots(&self, trust: Trust, extra: &ExtraRoots) -> Arc<Roots> {
        let mut new = false;
        let roots = self.shared_roots.get(trust, extra, || {
            new = true;
            Roots::new(tls::provider(), trust, extra.clone(), self.system_store.clone())
                .with_bundles(bundles(self))
        });
        if new && roots.are_in_files() {
            // A store is hundreds of files: no handshake waits for them while the server does. Where
            // there is no thread, the handshake reads them.
            let roots = Arc::clone(&roots);
            drop(blocking::start(move || roots.read_files()));
        }
        roots
    }

    /// The system's rules by name that are about `name`, or about the name that it has in its private
    /// zone alone: those of Windows' Name Resolution Policy Table, resolvers of macOS for a domain.
    #[must_use]
    pub fn policies(&self, name: &str, private_name: Option<&str>) -> Vec<NamePolicy> {
        let Some(settings) = &self.resolver_settings else { return Vec::new() };
        match &**settings {
            SystemResolvers::Windows(settings) => windows::policies(settings, name, private_name),
            SystemResolvers::MacOs(settings) => macos::policies(settings, name, private_name),
        }
    }

    /// The resolvers that the system asks for `name`, with their ports.
    #[must_use]
    pub fn resolvers_for(&self, name: &str) -> Vec<(SocketAddr, ResolverRole)> {
        let servers: Vec<SocketAddr> = match self.resolver_settings.as_deref() {
            Some(SystemResolvers::Windows(settings)) => windows::servers_for(settings, name),
            Some(SystemResolvers::MacOs(settings)) => macos::servers_for(settings, name),
            None => Vec::new(),
        };
        let list: Vec<_> =
            servers.into_iter().map(|server| (server, ResolverRole::Configured)).collect();
        if list.is_empty() { self.resolvers.clone() } else { list }
    }

    /// Whether the C library asks over TCP from the start: glibc alone reads `options use-vc`.
    #[must_use]
    pub fn asks_over_tcp(&self) -> bool {
        self.resolver_config.options.iter().any(|option| option == "use-vc")
            && self.lookup_by.as_deref().is_none_or(|library| library.starts_with("glibc"))
    }

    /// Whether applications may get the answer of any nameserver: glibc's option `rotate`; musl asks
    /// all of them at once.
    #[must_use]
    pub fn asks_any_nameserver(&self) -> bool {
        match self.lookup_by.as_deref() {
            Some(library) if library.starts_with("musl") => true,
            library => {
                self.resolver_config.rotates() && library.is_none_or(|l| l.starts_with("glibc"))
            }
        }
    }

    /// Where a connection to `address` for `host` really goes.
    #[must_use]
    pub fn connect_to(&self, host: &str, address: SocketAddr) -> SocketAddr {
        let literal = address.ip().to_string();
        self.connect_overrides
            .iter()
            .find(|d| {
                d.host.as_deref().is_none_or(|h| h.eq_ignore_ascii_case(host) || h == literal)
                    && d.port.is_none_or(|port| port == address.port())
            })
            .map_or(address, |d| {
                SocketAddr::new(
                    d.to_address.unwrap_or(address.ip()),
                    d.to_port.unwrap_or(address.port()),
                )
            })
    }
}

impl TextFile {
    fn read(path: &str, limit: u64) -> Self {
        // On Windows such a path is one that any user may create.
        if !platform::HAS_UNIX_PATHS {
            return Self::not_read();
        }
        Self::read_any(path, limit)
    }

    /// Reads a path that the system itself names.
    fn read_any(path: &str, limit: u64) -> Self {
        let (state, text) = match files::beginning(path, May::NotBeAPipe, limit) {
            Ok(bytes) => (FileState::Read, String::from_utf8_lossy(&bytes).into()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => (FileState::Missing, "".into()),
            Err(e) => (FileState::Unreadable { message: crate::wire::words(&e) }, "".into()),
        };
        Self { path: path.to_owned(), state, text }
    }

    /// A file of a system that keeps it elsewhere.
    fn not_read() -> Self {
        Self { path: String::new(), state: FileState::NotRead, text: Arc::from("") }
    }
}

/// The resolver configuration and the resolvers to ask.
fn configured(
    settings: Option<&SystemResolvers>,
    environment: &Environment,
) -> (ResolverConfig, Vec<(SocketAddr, ResolverRole)>) {
    match settings {
        Some(SystemResolvers::Windows(settings)) => return windows::resolvers(settings),
        Some(SystemResolvers::MacOs(settings)) => return macos::resolvers(settings),
        None => {}
    }
    if !platform::READS_RESOLV_CONF {
        return (ResolverConfig::not_read(), Vec::new());
    }
    let resolv_conf = TextFile::read("/etc/resolv.conf", FILE_LIMIT);
    let upstreams = TextFile::read("/run/systemd/resolve/resolv.conf", FILE_LIMIT);
    let library = platform::lookup_by();
    let (mut config, list) =
        resolvers(&resolv_conf, &upstreams, ResolverLibrary::of(library.as_deref()));
    // glibc alone reads its variables.
    if library.is_none_or(|library| library.starts_with("glibc")) {
        resolvers::by_environment(&mut config, environment);
    }
    (config, list)
}

fn hosts_file(settings: Option<&SystemResolvers>, environment: &Environment) -> TextFile {
    match settings {
        Some(SystemResolvers::Windows(settings)) => {
            TextFile::read_any(&windows::hosts_path(settings, environment), HOSTS_LIMIT)
        }
        Some(SystemResolvers::MacOs(_)) | None => TextFile::read("/etc/hosts", HOSTS_LIMIT),
    }
}

/// This machine's own addresses, each with the name of its interface.
#[must_use]
pub fn interfaces() -> Vec<(IpAddr, String)> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    all.into_iter().map(|interface| (interface.ip(), interface.name)).collect()
}

/// What this machine runs in or under.
fn platforms(
    environment: &Environment,
    config: &ResolverConfig,
    addresses: &[(IpAddr, String)],
    arc_agent: Option<&str>,
) -> Vec<PlatformSign> {
    let interfaces: Vec<(platform::NetworkInterface, Vec<IpAddr>)> = platform::interfaces()
        .into_iter()
        .map(|interface| {
            let own = addresses.iter().filter(|(_, name)| *name == interface.name);
            let own = own.map(|(address, _)| *address).collect();
            (interface, own)
        })
        .collect();
    signs::platforms(&signs::Surroundings {
        environment,
        exists: &|path| platform::HAS_UNIX_PATHS && Path::new(path).exists(),
        arc_agent,
        kernel: TextFile::read("/proc/sys/kernel/osrelease", FILE_LIMIT).text.trim(),
        nameservers: &config.nameservers,
        listening: &platform::listening_ports(),
        interfaces: &interfaces,
    })
}

/// The signs of Azure: that of the resolver in addition to those of the platform (fact T24).
fn azure(config: &ResolverConfig) -> AzureMachine {
    let mut azure = platform::azure_machine();
    if azure.answer == Some(true) && config.nameservers.iter().any(|n| n == "168.63.129.16") {
        azure.signs.push("168.63.129.16 is a configured resolver".to_owned());
    }
    azure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_overrides_match_a_name_or_an_address() {
        let connect_override = |host: Option<&str>| ConnectOverride {
            host: host.map(str::to_owned),
            port: Some(443),
            to_address: Some("127.0.0.1".parse().unwrap()),
            to_port: Some(8443),
        };
        let mut world = World {
            connect_overrides: vec![connect_override(Some("10.3.0.5"))],
            ..World::of_this_machine()
        };
        let at = |a: &str| a.parse::<SocketAddr>().unwrap();
        assert_eq!(
            world.connect_to("a.openai.azure.com", at("10.3.0.5:443")),
            at("127.0.0.1:8443")
        );
        assert_eq!(world.connect_to("a.openai.azure.com", at("10.3.0.6:443")), at("10.3.0.6:443"));
        world.connect_overrides = vec![connect_override(Some("A.openai.azure.com"))];
        assert_eq!(
            world.connect_to("a.openai.azure.com", at("10.3.0.6:443")),
            at("127.0.0.1:8443")
        );
        world.connect_overrides = vec![connect_override(None)];
        assert_eq!(world.connect_to("x", at("10.3.0.6:80")), at("10.3.0.6:80"));
    }
}
