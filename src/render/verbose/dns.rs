//! Every question and its answer.

use super::list;
use crate::evidence::Observed;
use crate::evidence::dns::{Answer, DnsHop, DnsOutcome, Exchange, ResolverEvidence, Transport};
use crate::render::progress::milliseconds;
use crate::render::text;
use crate::render::text_writer::TextWriter;

pub(super) fn dns(writer: &mut TextWriter, label: &str, hop: &DnsHop) {
    writer.write_blank_line();
    writer.set_label(label);
    writer.write_text(&hop.name);
    for resolver in &hop.resolvers {
        questions(writer, resolver);
    }
    let took = hop.system.took_ms().map(|ms| format!(", {}", milliseconds(ms)));
    writer.write_text(&format!(
        "getaddrinfo: {}{}",
        text::system(&hop.system),
        took.unwrap_or_default()
    ));
    for walked in &hop.selected {
        let counts = if walked.effective { "counts" } else { "does not count" };
        writer.write_text(&format!(
            "walked: {} ({}), {counts}",
            walked.address,
            walked.class.words()
        ));
    }
    writer.set_label("");
}

pub(super) fn questions(writer: &mut TextWriter, resolver: &ResolverEvidence) {
    writer.write_text(&format!("{} ({})", resolver.label(), text::role(resolver.role)));
    for (kind, asked) in
        [("A", &resolver.a), ("AAAA", &resolver.aaaa), ("SOA of the zone", &resolver.zone_soa)]
    {
        match asked {
            Observed::Done { value, took_ms, .. } => exchange(writer, value, *took_ms),
            other => {
                let why = text::not_done(other).unwrap_or_default();
                writer.write_indented(2, &format!("{kind}: {why}"));
            }
        }
    }
}

fn exchange(writer: &mut TextWriter, exchange: &Exchange, took_ms: f64) {
    let transport = match exchange.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
    };
    let what = match exchange.answer() {
        Some(answer) => answer.rcode.to_string(),
        None => text::dns_outcome(&exchange.outcome),
    };
    writer.write_indented(
        2,
        &format!(
            "{} {}: {what}, {}, {transport}, sent {}",
            exchange.kind,
            exchange.name,
            milliseconds(took_ms),
            exchange.sent
        ),
    );
    match &exchange.outcome {
        DnsOutcome::Answered { answer: message }
        | DnsOutcome::TcpFailed { truncated: message, .. } => answer(writer, message),
        _ => {}
    }
    if let Some(rcode) = &exchange.edns_declined {
        writer.write_indented(4, &format!("with EDNS: {rcode}"));
    }
    for late in &exchange.late {
        let rcode = &late.answer.rcode;
        writer.write_indented(
            4,
            &format!("a second answer, {} later: {rcode}", milliseconds(late.after_ms)),
        );
        answer(writer, &late.answer);
    }
    for stray in &exchange.stray {
        writer.write_indented(
            4,
            &format!("not accepted: from {}, {}", stray.from, text::stray(stray.reason)),
        );
    }
}

fn answer(writer: &mut TextWriter, answer: &Answer) {
    let flags = [
        ("aa", answer.authoritative),
        ("tc", answer.truncated),
        ("ra", answer.recursion_available),
        ("ad", answer.authentic_data),
    ];
    let set: Vec<String> =
        flags.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).to_owned()).collect();
    writer.write_indented(
        4,
        &format!("flags {}, {}", list(&set), text::count(answer.size.into(), "byte")),
    );
    for record in &answer.records {
        writer.write_indented(
            4,
            &format!("{} {} {} {}", record.name, record.ttl, record.kind, record.data),
        );
    }
    if answer.records_omitted > 0 {
        writer.write_indented(
            4,
            &format!("and {}", text::count(answer.records_omitted.into(), "more record")),
        );
    }
    if let Some(soa) = &answer.soa {
        writer.write_indented(
            4,
            &format!("{} SOA {} {} {}", soa.zone, soa.mname, soa.rname, soa.serial),
        );
    }
    for error in &answer.extended_errors {
        writer.write_indented(4, &format!("extended error {}: {}", error.code, error.text));
    }
}
