//! Rules whose cause is at the http hop.

pub mod answered_by;
pub mod refusals;

mod backend;
mod body_incomplete;
pub(super) mod challenge;
mod data_not_tested;
mod deployment_inferred;
mod deployment_missing;
mod documented;
mod endpoint_path;
mod endpoint_value;
mod endpoint_withdrawn;
mod forbidden;
pub(in crate::diagnose) mod front_answered;
pub(in crate::diagnose) mod gateway_policy;
pub(in crate::diagnose) mod host_kind;
mod inference_not_tested;
mod legs;
mod list_not_offered;
pub(in crate::diagnose) mod network_fix;
mod network_refusals;
mod no_answer;
pub(in crate::diagnose) mod not_closed;
mod not_found;
pub(in crate::diagnose) mod origin;
pub(in crate::diagnose::rules) mod other_address;
mod pages;
mod path_prefix;
mod private_path;
mod rate_limited;
mod redirect;
pub(super) mod reference_client;
pub(in crate::diagnose) mod refusal_match;
mod refused_though;
mod secret_not_tested;
mod server_error;
mod subdomain_unmapped;
mod success_unproved;
mod timeout_answer;
mod translator_path;
mod unexpected_status;
mod untested_paths;

use super::{over_limit, slow};
use crate::diagnose::Rule;

/// The service is reached, and refuses the call because of the network that it comes from.
pub(in crate::diagnose::rules) const NETWORK_REFUSALS: &[&str] = &[
    "http-public-access-disabled",
    "http-network-rules",
    "http-network-perimeter",
    "http-endpoint-not-approved",
    "http-vnet-endpoint",
    "http-forbidden",
    "http-refused-though-approved",
    "http-refused-though-allowed",
];

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    not_closed::RULE,
    network_refusals::RULES[0],
    network_refusals::RULES[1],
    network_refusals::RULES[2],
    network_refusals::RULES[3],
    network_refusals::RULES[4],
    refused_though::APPROVED,
    refused_though::ALLOWED,
    documented::RULES[0],
    documented::RULES[1],
    documented::RULES[2],
    documented::RULES[3],
    legs::RULES[0],
    legs::RULES[1],
    gateway_policy::RULES[0],
    gateway_policy::RULES[1],
    gateway_policy::RULES[2],
    forbidden::RULE,
    front_answered::RULE,
    subdomain_unmapped::RULE,
    not_found::RULE,
    list_not_offered::RULE,
    deployment_missing::RULE,
    deployment_inferred::RULE,
    rate_limited::RULE,
    server_error::RULE,
    timeout_answer::RULE,
    redirect::RULE,
    no_answer::SILENT,
    no_answer::CLOSED,
    no_answer::MALFORMED,
    body_incomplete::RULE,
    unexpected_status::RULE,
    success_unproved::RULE,
    endpoint_withdrawn::RULE,
    origin::RULE,
    endpoint_value::RULE,
    endpoint_path::RULE,
    path_prefix::RULE,
    untested_paths::RULES[0],
    backend::RULE,
    untested_paths::RULES[1],
    untested_paths::RULES[2],
    inference_not_tested::RULE,
    secret_not_tested::RULE,
    data_not_tested::RULE,
    slow::HTTP,
    over_limit::HTTP,
    other_address::RULE,
];
