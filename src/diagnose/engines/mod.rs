//! Rules that differ from each other only in data: one engine per kind, which reads the rows of a
//! table.

pub(in crate::diagnose) mod documented_refusal;
pub(in crate::diagnose) mod limit;
pub(in crate::diagnose) mod network_refusal;
pub(in crate::diagnose) mod no_answer;
pub(in crate::diagnose) mod proxy_connection;
pub(in crate::diagnose) mod proxy_refusal;
pub(in crate::diagnose) mod slow;
