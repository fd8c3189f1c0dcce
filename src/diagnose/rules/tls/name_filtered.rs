//! The account's sibling name is answered at the same address and the target's name is not:
//! something on the way reads the SNI and does not let this name pass (facts T10, S16).

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading, timing};
use crate::diagnosis::{Step, Sure};
use crate::evidence::experiment::TriedHandshake;
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-name-filtered",
    Tls,
    "A filter on the way does not let the target's name (SNI) pass",
    Code(check)
)
.explains(&["tls-silent", "tls-reset", "tls-closed", "tls-name-refused", "tls-alert"]);

/// Bytes that a name takes at most in a ClientHello (RFC 1035, section 2.3.4).
const LONGEST_NAME: u64 = 253;

fn check(e: &View<'_>) -> Option<Because> {
    let (hung, cut) = (e.tls.walk_hung(), e.tls.walk_cut());
    if !hung && !cut {
        return None;
    }
    // The peer's own word for the name, in TLS, is no filter's: only the account's own sibling
    // may be held against it.
    let spoke = e.tls.saw().is_some_and(|hop| matches!(hop.outcome, TlsOutcome::Alert { .. }));
    let (pointer, control, x) = e
        .tls
        .control_name()
        .into_iter()
        .chain(e.tls.foreign_names().filter(|_| !spoke))
        .find(|(.., x)| x.answered())?;
    // A ClientHello of one segment that is answered with the target's own name is another matter.
    // The same holds for one version alone: a peer that fails now and then is no filter.
    if e.tls.small_hello().is_some_and(|(_, small)| small.answered())
        || e.tls.version_that_works().is_some()
        || e.tls.same_again().any(|(_, x)| x.answered())
        || e.tls.segment_sizes().iter().any(|(.., x)| x.answered())
    {
        return None;
    }
    let name = &e.target.host;
    let does = if hung { "drops" } else { "cuts" };
    let hop = e.tls.saw()?;
    let taken = experiments::taken(hop.bytes_sent, hop.tcp_info.as_ref());
    // What ends TCP itself may be a relay that chooses its backend by the name.
    let relay = cut || taken == Some(experiments::Taken::All);
    let who = if relay { "a filter, or a relay by name," } else { "a filter on the way" };
    // A backend of this name that is slower than the deadline looks like one that is dead.
    let slow = hung && taken == Some(experiments::Taken::All);
    let sure = if slow { Sure::Inferred } else { Sure::Proved };
    let does = if slow { "does not answer" } else { does };
    let mut because = session::broken_as(e, sure, format!("{who} {does} SNI {name}"));
    if x.id == experiments::FOREIGN {
        because = because.known_by(
            "lists of allowed names carry the login host, lists of forbidden ones do not carry \
             example.com: what answers for one of them decides by the name",
        );
    }
    because = because.known_by(match (hung, taken) {
        (true, Some(experiments::Taken::All)) => {
            "the ClientHello was acknowledged all the same: what reads the name ends TCP itself \
             (a relay or gateway in front, perhaps without a backend for this name), or drops the \
             answer"
        }
        (true, Some(_)) => "the ClientHello was not acknowledged: it is dropped on the way",
        _ => {
            "a relay in front that chooses its backend by the name, and has none for this one, \
             does the same: then its table is what to mend"
        }
    });
    if slow {
        because = because
            .known_by(format!(
                "a backend that needs more than {} for this name alone would look the same",
                timing::words(e.tls.took_ms()?)
            ))
            .tells_it(reading::again_with(e, "--timeout 30"));
    }
    if relay {
        because = because.act(Step::look(format!(
            "on a load balancer or relay: see the backend that its table of names has for {name}"
        )));
    }
    Some(
        session::traced(because, e)
            .known_by(format!(
                "at the same address the handshake for {control} is answered in {} ms, and for \
                 {name} it is not",
                x.took_ms
            ))
            .read_at(pointer)
            .ruled_out(format!("the address and the port: {control} is answered there"))
            .ruled_out_if(
                as_large(e, x),
                format!("the size of the ClientHello: {control} is answered in as large a one"),
            )
            .owner(if relay { "Network (firewall or relay)" } else { "Network (firewall)" })
            .look("repeat the experiment by hand", session::s_client_named(e, control, ""))
            .act(session::allow_by_name(e, name))
            .check(reading::again(e)),
    )
}

/// Whether a handshake sent as much as the walk's own, but for the length of its name.
fn as_large(e: &View<'_>, x: &TriedHandshake) -> bool {
    let own = e.tls.saw().map_or(u64::MAX, |hop| hop.bytes_sent);
    x.tls.as_ref().is_some_and(|seen| seen.bytes_sent + LONGEST_NAME >= own)
}
