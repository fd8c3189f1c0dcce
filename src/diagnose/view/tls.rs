//! The handshake of the walk, and what the counter-experiments on it showed. Facts only.

use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;

use crate::evidence::Evidence;
use crate::evidence::Observed;
use crate::evidence::experiment::{Changed, HandshakeSeen, TraceProbe, TraceSeen, TriedHandshake};
use crate::evidence::tcp::TcpInfo;
use crate::evidence::tls::TlsHop;
use crate::evidence::tls::TlsOutcome;

/// The tls hop, with the experiments on it.
pub(in crate::diagnose) struct TlsView<'a> {
    evidence: &'a Evidence,
    hop: &'a Observed<TlsHop>,
}

impl Deref for TlsView<'_> {
    type Target = Observed<TlsHop>;

    fn deref(&self) -> &Observed<TlsHop> {
        self.hop
    }
}

impl<'a> TlsView<'a> {
    pub(super) const fn new(evidence: &'a Evidence) -> Self {
        Self { evidence, hop: &evidence.tls }
    }

    /// The experiments on the walked address, and those on other addresses of the name that compare
    /// it with them, with their place in the evidence. What was tried at an address that the walk
    /// then left says nothing of the one that it judges.
    fn all(&self) -> impl Iterator<Item = (String, &'a TriedHandshake)> {
        let place = |index| format!("/experiments/handshakes/{index}");
        let walked = self.evidence.tcp.saw().and_then(|hop| hop.walked);
        let here = move |x: &TriedHandshake| {
            matches!(x.changed, Changed::OtherAddress { .. })
                || x.address.is_none_or(|address| walked.is_none_or(|walked| walked == address))
        };
        let all = self.evidence.experiments.handshakes.iter().enumerate();
        all.filter(move |(_, x)| here(x)).map(move |(index, x)| (place(index), x))
    }

    /// Handshakes in smaller segments, smallest first: size, and the experiment.
    pub(in crate::diagnose) fn segment_sizes(&self) -> Vec<(u16, String, &'a TriedHandshake)> {
        let mut sizes: Vec<(u16, String, &TriedHandshake)> = self
            .all()
            .filter_map(|(pointer, x)| match x.changed {
                Changed::SegmentSize { octets } => Some((octets, pointer, x)),
                _ => None,
            })
            .collect();
        sizes.sort_by_key(|(octets, ..)| *octets);
        sizes
    }

    /// The handshake with a ClientHello of one segment.
    pub(in crate::diagnose) fn small_hello(&self) -> Option<(String, &'a TriedHandshake)> {
        self.all().find(|(_, x)| x.changed == Changed::SmallHello)
    }

    /// The full-size handshake that failed, where the walk went on with the small one.
    pub(in crate::diagnose) fn full_hello(&self) -> Option<(String, &'a TriedHandshake)> {
        self.all().find(|(_, x)| x.changed == Changed::Nothing && x.id != SAME_AGAIN)
    }

    /// The repeats of the walk's own handshake.
    pub(in crate::diagnose) fn same_again(
        &self,
    ) -> impl Iterator<Item = (String, &'a TriedHandshake)> {
        self.all().filter(|(_, x)| x.id == SAME_AGAIN)
    }

    /// The handshake with the account's sibling name.
    pub(in crate::diagnose) fn control_name(
        &self,
    ) -> Option<(String, &'a str, &'a TriedHandshake)> {
        self.named().find(|(.., x)| x.id != FOREIGN)
    }

    /// The handshakes with names that are nothing to the target (`--deep`).
    pub(in crate::diagnose) fn foreign_names(
        &self,
    ) -> impl Iterator<Item = (String, &'a str, &'a TriedHandshake)> {
        self.named().filter(|(.., x)| x.id == FOREIGN)
    }

    fn named(&self) -> impl Iterator<Item = (String, &'a str, &'a TriedHandshake)> {
        self.all().filter_map(|(pointer, x)| match &x.changed {
            Changed::ServerName { name } => Some((pointer, name.as_str(), x)),
            _ => None,
        })
    }

