//! The rules by which walks become incidents.

use std::time::Duration;

use crate::inventory::{CERTIFICATE_DAYS, WatchSettings};

/// When walks become a confirmed condition. The defaults are those of [`WatchSettings`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Number of last walks that are considered.
    pub confirm_walks: usize,
    /// Bad walks among them that confirm a bad state.
    pub confirm_bad: usize,
    /// Two or more bad walks in a row over this time confirm it too.
    pub confirm_within: Duration,
    /// Good walks in a row that end an incident.
    pub good_again: usize,
    /// Changes of state from walk to walk that make a target unstable,
    pub unstable_changes: usize,
    /// within this time. After a quarter of it without a change the target is steady again.
    pub unstable_within: Duration,
    /// Days before its end at which a certificate is reported, once each, in descending order.
    pub certificate_days: Vec<i64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self::of(&WatchSettings::default())
    }
}

impl Rules {
    /// Those of an inventory.
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
            certificate_days: CERTIFICATE_DAYS.to_vec(),
        }
    }

    /// Walks that a target's state keeps: more than are counted, so that the cause of instability is
    /// among them.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.confirm_walks.max(self.good_again).max(20)
    }
}
