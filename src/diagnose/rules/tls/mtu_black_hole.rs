//! The handshake hangs at full size and finishes in smaller segments: the path loses large
//! packets and says nothing (facts T15-T17; RFC 2923, section 2.1).

use super::{experiments, routes, session};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

pub(super) const RULE: Rule = rule!(
    "tls-mtu-black-hole",
    Tls,
    "Large packets vanish on the way: the handshake finishes only in small segments",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["tls-silent"]);

/// IPv4 and TCP headers without options: what a packet is larger than its MSS (RFC 9293).
const HEADERS: u32 = 40;

/// The MSS that is commonly set on IPsec tunnels, and what becomes of it outside (fact X26).
const IPSEC_MSS: u16 = 1350;
const IPSEC_OUTSIDE: u16 = 1452;

fn check(e: &View<'_>) -> Option<Because> {
    if !e.tls.walk_hung() {
        return None;
    }
    let sizes = e.tls.segment_sizes();
    let (works, works_at, _) = sizes.iter().rev().find(|(.., x)| experiments::finished(x))?;
    // Size alone is the matter only if everything smaller passes as well.
    if sizes.iter().any(|(octets, _, x)| octets < works && !experiments::finished(x)) {
        return None;
    }
    if e.tls.read_in_one_packet().is_some() {
        return None;
    }
    let fails = sizes.iter().find(|(octets, _, x)| octets > works && experiments::hung(x));
    let control = e.tls.control_name();
    // A name that nobody filters, at full size: if it is answered, size is not the matter.
    if control.as_ref().is_some_and(|(.., x)| x.answered()) {
        return None;
    }
    // Small segments also split the name past a filter that reads one packet; only a control
    // that hangs at full size rules that out.
    let sure = match &control {
        Some((.., x)) if experiments::hung(x) => Sure::Proved,
        _ => Sure::Inferred,
    };
    let carried = u32::from(*works) + HEADERS;
    let own = e.tls.saw().and_then(|hop| hop.tcp_info.as_ref()).map(|info| info.pmtu);
    let lost = fails.map(|(octets, ..)| u32::from(*octets) + HEADERS).or(own);
    let range = match lost {
        Some(lost) => format!("the path carries {carried} octets and loses {lost}"),
        None => format!("the path carries {carried} octets and loses larger packets"),
    };
    let ip = session::address(e);
    let peer = session::peer(e);
    let mut because = session::broken_as(
        e,
        sure,
        match lost {
            Some(lost) => format!("packets of {lost} octets to {peer} vanish"),
            None => format!("packets larger than {carried} octets to {peer} vanish"),
        },
    )
    .seen(format!(
        "TCP connects; the handshake is not answered in {} ms: {} octets sent, {} received",
        e.asked.timeout_ms,
        e.tls.saw().map_or(0, |hop| hop.bytes_sent),
        e.tls.saw().map_or(0, |hop| hop.bytes_received)
    ))
    .known_by(format!(
        "the same handshake with segments of {works} octets finishes{}: {range}, and no router \
         says so (ICMP \"fragmentation needed\" does not arrive)",
        fails.map_or_else(String::new, |(octets, ..)| format!(", with {octets} it hangs"))
    ))
    .read_at(works_at);
    because = match e.tls.saw().map(|hop| (hop, hop.tcp_info.as_ref())) {
        Some((_, Some(info))) if info.rcv_ooopack.unwrap_or(0) > 0 => because.known_by(
            "packets came out of order: the answer's large ones are lost on the way back",
        ),
        Some((hop, info)) => match experiments::taken(hop.bytes_sent, info) {
            Some(experiments::Taken::All) => because.known_by(
                "the ClientHello was acknowledged: the answer's large packets are lost on the way \
                 back",
            ),
            Some(_) => because.known_by(
                "the ClientHello was not acknowledged: large packets are lost on the way there",
            ),
            None => because,
        },
        None => because,
    };
    if let Some((_, pointer, _)) = fails {
        because = because.read_at(pointer);
    }
    if let Some((pointer, name, x)) = &control
        && experiments::hung(x)
    {
        because = because
            .ruled_out(format!("an SNI filter: at full size the sibling name {name} hangs as well"))
            .read_at(pointer);
    }
    because = because.owner("Network (VPN / ExpressRoute)");
    if let Some(ip) = ip {
        because = because.act(routes::see(ip)).act(routes::smaller_packets(
            "on this machine alone, until the tunnel is fixed",
            ip,
            &smaller_packets(e, *works),
        ));
    }
    if *works < IPSEC_MSS {
        because = because.known_by(format!(
            "a clamp of {IPSEC_MSS}, as is often set, is too large here; so it is for IPsec over \
             ExpressRoute, which makes {IPSEC_OUTSIDE} bytes of it and carries 1400"
        ));
    }
    Some(
        because
            .act(
                Step::shared(
                    format!("on the tunnel: clamp TCP MSS to {works}, in both directions"),
                    "the segment size of every TCP connection through it",
                )
                .undo("remove the clamp"),
            )
            .act(
                Step::shared(
                    "or let ICMP \"fragmentation needed\" (type 3 code 4; packet too big, type 2, \
                     in IPv6) through each firewall on the way",
                    "what the firewalls let through for every host behind them",
                )
                .undo("remove the rule"),
            )
            .check(reading::again(e)),
    )
}

/// What makes a route's packets smaller in the direction in which they are lost: `mtu` bounds what
/// this machine sends, `advmss` what the peer sends.
fn smaller_packets(e: &View<'_>, works: u16) -> String {
    let there = format!("mtu {}", u32::from(works) + HEADERS);
    let back = format!("advmss {works}");
    let Some(hop) = e.tls.saw() else { return format!("{there} {back}") };
    let info = hop.tcp_info.as_ref();
    if info.is_some_and(|info| info.rcv_ooopack.unwrap_or(0) > 0) {
        return back;
    }
    match experiments::taken(hop.bytes_sent, info) {
        Some(experiments::Taken::All) => back,
        Some(_) => there,
        None => format!("{there} {back}"),
    }
}
