//! The proxy in the application's way.

use super::http::without_ids;
use crate::compare::row::{Reading, Row, keyed, milliseconds, one, optional, unordered};
use crate::evidence::Observed;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};
use crate::render::{fact_lines, text};
use crate::report::Report;

pub(super) const ROWS: &[Row] = &[
    Row::new("proxy.applies", "proxy", |r| {
        let proxy = &r.evidence.vantage.proxy;
        let applies = proxy.applies.as_deref().unwrap_or("none");
        keyed(format!("{applies} ({})", text::proxy_reason(&proxy.reason)), applies)
    })
    .outcome(),
    Row::new("proxy.outcome", "connection through the proxy", outcome).outcome(),
    Row::new("proxy.reason", "reason phrase of CONNECT", |r| match hop(r)?.connect.value()? {
        ConnectOutcome::Answered { reason, .. } => one(reason),
        _ => None,
    })
    .covered_by(&["proxy.outcome"]),
    Row::new("proxy.page", "page of the proxy's answer", |r| match hop(r)?.connect.value()? {
        ConnectOutcome::Answered { page, .. } => {
            optional(page.as_deref().map(without_ids).as_ref())
        }
        _ => None,
    })
    .covered_by(&["proxy.outcome", "proxy.reason"]),
    Row::new("proxy.addresses", "addresses of the proxy", |r| {
        unordered(hop(r)?.dns.value()?.effective())
    })
    .covered_by(&["proxy.applies"]),
    Row::new("proxy.password", "password for the proxy", |r| {
        one(if hop(r)?.has_password { "set" } else { "not set" })
    })
    .covered_by(&["proxy.applies"]),
    Row::new("proxy.header", "header of the proxy's answer", |r| {
        match hop(r)?.connect.value()? {
            ConnectOutcome::Answered { headers, .. } => super::http::headers(headers),
            _ => None,
        }
    })
    .covered_by(&["proxy.applies"]),
    Row::new("proxy.time", "time through the proxy", |r| milliseconds(r.evidence.proxy.took_ms()))
        .jitter(100.0),
];

fn hop(r: &Report) -> Option<&ProxyHop> {
    r.evidence.proxy.value()
}

/// How the way through the proxy ended; none where no proxy is walked.
fn outcome(r: &Report) -> Reading {
    let proxy = match &r.evidence.proxy {
        Observed::Done { value, .. } => value,
        Observed::NotAsked { .. } => return None,
        other => return one(text::not_done(other).unwrap_or_default()),
    };
    let shown = fact_lines::proxy(&r.evidence.proxy).text;
    let key = match proxy.connect.value() {
        Some(ConnectOutcome::Answered { status, informational: None, .. }) => status.to_string(),
        Some(other) => text::connect(other),
        None => "no connection".to_owned(),
    };
    keyed(shown, key)
}
