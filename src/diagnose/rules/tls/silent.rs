//! TCP connects and the handshake gets no answer (facts T15-T17, S15, S16; TCP_INFO as in
//! tcp(7)): lost large packets, a filter that drops, or nothing behind the port.

use std::net::IpAddr;

use super::experiments::{self, Acknowledged};
use super::{routes, session};
use crate::diagnose::rules::proxy::no_proxy;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;
use crate::evidence::tls::{TlsHop, TlsOutcome};

pub(super) const RULE: Rule =
    rule!("tls-silent", Tls, "TCP connects, but the TLS handshake is never answered", Code(check));

/// What the kernel's counters show of a handshake that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counters {
    /// Later segments came and the first, full-size one did not: large packets are lost on
    /// the way back.
    HeadMissing,
    /// The ClientHello was not acknowledged: it is lost on the way there.
    HelloLost,
    /// Neither was a small one, nor one in small segments, and yet a single byte was: it is lost
    /// for its content.
    HelloRead,
    /// In one packet it is lost, however small; spread over several packets it is answered.
    HelloReadWhole,
    /// The ClientHello was acknowledged and nothing came.
    HelloTaken,
    /// The answer began and stopped.
    Stalled,
    /// The counters decide nothing.
    Unknown,
}

fn counters(e: &View<'_>, hop: &TlsHop) -> Counters {
    let info = hop.tcp_info.as_ref();
    if info.is_some_and(|info| info.rcv_ooopack.is_some_and(|n| n > 0)) {
        return Counters::HeadMissing;
    }
    if hop.bytes_received > 0 {
        return Counters::Stalled;
    }
    // `bytes_acked` counts the SYN as one byte, and in a tunnel the CONNECT as well.
    match info.and_then(|info| info.bytes_acked) {
        Some(acked) if acked >= hop.bytes_sent => Counters::HelloTaken,
        Some(_) if hello_is_read(e) => Counters::HelloRead,
        Some(_) if e.tls.dropped_in_one_packet().is_some() => Counters::HelloReadWhole,
        Some(_) => Counters::HelloLost,
        None => Counters::Unknown,
    }
}

/// Whether a single byte is acknowledged and no ClientHello is, the smallest packets included.
fn hello_is_read(e: &View<'_>) -> bool {
    let lost = |x: &HandshakeExperiment| {
        x.tls.as_ref().is_some_and(|seen| {
            experiments::is_silent_with(seen, Acknowledged::Nothing)
                || experiments::is_silent_with(seen, Acknowledged::Part)
        })
    };
    let single_byte = e
        .tls
        .first_byte()
        .and_then(|(_, seen)| experiments::acknowledged(seen.bytes_sent, seen.tcp_info.as_ref()));
    single_byte == Some(Acknowledged::All)
        && e.tls.small_hello().is_some_and(|(_, x)| lost(x))
        && !e.tls.segment_sizes().is_empty()
        && e.tls.segment_sizes().iter().all(|(.., x)| lost(x))
}

/// What the counters themselves prove.
fn fact(counters: Counters, proxied: bool) -> Option<&'static str> {
    match counters {
        Counters::HeadMissing => Some(
            "the end of the answer arrived and its beginning did not: small packets pass, \
             full-size ones are lost on the way back (MTU black hole; VPN tunnels carry 1400 bytes \
             or less)",
        ),
        Counters::HelloLost if proxied => Some(
            "the ClientHello itself was never acknowledged, as the proxy's own machine does when \
             it arrives: it is lost between here and the proxy",
        ),
        Counters::HelloLost => Some("the ClientHello itself was never acknowledged"),
        Counters::HelloRead => Some(
            "a single byte is acknowledged, and no ClientHello is, however small its packets: \
             something on the way reads it and drops it",
        ),
        Counters::HelloReadWhole => Some(
            "in one packet no ClientHello is acknowledged, and in segments larger than the \
             smallest ClientHello it is answered: the content of one packet makes the difference, \
             not its size",
        ),
        Counters::HelloTaken if proxied => Some(
            "nothing is lost on the way to the proxy; what the proxy does with the ClientHello is \
             not visible from here",
        ),
        Counters::HelloTaken => Some("the ClientHello was acknowledged: it arrived"),
        Counters::Stalled | Counters::Unknown => None,
    }
}

