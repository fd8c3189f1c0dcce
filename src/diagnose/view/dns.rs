//! The dns hop as rules see it: who was asked, what each gives, and who has the last word.

use std::ops::Deref;

use crate::evidence::Evidence;
use crate::evidence::dns::DnsHop;

use super::gives::{self, Asked, Gives};
use super::tried;

/// The dns hop, with what each resolver gives.
#[derive(Debug)]
pub(in crate::diagnose) struct DnsView<'a> {
    hop: &'a DnsHop,
    asked: Vec<Asked<'a>>,
}

impl<'a> DnsView<'a> {
    /// Reads what each resolver of the walk gives.
    pub(super) fn new(e: &'a Evidence) -> Self {
        let all = e.dns.resolvers.iter().enumerate();
        let asked = all.filter_map(|(index, seen)| {
            let gives = gives::gives(e, seen, &e.dns.name)?;
            Some(Asked { index, seen, gives, reach: tried::reach(e, seen) })
        });
        Self { hop: &e.dns, asked: asked.collect() }
    }

    /// Every resolver that was asked, in order.
    pub(in crate::diagnose) fn asked(&self) -> &[Asked<'a>] {
        &self.asked
    }

    /// The resolvers whose answer applications get, in order.
    pub(in crate::diagnose) fn deciding(&self) -> Vec<&Asked<'a>> {
        let deciding: Vec<usize> = self.hop.deciding().map(|(index, _)| index).collect();
        self.asked.iter().filter(|r| deciding.contains(&r.index)).collect()
    }

    /// The resolver that has the last word: the first deciding one whose answer is final.
    pub(in crate::diagnose) fn decider(&self) -> Option<&Asked<'a>> {
        self.deciding().into_iter().find(|r| r.gives.is_final())
    }

    /// The resolver that has the last word, when that word leaves applications without an address.
    pub(in crate::diagnose) fn decided_nothing(&self) -> Option<&Asked<'a>> {
        if !self.hop.effective().is_empty() {
            return None;
        }
        match self.decider() {
            Some(r) => Some(r).filter(|r| r.gives.addresses().is_empty()),
            // None is final: an empty answer of a server that offers no recursion comes next.
            None => self.deciding().into_iter().find(|r| matches!(r.gives, Gives::NoAddress(_))),
        }
    }

    /// Whether applications get no address and no resolver has said why: all of them fail.
    pub(in crate::diagnose) fn all_fail(&self) -> bool {
        self.hop.effective().is_empty() && self.decider().is_none()
    }

    /// Whether an answer with addresses was seen with its aliases; `getaddrinfo` shows none.
    pub(in crate::diagnose) fn aliases_seen(&self) -> bool {
        self.asked.iter().any(|r| !r.gives.addresses().is_empty())
    }
}

impl Deref for DnsView<'_> {
    type Target = DnsHop;

    fn deref(&self) -> &DnsHop {
        self.hop
    }
}
