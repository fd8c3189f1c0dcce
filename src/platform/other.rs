//! An OS that reports none of this: the same functions, each with a plain answer.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use super::{IcmpError, NetworkInterface, RouteTowards, SystemResolvers};
use crate::evidence::dns::SystemAnswer;
use crate::evidence::tcp::TcpInfo;
use crate::evidence::vantage::AzureMachine;

/// The resolver configuration of this OS is not read: `/etc/resolv.conf` is not what it uses.
pub const READS_RESOLV_CONF: bool = false;

/// Not known.
#[must_use]
pub const fn resolver_settings() -> Option<SystemResolvers> {
    None
}

/// The library that answers [`lookup`]: not known.
#[must_use]
pub const fn lookup_by() -> Option<String> {
    None
}

/// Their names alone.
#[must_use]
pub fn interfaces() -> Vec<NetworkInterface> {
    let mut names: Vec<String> =
        if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|i| i.name).collect();
    names.dedup();
    names.into_iter().map(|name| NetworkInterface { name, kind: None }).collect()
}

/// Not known.
#[must_use]
pub fn default_gateways() -> Vec<IpAddr> {
    Vec::new()
}

/// Not known.
#[must_use]
pub fn listening_ports() -> Vec<u16> {
    Vec::new()
}

/// Not known.
#[must_use]
pub fn azure_machine() -> AzureMachine {
    AzureMachine { answer: None, signs: Vec::new() }
}

/// From the environment's usual variables; empty when they are not set.
#[must_use]
pub fn host_name() -> String {
    String::new()
}

/// Not known.
#[must_use]
pub const fn interface_index(_: &str) -> Option<u32> {
    None
}

/// Nothing to do.
pub fn protect_process() {}

/// The C library: not known here.
#[must_use]
pub fn c_library() -> String {
    String::new()
}

/// Nothing to do.
pub fn default_signals() {}

/// Opens what is no regular file, to write into it.
///
/// # Errors
///
/// Those of the system.
pub fn open_to_write(path: &std::path::Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).open(path)
}

/// Not known here.
pub fn has_no_reader(_: &std::path::Path, _: &std::io::Error) -> bool {
    false
}

/// Not known here.
pub fn open_files() -> Option<u64> {
    None
}

/// The system's lookup, without the code of a failure.
#[must_use]
pub fn lookup(host: &str) -> SystemAnswer {
    match (host, 0_u16).to_socket_addrs() {
        Ok(found) => {
            let mut addresses = Vec::new();
            for address in found.map(|a| a.ip()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            SystemAnswer::Addresses { addresses }
        }
        Err(_) => SystemAnswer::Failed { code: "not said by this OS".to_owned() },
    }
}

/// Nothing to ask for.
pub fn report_icmp<S>(_socket: &S, _version6: bool, _on: bool) -> bool {
    false
}

/// This system is not asked to report changes.
#[must_use]
pub const fn route_changes() -> Option<super::RouteChanges> {
    None
}

/// Not known.
#[must_use]
pub fn routes(peers: &[SocketAddr]) -> Vec<Option<RouteTowards>> {
    peers.iter().map(|_| None).collect()
}

/// Not known.
#[must_use]
pub const fn processor_time() -> Option<crate::evidence::vantage::ProcessorTime> {
    None
}

/// Not known.
#[must_use]
pub fn tunnels_down() -> Vec<String> {
    Vec::new()
}

/// None.
#[must_use]
pub fn read_icmp<S>(_socket: &S) -> Option<IcmpError> {
    None
}

/// None.
#[must_use]
pub fn tcp_info<S>(_socket: &S) -> Option<TcpInfo> {
    None
}

/// Process groups are not known here: a program is left to itself.
pub(super) struct Group;

impl Group {
    /// No group.
    pub(super) const fn of(_: u32) -> Self {
        Self
    }

    /// Nothing to kill.
    pub(super) const fn kill(&self) {}
}

/// Nothing to end.
pub const fn end_programs() {}

/// Not known.
#[must_use]
pub const fn system_proxies() -> Option<super::SystemProxies> {
    None
}

/// Scripts that choose a proxy are named and not run.
pub const RUNS_PROXY_SCRIPTS: bool = false;

/// None: see [`RUNS_PROXY_SCRIPTS`].
#[must_use]
pub const fn proxy_by_script(
    _: &str,
    _: &str,
    _: std::time::Duration,
) -> Option<super::ScriptAnswer> {
    None
}

/// There is no service control manager.
#[must_use]
pub fn run_as_service(_: fn() -> u8) -> Option<u8> {
    None
}

/// Nothing to do: without an event log of the system, standard error is enough.
pub const fn write_event(_: &str, _: bool) {}

/// Every terminal does.
pub const fn shows_codes<S>(_: &S) -> bool {
    true
}
