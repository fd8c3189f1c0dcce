//! A TLS session that verified, and where it leads, as one value: whether the credential may
//! leave is decided about the connection that would carry it, never about another one.

use std::net::{IpAddr, SocketAddr};

use super::Context;
use crate::evidence::identity::Withheld;
use crate::evidence::tls::{Store, TlsHop};
use crate::wire::connect::Connection;
use crate::wire::tls::Session;

/// Where a session leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// An address of the target.
    Address(IpAddr),
    /// The application's own proxy, at this address.
    Proxy(SocketAddr),
}

impl Peer {
    /// The peer of a connection to an address of the target.
    pub(super) fn of(connection: &Connection) -> Self {
        Self::Address(connection.address.ip())
    }
}

/// A session that verified. Requests are made from it alone (`Context::calls`).
pub(super) struct EstablishedSession {
    peer: Peer,
    accepted_by: Option<Store>,
    session: Session,
}

impl EstablishedSession {
    /// Joins a session to the peer that it was opened to and to what its handshake showed.
    pub(super) fn new(peer: Peer, hop: &TlsHop, session: Session) -> Self {
        Self { peer, accepted_by: hop.accepted_by, session }
    }

    /// The address of the target that it leads to; none through a proxy.
    pub(super) const fn address(&self) -> Option<IpAddr> {
        match self.peer {
            Peer::Address(address) => Some(address),
            Peer::Proxy(_) => None,
        }
    }

    /// Whether a credential that may leave over the other session may leave over this one too:
    /// it leads to the same peer, and the same store accepts its certificate.
    pub(super) fn is_like(&self, other: &Likeness) -> bool {
        self.likeness() == *other
    }

    /// What another session must have in common with this one.
    pub(super) const fn likeness(&self) -> Likeness {
        Likeness { peer: self.peer, accepted_by: self.accepted_by }
    }

    /// Why the credential may not leave over it; none when it may. `effective` are the addresses
    /// that applications get.
    pub(super) fn withheld(&self, context: &Context<'_>, effective: &[IpAddr]) -> Option<Withheld> {
        if self.accepted_by.is_none()
            || (self.accepted_by == Some(Store::System) && !context.roots.trusts_system())
        {
            return Some(Withheld::OnlySystemStoreAccepts);
        }
        match self.peer {
            Peer::Address(address) if !effective.contains(&address) => {
                Some(Withheld::AddressNotConfirmed)
            }
            Peer::Address(_) | Peer::Proxy(_) => None,
        }
    }

    /// The session, for requests.
    pub(super) fn into_session(self) -> Session {
        self.session
    }
}

/// What two sessions to the same peer have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Likeness {
    peer: Peer,
    accepted_by: Option<Store>,
}
