//! Connections, the proxy, and the TLS session.

use super::dns::questions;
use super::{list, or_none};
use crate::evidence::Observed;
use crate::evidence::proxy::{ConnectOutcome, ProxyHop};
use crate::evidence::tcp::{TcpHop, TcpInfo};
use crate::evidence::tls::{Certificate, TlsHop};
use crate::render::progress::milliseconds;
use crate::render::text;
use crate::render::text_writer::TextWriter;

pub(super) fn tcp(writer: &mut TextWriter, hop: &TcpHop) {
    for attempt in &hop.attempts {
        let from = match (attempt.source, &attempt.interface) {
            (Some(source), Some(interface)) => format!(" from {source} ({interface})"),
            (Some(source), None) => format!(" from {source}"),
            (None, _) => String::new(),
        };
        let walked = if Some(attempt.address.ip()) == hop.selected { ", walked" } else { "" };
        writer.write_text(&format!(
            "{}{from}: {}, {}{walked}",
            attempt.address,
            text::tcp_outcome(&attempt.outcome),
            milliseconds(attempt.took_ms)
        ));
        if let Some(detour) = &attempt.connect_to {
            writer.write_indented(2, &format!("redirected to {detour} by --connect-to"));
        }
        if let Some(repeats @ 1..) = attempt.syn_repeats {
            writer.write_indented(2, &format!("the SYN was sent {} times", repeats + 1));
        }
        if let Some(info) = &attempt.info {
            kernel(writer, info);
        }
    }
    if hop.attempts.is_empty() {
        writer.write_text("no address to connect to");
    }
}

fn kernel(writer: &mut TextWriter, info: &TcpInfo) {
    let mtu = info.pmtu.map_or_else(String::new, |bytes| format!(", path MTU {bytes}"));
    let again = match (info.total_retrans, info.bytes_retrans) {
        (None, Some(bytes)) => format!("{bytes} bytes retransmitted"),
        _ => format!("{} retransmitted", info.repeats()),
    };
    writer.write_indented(
        2,
        &format!(
            "round trip {:.1} ms, {again}, MSS {}{mtu}",
            f64::from(info.rtt_us) / 1000.0,
            info.snd_mss
        ),
    );
    let counts: Vec<String> = [
        ("segments out", info.segs_out.map(u64::from)),
        ("in", info.segs_in.map(u64::from)),
        ("out of order", info.rcv_ooopack.map(u64::from)),
        ("duplicates received", info.dsack_dups.map(u64::from)),
        ("bytes acknowledged", info.bytes_acked),
        ("received", info.bytes_received),
    ]
    .into_iter()
    .filter_map(|(name, number)| number.map(|number| format!("{name} {number}")))
    .collect();
    if !counts.is_empty() {
        writer.write_indented(2, &counts.join(", "));
    }
}

pub(super) fn proxy(writer: &mut TextWriter, hop: &ProxyHop) {
    let password = if hop.has_password { "with a password" } else { "without a password" };
    writer.write_text(&format!("{}, {password}", hop.url));
    match &hop.dns {
        Observed::Done { value, .. } => {
            writer.write_text(&format!("its name {}", value.name));
            for resolver in &value.resolvers {
                questions(writer, resolver);
            }
            writer.write_text(&format!("getaddrinfo: {}", text::system(&value.system)));
        }
        other => {
            writer.write_text(&format!("its name: {}", text::not_done(other).unwrap_or_default()))
        }
    }
    match &hop.tcp {
        Observed::Done { value, .. } => tcp(writer, value),
        other => {
            writer
                .write_text(&format!("connection: {}", text::not_done(other).unwrap_or_default()));
        }
    }
    match &hop.connect {
        Observed::Done { value, took_ms, .. } => {
            writer.write_text(&format!("{}, {}", text::connect(value), milliseconds(*took_ms)));
            if let ConnectOutcome::Answered { status, reason, headers, page, .. } = value {
                writer.write_indented(2, &format!("{status} {reason}"));
                for header in headers {
                    writer.write_indented(2, &format!("{}: {}", header.name, header.value));
                }
                if let Some(page) = page {
                    writer.write_indented(2, &format!("page: {page}"));
                }
            }
        }
        other => {
            writer.write_text(&format!("CONNECT: {}", text::not_done(other).unwrap_or_default()))
        }
    }
}

pub(super) fn tls(writer: &mut TextWriter, hop: &TlsHop) {
    writer.write_text(&format!("SNI {}: {}", hop.server_name, text::tls_outcome(hop)));
    if let Some(n) = &hop.negotiated {
        writer.write_text(&format!(
            "{}, {}, group {}, ALPN {}",
            n.version,
            n.cipher_suite,
            or_none(n.group.as_deref()),
            or_none(n.alpn.as_deref())
        ));
    }
    writer.write_text(&format!(
        "{} sent, {} received, {} presented",
        text::count(hop.bytes_sent, "byte"),
        hop.bytes_received,
        text::count(hop.chain_length.into(), "certificate")
    ));
    for verdict in &hop.verdicts {
        let message = verdict.fault.as_ref().map_or("accepts", |fault| fault.describe());
        let set = verdict.store.describe();
        writer.write_text(&format!("{set} ({} anchors): {message}", verdict.anchors));
    }
    for (number, one) in hop.chain.iter().enumerate() {
        certificate(writer, number, one);
    }
    if let Some(info) = &hop.tcp_info {
        kernel(writer, info);
    }
}

fn certificate(writer: &mut TextWriter, number: usize, one: &Certificate) {
    writer.write_text(&format!("certificate {number}: {}", one.subject));
    writer.write_indented(2, &format!("issuer {}", one.issuer));
    if !one.names.is_empty() {
        let left = (one.names_count as usize).saturating_sub(one.names.len());
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        writer.write_indented(2, &format!("names {}{more}", list(&one.names)));
    }
    let kind = match (one.is_ca, one.self_issued) {
        (true, true) => ", CA, self-issued",
        (true, false) => ", CA",
        (false, true) => ", self-issued",
        (false, false) => "",
    };
    writer.write_indented(
        2,
        &format!(
            "{} to {} ({}){kind}",
            one.not_before,
            one.not_after,
            text::days_left(one.days_left)
        ),
    );
    if let Some(url) = &one.issuer_url {
        writer.write_indented(2, &format!("issuer's certificate {url}"));
    }
    for url in &one.revocation_urls {
        writer.write_indented(2, &format!("revocation {url}"));
    }
    writer.write_indented(2, &format!("SHA-256 {}", one.sha256));
}
