//! The proxy opens the tunnel, and takes much longer for it than the way to it does: its own
//! resolver, its own connection to the target, or what it asks before it lets anyone through.

use crate::diagnose::timing::{self, LONG_MS};
use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Observed;

use super::connections;

pub(super) const RULE: Rule = rule!(
    "proxy-slow",
    Proxy,
    "The proxy takes a second longer to open the tunnel than the path needs",
    Code(check)
)
.about(crate::diagnose::About::Load);

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.proxy.saw()?;
    let Observed::Ran { took_ms, .. } = &hop.connect else { return None };
    let tcp = hop.tcp.saw()?.walked_attempt()?;
    let trip = tcp.info.as_ref().map_or(tcp.took_ms, |info| info.round_trip_ms());
    let lost = tcp.lost();
    if !hop.tunnel_stands() || took_ms - trip < LONG_MS || lost > 0 {
        return None;
    }
    let (took, trip) = (timing::words(*took_ms), timing::words(trip));
    let mut because = Because::new(
        Level::Risk,
        Sure::Inferred,
        headline::fitting(&[
            format!("the proxy {} took {took} to open the tunnel", hop.url),
            format!("the proxy took {took} to open the tunnel"),
        ]),
    )
    .seen(format!("proxy {}, {}", hop.url, connections::put_by(e)))
    .seen(format!("CONNECT was answered after {took}; a round trip to the proxy takes {trip}"))
    .read_at("/proxy/saw/connect")
    .read_at("/proxy/saw/tcp")
    .known_by(
        "the proxy waited in that time: for its own resolver (a dead one listed first), for its \
         own connection (a SYN that was lost, an address that is dead), or for whom it asks who \
         may pass",
    )
    .known_by("applications wait as long at each new connection, and fail where they wait less");
    if let Some(attempt) = e.direct.saw().and_then(|path| path.tcp.saw()?.walked_attempt()) {
        because = because.known_by(format!(
            "directly, without the proxy, {} connects in {}",
            attempt.connected_to().ip(),
            timing::words(attempt.took_ms)
        ));
    }
    Some(
        because
            .ruled_out("loss between this machine and the proxy: no segment was sent again")
            .owner("Network (proxy)")
            .look(
                "time it, several times",
                format!(
                    "curl -so /dev/null -x {} -w '%{{time_connect}} %{{time_appconnect}}\\n' {}",
                    reading::word(&hop.url),
                    reading::word(&format!("https://{}:{}/", e.target.host, e.target.port))
                ),
            )
            .act(Step::look(
                "on the proxy: time its own lookup of the name and its own connection to it",
            ))
            .check(reading::again(e)),
    )
}
