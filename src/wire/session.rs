//! Where a stream leads, a TLS session that verified over it, and the one decision whether a
//! secret may leave. The decision is about the connection that would carry the secret, never
//! about another one: stream, peer and session are one value from the connection on.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpStream;

use super::connect::Connection;
use super::tls::{Session, Stream};
use crate::evidence::identity::Withheld;
use crate::evidence::tls::{Store, TlsHop};

/// Where a stream leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// To an address of the target.
    Address(IpAddr),
    /// Through the application's own proxy, at this address.
    Proxy(SocketAddr),
}

/// A stream, and where it leads. It comes from a connection, or from a tunnel through one.
pub struct Route {
    pub(super) peer: Peer,
    pub(super) stream: Box<dyn Stream>,
}

impl Route {
    /// The stream of a connection to an address of the target.
    #[must_use]
    pub fn direct(address: SocketAddr, stream: TcpStream) -> Self {
        Self { peer: Peer::Address(address.ip()), stream: Box::new(stream) }
    }
}

/// A session whose chain and name verified. It carries requests without a secret; with one only
/// what [`Verified::release`] makes of it.
pub struct Verified {
    peer: Peer,
    server_name: String,
    accepted_by: Option<Store>,
    session: Box<Session>,
}

/// What must hold for a secret to leave over a session.
#[derive(Debug, Clone, Copy)]
pub struct ReleasePolicy<'a> {
    /// Whether a chain may be accepted by the machine's own store alone.
    pub trusts_system: bool,
    /// The addresses that applications get, as far as they are confirmed.
    pub effective: &'a [IpAddr],
}

/// A session over which no secret may leave, and why.
pub struct KeptBack {
    /// Why.
    pub why: Withheld,
    /// The session, for requests without a secret.
    pub session: Verified,
}

/// A connection over which a secret may leave.
pub struct Releasable(pub(super) Carrier);

/// What carries a secret.
pub(super) enum Carrier {
    /// A session that verified for this name.
    Session { session: Box<Session>, server_name: String },
    /// A connection in the clear that does not leave this machine or its platform.
    Local { stream: TcpStream, host: String },
}

impl Verified {
    /// Joins a session that has just verified to what it runs over.
    pub(super) fn new(peer: Peer, hop: &TlsHop, session: Session) -> Self {
        let server_name = hop.server_name.clone();
        Self { peer, server_name, accepted_by: hop.accepted_by, session: Box::new(session) }
    }

    /// The address of the target that it leads to; none through a proxy.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        match self.peer {
            Peer::Address(address) => Some(address),
            Peer::Proxy(_) => None,
        }
    }

    /// What another session must have in common with this one to take its place: it leads to the
    /// same peer, and the same store accepts its certificate.
    #[must_use]
    pub const fn likeness(&self) -> Likeness {
        Likeness { peer: self.peer, accepted_by: self.accepted_by }
    }

    /// Releases it for a secret, if it may carry one. This is the only place that decides so.
    ///
    /// # Errors
    ///
    /// The session as it was, and why no secret may leave over it.
    pub fn release(self, policy: &ReleasePolicy<'_>) -> Result<Releasable, KeptBack> {
        match kept_back(self.likeness(), policy) {
            Some(why) => Err(KeptBack { why, session: self }),
            None => {
                let Self { server_name, session, .. } = self;
                Ok(Releasable(Carrier::Session { session, server_name }))
            }
        }
    }

    /// The session and the name that it verified for.
    pub(super) fn into_parts(self) -> (Box<Session>, String) {
        (self.session, self.server_name)
    }
}

impl Releasable {
    /// A connection in the clear to a metadata endpoint, which has no certificate: only where it
    /// ends on this machine, on its link, or in a private network of its platform.
    #[must_use]
    pub fn local(connection: Connection, host: &str) -> Option<Self> {
        let local = is_local(connection.address.ip());
        let stream = connection.stream;
        local.then(|| Self(Carrier::Local { stream, host: host.to_owned() }))
    }
}

/// What two sessions to the same peer have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Likeness {
    peer: Peer,
    accepted_by: Option<Store>,
}

/// Why no secret may leave over a session; none when it may.
fn kept_back(session: Likeness, policy: &ReleasePolicy<'_>) -> Option<Withheld> {
    let trusted = match session.accepted_by {
        Some(Store::Public | Store::CaFile) => true,
        Some(Store::System) => policy.trusts_system,
        None => false,
    };
    let confirmed = match session.peer {
        Peer::Address(address) => policy.effective.contains(&address),
        // What is confirmed is the application's own proxy: it finds the address.
        Peer::Proxy(_) => true,
    };
    match (trusted, confirmed) {
        (false, _) => Some(Withheld::OnlySystemStoreAccepts),
        (true, false) => Some(Withheld::AddressNotConfirmed),
        (true, true) => None,
    }
}

/// Whether an address is of this machine, of its link, private, or shared between carriers: what
/// platforms hand to their virtual machines and containers.
fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && second & 0xc0 == 64;
            ip.is_loopback() || ip.is_link_local() || ip.is_private() || shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leaves_to_a_confirmed_address_or_the_own_proxy_by_roots_that_count() {
        let here: IpAddr = [10, 3, 0, 5].into();
        let other: IpAddr = [10, 3, 0, 6].into();
        let proxy = Peer::Proxy(([10, 0, 0, 1], 3128).into());
        let (store, address) = (Withheld::OnlySystemStoreAccepts, Withheld::AddressNotConfirmed);
        for (peer, accepted_by, trusts_system, effective, kept) in [
            (Peer::Address(here), Some(Store::Public), false, vec![here], None),
            (Peer::Address(here), Some(Store::CaFile), false, vec![other, here], None),
            (Peer::Address(here), Some(Store::Public), false, vec![other], Some(address)),
            (Peer::Address(here), Some(Store::Public), true, vec![], Some(address)),
            (Peer::Address(here), Some(Store::System), false, vec![here], Some(store)),
            (Peer::Address(here), Some(Store::System), true, vec![here], None),
            (Peer::Address(here), None, true, vec![here], Some(store)),
            (proxy, Some(Store::Public), false, vec![], None),
            (proxy, Some(Store::System), false, vec![here], Some(store)),
            (proxy, None, true, vec![here], Some(store)),
        ] {
            let policy = ReleasePolicy { trusts_system, effective: &effective };
            assert_eq!(kept_back(Likeness { peer, accepted_by }, &policy), kept, "{peer:?}");
        }
    }

    #[test]
    fn nothing_secret_goes_in_the_clear_beyond_the_platform() {
        for (address, local) in [
            ("127.0.0.1", true),
            ("169.254.169.254", true),
            ("172.16.1.3", true),
            ("100.64.100.2", true),
            ("100.128.0.1", false),
            ("20.0.0.1", false),
            ("::1", true),
            ("fd00::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_local(address.parse().unwrap()), local, "{address}");
        }
    }
}
