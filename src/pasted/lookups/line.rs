//! One line of what a tool prints.

use std::net::{IpAddr, SocketAddr};

use crate::evidence::dns::{Rcode, Record, RecordType, Soa};

use super::block::Block;
use super::words;

/// What a line says.
pub(super) enum Line {
    /// A command: the name that is looked up, the server, where one is given, whether the names and
    /// addresses alone follow, and whether other records than addresses are asked for.
    Asked {
        name: String,
        server: Option<IpAddr>,
        is_short: bool,
        is_for_others: bool,
    },
    /// The question: its name, where it is shown, and whether it is for other records than IPv4
    /// addresses.
    Question {
        name: Option<String>,
        is_for_others: bool,
    },
    /// The server that was asked; its address may follow.
    Server(Option<IpAddr>),
    /// The name that has the addresses.
    Name(String),
    Address(IpAddr),
    /// The same of a tool that asks as clients do (BusyBox of old).
    Numbered(IpAddr),
    /// A name that leads to it; the next lines may have more.
    Alias(Option<String>),
    /// What the name leads to.
    NameHost(String),
    Record(Record),
    Zone(Soa),
    /// The primary server of the zone that was named before.
    PrimaryServer(String),
    /// The header of dig: the code, and that the whole answer follows.
    Header(Rcode),
    /// How a lookup failed, of which name, and whether the aliases of the answer would be shown.
    Failed {
        name: Option<String>,
        rcode: Rcode,
        hides_aliases: bool,
    },
    /// No answer came, for which name, and whether the server closed the connection.
    Silent {
        name: Option<String>,
        is_closed: bool,
    },
    /// A client's own host, with the address that it tried.
    Connected(String, IpAddr),
    /// The host of Test-NetConnection, whose address follows.
    Computer(String),
    Remote(IpAddr),
    /// More names or addresses of the list that a line before began.
    More(String),
    Other,
}

impl Line {
    /// Whether no configuration has such a line.
    pub(super) const fn is_of_tool(&self) -> bool {
        let may_be_other = matches!(
            self,
            Self::Server(_) | Self::Name(_) | Self::Address(_) | Self::More(_) | Self::Other
        );
        !may_be_other
    }
}

/// Reads a line behind those of `block`.
pub(super) fn read(line: &str, block: &Block) -> Line {
    let trimmed = line.trim();
    let lower = trimmed.to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    if let Some((_, rcode)) = words::FAILURES.iter().find(|(end, _)| lower.contains(end))
        && begins(words::OF_FAILURE)
    {
        let hides_aliases = begins(words::WITHOUT_ALIASES) && *rcode != Rcode::NoError;
        let name = hosts(trimmed).last();
        return Line::Failed { name, rcode: rcode.clone(), hides_aliases };
    }
    if words::SILENT.iter().any(|silent| lower.contains(silent)) {
        let name = lower.starts_with("***").then(|| hosts(trimmed).last()).flatten();
        return Line::Silent { name, is_closed: lower.contains(words::CLOSED) };
    }
    labelled(trimmed)
        .or_else(|| of_dig(trimmed, &lower))
        .or_else(|| asked(trimmed))
        .or_else(|| record(trimmed))
        .or_else(|| of_library(trimmed, block.open_question()))
        .or_else(|| connected(trimmed, &lower))
        .or_else(|| block.continues().then(|| more(trimmed)).flatten())
        .unwrap_or(Line::Other)
}

/// A line with a label before a colon.
fn labelled(line: &str) -> Option<Line> {
    let line = line.trim_start_matches(";; ");
    let (label, value) = line.split_once(':')?;
    let label = label.trim().to_lowercase();
    let is_numbered = label.ends_with(|c: char| c.is_ascii_digit());
    let (label, value) = (label.trim_end_matches(|c| "0123456789 ".contains(c)), value.trim());
    let is = |labels: &[&str]| labels.contains(&label);
    let found = match label {
        _ if is(words::SERVER) => Line::Server(address(value)),
        _ if is(words::NAME) => Line::Name(host(value)?),
        _ if is(words::ADDRESS) && value.is_empty() => Line::More(String::new()),
        _ if is(words::ADDRESS) && is_numbered => Line::Numbered(address(value)?),
        _ if is(words::ADDRESS) => Line::Address(address(value)?),
        _ if is(words::ALIASES) => Line::Alias(host(value)),
        words::NAME_HOST => Line::NameHost(host(value)?),
        words::PRIMARY_SERVER => Line::PrimaryServer(host(value)?),
        words::COMPUTER => Line::Computer(host(value)?),
        words::REMOTE => Line::Remote(address(value)?),
        _ => return None,
    };
    Some(found)
}

