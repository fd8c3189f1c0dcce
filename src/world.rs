//! The outside as plain values: environment, resolvers, files, clock, trust, detours.
//!
//! `World::of_this_machine` is the one place that reads them. No trait, nothing to mock: a
//! test fills the same fields. It contacts nothing.

pub mod signs;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use resolv_conf::ScopedIp;

use crate::evidence::Trust;
use crate::evidence::dns::{ResolverRole, SystemAnswer};
use crate::evidence::text::clean;
use crate::evidence::vantage::{AzureMachine, FileState, PlatformSign, ResolverConfig, Stub};
use crate::platform;
use crate::wire::bundles::Bundle;
use crate::wire::roots::{ExtraRoots, Roots, SharedRoots, SystemStore};
use crate::wire::tally::Tally;
use crate::wire::tls;
use crate::wire::turns::Turns;

/// Nameservers that glibc uses (MAXNS in resolv.h); the rest are ignored.
const NAMESERVERS_USED: usize = 3;
/// The largest configuration file that is read, in octets.
const FILE_LIMIT: u64 = 1 << 20;
/// The largest hosts file that is read, in octets: block lists make them long, and
/// `getaddrinfo` reads them to their end.
const HOSTS_LIMIT: u64 = 32 << 20;
/// The largest file of the machine's own roots that is read, in octets.
const STORE_LIMIT: u64 = 32 << 20;

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
    /// The gateways of its default routes.
    pub default_gateways: Vec<IpAddr>,
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
    /// The clock at the walk's start.
    pub now: SystemTime,
    /// The machine's own roots.
    pub system_store: SystemStore,
    /// Redirected connections: `--connect-to`.
    pub detours: Vec<Detour>,
    /// Whether Azure Arc's agent is installed here (fact I10).
    pub arc_agent: bool,
    /// The roots that walks in this world share.
    pub shared_roots: Arc<SharedRoots>,
    /// Bounds the connections that many walks open to one address; none for a single walk.
    pub turns: Option<Arc<Turns>>,
    /// Which walks of a round each resolver answered; none for a single walk.
    pub tally: Option<Arc<Tally>>,
}

/// The program of Azure Arc's agent.
const ARC_AGENT: &str = "/opt/azcmagent/bin/himds";

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

/// Environment variables. Some hold secrets: no value of it is ever printed.
#[derive(Default, Clone)]
pub struct Environment(Arc<BTreeMap<String, zeroize::Zeroizing<String>>>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// From pairs of name and value.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(Arc::new(pairs.into_iter().map(|(name, value)| (name, value.into())).collect()))
    }

    /// A variable's value; an empty one counts as not set, as most SDKs have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    /// Whether a variable is set and holds nothing, or blanks alone: what was to fill it did not,
    /// and not every SDK counts it as not set (fact I2a).
    #[must_use]
    pub fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.trim().is_empty())
    }

    /// The same with `name` in the place of `instead`, which an inventory names for one target.
    #[must_use]
    pub fn with_renamed(&self, name: &str, instead: &str) -> Self {
        let mut pairs = (*self.0).clone();
        match pairs.get(name).cloned() {
            Some(value) => pairs.insert(instead.to_owned(), value),
            None => pairs.remove(instead),
        };
        Self(Arc::new(pairs))
    }

    /// The names that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A redirected connection, as curl's `--connect-to HOST:PORT:ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Detour {
    /// The host name, or the address that DNS gave; none matches any.
    pub host: Option<String>,
    /// The port; none matches any.
    pub port: Option<u16>,
    /// Where the connection goes; none leaves the address as it is.
    pub to_address: Option<IpAddr>,
    /// The port it goes to; none leaves the port as it is.
    pub to_port: Option<u16>,
}

