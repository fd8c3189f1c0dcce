//! What the counter-experiments on a failed handshake showed. Facts only.

use crate::evidence::Evidence;
use crate::evidence::experiment::{Changed, HandshakeSeen, TriedHandshake};
use crate::evidence::tls::TlsOutcome;

/// The experiments with their place in the evidence.
fn all(e: &Evidence) -> impl Iterator<Item = (String, &TriedHandshake)> {
    let place = |index| format!("/experiments/handshakes/{index}");
    e.experiments.handshakes.iter().enumerate().map(move |(index, x)| (place(index), x))
}

/// Handshakes in smaller segments, smallest first: size, and the experiment.
pub(super) fn segment_sizes(e: &Evidence) -> Vec<(u16, String, &TriedHandshake)> {
    let mut sizes: Vec<(u16, String, &TriedHandshake)> = all(e)
        .filter_map(|(pointer, x)| match x.changed {
            Changed::SegmentSize { octets } => Some((octets, pointer, x)),
            _ => None,
        })
        .collect();
    sizes.sort_by_key(|(octets, ..)| *octets);
    sizes
}

/// The handshake with a ClientHello of one segment.
pub(super) fn small_hello(e: &Evidence) -> Option<(String, &TriedHandshake)> {
    all(e).find(|(_, x)| x.changed == Changed::SmallHello)
}

/// The full-size handshake that failed, where the walk went on with the small one.
pub(super) fn full_hello(e: &Evidence) -> Option<(String, &TriedHandshake)> {
    all(e).find(|(_, x)| x.changed == Changed::Nothing)
}

/// The handshake with the account's sibling name.
pub(super) fn control_name(e: &Evidence) -> Option<(String, &str, &TriedHandshake)> {
    all(e).find_map(|(pointer, x)| match &x.changed {
        Changed::ServerName { name } => Some((pointer, name.as_str(), x)),
        _ => None,
    })
}

/// The handshake that offers one version alone and finishes.
pub(super) fn version_that_works(e: &Evidence) -> Option<(String, &str)> {
    all(e).find_map(|(pointer, x)| match &x.changed {
        Changed::OnlyVersion { version } if finished(x) => Some((pointer, version.as_str())),
        _ => None,
    })
}

/// How many versions finish when they are offered alone.
pub(super) fn versions_that_work(e: &Evidence) -> usize {
    all(e).filter(|(_, x)| matches!(x.changed, Changed::OnlyVersion { .. }) && finished(x)).count()
}

/// Whether the handshake finished, certificate and all.
pub(super) fn finished(x: &TriedHandshake) -> bool {
    matches!(
        x.tls,
        Some(HandshakeSeen {
            outcome: TlsOutcome::Verified | TlsOutcome::CertificateRejected { .. },
            ..
        })
    )
}

/// Whether the handshake hung as the application's does.
pub(super) fn hung(x: &TriedHandshake) -> bool {
    matches!(x.tls, Some(HandshakeSeen { outcome: TlsOutcome::Silent, .. }))
}

/// Whether the handshake of the walk itself hung, or was cut.
pub(super) fn walk_hung(e: &Evidence) -> bool {
    e.tls.saw().is_some_and(|hop| hop.outcome == TlsOutcome::Silent)
}

/// Whether it was reset, closed, or refused by an alert.
pub(super) fn walk_cut(e: &Evidence) -> bool {
    e.tls.saw().is_some_and(|hop| {
        matches!(hop.outcome, TlsOutcome::Reset | TlsOutcome::Closed | TlsOutcome::Alert { .. })
    })
}
