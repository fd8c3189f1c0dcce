//! How Windows resolves names, and its own name.
#![allow(unsafe_code, reason = "the host name, for which no crate in the tree has a safe call")]

mod settings;

use std::net::ToSocketAddrs;

use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};

use crate::evidence::dns::SystemAnswer;

pub use settings::resolver_settings;

/// `/etc/resolv.conf` means nothing here.
pub const READS_RESOLV_CONF: bool = false;

/// The library that answers [`lookup`].
#[must_use]
pub fn lookup_by() -> Option<String> {
    Some("winsock".to_owned())
}

/// None: Windows itself gives the number with each address.
#[must_use]
pub const fn interface_index(_: &str) -> Option<u32> {
    None
}

/// The machine's DNS host name; empty when the system does not report it.
#[must_use]
pub fn host_name() -> String {
    // A host name has 63 characters at most.
    let mut buffer = [0_u16; 256];
    let mut length = 256_u32;
    // SAFETY: the buffer is ours and its length is given.
    let done = unsafe {
        GetComputerNameExW(ComputerNameDnsHostname, buffer.as_mut_ptr(), &raw mut length)
    };
    match (done, buffer.get(..length as usize)) {
        (0, _) | (_, None) => String::new(),
        (_, Some(name)) => String::from_utf16_lossy(name),
    }
}

/// The system's lookup, `getaddrinfo` of Winsock for a stream socket: what an application on this
/// machine gets, from the DNS client's cache too.
#[must_use]
pub fn lookup(host: &str) -> SystemAnswer {
    match (host, 0_u16).to_socket_addrs() {
        Ok(found) => {
            let mut addresses = Vec::new();
            for address in found.map(|a| a.ip()) {
                if !addresses.contains(&address) && addresses.len() < 64 {
                    addresses.push(address);
                }
            }
            SystemAnswer::Addresses { addresses }
        }
        Err(error) => SystemAnswer::Failed { code: code(&error) },
    }
}

/// The name of a Winsock error (winerror.h).
fn code(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(11001) => "WSAHOST_NOT_FOUND",
        Some(11002) => "WSATRY_AGAIN",
        Some(11003) => "WSANO_RECOVERY",
        Some(11004) => "WSANO_DATA",
        Some(10108) => "WSASERVICE_NOT_FOUND",
        Some(10109) => "WSATYPE_NOT_FOUND",
        Some(8) => "WSA_NOT_ENOUGH_MEMORY",
        Some(other) => return format!("WSA {other}"),
        // The name was not asked for at all: it has a zero byte.
        None => "WSAHOST_NOT_FOUND",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_own_answer_and_a_failure_has_its_code() {
        assert_eq!(
            lookup("127.0.0.1"),
            SystemAnswer::Addresses { addresses: vec!["127.0.0.1".parse().unwrap()] }
        );
        assert!(matches!(lookup("no\0name"), SystemAnswer::Failed { .. }));
        let code = code(&std::io::Error::from_raw_os_error(11002));
        assert_eq!(code, "WSATRY_AGAIN");
        assert!(!host_name().is_empty());
    }
}
