//! The handshake hangs at full size and finishes in smaller segments: the path loses large
//! packets without reporting it (facts T15-T17; RFC 2923, section 2.1).

use super::experiments::{self, Acknowledged};
use super::{routes, session};
use crate::diagnose::timing::lost_elsewhere;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::experiment::HandshakeExperiment;

pub(super) const RULE: Rule = rule!(
    "tls-mtu-black-hole",
    Tls,
    "Large packets are lost on the way: the handshake finishes only in small segments",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["tls-silent"]);

/// IPv4 and TCP headers without options, in bytes: the difference between packet and MSS (RFC
/// 9293).
const HEADERS: u32 = 40;

/// The MSS that is commonly set on IPsec tunnels, and the size of its packets outside the tunnel
/// (fact X26).
const IPSEC_MSS: u16 = 1350;
const IPSEC_OUTSIDE: u16 = 1452;

/// Handshakes of one size that finish, for a size that passes each time: the first one and its repeats.
const ENOUGH: usize = 3;

/// The sizes between which the path loses packets.
struct BlackHole<'a> {
    /// The largest segments with which the handshake finishes, in bytes.
    works: u16,
    works_at: String,
    /// How many handshakes of this size were made, all of them finished.
    answered: usize,
    /// The smallest segments above with which it hangs.
    fails: Option<(u16, String)>,
    control: Option<(String, &'a str, &'a HandshakeExperiment)>,
}

fn black_hole<'a>(e: &'a View<'_>) -> Option<BlackHole<'a>> {
    if !e.tls.handshake_hung() {
        return None;
    }
    let sizes = e.tls.segment_sizes();
    let (works, works_at, _) =
        sizes.iter().rev().find(|(.., x)| experiments::is_finished(x)).cloned()?;
    // Size alone is the cause only if everything smaller passes as well.
    if sizes.iter().any(|(size, _, x)| *size <= works && !experiments::is_finished(x))
        || e.tls.dropped_in_one_packet().is_some()
    {
        return None;
    }
    let control = e.tls.control_name();
    // A name that no filter blocks, at full size: if it is answered, size is not the cause. Nor is it
    // where the same handshake is answered when it is repeated.
    if control.as_ref().is_some_and(|(.., x)| x.answered())
        || e.tls.repeats().any(|(_, x)| x.answered())
    {
        return None;
    }
    let fails = sizes.iter().find(|(size, _, x)| *size > works && experiments::is_silent(x));
    let fails = fails.map(|(size, at, _)| (*size, at.clone()));
    let answered = sizes.iter().filter(|(size, ..)| *size == works).count();
    Some(BlackHole { works, works_at, answered, fails, control })
}

impl BlackHole<'_> {
    /// The largest packet that the path carries, in bytes.
    fn carried(&self) -> u32 {
        u32::from(self.works) + HEADERS
    }

    /// The smallest packet that is known to be lost: by an experiment, or by the walk's own size.
    fn lost(&self, e: &View<'_>) -> Option<u32> {
        let own = e.tls.value().and_then(|hop| hop.tcp_info.as_ref()).and_then(|info| info.pmtu);
        self.fails.as_ref().map(|(size, _)| u32::from(*size) + HEADERS).or(own)
    }

    /// The control name, where it hangs at full size too. Small segments also split the name past
    /// a filter that reads one packet; only this rules that out.
    fn control_hangs(&self) -> Option<(&str, &str)> {
        let (pointer, name, x) = self.control.as_ref()?;
        experiments::is_silent(x).then_some((pointer.as_str(), *name))
    }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let found = black_hole(e)?;
    let finding = direction(measured(e, &found), e);
    let finding = match found.control_hangs() {
        Some((pointer, name)) => finding
            .ruled_out(format!("an SNI filter: at full size the sibling name {name} hangs as well"))
            .cites(pointer),
        None => finding,
    };
    Some(advice(finding, e, found.works).check(reading::again(e)))
}