impl std::fmt::Display for Detour {
    /// As `--connect-to` takes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bracketed = |text: &str| match text.contains(':') {
            true => format!("[{text}]"),
            false => text.to_owned(),
        };
        let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
        let host = self.host.as_deref().map(bracketed).unwrap_or_default();
        let address = self.to_address.map(|a| bracketed(&a.to_string())).unwrap_or_default();
        write!(f, "{host}:{}:{address}:{}", port(self.port), port(self.to_port))
    }
}

impl World {
    /// Reads the world that this process runs in.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the ambient world")]
    pub fn of_this_machine() -> Self {
        let environment =
            Environment::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
                // A value that is no text counts as set: what is wrong with it is said where
                // it is used.
                let value = value.into_string().unwrap_or_else(|v| v.to_string_lossy().into());
                Some((name.into_string().ok()?, value))
            }));
        let (resolver_config, resolvers) = match platform::READS_RESOLV_CONF {
            true => {
                let resolv_conf = TextFile::read("/etc/resolv.conf", FILE_LIMIT);
                let upstreams = TextFile::read("/run/systemd/resolve/resolv.conf", FILE_LIMIT);
                let (mut config, list) = resolvers(&resolv_conf, &upstreams);
                by_environment(&mut config, &environment);
                (config, list)
            }
            false => (not_read(), Vec::new()),
        };
        Self {
            platforms: platforms(&environment, &resolver_config),
            default_gateways: platform::default_gateways(),
            environment,
            host: platform::host_name(),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            azure: azure(&resolver_config),
            resolver_config,
            resolvers,
            hosts: TextFile::read("/etc/hosts", HOSTS_LIMIT),
            nsswitch_hosts: nsswitch_hosts(&TextFile::read("/etc/nsswitch.conf", FILE_LIMIT).text),
            lookup: SystemLookup::Getaddrinfo,
            now: SystemTime::now(),
            system_store: system_store(),
            detours: Vec::new(),
            arc_agent: platform::HAS_UNIX_PATHS && Path::new(ARC_AGENT).exists(),
            shared_roots: Arc::default(),
            turns: None,
            tally: None,
        }
    }

    /// The roots that judge a chain by `--trust` and `--ca-file`: parsed once in this world,
    /// when somebody first asks them.
    #[must_use]
    pub fn roots(&self, trust: Trust, extra: &ExtraRoots) -> Arc<Roots> {
        self.shared_roots.get(trust, extra, || {
            Roots::new(tls::provider(), trust, extra.clone(), self.system_store.clone())
                .with_bundles(bundles(self))
        })
    }

    /// Where a connection to `address` for `host` really goes.
    #[must_use]
    pub fn detour(&self, host: &str, address: SocketAddr) -> SocketAddr {
        let literal = address.ip().to_string();
        self.detours
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
    #[expect(
        clippy::disallowed_methods,
        reason = "reads the world's files, called from there only"
    )]
    fn read(path: &str, limit: u64) -> Self {
        use std::io::Read;
        // On Windows such a path is one that any user may create.
        if !platform::HAS_UNIX_PATHS {
            return Self::not_read();
        }
        let mut octets = Vec::new();
        // A pipe is no configuration, and who opens one waits for its other end.
        let pipe = std::fs::metadata(path).is_ok_and(|about| is_pipe(about.file_type()));
        let read = match pipe {
            true => Err(std::io::ErrorKind::InvalidInput.into()),
            false => std::fs::File::open(Path::new(path))
                .and_then(|file| file.take(limit).read_to_end(&mut octets)),
        };
        let state = match read {
            Ok(_) => FileState::Read,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => FileState::Missing,
            Err(e) => FileState::Unreadable { says: crate::wire::words(&e) },
        };
        Self { path: path.to_owned(), state, text: String::from_utf8_lossy(&octets).into() }
    }
}

impl TextFile {
    /// A file of a system that keeps it elsewhere.
    fn not_read() -> Self {
        Self { path: String::new(), state: FileState::NotRead, text: Arc::from("") }
    }
}

