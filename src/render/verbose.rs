//! All evidence, for `-v`: every query, attempt, certificate and header, and what was not done.

mod connection;
mod dns;
mod http;
mod identity;
mod vantage;

use connection::{proxy, tcp, tls};
use dns::dns;
use http::http;
use identity::identity;
use vantage::vantage;

use super::text;
use super::text_writer::TextWriter;
use crate::evidence::{Evidence, Observed, tunnel};

/// A block of evidence: its name, and what writes it.
type Block = (&'static str, fn(&mut TextWriter, &Evidence));

/// Every block of evidence, in order; a block without anything to show writes nothing.
pub(super) const BLOCKS: [Block; 12] = [
    ("target", target),
    ("vantage", |writer, e| vantage(writer, &e.vantage)),
    ("dns", |writer, e| dns(writer, "dns", &e.dns)),
    ("proxy", |writer, e| observed(writer, "proxy", &e.proxy, proxy)),
    ("tcp", connections),
    ("tls", |writer, e| observed(writer, "tls", &e.tls, tls)),
    ("identity", |writer, e| identity(writer, &e.identity)),
    ("http", |writer, e| observed(writer, "http", &e.http, http)),
    ("direct path and original name", reference_walks),
    ("experiments", |writer, e| {
        let walked = e.tcp.value().and_then(|hop| hop.selected);
        super::experiments::experiments(writer, &e.experiments, walked);
    }),
    ("azure", super::azure::block),
    ("sent to", |writer, e| {
        writer.write_blank_line();
        writer.set_label("sent to");
        writer.write_text(&list(&e.cost.hosts));
    }),
];

/// The evidence of every hop, one block each.
pub(super) fn evidence(writer: &mut TextWriter, e: &Evidence) {
    for (_, write) in BLOCKS {
        write(writer, e);
    }
}

fn connections(writer: &mut TextWriter, e: &Evidence) {
    observed(writer, "tcp", &e.tcp, tcp);
    if let Some(((sign, _), who)) = tunnel::taken_here(e).zip(tunnel::taken_by(e)) {
        writer.write_text(&format!(
            "accepted on this machine by {who}: {sign}; the connection proves nothing about the \
             path, and the real target is unknown"
        ));
    }
}

/// The walks for comparison: the direct path, and the original name of a privatelink one.
fn reference_walks(writer: &mut TextWriter, e: &Evidence) {
    match &e.direct {
        Observed::Done { value, .. } => {
            observed(writer, "direct", &value.tcp, tcp);
            observed(writer, "direct", &value.tls, tls);
        }
        other => observed(writer, "direct", other, |_, _| ()),
    }
    if let Some(original) = &e.original {
        let heading = format!("the original name {}, in full", original.target.host);
        walked_to(writer, &heading, original);
    }
    if let Some(backend) = &e.backend {
        let heading = format!("the backend {}, from here, in full", backend.target.host);
        walked_to(writer, &heading, backend);
        observed(writer, "http", &backend.http, http);
    }
}

/// The hops as far as TLS of a walk to another name, under a heading.
pub(super) fn walked_to(writer: &mut TextWriter, heading: &str, e: &Evidence) {
    writer.write_blank_line();
    writer.write_heading(heading);
    dns(writer, "dns", &e.dns);
    observed(writer, "proxy", &e.proxy, proxy);
    observed(writer, "tcp", &e.tcp, tcp);
    observed(writer, "tls", &e.tls, tls);
}

/// A block: the evidence, or why there is none.
fn observed<T>(
    writer: &mut TextWriter,
    label: &str,
    it: &Observed<T>,
    show: fn(&mut TextWriter, &T),
) {
    writer.write_blank_line();
    writer.set_label(label);
    match it {
        Observed::Done { value, .. } => show(writer, value),
        other => writer.write_text(&text::not_done(other).unwrap_or_default()),
    }
    writer.set_label("");
}

fn target(writer: &mut TextWriter, e: &Evidence) {
    let (target, asked) = (&e.target, &e.options);
    writer.write_blank_line();
    writer.set_label("target");
    writer.write_text(&format!("{}:{}, typed {}", target.host, target.port, target.input));
    writer.write_text(&format!(
        "service {}, cloud {}, zone {}",
        or_none(target.service_name.as_deref()),
        or_none(target.cloud.as_deref()),
        or_none(target.private_zone.as_deref())
    ));
    writer.write_text(&format!(
        "--expect {}, --trust {}, api-version {}, {} ms a hop, {} ms in all",
        text::expect(&asked.expect),
        text::trust(asked.trust),
        asked.api_version,
        asked.timeout_ms,
        asked.deadline_ms
    ));
    if let Some(deployment) = &asked.deployment {
        writer.write_text(&format!("--deployment {deployment}"));
    }
    if let Some(file) = &asked.ca_file {
        writer.write_text(&format!("--ca-file {file}"));
    }
    writer.write_text(&format!("walked at {}", e.started));
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("none")
}