fn measured(e: &View<'_>, found: &BlackHole<'_>) -> FindingBuilder {
    let (carried, lost) = (found.carried(), found.lost(e));
    let peer = session::peer(e);
    let range = match lost {
        Some(lost) => {
            format!("the path carries packets of {carried} bytes and loses those of {lost}")
        }
        None => format!("the path carries packets of {carried} bytes and loses larger ones"),
    };
    let way = match loss(e) {
        Loss::Back => "from",
        Loss::There => "to",
        Loss::Unknown => "to or from",
    };
    // One of several servers that works may have answered one size by chance.
    let by_chance = !e.tls.repeats_hang() || found.answered < ENOUGH || lost_elsewhere(e).0 > 0;
    let confidence = match found.control_hangs() {
        Some(_) if !by_chance => Confidence::Proved,
        _ => Confidence::Inferred,
    };
    let finding = session::broken_as(
        e,
        confidence,
        match lost {
            Some(lost) => format!("packets of {lost} bytes {way} {peer} are lost"),
            None => format!("packets larger than {carried} bytes {way} {peer} are lost"),
        },
    )
    .fact(format!(
        "TCP connects; the handshake is not answered in {} ms: {} bytes sent, {} received",
        e.options.timeout_ms,
        e.tls.value().map_or(0, |hop| hop.bytes_sent),
        e.tls.value().map_or(0, |hop| hop.bytes_received)
    ))
    .reasoning(format!(
        "the same handshake in packets of {carried} bytes (segments of {}) finishes{}: {range}, \
         and no router reports it (ICMP \"fragmentation needed\" does not arrive)",
        found.works,
        found.fails.as_ref().map_or_else(String::new, |(size, _)| {
            format!(", in packets of {} (segments of {size}) it hangs", u32::from(*size) + HEADERS)
        })
    ))
    .cites(&found.works_at)
    .reasoning(match (by_chance, lost_elsewhere(e).0) {
        (false, _) => format!(
            "repeated, the small one finishes {} times of {0}, and the whole one hangs each time: no \
             chance decides",
            found.answered
        ),
        (true, 0) => {
            "each size was tried too seldom to exclude that one of several servers which does not work \
             took the large ones by chance"
                .to_owned()
        }
        (true, _) => {
            "segments that were answered had to be sent again, too: a path that loses packets of every \
             size may look the same by chance"
                .to_owned()
        }
    });
    match &found.fails {
        Some((_, pointer)) => finding.cites(pointer),
        None => finding,
    }
}

/// The direction in which the large packets are lost.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// The answer's: its later packets came out of order, or the ClientHello was acknowledged.
    Back,
    /// The ClientHello's.
    There,
    Unknown,
}

fn loss(e: &View<'_>) -> Loss {
    let Some(hop) = e.tls.value() else { return Loss::Unknown };
    let info = hop.tcp_info.as_ref();
    if out_of_order(e) {
        return Loss::Back;
    }
    match experiments::acknowledged(hop.bytes_sent, info) {
        Some(Acknowledged::All) => Loss::Back,
        Some(_) => Loss::There,
        None => Loss::Unknown,
    }
}

fn out_of_order(e: &View<'_>) -> bool {
    let info = e.tls.value().and_then(|hop| hop.tcp_info.as_ref());
    info.is_some_and(|info| info.rcv_ooopack.unwrap_or(0) > 0)
}

fn direction(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    match loss(e) {
        Loss::Back if out_of_order(e) => finding.reasoning(
            "packets came out of order: the answer's large packets are lost on the way back",
        ),
        Loss::Back => finding.reasoning(
            "the ClientHello was acknowledged: the answer's large packets are lost on the way back",
        ),
        Loss::There => finding.reasoning(
            "the ClientHello was not acknowledged: large packets are lost on the way there",
        ),
        Loss::Unknown => finding,
    }
}

fn advice(finding: FindingBuilder, e: &View<'_>, works: u16) -> FindingBuilder {
    let mut finding = finding.owner("Network (VPN / ExpressRoute)");
    if let Some(ip) = session::address(e) {
        finding = finding.step(routes::see(ip)).step(routes::smaller_packets(
            "on this machine alone, until the tunnel is fixed",
            ip,
            &smaller_packets(loss(e), works),
        ));
    }
    if works < IPSEC_MSS {
        finding = finding.reasoning(format!(
            "a clamp of {IPSEC_MSS}, which is often set, is too large here; it is also too large \
             for IPsec over ExpressRoute, which makes {IPSEC_OUTSIDE} bytes of it and carries 1400"
        ));
    }
    finding
        .step(
            Step::shared(
                format!("on the tunnel: clamp TCP MSS to {works}, in both directions"),
                "the segment size of every TCP connection through it",
            )
            .undo("remove the clamp"),
        )
        .step(
            Step::shared(
                "let ICMP \"fragmentation needed\" (type 3 code 4; packet too big, type 2, in \
                 IPv6) through each firewall on the way",
                "what the firewalls let through for every host behind them",
            )
            .or()
            .undo("remove the rule"),
        )
}

/// Makes a route's packets smaller in the direction in which they are lost: `mtu` limits what this
/// machine sends, `advmss` what the peer sends.
fn smaller_packets(loss: Loss, works: u16) -> String {
    let there = format!("mtu {}", u32::from(works) + HEADERS);
    let back = format!("advmss {works}");
    match loss {
        Loss::Back => back,
        Loss::There => there,
        Loss::Unknown => format!("{there} {back}"),
    }
}