/// The resolver configuration of a system that keeps it elsewhere (Windows, macOS): what is in it
/// is not known, which is not the same as nothing.
#[must_use]
pub fn not_read() -> ResolverConfig {
    ResolverConfig {
        path: String::new(),
        state: FileState::NotRead,
        nameservers: Vec::new(),
        ignored_nameservers: Vec::new(),
        search: Vec::new(),
        options: Vec::new(),
        bad_lines: Vec::new(),
        stub: None,
    }
}

#[cfg(unix)]
fn is_pipe(kind: std::fs::FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: std::fs::FileType) -> bool {
    false
}

/// The machine's own store; an empty one where `SSL_CERT_FILE` names what is no file, or none
/// that a store could be: it would be read to its end, which may never come.
#[expect(clippy::disallowed_methods, reason = "called where the ambient world is read")]
fn system_store() -> SystemStore {
    let named = std::env::var_os("SSL_CERT_FILE").and_then(|path| std::fs::metadata(path).ok());
    match named.is_none_or(|file| file.is_dir() || file.is_file() && file.len() <= STORE_LIMIT) {
        true => SystemStore::Native,
        false => SystemStore::Pem(Vec::new()),
    }
}

/// Versions of Python 3 whose places are looked at.
const PYTHONS: std::ops::RangeInclusive<u8> = 8..=15;

/// The files that clients take roots from: those that a variable names, and certifi's where
/// Python has it. Nothing is read before somebody asks.
#[must_use]
pub fn bundles(world: &World) -> Vec<Bundle> {
    let named = [
        ("SSL_CERT_FILE", false),
        ("SSL_CERT_DIR", false),
        ("REQUESTS_CA_BUNDLE", false),
        ("CURL_CA_BUNDLE", false),
        ("NODE_EXTRA_CA_CERTS", true),
    ];
    let mut all: Vec<Bundle> = named
        .into_iter()
        .filter_map(|(by, adds)| {
            let path = world.environment.get(by)?.to_owned();
            // Node and curl take a file alone.
            let read = match by {
                "SSL_CERT_DIR" | "REQUESTS_CA_BUNDLE" => bundle_file_or_folders,
                _ => bundle_file,
            };
            Some(Bundle { by, path, adds, named: true, read })
        })
        .collect();
    // A world with a store of its own has no other files either.
    if !matches!(world.system_store, SystemStore::Native) {
        return all;
    }
    let mut folders = Vec::new();
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(prefix) = world.environment.get(variable) {
            let of = |minor| format!("{prefix}/lib/python3.{minor}/site-packages");
            folders.extend(PYTHONS.rev().map(of));
        }
    }
    for minor in PYTHONS.rev().filter(|_| platform::HAS_UNIX_PATHS) {
        for kind in ["site-packages", "dist-packages"] {
            folders.push(format!("/usr/local/lib/python3.{minor}/{kind}"));
        }
        folders.push(format!("/usr/lib/python3.{minor}/site-packages"));
    }
    if platform::HAS_UNIX_PATHS {
        folders.push("/usr/lib/python3/dist-packages".to_owned());
    }
    all.extend(folders.into_iter().map(|folder| Bundle {
        by: "certifi",
        path: format!("{folder}/certifi/cacert.pem"),
        adds: false,
        named: false,
        read: bundle_file,
    }));
    all
}

/// A file of roots, if it is a file and not larger than any store.
#[expect(clippy::disallowed_methods, reason = "the world's files are read here")]
fn bundle_file(path: &str) -> Option<Vec<u8>> {
    use std::io::Read;
    let about = std::fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > STORE_LIMIT {
        return None;
    }
    let mut octets = Vec::new();
    std::fs::File::open(path).ok()?.take(STORE_LIMIT).read_to_end(&mut octets).ok()?;
    Some(octets)
}

