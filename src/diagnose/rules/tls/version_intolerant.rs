//! The handshake is cut when both TLS versions are offered, and finishes with one alone.

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tls-version-intolerant",
    Tls,
    "The peer or a middlebox cannot take the offer of both TLS 1.2 and 1.3",
    Code(check)
)
.explains(&["tls-reset", "tls-closed", "tls-alert", "tls-version-refused"]);

fn check(e: &View<'_>) -> Option<Because> {
    if !e.tls.walk_cut()
        // The small ClientHello offers both versions too: then the size is the matter.
        || e.tls.small_hello().is_some_and(|(_, small)| experiments::finished(small))
        // The control offers both as well; and where each version alone finishes, the peer
        // fails now and then, whatever is offered.
        || e.tls.control_name().is_some_and(|(.., control)| control.answered())
        || e.tls.versions_that_work() > 1
        || e.tls.same_again().any(|(_, x)| x.answered())
    {
        return None;
    }
    let (pointer, version) = e.tls.version_that_works()?;
    Some(
        session::broken_as(
            e,
            Sure::Proved,
            format!("{} takes {version} alone, not the offer of both", session::peer(e)),
        )
        .known_by(format!("the same handshake that offers {version} alone finishes"))
        .read_at(pointer)
        .ruled_out("a filter on the name: the same name is answered at the same address")
        .owner("Network (firewall, proxy or load balancer)")
        .look(
            format!("repeat the experiment by hand: with {version} alone"),
            session::s_client(e, if version.ends_with("1.3") { "-tls1_3" } else { "-tls1_2" }),
        )
        .act(
            Step::shared(
                "update what answers there: a peer must choose among the versions offered \
                 (RFC 8446, section 4.2.1)",
                "every client of it, while it restarts",
            )
            .undo("install the former version again"),
        )
        .check(reading::again(e)),
    )
}
