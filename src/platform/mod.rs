//! What only the operating system knows: TCP_INFO, the socket error queue, the error code of
//! `getaddrinfo`, routes and neighbours, signs of an Azure machine.
//!
//! Each OS has the same functions; those of `other.rs` report that nothing is known. This is the only
//! module with `unsafe`. It does not interpret what it reads.

#[cfg(all(any(target_os = "linux", target_os = "macos"), not(feature = "platform_other")))]
mod unix;

#[cfg(all(target_os = "linux", not(feature = "platform_other")))]
mod linux;
#[cfg(all(target_os = "linux", not(feature = "platform_other")))]
use linux as os;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as os;

#[cfg(all(target_os = "macos", not(feature = "platform_other")))]
mod macos;
#[cfg(all(target_os = "macos", not(feature = "platform_other")))]
use macos as os;

#[cfg(not(any(
    windows,
    all(any(target_os = "linux", target_os = "macos"), not(feature = "platform_other"))
)))]
mod other;
#[cfg(not(any(
    windows,
    all(any(target_os = "linux", target_os = "macos"), not(feature = "platform_other"))
)))]
use other as os;

/// What Windows hands out is read on every system that runs the tests.
#[cfg(all(test, not(windows)))]
#[path = "windows/readers/mod.rs"]
mod windows_readers;

/// What macOS hands out, too.
#[cfg(all(test, not(all(target_os = "macos", not(feature = "platform_other")))))]
#[path = "macos/readers/mod.rs"]
mod macos_readers;

mod memory;
mod program;
mod resolver_settings;

pub use memory::Allocator;
pub use program::run_program;
pub use resolver_settings::{
    Adapter, RegistryRule, ResolverSettings, ScopedResolver, ScopedResolvers, SystemResolvers,
};

pub use os::{
    READS_RESOLV_CONF, RUNS_PROXY_SCRIPTS, azure_machine, c_library, default_gateways,
    default_signals, end_programs, has_no_reader, host_name, interface_index, interfaces,
    listening_ports, lookup, lookup_by, open_files, open_to_write, processor_time, protect_process,
    proxy_by_script, read_icmp, report_icmp, resolver_settings, route_changes, routes,
    run_as_service, shows_codes, system_proxies, tcp_info, tunnels_down, write_event,
};
#[cfg(windows)]
pub use os::{ServiceRequest, ServiceRequests, echo, open_to, service_requests};

use crate::evidence::tcp::IcmpMeaning;

/// Whether paths of Unix such as `/etc/hosts` mean anything here: on Windows any user may create
/// them.
pub const HAS_UNIX_PATHS: bool = cfg!(unix);

/// Whether a trace sends ICMP echo requests where other systems send UDP: Windows reports no ICMP error
/// of a datagram with its sender, and lets every program send echo requests.
pub const TRACES_BY_ECHO: bool = cfg!(windows);

/// No echo requests: this system traces by UDP.
///
/// # Errors
///
/// Always.
#[cfg(not(windows))]
pub async fn echo(
    _: std::net::IpAddr,
    _: u8,
    _: std::time::Duration,
) -> std::io::Result<Option<EchoAnswer>> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// The asset tag that Azure gives to the chassis of every virtual machine (fact T24).
#[cfg(any(windows, all(target_os = "linux", not(feature = "platform_other"))))]
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// The proxy settings that a system has in addition to the variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemProxies {
    /// Those of this user (WinINET, "Internet Options"), on macOS those of its primary network service;
    /// none where they are not shown.
    pub user: Option<ProxySettings>,
    /// Those of services (WinHTTP); none where they are not shown.
    pub services: Option<ProxySettings>,
}

/// Proxy settings as the system keeps them. Their texts may hold a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ProxySettings {
    /// Whether clients look for a script by DHCP and DNS (WPAD).
    pub auto_detect: bool,
    /// The URL of a script that decides (PAC).
    pub script: Option<String>,
    /// One proxy for all, or one for each scheme: `proxy:8080`, `http=a:80;https=b:80`.
    pub servers: Option<String>,
    /// What is asked directly, between semicolons or blanks: `*.corp;10.*;<local>`.
    pub bypass: Option<String>,
}

impl std::fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxySettings").finish_non_exhaustive()
    }
}

/// What the system made of a proxy script (PAC) for one URL. The list may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub enum ScriptAnswer {
    /// A list of proxies, as the system has it: `a:8080;b:8080`.
    Proxies(String),
    /// No proxy.
    Direct,
    /// The script could not be fetched or run: the system's number for it.
    Failed(u32),
}

impl std::fmt::Debug for ScriptAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Proxies(_) => f.write_str("Proxies"),
            Self::Direct => f.write_str("Direct"),
            Self::Failed(code) => write!(f, "Failed({code})"),
        }
    }
}

/// How packets to an address leave this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTowards {
    /// The source address that the kernel gives them, where it reports one.
    pub source: Option<std::net::IpAddr>,
    /// The route.
    pub route: crate::evidence::vantage::Route,
}

/// Whether routes, or what they depend on, may have changed since it was asked the last time.
pub type RouteChanges = Box<dyn FnMut() -> bool + Send>;

/// A network interface that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkInterface {
    /// Its name.
    pub name: String,
    /// Its kind, as `ip -d link` shows it: `tun`, `wireguard`; none for a plain device, or where the OS
    /// does not report it.
    pub kind: Option<String>,
}

impl NetworkInterface {
    /// Whether packets leave it through a tunnel, by its kind or else by its name.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        match self.kind.as_deref() {
            Some(kind) => TUNNELS.contains(&kind),
            None => ["tun", "utun", "wg"].iter().any(|start| self.name.starts_with(start)),
        }
    }
}

/// Kinds of interface that carry packets through a tunnel, where a VPN has one.
const TUNNELS: &[&str] = &[
    "tun",
    "wireguard",
    "ipip",
    "gre",
    "gretap",
    "sit",
    "ip6tnl",
    "ip6gre",
    "vti",
    "vti6",
    "xfrm",
    "ipsec",
    "gif",
    "ppp",
    "l2tp",
];

/// An ICMP error about a packet that a socket sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// What it means.
    pub meaning: IcmpMeaning,
    /// Errno that the kernel made of it.
    pub errno: i32,
    /// The host that sent it; none when this machine's own kernel did.
    pub from: Option<std::net::IpAddr>,
    /// ICMP type and code; none for a local error.
    pub code: Option<(u8, u8)>,
}

/// What came back to an ICMP echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EchoAnswer {
    /// The host that sent it.
    pub from: std::net::IpAddr,
    /// The ICMP error that it is; none for an echo reply.
    pub error: Option<IcmpMeaning>,
}

/// The meaning of an ICMP type and code (RFC 792, RFC 1812; RFC 4443 for version 6).
#[must_use]
pub const fn meaning(version6: bool, kind: u8, code: u8) -> IcmpMeaning {
    match (version6, kind, code) {
        (false, 3, 0 | 5 | 6 | 11) | (true, 1, 0) => IcmpMeaning::NetUnreachable,
        (false, 3, 1 | 7 | 8 | 12) | (true, 1, 2 | 3) => IcmpMeaning::HostUnreachable,
        (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => IcmpMeaning::AdminProhibited,
        (false, 3, 2 | 3) | (true, 1, 4) => IcmpMeaning::PortUnreachable,
        (false, 3, 4) | (true, 2, _) => IcmpMeaning::FragmentationNeeded,
        (false, 11, _) | (true, 3, _) => IcmpMeaning::TimeExceeded,
        _ => IcmpMeaning::Other,
    }
}