/// The roots that OpenSSL finds in a folder, or in each of several: files whose name is the hash of
/// a subject (fact S32); none where no folder is one. What a variable names may be a file too.
fn bundle_file_or_folders(paths: &str) -> Option<Vec<u8>> {
    if let Some(file) = bundle_file(paths) {
        return Some(file);
    }
    let mut all = Vec::new();
    let mut folder_seen = false;
    for folder in std::env::split_paths(paths).take(MOST_FOLDERS) {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        folder_seen = true;
        let mut names: Vec<_> = entries
            .take(MOST_IN_A_FOLDER)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_hash_name(name))
            .collect();
        names.sort_unstable();
        for name in names {
            let Some(path) = folder.join(name).to_str().map(str::to_owned) else { continue };
            let Some(one) = bundle_file(&path) else { continue };
            if all.len() + one.len() > usize::try_from(STORE_LIMIT).unwrap_or(usize::MAX) {
                return Some(all);
            }
            all.extend(one);
            all.push(b'\n');
        }
    }
    folder_seen.then_some(all)
}

/// Folders that are read, and entries of one that are looked at.
const MOST_FOLDERS: usize = 8;
const MOST_IN_A_FOLDER: usize = 2000;

/// Whether a file has the name by which OpenSSL looks a root up: eight hexadecimal digits of the
/// subject's hash, and a number.
fn is_hash_name(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// What `read` gives, if it gives it within `patience`: a pipe that nobody writes into, or a
/// standard input that never ends, must not hold the process.
pub fn within<T: Send + 'static>(
    patience: Duration,
    read: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || drop(tell.send(read())))
        .ok()?;
    told.recv_timeout(patience).ok()
}

/// The largest `--ca-file` that is read, in octets.
const CA_FILE_LIMIT: u64 = 8 << 20;

/// The certificates of a file of roots that the user named.
///
/// # Errors
///
/// Why there are none, in words.
pub fn ca_file(path: &str, patience: Duration) -> Result<ExtraRoots, String> {
    let from = path.to_owned();
    let pem = within(patience, move || named_file(&from, CA_FILE_LIMIT))
        .unwrap_or_else(|| Err("no end of it within the deadline".to_owned()))?;
    if pem.len() as u64 > CA_FILE_LIMIT {
        return Err("is larger than 8 MiB".to_owned());
    }
    ExtraRoots::from_pem(&pem)
}

/// The octets of a file that the user named: its first `limit` and one more, if there are more.
///
/// # Errors
///
/// Why it cannot be read, in words.
#[expect(clippy::disallowed_methods, reason = "the user named this file; it is read with a limit")]
pub fn named_file(path: &str, limit: u64) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut octets = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut octets))
        .map_err(|e| format!("cannot be read: {}", crate::wire::words(&e)))?;
    Ok(octets)
}

/// As [`named_file`], of a file that is read while others wait: a pipe or a terminal is refused.
///
/// # Errors
///
/// Why it cannot be read, in words.
pub fn regular_file(path: &str, limit: u64) -> Result<Vec<u8>, String> {
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() => Err("cannot be read again: is no regular file".to_owned()),
        _ => named_file(path, limit),
    }
}

/// What this machine runs in or under.
fn platforms(environment: &Environment, config: &ResolverConfig) -> Vec<PlatformSign> {
    let addresses = if_addrs::get_if_addrs().unwrap_or_default();
    let interfaces: Vec<(platform::NetworkInterface, Vec<IpAddr>)> = platform::interfaces()
        .into_iter()
        .map(|interface| {
            let own = addresses.iter().filter(|i| i.name == interface.name).map(|i| i.ip());
            let own = own.collect();
            (interface, own)
        })
        .collect();
    signs::platforms(&signs::Surroundings {
        environment,
        exists: &|path| platform::HAS_UNIX_PATHS && Path::new(path).exists(),
        kernel: TextFile::read("/proc/sys/kernel/osrelease", FILE_LIMIT).text.trim(),
        nameservers: &config.nameservers,
        listening: &platform::listening_ports(),
        interfaces: &interfaces,
    })
}

