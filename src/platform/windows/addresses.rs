//! Addresses as Windows writes them.
#![allow(unsafe_code, reason = "a union is read by its tag")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6, SOCKADDR_INET};

/// The address in it; none where it is of no family, or of another.
pub(super) fn read(address: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: every member of the union begins with the family, which says which member it is;
    // every pattern of bits is an address.
    unsafe {
        match address.si_family {
            AF_INET => Some(Ipv4Addr::from(address.Ipv4.sin_addr.S_un.S_addr.to_ne_bytes()).into()),
            AF_INET6 => Some(Ipv6Addr::from(address.Ipv6.sin6_addr.u.Byte).into()),
            _ => None,
        }
    }
}

/// An address as Windows takes it.
pub(super) fn write(address: IpAddr) -> SOCKADDR_INET {
    let mut written = SOCKADDR_INET::default();
    match address {
        IpAddr::V4(v4) => {
            written.Ipv4.sin_family = AF_INET;
            written.Ipv4.sin_addr.S_un.S_addr = u32::from_ne_bytes(v4.octets());
        }
        IpAddr::V6(v6) => {
            written.Ipv6.sin6_family = AF_INET6;
            written.Ipv6.sin6_addr.u.Byte = v6.octets();
        }
    }
    written
}
