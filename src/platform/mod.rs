//! What only the operating system can say: TCP_INFO, the socket error queue, `getaddrinfo`'s
//! code, routes and neighbours, signs of an Azure machine.
//!
//! Each OS gives the same functions; `other.rs` is what "cannot say" looks like. This is the
//! only place with `unsafe`. It may not judge what it reads.

#[cfg(all(target_os = "linux", not(feature = "platform_other")))]
mod linux;
#[cfg(all(target_os = "linux", not(feature = "platform_other")))]
use linux as os;

#[cfg(not(all(target_os = "linux", not(feature = "platform_other"))))]
mod other;
#[cfg(not(all(target_os = "linux", not(feature = "platform_other"))))]
use other as os;

mod memory;
mod program;

pub use memory::Allocator;
pub use program::run_program;

pub use os::{
    azure_machine, default_signals, end_programs, has_no_reader, host_name, lookup, open_files,
    open_to_write, protect_process, read_icmp, report_icmp, routes, tcp_info, tunnels_down,
};

use crate::evidence::tcp::IcmpMeaning;

/// An ICMP error about a packet that a socket sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IcmpError {
    /// What it means.
    pub meaning: IcmpMeaning,
    /// Errno that the kernel made of it.
    pub errno: i32,
    /// Who sent it; none when this machine's own kernel did.
    pub from: Option<std::net::IpAddr>,
    /// ICMP type and code; none for a local error.
    pub code: Option<(u8, u8)>,
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
