//! Addresses that lead into a tunnel, and connections that something on this machine takes: the
//! real target behind them is not seen. Facts only, no judgement.

use std::net::IpAddr;

use super::vantage::{Interface, Platform};
use super::{AddressClass, Evidence, classify, is_mesh_pool, is_synthetic_pool};

/// Kinds of interface behind which a program of this machine takes packets.
const TAKES_PACKETS: &[&str] = &["tun", "wireguard"];

/// A connection to another subnet that is established faster than this, in milliseconds, was not
/// accepted there: light in glass goes 20 km in that time, and each router costs as much.
const TOO_FAST_MS: f64 = 0.3;

/// What shows that an address is one that a client on this machine made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelAddress {
    /// The sign, in words.
    pub sign: String,
    /// Where in the evidence it is.
    pub pointer: String,
    /// Whether the tunnel's device is down: then that is why nothing answers.
    pub down: bool,
    /// What made the address up.
    pub maker: Maker,
}

/// What makes addresses up and takes the connections to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// A VPN or zero-trust client.
    Client,
    /// A service mesh: its sidecar or node proxy.
    Mesh,
}

impl Maker {
    /// What an address of it is called.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Client => "tunnel address",
            Self::Mesh => "service mesh address",
        }
    }

    /// What takes a connection to it.
    #[must_use]
    pub const fn acceptor(self) -> &'static str {
        match self {
            Self::Client => "a tunnel's client",
            Self::Mesh => "a sidecar",
        }
    }
}

/// Whether applications' address is a synthetic one of a zero-trust or VPN client, so that the
/// real target is unknown (facts X6, X44).
///
/// 6.6.0.0/16 and 198.18.0.0/15 have no service of Azure. 100.64.0.0/10 may also be a virtual
/// network's own: a tunnel device on the route, or a client on this machine, decides. Of any other
/// address the resolvers' silence about it beside such a route does.
#[must_use]
pub fn address(e: &Evidence, address: IpAddr) -> Option<TunnelAddress> {
    if let Some(of_mesh) = mesh_address(e, address) {
        return Some(of_mesh);
    }
    let route = device(e, address);
    let pool = is_synthetic_pool(address);
    if pool && let Some((pointer, interface)) = &route {
        return Some(TunnelAddress {
            sign: format!(
                "the route to {address} leaves through {}, a tunnel device",
                interface.name
            ),
            pointer: pointer.clone(),
            down: !interface.running,
            maker: Maker::Client,
        });
    }
    if pool && classify(address) != AddressClass::SharedPrivate {
        return Some(TunnelAddress {
            sign: format!(
                "{address} is in a range in which no service of Azure has an address, and from \
                 which VPN and zero-trust clients make answers up"
            ),
            pointer: "/dns/selected".to_owned(),
            down: false,
            maker: Maker::Client,
        });
    }
    let client = e.vantage.platforms.iter().position(|s| s.platform == Platform::ZeroTrust);
    if pool
        && let Some(index) = client
        && !given_by_resolver(e, address)
    {
        return Some(TunnelAddress {
            sign: format!(
                "a zero-trust client is on this machine ({}), and no resolver gives {address}",
                e.vantage.platforms[index].sign
            ),
            pointer: format!("/vantage/platforms/{index}"),
            down: false,
            maker: Maker::Client,
        });
    }
    // A split tunnel carries real addresses too: those the resolvers give.
    let (pointer, interface) = route?;
    let answered = e.dns.resolvers.iter().any(|r| !r.addresses(&e.dns.name).is_empty());
    let pinned = e.vantage.hosts.lines.iter().any(|line| line.address == address);
    let system = e.dns.system_addresses().contains(&address);
    (system && answered && !pinned && !given_by_resolver(e, address)).then(|| TunnelAddress {
        sign: format!(
            "no resolver gives {address}, and the route to it leaves through {}, a tunnel device",
            interface.name
        ),
        pointer,
        down: !interface.running,
        maker: Maker::Client,
    })
}

