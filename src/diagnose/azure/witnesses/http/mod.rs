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
    },
    Witness { findings: &["http-network-rules"], ask: network::rules },
    Witness {
        findings: &["http-public-access-disabled", "http-endpoint-not-approved"],
        ask: network::switch,
    },
    Witness { findings: &["http-not-closed"], ask: network::not_closed },
    Witness { findings: &["http-forbidden", "http-network-perimeter"], ask: perimeter::ruling },
    Witness { findings: &["http-deployment-missing"], ask: deployments::missing },
    Witness { findings: &["http-deployment-inferred"], ask: deployments::exists },
    Witness { findings: &["http-rate-limited"], ask: deployments::capacity },
    Witness {
        findings: &["http-subdomain-unmapped", "http-not-found", "http-list-not-offered"],
        ask: names::account,
    },
    Witness {
        findings: &["http-vnet-endpoint", "identity-custom-subdomain"],
        ask: names::subdomain,
    },
];
