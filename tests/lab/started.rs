//! Starts the servers of a world, each where the world has it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use aoai_probe::evidence::dns::{ResolverRole, SystemAnswer};
use aoai_probe::target::Target;
use aoai_probe::world::FixedAnswer;
use tokio::sync::oneshot;

use super::certificates::authorities;
use super::tap::Received;
use super::world::{self, LeadsTo, PROXY, Role, System, World};
use super::{Lab, NOW, azure, dns, port, proxy, server};

/// Where everything stands.
#[derive(Default)]
pub(super) struct Started {
    /// Resolvers with their roles.
    pub(super) resolvers: Vec<(SocketAddr, ResolverRole)>,
    /// `--connect-to`: from the addresses of the world to the ports of loopback.
    pub(super) connect_to: Vec<String>,
    /// What `getaddrinfo` gives.
    pub(super) system: BTreeMap<String, FixedAnswer>,
}

/// What must live as long as the lab.
#[derive(Default)]
struct Kept {
    _resolvers: Vec<dns::Running>,
    _sockets: Vec<socket2::Socket>,
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
