//! What an operator may choose about confirming, muting, telling and keeping.

use std::time::Duration;

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
    /// Walks in which changes are counted.
    pub unstable_walks: usize,
    /// Changes of the walk's state among them that make a target unstable.
    pub unstable_changes: usize,
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
            // Three outages within twenty walks.
            unstable_walks: 20,
            unstable_changes: 6,
            certificate_days: vec![30, 14, 7],
        }
    }
}

impl Rules {
    /// What makes no sense together.
    ///
    /// # Errors
    ///
    /// Says which setting, in words for the operator.
    pub fn check(&self) -> Result<(), String> {
        if self.confirm_bad == 0 || self.confirm_bad > self.confirm_walks {
            return Err("confirm: broken is between 1 and walks".to_owned());
        }
        if self.confirm_walks > 100 || self.unstable_walks > 1000 {
            return Err("confirm and unstable: at most 100 and 1000 walks".to_owned());
        }
        if self.good_again == 0 || self.good_again > 100 {
            return Err("good_again is between 1 and 100".to_owned());
        }
        if self.unstable_changes < 3 || self.unstable_changes >= self.unstable_walks {
            return Err("unstable: changes is at least 3 and below walks".to_owned());
        }
        if self.certificate_days.iter().any(|days| *days < 0) {
            return Err("certificate_days: days are not negative".to_owned());
        }
        Ok(())
    }

    /// Walks that a machine remembers.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.confirm_walks.max(self.unstable_walks).max(self.good_again)
    }
}
