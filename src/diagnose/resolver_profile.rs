//! The advice for each class of resolver: its owner, where it is configured, and why it may not see
//! a private zone. Only data; `{r}`, `{suffix}`, `{zone}` and `{name}` are filled in.

mod clouds;
mod machines;
mod networks;
mod shared;

use super::resolver_class::ResolverClass;

/// The row of a class.
pub struct Profile {
    /// The class.
    class: ResolverClass,
    /// The team that runs it or selected it.
    pub owner: &'static str,
    /// What it is, to follow "is".
    pub noun: &'static str,
    /// Where its upstreams are configured; `None` where the operator cannot change them.
    pub place: Option<&'static str>,
    /// Commands that show its configuration.
    pub look: &'static [Advice],
    /// How to see whether it runs, and how to start it.
    pub runs: &'static [Advice],
    /// Why it gives a public address where a private one exists.
    pub why_public: &'static [&'static str],
    /// What to do about that, the likeliest first.
    pub see_private: &'static [Advice],
}

/// A step before its names are filled in.
#[derive(Debug, Clone, Copy)]
pub enum Advice {
    /// Read-only: text, command.
    Look(&'static str, Option<&'static str>),
    /// The same on another machine, which the text names.
    There(&'static str, Option<&'static str>),
    /// Changes only this machine: text, command, undo.
    Local(&'static str, Option<&'static str>, &'static str),
    /// Changes what others use too: text, what it affects, command, undo.
    Shared(&'static str, &'static str, Option<&'static str>, &'static str),
    /// An alternative to the step before it.
    Or(&'static Advice),
}

fn all() -> impl Iterator<Item = &'static Profile> {
    networks::PROFILES.iter().chain(machines::PROFILES).chain(clouds::PROFILES)
}

/// The row of a class.
#[must_use]
pub fn of(class: ResolverClass) -> &'static Profile {
    all().find(|row| row.class == class).unwrap_or(&networks::ON_PREMISES)
}

#[cfg(test)]
mod tests {
    use super::Advice::{Local, Look, Or, Shared, There};
    use super::*;
    use crate::diagnose::resolver_class::ResolverClass::{OnPremises, VirtualNetwork};

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
                let advice = if let Or(other) = advice { *other } else { advice };
                let (Look(text, _) | There(text, _) | Local(text, ..) | Shared(text, ..)) = advice
                else {
                    panic!("an alternative of an alternative: {advice:?}");
                };
                let links = text.contains("link the virtual network") || text.contains("link this");
                let outside = row.class.is_outside();
                assert!(!(links && outside), "{:?}: {text}", row.class);
                let here = [OnPremises, VirtualNetwork].contains(&row.class);
                assert!(here || !text.contains("on {r}"), "{:?}: {text}", row.class);
            }
        }
    }
}
