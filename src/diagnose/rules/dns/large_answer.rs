//! An answer that does not fit into a plain datagram of 512 octets (RFC 1035): musl before 1.2.4, of
//! Alpine before 3.18, does not ask again over TCP, and uses what there was space for (fact D202).

use std::collections::BTreeSet;

use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{Answer, Exchange, RecordType};

use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-large-answer",
    Dns,
    "The answer is too large for clients that do not use TCP (old Alpine)",
    Code(check)
);

/// The largest datagram without EDNS.
const PLAIN: usize = 512;

/// The least size of an answer with all its records, each name compressed where it can be (RFC 1035,
/// section 4.1.4). What other sections hold may be left out without TC.
fn least_size(name: &str, answer: &Answer) -> usize {
    const HEADER: usize = 12;
    const QUESTION: usize = 4;
    const RECORD: usize = 10;
    let mut written: BTreeSet<String> = BTreeSet::new();
    let mut length = |name: &str| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = name.as_str();
        let mut length = 0;
        while !rest.is_empty() {
            if !written.insert(rest.to_owned()) {
                return length + 2;
            }
            let (label, behind) = rest.split_once('.').unwrap_or((rest, ""));
            length += label.len() + 1;
            rest = behind;
        }
        length + 1
    };
    let mut size = HEADER + length(name) + QUESTION;
    for record in &answer.records {
        size += length(&record.name) + RECORD;
        size += match record.kind {
            RecordType::Cname => length(&record.data),
            RecordType::Aaaa => 16,
            _ => 4,
        };
    }
    size
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = e.dns.effective_resolver()?;
    let answer = r.seen.a.value().and_then(Exchange::answer)?;
    let size = least_size(&e.dns.name, answer);
    if size <= PLAIN
        || r.outcome.addresses().is_empty()
        || reading::proxied(e)
        || Library::of(e).is_winsock()
    {
        return None;
    }
    let label = r.label();
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Inferred,
            text::clause(
                format!("{label} answers with {size} bytes or more: old Alpine images get no address"),
                "the answer is large: old Alpine images get no address",
            ),
        )
        .fact(format!("{} at {label}: {} records, {} bytes", e.dns.name, answer.records.len(), answer.size))
        .cites(r.pointer())
        .reasoning(
            "without EDNS only 512 bytes fit into a datagram, and the rest is asked for over TCP: musl \
             before 1.2.4 (Alpine before 3.18) does not ask, and uses the beginning of the answer, \
             which has the aliases and not the address",
        )
        .owner("Application")
        .inspect(
            "see whether a plain answer is truncated (flag tc)",
            format!("{} +noedns +ignore", text::dig(&e.dns.name, r.seen)),
        )
        .step(
            Step::local("build images on Alpine 3.18 or later, or on one with glibc")
                .undo("use the old image again"),
        )
        .caveat()
        .check(text::dig(&e.dns.name, r.seen)),
    )
}