    /// The first octet alone.
    pub(in crate::diagnose) fn first_octet(&self) -> Option<(String, &'a HandshakeSeen)> {
        self.all().find_map(|(pointer, x)| match (&x.changed, &x.tls) {
            (Changed::FirstOctet, Some(seen)) => Some((pointer, seen)),
            _ => None,
        })
    }

    /// The handshakes at other addresses of the name.
    pub(in crate::diagnose) fn other_addresses(
        &self,
    ) -> impl Iterator<Item = (String, IpAddr, &'a TriedHandshake)> {
        self.all().filter_map(|(pointer, x)| match x.changed {
            Changed::OtherAddress { address } => Some((pointer, address, x)),
            _ => None,
        })
    }

    /// Every handshake that was tried at the walked address with something changed, the first octet
    /// left out.
    pub(in crate::diagnose) fn handshakes(&self) -> impl Iterator<Item = &'a TriedHandshake> {
        let elsewhere = |x: &&TriedHandshake| matches!(x.changed, Changed::OtherAddress { .. });
        self.all()
            .map(|(_, x)| x)
            .filter(|x| x.changed != Changed::FirstOctet)
            .filter(move |x| !elsewhere(x))
    }

    /// Whether the walk's handshake and every one that was tried hung, at least one of them with
    /// small packets both ways and one with a small ClientHello, and each was taken so far.
    pub(in crate::diagnose) fn all_silent_with(&self, wanted: Taken) -> bool {
        let Some(hop) = self.hop.saw() else { return false };
        self.walk_hung()
            && nothing_came(hop.bytes_received, hop.tcp_info.as_ref())
            && taken(hop.bytes_sent, hop.tcp_info.as_ref()) == Some(wanted)
            && self.small_hello().is_some()
            && !self.segment_sizes().is_empty()
            && self
                .handshakes()
                .all(|x| x.tls.as_ref().is_some_and(|seen| silent_with(seen, wanted)))
    }

    /// A ClientHello that is no larger than segments that pass and was not even acknowledged, its
    /// size and theirs: size is not what parts them, but what one packet holds. A filter that reads
    /// one packet does that; small segments carry the name past it in pieces.
    pub(in crate::diagnose) fn read_in_one_packet(&self) -> Option<(u64, u16)> {
        let (_, small) = self.small_hello()?;
        let seen = small.tls.as_ref().filter(|seen| silent_with(seen, Taken::Nothing))?;
        let sizes = self.segment_sizes();
        let (works, ..) = sizes.iter().rev().find(|(.., x)| finished(x))?;
        (1..=u64::from(*works)).contains(&seen.bytes_sent).then_some((seen.bytes_sent, *works))
    }

    /// The trace of the ClientHello.
    pub(in crate::diagnose) fn hello_trace(&self) -> Option<HelloTrace> {
        let walked = self.evidence.tcp.saw().and_then(|hop| hop.walked_attempt());
        let detour =
            walked.and_then(|attempt| attempt.detour.as_deref()?.parse::<SocketAddr>().ok());
        let walked = detour.or(walked.map(|attempt| attempt.address));
        let (index, trace) =
            self.evidence.experiments.traces.iter().enumerate().find(|(_, trace)| {
                trace.probe == TraceProbe::ClientHello
                    && walked.is_none_or(|to| to == trace.towards)
            })?;
        let last = trace.hops.iter().rev().find_map(|hop| match hop.seen {
            TraceSeen::Expired { from: Some(from) } => Some((hop.ttl, from)),
            _ => None,
        });
        let cut = trace.hops.iter().find(|hop| hop.seen == TraceSeen::Reset).map(|hop| hop.ttl);
        Some(HelloTrace { place: format!("/experiments/traces/{index}"), last, cut })
    }

    /// The handshake that offers one version alone and finishes.
    pub(in crate::diagnose) fn version_that_works(&self) -> Option<(String, &'a str)> {
        self.all().find_map(|(pointer, x)| match &x.changed {
            Changed::OnlyVersion { version } if finished(x) => Some((pointer, version.as_str())),
            _ => None,
        })
    }

    /// How many versions finish when they are offered alone.
    pub(in crate::diagnose) fn versions_that_work(&self) -> usize {
        self.all()
            .filter(|(_, x)| matches!(x.changed, Changed::OnlyVersion { .. }) && finished(x))
            .count()
    }

    /// Whether the handshake of the walk itself hung, or was cut.
    pub(in crate::diagnose) fn walk_hung(&self) -> bool {
        self.hop.saw().is_some_and(|hop| hop.outcome == TlsOutcome::Silent)
    }

    /// Whether it was reset, closed, or refused by an alert.
    pub(in crate::diagnose) fn walk_cut(&self) -> bool {
        self.hop.saw().is_some_and(|hop| {
            matches!(hop.outcome, TlsOutcome::Reset | TlsOutcome::Closed | TlsOutcome::Alert { .. })
        })
    }
}

