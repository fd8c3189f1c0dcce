//! What the files of roots say that clients bring or are told of: why one client works where
//! another fails (fact S13).

use crate::diagnose::Because;
use crate::evidence::tls::{BundleVerdict, Store, TlsHop};

/// Who takes the file that is named so.
const CLIENTS: &[(&str, &str)] = &[
    (
        "SSL_CERT_FILE",
        "httpx (the OpenAI SDK for Python); OpenSSL and Go, where their folder (SSL_CERT_DIR) holds \
         no other root",
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
];

/// Adds what each file says, and which clients therefore differ.
pub(super) fn said(mut because: Because, hop: &TlsHop) -> Because {
    if hop.bundles.is_empty() {
        return because;
    }
    let words: Vec<String> = hop.bundles.iter().map(words).collect();
    because = because.seen(words.join("; ")).read_at("/tls/saw/bundles");
    let system = hop.verdicts.iter().find(|v| v.store == Store::System).map(|v| v.fault.is_none());
    let of = |accepts: bool| {
        let mut clients: Vec<&str> = hop
            .bundles
            .iter()
            .filter(|bundle| bundle.fault.is_none() == accepts)
            .filter_map(|bundle| CLIENTS.iter().find(|(by, _)| *by == bundle.by))
            .map(|(_, clients)| *clients)
            .collect();
        if system == Some(accepts) {
            clients.insert(0, "what uses this machine's store (curl, .NET, Go)");
        }
        clients.dedup();
        clients.join("; ")
    };
    let (work, fail) = (of(true), of(false));
    if !work.is_empty() && !fail.is_empty() {
        because =
            because.known_by(format!("clients differ: accepted by {work}; refused by {fail}"));
    }
    because
}

/// Whether a variable names it, and not a package that brings it.
pub(super) fn is_variable(bundle: &BundleVerdict) -> bool {
    bundle.by != "certifi"
}

/// The clients that take it.
pub(super) fn clients(bundle: &BundleVerdict) -> &'static str {
    CLIENTS.iter().find(|(by, _)| *by == bundle.by).map_or("some clients", |(_, clients)| clients)
}

/// What one file says, in words.
pub(super) fn words(bundle: &BundleVerdict) -> String {
    let says = match (&bundle.fault, bundle.anchors) {
        (None, _) => "accepted",
        (Some(_), 0) if bundle.by == "SSL_CERT_DIR" => {
            "cannot be read, or holds no root under the name by which OpenSSL looks for it \
             (openssl rehash)"
        }
        (Some(_), 0) => "cannot be read, or holds no root",
        (Some(_), _) => "refused",
    };
    format!("{} {} ({}): {says}", bundle.by, bundle.path, bundle.anchors)
}
