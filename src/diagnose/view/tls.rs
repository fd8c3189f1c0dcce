//! The handshake of the walk, and the counter-experiments on it. Facts only.

use crate::sorting;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;

use crate::evidence::Evidence;
use crate::evidence::Observed;
use crate::evidence::experiment::{
    HandshakeExperiment, HandshakeResult, TraceProbe, TraceResult, Variation,
};
use crate::evidence::tcp::TcpInfo;
use crate::evidence::tls::{TlsHop, TlsOutcome, TlsVersion};

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

    /// The experiments on the walked address, and those that compare it with other addresses of the
    /// name, with their places in the evidence. Experiments on an address that the walk then left
    /// show nothing about the one that it judges.
    fn experiments(&self) -> impl Iterator<Item = (String, &'a HandshakeExperiment)> {
        let place = |index| format!("/experiments/handshakes/{index}");
        let walked = self.evidence.tcp.value().and_then(|hop| hop.selected);
        let here = move |x: &HandshakeExperiment| {
            matches!(x.variation, Variation::OtherAddress { .. })
                || x.address.is_none_or(|address| walked.is_none_or(|walked| walked == address))
        };
        let all = self.evidence.experiments.handshakes.iter().enumerate();
        all.filter(move |(_, x)| here(x)).map(move |(index, x)| (place(index), x))
    }

    /// Handshakes in smaller segments, smallest first: size, and the experiment.
    pub(in crate::diagnose) fn segment_sizes(&self) -> Vec<(u16, String, &'a HandshakeExperiment)> {
        let mut sizes: Vec<(u16, String, &HandshakeExperiment)> = self
            .experiments()
            .filter_map(|(pointer, x)| match x.variation {
                Variation::SegmentSize { bytes } => Some((bytes, pointer, x)),
                _ => None,
            })
            .collect();
        sorting::by_key(&mut sizes, |(bytes, ..)| *bytes);
        sizes
    }

    /// The handshake with a ClientHello of one segment.
    pub(in crate::diagnose) fn small_hello(&self) -> Option<(String, &'a HandshakeExperiment)> {
        self.experiments()
            .find(|(_, x)| x.variation == Variation::SmallHello && x.id != REPEAT_SMALL)
    }

    /// Its repeats.
    pub(in crate::diagnose) fn small_repeats(
        &self,
    ) -> impl Iterator<Item = (String, &'a HandshakeExperiment)> {
        self.experiments().filter(|(_, x)| x.id == REPEAT_SMALL)
    }

    /// The full-size handshake that failed, where the walk went on with the small one.
    pub(in crate::diagnose) fn full_hello(&self) -> Option<(String, &'a HandshakeExperiment)> {
        self.experiments().find(|(_, x)| x.variation == Variation::Nothing && x.id != REPEAT)
    }

    /// Whether the walk's own handshake was repeated, and each repeat hung.
    pub(in crate::diagnose) fn repeats_hang(&self) -> bool {
        self.repeats().next().is_some() && self.repeats().all(|(_, x)| is_silent(x))
    }

    /// The repeats of the walk's own handshake.
    pub(in crate::diagnose) fn repeats(
        &self,
    ) -> impl Iterator<Item = (String, &'a HandshakeExperiment)> {
        self.experiments().filter(|(_, x)| x.id == REPEAT)
    }

    /// The handshake with the account's sibling name.
    pub(in crate::diagnose) fn control_name(
        &self,
    ) -> Option<(String, &'a str, &'a HandshakeExperiment)> {
        self.with_other_name().find(|(.., x)| x.id != UNRELATED_NAME)
    }

    /// The handshakes with names unrelated to the target (`--deep`).
    pub(in crate::diagnose) fn unrelated_names(
        &self,
    ) -> impl Iterator<Item = (String, &'a str, &'a HandshakeExperiment)> {
        self.with_other_name().filter(|(.., x)| x.id == UNRELATED_NAME)
    }

    fn with_other_name(&self) -> impl Iterator<Item = (String, &'a str, &'a HandshakeExperiment)> {
        self.experiments().filter_map(|(pointer, x)| match &x.variation {
            Variation::ServerName { name } => Some((pointer, name.as_str(), x)),
            _ => None,
        })
    }

    /// The first byte alone.
    pub(in crate::diagnose) fn first_byte(&self) -> Option<(String, &'a HandshakeResult)> {
        self.experiments().find_map(|(pointer, x)| match (&x.variation, &x.tls) {
            (Variation::FirstByte, Some(seen)) => Some((pointer, seen)),
            _ => None,
        })
    }

    /// The handshakes at other addresses of the name's effective answer.
    pub(in crate::diagnose) fn other_addresses(
        &self,
    ) -> impl Iterator<Item = (String, IpAddr, &'a HandshakeExperiment)> {
        let effective = self.evidence.dns.effective();
        self.addresses_tried().filter(move |(_, address, _)| effective.contains(address))
    }

    /// The handshakes at other addresses than the walk's, those that another resolver gives too.
    pub(in crate::diagnose) fn addresses_tried(
        &self,
    ) -> impl Iterator<Item = (String, IpAddr, &'a HandshakeExperiment)> {
        self.experiments().filter_map(|(pointer, x)| match x.variation {
            Variation::OtherAddress { address } => Some((pointer, address, x)),
            _ => None,
        })
    }

    /// Every handshake that was tried at the walked address with something changed, the first byte
    /// left out.
    pub(in crate::diagnose) fn handshakes(&self) -> impl Iterator<Item = &'a HandshakeExperiment> {
        let elsewhere =
            |x: &&HandshakeExperiment| matches!(x.variation, Variation::OtherAddress { .. });
        self.experiments()
            .map(|(_, x)| x)
            .filter(|x| x.variation != Variation::FirstByte)
            .filter(move |x| !elsewhere(x))
    }

    /// Whether the walk's handshake and every experiment hung, at least one of them in small
    /// segments and one with a small ClientHello, and `wanted` of each was acknowledged.
    pub(in crate::diagnose) fn all_silent_with(&self, wanted: Acknowledged) -> bool {
        let Some(hop) = self.hop.value() else { return false };
        self.handshake_hung()
            && nothing_received(hop.bytes_received, hop.tcp_info.as_ref())
            && acknowledged(hop.bytes_sent, hop.tcp_info.as_ref()) == Some(wanted)
            && self.small_hello().is_some()
            && !self.segment_sizes().is_empty()
            && self
                .handshakes()
                .all(|x| x.tls.as_ref().is_some_and(|seen| is_silent_with(seen, wanted)))
    }

    /// A ClientHello that was not even acknowledged although it is no larger than segments that
    /// pass: its size and theirs. The content of one packet makes the difference, not its size: a
    /// filter reads single packets, and small segments carry the name past it in pieces.
    pub(in crate::diagnose) fn dropped_in_one_packet(&self) -> Option<(u64, u16)> {
        let (_, small) = self.small_hello()?;
        let seen = small.tls.as_ref().filter(|seen| is_silent_with(seen, Acknowledged::Nothing))?;
        let sizes = self.segment_sizes();
        let (works, ..) = sizes.iter().rev().find(|(.., x)| is_finished(x))?;
        (1..=u64::from(*works)).contains(&seen.bytes_sent).then_some((seen.bytes_sent, *works))
    }

    /// The trace of the ClientHello.
    pub(in crate::diagnose) fn hello_trace(&self) -> Option<HelloTrace> {
        let walked = self.evidence.tcp.value().and_then(|hop| hop.walked_attempt());
        let detour =
            walked.and_then(|attempt| attempt.connect_to.as_deref()?.parse::<SocketAddr>().ok());
        let walked = detour.or(walked.map(|attempt| attempt.address));
        let (index, trace) =
            self.evidence.experiments.traces.iter().enumerate().find(|(_, trace)| {
                trace.probe == TraceProbe::ClientHello
                    && walked.is_none_or(|to| to == trace.towards)
            })?;
        let last = trace.hops.iter().rev().find_map(|hop| match hop.result {
            TraceResult::Expired { from: Some(from) } => Some((hop.ttl, from)),
            _ => None,
        });
        let cut = trace.hops.iter().find(|hop| hop.result == TraceResult::Reset).map(|hop| hop.ttl);
        Some(HelloTrace { place: format!("/experiments/traces/{index}"), last, cut })
    }

    /// The handshake that offers only one version and finishes.
    pub(in crate::diagnose) fn version_that_works(&self) -> Option<(String, &'a TlsVersion)> {
        self.experiments().find_map(|(pointer, x)| match &x.variation {
            Variation::TlsVersion { version } if is_finished(x) => Some((pointer, version)),
            _ => None,
        })
    }

    /// The number of versions that finish when offered alone.
    pub(in crate::diagnose) fn versions_that_work(&self) -> usize {
        self.experiments()
            .filter(|(_, x)| matches!(x.variation, Variation::TlsVersion { .. }) && is_finished(x))
            .count()
    }

    /// Whether the walk's own handshake hung.
    pub(in crate::diagnose) fn handshake_hung(&self) -> bool {
        self.hop.value().is_some_and(|hop| hop.outcome == TlsOutcome::Silent)
    }

    /// Whether the walk's own handshake was reset, closed, or ended by an alert.
    pub(in crate::diagnose) fn handshake_cut(&self) -> bool {
        self.hop.value().is_some_and(|hop| {
            matches!(hop.outcome, TlsOutcome::Reset | TlsOutcome::Closed | TlsOutcome::Alert { .. })
        })
    }
}

