//! What rules read: the evidence of one walk, and what more than one rule asks of it, worked out
//! once.

use std::ops::Deref;

use crate::evidence::Evidence;

/// The evidence of one walk as rules see it.
#[derive(Clone, Copy)]
pub(in crate::diagnose) struct View<'a> {
    evidence: &'a Evidence,
}

impl<'a> View<'a> {
    /// A view of `evidence`.
    #[must_use]
    pub(in crate::diagnose) const fn new(evidence: &'a Evidence) -> Self {
        Self { evidence }
    }
}

impl Deref for View<'_> {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        self.evidence
    }
}
