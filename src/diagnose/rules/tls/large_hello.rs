//! A ClientHello of one segment is answered and one of two is not: something on the way reads
//! the first segment only (facts S15, S15a).

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::experiment::TriedHandshake;

pub(super) const RULE: Rule = rule!(
    "tls-large-hello",
    Tls,
    "A middlebox loses a ClientHello that spans two segments",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care);

fn check(e: &View<'_>) -> Option<Because> {
    let (full_at, full) = e.tls.full_hello()?;
    let (small_at, small) = e.tls.small_hello()?;
    let sent = |x: &TriedHandshake| x.tls.as_ref().map_or(0, |tls| tls.bytes_sent);
    // Who resets by chance (a race) lets one pass: another as small that fails speaks against it.
    let as_small_fails = !experiments::hung(full)
        && e.tls.handshakes().any(|x| {
            x.id == "one-version" && (1..=sent(small)).contains(&sent(x)) && !x.answered()
        });
    // The walk went on as older clients do; what it then found is judged by the other rules.
    Some(
        session::at_risk(
            e,
            // Without a control of the same size a peer that fails now and then looks alike.
            match (e.tls.control_name(), e.tls.same_again().next()) {
                _ if as_small_fails => Sure::Possible,
                (None, None) => Sure::Inferred,
                _ => Sure::Proved,
            },
            format!("{} takes no ClientHello of {} octets", session::peer(e), sent(full)),
        )
        .seen(format!(
            "the full ClientHello ({} octets) {}",
            sent(full),
            if experiments::hung(full) { "is never answered" } else { "is cut" }
        ))
        .known_by(format!(
            "the same name at the same address without the post-quantum key share \
             (X25519MLKEM768), in one segment of {} octets, is answered in {} ms",
            sent(small),
            small.took_ms
        ))
        .known_by(
            "clients that send the large one fail here (Go 1.24, OpenSSL 3.5, Chrome, rustls with \
             aws-lc); older Python, .NET and Java stacks work",
        )
        .read_at(full_at)
        .read_at(small_at)
        .ruled_out_if(
            !as_small_fails,
            "an SNI filter: the same name is answered in the small ClientHello",
        )
        .owner("Network (firewall, proxy or load balancer)")
        .look("repeat the experiment by hand", session::s_client(e, "-groups X25519"))
        .act(
            Step::shared(
                "update the middlebox: it must put a ClientHello together from two TCP segments \
                 (RFC 8446, section 4.1.2)",
                "all traffic through it, while it restarts",
            )
            .undo("install the former version again"),
        )
        .act(
            Step::local("until then, in the shell or unit of a Go client: no large key share")
                .command("export GODEBUG=tlsmlkem=0")
                .undo("unset GODEBUG"),
        )
        .check(reading::again(e)),
    )
}