/// The experiment that repeats the walk's own handshake.
const REPEAT: &str = "repeat-handshake";

/// The experiment that repeats the small ClientHello.
const REPEAT_SMALL: &str = "repeat-small-hello";

/// The experiment with names unrelated to the target.
pub(in crate::diagnose) const UNRELATED_NAME: &str = "unrelated-name";

/// How much of what was sent the peer, or a device in front of it, acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Acknowledged {
    /// Not one byte.
    Nothing,
    /// A part.
    Part,
    /// All of it.
    All,
}

/// How much of `sent` bytes was acknowledged; `None` where the kernel does not report it.
/// `bytes_acked` counts the SYN as one byte.
pub(in crate::diagnose) fn acknowledged(sent: u64, info: Option<&TcpInfo>) -> Option<Acknowledged> {
    let acked = info?.bytes_acked?;
    Some(match acked {
        0 | 1 => Acknowledged::Nothing,
        _ if acked > sent => Acknowledged::All,
        _ => Acknowledged::Part,
    })
}

/// Whether no byte came back in a handshake, not even out of order, and this much of what it sent
/// was acknowledged.
pub(in crate::diagnose) fn is_silent_with(seen: &HandshakeResult, wanted: Acknowledged) -> bool {
    seen.outcome == TlsOutcome::Silent
        && nothing_received(seen.bytes_received, seen.tcp_info.as_ref())
        && acknowledged(seen.bytes_sent, seen.tcp_info.as_ref()) == Some(wanted)
}

