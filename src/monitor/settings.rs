//! What an operator may choose about confirming, muting, telling and keeping.

use std::time::Duration;

use crate::inventory::WatchSettings;

/// When a run of walks becomes a state that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Walks that are looked at to confirm a bad state.
    pub confirm_walks: usize,
    /// Bad walks among them that confirm it.
    pub confirm_bad: usize,
    /// Time of unbroken badness, over two walks at least, that confirms it too.
    pub confirm_within: Duration,
    /// Good walks in a row that end it.
    pub good_again: usize,
    /// Changes from one walk's state to the next one's that make a target unstable,
    pub unstable_changes: usize,
    /// within this time. After a quarter of it without a change it is steady again.
    pub unstable_within: Duration,
    /// Days of validity left at which a certificate is told of, each once, longest first.
    pub certificate_days: Vec<i64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            confirm_walks: 5,
            confirm_bad: 3,
            confirm_within: Duration::from_secs(120),
            good_again: 2,
            // Three outages.
            unstable_changes: 6,
            unstable_within: Duration::from_secs(3600),
            certificate_days: vec![30, 14, 7],
        }
    }
}

impl Rules {
    /// As an inventory has them.
    #[must_use]
    pub fn of(settings: &WatchSettings) -> Self {
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX).max(1);
        Self {
            confirm_walks: number(settings.walks),
            confirm_bad: number(settings.bad),
            confirm_within: settings.within,
            good_again: number(settings.good_again),
            unstable_changes: number(settings.unstable_changes),
            unstable_within: settings.unstable_within,
            ..Self::default()
        }
    }

    /// Walks that a machine remembers: more than are counted, so that the cause of what is
    /// unstable is among them.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.confirm_walks.max(self.good_again).max(20)
    }
}
