//! What the Azure Developer CLI prints (facts I34, I34a).

use super::{Fix, Program, Reading};
use crate::diagnose::reading::word;

pub(in crate::diagnose::rules::identity) const AZD: Program = Program {
    name: "azd",
    readings: READINGS,
    version: "azd version",
    account: "azd auth login --check-status",
    login: |tenant| {
        format!("azd auth login --tenant-id {}", tenant.map_or("<tenant>".to_owned(), word))
    },
    // It prints the token itself.
    by_hand: |scope| {
        format!("azd auth token --output json --no-prompt --scope {} >/dev/null", word(scope))
    },
    debug: "--debug",
};

/// Errors of Go's libraries, then the program's own fixed lines, then its advice.
const READINGS: &[Reading] = &[
    Reading {
        words: &["x509: ", "certificate signed by unknown authority"],
        message: "azd does not trust the certificate of {host}",
        means: "azd takes the roots of this machine's store, or those of SSL_CERT_FILE",
        owner: "Security",
        fix: Fix::Roots {
            variables: "SSL_CERT_FILE SSL_CERT_DIR",
            step: "if an inspection is meant to be there: take its root from the security team with \
                   its fingerprint, never from the wire, and add it to this machine's store",
        },
    },
    Reading {
        words: &[
            "no such host",
            "dial tcp",
            "i/o timeout",
            "connection refused",
            "connection reset by peer",
            "proxyconnect",
            "tls handshake timeout",
        ],
        message: "azd does not reach {host}",
        means: "the program's own connection failed; it reads HTTPS_PROXY and NO_PROXY as Go \
                programs do",
        owner: "Network",
        fix: Fix::Path,
    },
    Reading {
        words: &["found on path"],
        message: "azd is not installed, or not on PATH",
        means: "the SDKs look for azd on PATH as well",
        owner: "Application",
        fix: Fix::Install,
    },
    Reading {
        words: &["did not end within", "timed out"],
        message: "azd did not end within {timeout}",
        means: "it waits for something: a proxy, a host that does not answer; a longer --timeout \
                lets it end",
        owner: "Application",
        fix: Fix::Wait,
    },
    Reading {
        words: &["not logged in"],
        message: "azd is not logged in",
        means: "azd has no account on this machine for this user; a login of az is not one of azd \
                (fact I13), and each user has a login of their own (AZD_CONFIG_DIR)",
        owner: "Application",
        fix: Fix::LogIn,
    },
    Reading {
        words: &["reauthentication required", "login expired", "azd auth login"],
        message: "azd asks for a new login",
        means: "its login has expired, or Entra ID asks for more than it holds",
        owner: "Application",
        fix: Fix::LogIn,
    },
];
