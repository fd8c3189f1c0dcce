//! What traces of limited life showed on the way to an address (facts T23, T40).

use std::net::{IpAddr, SocketAddr};

use super::near;
use crate::diagnose::{Because, reading};
use crate::evidence::Evidence;
use crate::evidence::experiment::{LeftOutReason, Trace, TraceProbe, TraceSeen};
use crate::evidence::tcp::TcpAttempt;

/// The experiment on connections that do not stand.
const TRACE: &str = "trace-syn";

/// The traces towards one address, each with its place in the report.
pub(super) struct Trail<'a> {
    address: IpAddr,
    syn: Option<(usize, &'a Trace)>,
    udp: Option<(usize, &'a Trace)>,
}

/// A router that said that a packet's life ended there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Router {
    /// The life of the packet.
    pub(super) ttl: u8,
    /// The router.
    pub(super) from: IpAddr,
}

impl<'a> Trail<'a> {
    /// The traces of the experiment `id` towards the address of an attempt; none when none was made.
    pub(super) fn of(e: &'a Evidence, id: &str, attempt: &TcpAttempt) -> Option<Self> {
        let detour = attempt.detour.as_deref().and_then(|to| to.parse::<SocketAddr>().ok());
        let address = detour.unwrap_or(attempt.address).ip();
        let find = |probe: TraceProbe| {
            e.experiments.traces.iter().enumerate().find(|(_, trace)| {
                trace.id == id && trace.probe == probe && trace.towards.ip() == address
            })
        };
        let trail = Self { address, syn: find(TraceProbe::Syn), udp: find(TraceProbe::Udp) };
        (trail.syn.is_some() || trail.udp.is_some()).then_some(trail)
    }

    /// Places of the report.
    pub(super) fn places(&self) -> Vec<String> {
        [self.syn, self.udp]
            .into_iter()
            .flatten()
            .map(|(index, _)| format!("/experiments/traces/{index}"))
            .collect()
    }

    /// Routers that ended a probe's packets, by rising life.
    pub(super) fn routers(&self, probe: TraceProbe) -> Vec<Router> {
        let trace = if probe == TraceProbe::Udp { self.udp } else { self.syn };
        let hops = trace.map(|(_, trace)| trace.hops.as_slice()).unwrap_or_default();
        hops.iter()
            .filter_map(|hop| match hop.seen {
                TraceSeen::Expired { from: Some(from) } if from != self.address => {
                    Some(Router { ttl: hop.ttl, from })
                }
                _ => None,
            })
            .collect()
    }

    /// The last router that ended a packet of the probe.
    pub(super) fn last(&self, probe: TraceProbe) -> Option<Router> {
        self.routers(probe).into_iter().max_by_key(|router| router.ttl)
    }

    /// The shortest life with which a SYN was answered as `wanted` has it.
    pub(super) fn shortest_syn(&self, wanted: impl Fn(&TraceSeen) -> bool) -> Option<u8> {
        let (_, trace) = self.syn?;
        trace.hops.iter().find(|hop| wanted(&hop.seen)).map(|hop| hop.ttl)
    }

    /// The life with which UDP reached the address itself: its own ICMP, or an answer.
    pub(super) fn host_at(&self) -> Option<u8> {
        let (_, trace) = self.udp?;
        trace.hops.iter().find(|hop| hop.seen.reached(self.address)).map(|hop| hop.ttl)
    }

    /// Another's ICMP error that a probe met, beside the end of its life.
    pub(super) fn objection(&self) -> Option<(TraceProbe, IpAddr, &'a str)> {
        [self.syn, self.udp].into_iter().flatten().find_map(|(_, trace)| {
            trace.hops.iter().find_map(|hop| match &hop.seen {
                TraceSeen::Icmp { icmp } => {
                    let from = icmp.from.filter(|from| *from != self.address)?;
                    Some((trace.probe, from, icmp.code.as_deref()?))
                }
                _ => None,
            })
        })
    }

    /// The router of a life of the probe.
    fn router_at(&self, probe: TraceProbe, ttl: u8) -> Option<IpAddr> {
        self.routers(probe).into_iter().find(|router| router.ttl == ttl).map(|router| router.from)
    }

    /// Whether SYN and UDP took the same routers, as far as both were told of, before `ttl`.
    pub(super) fn same_way_before(&self, ttl: u8) -> bool {
        (1..ttl)
            .all(|ttl| self.router_at(TraceProbe::Syn, ttl) == self.router_at(TraceProbe::Udp, ttl))
    }
}

/// The reason for which this machine could not make an experiment.
pub(super) fn not_possible<'a>(e: &'a Evidence, id: &str) -> Option<&'a str> {
    e.experiments.left_out.iter().find_map(|one| match &one.why {
        LeftOutReason::NotPossible { says } if one.id == id => Some(says.as_str()),
        _ => None,
    })
}

/// The command that would trace the way, where it was not asked for and could tell something:
/// inside Azure no router shows itself.
fn would_tell(e: &Evidence) -> Option<String> {
    let inside = e.vantage.azure.answer == Some(true);
    let left_out = e.experiments.needs_deep(TRACE) && !inside;
    left_out.then(|| reading::again_with(e, "--deep"))
}

/// Whether the trace shows that the address is in use: UDP comes to it.
pub(super) fn host_answers(e: &Evidence, attempt: &TcpAttempt) -> bool {
    Trail::of(e, TRACE, attempt).is_some_and(|trail| trail.host_at().is_some())
}

