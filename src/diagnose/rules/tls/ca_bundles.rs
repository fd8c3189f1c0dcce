//! The verdicts of the CA bundles that clients bring or that variables name: why one client works
//! where another fails (fact S13).

use crate::diagnose::FindingBuilder;
use crate::evidence::tls::{BundleVerdict, STORE_FILE, STORE_OPENSSL, STORE_SOURCE, Store, TlsHop};

/// The clients that use each bundle.
const CLIENTS: &[(&str, &str)] = &[
    (
        "SSL_CERT_FILE",
        "httpx (openai for Python before version 3); OpenSSL and Go, where their folder (SSL_CERT_DIR) \
         holds no other root",
    ),
    (
        "SSL_CERT_DIR",
        "httpx where SSL_CERT_FILE is not set; OpenSSL and Go, where their file (SSL_CERT_FILE) \
         holds no other root",
    ),
    ("REQUESTS_CA_BUNDLE", "Python requests (Azure CLI, the Azure SDK for Python)"),
    ("CURL_CA_BUNDLE", "curl, and Python requests where REQUESTS_CA_BUNDLE is not set"),
    ("NODE_EXTRA_CA_CERTS", "Node"),
    ("certifi", "Python (requests, httpx) without such a variable"),
    (STORE_FILE, "programs that read the file of this machine's store alone (GnuTLS: wget)"),
    (STORE_OPENSSL, "programs that find roots as OpenSSL does (Python's ssl, PHP, Ruby)"),
];

/// Whether a part of the machine's own store accepts the chain; none where it is not there.
pub(super) fn part(hop: &TlsHop, by: &str) -> Option<bool> {
    let found = hop.bundles.iter().find(|bundle| bundle.by == by && bundle.anchors > 0);
    found.map(|bundle| bundle.fault.is_none())
}

/// The clients of the machine's own store.
pub(super) const ALL_OF_THE_STORE: &str = "clients of this machine's store (curl, .NET, Go)";

/// Those of them that accept what the store accepts: only some of them read every file of its folder (fact S90).
pub(super) fn of_the_store(hop: &TlsHop) -> &'static str {
    match (part(hop, STORE_FILE), part(hop, STORE_OPENSSL)) {
        (Some(false), Some(false)) => {
            "clients that read every file of this machine's store (.NET, Go)"
        }
        _ => ALL_OF_THE_STORE,
    }
}

/// The folder that the store is built from and that has a root for the chain.
pub(super) fn source(hop: &TlsHop) -> Option<&BundleVerdict> {
    hop.bundles.iter().find(|bundle| bundle.by == STORE_SOURCE && bundle.fault.is_none())
}

/// Adds each bundle's verdict, and which clients therefore differ.
pub(super) fn cite(mut finding: FindingBuilder, hop: &TlsHop) -> FindingBuilder {
    let system = hop.verdicts.iter().find(|v| v.store == Store::System).map(|v| v.fault.is_none());
    // No client reads what the store is built from, and a part that agrees with the store says nothing.
    let bundles: Vec<&BundleVerdict> = hop
        .bundles
        .iter()
        .filter(|bundle| match bundle.by.as_str() {
            STORE_SOURCE => false,
            STORE_FILE | STORE_OPENSSL => {
                bundle.anchors > 0 && system != Some(bundle.fault.is_none())
            }
            _ => true,
        })
        .collect();
    if bundles.is_empty() {
        return finding;
    }
    let words: Vec<String> = bundles.iter().map(|bundle| describe(bundle)).collect();
    finding = finding.fact(words.join("; ")).cites("/tls/value/bundles");
    let of = |accepts: bool| {
        let mut clients: Vec<&str> = bundles
            .iter()
            .filter(|bundle| bundle.fault.is_none() == accepts)
            .filter_map(|bundle| CLIENTS.iter().find(|(by, _)| *by == bundle.by))
            .map(|(_, clients)| *clients)
            .collect();
        if system == Some(accepts) {
            clients.insert(0, of_the_store(hop));
        }
        clients.dedup();
        clients.join("; ")
    };
    let (work, fail) = (of(true), of(false));
    if !work.is_empty() && !fail.is_empty() {
        finding =
            finding.reasoning(format!("clients differ: accepted by {work}; rejected by {fail}"));
    }
    finding
}

/// Whether a variable names it, rather than a package that brings it.
pub(super) fn is_variable(bundle: &BundleVerdict) -> bool {
    !["certifi", STORE_FILE, STORE_OPENSSL, STORE_SOURCE].contains(&bundle.by.as_str())
}

/// The clients that use it.
pub(super) fn clients(bundle: &BundleVerdict) -> &'static str {
    CLIENTS.iter().find(|(by, _)| *by == bundle.by).map_or("some clients", |(_, clients)| clients)
}

/// One bundle's verdict, in words.
pub(super) fn describe(bundle: &BundleVerdict) -> String {
    let message = match (&bundle.fault, bundle.anchors) {
        (None, _) => "accepted",
        (Some(_), _) if bundle.missing => "does not exist",
        (Some(_), 0) if bundle.by == "SSL_CERT_DIR" => {
            "cannot be read, or holds no root under the file name that OpenSSL looks for (openssl \
             rehash)"
        }
        (Some(_), 0) => "cannot be read, or holds no root",
        (Some(_), _) => "rejected",
    };
    let by = match bundle.by.as_str() {
        STORE_FILE => "the store's file",
        STORE_OPENSSL => "the store as OpenSSL reads it,",
        by => by,
    };
    format!("{by} {} ({}): {message}", bundle.path, bundle.anchors)
}
