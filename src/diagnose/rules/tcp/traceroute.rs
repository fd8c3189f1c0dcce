//! What TTL-limited traces show about the path to an address (facts T23, T40).

use std::net::{IpAddr, SocketAddr};

use super::local_link;
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::Evidence;
use crate::evidence::experiment::{ExperimentSkipReason, Trace, TraceProbe, TraceResult};
use crate::evidence::tcp::TcpAttempt;

/// The experiment on connections that do not open.
const TRACE: &str = "trace-syn";

/// The traces towards one address, each with its place in the report.
pub(super) struct Traceroute<'a> {
    address: IpAddr,
    syn: Option<(usize, &'a Trace)>,
    udp: Option<(usize, &'a Trace)>,
}

/// A router that reported an expired packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Router {
    /// The packet's TTL.
    pub(super) ttl: u8,
    /// The router.
    pub(super) from: IpAddr,
}

impl<'a> Traceroute<'a> {
    /// The traces of the experiment `id` towards the address of an attempt; none when none was made.
    pub(super) fn of(e: &'a Evidence, id: &str, attempt: &TcpAttempt) -> Option<Self> {
        let detour = attempt.connect_to.as_deref().and_then(|to| to.parse::<SocketAddr>().ok());
        let address = detour.unwrap_or(attempt.address).ip();
        let find = |probe: TraceProbe| {
            e.experiments.traces.iter().enumerate().find(|(_, trace)| {
                trace.id == id && trace.probe == probe && trace.towards.ip() == address
            })
        };
        let trace = Self { address, syn: find(TraceProbe::Syn), udp: find(TraceProbe::Udp) };
        (trace.syn.is_some() || trace.udp.is_some()).then_some(trace)
    }

    /// Places of the report.
    pub(super) fn places(&self) -> Vec<String> {
        [self.syn, self.udp]
            .into_iter()
            .flatten()
            .map(|(index, _)| format!("/experiments/traces/{index}"))
            .collect()
    }

    /// Routers at which a probe's packets expired, by increasing TTL.
    pub(super) fn routers(&self, probe: TraceProbe) -> Vec<Router> {
        let trace = if probe == TraceProbe::Udp { self.udp } else { self.syn };
        let hops = trace.map(|(_, trace)| trace.hops.as_slice()).unwrap_or_default();
        hops.iter()
            .filter_map(|hop| match hop.result {
                TraceResult::Expired { from: Some(from) } if from != self.address => {
                    Some(Router { ttl: hop.ttl, from })
                }
                _ => None,
            })
            .collect()
    }

    /// The last router at which a packet of the probe expired.
    pub(super) fn last(&self, probe: TraceProbe) -> Option<Router> {
        self.routers(probe).into_iter().max_by_key(|router| router.ttl)
    }

    /// The lowest TTL at which a SYN was answered as `wanted` requires.
    pub(super) fn lowest_syn_ttl(&self, wanted: impl Fn(&TraceResult) -> bool) -> Option<u8> {
        let (_, trace) = self.syn?;
        trace.hops.iter().find(|hop| wanted(&hop.result)).map(|hop| hop.ttl)
    }

    /// The TTL with which UDP reached the address itself: its own ICMP message, or an answer.
    pub(super) fn host_ttl(&self) -> Option<u8> {
        let (_, trace) = self.udp?;
        trace.hops.iter().find(|hop| hop.result.reached(self.address)).map(|hop| hop.ttl)
    }

    /// An ICMP error from another device for a probe, other than its expiry.
    pub(super) fn icmp_error(&self) -> Option<(TraceProbe, IpAddr, &'a str)> {
        [self.syn, self.udp].into_iter().flatten().find_map(|(_, trace)| {
            trace.hops.iter().find_map(|hop| match &hop.result {
                TraceResult::Icmp { icmp } => {
                    let from = icmp.from.filter(|from| *from != self.address)?;
                    Some((trace.probe, from, icmp.code.as_deref()?))
                }
                _ => None,
            })
        })
    }

    /// The router at which the probe's packet with this TTL expired.
    fn router_at(&self, probe: TraceProbe, ttl: u8) -> Option<IpAddr> {
        self.routers(probe).into_iter().find(|router| router.ttl == ttl).map(|router| router.from)
    }

    /// Whether SYN and UDP took the same routers before `ttl`, as far as routers reported both.
    pub(super) fn same_routers_before(&self, ttl: u8) -> bool {
        (1..ttl)
            .all(|ttl| self.router_at(TraceProbe::Syn, ttl) == self.router_at(TraceProbe::Udp, ttl))
    }
}

/// Why this machine could not make an experiment.
pub(super) fn not_possible<'a>(e: &'a Evidence, id: &str) -> Option<&'a str> {
    e.experiments.skipped.iter().find_map(|one| match &one.reason {
        ExperimentSkipReason::NotPossible { message } if one.id == id => Some(message.as_str()),
        _ => None,
    })
}

