//! Rules whose cause lies at the identity hop.

mod access_policy;
mod acquisition;
mod arc;
mod az;
mod before_any_request;
mod configuration;
pub(super) mod credential;
mod credential_replaced;
mod custom_subdomain;
pub(in crate::diagnose) mod entra;
mod gateway_key;
mod gateway_token;
mod key_file_open;
mod key_refused;
mod key_token_swapped;
mod key_trimmed;
mod keys_disabled;
mod keys_switched_off;
mod managed;
mod metadata;
mod metadata_proxied;
mod not_a_key;
mod not_supported;
mod not_tested;
mod platform;
mod pod_identity;
mod profiles;
mod program;
pub(in crate::diagnose) mod role_missing;
mod role_not_effective;
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

pub(super) use token_audience::other_audience;

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

/// The finding of a platform's endpoint that could not fetch a token.
pub(in crate::diagnose) const PLATFORM_FETCH: &str = token_fetch::RULE.id;

/// The finding of AKS pod identity in the place of the metadata service.
pub(in crate::diagnose) const POD_IDENTITY: &str = pod_identity::RULE.id;

/// Whether words in small letters are a refusal of pod identity's.
pub(in crate::diagnose) fn says_pod_identity(words: &str) -> bool {
    pod_identity::says(words)
}

/// Whether a text is that endpoint's own message.
pub(in crate::diagnose) fn platform_fetch_failed(text: &str) -> bool {
    token_fetch::is_its_text(text)
}

/// The rules of this hop: how a token is obtained, then the credential itself.
pub(super) const RULES: &[Rule] =
    &joined::<{ TOKEN.len() + entra::RULES.len() + CREDENTIAL.len() }>(&[
        TOKEN,
        entra::RULES,
        CREDENTIAL,
    ]);

const TOKEN: &[Rule] = &[
    configuration::AUTHORITY_CLOUD,
    not_supported::TOKEN_PROXY,
    configuration::HALF,
    configuration::OTHER_SOURCE,
    configuration::OLD_VARIABLES,
    token_path::NO_WAY_OUT,
    token_path::LOGIN_HOST,
    token_path::AT_RISK,
    not_supported::WAY,
    before_any_request::NOT_ASKED,
    program::AZURE_CLI,
    program::AZURE_DEVELOPER_CLI,
    before_any_request::UNUSABLE,
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
    not_a_key::REFERENCE,
    not_a_key::NOT_A_KEY,
    key_token_swapped::KEY_IS_TOKEN,
    key_token_swapped::TOKEN_IS_KEY,
    token_expired::RULE,
    token_expired::ENDS_SOON,
    token_not_yet_valid::RULE,
    token_audience::RULE,
    tenant_mismatch::RULE,
    role_missing::RULE,
    role_not_effective::RULE,
    access_policy::RULE,
    keys_disabled::RULE,
    keys_switched_off::RULE,
    credential_replaced::RULE,
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
