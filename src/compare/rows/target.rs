//! What was asked for.

use crate::compare::row::{Row, one, optional, ordered, unordered};
use crate::render::text;

pub(super) const ROWS: &[Row] = &[
    Row::new("target.host", "host", |r| one(&r.evidence.target.host)),
    Row::new("target.port", "port", |r| one(r.evidence.target.port.to_string())),
    Row::new("target.kind", "kind of name", |r| one(format!("{:?}", r.evidence.target.kind)))
        .covered_by(&["target.host"]),
    Row::new("target.service", "service", |r| optional(r.evidence.target.service_name.as_ref()))
        .covered_by(&["target.host"]),
    Row::new("target.base_path", "base path", |r| {
        one(match r.evidence.target.base_path.as_str() {
            "" => "none",
            path => path,
        })
    }),
    Row::new("target.expect", "expected address (--expect)", |r| {
        one(text::expect(&r.evidence.options.expect))
    }),
    Row::new("target.deployment", "deployment", |r| {
        optional(r.evidence.options.deployment.as_ref())
    }),
    Row::new("target.api_version", "api-version", |r| one(&r.evidence.options.api_version)),
    Row::new("target.trust", "roots that decide (--trust)", |r| {
        one(text::trust(r.evidence.options.trust))
    }),
    Row::new("target.ca_file", "--ca-file", |r| optional(r.evidence.options.ca_file.as_ref())),
    Row::new("target.resolver", "--resolver", |r| one(given(r.evidence.options.resolver_given))),
    Row::new("target.connect_to", "--connect-to", |r| {
        one(given(r.evidence.options.connect_to_given))
    }),
    Row::new("target.deadlines", "deadlines (hop, whole check)", |r| {
        let options = &r.evidence.options;
        ordered([options.timeout_ms, options.deadline_ms].map(|ms| format!("{ms} ms")))
    }),
    Row::new("target.limits", "limits of the inventory", |r| {
        let limits = &r.evidence.options.limits;
        let times = [
            ("dns", limits.dns_ms),
            ("tcp", limits.tcp_ms),
            ("tls", limits.tls_ms),
            ("http", limits.http_ms),
        ];
        let days = limits.certificate_days.map(|days| format!("certificate {days} days"));
        unordered(
            times.iter().filter_map(|(of, ms)| Some(format!("{of} {} ms", (*ms)?))).chain(days),
        )
    }),
];

const fn given(given: bool) -> &'static str {
    if given { "given" } else { "not given" }
}