/// The walk's own handshake put again, as it was.
const SAME_AGAIN: &str = "same-again";

/// The experiment that asks for names which are nothing to the target.
pub(in crate::diagnose) const FOREIGN: &str = "foreign-name";

/// How much of what was sent the peer, or something in front of it, acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Taken {
    /// Not one octet.
    Nothing,
    /// A part.
    Part,
    /// All of it.
    All,
}

/// What of `sent` octets was acknowledged; none where the kernel does not say. `bytes_acked`
/// counts the SYN as one octet.
pub(in crate::diagnose) fn taken(sent: u64, info: Option<&TcpInfo>) -> Option<Taken> {
    let acked = info?.bytes_acked?;
    Some(match acked {
        0 | 1 => Taken::Nothing,
        _ if acked > sent => Taken::All,
        _ => Taken::Part,
    })
}

/// Whether nothing at all came of a handshake, not even out of order, and of what it sent this
/// much was taken.
pub(in crate::diagnose) fn silent_with(seen: &HandshakeSeen, wanted: Taken) -> bool {
    seen.outcome == TlsOutcome::Silent
        && nothing_came(seen.bytes_received, seen.tcp_info.as_ref())
        && taken(seen.bytes_sent, seen.tcp_info.as_ref()) == Some(wanted)
}

/// Whether no octet came, in order or not.
pub(in crate::diagnose) fn nothing_came(received: u64, info: Option<&TcpInfo>) -> bool {
    received == 0
        && info.is_some_and(|info| {
            info.rcv_ooopack.unwrap_or(0) == 0 && info.bytes_received.unwrap_or(0) == 0
        })
}

/// What the ClientHello of limited life showed (`--deep`).
pub(in crate::diagnose) struct HelloTrace {
    /// Its place in the evidence.
    pub(in crate::diagnose) place: String,
    /// The last router that answers, with its distance.
    pub(in crate::diagnose) last: Option<(u8, IpAddr)>,
    /// The life from which on the connection is cut.
    pub(in crate::diagnose) cut: Option<u8>,
}

/// Whether the handshake finished, certificate and all.
pub(in crate::diagnose) fn finished(x: &TriedHandshake) -> bool {
    matches!(
        x.tls,
        Some(HandshakeSeen {
            outcome: TlsOutcome::Verified | TlsOutcome::CertificateRejected { .. },
            ..
        })
    )
}

/// Whether the handshake hung as the application's does.
pub(in crate::diagnose) fn hung(x: &TriedHandshake) -> bool {
    matches!(x.tls, Some(HandshakeSeen { outcome: TlsOutcome::Silent, .. }))
}

/// Whether the handshake ended without a word in TLS.
pub(in crate::diagnose) fn ended_in_silence_or_reset(x: &TriedHandshake) -> bool {
    x.tls
        .as_ref()
        .is_some_and(|seen| matches!(seen.outcome, TlsOutcome::Silent | TlsOutcome::Reset))
}
