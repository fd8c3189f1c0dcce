//! The names of a service by cloud, with the private zone and the record that each has there.

use crate::clouds::Cloud;

/// The names of a service in a cloud.
#[derive(Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The cloud.
    pub cloud: Cloud,
    /// The public suffix; `{region}` is any one label.
    pub suffix: &'static str,
    /// Its private zone; empty for none.
    pub zone: &'static str,
    /// Private-link sub-resources (group ids).
    pub group_ids: &'static [&'static str],
    /// The record of one of its names in the private zone; `{name}` is what is before the suffix,
    /// `{region}` the label in its place there. Empty where that is not known.
    pub record: &'static str,
}

/// The place of a name's own labels in [`Endpoint::record`].
pub(super) const NAME: &str = "{name}";

const fn endpoint(
    cloud: Cloud,
    group_ids: &'static [&'static str],
    suffix: &'static str,
    zone: &'static str,
) -> Endpoint {
    Endpoint { cloud, suffix, zone, group_ids, record: NAME }
}

pub(super) const fn public(
    group_ids: &'static [&'static str],
    suffix: &'static str,
    zone: &'static str,
) -> Endpoint {
    endpoint(Cloud::Public, group_ids, suffix, zone)
}

pub(super) const fn usgov(
    group_ids: &'static [&'static str],
    suffix: &'static str,
    zone: &'static str,
) -> Endpoint {
    endpoint(Cloud::UsGov, group_ids, suffix, zone)
}

pub(super) const fn china(
    group_ids: &'static [&'static str],
    suffix: &'static str,
    zone: &'static str,
) -> Endpoint {
    endpoint(Cloud::China, group_ids, suffix, zone)
}

impl Endpoint {
    /// Its names have other records in the private zone than what is before their suffix.
    pub(super) const fn record(mut self, record: &'static str) -> Self {
        self.record = record;
        self
    }

    /// Whether the suffix is a host itself, the one that the record is for.
    #[must_use]
    pub fn is_one_name(&self) -> bool {
        !self.record.is_empty() && !self.record.contains(NAME)
    }
}
