//! Rules whose cause lies at the tcp hop.
//!
//! Each reads how the first address that counts failed, where none connected; where some
//! did, the others are a risk.

mod address_dead;
mod admin_prohibited;
pub(in crate::diagnose::rules) mod attempts;
pub(in crate::diagnose::rules) mod effective;
mod gateway_silent;
mod interface_down;
mod local_error;
mod loss;
mod near;
mod no_route;
pub(in crate::diagnose::rules) mod opening;
mod refused;
mod reset;
mod silent;
mod taken_here;
pub(in crate::diagnose::rules) mod terminated;
mod trail;
mod unreachable;

use super::{over_limit, slow};
use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    silent::RULE,
    refused::RULE,
    reset::RULE,
    unreachable::RULE,
    gateway_silent::RULE,
    interface_down::RULE,
    no_route::RULE,
    admin_prohibited::RULE,
    local_error::RULE,
    address_dead::RULE,
    taken_here::RULE,
    terminated::RULE,
    slow::TCP,
    loss::RULE,
    over_limit::TCP,
];
