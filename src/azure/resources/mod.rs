//! The JSON of a resource, reduced to the fields that a rule reads. A row of Resource Graph has the
//! shape of the GET, so one reader serves both.
//!
//! Nothing here fails: a field that is missing, or of another type, is not known. A resource without
//! an id that can be read is left out. Texts and lists are bounded.

mod access;
mod account;
mod endpoint;
mod field;
mod filter;
mod machine;
mod network;
mod policy;
mod resolver;
mod zone;

pub(super) use access::{change, deny_assignment, role_assignment, with_definition};
pub(super) use account::{
    account, connection, connections_within, deleted_account, deployment, perimeter,
};
pub(super) use endpoint::{private_endpoint, zone_configurations};
pub(super) use field::{id_at, own_id, text};
pub(super) use filter::{effective_route, effective_rules, route_table, security_group};
pub(super) use machine::{power_state, virtual_machine};
pub(super) use network::{interface, virtual_network};
pub(super) use policy::{dns_settings, domains, policy_link, policy_rule};
pub(super) use resolver::{firewall, forwarding_rule, inbound_endpoint};
pub(super) use zone::{record_set, zone_link};
