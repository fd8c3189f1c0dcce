//! TCP connects and the handshake gets no answer (facts T15-T17, S15, S16; TCP_INFO as in
//! tcp(7)): lost large packets, a filter that drops, or nothing behind the port.

use std::net::IpAddr;

use super::{experiments, routes, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::experiment::TriedHandshake;
use crate::evidence::tls::{TlsHop, TlsOutcome};

pub(super) const RULE: Rule =
    rule!("tls-silent", Tls, "TCP connects, but the TLS handshake is never answered", Code(check));

/// What the kernel's counters say of a handshake that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counters {
    /// Later segments came and the first, full-size one did not: large packets are lost on
    /// the way back.
    HeadMissing,
    /// The ClientHello was not acknowledged: it is lost on the way there.
    HelloLost,
    /// Nor was a small one, nor one in small segments, and yet one octet alone was: it is lost
    /// for its content.
    HelloRead,
    /// In one packet it is lost, however small; spread over several it is answered.
    HelloReadWhole,
    /// The ClientHello was acknowledged and nothing came.
    HelloTaken,
    /// The answer began and stopped.
    Stalled,
    /// Nothing tells.
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
    // `bytes_acked` counts the SYN as one octet, and in a tunnel the CONNECT as well.
    match info.and_then(|info| info.bytes_acked) {
        Some(acked) if acked >= hop.bytes_sent => Counters::HelloTaken,
        Some(_) if read(e) => Counters::HelloRead,
        Some(_) if e.tls.read_in_one_packet().is_some() => Counters::HelloReadWhole,
        Some(_) => Counters::HelloLost,
        None => Counters::Unknown,
    }
}

/// Whether one octet is taken and no ClientHello is, the smallest packets included.
fn read(e: &View<'_>) -> bool {
    use experiments::Taken;
    let lost = |x: &TriedHandshake| {
        x.tls.as_ref().is_some_and(|seen| {
            experiments::silent_with(seen, Taken::Nothing)
                || experiments::silent_with(seen, Taken::Part)
        })
    };
    let octet = e
        .tls
        .first_octet()
        .and_then(|(_, seen)| experiments::taken(seen.bytes_sent, seen.tcp_info.as_ref()));
    octet == Some(Taken::All)
        && e.tls.small_hello().is_some_and(|(_, x)| lost(x))
        && !e.tls.segment_sizes().is_empty()
        && e.tls.segment_sizes().iter().all(|(.., x)| lost(x))
}

/// What the counters themselves prove.
fn fact(counters: Counters, proxied: bool) -> Option<&'static str> {
    match counters {
        Counters::HeadMissing => Some(
            "the end of the answer arrived and its beginning did not: small packets pass, \
             full-size ones are lost on the way back (MTU black hole; VPN tunnels carry 1400 \
             octets or less)",
        ),
        Counters::HelloLost => Some("the ClientHello itself was never acknowledged"),
        Counters::HelloRead => Some(
            "one octet alone is acknowledged, and no ClientHello is, however small its packets: \
             something on the way reads it and drops it",
        ),
        Counters::HelloReadWhole => Some(
            "in one packet no ClientHello is acknowledged, and in segments that are larger than \
             the smallest of them it is answered: not size parts them, but what one packet holds",
        ),
        Counters::HelloTaken if proxied => Some(
            "nothing is lost on the way to the proxy; what the proxy does with the ClientHello \
             does not show from here",
        ),
        Counters::HelloTaken => Some("the ClientHello was acknowledged: it arrived"),
        Counters::Stalled | Counters::Unknown => None,
    }
}

/// Octets above which a ClientHello is a large packet or more than one.
const LARGE_HELLO: u64 = 1200;

