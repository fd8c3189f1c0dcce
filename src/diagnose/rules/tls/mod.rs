//! Rules whose cause lies at the tls hop: how the handshake ended, and what is wrong with
//! the certificate.

pub(in crate::diagnose::rules) mod address_fails;
mod authorities;
mod azure_chain;
mod ca_bundles;
mod ca_file_alone;
pub(in crate::diagnose) mod certificate_faults;
mod client_bundle_refuses;
pub(in crate::diagnose) mod connection_cut;
mod connection_lost;
mod dropped_after_handshake;
mod expired;
mod expires_soon;
mod incomplete_chain;
mod intermittent;
mod issuer;
mod large_hello;
mod mtu_black_hole;
mod name_filtered;
mod not_yet_valid;
mod only_system_store;
pub(in crate::diagnose) mod outcomes;
mod peer_unresponsive;
mod privatelink_name;
mod products;
mod routes;
mod session;
mod silent;
mod store;
mod strict_clients;
mod untrusted_issuer;
mod version_intolerant;
mod wrong_name;

pub(in crate::diagnose) use products::product_in;
pub(in crate::diagnose) use session::issued_for_azure;

use super::{over_limit, slow};
use crate::diagnose::Rule;
use crate::diagnose::view::tls as experiments;

/// Whether an inspection product presented the chain: it signs a leaf for each session, valid for
/// days, so that the expiry means nothing (fact S11).
#[must_use]
pub fn is_inspected(hop: &crate::evidence::tls::TlsHop) -> bool {
    products::product(hop).is_some()
}

/// Whether every issuer in the chain has the name of one of Azure's own authorities.
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
    peer_unresponsive::RULE,
    dropped_after_handshake::RULE,
    intermittent::RULE,
    silent::RULE,
    connection_cut::RESET,
    connection_cut::CLOSED,
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
    certificate_faults::SELF_SIGNED,
    incomplete_chain::RULE,
    untrusted_issuer::RULE,
    certificate_faults::INTERCEPTION,
    only_system_store::RULE,
    store::RULE,
    ca_file_alone::RULE,
    certificate_faults::INVALID,
    client_bundle_refuses::RULE,
    strict_clients::RULE,
    expires_soon::RULE,
    slow::TLS,
    connection_lost::RULE,
    over_limit::TLS,
];
