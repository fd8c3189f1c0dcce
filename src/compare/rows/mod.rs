//! Every fact that is compared, as rows: what, how it is read, when two readings count as equal.
//!
//! What is not here is noise, or follows from a row: ids of requests and of connections, dates,
//! TTLs, serial numbers, counts of packets and bytes, the order of sets, the options that repeat a
//! walk. `tests/it/compare/noise.rs` lists those fields with the reason.

mod azure;
mod dns;
mod experiments;
mod http;
mod identity;
mod proxy;
mod target;
mod tcp;
mod tls;
mod vantage;
mod verdict;

use super::row::Row;

pub(super) use identity::asked;
pub(super) use vantage::{clock_ahead_s, towards};

/// The rows of each part, in the order of `comparison::PARTS`.
pub(super) const ROWS: &[&[Row]] = &[
    target::ROWS,
    vantage::ROWS,
    dns::ROWS,
    tcp::ROWS,
    proxy::ROWS,
    tls::ROWS,
    identity::ROWS,
    http::ROWS,
    azure::ROWS,
    experiments::ROWS,
    verdict::ROWS,
];
