//! The presented certificates in numbers and labels.

use std::net::IpAddr;

use super::Sample;
use crate::evidence::text::unix_seconds;
use crate::evidence::tls::{Certificate, TlsHop, TlsOutcome};
use crate::report::Report;

/// Characters of one label: the names come from a peer that may not be verified.
const LONGEST: usize = 200;

/// Seconds since 1970 of an RFC 3339 time.
pub(super) fn timestamp(text: &str) -> Option<f64> {
    unix_seconds(text).map(seconds)
}

#[expect(clippy::cast_precision_loss, reason = "seconds fit into 53 bits")]
const fn seconds(count: i64) -> f64 {
    count as f64
}

/// When the leaf expires.
pub(super) fn leaf_expiry(hop: &TlsHop) -> Option<f64> {
    timestamp(&hop.chain.first()?.not_after)
}

/// The lifetime of the leaf, in seconds.
pub(super) fn leaf_lifetime(hop: &TlsHop) -> Option<f64> {
    hop.chain.first()?.lifetime_s().map(seconds)
}

/// When the first certificate of the presented chain expires.
pub(super) fn earliest_expiry(hop: &TlsHop) -> Option<f64> {
    earliest(hop.chain.iter())
}

/// When the chain expires. Expired certificates are not part of a verified chain: servers may send
/// them (old cross-signed roots), and they do not count.
pub(super) fn last_chain_expiry(report: &Report) -> Option<f64> {
    let hop = report.evidence.tls.value()?;
    let verified = hop.outcome == TlsOutcome::Verified;
    earliest(hop.chain.iter().filter(|one| !verified || one.days_left >= 0))
}

fn earliest<'a>(chain: impl Iterator<Item = &'a Certificate>) -> Option<f64> {
    chain.filter_map(|one| timestamp(&one.not_after)).reduce(f64::min)
}

/// The leaf: fingerprint, subject, issuer, names. Addresses among the names are left out.
pub(super) fn chain_info(hop: &TlsHop) -> Vec<Sample> {
    let Some(leaf) = hop.chain.first() else { return Vec::new() };
    let mut names = String::new();
    for name in leaf.names.iter().filter(|name| name.parse::<IpAddr>().is_err()) {
        if names.len() + name.len() >= LONGEST {
            break;
        }
        if !names.is_empty() {
            names.push(',');
        }
        names.push_str(name);
    }
    let labels = [short(&leaf.sha256), short(&leaf.subject), short(&leaf.issuer), names];
    vec![Sample { labels: labels.to_vec(), value: 1.0 }]
}

/// A text of a certificate, bounded, without addresses: appliances use them as their common name.
fn short(text: &str) -> String {
    let text: String = text.chars().take(LONGEST).collect();
    let parts = text.split_inclusive(['=', ',', ' ', '/']);
    let one = |part: &str| match part.trim_end_matches(['=', ',', ' ', '/']) {
        word if word.parse::<IpAddr>().is_ok() => part.replace(word, "[address]"),
        _ => part.to_owned(),
    };
    parts.map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_contain_no_addresses() {
        assert_eq!(short("O=Corp Ltd, CN=10.3.0.5"), "O=Corp Ltd, CN=[address]");
        assert_eq!(short("CN=fd00::5, O=10.5"), "CN=[address], O=10.5");
        assert_eq!(short(&"\u{e4}".repeat(300)).chars().count(), LONGEST);
    }
}
