//! How far away the RST that refuses a connection comes from, as traces show it.

use super::traceroute::{Traceroute, Which, cite};
use crate::diagnose::FindingBuilder;
use crate::evidence::Evidence;
use crate::evidence::experiment::TraceResult;
use crate::evidence::tcp::TcpAttempt;

/// What the trace shows about a RST that answers the SYN.
pub(super) enum RstFrom {
    /// Before the host: a SYN with TTL `hop` is refused, although the path continues.
    Before {
        /// The lowest TTL that is refused.
        hop: u8,
        /// How far the path is known to continue.
        goes_on_to: u8,
    },
    /// One hop before the host, which is too close to decide.
    JustBefore,
    /// At the host's distance.
    Host,
    /// The trace does not show it.
    Unknown,
}

/// Where the RST comes from, as far as the traces show.
pub(super) fn rst_from(trace: &Traceroute<'_>) -> RstFrom {
    let Some(hop) = trace.lowest_syn_ttl(|seen| *seen == TraceResult::Reset) else {
        return RstFrom::Unknown;
    };
    let host = trace.host_ttl();
    let behind = trace.last(Which::Control).map(|router| router.ttl + 1);
    let Some(distance) = host.or(behind) else { return RstFrom::Unknown };
    // A firewall that rejects is one hop before the device that it answers for.
    if hop.saturating_add(2) <= distance && trace.same_routers_before(hop) {
        return RstFrom::Before { hop, goes_on_to: distance - 1 };
    }
    match host {
        Some(host) if hop == host => RstFrom::Host,
        Some(host) if hop + 1 == host => RstFrom::JustBefore,
        _ => RstFrom::Unknown,
    }
}

/// Adds what the trace shows about a refusal.
pub(super) fn explain_refusal(
    e: &Evidence,
    finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    let (finding, trace) = cite(e, finding, attempt, "how far away the refusal comes from");
    let Some(trace) = trace else { return finding };
    let by = trace.control_name();
    match rst_from(&trace) {
        RstFrom::Before { hop: 1, goes_on_to } => finding.reasoning(format!(
            "the trace: a SYN with TTL 1 is refused, while {by} continues to hop {goes_on_to} before \
             it reaches {}: this machine or its gateway refuses, not the host",
            trace.address
        )),
        RstFrom::Before { hop, goes_on_to } => finding.reasoning(format!(
            "the trace: a SYN with TTL {hop} is refused, while {by} continues to hop {goes_on_to} \
             before it reaches {}: a device on the path refuses, not the host",
            trace.address
        )),
        RstFrom::JustBefore => finding.reasoning(
            "the trace: the RST comes from one hop before the host: possibly a firewall; a \
             different return path would look the same",
        ),
        RstFrom::Host => finding.reasoning(
            "the trace: the RST comes from as far away as the host: from the host itself, or from \
             a firewall directly in front of it",
        ),
        RstFrom::Unknown => {
            finding.reasoning("the trace does not show how far away the refusal comes from")
        }
    }
}
