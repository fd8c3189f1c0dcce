//! The catalogue: every rule, one file a rule, one folder a hop.
//!
//! A rule reads evidence and returns [`Because`](super::Because) or nothing. It may not
//! look at other findings: what folds under what is said by `explains` alone.

pub mod dns;
pub mod http;
pub mod identity;
mod over_limit;
pub mod proxy;
mod slow;
pub mod tcp;
pub mod tls;
pub mod vantage;

use super::Rule;

/// Every rule, in walk order.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [vantage::RULES, dns::RULES, tcp::RULES, proxy::RULES, tls::RULES, identity::RULES, http::RULES]
        .into_iter()
        .flatten()
}
