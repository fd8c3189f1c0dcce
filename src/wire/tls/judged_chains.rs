//! Chains that were accepted before, with what each set of roots said of them. What a set says follows
//! from the chain, the name, its roots, and on which side of the certificates' dates the clock is:
//! while none of these changes, the signatures of the chain need not be computed again. That the
//! peer holds the leaf's key is proved in every handshake all the same.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::recording_verifier::Judgement;

/// Chains that are remembered: those of one fleet's accounts, siblings and token endpoints.
const MOST_CHAINS: usize = 64;

/// The chains that walks with the same roots accepted, the latest last.
#[derive(Debug, Default)]
pub(in crate::wire) struct JudgedChains(Mutex<VecDeque<Arc<JudgedChain>>>);

/// A chain that was accepted for a name.
#[derive(Debug)]
struct JudgedChain {
    name: String,
    chain: Vec<CertificateDer<'static>>,
    /// No certificate begins or ends to be valid from the first to before the second.
    steady: (SystemTime, SystemTime),
    judgement: Judgement,
}

impl JudgedChains {
    /// What was said of this chain, if it holds now as well.
    pub(super) fn find(
        &self,
        name: &str,
        chain: &[CertificateDer<'_>],
        now: SystemTime,
    ) -> Option<Judgement> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &&Arc<JudgedChain>| {
            one.name == name
                && (one.steady.0..one.steady.1).contains(&now)
                && one.chain.iter().map(|c| c.as_ref()).eq(chain.iter().map(|c| c.as_ref()))
        };
        known.iter().rev().find(same).map(|one| one.judgement.clone())
    }

    /// Remembers what was said of a chain that was accepted.
    pub(super) fn keep(
        &self,
        name: &str,
        chain: &[CertificateDer<'static>],
        now: SystemTime,
        judgement: &Judgement,
    ) {
        let Some(steady) = steady(chain, now) else { return };
        let one = JudgedChain {
            name: name.to_owned(),
            chain: chain.to_vec(),
            steady,
            judgement: judgement.clone(),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|other| other.name != one.name || other.chain != one.chain);
        if known.len() >= MOST_CHAINS {
            known.pop_front();
        }
        known.push_back(Arc::new(one));
    }
}

/// The time around `now` in which no certificate begins or ends to be valid; none where a date cannot
/// be read or there is no date on one side.
fn steady(chain: &[CertificateDer<'_>], now: SystemTime) -> Option<(SystemTime, SystemTime)> {
    let mut around: (Option<SystemTime>, Option<SystemTime>) = (None, None);
    for certificate in chain {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let validity = parsed.validity();
        // The last second is a valid one (RFC 5280, section 4.1.2.5).
        for seconds in [validity.not_before.timestamp(), validity.not_after.timestamp() + 1] {
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?);
            match date <= now {
                true => around.0 = around.0.max(Some(date)),
                false => around.1 = Some(around.1.map_or(date, |earlier| earlier.min(date))),
            }
        }
    }
    Some((around.0?, around.1?))
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

    #[test]
    fn a_chain_is_judged_again_when_a_date_was_passed_or_anything_else_is_new() {
        let chain = [certificate(2020, 2030), certificate(2010, 2026)];
        let judged = JudgedChains::default();
        judged.keep("a.example", &chain, at(2024), &Judgement::default());
        let knows = |name: &str, chain: &[CertificateDer<'_>], year| {
            judged.find(name, chain, at(year)).is_some()
        };
        assert!(knows("a.example", &chain, 2021) && knows("a.example", &chain, 2025));
        // The second has ended; the clock was set back to before the first began.
        assert!(!knows("a.example", &chain, 2026));
        assert!(!knows("a.example", &chain, 2019));
        assert!(!knows("b.example", &chain, 2024));
        assert!(!knows("a.example", &chain[..1], 2024));
        assert!(!knows("a.example", &[certificate(2020, 2030)], 2024));
    }

    #[test]
    fn the_last_second_of_a_certificate_is_still_steady() {
        let chain = [certificate(2020, 2026)];
        let judged = JudgedChains::default();
        judged.keep("a.example", &chain, at(2024), &Judgement::default());
        let end: SystemTime = date_time_ymd(2026, 1, 1).into();
        assert!(judged.find("a.example", &chain, end + Duration::from_millis(999)).is_some());
        assert!(judged.find("a.example", &chain, end + Duration::from_secs(1)).is_none());
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let chain = [certificate(2020, 2030)];
        let judged = JudgedChains::default();
        for host in 0..=MOST_CHAINS {
            judged.keep(&format!("{host}.example"), &chain, at(2024), &Judgement::default());
        }
        assert!(judged.find("0.example", &chain, at(2024)).is_none());
        assert!(judged.find("1.example", &chain, at(2024)).is_some());
    }
}
