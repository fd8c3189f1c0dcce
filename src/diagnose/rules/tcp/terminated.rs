//! Something on the way takes TCP connections in the name of the address, so that an open
//! port proves nothing (facts T10, T40): seen where another hop is in trouble.

use super::trail::Trail;
use super::{attempts, near};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::experiment::{TraceProbe, TraceSeen, TriedConnection};
use crate::evidence::tcp::{TcpAttempt, TcpOutcome};
use crate::evidence::tunnel::Maker;
use crate::evidence::vantage::Platform;
use crate::evidence::{Evidence, tunnel};

pub(super) const RULE: Rule = rule!(
    "tcp-terminated-on-the-way",
    Tcp,
    "A device on the way accepts TCP in the name of the address",
    Code(check)
);

const EXPERIMENT: &str = "ghost-address";

fn check(e: &View<'_>) -> Option<Because> {
    let attempt = e.tcp.saw()?.walked_attempt()?;
    let because = shorter_than_the_way(e, attempt)
        .or_else(|| ghost(e, attempt))
        .or_else(|| on_this_machine(e, attempt))?;
    Some(
        because
            .seen(attempts::words(e, attempt))
            .caveat()
            .owner("Network")
            .act(Step::look(
                "look for the cause in the device's own log (firewall application rules, \
                 transparent proxy): a connection that opens says nothing of what lies behind it",
            ))
            .check(reading::again(e)),
    )
}

/// A connection across a gateway takes longer, in milliseconds.
const LOCAL_MS: f64 = 0.3;

/// Whether a device on the way takes connections in the name of the address, as far as tried.
pub(in crate::diagnose::rules) fn on_the_way(e: &Evidence) -> bool {
    let attempt = e.tcp.saw().and_then(|tcp| tcp.walked_attempt());
    attempt.is_some_and(|one| shorter_than_the_way(e, one).or_else(|| ghost(e, one)).is_some())
}

/// What of this machine took the connection, or may have, so that it says nothing of the route and
/// the port.
struct Acceptor {
    who: &'static str,
    sure: Sure,
    /// What shows it, and where it was read.
    sign: Option<(String, String)>,
    /// Whether it is a sidecar, for all that is known.
    sidecar: bool,
}

/// The acceptor; none where nothing speaks for one.
fn acceptor(e: &Evidence, attempt: &TcpAttempt) -> Option<Acceptor> {
    if attempt.detour.is_some() || attempt.address.ip().is_loopback() {
        return None;
    }
    let mesh = e.vantage.is_on(Platform::ServiceMesh);
    if let Some(sign) = tunnel::taken_here(e) {
        let made_up = tunnel::address(e, attempt.address.ip());
        let tunnelled = made_up.is_some_and(|one| one.maker == Maker::Client);
        let (who, sure) = match (tunnelled, mesh) {
            (true, _) => ("the tunnel's client", Sure::Inferred),
            (false, true) => ("the service mesh's sidecar", Sure::Inferred),
            (false, false) => ("a sidecar", Sure::Possible),
        };
        return Some(Acceptor { who, sure, sign: Some(sign), sidecar: !tunnelled });
    }
    let client = e.vantage.platforms.iter().position(|s| s.platform == Platform::ZeroTrust);
    if let Some(index) = client {
        // It takes some destinations and leaves others alone; which, is not seen from here.
        let sign = e.vantage.platforms[index].sign.clone();
        let sign = Some((sign, format!("/vantage/platforms/{index}")));
        let who = "the zero-trust client";
        return Some(Acceptor { who, sure: Sure::Possible, sign, sidecar: false });
    }
    let (_, route) = near::route(e, attempt)?;
    (attempt.took_ms < LOCAL_MS && route.gateway.is_some()).then_some(Acceptor {
        who: "a local proxy",
        sure: Sure::Possible,
        sign: None,
        sidecar: true,
    })
}

/// A sidecar, a tunnel's client or another local proxy took it, and a later hop is in trouble.
fn on_this_machine(e: &Evidence, attempt: &TcpAttempt) -> Option<Because> {
    let Acceptor { who, sure, sign, sidecar } = acceptor(e, attempt)?;
    if reading::tls_verified(e) {
        return None;
    }
    let peer = attempts::peer(attempt);
    let says = match sure {
        Sure::Inferred => format!("{who} on this machine takes connections, also to {peer}"),
        _ => format!("{who} on this machine may have taken the connection to {peer}"),
    };
    let mut because = Because::new(Level::Note, sure, says).known_by(format!(
        "an open connection then proves nothing of the route, the port or the address: {who} \
         accepts it before it asks anything of the network"
    ));
    if let Some((sign, pointer)) = sign {
        because = because.seen(sign).read_at(pointer);
    }
    if let Some((place, route)) = near::route(e, attempt)
        && let Some(gateway) = route.gateway
        && attempt.took_ms < LOCAL_MS
    {
        because = because.read_at(place).seen(format!(
            "the connection was open after {:.2} ms, though the route leads over the gateway \
             {gateway}",
            attempt.took_ms
        ));
    }
    if sure == Sure::Possible {
        because = because
            .tells_it("iptables-save -t nat; nft list ruleset  # as root: what redirects the port");
    }
    if sidecar {
        because = because
            .look(
                "see the sidecar's own log for this destination (Istio: BlackHoleCluster, UH, NR)",
                "kubectl logs <pod> -c istio-proxy --tail=50",
            )
            .act(
                Step::shared(
                    format!(
                        "if the mesh lets no unknown host out (outboundTrafficPolicy REGISTRY_ONLY), \
                         register {} (Istio: ServiceEntry) or exempt its addresses from the sidecar",
                        e.target.host
                    ),
                    "every pod that the mesh's egress policy covers; the policy may be deliberate",
                )
                .undo("delete the ServiceEntry or the annotation again")
                .opens(),
            );
    }
    let index = e.tcp.saw()?.attempts.iter().position(|a| std::ptr::eq(a, attempt))?;
    Some(because.read_at(format!("/tcp/saw/attempts/{index}")))
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
    let proved = same_way && tunnel::is_public(e, attempt.connected_to().ip());
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
