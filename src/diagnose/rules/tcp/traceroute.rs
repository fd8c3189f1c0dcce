//! What TTL-limited traces show about the path to an address (facts T23, T40, T195-T198).
//!
//! A trace by ICMP echo is not one by TCP: firewalls and hosts treat echo requests otherwise. Only what was
//! answered counts there, and no finding about TCP is proved by it.

use std::net::{IpAddr, SocketAddr};

use super::{attempts, local_link, routing_loop};
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::Evidence;
use crate::evidence::experiment::{ExperimentSkipReason, Trace, TraceProbe, TraceResult};
use crate::evidence::tcp::{Icmp, TcpAttempt};

/// The experiment on connections that do not open.
pub(super) const TRACE: &str = "trace-syn";

/// The traces towards one address, each with its place in the report.
pub(super) struct Traceroute<'a> {
    pub(super) address: IpAddr,
    syn: Option<(usize, &'a Trace)>,
    /// The one that opens no connection: by UDP, or by ICMP echo where the system has none by UDP.
    control: Option<(usize, &'a Trace)>,
}

/// Which of the traces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The SYNs.
    Syn,
    /// What they are compared with.
    Control,
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
        let control = find(TraceProbe::Udp).or_else(|| find(TraceProbe::Echo));
        let trace = Self { address, syn: find(TraceProbe::Syn), control };
        (trace.syn.is_some() || trace.control.is_some()).then_some(trace)
    }

    /// Places of the report.
    pub(super) fn places(&self) -> Vec<String> {
        [self.syn, self.control]
            .into_iter()
            .flatten()
            .map(|(index, _)| format!("/experiments/traces/{index}"))
            .collect()
    }

    /// Whether the SYNs are compared with ICMP echo requests.
    pub(super) fn is_by_echo(&self) -> bool {
        self.control.is_some_and(|(_, trace)| trace.probe == TraceProbe::Echo)
    }

    /// What the SYNs are compared with.
    pub(super) fn control_name(&self) -> &'static str {
        if self.is_by_echo() { TraceProbe::Echo.name() } else { TraceProbe::Udp.name() }
    }

    /// Routers at which a trace's packets expired, by increasing TTL.
    pub(super) fn routers(&self, which: Which) -> Vec<Router> {
        let trace = if which == Which::Control { self.control } else { self.syn };
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

    /// The last router at which a packet of the trace expired.
    pub(super) fn last(&self, which: Which) -> Option<Router> {
        self.routers(which).into_iter().max_by_key(|router| router.ttl)
    }

    /// The lowest TTL at which a SYN was answered as `wanted` requires.
    pub(super) fn lowest_syn_ttl(&self, wanted: impl Fn(&TraceResult) -> bool) -> Option<u8> {
        let (_, trace) = self.syn?;
        trace.hops.iter().find(|hop| wanted(&hop.result)).map(|hop| hop.ttl)
    }

    /// The TTL with which UDP, or echo, reached the address itself: its own ICMP message, or an answer.
    pub(super) fn host_ttl(&self) -> Option<u8> {
        let (_, trace) = self.control?;
        trace.hops.iter().find(|hop| hop.result.reached(self.address)).map(|hop| hop.ttl)
    }

    /// ICMP errors from other devices, other than the expiry of a packet: for what, from where, and
    /// the message.
    fn icmp_errors(&self) -> impl Iterator<Item = (TraceProbe, IpAddr, &'a Icmp)> {
        let traces = [self.syn, self.control].into_iter().flatten();
        let address = self.address;
        traces.flat_map(move |(_, trace)| {
            trace.hops.iter().filter_map(move |hop| match &hop.result {
                TraceResult::Icmp { icmp } => {
                    let from = icmp.from.filter(|from| *from != address)?;
                    Some((trace.probe, from, icmp))
                }
                _ => None,
            })
        })
    }

    /// The router at which the trace's packet with this TTL expired.
    fn router_at(&self, which: Which, ttl: u8) -> Option<IpAddr> {
        self.routers(which).into_iter().find(|router| router.ttl == ttl).map(|router| router.from)
    }

    /// Whether both traces took the same routers before `ttl`, as far as routers reported both.
    pub(super) fn same_routers_before(&self, ttl: u8) -> bool {
        (1..ttl).all(|ttl| self.router_at(Which::Syn, ttl) == self.router_at(Which::Control, ttl))
    }

    /// Routers that the packets come to again and again, in the order in which they do: a routing loop.
    /// A router at two distances may be on two paths of different lengths; at three it is not.
    fn loop_of_routers(&self) -> Option<Vec<IpAddr>> {
        if self.host_ttl().is_some() {
            return None;
        }
        [Which::Syn, Which::Control].into_iter().find_map(|which| {
            let seen = self.routers(which);
            let again = |router: &Router| {
                let at: Vec<u8> =
                    seen.iter().filter(|one| one.from == router.from).map(|one| one.ttl).collect();
                at.len() >= LOOPED && at.windows(2).all(|two| two[1] - two[0] > 1)
            };
            let mut routers = Vec::new();
            for router in seen.iter().filter(|router| again(router)) {
                if !routers.contains(&router.from) {
                    routers.push(router.from);
                }
            }
            (routers.len() > 1).then_some(routers)
        })
    }
}

