//! The questions, by hop.

pub(super) mod changes;
mod connection;
mod dns;
mod http;
mod identity;
mod obstacle;
mod tcp;
mod whose;

use super::{Witness, commands};

/// Every question.
pub(super) fn all() -> impl Iterator<Item = &'static Witness> {
    [dns::WITNESSES, tcp::WITNESSES, http::WITNESSES, identity::WITNESSES].into_iter().flatten()
}
