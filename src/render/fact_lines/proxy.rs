//! The proxy, as far as its tunnel.

use super::tcp::failed;
use super::{Fact, Mark, dns, not_done, text};
use crate::evidence::proxy::ProxyHop;
use crate::evidence::{Expect, Observed};

/// The proxy and its tunnel, or where it fails.
#[must_use]
pub fn proxy(observed: &Observed<ProxyHop>) -> Fact {
    let Observed::Done { value, took_ms, .. } = observed else {
        return not_done(observed);
    };
    let took = Some(*took_ms);
    let text = |message: &str| format!("{}: {message}", value.url);
    if let Some(outcome) = value.connect.value() {
        let mark = if value.tunnel_stands() { Mark::Works } else { Mark::Breaks };
        return Fact::new(mark, text(&text::connect(outcome)), took);
    }
    if let Some(tcp) = value.tcp.value().filter(|tcp| tcp.selected.is_none()) {
        let message = tcp.attempts.first().map_or_else(|| "no address".to_owned(), failed);
        return Fact::new(Mark::Breaks, text(&message), took);
    }
    if let Some(name) = value.dns.value().filter(|name| name.effective().is_empty()) {
        let name = dns(name, &Expect::Any);
        return Fact { text: text(&name.text), brief: None, took_ms: took, ..name };
    }
    let mark = match value.connect {
        Observed::NotReached { .. } => Mark::Breaks,
        _ => Mark::NotDone,
    };
    Fact::new(mark, text(&text::not_done(&value.connect).unwrap_or_default()), took)
}