/// Whether no byte came, in order or not.
pub(in crate::diagnose) fn nothing_received(received: u64, info: Option<&TcpInfo>) -> bool {
    received == 0
        && info.is_some_and(|info| {
            info.rcv_ooopack.unwrap_or(0) == 0 && info.bytes_received.unwrap_or(0) == 0
        })
}

/// What the TTL-limited ClientHello showed (`--deep`).
pub(in crate::diagnose) struct HelloTrace {
    /// Its place in the evidence.
    pub(in crate::diagnose) place: String,
    /// The last router that answers, with its distance.
    pub(in crate::diagnose) last: Option<(u8, IpAddr)>,
    /// The lowest TTL with which the connection is cut.
    pub(in crate::diagnose) cut: Option<u8>,
}

/// Whether the handshake finished, whatever the certificate.
pub(in crate::diagnose) fn is_finished(x: &HandshakeExperiment) -> bool {
    matches!(
        x.tls,
        Some(HandshakeResult {
            outcome: TlsOutcome::Verified | TlsOutcome::CertificateRejected { .. },
            ..
        })
    )
}

/// Whether the handshake hung.
pub(in crate::diagnose) fn is_silent(x: &HandshakeExperiment) -> bool {
    matches!(x.tls, Some(HandshakeResult { outcome: TlsOutcome::Silent, .. }))
}

/// Whether the handshake ended without an answer in TLS.
pub(in crate::diagnose) fn ended_without_tls(x: &HandshakeExperiment) -> bool {
    x.tls
        .as_ref()
        .is_some_and(|seen| matches!(seen.outcome, TlsOutcome::Silent | TlsOutcome::Reset))
}
