//! A line of the log of a firewall, a packet filter, a network policy or a proxy that denied a call, or got
//! no answer from its other end (fact T245).

use crate::diagnose::pasted::{Record, Recorded};

/// Words for a call that was not let through, in lower case.
const DENIED: &[&str] = &["deny", "denied", "drop", "block", "reject", "discard", "reset"];

/// Names under which products write where a call came from and went, its port, what became of it, and the rule
/// (netfilter, FortiGate, Check Point, Sophos, the common event format), in lower case.
const FROM: &[&str] = &["src", "srcip", "src_ip", "sourceip", "source_ip"];
const TO: &[&str] = &["dst", "dstip", "dst_ip", "destip", "dest_ip", "destinationip"];
const PORT: &[&str] = &["dpt", "dstport", "dst_port", "dport", "dest_port", "service"];
const ACTION: &[&str] = &["action", "act", "log_subtype"];
const RULE: &[&str] = &["policyname", "rule_name", "fw_rule_name", "rule", "policyid"];

/// The record of a line.
pub(super) fn record(line: &str) -> Option<Record> {
    of_fields(line)
        .or_else(|| of_asa(line))
        .or_else(|| of_palo_alto(line))
        .or_else(|| of_cilium(line))
        .or_else(|| of_squid(line))
}

/// A record of what is between two places.
fn between(what: Recorded, from: &str, to: &str, port: u16, why: Option<&str>) -> Option<Record> {
    super::is_call(Some(from), port).then(|| Record {
        what,
        from: Some(from.to_owned()),
        to: Some(format!("{to}:{port}")),
        why: why.filter(|why| !why.is_empty()).map(str::to_owned),
    })
}

fn is_denied(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    DENIED.iter().any(|denied| word.starts_with(denied))
}

/// Fields with their names, as `dstport=443 action="deny"`.
fn of_fields(line: &str) -> Option<Record> {
    let field = |names: &[&str]| names.iter().find_map(|name| value(line, name));
    let (from, to, port) = (field(FROM)?, field(TO)?, field(PORT)?.parse().ok()?);
    let _: std::net::IpAddr = from.parse().ok()?;
    // netfilter has no field for it: what its rule writes before the packet says it.
    let netfilter = line.find("IN=").filter(|at| line[*at..].contains("OUT="));
    let (what, is_denied) = match (field(ACTION), netfilter) {
        (Some(action), _) => (Recorded::DeniedOnTheWay, is_denied(action)),
        (None, Some(at)) => {
            let mut words = line[..at].split(|c: char| !c.is_ascii_alphabetic());
            let is_own = value(line, "in").is_none_or(str::is_empty);
            let what = if is_own { Recorded::DeniedHere } else { Recorded::DeniedOnTheWay };
            (what, words.any(is_denied))
        }
        (None, None) => return None,
    };
    is_denied.then(|| between(what, from, to, port, field(RULE))).flatten()
}

/// The value of a field, whose name is in lower case.
fn value<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    let mut all = line.match_indices('=').map(|(at, _)| (&line[..at], &line[at + 1..]));
    let (_, rest) = all.find(|(before, _)| {
        let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c)));
        before[start.map_or(0, |at| at + 1)..].eq_ignore_ascii_case(name)
    })?;
    let end = |rest: &'t str, ends: &[char]| &rest[..rest.find(ends).unwrap_or(rest.len())];
    Some(match rest.strip_prefix('"') {
        Some(quoted) => end(quoted, &['"']),
        None => end(rest, &[' ', '\t', ',', ';', '|', '\r', '\n']),
    })
}

/// `%ASA-4-106023: Deny tcp src inside:<from>/<port> dst outside:<to>/<port> by access-group "<rule>"`, and the end
/// of a connection that was never there.
fn of_asa(line: &str) -> Option<Record> {
    let (_, message) = line.split_once("%ASA-")?;
    let behind = |word: &str| {
        let (_, rest) = message.split_once(word)?;
        let (_, place) = rest.split_whitespace().next()?.split_once(':')?;
        let (address, port) = place.split_once('/')?;
        let _: std::net::IpAddr = address.parse().ok()?;
        Some((address, port.parse().ok()?))
    };
    if message.contains("SYN Timeout") {
        let ((to, port), (from, _)): (_, (_, u16)) = (behind(" for ")?, behind(" to ")?);
        return between(Recorded::NotAnswered, from, to, port, None);
    }
    let ((from, _), (to, port)): ((_, u16), _) = (behind(" src ")?, behind(" dst ")?);
    let rule = message.split_once("access-group \"").and_then(|(_, rest)| rest.split('"').next());
    message
        .contains(": Deny ")
        .then(|| between(Recorded::DeniedOnTheWay, from, to, port, rule))
        .flatten()
}

/// A row of the traffic log of Palo Alto Networks. Its application `incomplete` is a connection request that got no
/// answer.
fn of_palo_alto(line: &str) -> Option<Record> {
    let fields: Vec<&str> = line.split(',').collect();
    let kind = fields.iter().position(|field| *field == "TRAFFIC")?;
    let field = |at: usize| fields.get(kind + at).copied();
    let (from, to, rule, application) = (field(4)?, field(5)?, field(8)?, field(11)?);
    let (port, action) = (field(22)?.parse().ok()?, field(27)?);
    match (is_denied(action), application) {
        (true, _) => between(Recorded::DeniedOnTheWay, from, to, port, Some(rule)),
        (false, "incomplete") => between(Recorded::NotAnswered, from, to, port, None),
        _ => None,
    }
}

/// What Hubble prints of a packet that a network policy of Cilium denied.
fn of_cilium(line: &str) -> Option<Record> {
    let (before, rest) = line.split_once(" <> ").or_else(|| line.split_once(" -> "))?;
    let (to, rest) = rest.split_once(' ')?;
    let (to, port) = to.rsplit_once(':')?;
    let is_denied = rest.contains("Policy denied") || rest.contains("EGRESS DENIED");
    let from = before.split_whitespace().find(|word| word.contains('/')).unwrap_or_default();
    let what = Recorded::DeniedOnTheWay;
    is_denied.then(|| between(what, from, to, port.parse().ok()?, None)).flatten()
}

/// A line of squid's access log: `<time> <ms> <client> TCP_DENIED/403 <bytes> CONNECT <host>:443 ..`.
fn of_squid(line: &str) -> Option<Record> {
    let mut words = line.split_whitespace().skip_while(|word| !word.contains('/'));
    let (code, status) = words.next()?.split_once('/')?;
    let (_, method, to) = (words.next()?, words.next()?, words.next()?);
    let is_code = code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') && code.contains('_');
    let what = match status {
        // The first answer to a client that has to name itself.
        _ if !is_code || method != "CONNECT" => return None,
        "403" => Recorded::DeniedByProxy,
        "502" | "503" | "504" => Recorded::NotReachedByProxy,
        _ => return None,
    };
    Some(Record {
        what,
        from: None,
        to: Some(to.to_owned()),
        why: Some(format!("{code}/{status}")),
    })
}
