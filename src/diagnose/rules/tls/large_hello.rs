//! A ClientHello of one segment is answered and one of two segments is not: something on the way
//! reads only the first segment (facts S15, S15a).

use super::{experiments, intermittent, session};
use crate::diagnose::timing::lost_elsewhere;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;

pub(super) const RULE: Rule = rule!(
    "tls-large-hello",
    Tls,
    "A middlebox loses a ClientHello that spans two segments",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (full_at, full) = e.tls.full_hello()?;
    let (small_at, small) = e.tls.small_hello()?;
    if intermittent::of_sizes(e).is_some() {
        return None;
    }
    let sent = |x: &HandshakeExperiment| x.tls.as_ref().map_or(0, |tls| tls.bytes_sent);
    // One of several servers that works may have answered the small one by chance, and a path that loses
    // packets may have carried it.
    let repeated = e.tls.repeats_hang() && e.tls.small_repeats().next().is_some();
    let by_chance = experiments::is_silent(full) && (!repeated || lost_elsewhere(e).0 > 0);
    // A device that resets by chance (a race) lets some pass: another small one that fails speaks
    // against a size limit.
    let as_small_fails = !experiments::is_silent(full)
        && e.tls.handshakes().any(|x| {
            x.id == "single-tls-version" && (1..=sent(small)).contains(&sent(x)) && !x.answered()
        });
    // The walk continued as older clients do; the other rules judge what it then found.
    Some(
        session::at_risk(
            e,
            // Without a control of the same size, a peer that fails now and then looks the same.
            match (e.tls.control_name(), e.tls.repeats().next()) {
                _ if as_small_fails => Confidence::Possible,
                (None, None) => Confidence::Inferred,
                _ if by_chance => Confidence::Inferred,
                _ => Confidence::Proved,
            },
            format!("{} does not accept a ClientHello of {} bytes", session::peer(e), sent(full)),
        )
        .fact(format!(
            "the full ClientHello ({} bytes) {}",
            sent(full),
            if experiments::is_silent(full) { "is never answered" } else { "is cut" }
        ))
        .reasoning(format!(
            "the same name at the same address without the post-quantum key share \
             (X25519MLKEM768), in one segment of {} bytes, is answered in {} ms",
            sent(small),
            small.took_ms
        ))
        .reasoning(
            "older Python, .NET and Java stacks send the small one and work; clients that send the \
             large one fail (Go 1.24, OpenSSL 3.5, Chrome, rustls with aws-lc)",
        )
        .reasoning_if(
            by_chance,
            "one of several servers that does not work, or a path that loses packets, may look the same \
             by chance: see whether it happens each time",
        )
        .cites(full_at)
        .cites(small_at)
        .ruled_out_if(
            !as_small_fails,
            "an SNI filter: the same name is answered in the small ClientHello",
        )
        .owner("Network (firewall, proxy or load balancer)")
        .inspect(
            "send the large ClientHello by hand (OpenSSL 3.5 or later): it is not \
             answered",
            session::s_client(e, "-groups X25519MLKEM768"),
        )
        .inspect("send the small one: it is answered", session::s_client(e, "-groups X25519"))
        .step(
            Step::shared(
                "update the middlebox: it must reassemble a ClientHello from two TCP segments (RFC \
                 8446, section 4.1.2)",
                "all traffic through it, while it restarts",
            )
            .undo("install the old version again"),
        )
        .step(
            Step::local(
                "until then, in the shell or unit of a Go client: disable the large key share",
            )
            .command("export GODEBUG=tlsmlkem=0")
            .undo("unset GODEBUG"),
        )
        .check(reading::again(e)),
    )
}
