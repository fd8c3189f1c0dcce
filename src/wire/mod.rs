//! All network I/O: one hop, once, with a deadline, bounded in size.
//!
//! Nothing here decides what is done next, judges what came back, or retries anything but a
//! DNS datagram. A failure of the network is a value.

pub mod bundles;
mod certificate;
pub mod connect;
pub mod dns;
mod hello;
pub mod http;
pub mod octet;
pub mod pace;
mod payload;
pub mod proxy;
pub mod roots;
pub mod stock;
pub mod tally;
pub mod tap;
pub mod tls;
pub mod trace;
pub mod turns;

use std::io;

use crate::evidence::tcp::{Icmp, IcmpMeaning};
use crate::evidence::text::clean;
pub(crate) use crate::files::words;
use crate::platform::IcmpError;
use crate::secret::Redactor;

/// Characters that are searched for secrets beyond eight times a text's limit.
const REDACT_AHEAD: usize = 4 << 10;

/// An ICMP error as evidence.
#[must_use]
pub(crate) fn icmp(error: IcmpError) -> Icmp {
    Icmp {
        meaning: error.meaning,
        from: error.from,
        code: error.code.map(|(kind, code)| format!("{kind}/{code}")),
    }
}

/// The meaning of an errno that this machine's own kernel gave.
#[must_use]
pub(crate) fn local_icmp(error: &io::Error) -> Option<Icmp> {
    let meaning = match error.kind() {
        io::ErrorKind::NetworkUnreachable => IcmpMeaning::NetUnreachable,
        io::ErrorKind::HostUnreachable => IcmpMeaning::HostUnreachable,
        _ => return None,
    };
    Some(Icmp { meaning, from: None, code: None })
}

/// Text of a peer, redacted, escaped and bounded.
pub(crate) fn redacted(text: &str, limit: usize, redactor: &Redactor<'_>) -> String {
    // Redacted before it is escaped and cut: an escape could hide a secret from the search, a
    // cut could leave half of one. What lies far beyond the limit is dropped first.
    let near = text.char_indices().nth(REDACT_AHEAD + limit * 8).map_or(text.len(), |(at, _)| at);
    clean(&redactor.redact(text.get(..near).unwrap_or_default()), limit)
}
