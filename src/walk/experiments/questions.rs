//! Questions to the resolvers beside the walk's own.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::Context;
use super::{Ask, Entry, Symptom, Tier, millis};
use crate::evidence::experiment::TriedQuestion;
use crate::wire::dns::{self, Kind};

/// The experiments on names.
pub(super) const ENTRIES: &[Entry] = &[Entry {
    id: "root-servers",
    question: "does the resolver answer a question that every forwarder can answer (NS of the root)?",
    proves: &[("dns-resolver-silent", "the root's name servers are not told either")],
    packets: 1,
    tier: Tier::Default,
    due: &[Symptom::ResolverSilent],
    asks: |_| vec![Ask::Question { name: ".".to_owned(), kind: Kind::Ns, over_tcp: false }],
}];

/// Puts one question; ends within `timeout`.
pub(super) async fn ask(
    context: &Context<'_>,
    id: &'static str,
    server: SocketAddr,
    name: &str,
    kind: Kind,
    over_tcp: bool,
    timeout: Duration,
) -> TriedQuestion {
    let started = context.since.elapsed();
    let exchange = match over_tcp {
        false => dns::once(server, name, kind, timeout).await,
        true => dns::over_tcp(server, name, kind, timeout).await,
    };
    TriedQuestion {
        id: id.to_owned(),
        resolver: server,
        started_ms: millis(started),
        took_ms: millis(context.since.elapsed().saturating_sub(started)),
        exchange,
    }
}
