//! An answer that does not fit into a plain datagram of 512 bytes (RFC 1035): musl before 1.2.4, of
//! Alpine before 3.18, does not ask again over TCP, and uses what there was space for (fact D202).

use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::Exchange;

use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-large-answer",
    Dns,
    "The answer is too large for clients that do not use TCP (old Alpine)",
    Code(check)
);

/// The largest answer that fits into a datagram without EDNS, with the OPT record of 11 bytes that such an
/// answer lacks (RFC 6891).
const PLAIN: u32 = 512 + 11;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let r = e.dns.effective_resolver()?;
    let answer = r.seen.a.value().and_then(Exchange::answer)?;
    let size = answer.size;
    if size <= PLAIN
        || e.dns.effective().is_empty()
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
                format!("{label} answers with {size} bytes: old Alpine images get no address"),
                "the answer is large: old Alpine images get no address",
            ),
        )
        .fact(format!("{} at {label}: {} records, {size} bytes", e.dns.name, answer.records.len()))
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
