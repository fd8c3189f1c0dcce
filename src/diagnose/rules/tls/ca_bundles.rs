//! The verdicts of the CA bundles that clients bring or that variables name: why one client works
//! where another fails (fact S13).

use crate::diagnose::FindingBuilder;
use crate::evidence::tls::{BundleVerdict, Store, TlsHop};

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
];

/// Adds each bundle's verdict, and which clients therefore differ.
pub(super) fn cite(mut finding: FindingBuilder, hop: &TlsHop) -> FindingBuilder {
    if hop.bundles.is_empty() {
        return finding;
    }
    let words: Vec<String> = hop.bundles.iter().map(describe).collect();
    finding = finding.fact(words.join("; ")).cites("/tls/value/bundles");
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
            clients.insert(0, "clients of this machine's store (curl, .NET, Go)");
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
    bundle.by != "certifi"
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
    format!("{} {} ({}): {message}", bundle.by, bundle.path, bundle.anchors)
}
