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
        says: Some("whose endpoint has the address, and the state of its connection"),
    },
    Witness {
        findings: &["http-network-rules"],
        ask: network::rules,
        says: Some("the account's network rules, and what they lack"),
    },
    Witness {
        findings: &["http-public-access-disabled", "http-endpoint-not-approved"],
        ask: network::switch,
        says: Some("the account's public access, and its connections"),
    },
    Witness {
        findings: &["http-not-closed"],
        ask: network::not_closed,
        says: Some("the account's public access and network rules"),
    },
    Witness {
        findings: &["http-forbidden", "http-network-perimeter"],
        ask: perimeter::ruling,
        says: Some("the account's perimeter, and whom it lets in"),
    },
    Witness {
        findings: &["http-deployment-missing"],
        ask: deployments::missing,
        says: Some("every deployment of the account"),
    },
    Witness {
        findings: &["http-deployment-inferred"],
        ask: deployments::exists,
        says: Some("every deployment of the account"),
    },
    Witness {
        findings: &["http-rate-limited"],
        ask: deployments::capacity,
        says: Some("the deployment's capacity and limits"),
    },
    Witness {
        findings: &["http-subdomain-unmapped", "http-not-found", "http-list-not-offered"],
        ask: names::account,
        says: Some("the account's kind and its own names"),
    },
    Witness {
        findings: &["http-vnet-endpoint", "identity-custom-subdomain"],
        ask: names::subdomain,
        says: Some("the account's custom subdomain"),
    },
];
