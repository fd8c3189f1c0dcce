//! What the resolver's own answers show of the private zone.

use std::net::IpAddr;

use super::super::record_gap;
use crate::diagnose::reading;
use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::contradictions;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::evidence::classify;
use crate::evidence::dns::Soa;

/// What the resolver's own answers show of the private zone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneView {
    /// It sees the private zone, and gives the public address all the same.
    PrivateZone,
    /// It sees the private zone, whose own record holds the address.
    OwnRecord,
    /// It answers from a zone of that name on a server of the operator's own.
    OwnServer,
    /// It gives private and public addresses together.
    Both,
    /// It sees the public zone, or was not asked.
    PublicZone,
}

/// The SOA of the privatelink zone that the resolver sees, and its field: from the question for
/// it, or from the empty answer for a family that the zone has no record of.
pub(in crate::diagnose::rules::dns) fn zone_soa<'a>(
    r: &ResolverView<'a>,
) -> Option<(&'a Soa, &'static str)> {
    let seen = r.seen;
    let of = |part| reading::message(part).and_then(|answer| answer.soa.as_ref());
    let by_the_way = [(&seen.a, "a"), (&seen.aaaa, "aaaa")]
        .into_iter()
        .filter_map(|(part, place)| Some((of(part)?, place)))
        .find(|(soa, _)| is_azure_private(soa) && record_gap::is_privatelink_zone(&soa.zone));
    of(&seen.zone_soa).map(|soa| (soa, "zone_soa")).or(by_the_way)
}

pub(super) fn public_addresses(r: &ResolverView<'_>) -> Vec<IpAddr> {
    let all = r.outcome.addresses().iter().copied();
    all.filter(|a| resolver_view::could_be_public(*a)).collect()
}

pub(super) fn zone_view(r: &ResolverView<'_>, name: &str) -> ZoneView {
    let soa = zone_soa(r).map(|(soa, _)| soa);
    // The public chain goes on from the privatelink name through other aliases (fact D32).
    let ends_there = r.seen.privatelink_alias(name).is_some_and(|alias| {
        r.seen.aliases(name).last().is_some_and(|last| last.eq_ignore_ascii_case(&alias))
    });
    match soa {
        _ if r.outcome.addresses().iter().any(|a| classify(*a).is_private()) => ZoneView::Both,
        Some(soa) if is_azure_private(soa) && ends_there => ZoneView::OwnRecord,
        Some(soa) if is_azure_private(soa) => ZoneView::PrivateZone,
        Some(soa) if ends_there && !contradictions::is_microsoft_zone(soa) => ZoneView::OwnServer,
        _ => ZoneView::PublicZone,
    }
}