/// The size in bytes above which a ClientHello is a large packet or more than one.
const LARGE_HELLO: u64 = 1200;

const ANSWER_TOO_LARGE: &str = "an MTU black hole: the certificates come back in full-size \
                                packets, a link drops them, and ICMP \"fragmentation needed\" is \
                                filtered";
const HELLO_TOO_LARGE: &str = "an MTU black hole on the way there: the ClientHello fills a packet";
const FILTER: &str = "a filter that reads the SNI and drops what it does not allow";
const SPLIT: &str =
    "a middlebox that loses a ClientHello of more than one segment (X25519MLKEM768)";
const DEAD: &str = "nothing works behind the port: a load balancer or relay without a backend";
const TUNNEL: &str = "the proxy opened the tunnel before its own connection to the service was \
                      established, and that connection hangs";
const BEHIND_PROXY: &str = "an MTU black hole behind the proxy: its own connection to the service opens, \
                            and full-size packets on it are lost";
const ANSWER_READ: &str = "a device that reads the answer (the certificate, in TLS inspection) and \
                           drops it, or that lets only so many bytes pass";

/// The causes that remain, the likeliest first.
fn causes(e: &View<'_>, counters: Counters, hop: &TlsHop, proxied: bool) -> Vec<&'static str> {
    let large = hop.bytes_sent > LARGE_HELLO;
    let mut causes = Vec::new();
    // What was lost before the proxy says nothing of its connection, and what came back through it
    // shows that it stands.
    let behind = proxied && matches!(counters, Counters::HelloTaken | Counters::Unknown);
    if behind {
        causes.push(TUNNEL);
    }
    causes.extend_from_slice(match counters {
        Counters::HeadMissing => &[],
        Counters::HelloLost if large => &[HELLO_TOO_LARGE, FILTER, SPLIT],
        Counters::HelloLost | Counters::HelloRead | Counters::HelloReadWhole => &[FILTER],
        Counters::HelloTaken if proxied => &[BEHIND_PROXY, FILTER],
        Counters::HelloTaken => &[ANSWER_TOO_LARGE, DEAD, FILTER, ANSWER_READ],
        Counters::Stalled => &[ANSWER_TOO_LARGE, DEAD, ANSWER_READ],
        Counters::Unknown if large => &[ANSWER_TOO_LARGE, FILTER, SPLIT, DEAD],
        Counters::Unknown => &[ANSWER_TOO_LARGE, FILTER, DEAD],
    });
    // What the experiments ruled out does not remain.
    causes.retain(|cause| match *cause {
        ANSWER_TOO_LARGE | HELLO_TOO_LARGE => !small_segments_hang(e),
        SPLIT => !small_hello_hangs(e),
        _ => true,
    });
    causes
}

fn small_hello_hangs(e: &View<'_>) -> bool {
    e.tls.small_hello().is_some_and(|(_, x)| experiments::is_silent(x))
}

fn small_segments_hang(e: &View<'_>) -> bool {
    e.tls.segment_sizes().first().is_some_and(|(.., x)| experiments::is_silent(x))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let hop = e.tls.value().filter(|hop| hop.outcome == TlsOutcome::Silent)?;
    let counters = counters(e, hop);
    let proxied = reading::proxied(e);
    let mut finding = measured(e, hop, counters);
    if let Some(fact) = fact(counters, proxied) {
        finding = finding.reasoning(fact);
    }
    for (index, cause) in causes(e, counters, hop, proxied).into_iter().enumerate() {
        finding = finding.reasoning(match index {
            0 => cause.to_owned(),
            _ => format!("or {cause}"),
        });
    }
    if hangs_directly(e) {
        finding = finding
            .reasoning(
                "without the proxy the handshake hangs as well: what both paths share, the network \
                 in front of the service, is a likelier cause than the proxy",
            )
            .cites("/direct");
    }
    finding = tried(finding, e, hop, counters);
    finding = untried(session::suggest_deep(session::cite_trace(finding, e), e), e, counters);
    finding = advice(finding.owner(owner(e, counters)), e, counters);
    Some(session::with_proxy_bypass(finding, e).check(reading::again(e)))
}

/// Whether a proxy carries the call and the handshake without it hangs too.
fn hangs_directly(e: &View<'_>) -> bool {
    let direct = e.direct.value().and_then(|path| path.tls.value());
    reading::proxied(e) && direct.is_some_and(|tls| tls.outcome == TlsOutcome::Silent)
}

/// The team: the network's where the packets are lost before the proxy, or without it too.
fn owner(e: &View<'_>, counters: Counters) -> &'static str {
    match lost_before_proxy(counters) || hangs_directly(e) {
        true => "Network",
        false => session::owner(e),
    }
}

/// Whether the packets are lost between here and the proxy, where one carries the call: it ends the
/// TCP connection, so nothing behind it acknowledges or sends segments here.
const fn lost_before_proxy(counters: Counters) -> bool {
    matches!(counters, Counters::HeadMissing | Counters::HelloLost)
}

/// The headline, and what the connection's counters are.
fn measured(e: &View<'_>, hop: &TlsHop, counters: Counters) -> FindingBuilder {
    let (confidence, does) = match counters {
        Counters::HeadMissing => {
            (Confidence::Inferred, "answers in packets too large for the path")
        }
        Counters::HelloReadWhole => {
            (Confidence::Inferred, "gets no ClientHello that fits one packet")
        }
        Counters::HelloRead => (Confidence::Possible, "gets single bytes, but no ClientHello"),
        Counters::Stalled => {
            (Confidence::Possible, "stops answering in the middle of the handshake")
        }
        _ => (Confidence::Possible, "does not answer the ClientHello"),
    };
    let finding = session::broken(e, confidence, does).fact(format!(
        "{} bytes sent, {} received, then nothing for the rest of {} ms",
        hop.bytes_sent, hop.bytes_received, e.options.timeout_ms
    ));
    let Some(info) = &hop.tcp_info else { return finding };
    let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let mtu = info.pmtu.map_or_else(String::new, |bytes| format!(", path MTU {bytes}"));
    finding
        .fact(format!(
            "TCP_INFO: {} bytes acknowledged, {} received in order, {} packets out of order, {} \
             retransmitted, segments of {} bytes{mtu}",
            count(info.bytes_acked),
            count(info.bytes_received),
            count(info.rcv_ooopack.map(u64::from)),
            info.repeats(),
            info.snd_mss
        ))
        .cites("/tls/value/tcp_info")
}

/// What the experiments show and rule out.
fn tried(
    mut finding: FindingBuilder,
    e: &View<'_>,
    hop: &TlsHop,
    counters: Counters,
) -> FindingBuilder {
    if let Some((pointer, single_byte)) = e.tls.first_byte() {
        finding = finding.cites(pointer);
        if single_byte.outcome == TlsOutcome::Closed {
            finding = finding.reasoning(
                "when our stream ends after a single byte, the peer ends its own: a program reads \
                 there",
            );
        }
    }
    finding = finding.ruled_out_if(
        small_hello_hangs(e),
        "the size of the ClientHello: a small one hangs as well",
    );
    finding = finding.ruled_out_if(
        small_segments_hang(e) && session::peer_acknowledges(e),
        "an MTU black hole: in the smallest segments it hangs as well",
    );
    let answered = e.tls.handshakes().filter(|x| experiments::is_finished(x)).count();
    if answered > 0 && counters == Counters::HelloReadWhole {
        finding = finding
            .ruled_out("an MTU black hole: a packet that is smaller than those that pass is lost");
    } else if answered > 0 {
        finding = finding.reasoning(format!(
            "or one of several backends does not work: of {} other handshakes {answered} were \
             answered",
            e.tls.handshakes().count()
        ));
    }
    // A tunnel device or a proxy of the machine itself that answers for the name connects too.
    let acked = hop.tcp_info.as_ref().and_then(|info| info.bytes_acked);
    finding.ruled_out_if(
        acked.is_some_and(|acked| acked > 1) && session::peer_acknowledges(e),
        "a closed port: the server acknowledges data",
    )
}

/// Commands for what the walk did not try.
fn untried(mut finding: FindingBuilder, e: &View<'_>, counters: Counters) -> FindingBuilder {
    // Without the proxy, the walk itself tries what is behind both paths.
    if hangs_directly(e) {
        return finding.decide_with(reading::again_with(e, "--proxy none"));
    }
    // Where the ClientHello got to the proxy, and nothing behind it can be compared, its log decides.
    let fails_directly = matches!(no_proxy::direct(e), no_proxy::Direct::Fails(..));
    if reading::proxied(e) && !lost_before_proxy(counters) && fails_directly {
        return finding;
    }
    if e.tls.small_hello().is_none() {
        finding = finding.decide_with(format!(
            "{}  # a small ClientHello",
            session::s_client(e, "-groups X25519")
        ));
    }
    if e.tls.control_name().is_none() {
        finding = finding.decide_with(format!(
            "{}  # another name: an answer means an SNI filter",
            session::s_client_named(e, "<another name>", "")
        ));
    }
    finding
}

fn advice(finding: FindingBuilder, e: &View<'_>, counters: Counters) -> FindingBuilder {
    let proxied = reading::proxied(e);
    let size_excluded = counters == Counters::HelloReadWhole || small_segments_hang(e);
    let towards = match proxied {
        true => e.proxy.value().and_then(|hop| hop.tcp.value()).and_then(|tcp| tcp.selected),
        false => session::address(e),
    };
    let ours = !proxied || lost_before_proxy(counters);
    let finding = match towards.filter(|_| !size_excluded && ours) {
        Some(ip) => finding
            .decide_with(format!("ping -c 2 -M do -s 1372 {ip}  # useful only if echo is answered"))
            .step(routes::see(ip))
            .step(smaller_packets(ip, counters)),
        None => finding,
    };
    finding.step(Step::inspect(if !ours {
        "read the proxy's own log for this machine and this minute"
    } else if proxied {
        "read the log of each firewall and tunnel (VPN, ExpressRoute) between here and the proxy \
         for this connection: whether a name or large packets are dropped decides what to change"
    } else if size_excluded {
        "read the log of each firewall on the way for this connection; see the backends of the \
         server at the address"
    } else {
        "read the log of each firewall and tunnel (VPN, ExpressRoute) on the way for this \
         connection: whether a name or large packets are dropped decides what to change"
    }))
}

/// Smaller packets for one address, as a test, in the direction in which they may be lost: a
/// route's `mtu` limits what this machine sends, `advmss` what the peer sends.
fn smaller_packets(ip: IpAddr, counters: Counters) -> Step {
    let (way, bound) = match counters {
        Counters::HeadMissing | Counters::HelloTaken | Counters::Stalled => {
            ("on the way back", "advmss 1240")
        }
        Counters::HelloLost | Counters::HelloRead | Counters::HelloReadWhole => {
            ("on the way there", "mtu 1280")
        }
        Counters::Unknown => ("both ways", "mtu 1280 advmss 1240"),
    };
    let message = format!(
        "on this machine alone, as a test: smaller packets {way} (IPsec over ExpressRoute needs an \
         MSS below 1300; 1350, which is often set, is too large there)"
    );
    routes::smaller_packets(&message, ip, bound)
}