/// The Azure sign of the resolver beside those of the platform (fact T24).
fn azure(config: &ResolverConfig) -> AzureMachine {
    let mut azure = platform::azure_machine();
    if azure.answer == Some(true) && config.nameservers.iter().any(|n| n == "168.63.129.16") {
        azure.signs.push("168.63.129.16 is a configured resolver".to_owned());
    }
    azure
}

/// Reads resolv.conf, and behind a loopback stub the file with its real upstreams.
#[must_use]
pub fn resolvers(
    file: &TextFile,
    upstreams: &TextFile,
) -> (ResolverConfig, Vec<(SocketAddr, ResolverRole)>) {
    let (understood, unread) = without_carriage_returns(&file.text);
    let (parsed, errors) = resolv_conf::Config::parse_with_errors(understood.as_bytes());
    let all: &[ScopedIp] = &parsed.nameservers;
    let (used, ignored) = all.split_at(all.len().min(NAMESERVERS_USED));
    let mut list: Vec<(SocketAddr, ResolverRole)> =
        used.iter().map(|ip| (at_port_53(ip), ResolverRole::Configured)).collect();
    let stub = match used.iter().map(IpAddr::from).collect::<Vec<_>>().as_slice() {
        [address] if address.is_loopback() => {
            let (behind, _) = resolv_conf::Config::parse_with_errors(upstreams.text.as_bytes());
            let behind: Vec<IpAddr> = behind
                .nameservers
                .iter()
                .map(IpAddr::from)
                .filter(|ip| !ip.is_loopback())
                .collect();
            let found = !behind.is_empty();
            list.extend(
                behind.iter().map(|ip| (SocketAddr::new(*ip, 53), ResolverRole::StubUpstream)),
            );
            Some(Stub {
                address: *address,
                upstreams: behind,
                read_from: found.then(|| upstreams.path.clone()),
            })
        }
        _ => None,
    };
    if list.is_empty() {
        // glibc's default when no nameserver is listed (resolv.conf(5)).
        list.push((SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53), ResolverRole::Assumed));
    }
    let config = ResolverConfig {
        path: file.path.clone(),
        state: file.state.clone(),
        nameservers: used.iter().map(|ip| clean(&ip.to_string(), 80)).collect(),
        ignored_nameservers: ignored.iter().map(|ip| clean(&ip.to_string(), 80)).collect(),
        search: parsed
            .get_last_search_or_domain()
            .map(|domain| clean(domain, 255))
            .take(32)
            .collect(),
        options: words_after(&file.text, "options"),
        bad_lines: bad_lines(&understood, &errors).into_iter().chain(unread).take(32).collect(),
        stub,
    };
    (config, list)
}

/// Where a nameserver is asked. A link-local address is nothing without its interface: the kernel
/// refuses to send there.
fn at_port_53(ip: &ScopedIp) -> SocketAddr {
    match ip {
        ScopedIp::V6(address, Some(scope)) => {
            let index = scope.parse().ok().or_else(|| platform::interface_index(scope));
            SocketAddrV6::new(*address, 53, 0, index.unwrap_or(0)).into()
        }
        other => SocketAddr::new(other.into(), 53),
    }
}

/// The interface of a link-local nameserver, as the configuration or the number has it.
#[must_use]
pub fn scope(config: &ResolverConfig, address: SocketAddr) -> Option<String> {
    let SocketAddr::V6(v6) = address else { return None };
    let named = config.nameservers.iter().find_map(|server| {
        let (ip, scope) = server.split_once('%')?;
        (ip.parse() == Ok(*v6.ip())).then(|| scope.to_owned())
    });
    named.or_else(|| (v6.scope_id() != 0).then(|| v6.scope_id().to_string()))
}

