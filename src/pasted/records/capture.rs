//! Packets of TCP, as tcpdump, Wireshark and tshark print them, by connection.

use std::net::IpAddr;

use crate::diagnose::pasted::{Record, Recorded};

/// Connections that are kept.
const MOST: usize = 64;

/// A host, by its address or the name that the tool found for it, and a port.
type Place = (String, u16);

/// The connections of a capture.
#[derive(Default)]
pub(super) struct Capture {
    all: Vec<Connection>,
}

/// One connection, seen from who asked for it.
struct Connection {
    from: Place,
    to: Place,
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
        let Some(packet) = Packet::of(line).or_else(|| Packet::of_wireshark(line)) else {
            return self.add_tls(line);
        };
        let is_request = packet.flags.contains('S') && !packet.flags.contains('.');
        let known = |one: &Connection| {
            (&one.from, &one.to) == (&packet.from, &packet.to)
                || (&one.from, &one.to) == (&packet.to, &packet.from)
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

    /// Adds a packet of which Wireshark shows the TLS in it and no port; whether a line is one.
    fn add_tls(&mut self, line: &str) -> bool {
        let is_tls = line.split_whitespace().any(|word| word == "SSL" || word.starts_with("TLSv1"));
        let Some((from, to)) = is_tls.then(|| ends(line)).flatten() else { return false };
        for one in self.all.iter_mut().rev() {
            if (&one.from.0, &one.to.0) == (&from, &to) {
                one.sent = true;
                break;
            }
            if (&one.from.0, &one.to.0) == (&to, &from) {
                one.came_back = true;
                break;
            }
        }
        true
    }

    /// What they show.
    pub(super) fn records(self) -> impl Iterator<Item = Record> {
        self.all.into_iter().filter_map(|one| {
            let what = match &one {
                Connection { is_open: false, is_reset: true, .. } => Recorded::Refused,
                Connection { is_open: false, .. } => Recorded::NotAnswered,
                Connection { came_back: true, .. } => Recorded::Carried,
                Connection { sent: true, is_reset: true, .. } => Recorded::Cut,
                Connection { sent: true, .. } => Recorded::Silent,
                Connection { .. } => return None,
            };
            let place = |(host, port): Place| match host.parse::<IpAddr>() {
                Ok(address) => std::net::SocketAddr::new(address, port).to_string(),
                Err(_) => format!("{host}:{port}"),
            };
            let from = Some(one.from.0.clone());
            Some(Record { what, from, to: Some(place(one.to)), why: None })
        })
    }
}

/// A packet.
struct Packet {
    from: Place,
    to: Place,
    /// As tcpdump writes them.
    flags: String,
    /// Bytes of data in it.
    length: u32,
}

impl Packet {
    /// `.. IP <address>.<port> > <address>.<port>: Flags [<flags>], .. length <length>`
    fn of(line: &str) -> Option<Self> {
        let (before, rest) = line.split_once(": Flags [")?;
        let (flags, rest) = rest.split_once(']')?;
        let (from, to) = before.rsplit_once(" > ")?;
        let place = |text: &str| -> Option<Place> {
            let (host, port) = text.rsplit_once('.')?;
            let port = match port {
                "https" => 443,
                "http" => 80,
                "domain" => 53,
                port => port.parse().ok()?,
            };
            host.contains(['.', ':']).then(|| (host.to_owned(), port))
        };
        let length = rest.rsplit_once("length ").and_then(|(_, rest)| number(rest));
        Some(Self {
            from: place(from.split_whitespace().next_back()?)?,
            to: place(to.trim())?,
            flags: flags.to_owned(),
            length: length.unwrap_or(0),
        })
    }

    /// `.. <address> [→] <address> TCP .. <port> → <port> [SYN, ACK] .. Len=<length> ..`
    fn of_wireshark(line: &str) -> Option<Self> {
        let (from, to) = ends(line)?;
        let of_flags = |(at, _): (usize, &str)| {
            let mut words = line[..at].split_whitespace().rev();
            let (to, arrow, from) = (words.next()?, words.next()?, words.next()?);
            if !matches!(arrow, "\u{2192}" | ">" | "->") {
                return None;
            }
            let flags = line[at + 1..].split(']').next()?;
            Some((port(from)?, port(to)?, flags.to_owned()))
        };
        let (sent_from, sent_to, names) = line.match_indices('[').find_map(of_flags)?;
        let signs = [("SYN", 'S'), ("ACK", '.'), ("RST", 'R'), ("FIN", 'F'), ("PSH", 'P')];
        let flags = signs.iter().filter(|(name, _)| names.contains(name)).map(|(_, sign)| sign);
        let length = line.split_once(" Len=").and_then(|(_, rest)| number(rest));
        Some(Self {
            from: (from, sent_from),
            to: (to, sent_to),
            flags: flags.collect(),
            length: length.unwrap_or(0),
        })
    }
}

/// The two addresses of a line.
fn ends(line: &str) -> Option<(String, String)> {
    let mut all = line.split_whitespace().filter(|word| word.parse::<IpAddr>().is_ok());
    Some((all.next()?.to_owned(), all.next()?.to_owned()))
}

/// A port, alone or behind its name in brackets.
fn port(word: &str) -> Option<u16> {
    let inside = word.split_once('(').map_or(word, |(_, rest)| rest.trim_end_matches(')'));
    inside.parse().ok()
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
