//! Environment variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sorting;

/// Environment variables. Some hold secrets: no value of it is ever printed.
#[derive(Default, Clone)]
pub struct Environment(Arc<BTreeMap<String, zeroize::Zeroizing<String>>>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// From pairs of name and value.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name, value.into()));
        Self(Arc::new(sorting::map(pairs)))
    }

    /// A variable's value; an empty one is treated as not set, as by most SDKs.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.trim().is_empty())
    }

    /// A variable's value, also an empty one. On Windows capitals and small letters are the same in
    /// a name.
    fn value(&self, name: &str) -> Option<&str> {
        let found = match self.0.get(name) {
            None if cfg!(windows) => {
                let mut all = self.0.iter();
                all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            exact => exact,
        };
        found.map(|value| value.as_str())
    }

    /// Whether a variable is set and holds nothing, or blanks alone: what was to fill it did not,
    /// and not every SDK counts it as not set (fact I2a).
    #[must_use]
    pub fn is_empty(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value.trim().is_empty())
    }

    /// The same with `name` in the place of `instead`, which an inventory names for one target.
    #[must_use]
    pub fn with_renamed(&self, name: &str, instead: &str) -> Self {
        let mut pairs = (*self.0).clone();
        match pairs.get(name).cloned() {
            Some(value) => pairs.insert(instead.to_owned(), value),
            None => pairs.remove(instead),
        };
        Self(Arc::new(pairs))
    }

    /// Whether a variable is set under just this spelling of its name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
