//! Rules whose cause lies at the vantage hop.

mod clock_skew;
mod clock_wrong;
mod cpu_starved;
mod proxy_variable_misspelt;
mod resolver_config_unreadable;
mod resolvers_not_seen;

use crate::diagnose::Rule;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    clock_skew::RULE,
    clock_wrong::RULE,
    cpu_starved::RULE,
    proxy_variable_misspelt::RULE,
    resolver_config_unreadable::RULE,
    resolvers_not_seen::RULE,
];
