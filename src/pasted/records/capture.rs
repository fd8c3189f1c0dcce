//! Packets of TCP, as tcpdump prints them, by connection.

use std::net::IpAddr;

use crate::diagnose::pasted::{Record, Recorded};

/// Connections that are kept.
const MOST: usize = 64;

/// The connections of a capture.
#[derive(Default)]
pub(super) struct Capture {
    all: Vec<Connection>,
}

/// One connection, seen from who asked for it.
struct Connection {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    /// The other side took it.
    is_open: bool,
    /// Data went there.
    sent: bool,
    /// Data came back.
    came_back: bool,
    /// The other side reset it.
    is_reset: bool,
}

impl Capture {
    /// Adds a line; whether it is one of a packet.
    pub(super) fn add(&mut self, line: &str) -> bool {
        let Some(packet) = Packet::of(line) else { return false };
        let is_request = packet.flags.contains('S') && !packet.flags.contains('.');
        let known = |one: &Connection| {
            (one.from, one.to) == (packet.from, packet.to)
                || (one.from, one.to) == (packet.to, packet.from)
        };
        let is_kept = self.all.len() < MOST;
        let at = self.all.iter().position(known);
        match at.map(|at| &mut self.all[at]) {
            Some(one) if one.from == packet.from => one.sent |= packet.length > 0,
            Some(one) => {
                one.is_open |= packet.flags.contains('S');
                one.came_back |= packet.length > 0;
                one.is_reset |= packet.flags.contains('R');
            }
            None if is_request && is_kept => self.all.push(Connection {
                from: packet.from,
                to: packet.to,
                is_open: false,
                sent: false,
                came_back: false,
                is_reset: false,
            }),
            None => {}
        }
        true
    }

    /// What they show.
    pub(super) fn records(self) -> impl Iterator<Item = Record> {
        self.all.into_iter().filter_map(|one| {
            let what = match one {
                Connection { is_open: false, is_reset: true, .. } => Recorded::Refused,
                Connection { is_open: false, .. } => Recorded::NotAnswered,
                Connection { came_back: true, .. } => Recorded::Carried,
                Connection { sent: true, is_reset: true, .. } => Recorded::Cut,
                Connection { sent: true, .. } => Recorded::Silent,
                Connection { .. } => return None,
            };
            let place = |(address, port): (IpAddr, u16)| {
                std::net::SocketAddr::new(address, port).to_string()
            };
            let from = Some(one.from.0.to_string());
            Some(Record { what, from, to: Some(place(one.to)), why: None })
        })
    }
}

/// A packet.
struct Packet<'t> {
    from: (IpAddr, u16),
    to: (IpAddr, u16),
    flags: &'t str,
    /// Bytes of data in it.
    length: u32,
}

impl<'t> Packet<'t> {
    /// `.. IP <address>.<port> > <address>.<port>: Flags [<flags>], .. length <length>`
    fn of(line: &'t str) -> Option<Self> {
        let (before, rest) = line.split_once(": Flags [")?;
        let (flags, rest) = rest.split_once(']')?;
        let (from, to) = before.rsplit_once(" > ")?;
        let place = |text: &str| {
            let (address, port) = text.rsplit_once('.')?;
            let port = match port {
                "https" => 443,
                "http" => 80,
                "domain" => 53,
                port => port.parse().ok()?,
            };
            Some((address.parse().ok()?, port))
        };
        let length = rest.rsplit_once("length ").and_then(|(_, rest)| {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse().ok()
        });
        Some(Self {
            from: place(from.split_whitespace().next_back()?)?,
            to: place(to.trim())?,
            flags,
            length: length.unwrap_or(0),
        })
    }
}
