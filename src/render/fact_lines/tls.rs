//! The certificate that was shown.

use super::{Fact, Mark, not_done, text};
use crate::evidence::Observed;
use crate::evidence::tls::{TlsHop, TlsOutcome};

/// The certificate and its root, or how the handshake ended.
#[must_use]
pub fn tls(observed: &Observed<TlsHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let leaf = value.chain.first();
    let name = leaf.map(|leaf| text::certificate_name(leaf, &value.server_name));
    if value.outcome != TlsOutcome::Verified {
        let fact = Fact::new(Mark::Breaks, text::tls_outcome(value), took);
        let (Some(leaf), Some(name)) = (leaf, name) else {
            return fact;
        };
        let issuer = leaf.issuer_common_name.as_deref().unwrap_or(&leaf.issuer);
        return fact
            .note(format!("{name}, {}, issued by {issuer}", text::days_left(leaf.days_left)))
            .notes_first();
    }
    let mut parts: Vec<String> = name.map(str::to_owned).into_iter().collect();
    parts.extend(value.accepted_by.map(|store| store.root().to_owned()));
    parts.extend(leaf.map(|leaf| text::days_left(leaf.days_left)));
    parts.extend(value.negotiated.as_ref().map(|n| n.version.to_string()));
    Fact::new(Mark::Works, parts.join(", "), took)
}
