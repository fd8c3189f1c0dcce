//! The verifier of certificates: it records the presented chain and what each set of roots says of
//! it, and fails closed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::Handshake;
use super::failure::certificate_fault;
use super::judged_chains::JudgedChain;
use crate::evidence::text::clean;
use crate::evidence::tls::{BundleVerdict, CertificateFault, Store, StoreVerdict, TlsHop};
use crate::wire::certificate::Fields;
use crate::wire::roots::{RootVerifier, Roots};

/// Records the presented chain and the verdict of each set of roots; then the policy decides.
#[derive(Debug)]
pub(super) struct RecordingVerifier {
    roots: Arc<Roots>,
    provider: Arc<CryptoProvider>,
    now: SystemTime,
    seen: Mutex<Option<Arc<JudgedChain>>>,
}

/// What the sets of roots say of a chain.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    verdicts: Vec<StoreVerdict>,
    bundles: Vec<BundleVerdict>,
    accepted_by: Option<Store>,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented: Vec<&CertificateDer<'_>> =
            std::iter::once(leaf).chain(intermediates).collect();
        let known = self.roots.judged_chains();
        let host = name.to_str();
        let (chain, decision) = match known.find(&host, &presented, self.now) {
            Some(chain) => (chain, Ok(())),
            None => {
                let (judgement, decision) = self.judge(leaf, intermediates, name);
                let chain = JudgedChain::new(&host, &presented, judgement, &self.provider);
                let chain = Arc::new(chain);
                if decision.is_ok() {
                    known.keep(&chain, self.now);
                }
                (chain, decision)
            }
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(chain);
        decision.map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl RecordingVerifier {
    /// Of one handshake: nothing seen yet.
    pub(super) fn new(request: &Handshake<'_>) -> Self {
        Self {
            roots: Arc::clone(&request.roots),
            provider: Arc::clone(&request.provider),
            now: request.now,
            seen: Mutex::default(),
        }
    }

    /// Asks each set of roots that may matter, and decides by the policy.
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> (Judgement, Result<(), Error>) {
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = UnixTime::since_unix_epoch(since);
        let ask = |verifier: &Option<Arc<WebPkiServerVerifier>>| {
            let Some(verifier) = verifier else {
                return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
            };
            let verify =
                |time| verifier.verify_server_cert(leaf, intermediates, name, &[], time).map(drop);
            let first = verify(now);
            if !first.as_ref().is_err_and(is_of_dates) {
                return first;
            }
            // A verifier looks at the dates first. A fault that is there at every time decides: a
            // right clock or a renewal by the same issuer would not remove it.
            match self.time_of_all(leaf, intermediates, name).map(verify) {
                Some(Err(other)) if !is_of_dates(&other) => Err(other),
                _ => first,
            }
        };
        let mut verdicts: Vec<StoreVerdict> = Vec::new();
        let mut record = |roots: &RootVerifier, result: &Result<(), Error>| {
            if !verdicts.iter().any(|v| v.store == roots.store) {
                let fault = result.as_ref().err().map(fault_of);
                verdicts.push(StoreVerdict { store: roots.store, anchors: roots.anchors, fault });
            }
        };
        let policy = self.roots.policy();
        let decision = ask(&policy.verifier);
        record(policy, &decision);
        let mut accepted_by = decision.is_ok().then_some(policy.store);
        if policy.store != Store::Public {
            let public = self.roots.public();
            let result = ask(&public.verifier);
            // What the public roots accept needs neither file nor machine.
            if result.is_ok() && accepted_by.is_some() {
                accepted_by = Some(Store::Public);
            }
            record(public, &result);
            if accepted_by == Some(Store::CaFile) {
                // What the machine's own store accepts alone does not need the file; where that
                // store is not trusted with a secret, it still shows which clients succeed.
                let system = self.roots.system();
                let result = ask(&system.verifier);
                if result.is_ok() && self.roots.trusts_system() {
                    accepted_by = Some(Store::System);
                }
                record(system, &result);
            }
        }
        let mut decision = decision;
        if decision.is_err() && !self.roots.trusts_system() {
            let system = self.roots.system();
            let result = ask(&system.verifier);
            record(system, &result);
            if result.is_ok() {
                // The session verifies, by the machine's own roots; the walk sees
                // `accepted_by` and keeps the secret back.
                accepted_by = Some(Store::System);
                decision = result;
            } else if result.as_ref().is_err_and(is_of_dates) {
                // The machine knows the issuer: only the dates are wrong.
                decision = result;
            }
        }
        // The verdict of clients with roots of their own, where it may differ.
        let unknown = verdicts.iter().any(|verdict| {
            verdict.store == Store::Public && verdict.fault == Some(CertificateFault::UnknownIssuer)
        });
        let trusted = !matches!(accepted_by, None | Some(Store::System));
        let opened = match (unknown, trusted) {
            (true, false) => self.roots.bundles(false),
            // A file that replaces a client's roots may refuse what we accept (fact X22).
            (_, true) => self.roots.bundles(true),
            (false, false) => &[],
        };
        let bundles = opened
            .iter()
            .map(|opened| BundleVerdict {
                by: opened.bundle.by.to_owned(),
                path: clean(&opened.bundle.path, 200),
                anchors: opened.anchors,
                missing: opened.missing,
                fault: ask(&opened.verifier).err().as_ref().map(fault_of),
            })
            .collect();
        (Judgement { verdicts, bundles, accepted_by }, decision)
    }

    /// A time at which the whole chain is valid; where there is none, one at which the leaf is: a
    /// server may send certificates that no path needs.
    fn time_of_all(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Option<UnixTime> {
        let host = name.to_str();
        let read = |der| Fields::read(der, &host, &self.provider);
        let own = read(leaf)?;
        let others: Vec<Fields> = intermediates.iter().filter_map(read).collect();
        let begin = others.iter().map(|one| one.not_before).fold(own.not_before, i64::max);
        let end = others.iter().map(|one| one.not_after).fold(own.not_after, i64::min);
        let time = if begin <= end { end } else { own.not_after };
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time).ok()?)))
    }

    /// Puts what was recorded into the evidence.
    pub(super) fn report(&self, request: &Handshake<'_>, hop: &mut TlsHop) {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(chain) = seen.as_ref() else { return };
        hop.chain_length = u32::try_from(chain.len()).unwrap_or(u32::MAX);
        hop.chain = chain.fields.iter().map(|fields| fields.evidence(request)).collect();
        hop.verdicts.clone_from(&chain.judgement.verdicts);
        hop.bundles.clone_from(&chain.judgement.bundles);
        hop.accepted_by = chain.judgement.accepted_by;
    }
}

/// Whether a verifier refuses a chain for its dates.
fn is_of_dates(error: &Error) -> bool {
    matches!(fault_of(error), CertificateFault::Expired | CertificateFault::NotYetValid)
}

/// What a verifier's refusal says of the chain.
fn fault_of(error: &Error) -> CertificateFault {
    match error {
        Error::InvalidCertificate(fault) => certificate_fault(fault),
        other => CertificateFault::Other { message: clean(&other.to_string(), 200) },
    }
}