/// The text without nameserver lines whose address ends as lines do on Windows, and their numbers:
/// glibc takes the carriage return for a part of the address and passes over the line. What comes
/// behind a space it does not look at.
fn without_carriage_returns(text: &str) -> (String, Vec<u32>) {
    let unread = |line: &str| {
        let rest = line.strip_prefix("nameserver").unwrap_or_default();
        let address = rest.split([' ', '\t']).find(|word| !word.is_empty());
        address.is_some_and(|address| address.ends_with('\r'))
    };
    let numbers = text.split('\n').zip(1..).filter(|(line, _)| unread(line));
    let numbers = numbers.map(|(_, number)| number).collect();
    let lines = text.split('\n').map(|line| if unread(line) { "" } else { line });
    (lines.collect::<Vec<_>>().join("\n"), numbers)
}

/// What the environment changes of it (resolv.conf(5)): `RES_OPTIONS` comes behind the file's
/// options, and `LOCALDOMAIN` takes the place of the search list.
fn by_environment(config: &mut ResolverConfig, environment: &Environment) {
    let words = |name: &str, longest: usize| -> Vec<String> {
        let value = environment.get(name).unwrap_or_default();
        value.split_whitespace().map(|word| clean(word, longest)).take(32).collect()
    };
    config.options.extend(words("RES_OPTIONS", 60));
    let domains = words("LOCALDOMAIN", 255);
    if !domains.is_empty() {
        config.search = domains;
    }
}

/// The words of every line that begins with `keyword`, as written.
fn words_after(text: &str, keyword: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            if words.next() != Some(keyword) {
                return None;
            }
            let rest = words.take_while(|word| !word.starts_with(['#', ';']));
            Some(rest)
        })
        .flatten()
        .map(|word| clean(word, 60))
        .take(32)
        .collect()
}

/// Numbers of the lines that the parser rejects.
fn bad_lines(text: &str, errors: &[resolv_conf::ParseError]) -> Vec<u32> {
    if errors.is_empty() {
        return Vec::new();
    }
    text.lines()
        .zip(1..)
        .filter(|(line, _)| !resolv_conf::Config::parse_with_errors(line.as_bytes()).1.is_empty())
        .map(|(_, number)| number)
        .take(32)
        .collect()
}

