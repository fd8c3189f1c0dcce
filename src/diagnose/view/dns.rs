//! The dns hop as rules see it: the resolvers that were asked, the outcome of each, and whose
//! answer applications use.

use std::net::IpAddr;
use std::ops::Deref;

use crate::diagnose::reading;
use crate::evidence::Evidence;
use crate::evidence::dns::DnsHop;
use crate::evidence::vantage::ResolverConfig;

use super::library::{self, Library};
use super::resolver_view::{self, ResolverOutcome, ResolverView};
use super::{contradictions, dns_experiments, library_waits};

/// The dns hop, with the outcome of each resolver.
#[derive(Debug)]
pub(in crate::diagnose) struct DnsView<'a> {
    hop: &'a DnsHop,
    config: &'a ResolverConfig,
    library: Library,
    views: Vec<ResolverView<'a>>,
    searched: bool,
    /// Whether any of the resolvers may give applications their answer.
    any_answers: bool,
    /// Whether glibc's lookup asked for both types at once and found nothing.
    both_found_nothing: bool,
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
        Self {
            hop: &e.dns,
            config: &e.vantage.resolver_config,
            library: Library::of(e),
            views: views.collect(),
            searched: !reading::tls_verified(e)
                && dns_experiments::search_domain_match(e, e.dns.system_addresses()).is_some(),
            any_answers: (library::rotates(e) || Library::of(e) == Library::Musl)
                && !resolver_view::is_from_hosts_file(e),
            both_found_nothing: library::asks_plain(e)
                && library_waits::asks_both_at_once(e)
                && contradictions::system_denied(e),
        }
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

    /// The resolver whose answer applications use: the first deciding one with a final answer; in
    /// musl, which asks all at once, the one that answered first.
    pub(in crate::diagnose) fn effective_resolver(&self) -> Option<&ResolverView<'a>> {
        let deciding = self.deciding();
        let mut answering = deciding.into_iter().filter(|r| r.outcome.is_final(self.library));
        match self.library {
            Library::Musl => answering.min_by(|one, other| {
                let at = |r: &ResolverView<'_>| r.answered_ms().unwrap_or(f64::INFINITY);
                at(one).total_cmp(&at(other))
            }),
            Library::Winsock => self.by_interface(answering.collect()),
            Library::Glibc => {
                let first = answering.next()?;
                let mut before = self.deciding().into_iter().take_while(|r| r.index != first.index);
                let ended = before.find(|r| self.both_found_nothing && r.half_answered());
                ended.or(Some(first))
            }
            Library::Other => answering.next(),
        }
    }

    /// Windows asks the interfaces at the same time, each in its order, unless a policy names the
    /// servers or forbids it; of several answers with an address the first interface's counts.
    fn by_interface<'v>(
        &'v self,
        answering: Vec<&'v ResolverView<'a>>,
    ) -> Option<&'v ResolverView<'a>> {
        let mut asked: Vec<Option<&str>> = Vec::new();
        let first_of_each = answering.iter().copied().filter(|r| {
            let interface = self.interface(r);
            let is_first = !asked.contains(&interface);
            asked.push(interface);
            is_first
        });
        let with_address = first_of_each.into_iter().find(|r| !r.outcome.addresses().is_empty());
        let first = answering.first().copied();
        if self.one_after_another() { first } else { with_address.or(first) }
    }

    /// Whether Windows asks the servers of all interfaces in turn.
    fn one_after_another(&self) -> bool {
        self.config.policy().is_some_and(|p| !p.servers.is_empty())
            || self.config.options.iter().any(|option| option == "DisableSmartNameResolution=1")
    }

    fn interface(&self, r: &ResolverView<'_>) -> Option<&str> {
        self.config.interface_of(r.seen.address.ip()).map(|one| one.interface.as_str())
    }

    /// A resolver of another interface that Windows asks at the same time as `r`, and that gives an
    /// address: applications do not wait for `r`.
    pub(in crate::diagnose) fn answering_beside(
        &self,
        r: &ResolverView<'a>,
    ) -> Option<&ResolverView<'a>> {
        if self.library != Library::Winsock || self.one_after_another() {
            return None;
        }
        self.deciding().into_iter().find(|other| {
            self.interface(other) != self.interface(r) && !other.outcome.addresses().is_empty()
        })
    }

    /// Whether applications get the address of another name, which the search list led to, because
    /// the name itself has none. Where the service is there, the address is as good as its own.
    pub(in crate::diagnose) fn found_by_search(&self) -> bool {
        let none = |r: &ResolverView<'_>| r.outcome.addresses().is_empty();
        self.searched && self.effective_resolver().is_none_or(none)
    }

    /// Whether applications get no address of the name itself.
    pub(in crate::diagnose) fn lacks_address(&self) -> bool {
        self.hop.effective().is_empty() || self.found_by_search()
    }

    /// The resolver whose answer applications use, where it gives them no address.
    pub(in crate::diagnose) fn resolver_without_address(&self) -> Option<&ResolverView<'a>> {
        if !self.lacks_address() {
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

    /// The addresses that applications get at one time or another: the effective ones, and those of
    /// each nameserver where the library asks any of them.
    pub(in crate::diagnose) fn obtainable(&self) -> Vec<IpAddr> {
        let mut all = self.hop.effective();
        if self.any_answers {
            for address in self.deciding().iter().flat_map(|r| r.outcome.addresses()) {
                if !all.contains(address) {
                    all.push(*address);
                }
            }
        }
        all
    }

    /// Whether applications get no address because all resolvers fail.
    pub(in crate::diagnose) fn all_fail(&self) -> bool {
        self.lacks_address() && self.effective_resolver().is_none()
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
