//! Rules whose cause is at the tcp hop.
//!
//! Each judges how the first effective address failed, if none connected; if some did, the others
//! are a risk.

mod accepted_locally;
mod address_dead;
mod admin_prohibited;
pub(in crate::diagnose) mod attempts;
pub(in crate::diagnose::rules) mod azure_routes;
pub(in crate::diagnose::rules) mod firewall_step;
mod gateway_silent;
mod interface_down;
mod large_packets;
mod local_error;
pub(in crate::diagnose::rules) mod local_link;
mod loss;
mod no_route;
mod other_port_not_tested;
mod refused;
mod reset;
mod routing_loop;
mod rst_distance;
mod silent;
mod silent_though_allowed;
pub(in crate::diagnose::rules) mod terminated;
mod traceroute;
mod unreachable;

use super::{over_limit, slow};
use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    silent::RULE,
    silent_though_allowed::RULE,
    refused::RULE,
    reset::RULE,
    unreachable::RULE,
    gateway_silent::RULE,
    interface_down::RULE,
    no_route::RULE,
    admin_prohibited::RULE,
    local_error::RULE,
    address_dead::RULE,
    accepted_locally::RULE,
    terminated::RULE,
    slow::TCP,
    loss::RULE,
    large_packets::RULE,
    over_limit::TCP,
    other_port_not_tested::RULE,
];
