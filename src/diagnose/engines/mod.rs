//! Rules that differ from each other only in data: one engine a kind, which reads rows of a table.

pub(in crate::diagnose) mod limit;
pub(in crate::diagnose) mod slow;
