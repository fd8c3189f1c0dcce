//! What findings of the http hop leave open.

mod deployments;
mod names;
mod network;
mod perimeter;

use crate::diagnose::azure::Witness;

/// The questions.
pub(super) const WITNESSES: &[Witness] = &[
    Witness {
        findings: &[
            "http-public-access-disabled",
            "http-endpoint-not-approved",
            "http-network-rules",
            "http-network-perimeter",
            "http-forbidden",
        ],
        ask: network::at_private_address,
        says: Some("whose endpoint has the address"),
    },
    Witness {
        findings: &["http-network-rules"],
        ask: network::rules,
        says: Some("the account's network rules"),
    },
    Witness {
        findings: &["http-public-access-disabled", "http-endpoint-not-approved"],
        ask: network::switch,
        says: Some("the account's public access"),
    },
    Witness {
        findings: &["http-not-closed"],
        ask: network::not_closed,
        says: Some("the account's public access"),
    },
    Witness {
        findings: &["http-forbidden", "http-network-perimeter"],
        ask: perimeter::ruling,
        says: Some("the account's perimeter"),
    },
    Witness {
        findings: &["http-deployment-missing"],
        ask: deployments::missing,
        says: Some("the account's deployments"),
    },
    Witness {
        findings: &["http-deployment-inferred"],
        ask: deployments::exists,
        says: Some("the account's deployments"),
    },
    Witness {
        findings: &["http-rate-limited"],
        ask: deployments::capacity,
        says: Some("the deployment's capacity"),
    },
    Witness {
        findings: &["http-subdomain-unmapped", "http-not-found", "http-list-not-offered"],
        ask: names::account,
        says: Some("the account's kind and names"),
    },
    Witness {
        findings: &["http-vnet-endpoint", "identity-custom-subdomain"],
        ask: names::subdomain,
        says: Some("the account's custom subdomain"),
    },
];
