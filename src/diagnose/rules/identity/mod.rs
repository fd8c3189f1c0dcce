//! Rules whose cause lies at the identity hop.

mod acquisition;
mod arc;
mod azure_cli;
mod configuration;
pub(super) mod credential;
mod custom_subdomain;
pub(in crate::diagnose) mod entra;
mod gateway_key;
mod gateway_token;
mod key_file_open;
mod key_refused;
mod key_trimmed;
mod keys_disabled;
mod managed;
mod metadata;
mod metadata_proxied;
mod not_asked;
mod not_tested;
mod not_walked;
mod platform;
mod pod_identity;
mod role_missing;
mod roles;
mod tenant_mismatch;
mod token_audience;
mod token_expired;
mod token_fetch;
mod token_not_yet_valid;
mod token_path;
mod token_refused;
mod unauthorized;
mod withheld;
mod wrong_slot;

use super::joined;
use crate::diagnose::Rule;
use crate::evidence::Evidence;

/// Whether this machine's clock spoiled an assertion that the machine made itself.
pub(super) fn clock_spoils_assertion(e: &Evidence) -> bool {
    entra::clock_spoils(e)
}

/// How heavy a missing token is.
pub(super) fn level(e: &Evidence) -> crate::diagnosis::Level {
    acquisition::level(e)
}

/// The rules of this hop: how a token is obtained, then the credential itself.
pub(super) const RULES: &[Rule] = &joined::<
    { COMING_BY.len() + entra::RULES.len() + CREDENTIAL.len() },
>(&[COMING_BY, entra::RULES, CREDENTIAL]);

const COMING_BY: &[Rule] = &[
    configuration::AUTHORITY_CLOUD,
    not_walked::TOKEN_PROXY,
    configuration::HALF,
    configuration::OTHER_SOURCE,
    configuration::OLD_VARIABLES,
    token_path::NO_WAY_OUT,
    token_path::LOGIN_HOST,
    token_path::AT_RISK,
    not_walked::WAY,
    not_asked::NOT_ASKED,
    azure_cli::RULE,
    not_asked::UNUSABLE,
    metadata::UNREACHABLE,
    metadata::PROXY,
    metadata_proxied::RULE,
    managed::MISSING,
    managed::AMBIGUOUS,
    managed::NOT_ASSIGNED,
    arc::RULE,
    token_fetch::RULE,
    pod_identity::RULE,
    metadata::REFUSED,
];

/// What explains others first.
const CREDENTIAL: &[Rule] = &[
    wrong_slot::KEY_IS_TOKEN,
    wrong_slot::TOKEN_IS_KEY,
    token_expired::RULE,
    token_expired::ENDS_SOON,
    token_not_yet_valid::RULE,
    token_audience::RULE,
    tenant_mismatch::RULE,
    role_missing::RULE,
    keys_disabled::RULE,
    custom_subdomain::RULE,
    gateway_key::RULE,
    gateway_token::RULE,
    key_refused::RULE,
    token_refused::RULE,
    unauthorized::RULE,
    not_tested::RULE,
    withheld::RULE,
    key_file_open::RULE,
    key_trimmed::RULE,
];