/// The causes that remain, the likeliest first.
fn causes(e: &View<'_>, counters: Counters, hop: &TlsHop, proxied: bool) -> Vec<&'static str> {
    let answer = "an MTU black hole: the certificates come back in full-size packets, a link \
                  drops them, and ICMP \"fragmentation needed\" is filtered";
    let hello = "an MTU black hole on the way there: the ClientHello fills a packet";
    let filter = "a filter that reads the SNI and drops what it does not allow";
    let split = "a middlebox that loses a ClientHello of more than one segment (X25519MLKEM768)";
    let dead = "nothing works behind the port: a load balancer or relay without a backend";
    let tunnel = "the proxy opened the tunnel before its own connection to the service stood, \
                  and that one hangs";
    let large = hop.bytes_sent > LARGE_HELLO;
    let answered = "a device that reads the answer (the certificate, in TLS inspection) and drops \
                    it, or that lets only so many octets pass";
    let mut causes = Vec::new();
    // What the experiments ruled out is no cause that remains.
    let small_hangs = e.tls.small_hello().is_some_and(|(_, x)| experiments::hung(x));
    let segments_hang = e.tls.segment_sizes().first().is_some_and(|(.., x)| experiments::hung(x));
    let out = |cause: &&str| {
        (segments_hang && [answer, hello].contains(cause)) || (small_hangs && *cause == split)
    };
    if proxied && counters != Counters::HeadMissing {
        causes.push(tunnel);
    }
    match counters {
        Counters::HeadMissing => {}
        Counters::HelloLost if large => causes.extend([hello, filter, split]),
        Counters::HelloLost | Counters::HelloRead | Counters::HelloReadWhole => {
            causes.push(filter);
        }
        Counters::HelloTaken if proxied => causes.push(filter),
        Counters::HelloTaken => causes.extend([answer, dead, filter, answered]),
        Counters::Stalled => causes.extend([answer, dead, answered]),
        Counters::Unknown if large => causes.extend([answer, filter, split, dead]),
        Counters::Unknown => causes.extend([answer, filter, dead]),
    }
    causes.retain(|cause| !out(cause));
    causes
}

fn check(e: &View<'_>) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == TlsOutcome::Silent)?;
    let counters = counters(e, hop);
    let proxied = reading::proxied(e);
    let (sure, does) = match counters {
        Counters::HeadMissing => (Sure::Inferred, "answers in packets too large for the path"),
        Counters::HelloReadWhole => (Sure::Inferred, "gets no ClientHello that fits one packet"),
        Counters::HelloRead => (Sure::Possible, "gets no ClientHello, and every other octet"),
        Counters::Stalled => (Sure::Possible, "stops answering in the middle of the handshake"),
        _ => (Sure::Possible, "does not answer the ClientHello"),
    };
    let mut because = session::broken(e, sure, does).seen(format!(
        "{} octets sent, {} received, then nothing for the rest of {} ms",
        hop.bytes_sent, hop.bytes_received, e.asked.timeout_ms
    ));
    if let Some(info) = &hop.tcp_info {
        let count = |n: Option<u64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
        because = because
            .seen(format!(
                "TCP_INFO: {} octets acknowledged, {} received in order, {} packets out of order, \
                 {} retransmitted, segments of {} octets, path MTU {}",
                count(info.bytes_acked),
                count(info.bytes_received),
                count(info.rcv_ooopack.map(u64::from)),
                info.total_retrans,
                info.snd_mss,
                info.pmtu
            ))
            .read_at("/tls/saw/tcp_info");
    }
    if let Some(fact) = fact(counters, proxied) {
        because = because.known_by(fact);
    }
    for (index, cause) in causes(e, counters, hop, proxied).into_iter().enumerate() {
        because = because.known_by(match index {
            0 => cause.to_owned(),
            _ => format!("or {cause}"),
        });
    }
    if let Some((pointer, octet)) = e.tls.first_octet() {
        because = because.read_at(pointer);
        if octet.outcome == TlsOutcome::Closed {
            because = because.known_by(
                "when our stream ends after one octet the peer ends its own: a program reads there",
            );
        }
    }
    if e.tls.small_hello().is_some_and(|(_, x)| experiments::hung(x)) {
        because = because.ruled_out("the size of the ClientHello: a small one hangs as well");
    }
    because = because.ruled_out_if(
        e.tls.segment_sizes().first().is_some_and(|(.., x)| experiments::hung(x))
            && session::peer_acknowledges(e),
        "an MTU black hole: in the smallest segments it hangs as well",
    );
    let answered = e.tls.handshakes().filter(|x| experiments::finished(x)).count();
    if answered > 0 && counters == Counters::HelloReadWhole {
        because = because
            .ruled_out("an MTU black hole: a packet that is smaller than those that pass is lost");
    } else if answered > 0 {
        because = because.known_by(format!(
            "or one of several backends does not work: of {} handshakes tried beside it {answered} \
             were answered",
            e.tls.handshakes().count()
        ));
    }
    because = session::deeper(session::traced(because, e), e);
    // A name that is answered by a tunnel device or a proxy of the machine itself connects too.
    let acked = hop.tcp_info.as_ref().and_then(|info| info.bytes_acked);
    because = because.ruled_out_if(
        acked.is_some_and(|acked| acked > 1) && session::peer_acknowledges(e),
        "a closed port: what answers acknowledges data",
    );
    // Only what was not tried yet still tells.
    if e.tls.small_hello().is_none() {
        because = because
            .tells_it(format!("{}  # a small ClientHello", session::s_client(e, "-groups X25519")));
    }
    if e.tls.control_name().is_none() {
        because = because.tells_it(format!(
            "{}  # another name: an answer means an SNI filter",
            session::s_client_named(e, "<another name>", "")
        ));
    }
    because = because.owner(session::owner(e));
    let size_excluded = counters == Counters::HelloReadWhole
        || e.tls.segment_sizes().first().is_some_and(|(.., x)| experiments::hung(x));
    if let (false, false, Some(ip)) = (size_excluded, proxied, session::address(e)) {
        because = because
            .tells_it(format!("ping -c 2 -M do -s 1372 {ip}  # tells only where echo is answered"))
            .act(routes::see(ip))
            .act(smaller_packets(ip, counters));
    }
    Some(
        session::beside_the_proxy(
            because.act(Step::look(if proxied {
                "read the proxy's own log for this machine and this minute"
            } else if size_excluded {
                "read the log of each firewall on the way for this connection; see the backends \
                 of what answers at the address"
            } else {
                "read the log of each firewall and tunnel (VPN, ExpressRoute) on the way for this \
                 connection: what is lost, a name or large packets, decides what to change"
            })),
            e,
        )
        .check(reading::again(e)),
    )
}

/// Smaller packets for one address, as a test, in the direction in which they may be lost: a
/// route's `mtu` bounds what this machine sends, `advmss` what the peer sends.
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
    let says = format!(
        "on this machine alone, as a test: smaller packets {way} (IPsec over ExpressRoute needs \
         an MSS below 1300: 1350, as is often set, is too large there)"
    );
    routes::smaller_packets(&says, ip, bound)
}