/// What the trace tells of a SYN that is never answered.
pub(super) fn of_silence(e: &Evidence, mut because: Because, attempt: &TcpAttempt) -> Because {
    if let Some(command) = would_tell(e) {
        because = because.tells_it(command);
    }
    if let Some(says) = not_possible(e, TRACE) {
        because = because.known_by(format!(
            "the way could not be traced from here ({says}): that would show the last router that \
             answers"
        ));
    }
    let Some(trail) = Trail::of(e, TRACE, attempt) else { return because };
    for place in trail.places() {
        because = because.read_at(place);
    }
    let (ip, port) = (trail.address, e.target.port);
    if let Some((probe, from, code)) = trail.objection() {
        let what = if probe == TraceProbe::Udp { "UDP" } else { "a SYN" };
        because = because.known_by(format!("{from} rejects {what} of limited life (ICMP {code})"));
    }
    let (syn, udp) = (trail.last(TraceProbe::Syn), trail.last(TraceProbe::Udp));
    let farthest = syn.into_iter().chain(udp).max_by_key(|router| router.ttl);
    because.known_by(match (trail.host_at(), syn, udp, farthest) {
        (Some(life), syn, _, _) => {
            let after = syn.map(|r| format!(", a SYN is last seen at {}", at(e, attempt, r)));
            format!(
                "the trace: UDP with a life of {life} is answered by {ip} itself{}: the address \
                 is in use and the way there stands; only TCP {port} is dropped",
                after.unwrap_or_default()
            )
        }
        (None, Some(syn), Some(udp), _) if udp.ttl > syn.ttl => format!(
            "the trace: UDP comes as far as {}, a SYN to port {port} only as far as {}: a filter \
             between the two, or at either, drops it",
            at(e, attempt, udp),
            at(e, attempt, syn)
        ),
        (None, None, Some(udp), _) => format!(
            "the trace: UDP comes as far as {}, and no router answers a SYN to port {port}: it is \
             dropped before the first of them, or SYNs are not told of",
            at(e, attempt, udp)
        ),
        (None, _, _, Some(router)) => format!(
            "the trace ends after {}: the packets are dropped there or behind it, or what is \
             behind it does not show itself",
            at(e, attempt, router)
        ),
        (None, _, _, None) if e.vantage.azure.answer == Some(true) => {
            "the trace shows no router: inside Azure none shows itself, so that says nothing"
                .to_owned()
        }
        (None, _, _, None) => "the trace shows no router, not even the first: routers that are \
             not told to answer are silent too, so that says nothing"
            .to_owned(),
    })
}

/// A router and where it stands: near us when it is our own gateway.
fn at(e: &Evidence, attempt: &TcpAttempt, router: Router) -> String {
    let gateway = near::route(e, attempt).and_then(|(_, route)| route.gateway);
    let Router { ttl, from } = router;
    if ttl == 1 || gateway == Some(from) {
        format!("this machine's gateway {from}")
    } else {
        format!("{from} (hop {ttl})")
    }
}

/// What the trace tells of a RST that answers the SYN.
pub(super) enum RstFrom {
    /// Before the host: a SYN with a life of `hop` is refused, with which the way is not over.
    Before {
        /// The shortest life that is refused.
        hop: u8,
        /// How far the way is known to go on.
        goes_on_to: u8,
    },
    /// One hop before the host, which is too near to tell.
    JustBefore,
    /// The distance of the host.
    Host,
    /// The trace does not tell.
    Unknown,
}

/// Where the RST comes from, as far as the traces tell.
pub(super) fn rst_from(trail: &Trail<'_>) -> RstFrom {
    let Some(hop) = trail.shortest_syn(|seen| *seen == TraceSeen::Reset) else {
        return RstFrom::Unknown;
    };
    let host = trail.host_at();
    let behind = trail.last(TraceProbe::Udp).map(|router| router.ttl + 1);
    let Some(distance) = host.or(behind) else { return RstFrom::Unknown };
    // A firewall that rejects stands one life before the device whose RST it would be.
    if hop.saturating_add(2) <= distance && trail.same_way_before(hop) {
        return RstFrom::Before { hop, goes_on_to: distance - 1 };
    }
    match host {
        Some(host) if hop == host => RstFrom::Host,
        Some(host) if hop + 1 == host => RstFrom::JustBefore,
        _ => RstFrom::Unknown,
    }
}

/// What the trace tells of a refusal; the clause is the cause where it is more than that.
pub(super) fn of_refusal(e: &Evidence, mut because: Because, attempt: &TcpAttempt) -> Because {
    if let Some(command) = would_tell(e) {
        because = because.tells_it(command);
    }
    if let Some(says) = not_possible(e, TRACE) {
        because = because.known_by(format!(
            "the way could not be traced from here ({says}): that would show from which distance \
             the refusal comes"
        ));
    }
    let Some(trail) = Trail::of(e, TRACE, attempt) else { return because };
    for place in trail.places() {
        because = because.read_at(place);
    }
    match rst_from(&trail) {
        RstFrom::Before { hop, goes_on_to } => because.known_by(format!(
            "the trace: a SYN with a life of {hop} is refused, and UDP goes on to hop {goes_on_to} \
             before it comes to {}: a device on the way refuses, not the host",
            trail.address
        )),
        RstFrom::JustBefore => because.known_by(
            "the trace: the RST comes from one hop before the host: possibly a firewall there; a \
             different way back would look the same",
        ),
        RstFrom::Host => because.known_by(
            "the trace: the RST comes from the distance of the host: the host itself, or a \
             firewall right in front of it",
        ),
        RstFrom::Unknown => {
            because.known_by("the trace does not tell from which distance the refusal comes")
        }
    }
}
