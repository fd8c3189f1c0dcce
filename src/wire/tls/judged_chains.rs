//! Presented chains with what they say and what each set of roots says of them. What a set says follows
//! from the chain, the name, its roots, and on which side of the certificates' dates the clock is:
//! while none of these changes, the signatures of an accepted chain need not be computed again. That
//! the peer holds the leaf's key is proved in every handshake all the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use super::recording_verifier::Judgement;
use crate::wire::certificate::Fields;

/// Chains that are remembered: those of one fleet's accounts, siblings and token endpoints.
const MOST_CHAINS: usize = 64;
/// Certificates of a chain that are kept as evidence.
const CERTIFICATES_KEPT: usize = 10;

/// A chain that was presented for a name.
#[derive(Debug)]
pub(super) struct JudgedChain {
    name: String,
    certificates: Vec<CertificateDer<'static>>,
    /// Of those that are kept as evidence and can be parsed.
    pub(super) fields: Vec<Fields>,
    pub(super) judgement: Judgement,
}

impl JudgedChain {
    pub(super) fn new(
        name: &str,
        presented: &[&CertificateDer<'_>],
        judgement: Judgement,
        provider: &CryptoProvider,
    ) -> Self {
        let kept = presented.iter().take(CERTIFICATES_KEPT);
        Self {
            name: name.to_owned(),
            certificates: presented.iter().map(|der| (*der).clone().into_owned()).collect(),
            fields: kept.filter_map(|der| Fields::read(der, name, provider)).collect(),
            judgement,
        }
    }

    /// How many certificates were presented.
    pub(super) fn len(&self) -> usize {
        self.certificates.len()
    }

    /// The time around `now` in which no certificate begins or ends to be valid; none where not every
    /// date is known, or there is none on one side.
    fn steady(&self, now: SystemTime) -> Option<(SystemTime, SystemTime)> {
        if self.fields.len() < self.certificates.len() {
            return None;
        }
        let (mut last, mut next): (Option<SystemTime>, Option<SystemTime>) = (None, None);
        for seconds in self.fields.iter().flat_map(|one| [one.not_before, one.not_after + 1]) {
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?);
            match date <= now {
                true => last = last.max(Some(date)),
                false => next = Some(next.map_or(date, |earlier| earlier.min(date))),
            }
        }
        Some((last?, next?))
    }
}

/// The chains that walks with the same roots accepted, the latest last.
#[derive(Debug, Default)]
pub(in crate::wire) struct JudgedChains(Mutex<VecDeque<Known>>);

/// A chain, and the time from the first to before the second in which what was said of it holds.
#[derive(Debug)]
struct Known(Arc<JudgedChain>, (SystemTime, SystemTime));

impl JudgedChains {
    /// This chain as it was judged before, if that holds now as well.
    pub(super) fn find(
        &self,
        name: &str,
        presented: &[&CertificateDer<'_>],
        now: SystemTime,
    ) -> Option<Arc<JudgedChain>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |Known(one, (from, to)): &&Known| {
            one.name == name
                && (*from..*to).contains(&now)
                && one.certificates.iter().eq(presented.iter().copied())
        };
        known.iter().rev().find(same).map(|Known(one, _)| Arc::clone(one))
    }

    /// Remembers a chain that was accepted.
    pub(super) fn keep(&self, one: &Arc<JudgedChain>, now: SystemTime) {
        let Some(steady) = one.steady(now) else { return };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|Known(other, _)| {
            other.name != one.name || other.certificates != one.certificates
        });
        if known.len() >= MOST_CHAINS {
            known.pop_front();
        }
        known.push_back(Known(Arc::clone(one), steady));
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(from: i32, to: i32) -> CertificateDer<'static> {
        let mut parameters = CertificateParams::new(["a.example".to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(from, 1, 1);
        parameters.not_after = date_time_ymd(to, 1, 1);
        let key = KeyPair::generate().unwrap();
        parameters.self_signed(&key).unwrap().der().clone()
    }

    fn at(year: i32) -> SystemTime {
        date_time_ymd(year, 6, 1).into()
    }

    fn keep(judged: &JudgedChains, name: &str, chain: &[&CertificateDer<'_>]) {
        let provider = crate::wire::tls::provider();
        let one = JudgedChain::new(name, chain, Judgement::default(), &provider);
        judged.keep(&Arc::new(one), at(2024));
    }

    #[test]
    fn a_chain_is_judged_again_when_a_date_was_passed_or_anything_else_is_new() {
        let (leaf, issuer) = (certificate(2020, 2030), certificate(2010, 2026));
        let chain = [&leaf, &issuer];
        let judged = JudgedChains::default();
        keep(&judged, "a.example", &chain);
        let knows = |name: &str, chain: &[&CertificateDer<'_>], year| {
            judged.find(name, chain, at(year)).is_some()
        };
        assert!(knows("a.example", &chain, 2021) && knows("a.example", &chain, 2025));
        // The second has ended; the clock was set back to before the first began.
        assert!(!knows("a.example", &chain, 2026));
        assert!(!knows("a.example", &chain, 2019));
        assert!(!knows("b.example", &chain, 2024));
        assert!(!knows("a.example", &chain[..1], 2024));
        assert!(!knows("a.example", &[&certificate(2020, 2030), &issuer], 2024));
    }

    #[test]
    fn the_last_second_of_a_certificate_is_a_valid_one() {
        let leaf = certificate(2020, 2026);
        let judged = JudgedChains::default();
        keep(&judged, "a.example", &[&leaf]);
        let end: SystemTime = date_time_ymd(2026, 1, 1).into();
        let known = |after| judged.find("a.example", &[&leaf], end + after).is_some();
        assert!(known(Duration::from_millis(999)));
        assert!(!known(Duration::from_secs(1)));
    }

    #[test]
    fn a_chain_with_dates_that_are_not_all_known_is_judged_each_time() {
        let leaf = certificate(2020, 2030);
        let garbage = CertificateDer::from(vec![0_u8; 20]);
        let judged = JudgedChains::default();
        keep(&judged, "a.example", &[&leaf, &garbage]);
        assert!(judged.find("a.example", &[&leaf, &garbage], at(2024)).is_none());
        let many: Vec<&CertificateDer<'_>> = vec![&leaf; CERTIFICATES_KEPT + 1];
        keep(&judged, "a.example", &many);
        assert!(judged.find("a.example", &many, at(2024)).is_none());
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let leaf = certificate(2020, 2030);
        let judged = JudgedChains::default();
        for host in 0..=MOST_CHAINS {
            keep(&judged, &format!("{host}.example"), &[&leaf]);
        }
        assert!(judged.find("0.example", &[&leaf], at(2024)).is_none());
        assert!(judged.find("1.example", &[&leaf], at(2024)).is_some());
    }
}
