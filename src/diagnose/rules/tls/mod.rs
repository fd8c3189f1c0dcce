//! Rules whose cause lies at the tls hop: how the handshake ended, and what is wrong with
//! the certificate.

mod address_fails;
mod authorities;
mod azure_chain;
mod bundles;
mod ca_file_alone;
mod certificate_invalid;
mod client_bundles;
mod connection_lost;
mod dropped_after_handshake;
mod expired;
mod expires_soon;
mod incomplete_chain;
mod interception;
mod issuer;
mod large_hello;
mod mtu_black_hole;
mod name_filtered;
mod not_yet_valid;
mod now_and_then;
mod only_system_store;
pub(in crate::diagnose) mod outcomes;
mod peer_mute;
mod privatelink_name;
mod products;
mod routes;
mod self_signed;
mod session;
mod silent;
pub(in crate::diagnose) mod torn;
mod untrusted_issuer;
mod version_intolerant;
mod wrong_name;

use super::{over_limit, slow};
use crate::diagnose::Rule;
use crate::diagnose::view::tls as experiments;

/// Whether an inspection product presented the chain: its leaves live for days, each session's
/// own, so that their end tells nothing (fact S11).
#[must_use]
pub fn is_inspected(hop: &crate::evidence::tls::TlsHop) -> bool {
    products::product(hop).is_some()
}

/// Whether every name in the chain is one of Azure's own authorities.
pub(super) fn is_azures(hop: &crate::evidence::tls::TlsHop) -> bool {
    authorities::of_azure(hop).is_some()
}

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    address_fails::RULE,
    mtu_black_hole::RULE,
    name_filtered::RULE,
    large_hello::RULE,
    version_intolerant::RULE,
    peer_mute::RULE,
    dropped_after_handshake::RULE,
    now_and_then::RULE,
    silent::RULE,
    torn::RESET,
    torn::CLOSED,
    outcomes::PLAIN_HTTP,
    outcomes::NOT_TLS,
    outcomes::NAME_REFUSED,
    outcomes::VERSION_REFUSED,
    outcomes::ALERT,
    outcomes::INCOMPATIBLE,
    wrong_name::RULE,
    privatelink_name::RULE,
    expired::RULE,
    not_yet_valid::RULE,
    self_signed::RULE,
    incomplete_chain::RULE,
    untrusted_issuer::RULE,
    interception::RULE,
    only_system_store::RULE,
    ca_file_alone::RULE,
    certificate_invalid::RULE,
    client_bundles::RULE,
    expires_soon::RULE,
    slow::TLS,
    connection_lost::RULE,
    over_limit::TLS,
];
