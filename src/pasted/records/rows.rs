//! A row of a table of Log Analytics, as an object or under a line of headings, and the answers of Network
//! Watcher (facts T217, T219, H213).

use crate::diagnose::pasted::{Record, Recorded};

/// Columns by which a line is known as one of headings: both of a pair.
const HEADINGS: &[(&str, &str)] =
    &[("sourceip", "action"), ("cshost", "scstatus"), ("csuristem", "scstatus")];

/// The record of a row; `field` gives what it has under a name.
pub(super) fn record(field: impl Fn(&str) -> Option<String>) -> Option<Record> {
    of_firewall(&field).or_else(|| of_application(&field)).or_else(|| of_network_watcher(&field))
}

/// A row of AZFWNetworkRule or AZFWApplicationRule.
fn of_firewall(field: &impl Fn(&str) -> Option<String>) -> Option<Record> {
    let is_denied = field("Action").is_some_and(|action| action.eq_ignore_ascii_case("deny"));
    let source = field("SourceIp").filter(|_| is_denied)?;
    let host = field("Fqdn").filter(|host| !host.is_empty());
    let to = host.clone().or_else(|| field("DestinationIp"))?;
    let port = field("DestinationPort").filter(|port| !port.is_empty());
    let rule = field("Rule").filter(|rule| !rule.is_empty());
    Some(Record {
        what: match host {
            Some(_) => Recorded::HostDeniedByFirewall,
            None => Recorded::DeniedByFirewall,
        },
        from: Some(source),
        to: Some(port.map_or(to.clone(), |port| format!("{to}:{port}"))),
        why: rule.or_else(|| field("ActionReason").filter(|reason| !reason.is_empty())),
    })
}

/// A row of AppServiceHTTPLogs: what the application answered.
fn of_application(field: &impl Fn(&str) -> Option<String>) -> Option<Record> {
    let status = field("ScStatus")?;
    let host = field("CsHost").or_else(|| field("CsUriStem"))?;
    let why = Some(format!("status {status}"));
    Some(Record { what: Recorded::OwnAnswer, from: None, to: Some(host), why })
}

/// What `az network watcher` answers: the next hop, the rule of a flow, the connection.
fn of_network_watcher(field: &impl Fn(&str) -> Option<String>) -> Option<Record> {
    let is = |name: &str, value: &str| {
        field(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    // Routes themselves have no table in them, and those of a network begin with the next hop None for every
    // private prefix.
    let table = field("routeTableId");
    let (what, why) = if let Some(table) = table.filter(|_| is("nextHopType", "None")) {
        let table = Some(table).filter(|table| !table.is_empty());
        (
            Recorded::NoNextHop,
            table.map(|table| table.rsplit('/').next().unwrap_or_default().to_owned()),
        )
    } else if is("access", "Deny") && field("ruleName").is_some() {
        (Recorded::DeniedByRule, field("ruleName"))
    } else if is("connectionStatus", "Unreachable") {
        (Recorded::NotReached, None)
    } else {
        return None;
    };
    Some(Record { what, from: None, to: None, why })
}

/// The names of the columns of a table, and what separates them.
pub(super) struct Heading {
    separator: char,
    columns: Vec<String>,
}

impl Heading {
    /// The headings of a line.
    pub(super) fn of(line: &str) -> Option<Self> {
        let separator = ['\t', ',', '|'].into_iter().find(|separator| line.contains(*separator))?;
        let name = |column: &str| {
            let column = column.split('[').next().unwrap_or_default();
            column.trim_matches([' ', '"', '\r', '\n', '\u{feff}']).to_ascii_lowercase()
        };
        let columns: Vec<String> = line.split(separator).map(name).collect();
        let has = |name: &str| columns.iter().any(|column| column == name);
        HEADINGS
            .iter()
            .any(|(one, other)| has(one) && has(other))
            .then_some(Self { separator, columns })
    }

    /// The record of a line of the table.
    pub(super) fn record(&self, line: &str) -> Option<Record> {
        let cells: Vec<&str> = line.split(self.separator).collect();
        if cells.len() < self.columns.len() {
            return None;
        }
        record(|name: &str| {
            let at = self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
            Some(cells[at].trim_matches([' ', '"', '\r', '\n']).to_owned())
        })
    }
}