/// The command that would trace the path, if that was not requested and could help: inside Azure,
/// routers do not answer.
fn deep_command(e: &Evidence) -> Option<String> {
    let inside = e.vantage.azure.answer == Some(true);
    let left_out = e.experiments.needs_deep(TRACE) && !inside;
    left_out.then(|| reading::again_with(e, "--deep"))
}

/// Whether the trace shows that the address is in use: UDP reaches it.
pub(super) fn host_answers(e: &Evidence, attempt: &TcpAttempt) -> bool {
    Traceroute::of(e, TRACE, attempt).is_some_and(|trace| trace.host_ttl().is_some())
}

/// Adds what the trace shows about a SYN that is never answered.
pub(super) fn explain_silence(
    e: &Evidence,
    mut finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    if let Some(command) = deep_command(e) {
        finding = finding.decide_with(command);
    }
    if let Some(message) = not_possible(e, TRACE) {
        finding = finding.reasoning(format!(
            "the path could not be traced from here ({message}); a trace would show the last router \
             that answers"
        ));
    }
    let Some(trace) = Traceroute::of(e, TRACE, attempt) else { return finding };
    for place in trace.places() {
        finding = finding.cites(place);
    }
    let (ip, port) = (trace.address, e.target.port);
    if let Some((probe, from, code)) = trace.icmp_error() {
        let what = if probe == TraceProbe::Udp { "UDP" } else { "a SYN" };
        finding = finding.reasoning(format!(
            "{from} rejects {what} with a limited TTL (ICMP \
                                            {code})"
        ));
    }
    let (syn, udp) = (trace.last(TraceProbe::Syn), trace.last(TraceProbe::Udp));
    let farthest = syn.into_iter().chain(udp).max_by_key(|router| router.ttl);
    finding.reasoning(match (trace.host_ttl(), syn, udp, farthest) {
        (Some(ttl), syn, _, _) => {
            let after = syn.map(|r| format!(", and a SYN is last seen at {}", at(e, attempt, r)));
            format!(
                "the trace: {ip} itself answers UDP with TTL {ttl}{}: the address is in use and \
                 the path to it works; only TCP {port} is dropped",
                after.unwrap_or_default()
            )
        }
        (None, Some(syn), Some(udp), _) if udp.ttl > syn.ttl => format!(
            "the trace: UDP reaches {}, but a SYN to port {port} only reaches {}: a filter \
             between them, or on either, drops it",
            at(e, attempt, udp),
            at(e, attempt, syn)
        ),
        (None, None, Some(udp), _) => format!(
            "the trace: UDP reaches {}, and no router answers a SYN to port {port}: it is dropped \
             before the first router, or the routers do not report expired SYNs",
            at(e, attempt, udp)
        ),
        (None, _, _, Some(router)) => format!(
            "the trace ends after {}: the packets are dropped there or beyond it, or the devices \
             beyond it do not answer",
            at(e, attempt, router)
        ),
        (None, _, _, None) if e.vantage.azure.answer == Some(true) => {
            "the trace shows no router, which means nothing: inside Azure, routers do not answer"
                .to_owned()
        }
        (None, _, _, None) => "the trace shows no router, not even the first, which means \
                               nothing: many routers are configured not to answer"
            .to_owned(),
    })
}

/// A router with its position; this machine's own gateway is named as such.
fn at(e: &Evidence, attempt: &TcpAttempt, router: Router) -> String {
    let gateway = local_link::route(e, attempt).and_then(|(_, route)| route.gateway);
    let Router { ttl, from } = router;
    if ttl == 1 || gateway == Some(from) {
        format!("this machine's gateway {from}")
    } else {
        format!("{from} (hop {ttl})")
    }
}

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
    let behind = trace.last(TraceProbe::Udp).map(|router| router.ttl + 1);
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
    mut finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    if let Some(command) = deep_command(e) {
        finding = finding.decide_with(command);
    }
    if let Some(message) = not_possible(e, TRACE) {
        finding = finding.reasoning(format!(
            "the path could not be traced from here ({message}); a trace would show how far away the \
             refusal comes from"
        ));
    }
    let Some(trace) = Traceroute::of(e, TRACE, attempt) else { return finding };
    for place in trace.places() {
        finding = finding.cites(place);
    }
    match rst_from(&trace) {
        RstFrom::Before { hop: 1, goes_on_to } => finding.reasoning(format!(
            "the trace: a SYN with TTL 1 is refused, while UDP continues to hop {goes_on_to} before \
             it reaches {}: this machine or its gateway refuses, not the host",
            trace.address
        )),
        RstFrom::Before { hop, goes_on_to } => finding.reasoning(format!(
            "the trace: a SYN with TTL {hop} is refused, while UDP continues to hop {goes_on_to} \
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