/// The sources of the `hosts:` line of nsswitch.conf.
#[must_use]
pub fn nsswitch_hosts(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split('#').next()?.trim().strip_prefix("hosts:"))
        .map(|rest| clean(rest.trim(), 200))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TextFile {
        TextFile { path: "/etc/resolv.conf".to_owned(), state: FileState::Read, text: text.into() }
    }

    #[test]
    fn a_link_local_nameserver_keeps_its_interface() {
        let (config, list) =
            resolvers(&file("nameserver fe80::1%lo\nnameserver fe80::2%7\n"), &file(""));
        assert_eq!(config.nameservers, ["fe80::1%lo", "fe80::2%7"]);
        let index = platform::interface_index("lo").unwrap_or(0);
        let asked: Vec<SocketAddr> = list.iter().map(|(address, _)| *address).collect();
        let at = |text: &str, index| SocketAddrV6::new(text.parse().unwrap(), 53, 0, index).into();
        assert_eq!(asked, [at("fe80::1", index), at("fe80::2", 7)]);
        assert_eq!(scope(&config, asked[0]).as_deref(), Some("lo"));
        assert_eq!(scope(&config, ([10, 1, 0, 10], 53).into()), None);
        assert_eq!(platform::interface_index("../net/lo"), None);
    }

    #[test]
    fn openssl_finds_a_root_in_a_folder_by_the_hash_of_its_subject() {
        for (name, found) in [
            ("607986c7.0", true),
            ("607986c7.12", true),
            ("DigiCert_Global_Root_G2.pem", false),
            ("607986c7.pem", false),
            ("607986c7.r0", false),
            ("607986c7.", false),
            ("607986c7", false),
        ] {
            assert_eq!(is_hash_name(name), found, "{name}");
        }
    }

    #[test]
    fn garbage_lines_lose_nothing_else() {
        let (config, list) = resolvers(
            &file(
                "nameserver 10.1.0.10\nnameserver not-an-address\n\u{1}\u{2}garbage\nsearch corp.example lab\noptions ndots:5 single-request\nnameserver 10.1.0.11\nnameserver 10.1.0.12\nnameserver 10.1.0.13\n",
            ),
            &file(""),
        );
        assert_eq!(config.nameservers, ["10.1.0.10", "10.1.0.11", "10.1.0.12"]);
        assert_eq!(config.ignored_nameservers, ["10.1.0.13"]);
        assert_eq!(config.search, ["corp.example", "lab"]);
        assert_eq!(config.options, ["ndots:5", "single-request"]);
        assert!(config.bad_lines.contains(&2), "{:?}", config.bad_lines);
        assert_eq!(list.len(), 3);
    }

    #[test]
    fn a_line_of_windows_names_no_nameserver_to_the_c_library() {
        let (config, list) = resolvers(
            &file("options timeout:2 # why\r\nnameserver 10.1.0.10\r\noptions rotate\r\n"),
            &file(""),
        );
        assert_eq!((config.nameservers.len(), config.bad_lines), (0, vec![2]));
        assert_eq!(config.options, ["timeout:2", "rotate"]);
        assert_eq!(list, [("127.0.0.1:53".parse().unwrap(), ResolverRole::Assumed)]);
        // Behind a space it does no harm.
        let (config, _) =
            resolvers(&file("nameserver 10.1.0.10 \r\nnameserver 10.1.0.11\t# hub\r\n"), &file(""));
        assert_eq!(config.nameservers, ["10.1.0.10", "10.1.0.11"]);
    }

    #[test]
    fn the_environment_changes_options_and_search_list() {
        let (mut config, _) = resolvers(&file("search a.example\noptions ndots:1\n"), &file(""));
        let pairs = [("RES_OPTIONS", "use-vc ndots:9"), ("LOCALDOMAIN", "b.example c.example")];
        let environment =
            Environment::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        by_environment(&mut config, &environment);
        assert_eq!(config.options, ["ndots:1", "use-vc", "ndots:9"]);
        assert_eq!(config.search, ["b.example", "c.example"]);
    }

    #[test]
    fn a_stub_shows_its_upstreams_and_no_resolver_means_loopback() {
        let (config, list) =
            resolvers(&file("nameserver 127.0.0.53\n"), &file("nameserver 10.1.0.10\n"));
        assert_eq!(config.stub.unwrap().upstreams, ["10.1.0.10".parse::<IpAddr>().unwrap()]);
        assert_eq!(list[1], ("10.1.0.10:53".parse().unwrap(), ResolverRole::StubUpstream));
        let (_, list) = resolvers(&file(""), &file(""));
        assert_eq!(list, [("127.0.0.1:53".parse().unwrap(), ResolverRole::Assumed)]);
    }

    #[test]
    fn detours_match_name_or_address() {
        let detour = |host: Option<&str>| Detour {
            host: host.map(str::to_owned),
            port: Some(443),
            to_address: Some("127.0.0.1".parse().unwrap()),
            to_port: Some(8443),
        };
        let mut world =
            World { detours: vec![detour(Some("10.3.0.5"))], ..World::of_this_machine() };
        let at = |a: &str| a.parse::<SocketAddr>().unwrap();
        assert_eq!(world.detour("a.openai.azure.com", at("10.3.0.5:443")), at("127.0.0.1:8443"));
        assert_eq!(world.detour("a.openai.azure.com", at("10.3.0.6:443")), at("10.3.0.6:443"));
        world.detours = vec![detour(Some("A.openai.azure.com"))];
        assert_eq!(world.detour("a.openai.azure.com", at("10.3.0.6:443")), at("127.0.0.1:8443"));
        world.detours = vec![detour(None)];
        assert_eq!(world.detour("x", at("10.3.0.6:80")), at("10.3.0.6:80"));
    }
}
