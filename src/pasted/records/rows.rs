//! A row of a table of Log Analytics, as an object or under a line of headings, and the answers of Network
//! Watcher (facts T217, T219, H213).

use crate::diagnose::pasted::{Record, Recorded};

/// Columns by which a line is known as one of headings: both of a pair.
const HEADINGS: &[(&str, &str)] = &[
    ("sourceip", "action"),
    ("cshost", "scstatus"),
    ("csuristem", "scstatus"),
    ("src-ip", "action"),
    ("clientip", "action"),
];

/// Whether a column has a name; in AzureDiagnostics its type is at its end.
pub(super) fn is_column(column: &str, name: &str) -> bool {
    let plain = ["_s", "_d"].iter().find_map(|kind| column.strip_suffix(kind)).unwrap_or(column);
    plain.eq_ignore_ascii_case(name)
}

/// The record of a row; `field` gives what it has under a name.
pub(super) fn record(field: impl Fn(&str) -> Option<String>) -> Option<Record> {
    of_firewall(&field)
        .or_else(|| of_application(&field))
        .or_else(|| of_gateway(&field))
        .or_else(|| of_machine(&field))
        .or_else(|| of_network_watcher(&field))
}

/// A row of Application Gateway, or of a web application firewall at it or at Front Door (fact H232).
fn of_gateway(field: &impl Fn(&str) -> Option<String>) -> Option<Record> {
    let has = |name: &str| field(name).filter(|value| !value.is_empty());
    let from = has("clientIp");
    let is_blocked = has("action").is_some_and(|action| {
        ["block", "blocked"].iter().any(|word| action.eq_ignore_ascii_case(word))
    });
    if let Some(rule) = has("ruleId").or_else(|| has("ruleName")).filter(|_| is_blocked) {
        let why = match has("message") {
            Some(message) => format!("rule {rule}: {message}"),
            None => format!("rule {rule}"),
        };
        let to = has("hostname").or_else(|| has("host"));
        return Some(Record { what: Recorded::BlockedByWaf, from, to, why: Some(why) });
    }
    let status: u16 = field("httpStatus")?.parse().ok()?;
    let failed = has("error_info").filter(|info| info.contains("UPSTREAM"));
    let is_own = field("serverRouted").is_some() && has("serverStatus").is_none();
    (matches!(status, 502 | 504) && (failed.is_some() || is_own)).then(|| Record {
        what: Recorded::NoBackend,
        from,
        to: has("host").or_else(|| has("requestUri")),
        why: Some(
            failed.map_or_else(
                || format!("status {status}"),
                |info| format!("status {status}, {info}"),
            ),
        ),
    })
}

/// A line of the log of Windows Firewall (fact T245).
fn of_machine(field: &impl Fn(&str) -> Option<String>) -> Option<Record> {
    let (from, to, port) = (field("src-ip")?, field("dst-ip")?, field("dst-port")?);
    let is_dropped = field("action")?.eq_ignore_ascii_case("drop");
    // What the machine did not let in is no call of its own.
    let is_sent = field("path").is_none_or(|path| path.eq_ignore_ascii_case("send"));
    (is_dropped && is_sent && super::is_call(None, port.parse().ok()?)).then(|| Record {
        what: Recorded::DeniedHere,
        from: Some(from),
        to: Some(format!("{to}:{port}")),
        why: None,
    })
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
        // Windows Firewall begins its own with a word.
        let (line, separators) = match line.trim_start().strip_prefix("#Fields:") {
            Some(fields) => (fields.trim(), &[' '][..]),
            None => (line, &['\t', ',', '|'][..]),
        };
        let separator = separators.iter().copied().find(|one| line.contains(*one))?;
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
            let at = self.columns.iter().position(|column| is_column(column, name))?;
            Some(cells[at].trim_matches([' ', '"', '\r', '\n']).to_owned())
        })
    }
}
