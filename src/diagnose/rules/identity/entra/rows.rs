//! The rows: one a finding, data alone. A number is in one row.

mod application;
mod federation;
mod policy;
mod request;
mod user;

pub(super) use request::BY_ERROR;

use super::{Row, Without};
use crate::diagnose::rules::joined;
use crate::diagnose::{Check, Rule};

/// One rule a row.
pub(in crate::diagnose::rules::identity) const RULES: &[Rule] =
    &joined::<
        {
            application::RULES.len()
                + federation::RULES.len()
                + policy::RULES.len()
                + user::RULES.len()
                + request::RULES.len()
        },
    >(&[application::RULES, federation::RULES, policy::RULES, user::RULES, request::RULES]);

/// Every row with the id of its finding.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Row)> {
    RULES.iter().filter_map(|rule| match rule.check {
        Check::Entra(row) => Some((rule.id, row)),
        _ => None,
    })
}

/// The row that has this number.
pub(super) fn of_number(number: u32) -> Option<(&'static str, &'static Row)> {
    all().find(|(_, row)| row.meaning(number).is_some())
}

/// The row of answers without such a number.
pub(super) fn without(what: Without) -> Option<(&'static str, &'static Row)> {
    all().find(|(_, row)| row.without == Some(what))
}