/// Whether a service mesh made the address up for a host outside it (fact X70).
///
/// No machine has an address of these ranges, so in a pod only a mesh gives one; a mesh without
/// sidecars (a proxy on the node) leaves no other sign in the pod.
fn mesh_address(e: &Evidence, address: IpAddr) -> Option<TunnelAddress> {
    if !is_mesh_pool(address) {
        return None;
    }
    let on = |wanted: Platform| e.vantage.platforms.iter().position(|s| s.platform == wanted);
    let index = on(Platform::ServiceMesh).or_else(|| on(Platform::Kubernetes))?;
    Some(TunnelAddress {
        sign: format!(
            "{address} is in a reserved range from which service meshes give addresses to hosts \
             outside them ({})",
            e.vantage.platforms[index].sign
        ),
        pointer: format!("/vantage/platforms/{index}"),
        down: false,
        maker: Maker::Mesh,
    })
}

/// Whether an address is a private one that leads to its owner: no synthetic one of a tunnel.
#[must_use]
pub fn is_private(e: &Evidence, ip: IpAddr) -> bool {
    e.dns.class(ip).is_private() && address(e, ip).is_none()
}

/// Whether an address is a public one that leads to its owner: no synthetic one of a tunnel.
#[must_use]
pub fn is_public(e: &Evidence, ip: IpAddr) -> bool {
    e.dns.class(ip).is_public() && address(e, ip).is_none()
}

/// The first address that applications get and that is a synthetic one.
#[must_use]
pub fn of_application(e: &Evidence) -> Option<(IpAddr, TunnelAddress)> {
    let walked = e.tcp.value().and_then(|tcp| tcp.selected);
    let (first, others): (Vec<IpAddr>, Vec<IpAddr>) =
        e.dns.effective().into_iter().partition(|address| Some(*address) == walked);
    first.into_iter().chain(others).find_map(|one| Some((one, address(e, one)?)))
}

/// Whether a resolver's own answer holds the address.
fn given_by_resolver(e: &Evidence, address: IpAddr) -> bool {
    e.dns.resolvers.iter().any(|r| r.addresses(&e.dns.name).contains(&address))
}

/// The tunnel device through which the route to an address leaves.
fn device(e: &Evidence, address: IpAddr) -> Option<(String, &Interface)> {
    e.vantage.sources.iter().enumerate().find_map(|(index, source)| {
        let interface = source.route.as_ref()?.interface.as_ref()?;
        let tunnel = interface.kind.as_deref().is_some_and(|kind| TAKES_PACKETS.contains(&kind));
        (source.towards == address && tunnel)
            .then(|| (format!("/vantage/sources/{index}/route"), interface))
    })
}

/// What of this machine took the walked connection: a tunnel's client or a sidecar.
#[must_use]
pub fn taken_by(e: &Evidence) -> Option<&'static str> {
    taken_here(e)?;
    let to = e.tcp.value()?.selected?;
    Some(address(e, to).map_or(Maker::Mesh, |one| one.maker).acceptor())
}

/// Why a connection to the walked address proves nothing, if something on this machine took it:
/// the words, and where they were read (fact X43).
#[must_use]
pub fn taken_here(e: &Evidence) -> Option<(String, String)> {
    let tcp = e.tcp.value()?;
    let attempt = tcp.walked_attempt()?;
    let to = attempt.address.ip();
    if let Some(tunnel) = address(e, to) {
        return Some((tunnel.sign, tunnel.pointer));
    }
    let mut signs = e.vantage.platforms.iter().enumerate();
    if let Some((index, sign)) = signs.find(|(_, s)| s.platform == Platform::ServiceMesh) {
        return Some((
            format!("a service mesh takes this machine's connections ({})", sign.sign),
            format!("/vantage/platforms/{index}"),
        ));
    }
    let (index, towards) =
        e.vantage.sources.iter().enumerate().find(|(_, source)| source.towards == to)?;
    let routed = towards.route.as_ref().is_some_and(|route| route.gateway.is_some());
    let pod = e.vantage.is_on(Platform::Kubernetes) || e.vantage.is_on(Platform::ContainerApps);
    (pod && routed && !e.options.connect_to_given && attempt.took_ms < TOO_FAST_MS).then(|| {
        (
            format!(
                "the connection to {to}, which is in another subnet, was established in {:.1} ms: \
                 something on this machine took it, as a sidecar of a service mesh does",
                attempt.took_ms
            ),
            format!("/vantage/sources/{index}/route"),
        )
    })
}
