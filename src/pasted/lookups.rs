//! The lookups of names in a text: what nslookup, dig, host, Resolve-DnsName and the console of App
//! Service print, and the addresses that clients name beside a host (fact D224).
//!
//! `words` has the labels and the sentences, a line is read by `line`, and `block` makes one lookup of the
//! lines of one question.

mod block;
mod line;
mod words;

#[cfg(test)]
mod tests;

use crate::diagnose::pasted::{Lookup, Shown};

use super::frames;

use block::Block;
use line::Line;

/// Lookups that are kept of a text.
const MOST: usize = 16;

/// The lookups of a text, in order.
#[must_use]
pub fn lookups(text: &str) -> Vec<Lookup> {
    let mut found: Vec<Lookup> = Vec::new();
    let mut block = Block::default();
    for line in frames::without_frames(text).lines() {
        let read = line::read(line, &block);
        if block.ends_before(&read) {
            found.extend(std::mem::take(&mut block).lookup());
        }
        // A client's own words are a lookup by themselves.
        match read {
            Line::Connected(name, address) => found.push(block::connected(name, address)),
            read => block.add(read),
        }
    }
    found.extend(block.lookup());
    found.truncate(MOST);
    joined(found)
}

/// The lookups without those that only go on with another: of the name that one without an address leads
/// to, and of a client that tried the addresses of another.
fn joined(all: Vec<Lookup>) -> Vec<Lookup> {
    let mut found: Vec<Lookup> = Vec::new();
    for lookup in all {
        let leads_here = |one: &Lookup| {
            one.server == lookup.server && one.leads_to(&lookup.name) && lookup.rcode.is_some()
        };
        match found.iter().position(leads_here) {
            Some(at) => found[at].go_on_with(lookup),
            None if found.contains(&lookup) => {}
            None => found.push(lookup),
        }
    }
    let known: Vec<Lookup> =
        found.iter().filter(|one| one.shown != Shown::Addresses).cloned().collect();
    let is_known = |lookup: &Lookup| known.iter().any(|one| one.has_addresses_of(lookup));
    found.retain(|lookup| lookup.shown != Shown::Addresses || !is_known(lookup));
    found
}
