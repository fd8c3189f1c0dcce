//! The account's sibling name is answered at the same address and the target's name is not:
//! something on the way reads the SNI and blocks this name (facts T10, S16).

use super::{experiments, session};
use crate::diagnose::{FindingBuilder, Rule, View, reading, timing};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-name-filtered",
    Tls,
    "A filter on the way blocks the target's name (SNI)",
    Code(check)
)
.explains(&["tls-silent", "tls-reset", "tls-closed", "tls-name-refused", "tls-alert"]);

/// The maximum length of a name in a ClientHello, in bytes (RFC 1035, section 2.3.4).
const LONGEST_NAME: u64 = 253;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (hung, cut) = (e.tls.handshake_hung(), e.tls.handshake_cut());
    if !hung && !cut {
        return None;
    }
    // A TLS alert about the name comes from the peer, not from a filter: only the account's own
    // sibling is a valid comparison.
    let spoke = e.tls.value().is_some_and(|hop| matches!(hop.outcome, TlsOutcome::Alert { .. }));
    let (pointer, control, x) = e
        .tls
        .control_name()
        .into_iter()
        .chain(e.tls.unrelated_names().filter(|_| !spoke))
        .find(|(.., x)| x.answered())?;
    // Where a ClientHello of one segment or with one version is answered for the target's own name,
    // the name is not the cause; nor is it where the peer fails only now and then.
    if e.tls.small_hello().is_some_and(|(_, small)| small.answered())
        || e.tls.version_that_works().is_some()
        || e.tls.repeats().any(|(_, x)| x.answered())
        || e.tls.segment_sizes().iter().any(|(.., x)| x.answered())
    {
        return None;
    }
    let name = &e.target.host;
    let does = if hung { "drops" } else { "cuts" };
    let hop = e.tls.value()?;
    let taken = experiments::acknowledged(hop.bytes_sent, hop.tcp_info.as_ref());
    // A device that terminates TCP may be a relay that selects its backend by name.
    let relay = cut || taken == Some(experiments::Acknowledged::All);
    let who = if relay { "a filter, or a relay by name," } else { "a filter on the way" };
    // A backend for this name that is slower than the deadline looks like a dead one.
    let slow = hung && taken == Some(experiments::Acknowledged::All);
    let confidence = if slow { Confidence::Inferred } else { Confidence::Proved };
    let does = if slow { "does not answer" } else { does };
    let mut finding = session::broken_as(e, confidence, format!("{who} {does} SNI {name}"));
    if x.id == experiments::UNRELATED_NAME {
        finding = finding.reasoning(
            "allow lists include the login host, and deny lists do not include example.com: a \
             device that lets one of them through decides by name",
        );
    }
    finding = finding.reasoning(match (hung, taken) {
        (true, Some(experiments::Acknowledged::All)) => {
            "the ClientHello was acknowledged: the device that reads the name terminates TCP \
             itself (a relay or gateway in front, perhaps without a backend for this name), or \
             drops the answer"
        }
        (true, Some(_)) => "the ClientHello was not acknowledged: it is dropped on the way",
        _ => {
            "a relay in front that selects its backend by name, and has none for this one, does \
             the same: then its table of names needs the fix"
        }
    });
    if slow {
        finding = finding
            .reasoning(format!(
                "a backend that needs more than {} for this name alone would look the same",
                timing::words(e.tls.took_ms()?)
            ))
            .decide_with(reading::again_with(e, "--timeout 30"));
    }
    if relay {
        finding = finding.step(Step::inspect(format!(
            "on a load balancer or relay: see which backend its table of names has for {name}"
        )));
    }
    Some(
        session::cite_trace(finding, e)
            .reasoning(format!(
                "at the same address the handshake for {control} is answered in {} ms, and the one \
                 for {name} is not",
                x.took_ms
            ))
            .cites(pointer)
            .ruled_out(format!("the address and the port: {control} is answered there"))
            .ruled_out_if(
                as_large(e, x),
                format!("the size of the ClientHello: one as large is answered for {control}"),
            )
            .owner(if relay { "Network (firewall or relay)" } else { "Network (firewall)" })
            .inspect("repeat the experiment by hand", session::s_client_named(e, control, ""))
            .step(session::allow_by_name(e, name))
            .check(reading::again(e)),
    )
}

/// Whether a handshake sent as much as the walk's own, apart from the length of its name.
fn as_large(e: &View<'_>, x: &HandshakeExperiment) -> bool {
    let own = e.tls.value().map_or(u64::MAX, |hop| hop.bytes_sent);
    x.tls.as_ref().is_some_and(|seen| seen.bytes_sent + LONGEST_NAME >= own)
}
