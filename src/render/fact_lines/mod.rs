//! The most important fact of each hop, for its line during the walk and in the report.

mod dns;
mod http;
mod identity;
mod proxy;
mod tcp;
mod tls;
mod vantage;

pub use super::fact::Fact;
use super::progress::Mark;
use super::text;
use crate::evidence::Observed;
pub use dns::{dns, target_dns};
pub use http::http;
pub use identity::identity;
pub use proxy::proxy;
pub(super) use tcp::endpoint;
pub use tcp::{target_tcp, tcp};
pub use tls::tls;
pub use vantage::vantage;

/// Addresses, attempts or answers listed at most, without `-v`.
const MAX_LISTED: usize = 3;

/// A hop that was not walked, and why.
fn not_done<T>(observed: &Observed<T>) -> Fact {
    let text = match observed {
        // The lines above show where the walk ended.
        Observed::NotReached { .. } => "not reached".to_owned(),
        other => text::not_done(other).unwrap_or_default(),
    };
    Fact::new(Mark::NotDone, text, None)
}