/// A command that looks a name up, or a name behind the prompt of nslookup.
fn asked(line: &str) -> Option<Line> {
    let mut all = line.split_whitespace();
    if let (Some(">"), Some(name), None) = (all.next(), all.next(), all.next()) {
        return Some(Line::Asked {
            name: host(name)?,
            server: None,
            is_short: false,
            is_for_others: false,
        });
    }
    let typed = line.trim_start_matches(['>', ' ']);
    if let Some(kind) = words::SET_KIND.iter().find_map(|set| strip(typed, set)) {
        return Some(Line::Question { name: None, is_for_others: is_other_kind(kind) });
    }
    let mut before = "";
    let mut all = line.split_whitespace();
    let is_program = |word: &str, before: &str| {
        let word = word.trim_start_matches('`').to_ascii_lowercase();
        let word = word.rsplit(['>', '\\', '$']).next().unwrap_or_default();
        let is_prompt = before.is_empty() || before.ends_with(['$', '#', '>', '%']);
        words::PROGRAMS.contains(&word) || word == words::HOST && is_prompt
    };
    let is_dig = loop {
        let word = all.next()?;
        if is_program(word, before) {
            break word.to_ascii_lowercase().ends_with(words::DIG);
        }
        before = word;
    };
    let is_for_others = asks_others(all.clone(), is_dig);
    let mut name = None;
    let mut server = None;
    for word in all {
        let word = word.trim_matches(['`', '"', '\'', '@', ';', '+']);
        match address(word) {
            Some(address) => server = server.or(Some(address)),
            None => name = name.or_else(|| host(word)),
        }
    }
    let is_short = line.contains(" +short");
    Some(Line::Asked { name: name?, server, is_short, is_for_others })
}

/// Whether the words behind a program's name ask for other records than IPv4 addresses. dig takes the kind
/// of records without an option.
fn asks_others<'w>(words: impl Iterator<Item = &'w str>, is_dig: bool) -> bool {
    let mut is_kind = false;
    for word in words {
        let given = words::KIND.iter().find_map(|option| strip(word, option));
        match given {
            Some(kind) if is_other_kind(kind) => return true,
            None if (is_kind || is_dig) && is_other_kind(word) => return true,
            _ => is_kind = given.is_some_and(str::is_empty),
        }
    }
    false
}

fn is_other_kind(word: &str) -> bool {
    words::OTHER_KINDS.iter().any(|kind| kind.eq_ignore_ascii_case(word.trim()))
}

/// What stands behind the beginning of a text, whatever its case.
fn strip<'t>(text: &'t str, beginning: &str) -> Option<&'t str> {
    let (first, rest) = text.split_at_checked(beginning.len())?;
    first.eq_ignore_ascii_case(beginning).then_some(rest)
}

/// The lines of dig that have no record.
fn of_dig(line: &str, lower: &str) -> Option<Line> {
    if let Some((_, rest)) = line.split_once("<<>> DiG") {
        let (_, asked) = rest.split_once("<<>>")?;
        let server = asked.split_whitespace().find_map(|w| address(w.strip_prefix('@')?));
        let is_for_others = asks_others(asked.split_whitespace(), true);
        let name = hosts(asked).next()?;
        return Some(Line::Asked { name, server, is_short: false, is_for_others });
    }
    if let Some(question) = line.strip_prefix(';')
        && let [name, "IN", kind] = question.split_whitespace().collect::<Vec<_>>()[..]
        && let Some(name) = host(name)
    {
        return Some(Line::Question { name: Some(name), is_for_others: is_other_kind(kind) });
    }
    let (_, status) = lower.split_once("->>header<<-")?.1.split_once("status: ")?;
    let end = status.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(status.len());
    Some(Line::Header(Rcode::from(status[..end].to_ascii_uppercase())))
}

