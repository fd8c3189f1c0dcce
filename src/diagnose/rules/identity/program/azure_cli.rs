//! What the Azure CLI prints (facts I12, X29).

use super::{Fix, Program, Reading, az};
use crate::diagnose::reading::word;

pub(in crate::diagnose::rules::identity) const AZ: Program = Program {
    name: "az",
    readings: READINGS,
    version: az::VERSION,
    account: az::ACCOUNT,
    login: az::login,
    by_hand: |scope| az::get_access_token(None, &word(scope), "expiresOn"),
    debug: "--debug",
};

/// Codes and names of errors, then the CLI's own fixed lines, then its advice, which it prints
/// after errors of many kinds.
const READINGS: &[Reading] = &[
    Reading {
        words: &["privatelinkaccessrestricted", "publicnetworkaccessrestricted"],
        message: "az is refused by Azure Resource Manager's private link",
        means: "az asks management.azure.com for subscriptions, which takes this tenant's callers \
                at its private endpoint alone (fact X29); the login host and the account are not \
                concerned, nor is a managed identity or an application's own token",
        owner: "Azure platform",
        fix: Fix::ResourceManager,
    },
    Reading {
        words: &[
            "certificate_verify_failed",
            "certificate verify failed",
            "self-signed certificate",
        ],
        message: "az does not trust the certificate of {host}",
        means: "az has roots of its own (certifi): a root of this machine's store is not among \
                them, and REQUESTS_CA_BUNDLE replaces them",
        owner: "Security",
        fix: Fix::Roots {
            variables: "REQUESTS_CA_BUNDLE CURL_CA_BUNDLE",
            step: "if an inspection is meant to be there: take its root from the security team with \
                   its fingerprint, never from the wire; write it to a file after certifi's own \
                   roots, and name that file in REQUESTS_CA_BUNDLE",
        },
    },
    Reading {
        words: &[
            "name or service not known",
            "nameresolutionerror",
            "getaddrinfo failed",
            "failed to resolve",
            "max retries exceeded",
            "connecttimeout",
            "connection refused",
            "proxyerror",
            "failed to establish a new connection",
        ],
        message: "az does not reach {host}",
        means: "the program's own connection failed; it reads HTTPS_PROXY and NO_PROXY as Python's \
                requests does",
        owner: "Network",
        fix: Fix::Path,
    },
    Reading {
        words: &["found on path"],
        message: "az is not installed, or not on PATH",
        means: "the SDKs look for az on PATH as well",
        owner: "Application",
        fix: Fix::Install,
    },
    Reading {
        words: &["2.54.0"],
        message: "az is older than 2.54.0",
        means: "older versions print only in local time when a token ends, which the SDK for Rust \
                does not take",
        owner: "Application",
        fix: Fix::Update(az::UPGRADE),
    },
    Reading {
        words: &["did not end within", "timed out"],
        message: "az did not end within {timeout}",
        means: "it waits for something: a proxy, a host that does not answer, a login prompt; a \
                longer --timeout lets it end",
        owner: "Application",
        fix: Fix::Wait,
    },
    Reading {
        words: &["to setup account", "no subscription found", "az account set"],
        message: "az is not logged in",
        means: "az has no account on this machine for this user: a login belongs to one user, \
                root's is another one (AZURE_CONFIG_DIR)",
        owner: "Application",
        fix: Fix::LogIn,
    },
    Reading {
        words: &["az login", "interactive authentication is needed", "re-authenticate"],
        message: "az asks for a new login",
        means: "it prints this advice after many kinds of errors; the words before it say more",
        owner: "Application",
        fix: Fix::LogIn,
    },
];
