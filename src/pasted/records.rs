//! Records of a call that are no answer to it: rows of Log Analytics, flow logs, a capture, what Network
//! Watcher says (facts T217 to T219, H213).
//!
//! They are taken out of the text, so that a status in one is not read as that of the call.

mod capture;
mod firewalls;
mod rows;

use std::net::IpAddr;
use std::ops::Range;

use serde_json::{Deserializer, Value};

use crate::diagnose::pasted::{Record, Recorded, has_port};
use crate::sorting;

use super::frames;

/// Records that are kept of a text.
const MOST: usize = 4;
/// Places at which an object may begin and none does.
const TRIES: usize = 64;
/// Objects inside an object, at most.
const DEPTH: usize = 8;
/// Ports of calls besides those of services, and of DNS: what else a network denies is no part of them.
const PORTS: &[u16] = &[53, 443, 3128, 8080];

/// The records of a text, the worst first, and the text without them.
#[must_use]
pub fn records(text: &str) -> (Vec<Record>, String) {
    let plain = frames::without_frames(text);
    let mut found = Vec::new();
    let mut taken: Vec<Range<usize>> = Vec::new();
    objects(&plain, &mut found, &mut taken);
    lines(&plain, &mut found, &mut taken);
    if found.is_empty() {
        return (found, text.to_owned());
    }
    sorting::by_key(&mut taken, |range| range.start);
    let mut rest = String::new();
    let mut end = 0;
    for range in taken {
        rest.push_str(plain.get(end..range.start).unwrap_or_default());
        end = end.max(range.end);
    }
    rest.push_str(plain.get(end..).unwrap_or_default());
    sorting::by_key(&mut found, |record| record.what);
    let mut records: Vec<Record> = Vec::new();
    for record in found {
        // The port of a client is another one in each call.
        let alike = |other: &Record| (other.what, &other.to) == (record.what, &record.to);
        if records.len() < MOST && !records.iter().any(alike) {
            records.push(record);
        }
    }
    (records, rest)
}

/// Whether a text has nothing left that could be of an answer.
#[must_use]
pub fn is_empty(rest: &str) -> bool {
    !rest.contains(|c: char| c.is_alphanumeric())
}

/// The records in JSON: rows, alone or in a list, and the answers of Network Watcher.
fn objects(text: &str, found: &mut Vec<Record>, taken: &mut Vec<Range<usize>>) {
    let mut end = 0;
    let mut tries = TRIES;
    for (start, _) in text.match_indices('{') {
        if start < end || tries == 0 {
            continue;
        }
        let mut json = Deserializer::from_str(&text[start..]).into_iter::<Value>();
        let Some(Ok(value)) = json.next() else {
            tries -= 1;
            continue;
        };
        end = start + json.byte_offset();
        let before = found.len();
        of_value(&value, DEPTH, found);
        if found.len() > before {
            taken.push(start..end);
        }
    }
}

/// The records of a value and of those in it.
fn of_value(value: &Value, depth: usize, found: &mut Vec<Record>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Object(map) => {
            let field = |name: &str| {
                let (_, value) = map.iter().find(|(key, _)| rows::is_column(key, name))?;
                match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                }
            };
            if let Some(record) = rows::record(field) {
                found.push(record);
                return;
            }
            map.values().for_each(|value| of_value(value, depth, found));
        }
        Value::Array(list) => list.iter().for_each(|value| of_value(value, depth, found)),
        Value::String(text) => found.extend(of_text(text)),
        _ => {}
    }
}

/// The records that are lines: messages of a firewall, flows, packets, and tables under a line of headings.
fn lines(text: &str, found: &mut Vec<Record>, taken: &mut Vec<Range<usize>>) {
    let mut capture = capture::Capture::default();
    let mut heading: Option<rows::Heading> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        // What an object holds was read with it.
        if taken.iter().any(|taken| taken.contains(&range.start)) {
            continue;
        }
        if let Some(columns) = rows::Heading::of(line) {
            taken.push(range);
            heading = Some(columns);
            continue;
        }
        let of_table = heading.as_ref().and_then(|heading| heading.record(line));
        let one = of_table.or_else(|| of_text(line));
        if one.is_some() || capture.add(line) {
            found.extend(one);
            taken.push(range);
        }
    }
    found.extend(capture.records());
}

/// The record of a message or of a flow.
fn of_text(text: &str) -> Option<Record> {
    of_firewall(text).or_else(|| of_flow(text)).or_else(|| firewalls::record(text))
}

/// Whether what a network denied may be a call that this program knows of: what the internet tries from
/// outside is none.
fn is_call(from: Option<&str>, port: u16) -> bool {
    let is_public =
        |from: &str| from.parse().is_ok_and(|ip| crate::evidence::classify(ip).is_public());
    (PORTS.contains(&port) || has_port(port)) && !from.is_some_and(is_public)
}

/// The message of a rule of Azure Firewall: `HTTPS request from <from> to <to>. Action: Deny. <why>`.
fn of_firewall(text: &str) -> Option<Record> {
    let (before, rest) = text.split_once(" request from ")?;
    let (ends, rest) = rest.split_once(". Action: ")?;
    // Where the client named no host, the firewall knows of none.
    let (from, to) = ends.split_once(" to ").map_or((ends, None), |(from, to)| (from, Some(to)));
    let why =
        rest.trim_start().strip_prefix("Deny")?.trim_matches([' ', '.', '"', '}', '\r', '\n', ',']);
    let why = why.split(['"', '\n']).next().unwrap_or_default().trim_matches([' ', '.']);
    let protocol =
        before.split(|c: char| !c.is_ascii_alphanumeric()).next_back().unwrap_or_default();
    Some(Record {
        what: match protocol.to_ascii_uppercase().starts_with("HTTP") {
            true => Recorded::HostDeniedByFirewall,
            false => Recorded::DeniedByFirewall,
        },
        from: Some(from.trim().to_owned()),
        to: to.map(|to| to.trim().to_owned()),
        why: (!why.is_empty()).then(|| why.to_owned()),
    })
}

/// A denied flow of a flow log: time, addresses, ports, protocol, direction, and `D` (fact T218). What the
/// internet tries from outside is no call.
fn of_flow(text: &str) -> Option<Record> {
    let all = text.split(['"', '\'', '[', ']', ' ', '\t']).filter(|part| part.contains(','));
    all.filter_map(|part| {
        let fields: Vec<&str> = part.trim_matches([',', '\r', '\n']).split(',').collect();
        let [time, from, to, _, port, protocol, direction, state, ..] = fields[..] else {
            return None;
        };
        let is_time = time.len() >= 10 && time.bytes().all(|byte| byte.is_ascii_digit());
        let is_flow = matches!(protocol, "T" | "U" | "6" | "17") && matches!(direction, "I" | "O");
        let (_, _): (IpAddr, IpAddr) = (from.parse().ok()?, to.parse().ok()?);
        let is_call = is_call(Some(from).filter(|_| direction != "O"), port.parse().ok()?);
        (is_time && is_flow && state == "D" && is_call).then(|| Record {
            what: Recorded::DeniedByRule,
            from: Some(from.to_owned()),
            to: Some(format!("{to}:{port}")),
            why: None,
        })
    })
    .next()
}