/// A record, as dig, host, nslookup or the table of Resolve-DnsName has it.
fn record(line: &str) -> Option<Line> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (first, rest) = words.split_first()?;
    let name = host(first)?;
    for (between, kind) in [
        ("canonical name = ", RecordType::Cname),
        ("is an alias for ", RecordType::Cname),
        ("has address ", RecordType::A),
        ("has IPv6 address ", RecordType::Aaaa),
    ] {
        let behind = line[first.len()..].trim_start().strip_prefix(between);
        if let Some(data) = behind.and_then(|data| data.split_whitespace().next()) {
            return of_record(name, kind, data);
        }
    }
    let at =
        rest.iter().take(4).position(|word| matches!(*word, "A" | "AAAA" | "CNAME" | "SOA"))?;
    let is_number = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit());
    if !rest[..at].iter().all(|word| is_number(word) || *word == "IN") {
        return None;
    }
    let kind = RecordType::from(rest[at].to_owned());
    let data = &rest[at + 1..];
    if kind != RecordType::Soa {
        return of_record(name, kind, data.last()?);
    }
    let [mname, rname, serial, ..] = data else { return None };
    let zone = name;
    let serial = serial.parse().unwrap_or_default();
    Some(Line::Zone(Soa { zone, mname: host(mname)?, rname: host(rname)?, serial }))
}

fn of_record(name: String, kind: RecordType, data: &str) -> Option<Line> {
    let data = match kind {
        RecordType::Cname => host(data)?,
        _ => address(data)?.to_string(),
    };
    Some(Line::Record(Record { name, kind, ttl: 0, data }))
}

/// What getent and resolvectl print: an address with its names, or a name with its address.
fn of_library(line: &str, asked: Option<&str>) -> Option<Line> {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next()?, words.next()?);
    match (address(first), host(first.trim_end_matches(':')), address(second)) {
        (Some(address), _, _) => {
            let asked = asked?;
            let mut names = std::iter::once(second).chain(words).filter_map(host);
            names.any(|name| name == asked).then(|| Line::Connected(asked.to_owned(), address))
        }
        (None, Some(name), Some(address)) if first.ends_with(':') => {
            Some(Line::Connected(name, address))
        }
        _ => None,
    }
}

/// A client's words about the host that it tried.
fn connected(line: &str, lower: &str) -> Option<Line> {
    let one = |(before, open, close): &(&str, char, char)| {
        let rest = &line[lower.find(before)? + before.len()..];
        let (name, rest) = rest.split_once(*open)?;
        let (inside, _) = rest.split_once(*close)?;
        Some(Line::Connected(host(name.trim())?, address(inside)?))
    };
    words::CONNECTED.iter().find_map(one)
}

/// A line that has one name or address and nothing else.
fn more(line: &str) -> Option<Line> {
    (!line.is_empty() && (address(line).is_some() || host(line).is_some()))
        .then(|| Line::More(line.to_owned()))
}

/// A name with a domain, in lower case and without the dot at its end.
pub(super) fn host(word: &str) -> Option<String> {
    let name = word.trim().trim_matches(['`', '"', '\'', ',']).trim_end_matches('.');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_name = name.contains('.')
        && name.len() < 254
        && name.chars().all(is_part)
        && name.split('.').all(|label| !label.is_empty())
        && name.parse::<IpAddr>().is_err();
    is_name.then(|| name.to_ascii_lowercase())
}

/// The names in a line.
fn hosts(line: &str) -> impl DoubleEndedIterator<Item = String> + '_ {
    line.split(|c: char| c.is_whitespace() || c == ':' || c == '(').filter_map(host)
}

/// An address, alone or with its port or what follows it.
pub(super) fn address(value: &str) -> Option<IpAddr> {
    let first = value.split([' ', '\t', '#', '(']).next()?;
    let of_socket = || first.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    first.parse().ok().or_else(of_socket)
}
