//! An Azure in miniature on loopback: resolvers, servers and a proxy of our own, and the
//! `World` and command line that lead the real walk to them. Needs no root and no network.

pub mod answers;
pub mod azure;
pub mod certificates;
pub mod dns;
pub mod http;
pub mod port;
pub mod proxy;
pub mod server;
pub mod services;
pub mod tap;
pub mod views;
pub mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use aoai_probe::args::{Check, Cli, Command};
use aoai_probe::evidence::dns::{ResolverRole, SystemAnswer};
use aoai_probe::evidence::vantage::{AzureMachine, FileState, ResolverConfig};
use aoai_probe::target::Target;
use aoai_probe::wire::roots::SystemStore;
use aoai_probe::world::{Environment, FixedAnswer, SystemLookup, TextFile, signs};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser as _;
use tokio::sync::oneshot;

use certificates::authorities;
use tap::Received;
use world::{CredentialKind, LeadsTo, PROXY, Role, System, World};

/// The lab's clock, 2026-06-01T12:00:00Z: seconds since 1970.
pub const NOW: i64 = 1_780_315_200;
/// What every planted secret contains, and nothing else does.
pub const CANARY: &str = "canary-";
/// The planted API key.
pub const KEY: &str = "canary-key-7d41b6f0c2a94be1";

/// An API key that the service refuses.
pub const WRONG_KEY: &str = "canary-of-another-account-0b9d";

