//! What Resource Manager says, joined with what the walk saw.

pub(in crate::diagnose) mod access;
mod changes;
pub(in crate::diagnose) mod dns;
pub(in crate::diagnose) mod gateway;
pub(in crate::diagnose) mod here;
pub(in crate::diagnose) mod needs;
pub(in crate::diagnose) mod owner;
pub(in crate::diagnose) mod packet_rules;
pub(in crate::diagnose) mod routes;
pub(in crate::diagnose) mod way;
pub(in crate::diagnose) mod zone_case;
pub(in crate::diagnose) mod zones;

#[cfg(test)]
mod tests;

use std::ops::Deref;

use crate::evidence::Evidence;
use crate::evidence::azure::{AzureEvidence, Estate};

/// The estate as rules see it.
pub(in crate::diagnose) struct AzureView<'a> {
    /// What Resource Manager said.
    pub(in crate::diagnose) said: &'a AzureEvidence,
    /// What the walk saw.
    pub(in crate::diagnose) walk: &'a Evidence,
}

impl<'a> AzureView<'a> {
    /// The view, where Resource Manager was asked.
    #[must_use]
    pub(in crate::diagnose) fn new(walk: &'a Evidence) -> Option<Self> {
        walk.azure.as_deref().map(|said| Self { said, walk })
    }

    /// What Resource Manager said, for as long as the evidence lives.
    #[must_use]
    pub(in crate::diagnose) const fn estate(&self) -> &'a Estate {
        &self.said.estate
    }
}

impl Deref for AzureView<'_> {
    type Target = Estate;

    fn deref(&self) -> &Estate {
        &self.said.estate
    }
}
