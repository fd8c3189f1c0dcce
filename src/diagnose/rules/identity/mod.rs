//! Rules whose cause lies at the identity hop.

mod credential;
mod custom_subdomain;
mod gateway_key;
mod key_file_open;
mod key_refused;
mod keys_disabled;
mod not_tested;
mod role_missing;
mod roles;
mod tenant_mismatch;
mod token_audience;
mod token_expired;
mod token_not_yet_valid;
mod token_refused;
mod unauthorized;
mod withheld;
mod wrong_slot;

use crate::diagnose::Rule;

/// The rules of this hop: what explains others first.
pub(super) const RULES: &[Rule] = &[
    wrong_slot::KEY_IS_TOKEN,
    wrong_slot::TOKEN_IS_KEY,
    token_expired::RULE,
    token_not_yet_valid::RULE,
    token_audience::RULE,
    tenant_mismatch::RULE,
    role_missing::RULE,
    keys_disabled::RULE,
    custom_subdomain::RULE,
    gateway_key::RULE,
    key_refused::RULE,
    token_refused::RULE,
    unauthorized::RULE,
    not_tested::RULE,
    withheld::RULE,
    key_file_open::RULE,
];
