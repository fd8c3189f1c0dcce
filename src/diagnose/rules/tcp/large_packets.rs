//! What a green walk did not test: packets as large as this connection may send, where both ends
//! take larger ones than the walk had to send (facts T15-T17, T51).

use crate::diagnose::timing;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tunnel;

pub(super) const RULE: Rule = rule!(
    "tcp-large-packets",
    Tcp,
    "Packets as large as this connection may send were not tested",
    Code(check)
);

/// IPv4 and TCP headers without options, in bytes (RFC 9293).
const HEADERS: u64 = 40;

/// Links of a network carry no larger packets than this; that of a machine with itself does.
const LARGEST_JUMBO: u32 = 9_216;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if !timing::went_through(e) || !e.http.accepted() || tunnel::taken_here(e).is_some() {
        return None;
    }
    let attempt = timing::connection(e)?;
    let info = attempt.info.as_ref()?;
    // Each packet of the walk holds at most what was written at once: the handshake, or a call.
    let handshake = e.tls.value()?.bytes_sent;
    let calls = info.bytes_acked?.saturating_sub(handshake);
    let (sent, may) = (handshake.max(calls), u64::from(info.snd_mss));
    if sent >= may || info.snd_mss > LARGEST_JUMBO {
        return None;
    }
    let hop = e.tcp.value()?;
    let index = hop.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    let (sent, may, ip) = (sent + HEADERS, may + HEADERS, attempt.connected_to().ip());
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Proved,
            format!("not tested: packets above {sent} bytes; larger requests use up to {may}"),
        )
        .reasoning(format!(
            "both ends accept packets of {may} bytes, and this check had no more to send than {sent} \
             at once: where a link on the way carries less and its report (ICMP \"fragmentation \
             needed\") is dropped, large requests hang and this check does not"
        ))
        .cites(format!("/tcp/value/attempts/{index}/info"))
        .cites("/tls")
        .not_tested()
        .owner("Network")
        .inspect("see the packet size that this machine uses", format!("ip route get {ip}"))
        .step(Step::inspect(
            "send one request of the application's usual size, with a long prompt: if it hangs, a \
             link on the way loses large packets",
        ))
        .check(reading::again(e)),
    )
}
