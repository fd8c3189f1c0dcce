//! The sets of roots that a chain is verified by: built-in, `--ca-file`, the machine's own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::ca_bundles::{Bundle, ClientCaBundles, OpenedBundle};
use super::tls::JudgedChains;
use crate::evidence::Trust;
use crate::evidence::tls::Store;

/// Where the machine's own store comes from.
#[derive(Debug, Clone)]
pub enum SystemStore {
    /// As OpenSSL finds it: `SSL_CERT_FILE`, `SSL_CERT_DIR`, the distribution's bundle.
    Native,
    /// These certificates (PEM), in its place.
    Pem(Vec<u8>),
}

/// The certificates of a `--ca-file`. A clone shares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExtraRoots(Arc<[CertificateDer<'static>]>);

impl ExtraRoots {
    /// Reads PEM text; every certificate in it becomes an anchor.
    ///
    /// # Errors
    ///
    /// What is wrong, in words: not PEM, or no certificate in it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|e| format!("is not readable as PEM: {e}"))?;
        if certificates.is_empty() {
            return Err("holds no certificate (PEM, BEGIN CERTIFICATE)".to_owned());
        }
        let mut store = RootCertStore::empty();
        let (_, bad) = store.add_parsable_certificates(certificates.iter().cloned());
        if bad == certificates.len() {
            return Err("holds no certificate that can be parsed".to_owned());
        }
        Ok(Self(certificates.into()))
    }
}

/// A verifier over one set of roots.
#[derive(Debug, Clone)]
pub struct RootVerifier {
    /// The set.
    pub store: Store,
    /// Anchors in it.
    pub anchors: u32,
    /// None when the set is empty: it accepts nothing.
    pub verifier: Option<Arc<WebPkiServerVerifier>>,
}

/// The verifiers of a walk; each is built when it is first used.
#[derive(Debug)]
pub struct Roots {
    provider: Arc<CryptoProvider>,
    trust: Trust,
    extra: ExtraRoots,
    system_store: SystemStore,
    public: OnceLock<RootVerifier>,
    with_extra: OnceLock<RootVerifier>,
    system: OnceLock<RootVerifier>,
    bundles: ClientCaBundles,
    judged: JudgedChains,
}

impl Roots {
    /// Nothing is read or parsed yet.
    #[must_use]
    pub fn new(
        provider: Arc<CryptoProvider>,
        trust: Trust,
        extra: ExtraRoots,
        system_store: SystemStore,
    ) -> Self {
        Self {
            provider,
            trust,
            extra,
            system_store,
            public: OnceLock::new(),
            with_extra: OnceLock::new(),
            system: OnceLock::new(),
            bundles: ClientCaBundles::default(),
            judged: JudgedChains::default(),
        }
    }

    /// The provider that verifies with them.
    #[must_use]
    pub const fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    /// The chains that they accepted before.
    pub(super) const fn judged_chains(&self) -> &JudgedChains {
        &self.judged
    }

    /// With the files that clients take roots from; none is read yet.
    #[must_use]
    pub fn with_bundles(mut self, places: Vec<Bundle>) -> Self {
        self.bundles.places = places;
        self
    }

    /// Those files, or those of them that a variable names. Read from disk when they are first
    /// used.
    pub(super) fn bundles(&self, only_named: bool) -> &[OpenedBundle] {
        self.bundles.open(&self.provider, public_anchors, only_named)
    }

    /// Mozilla's roots, built in.
    pub fn public(&self) -> &RootVerifier {
        self.public.get_or_init(|| self.root_verifier(Store::Public, public_anchors()))
    }

    /// The machine's own store. Read from disk when it is first used.
    pub fn system(&self) -> &RootVerifier {
        self.system.get_or_init(|| self.root_verifier(Store::System, self.system_anchors()))
    }

    /// The verifier that decides, by `--trust` and `--ca-file`.
    pub fn policy(&self) -> &RootVerifier {
        if self.extra.0.is_empty() {
            return match self.trust {
                Trust::Public => self.public(),
                Trust::System => self.system(),
            };
        }
        self.with_extra.get_or_init(|| {
            let mut store = match self.trust {
                Trust::Public => public_anchors(),
                Trust::System => self.system_anchors(),
            };
            store.add_parsable_certificates(self.extra.0.iter().cloned());
            self.root_verifier(Store::CaFile, store)
        })
    }

    /// Whether a handshake with an endpoint that these roots accept reads files: the machine's store,
    /// because `--trust` includes it or, with `--ca-file`, to show which other clients succeed; and
    /// those that variables name.
    #[must_use]
    pub fn are_in_files(&self) -> bool {
        self.asks_system() || self.bundles.places.iter().any(|bundle| bundle.named)
    }

    /// Reads these files.
    pub fn read_files(&self) {
        if self.asks_system() {
            self.system();
        }
        self.bundles(true);
    }

    fn asks_system(&self) -> bool {
        self.trusts_system() || !self.extra.0.is_empty()
    }

    /// Whether the policy already includes the machine's own store.
    #[must_use]
    pub const fn trusts_system(&self) -> bool {
        matches!(self.trust, Trust::System)
    }

    fn root_verifier(&self, store: Store, anchors: RootCertStore) -> RootVerifier {
        let count = u32::try_from(anchors.len()).unwrap_or(u32::MAX);
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(anchors),
            Arc::clone(&self.provider),
        )
        .build()
        .ok();
        RootVerifier { store, anchors: count, verifier }
    }

    fn system_anchors(&self) -> RootCertStore {
        let mut store = RootCertStore::empty();
        match &self.system_store {
            SystemStore::Native => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            SystemStore::Pem(pem) => {
                store.add_parsable_certificates(
                    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok),
                );
            }
        }
        store
    }
}

/// Roots that walks in one world share, so that what a store holds is read and parsed once:
/// one set for each `--trust` and `--ca-file`.
#[derive(Debug, Default)]
pub struct SharedRoots(Mutex<Vec<Arc<Roots>>>);

impl SharedRoots {
    /// The set for `trust` and `extra`, as an earlier walk left it, or what `make` gives.
    pub fn get(
        &self,
        trust: Trust,
        extra: &ExtraRoots,
        make: impl FnOnce() -> Roots,
    ) -> Arc<Roots> {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(roots) = sets.iter().find(|set| set.trust == trust && set.extra == *extra) {
            return Arc::clone(roots);
        }
        let roots = Arc::new(make());
        sets.push(Arc::clone(&roots));
        roots
    }
}

fn public_anchors() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}
