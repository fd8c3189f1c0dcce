//! Files of roots that clients bring or are configured with, in addition to the machine's own store
//! (facts S13, X22). Those that a variable names are used in every walk; the others only when neither
//! the public roots nor `--ca-file` know an issuer.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::sorting;

/// Files that are read: five variables, three parts of the machine's store, and what an environment of
/// Python holds.
const MOST: usize = 10;

/// A file of roots.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What names it: a variable, or the package that brings it.
    pub by: &'static str,
    /// Where.
    pub path: String,
    /// Whether the client adds it to public roots of its own.
    pub adds: bool,
    /// Whether it was configured: if it is missing, that is reported.
    pub named: bool,
    /// Reads it, bounded.
    pub read: fn(&str) -> Option<Vec<u8>>,
}

/// A bundle that was read.
#[derive(Debug)]
pub(super) struct OpenedBundle {
    pub(super) bundle: Bundle,
    pub(super) anchors: u32,
    pub(super) missing: bool,
    pub(super) verifier: Option<Arc<WebPkiServerVerifier>>,
}

/// The bundles of a walk, read when they are first used.
#[derive(Debug, Default)]
pub(super) struct ClientCaBundles {
    pub(super) places: Vec<Bundle>,
    pub(super) opened: OnceLock<Vec<OpenedBundle>>,
    pub(super) opened_named: OnceLock<Vec<OpenedBundle>>,
}

impl ClientCaBundles {
    pub(super) fn open(
        &self,
        provider: &Arc<CryptoProvider>,
        public: impl Fn() -> RootCertStore,
        only_named: bool,
    ) -> &[OpenedBundle] {
        let opened = if only_named { &self.opened_named } else { &self.opened };
        opened.get_or_init(|| {
            let mut all: Vec<OpenedBundle> = Vec::new();
            for bundle in self.places.iter().filter(|bundle| bundle.named || !only_named) {
                // Several variables often name one file; a folder is not read by all of them.
                let same = all.iter().find(|other| {
                    (&other.bundle.path, other.bundle.adds) == (&bundle.path, bundle.adds)
                        && Path::new(&bundle.path).is_file()
                });
                all.extend(match same {
                    Some(same) => Some(OpenedBundle {
                        bundle: bundle.clone(),
                        anchors: same.anchors,
                        missing: same.missing,
                        verifier: same.verifier.clone(),
                    }),
                    None => open(bundle, provider, &public),
                });
                if all.len() >= MOST {
                    break;
                }
            }
            all
        })
    }
}

/// Reads a bundle; none where it is not there and nothing names it.
fn open(
    bundle: &Bundle,
    provider: &Arc<CryptoProvider>,
    public: impl Fn() -> RootCertStore,
) -> Option<OpenedBundle> {
    let pem = (bundle.read)(&bundle.path);
    if pem.is_none() && !bundle.named {
        return None;
    }
    let missing = pem.is_none()
        && std::fs::metadata(&bundle.path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let mut store = if bundle.adds { public() } else { RootCertStore::empty() };
    let pem = pem.unwrap_or_default();
    // A store has its roots in a file and in a folder.
    let mut roots: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok).collect();
    sorting::by(&mut roots, |a, b| a.as_ref().cmp(b.as_ref()));
    roots.dedup();
    let (taken, _) = store.add_parsable_certificates(roots);
    let anchors = u32::try_from(taken).unwrap_or(u32::MAX);
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
            .build()
            .ok();
    Some(OpenedBundle { bundle: bundle.clone(), anchors, missing, verifier })
}
