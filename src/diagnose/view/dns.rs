//! The dns hop as rules see it: the resolvers that were asked, the outcome of each, and whose
//! answer applications use.

use std::ops::Deref;

use crate::evidence::Evidence;
use crate::evidence::dns::DnsHop;

use super::dns_experiments;
use super::resolver_view::{self, ResolverOutcome, ResolverView};

/// The dns hop, with the outcome of each resolver.
#[derive(Debug)]
pub(in crate::diagnose) struct DnsView<'a> {
    hop: &'a DnsHop,
    views: Vec<ResolverView<'a>>,
}

impl<'a> DnsView<'a> {
    /// Reads the outcome of each resolver.
    pub(super) fn new(e: &'a Evidence) -> Self {
        let all = e.dns.resolvers.iter().enumerate();
        let views = all.filter_map(|(index, seen)| {
            let outcome = resolver_view::outcome(e, seen, &e.dns.name)?;
            Some(ResolverView {
                index,
                seen,
                outcome,
                reachability: dns_experiments::reachability(e, seen),
            })
        });
        Self { hop: &e.dns, views: views.collect() }
    }

    /// Every resolver that was asked, in order.
    pub(in crate::diagnose) fn resolver_views(&self) -> &[ResolverView<'a>] {
        &self.views
    }

    /// The resolvers that applications ask, in order.
    pub(in crate::diagnose) fn deciding(&self) -> Vec<&ResolverView<'a>> {
        let deciding: Vec<usize> = self.hop.deciding().map(|(index, _)| index).collect();
        self.views.iter().filter(|r| deciding.contains(&r.index)).collect()
    }

    /// The resolver whose answer applications use: the first deciding one with a final answer.
    pub(in crate::diagnose) fn effective_resolver(&self) -> Option<&ResolverView<'a>> {
        self.deciding().into_iter().find(|r| r.outcome.is_final())
    }

    /// The resolver whose answer applications use, where it gives them no address.
    pub(in crate::diagnose) fn resolver_without_address(&self) -> Option<&ResolverView<'a>> {
        if !self.hop.effective().is_empty() {
            return None;
        }
        match self.effective_resolver() {
            Some(r) => Some(r).filter(|r| r.outcome.addresses().is_empty()),
            // No answer is final: an empty answer of a server that offers no recursion comes next.
            None => self
                .deciding()
                .into_iter()
                .find(|r| matches!(r.outcome, ResolverOutcome::NoAddress(_))),
        }
    }

    /// Whether applications get no address because all resolvers fail.
    pub(in crate::diagnose) fn all_fail(&self) -> bool {
        self.hop.effective().is_empty() && self.effective_resolver().is_none()
    }

    /// Whether a resolver gave addresses, and with them their aliases, which `getaddrinfo` does not
    /// show.
    pub(in crate::diagnose) fn aliases_seen(&self) -> bool {
        self.views.iter().any(|r| !r.outcome.addresses().is_empty())
    }
}

impl Deref for DnsView<'_> {
    type Target = DnsHop;

    fn deref(&self) -> &DnsHop {
        self.hop
    }
}
