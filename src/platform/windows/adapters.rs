//! The network adapters, as `GetAdaptersAddresses` lists them.
#![allow(unsafe_code, reason = "a linked list that the system fills")]

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, NO_ERROR};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    IP_ADAPTER_ADDRESSES_LH,
};
use windows_sys::Win32::NetworkManagement::Ndis::IfOperStatusUp;
use windows_sys::Win32::Networking::WinSock::AF_UNSPEC;

use super::readers;
use super::text::from_wide;
use crate::evidence::text::clean;

/// Room for the first attempt, as Microsoft advises.
const USUAL_SIZE: u32 = 16 << 10;
/// Adapters may appear between two calls.
const ATTEMPTS: usize = 4;

/// A network adapter.
pub(super) struct Adapter {
    /// Its number for IPv4, and for IPv6; 0 where that is not bound to it.
    pub(super) indexes: [u32; 2],
    /// The name that Windows shows.
    pub(super) name: String,
    /// Its kind; none for a plain device.
    pub(super) kind: Option<&'static str>,
    /// Whether it can carry packets now.
    pub(super) up: bool,
}

/// The adapters to which IP is bound.
pub(super) fn adapters() -> Vec<Adapter> {
    let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER;
    let mut size = USUAL_SIZE;
    for _ in 0..ATTEMPTS {
        // In words of eight bytes, for the alignment of the structures in it.
        let mut buffer = vec![0_u64; (size as usize).div_ceil(8)];
        let first: *mut IP_ADAPTER_ADDRESSES_LH = buffer.as_mut_ptr().cast();
        // SAFETY: the buffer is ours, aligned, and at least `size` bytes long.
        let result = unsafe {
            GetAdaptersAddresses(AF_UNSPEC.into(), flags, std::ptr::null(), first, &raw mut size)
        };
        match result {
            NO_ERROR => return read(first),
            ERROR_BUFFER_OVERFLOW => {}
            _ => break,
        }
    }
    Vec::new()
}

/// The entries of the list, whose buffer the caller holds.
fn read(first: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut found = Vec::new();
    let mut at = first;
    // SAFETY: the system linked entries inside the buffer, the last to null; their texts are in it
    // as well and end with a zero.
    while let Some(entry) = unsafe { at.as_ref() } {
        // SAFETY: as above; of the union, every pattern of bits is a number.
        let (name, description, index) = unsafe {
            (
                from_wide(entry.FriendlyName),
                from_wide(entry.Description),
                entry.Anonymous1.Anonymous.IfIndex,
            )
        };
        found.push(Adapter {
            indexes: [index, entry.Ipv6IfIndex],
            name: clean(&name.unwrap_or_default(), 64),
            kind: readers::adapter::kind(
                entry.IfType,
                entry.TunnelType,
                &description.unwrap_or_default(),
            ),
            up: entry.OperStatus == IfOperStatusUp,
        });
        at = entry.Next;
    }
    found
}