/// A lab that runs until it is dropped.
pub struct Lab {
    /// What the servers received.
    pub received: Received,
    /// What Resource Manager and the login host received.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub azure_received: Received,
    /// Resource Manager, where the world has Azure.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub azure: Option<Arc<azure::Mock>>,
    world: Arc<World>,
    started: Started,
    ca_file: tempfile::NamedTempFile,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Where everything stands.
#[derive(Default)]
struct Started {
    /// Resolvers with their roles.
    resolvers: Vec<(SocketAddr, ResolverRole)>,
    /// `--connect-to`: from the addresses of the world to the ports of loopback.
    connect_to: Vec<String>,
    /// What `getaddrinfo` gives.
    system: BTreeMap<String, FixedAnswer>,
}

/// What must live as long as the lab.
#[derive(Default)]
struct Kept {
    _resolvers: Vec<dns::Running>,
    _sockets: Vec<socket2::Socket>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Lab {
    /// Starts every server of a world, on a thread of their own.
    ///
    /// # Errors
    /// A socket or file cannot be had, or the world makes no sense.
    pub fn start(world: &Arc<World>) -> Result<Self, String> {
        use std::io::Write as _;
        let received = Received::default();
        let azure_received = Received::default();
        let azure = world
            .azure
            .as_ref()
            .map(|azure| azure::Mock::new(azure, NOW))
            .transpose()?
            .map(Arc::new);
        let mut ca_file = tempfile::NamedTempFile::new().map_err(|e| e.to_string())?;
        ca_file.write_all(authorities().root_pem().as_bytes()).map_err(|e| e.to_string())?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let theirs = (Arc::clone(world), received.clone());
        let azures = (azure.clone(), azure_received.clone());
        let thread = std::thread::Builder::new()
            .name("lab".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(error.to_string()))),
                };
                runtime.block_on(async move {
                    let mut both = start(&theirs.0, &theirs.1).await;
                    if let (Ok((started, _)), (Some(mock), received)) = (&mut both, &azures)
                        && let Err(error) = start_azure(&theirs.0, mock, received, started).await
                    {
                        both = Err(error);
                    }
                    match both {
                        Err(error) => drop(tell.send(Err(error.to_string()))),
                        Ok((started, _kept)) => {
                            drop(tell.send(Ok(started)));
                            let _ = stopped.await;
                        }
                    }
                });
            })
            .map_err(|e| e.to_string())?;
        let started = told.recv().map_err(|e| e.to_string())??;
        let world = Arc::clone(world);
        Ok(Self {
            received,
            azure_received,
            azure,
            world,
            started,
            ca_file,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The command line that a user would type, after the program's name.
    pub fn arguments(&self) -> Vec<String> {
        let mut all = vec![self.world.target.clone()];
        all.extend(self.world.arguments.iter().cloned());
        all.extend(self.azure_arguments(true));
        for (address, role) in &self.started.resolvers {
            if *role == ResolverRole::Given {
                all.extend(["--resolver".to_owned(), address.to_string()]);
            }
        }
        for detour in &self.started.connect_to {
            all.extend(["--connect-to".to_owned(), detour.clone()]);
        }
        #[expect(clippy::cast_precision_loss, reason = "a few thousand milliseconds")]
        let seconds = self.world.timeout_ms as f64 / 1e3;
        all.extend(["--timeout".to_owned(), seconds.to_string()]);
        if self.world.ca_file {
            all.extend(["--ca-file".to_owned(), self.ca_file.path().display().to_string()]);
        }
        all
    }

    /// What asks Resource Manager in the run itself, or about its saved report.
    pub fn azure_arguments(&self, here: bool) -> Vec<String> {
        let is_here = |azure: &&azure::world::Azure| {
            (azure.asks_from == Some(azure::world::From::Run)) == here
        };
        let Some(azure) = self.world.azure.as_ref().filter(is_here) else {
            return Vec::new();
        };
        let mut all = azure.options();
        if !here {
            for detour in &self.started.connect_to {
                all.extend(["--connect-to".to_owned(), detour.clone()]);
            }
            all.extend(["--ca-file".to_owned(), self.ca_file.path().display().to_string()]);
            all.extend(["--timeout", "4"].map(str::to_owned));
        }
        all
    }

    /// `[defaults]` of an inventory that says the same as the command line.
    pub fn defaults(&self) -> String {
        let quoted = |texts: &[String]| {
            let all: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            format!("[{}]", all.join(", "))
        };
        let given = self.started.resolvers.iter().filter(|(_, role)| *role == ResolverRole::Given);
        let given: Vec<String> = given.map(|(address, _)| address.to_string()).collect();
        let mut text = format!(
            "[defaults]\ntimeout = \"{}ms\"\nresolvers = {}\nconnect_to = {}\n",
            self.world.timeout_ms,
            quoted(&given),
            quoted(&self.started.connect_to)
        );
        if self.world.ca_file {
            text.push_str(&format!("ca_file = {:?}\n", self.ca_file.path().display().to_string()));
        }
        text
    }

    #[allow(dead_code, reason = "the lab that stays up alone asks for it")]
    /// A target of an inventory: what leads the program itself, on this machine, to this lab.
    pub fn target(&self, name: &str, key_file: &std::path::Path) -> String {
        let resolvers: Vec<String> =
            self.started.resolvers.iter().map(|(address, _)| address.to_string()).collect();
        format!(
            "[[target]]\ntarget = {:?}\nname = {name:?}\nresolvers = {resolvers:?}\nconnect_to = \
             {:?}\nca_file = {:?}\napi_key_file = {key_file:?}\ntimeout = \"2s\"\n\n",
            self.world.target,
            self.started.connect_to,
            self.ca_file.path().display().to_string(),
        )
    }

    /// The command line with these options, parsed by the program itself.
    ///
    /// # Errors
    /// It is no command line of the program's.
    pub fn check(&self, options: &[&str]) -> Result<Check, String> {
        let words = std::iter::once("aoai-probe".to_owned())
            .chain(self.arguments())
            .chain(options.iter().map(|&option| option.to_owned()));
        let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        Ok(match cli.command {
            Some(Command::Check(check)) => *check,
            _ => cli.check,
        })
    }

    /// The outside of the walk.
    pub fn world(&self) -> aoai_probe::world::World {
        let world = &self.world;
        let configured: Vec<String> = self
            .started
            .resolvers
            .iter()
            .filter(|(_, role)| *role == ResolverRole::Configured)
            .map(|(address, _)| address.ip().to_string())
            .collect();
        let state = match world.machine.resolver_config_unreadable {
            true => FileState::Unreadable { message: "Permission denied".to_owned() },
            false => FileState::Read,
        };
        let now = u64::try_from(NOW + world.machine.clock_ahead_s).unwrap_or_default();
        let environment = Environment::from_pairs(self.environment());
        aoai_probe::world::World {
            platforms: signs::platforms(&signs::Surroundings {
                environment: &environment,
                exists: &|_| false,
                arc_agent: None,
                kernel: "",
                nameservers: &[],
                listening: &[],
                interfaces: &[],
            }),
            environment,
            host: "lab".to_owned(),
            os: "linux x86_64".to_owned(),
            azure: AzureMachine { answer: Some(world.machine.azure), signs: Vec::new() },
            interfaces: match world.azure {
                None => aoai_probe::world::interfaces().into(),
                Some(_) => [(IpAddr::from([10, 1, 0, 20]), "eth0".to_owned())].into(),
            },
            default_gateways: Vec::new(),
            system_proxies: None,
            resolver_config: match world.machine.resolver_config_not_read {
                true => aoai_probe::world::not_read(),
                false => ResolverConfig {
                    path: "/etc/resolv.conf".to_owned(),
                    state,
                    nameservers: configured,
                    ignored_nameservers: Vec::new(),
                    search: Vec::new(),
                    options: Vec::new(),
                    environment_options: 0,
                    bad_lines: Vec::new(),
                    octal_lines: Vec::new(),
                    stub: None,
                    interfaces: Vec::new(),
                    policies: Vec::new(),
                },
            },
            resolvers: self
                .started
                .resolvers
                .iter()
                .copied()
                .filter(|(_, role)| {
                    *role != ResolverRole::Given && !world.machine.resolver_config_not_read
                })
                .collect(),
            hosts: TextFile {
                path: "/etc/hosts".to_owned(),
                state: FileState::Read,
                text: format!("127.0.0.1 localhost\n{}\n", world.machine.hosts).into(),
            },
            nsswitch_hosts: Some("files dns".to_owned()),
            lookup: SystemLookup::Fixed(self.started.system.clone()),
            lookup_by: Some("glibc 2.36".to_owned()),
            resolver_settings: None,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(now),
            system_store: SystemStore::Pem(match world.machine.corporate_root {
                true => authorities().corporate_pem().as_bytes().to_vec(),
                false => Vec::new(),
            }),
            connect_overrides: Vec::new(),
            arc_agent: false,
            shared_roots: Arc::default(),
            peer_limiter: None,
            tally: None,
        }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let world = &self.world;
        let mut pairs: Vec<(String, String)> = world
            .machine
            .environment
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let (name, value) = match world.credential.kind {
            CredentialKind::Key => ("AZURE_OPENAI_API_KEY", KEY.to_owned()),
            CredentialKind::KeyWithLineEnd => ("AZURE_OPENAI_API_KEY", format!("{KEY}\n")),
            CredentialKind::KeyAsToken => ("AZURE_OPENAI_AD_TOKEN", KEY.to_owned()),
            CredentialKind::Token => ("AZURE_OPENAI_AD_TOKEN", token(world)),
            CredentialKind::TokenAsKey => ("AZURE_OPENAI_API_KEY", token(world)),
            CredentialKind::SearchKey => ("AZURE_SEARCH_API_KEY", KEY.to_owned()),
            CredentialKind::DocumentKey => ("DOCUMENTINTELLIGENCE_API_KEY", KEY.to_owned()),
            CredentialKind::None => ("LANG", "C.UTF-8".to_owned()),
        };
        pairs.push((name.to_owned(), value));
        if let Some(azure) = &world.azure {
            pairs.extend(azure.environment());
        }
        if let Some(proxy) = &world.proxy {
            pairs.push((proxy.variable.clone(), proxy.url.clone()));
        }
        pairs
    }
}

/// A JWT for the right audience, valid now, with the claims that a world changes.
pub fn token(world: &World) -> String {
    let credential = &world.credential;
    let mut claims = serde_json::json!({
        "aud": "https://cognitiveservices.azure.com",
        "iss": "https://sts.windows.net/6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f/",
        "tid": "6b1d3f8e-0a9e-4c8e-9d0b-0f6f0f6f0f6f",
        "oid": "7d1c8e0a-5a86-4b52-bb1c-3c4f3c1f9a11",
        "appid": "11111111-2222-3333-4444-555555555555",
        "idtyp": "app",
        "nbf": NOW + credential.not_before_in_s.unwrap_or(-60),
        "exp": NOW + credential.expires_in_s.unwrap_or(3600),
        "ver": "1.0",
    });
    for (name, value) in &credential.claims {
        claims[name] = serde_json::to_value(value).unwrap_or_default();
    }
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let header = serde_json::json!({ "typ": "JWT", "alg": "RS256" });
    format!("{}.{}.canary-token-signature", part(header.to_string()), part(claims.to_string()))
}

/// Starts everything; runs on the lab's own runtime.
async fn start(world: &World, received: &Received) -> io::Result<(Started, Kept)> {
    let mut started = Started::default();
    let mut kept = Kept::default();
    resolvers(world, &mut started, &mut kept).await?;
    let seconds = u64::try_from(NOW).unwrap_or_default();
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    let mut ports: BTreeMap<IpAddr, SocketAddr> = BTreeMap::new();
    let port =
        Target::parse(&world.target, None).map_or(443, |target| target.seen.port).to_string();
    for one in [&world.private, &world.public].into_iter().chain(&world.server) {
        let opened = port::open(one.port)?;
        kept._sockets.extend(opened.kept);
        if let Some(listener) = opened.listener {
            let config =
                authorities().server(one.certificate, one.tls.alpn()).map_err(io::Error::other)?;
            let date = match one.certificate {
                // By the machine's own clock, at each answer.
                world::Certificate::LongLived => String::new(),
                _ => date.clone(),
            };
            let server = one.clone();
            tokio::spawn(server::run(listener, server, config, date, received.clone()));
        }
        for at in &one.at {
            ports.insert(*at, opened.address);
            started.connect_to.push(detour(*at, &port, opened.address));
        }
    }
    if let Some(proxy) = &world.proxy {
        let at = match proxy.leads_to {
            LeadsTo::Private => world.private.at.first(),
            LeadsTo::Public => world.public.at.first(),
        };
        let to = at.and_then(|at| ports.get(at)).copied();
        let to = to.ok_or_else(|| io::Error::other("the proxy leads nowhere"))?;
        let opened = port::open(proxy.port)?;
        kept._sockets.extend(opened.kept);
        if let Some(listener) = opened.listener {
            tokio::spawn(proxy::run(listener, proxy.clone(), to, received.clone()));
        }
        let address: IpAddr = PROXY.parse().map_err(io::Error::other)?;
        started.connect_to.push(detour(address, "", opened.address));
        if !started.system.contains_key("proxy.corp.example") {
            let addresses = vec![address];
            started.system.insert(
                "proxy.corp.example".to_owned(),
                SystemAnswer::Addresses { addresses }.into(),
            );
        }
    }
    // Nothing leaves this machine: every other address is a closed port here.
    let nowhere = port::open(world::Port::Closed)?;
    kept._sockets.extend(nowhere.kept);
    started.connect_to.push(format!("::{}:{}", nowhere.address.ip(), nowhere.address.port()));
    Ok((started, kept))
}

/// Starts Resource Manager, the login host and the metadata service.
async fn start_azure(
    world: &World,
    mock: &Arc<azure::Mock>,
    received: &Received,
    started: &mut Started,
) -> io::Result<()> {
    use azure::server::{Keep, Service, run};
    for (service, address, port) in [
        (Service::ResourceManager, azure::HOST_ADDRESS, "443"),
        (Service::Login, azure::LOGIN_ADDRESS, "443"),
        (Service::Metadata, azure::METADATA_ADDRESS, "80"),
    ] {
        // Programs that are not ours read the real clock.
        let kind = world::Certificate::LongLived;
        let config = authorities().server(kind, "http/1.1").map_err(io::Error::other)?;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address: IpAddr = address.parse().map_err(io::Error::other)?;
        // The world has a server of its own there.
        if world.server.iter().any(|server| server.at.contains(&address)) {
            continue;
        }
        // Before the one that leads everything else nowhere.
        started.connect_to.insert(0, detour(address, port, listener.local_addr()?));
        let received = received.clone();
        let keep: Keep = Arc::new(move |bytes, _| received.request(bytes));
        tokio::spawn(run(listener, service, Arc::clone(mock), config, keep));
    }
    Ok(())
}

async fn resolvers(world: &World, started: &mut Started, kept: &mut Kept) -> io::Result<()> {
    let target = Target::parse(&world.target, None).map_err(io::Error::other)?;
    let mut names: Vec<String> =
        std::iter::once(target.seen.host.clone()).chain(target.original_host.clone()).collect();
    if world.azure.is_some() {
        names.extend([azure::HOST, azure::LOGIN].map(str::to_owned));
    }
    let assumed = world::Resolver { does: world::ResolverDoes::Closed, ..Default::default() };
    let list: Vec<(&world::Resolver, ResolverRole)> = match world.machine.no_resolver {
        true => vec![(&assumed, ResolverRole::Assumed)],
        false => world
            .resolver
            .iter()
            .map(|resolver| match resolver.role {
                Role::Configured => (resolver, ResolverRole::Configured),
                Role::Given => (resolver, ResolverRole::Given),
            })
            .collect(),
    };
    for (number, (resolver, role)) in (0_u8..).zip(list) {
        let running = dns::start(resolver, number, &names).await?;
        started.resolvers.push((running.address, role));
        if role == ResolverRole::Configured {
            for (name, system) in &running.system {
                started.system.entry(name.clone()).or_insert_with(|| answer(system));
            }
        }
        kept._resolvers.push(running);
    }
    for name in names {
        started
            .system
            .entry(name)
            .or_insert_with(|| SystemAnswer::Failed { code: "EAI_AGAIN".to_owned() }.into());
    }
    for (name, system) in &world.system {
        started.system.insert(name.clone(), answer(system));
    }
    Ok(())
}

fn answer(system: &System) -> FixedAnswer {
    match system {
        System::Addresses(addresses) => {
            SystemAnswer::Addresses { addresses: addresses.clone() }.into()
        }
        System::Late { addresses, after_ms } => FixedAnswer {
            answer: SystemAnswer::Addresses { addresses: addresses.clone() },
            after: Duration::from_millis(*after_ms),
        },
        System::Word(word) if word == "stalls" => SystemAnswer::Stalled.into(),
        System::Word(code) => SystemAnswer::Failed { code: code.clone() }.into(),
    }
}

fn detour(from: IpAddr, port: &str, to: SocketAddr) -> String {
    let from = match from {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    format!("{from}:{port}:{}:{}", to.ip(), to.port())
}
