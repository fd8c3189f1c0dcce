//! The ClientHello is taken at every size and under every name, and nobody says a word, not
//! even when the stream ends: nothing alive behind what acknowledges.

use super::{experiments, session};
use crate::diagnose::{Because, Rule, View, reading, timing};
use crate::diagnosis::{Step, Sure};
use crate::evidence::tls::TlsOutcome;

pub(super) const RULE: Rule =
    rule!("tls-peer-mute", Tls, "The peer takes every ClientHello and says nothing", Code(check))
        .explains(&["tls-silent"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (pointer, octet) = e.tls.first_octet()?;
    if reading::proxied(e)
        || octet.outcome != TlsOutcome::Silent
        || !experiments::silent_with(octet, experiments::Taken::All)
        || !e.tls.all_silent_with(experiments::Taken::All)
    {
        return None;
    }
    let peer = session::peer(e);
    let waited = timing::words(e.tls.took_ms()?);
    let tried = e.tls.handshakes().count();
    let control = e.tls.control_name();
    let mut because = session::broken_as(
        e,
        // A peer that is slower than the deadline, behind a relay that keeps its word back, looks
        // the same.
        Sure::Inferred,
        format!("{peer} takes the ClientHello and says nothing in {waited}"),
    )
    .seen(format!(
        "{tried} handshakes beside the walk's own: each ClientHello is acknowledged, and not one \
         octet comes back, in order or out of order"
    ))
    .known_by(
        "one octet alone is acknowledged, and so is the end of the stream, which a live TLS peer \
         answers by ending its own: nothing seems to read behind what acknowledges",
    )
    .known_by(
        "so looks a load balancer or relay (layer 4) whose backend hangs or is gone, or a server \
         whose program is stuck",
    )
    .known_by(format!("one that needs more than {waited} for each of them would look the same"))
    .read_at(pointer)
    .read_at("/tls/saw/tcp_info")
    .read_at("/experiments/handshakes")
    .ruled_out_if(
        session::peer_acknowledges(e),
        "an MTU black hole: small segments both ways are not answered either",
    )
    .ruled_out_if(
        session::peer_acknowledges(e),
        "a lost ClientHello: the large and the small one are acknowledged",
    );
    if !session::peer_acknowledges(e) {
        because = because.known_by(
            "something nearer than the peer may acknowledge in its place: then the path behind it, \
             its size of packets too, was not tested",
        );
    }
    if let Some((_, name, _)) = control {
        because = because.ruled_out(format!("a filter on this name alone: {name} hangs as well"));
    }
    Some(
        because
            .owner(session::server_owner(e))
            .look("see that nothing is answered, not even bad input", session::s_client(e, ""))
            .act(Step::look(format!(
                "see what has the address of {peer}: the backends of that relay or load balancer \
                 and their health, or the state of the private endpoint's service"
            )))
            .check(reading::again(e)),
    )
}
