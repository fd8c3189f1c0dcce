//! The private zone that the target's name leads into, at the resolver whose answer counts.

use std::net::IpAddr;

use crate::diagnose::view::View;
use crate::diagnose::view::resolver_view::{self, Endpoint, ResolverView};
use crate::evidence::azure::ResourceId;
use crate::evidence::dns::record_and_zone;

use super::AzureView;
use super::dns::{AskedFrom, Origin};
use super::zones::{Link, Record, ZoneState};

/// The zones of one name, the resolver whose answer counts, and the network that it asks from.
pub(in crate::diagnose) struct ZoneCase<'v> {
    /// The resolver.
    pub(in crate::diagnose) resolver: &'v ResolverView<'v>,
    /// The zone's name.
    pub(in crate::diagnose) zone: String,
    /// The name of the record in it.
    pub(in crate::diagnose) record: String,
    /// Where the resolver asks from.
    pub(in crate::diagnose) from: AskedFrom<'v>,
    /// Every visible zone of that name.
    pub(in crate::diagnose) zones: Vec<ZoneState<'v>>,
}

impl<'v> ZoneCase<'v> {
    /// The case, where a resolver decided and the target has a private zone.
    pub(in crate::diagnose) fn of(e: &'v View<'_>, azure: &'v AzureView<'_>) -> Option<Self> {
        let resolver = e.dns.resolver_without_address().or_else(|| e.dns.effective_resolver())?;
        let name = &e.dns.name;
        let alias = resolver_view::alias(resolver.seen, name).or_else(|| {
            match resolver_view::endpoint(e) {
                Some(Endpoint::Alias { alias, .. }) => Some(alias),
                _ => None,
            }
        });
        let (record, zone) = match alias.as_deref().and_then(record_and_zone) {
            Some((record, zone)) => (record.to_owned(), zone.to_owned()),
            None => {
                let zone = e.target.private_zone.clone()?;
                (name.split('.').next().unwrap_or(name).to_owned(), zone)
            }
        };
        let from = azure.asked_from(resolver);
        let zones = azure.zones_named(&zone, from.one().map(|origin| &origin.network));
        Some(Self { resolver, zone, record, from, zones })
    }

    /// The network that the resolver asks from, where one is known.
    pub(in crate::diagnose) const fn origin(&self) -> Option<&Origin<'v>> {
        self.from.one()
    }

    /// The zone that the network is linked to; a network links to one zone of a name.
    pub(in crate::diagnose) fn linked(&self) -> Option<&ZoneState<'v>> {
        self.zones.iter().find(|state| matches!(state.link, Link::Done(_)))
    }

    /// The zone that clients should see: the one whose record is right, else one in which an
    /// endpoint of the account registers itself, else the only one.
    pub(in crate::diagnose) fn wanted(&self, azure: &AzureView<'_>) -> Option<&ZoneState<'v>> {
        let right = self.zones.iter().find(|state| matches!(state.record, Record::Right(_)));
        let groups = azure.registered_in();
        let registered = || self.zones.iter().find(|state| groups.contains(&&state.zone.id));
        let given = || self.zones.iter().find(|state| matches!(state.record, Record::Given(_)));
        right.or_else(registered).or_else(given).or(match self.zones.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The zone whose record for the name has one of these addresses, none of them an endpoint's: a
    /// linked one before others.
    pub(in crate::diagnose) fn holding(&self, addresses: &[IpAddr]) -> Option<&ZoneState<'v>> {
        let has = |state: &&ZoneState<'_>| matches!(&state.record, Record::Wrong(given) if given.iter().any(|a| addresses.contains(a)));
        let linked = self.zones.iter().filter(has).find(|s| matches!(s.link, Link::Done(_)));
        linked.or_else(|| self.zones.iter().find(has))
    }

    /// Whether the network that the resolver asks from is certain, and its link to a zone was read:
    /// then what that zone holds is what the resolver sees.
    pub(in crate::diagnose) fn shows_what_is_seen(&self) -> bool {
        self.origin().is_some_and(Origin::decides)
            && self.linked().is_some_and(|state| state.zone.links.proved().is_some())
    }
}

impl<'a> AzureView<'a> {
    /// The zones in which the account's endpoints register themselves.
    pub(in crate::diagnose) fn registered_in(&self) -> Vec<&'a ResourceId> {
        let endpoints = self.estate().endpoints.items().iter();
        let groups = endpoints.flat_map(|endpoint| endpoint.zone_groups.items());
        groups.map(|group| &group.zone).collect()
    }

    /// Whether the zone is the account's: it has an endpoint's address, or an endpoint registers in
    /// it. Another team may have a zone of that name.
    pub(in crate::diagnose) fn is_accounts_zone(&self, state: &ZoneState<'_>) -> bool {
        let endpoints = self.estate().endpoints.items().iter();
        let mut groups = endpoints.filter_map(|one| one.zone_groups.proved()).flatten();
        let right = self.right_addresses();
        let holds = match &state.record {
            Record::Right(_) => true,
            Record::Wrong(given) => right.iter().any(|one| given.contains(&one.address)),
            _ => false,
        };
        holds || groups.any(|group| group.zone == state.zone.id)
    }
}
