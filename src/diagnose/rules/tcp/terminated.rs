//! Something on the way takes TCP connections in the name of the address, so that an open
//! port proves nothing (facts T10, T40): seen where another hop is in trouble.

use super::trail::Trail;
use super::{attempts, near};
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::experiment::{TraceProbe, TraceSeen, TriedConnection};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::{Evidence, Hop, classify};

pub(super) const RULE: Rule = Rule {
    id: "tcp-terminated-on-the-way",
    hop: Hop::Tcp,
    title: "A device on the way accepts TCP in the name of the address",
    page: include_str!("../../../../docs/findings/tcp-terminated-on-the-way.md"),
    explains: &[],
    check,
};

const EXPERIMENT: &str = "ghost-address";

fn check(e: &Evidence) -> Option<Because> {
    let attempt = e.tcp.saw()?.walked_attempt()?;
    let because = shorter_than_the_way(e, attempt).or_else(|| ghost(e, attempt))?;
    Some(
        because
            .seen(attempts::words(e, attempt))
            .caveat()
            .owner("Network")
            .step(
                "look for the cause in the device's own log (firewall application rules, \
                 transparent proxy): a connection that opens says nothing of what lies behind it",
            )
            .check(reading::again(e)),
    )
}

/// A SYN connects with a life that UDP on the same way does not survive.
fn shorter_than_the_way(e: &Evidence, attempt: &TcpAttempt) -> Option<Because> {
    let trail = Trail::of(e, EXPERIMENT, attempt)?;
    let life = trail.shortest_syn(|seen| *seen == TraceSeen::Answered)?;
    let router = trail.routers(TraceProbe::Udp).into_iter().find(|r| r.ttl >= life)?;
    // Of two ways of different length, one might be the shorter: they must agree so far.
    if !trail.same_way_before(life) {
        return None;
    }
    let peer = attempts::peer(attempt);
    let mut because = Because::new(
        Level::Note,
        Sure::Proved,
        format!("TCP to {peer} ends at hop {life}, on the way, not at the host"),
    )
    .known_by(format!(
        "a SYN with a life of {life} connects, and UDP to the same address with a life of {} ends \
         at the router {}: whoever took the connection is no farther than that",
        router.ttl, router.from
    ));
    for place in trail.places() {
        because = because.read_at(place);
    }
    Some(because)
}

/// An address that nobody owns connects as well.
fn ghost(e: &Evidence, attempt: &TcpAttempt) -> Option<Because> {
    let ghost =
        |tried: &TriedConnection| tried.id == EXPERIMENT && tried.outcome == TcpOutcome::Connected;
    let (index, tried) =
        e.experiments.connections.iter().enumerate().find(|(_, tried)| ghost(tried))?;
    let ours = near::route(e, attempt).map(|(_, route)| route);
    // On our own link nobody stands between: what takes the ghost is elsewhere.
    if ours.is_some_and(|route| route.gateway.is_none()) {
        return None;
    }
    let nobody = tried.address.ip();
    let towards = e.vantage.sources.iter().find(|s| s.towards == nobody);
    let theirs = towards.and_then(|s| s.route.as_ref());
    let same_way = ours.zip(theirs).is_some_and(|(ours, theirs)| {
        ours.gateway == theirs.gateway && ours.interface == theirs.interface
    });
    // A private address may leave the way to the internet behind the next hop.
    let proved = same_way && classify(attempt.connected_to().ip()).is_public();
    let peer = attempts::peer(attempt);
    let mut because = Because::new(
        Level::Note,
        if proved { Sure::Proved } else { Sure::Possible },
        match proved {
            true => {
                format!("a device on the way accepts TCP for any address, so {peer} proves nothing")
            }
            false => {
                format!("a device may accept TCP in the name of {peer}: {nobody} connects too")
            }
        },
    )
    .known_by(format!(
        "{nobody} belongs to nobody (RFC 5737, RFC 3849), and a connection to {} stands: a \
         firewall or a transparent proxy answers for it",
        tried.address
    ))
    .read_at(format!("/experiments/connections/{index}"));
    if !proved {
        because = because
            .known_by(format!(
                "whether it stands on the way to {} too, this does not tell",
                attempt.connected_to().ip()
            ))
            .tells_it(format!(
                "traceroute -n -T -p {} {}",
                e.target.port,
                attempt.connected_to().ip()
            ));
    }
    Some(because)
}
