//! How the connection to the proxy failed; read by the three rules on it.

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::tcp::attempts::{self, Failed};
use crate::diagnose::{Because, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Evidence;
use crate::evidence::proxy::ProxyHop;

use super::exempt;

/// The proxy and the failure of its own connections.
pub(super) fn failed(e: &Evidence) -> Option<(&ProxyHop, Failed<'_>)> {
    let hop = e.proxy.saw()?;
    let counting = hop.dns.saw().map(|dns| dns.effective()).unwrap_or_default();
    Some((hop, attempts::failed(hop.tcp.saw()?, &counting)?))
}

/// Which variable or option puts the proxy in the way.
pub(super) fn put_by(e: &Evidence) -> String {
    use crate::evidence::vantage::ProxyReason as Reason;
    match &e.vantage.proxy.reason {
        Reason::Variable { name } => format!("set by {name}"),
        Reason::OptionUrl => "set by --proxy".to_owned(),
        Reason::NotConfigured | Reason::OptionNone | Reason::Exempted { .. } => {
            "in the way of this target".to_owned()
        }
    }
}

/// A broken connection to the proxy with the facts of every attempt, and the way around it.
pub(super) fn broken(
    e: &Evidence,
    hop: &ProxyHop,
    failed: &Failed<'_>,
    sure: Sure,
    says: impl Into<Clause>,
) -> Because {
    let mut because = Because::new(Level::Broken, sure, says)
        .seen(format!("proxy {}, {}", hop.url, put_by(e)))
        .read_at("/vantage/proxy");
    for placed in &failed.all {
        because = because
            .seen(attempts::words(e, placed.attempt))
            .read_at(format!("/proxy/saw/tcp/saw/attempts/{}", placed.index));
    }
    exempt::way_around(
        because
            .ruled_out(format!("{}: nothing was asked of it", e.target.host))
            .owner(exempt::owner(e)),
        e,
    )
    .check(reading::again(e))
}
