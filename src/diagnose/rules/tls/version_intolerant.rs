//! The handshake is cut when both TLS versions are offered, and finishes with only one.

use super::{experiments, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::TlsVersion;

pub(super) const RULE: Rule = rule!(
    "tls-version-intolerant",
    Tls,
    "The peer or a middlebox cannot handle an offer of both TLS 1.2 and 1.3",
    Code(check)
)
.explains(&["tls-reset", "tls-closed", "tls-alert", "tls-version-refused"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if !e.tls.handshake_cut()
        // The small ClientHello offers both versions too: then the size is the cause.
        || e.tls.small_hello().is_some_and(|(_, small)| experiments::is_finished(small))
        // The control offers both as well; and where each version alone finishes, the peer fails
        // now and then whatever is offered.
        || e.tls.control_name().is_some_and(|(.., control)| control.answered())
        || e.tls.versions_that_work() > 1
        || e.tls.repeats().any(|(_, x)| x.answered())
    {
        return None;
    }
    let (pointer, version) = e.tls.version_that_works()?;
    Some(
        session::broken_as(
            e,
            Confidence::Proved,
            format!("{} accepts {version} alone, not an offer of both", session::peer(e)),
        )
        .reasoning(format!("the same handshake with only {version} offered finishes"))
        .cites(pointer)
        .ruled_out("a filter on the name: the same name is answered at the same address")
        .owner("Network (firewall, proxy or load balancer)")
        .inspect(
            format!("repeat the experiment by hand: with {version} alone"),
            session::s_client(e, if *version == TlsVersion::Tls13 { "-tls1_3" } else { "-tls1_2" }),
        )
        .step(
            Step::shared(
                "update the server that answers there: a peer must choose among the offered \
                 versions (RFC 8446, section 4.2.1)",
                "every client of it, while it restarts",
            )
            .undo("install the old version again"),
        )
        .check(reading::again(e)),
    )
}
