//! Rules whose cause lies at the http hop.

pub mod answered_by;
pub mod refusals;

pub(super) mod aim;
mod arrival;
mod body_incomplete;
pub(super) mod clients;
mod deployment_inferred;
mod deployment_missing;
pub(in crate::diagnose) mod documented;
mod forbidden;
mod front_answered;
pub(super) mod gateway_policy;
mod inference_not_tested;
mod legs;
mod list_not_offered;
mod network_fix;
pub(in crate::diagnose) mod network_refusals;
mod no_answer;
mod not_closed;
mod not_found;
mod origin;
mod other_address;
mod path_prefix;
mod paths;
mod rate_limited;
mod redirect;
pub(super) mod said;
mod server_error;
mod subdomain_unmapped;
mod success_unproved;
mod timeout_answer;
mod unexpected_status;

use super::{over_limit, slow};
use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    not_closed::RULE,
    network_refusals::RULES[0],
    network_refusals::RULES[1],
    network_refusals::RULES[2],
    network_refusals::RULES[3],
    network_refusals::RULES[4],
    documented::RULES[0],
    documented::RULES[1],
    documented::RULES[2],
    documented::RULES[3],
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
    no_answer::RULES[0],
    no_answer::RULES[1],
    no_answer::RULES[2],
    body_incomplete::RULE,
    unexpected_status::RULE,
    success_unproved::RULE,
    origin::RULE,
    path_prefix::RULE,
    legs::RULES[0],
    legs::RULES[1],
    legs::RULES[2],
    inference_not_tested::RULE,
    slow::HTTP,
    over_limit::HTTP,
    other_address::RULE,
];
