//! TCP connects and the handshake gets no answer (facts T15-T17, S15, S16; TCP_INFO as in
//! tcp(7)): lost large packets, a filter that drops, or nothing behind the port.

use super::session;
use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::tls::{TlsHop, TlsOutcome};
use crate::evidence::{Evidence, Hop};

pub(super) const RULE: Rule = Rule {
    id: "tls-silent",
    hop: Hop::Tls,
    title: "TCP connects, but the TLS handshake is never answered",
    page: include_str!("../../../../docs/findings/tls-silent.md"),
    explains: &[],
    check,
};

/// What the kernel's counters say of a handshake that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counters {
    /// Later segments came and the first, full-size one did not: large packets are lost on
    /// the way back.
    HeadMissing,
    /// The ClientHello was not acknowledged: it is lost on the way there.
    HelloLost,
    /// The ClientHello was acknowledged and nothing came.
    HelloTaken,
    /// The answer began and stopped.
    Stalled,
    /// Nothing tells.
    Unknown,
}

fn counters(hop: &TlsHop) -> Counters {
    if hop.bytes_received > 0 {
        return Counters::Stalled;
    }
    match hop.tcp_info.as_ref() {
        Some(info) if info.rcv_ooopack.is_some_and(|n| n > 0) => Counters::HeadMissing,
        // `bytes_acked` counts the SYN as one octet.
        Some(info) => match info.bytes_acked {
            Some(acked) if acked >= hop.bytes_sent => Counters::HelloTaken,
            Some(_) => Counters::HelloLost,
            None => Counters::Unknown,
        },
        None => Counters::Unknown,
    }
}

fn check(e: &Evidence) -> Option<Because> {
    let hop = e.tls.saw().filter(|hop| hop.outcome == TlsOutcome::Silent)?;
    let counters = counters(hop);
    let proxied = reading::proxied(e);
    let (sure, does) = match counters {
        Counters::HeadMissing => (Sure::Inferred, "answers in packets too large for the path"),
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
                 {} retransmitted, segments of {} octets",
                count(info.bytes_acked),
                count(info.bytes_received),
                count(info.rcv_ooopack.map(u64::from)),
                info.total_retrans,
                info.snd_mss
            ))
            .read_at("/tls/saw/tcp_info");
    }
    let answer_lost = "possible: an MTU black hole: the certificates come back in full-size \
                       packets, a link drops them, and ICMP \"fragmentation needed\" is filtered";
    let filter = "possible: a filter that reads the SNI and drops what it does not allow";
    let large = "possible: a middlebox that loses a ClientHello of more than one segment \
                 (X25519MLKEM768)";
    let dead = "possible: nothing works behind the port: a load balancer or relay without a \
                backend";
    because = match counters {
        Counters::HeadMissing => because.known_by(
            "the end of the answer arrived and its beginning did not: small packets pass, \
             full-size ones are lost on the way back (MTU black hole; VPN tunnels carry 1400 \
             octets or less)",
        ),
        Counters::HelloLost => because
            .known_by("the ClientHello itself was never acknowledged")
            .known_by("possible: an MTU black hole on the way there")
            .known_by(filter)
            .known_by(large),
        Counters::HelloTaken if proxied => because.known_by(
            "the proxy took the ClientHello; what it does with it does not show from here",
        ),
        Counters::HelloTaken => because
            .known_by("the ClientHello was acknowledged: it arrived")
            .known_by(answer_lost)
            .known_by(dead)
            .known_by(filter),
        Counters::Stalled => because.known_by(answer_lost),
        Counters::Unknown => {
            because.known_by(answer_lost).known_by(filter).known_by(large).known_by(dead)
        }
    };
    if proxied {
        because = because.known_by(
            "possible: the proxy opened the tunnel before its own connection to the service \
             stood, and that one hangs",
        );
    }
    because = because
        .ruled_out("DNS, route and port: the connection stands")
        .tells_it(format!("{}   (a small ClientHello)", session::s_client(e, "-groups X25519")))
        .tells_it(format!(
            "{}   (another name: answered means an SNI filter)",
            session::s_client_named(e, "<another name>", "")
        ))
        .owner("Network");
    if let (false, Some(ip)) = (proxied, e.tcp.saw().and_then(|tcp| tcp.walked)) {
        because = because
            .tells_it(format!("ping -c 2 -M do -s 1372 {ip}   (tells only where echo is answered)"))
            .look("see the MTU that this machine believes in", format!("ip route get {ip}"))
            .change(
                "on this machine alone, as a test: smaller segments",
                format!("ip route replace {ip} via <gateway> advmss 1240"),
            );
    }
    Some(
        session::beside_the_proxy(
            because.step(
                "on the tunnel (VPN, ExpressRoute): clamp TCP MSS to 1350 or less, or let ICMP \
                 type 3 code 4 through; on a firewall: allow the SNI",
            ),
            e,
        )
        .check(reading::again(e)),
    )
}