/// How often a router of a loop reports packets of the same trace.
const LOOPED: usize = 3;

/// Why this machine could not make an experiment.
pub(super) fn not_possible<'a>(e: &'a Evidence, id: &str) -> Option<&'a str> {
    e.experiments.skipped.iter().find_map(|one| match &one.reason {
        ExperimentSkipReason::NotPossible { message } if one.id == id => Some(message.as_str()),
        _ => None,
    })
}

/// The command that would trace the path, if that was not requested and could help: inside Azure,
/// routers do not answer.
pub(super) fn deep_command(e: &Evidence) -> Option<String> {
    let inside = e.vantage.azure.answer == Some(true);
    let left_out = e.experiments.needs_deep(TRACE) && !inside;
    left_out.then(|| reading::again_with(e, "--deep"))
}

/// What shows that the address is in use: UDP or ICMP echo, whichever reaches it.
pub(super) fn host_answers(e: &Evidence, attempt: &TcpAttempt) -> Option<TraceProbe> {
    let trace = Traceroute::of(e, TRACE, attempt)?;
    trace.host_ttl()?;
    Some(if trace.is_by_echo() { TraceProbe::Echo } else { TraceProbe::Udp })
}

/// Routers that forward packets to each other instead of to the address, as the trace shows.
pub(super) fn routing_loop(e: &Evidence, attempt: &TcpAttempt) -> Option<Vec<IpAddr>> {
    Traceroute::of(e, TRACE, attempt)?.loop_of_routers()
}

/// Adds why this machine could not trace, where it could not.
fn explain_missing(e: &Evidence, finding: FindingBuilder, wanted: &str) -> FindingBuilder {
    let Some(message) = not_possible(e, TRACE) else { return finding };
    finding.reasoning(match e.experiments.traces.iter().any(|trace| trace.id == TRACE) {
        true => format!("no SYN could be traced from here ({message}), only ICMP echo requests"),
        false => format!(
            "the path could not be traced from here ({message}); a trace would show {wanted}"
        ),
    })
}

/// Cites the trace towards an attempt's address, or adds that a trace would show `wanted`, and how it is
/// made.
pub(super) fn cite<'e>(
    e: &'e Evidence,
    finding: FindingBuilder,
    attempt: &TcpAttempt,
    wanted: &str,
) -> (FindingBuilder, Option<Traceroute<'e>>) {
    let finding = match deep_command(e) {
        Some(command) => finding.decide_with(command),
        None => finding,
    };
    let finding = explain_missing(e, finding, wanted);
    let trace = Traceroute::of(e, TRACE, attempt);
    let places = trace.iter().flat_map(Traceroute::places);
    (places.fold(finding, FindingBuilder::cites), trace)
}

/// Adds what the trace shows about a SYN that is never answered.
pub(super) fn explain_silence(
    e: &Evidence,
    finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    let (mut finding, trace) = cite(e, finding, attempt, "the last router that answers");
    let Some(trace) = trace else { return finding };
    if let Some(sentence) = device_that_rejects(e, attempt, &trace) {
        finding = finding.reasoning(sentence);
    }
    // A finding that names the routers of a loop needs no end of the path.
    match trace.loop_of_routers() {
        Some(_) => finding,
        None => finding.reasoning(how_far(e, attempt, &trace)),
    }
}

