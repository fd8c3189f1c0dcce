//! How Windows resolves names, and its own name.

use std::net::ToSocketAddrs;

use crate::evidence::dns::SystemAnswer;

/// The resolver configuration of this OS is not read: `/etc/resolv.conf` is not what it uses.
pub const READS_RESOLV_CONF: bool = false;

/// From the environment's usual variables; empty when they are not set.
#[must_use]
pub fn host_name() -> String {
    String::new()
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
