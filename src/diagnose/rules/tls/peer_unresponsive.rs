//! The ClientHello is acknowledged at every size and under every name, and no answer comes, not
//! even when the stream ends: no live server is behind the device that acknowledges.

use super::{experiments, session};
use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View, reading, timing};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule = rule!(
    "tls-peer-mute",
    Tls,
    "The peer acknowledges every ClientHello and does not answer",
    Code(check)
)
.explains(&["tls-silent"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (pointer, single_byte) = e.tls.first_byte()?;
    if reading::proxied(e)
        || single_byte.outcome != TlsOutcome::Silent
        || !experiments::is_silent_with(single_byte, experiments::Acknowledged::All)
        || !e.tls.all_silent_with(experiments::Acknowledged::All)
    {
        return None;
    }
    let peer = session::peer(e);
    let waited = timing::words(e.tls.took_ms()?);
    let tried = e.tls.handshakes().count();
    let sizes = if e.tls.small_hello().is_some() { ", large and small" } else { "" };
    let control = e.tls.control_name();
    let mut finding = session::broken_as(
        e,
        // A peer that is slower than the deadline, behind a relay that holds its answer back, looks
        // the same.
        Confidence::Inferred,
        Clause::from(format!(
            "{peer} acknowledges the ClientHello and does not answer in {waited}"
        ))
        .or(format!("{peer} acknowledges the ClientHello and never answers")),
    )
    .fact(format!(
        "{tried} other handshakes{sizes}: each ClientHello is acknowledged, and not one byte comes \
         back"
    ))
    .reasoning(
        "so TCP works, but no program answers behind it: probably a load balancer or relay (layer \
         4) whose backend hangs or is gone, or a server whose program hangs",
    )
    .reasoning(
        "even the end of the stream is only acknowledged; a live TLS server would close its side \
         in return",
    )
    .reasoning(format!("a peer that needs more than {waited} for each of them would look the same"))
    .cites(pointer)
    .cites("/tls/value/tcp_info")
    .cites("/experiments/handshakes")
    .ruled_out_if(
        session::peer_acknowledges(e),
        "an MTU black hole: small segments in both directions are not answered either",
    )
    .ruled_out_if(
        session::peer_acknowledges(e),
        "a lost ClientHello: the large and the small one are acknowledged",
    );
    if !session::peer_acknowledges(e) {
        finding = finding.reasoning(
            "a device nearer than the peer may acknowledge in its place: then the path behind it, \
             including its MTU, was not tested",
        );
    }
    if let Some((_, name, _)) = control {
        finding = finding.ruled_out(format!("a filter on this name alone: {name} hangs as well"));
    }
    Some(
        finding
            .owner(session::server_owner(e))
            .inspect(
                "check that the handshake is never answered (Ctrl-C ends it)",
                session::s_client(e, ""),
            )
            .step(Step::inspect(format!(
                "see what has the address of {peer}: the backends of that relay or load balancer \
                 and their health, or the state of the private endpoint's service"
            )))
            .check(reading::again(e)),
    )
}
