//! The catalogue: every rule, by hop.
//!
//! A rule reads evidence and returns [`FindingBuilder`](super::FindingBuilder) or nothing. It may not look at
//! other findings: only `explains` decides what folds under what.

pub mod dns;
mod hop_limit;
pub mod http;
pub mod identity;
mod local_errno;
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

/// Several lists as one.
const fn joined<const N: usize>(lists: &[&[Rule]]) -> [Rule; N] {
    let mut all = [lists[0][0]; N];
    let (mut list, mut at) = (0, 0);
    while list < lists.len() {
        let mut place = 0;
        while place < lists[list].len() {
            all[at] = lists[list][place];
            place += 1;
            at += 1;
        }
        list += 1;
    }
    all
}