/// How far the packets of the traces got, and what that means.
fn how_far(e: &Evidence, attempt: &TcpAttempt, trace: &Traceroute<'_>) -> String {
    let (ip, port) = (trace.address, e.target.port);
    let by = trace.control_name();
    let (syn, control) = (trace.last(Which::Syn), trace.last(Which::Control));
    let farthest = syn.into_iter().chain(control).max_by_key(|router| router.ttl);
    match (trace.host_ttl(), syn, control, farthest) {
        (Some(ttl), syn, _, _) => {
            let after = syn.map(|r| format!(", and a SYN is last seen at {}", at(e, attempt, r)));
            let after = after.unwrap_or_default();
            match trace.is_by_echo() {
                true => format!(
                    "the trace: {ip} itself answers ICMP echo with TTL {ttl}{after}: the address is in \
                     use, and echo requests get there; TCP {port} is dropped, or only its answers are"
                ),
                false => format!(
                    "the trace: {ip} itself answers UDP with TTL {ttl}{after}: the address is in use and \
                     the path to it works; only TCP {port} is dropped"
                ),
            }
        }
        (None, Some(syn), Some(control), _) if control.ttl > syn.ttl => {
            let or = match trace.is_by_echo() {
                true => ", or the routers beyond it do not report expired SYNs",
                false => "",
            };
            format!(
                "the trace: {by} reaches {}, but a SYN to port {port} only reaches {}: a filter \
                 between them, or on either, drops it{or}",
                at(e, attempt, control),
                at(e, attempt, syn)
            )
        }
        (None, None, Some(router), _) if trace.syn.is_none() => format!(
            "the trace by ICMP echo reaches {}: the way to {ip} leads there. What is beyond it does not \
             answer echo requests, as private endpoints do not; it does not show how far TCP {port} gets",
            at(e, attempt, router)
        ),
        (None, None, Some(control), _) => format!(
            "the trace: {by} reaches {}, and no router answers a SYN to port {port}: it is dropped \
             before the first router, or the routers do not report expired SYNs",
            at(e, attempt, control)
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
    }
}

/// The first ICMP error of another device than this machine for a packet of the traces, in words.
fn device_that_rejects(
    e: &Evidence,
    attempt: &TcpAttempt,
    trace: &Traceroute<'_>,
) -> Option<String> {
    let (probe, from, icmp) =
        trace.icmp_errors().find(|(_, _, icmp)| !attempts::is_local(e, icmp, attempt.source))?;
    Some(rejection(probe, from, icmp, trace.address))
}

/// That a device on the path does not let a packet pass, as it reports.
fn rejection(probe: TraceProbe, from: IpAddr, icmp: &Icmp, ip: IpAddr) -> String {
    let what = match probe {
        TraceProbe::Echo => {
            return format!(
                "{from} reports for an ICMP echo request to {ip}: {}; Windows gives the kind of the \
                 message alone, and a rule there that rejects can look like a missing route",
                icmp.meaning.describe()
            );
        }
        TraceProbe::Udp => "UDP",
        TraceProbe::Syn | TraceProbe::ClientHello => "a SYN",
    };
    let code = icmp.code.as_deref().unwrap_or("unreachable");
    format!("{from} rejects {what} with a limited TTL (ICMP {code})")
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

/// Adds what the trace shows where an ICMP error ended the connection attempt and the system does not
/// name its sender.
pub(super) fn explain_unnamed(
    e: &Evidence,
    mut finding: FindingBuilder,
    attempt: &TcpAttempt,
) -> FindingBuilder {
    if let Some(command) = deep_command(e) {
        finding = finding.decide_with(command);
    }
    let Some(trace) = Traceroute::of(e, TRACE, attempt) else { return finding };
    for place in trace.places() {
        finding = finding.cites(place);
    }
    if let Some(sentence) = device_that_rejects(e, attempt, &trace) {
        return finding.reasoning(sentence);
    }
    let (ip, port, by) = (trace.address, e.target.port, trace.control_name());
    match (trace.loop_of_routers(), trace.host_ttl(), trace.last(Which::Control)) {
        (Some(routers), ..) => routing_loop::explain(finding, ip, &routers),
        (None, Some(ttl), _) => finding.reasoning(format!(
            "the trace: {ip} itself answers {by} with TTL {ttl}: what is reported concerns TCP {port}, as a \
             packet filter's rule does"
        )),
        (None, None, Some(router)) => finding.reasoning(format!(
            "the trace: {by} reaches {}: what reports it is there or beyond it, or its own rules treat \
             {by} otherwise",
            at(e, attempt, router)
        )),
        (None, None, None) => finding,
    }
}
