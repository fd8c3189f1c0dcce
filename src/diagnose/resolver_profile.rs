//! What follows from the class of a resolver: who owns it, where it is configured, and why it
//! may not see a private zone. Data alone; `{r}`, `{suffix}`, `{zone}` and `{name}` are filled in.

mod machines;
mod networks;
mod shared;

use super::resolver_class::ResolverClass;

/// A class's row.
pub struct Profile {
    /// The class that it is about.
    class: ResolverClass,
    /// The team that runs it, or chose it.
    pub owner: &'static str,
    /// What it is, after "is".
    pub noun: &'static str,
    /// Where what it asks is configured; none where this side cannot change it.
    pub place: Option<&'static str>,
    /// Commands that show its configuration.
    pub look: &'static [Advice],
    /// How to see that it runs, and have it run.
    pub runs: &'static [Advice],
    /// Why it gives a public address where a private one exists.
    pub why_public: &'static [&'static str],
    /// What to do then, the likeliest first.
    pub see_private: &'static [Advice],
}

/// A step before its names are filled in.
#[derive(Debug, Clone, Copy)]
pub enum Advice {
    /// Only reads.
    Look(&'static str, Option<&'static str>),
    /// Changes this machine alone: text, command, way back.
    Local(&'static str, Option<&'static str>, &'static str),
    /// Changes what others use too: text, what it affects, command, way back.
    Shared(&'static str, &'static str, Option<&'static str>, &'static str),
}

/// A class's row.
#[must_use]
pub fn of(class: ResolverClass) -> &'static Profile {
    let mut rows = networks::PROFILES.iter().chain(machines::PROFILES);
    rows.find(|row| row.class == class).unwrap_or(&networks::ON_PREMISES)
}

#[cfg(test)]
mod tests {
    use super::Advice::{Local, Look, Shared};
    use super::*;
    use crate::diagnose::resolver_class::ResolverClass::{OnPremises, VirtualNetwork};

    fn all() -> impl Iterator<Item = &'static Profile> {
        networks::PROFILES.iter().chain(machines::PROFILES)
    }

    #[test]
    fn every_class_has_one_row() {
        for class in ResolverClass::ALL {
            let rows = all().filter(|row| row.class == class).count();
            assert_eq!(rows, 1, "{class:?}");
        }
    }

    #[test]
    fn no_advice_administers_what_no_operator_can() {
        for row in all() {
            let public = row.class.is_public();
            assert_eq!(row.place.is_none(), public, "{:?}", row.class);
            for advice in row.see_private.iter().chain(row.runs).chain(row.look) {
                let (Look(text, _) | Local(text, ..) | Shared(text, ..)) = advice;
                let links = text.contains("link the virtual network") || text.contains("link this");
                let outside = row.class.is_outside();
                assert!(!(links && outside), "{:?}: {text}", row.class);
                let here = [OnPremises, VirtualNetwork].contains(&row.class);
                assert!(here || !text.contains("on {r}"), "{:?}: {text}", row.class);
            }
        }
    }
}
