//! The walk: the order of the hops, what runs concurrently, and nothing else.
//!
//! `walk` cannot fail: what the network does is evidence. It draws no conclusion. `machine` decides
//! what is done next on the direct path, `driver` does it, `direct` and `proxied` know where bytes
//! go, `exchange` what a session is for, `token` how a token is acquired; `hops` makes one
//! piece of evidence of all of it.

pub mod azure;
pub mod calls;
pub mod contacts;
pub mod experiments;
pub mod plan;
pub mod proxy_choice;

mod context;
mod direct;
mod driver;
mod exchange;
mod hops;
mod ledger;
mod lookup;
mod machine;
mod proxied;
mod proxy_script;
mod token;
mod unfinished;
mod vantage;

pub use unfinished::{Seen, unfinished};

use std::time::Instant;

use crate::credential::Credential;
use crate::evidence::Evidence;
use crate::evidence::dns::DnsHop;
use crate::evidence::http::HttpHop;
use crate::evidence::proxy::ProxyHop;
use crate::evidence::tcp::TcpHop;
use crate::evidence::tls::TlsHop;
use crate::target::Target;
use crate::world::World;

use context::WalkKind;
use exchange::TargetCalls;
use hops::{Start, walk_to};
use plan::Plan;

/// A hop that has just finished, for the caller's progress output.
#[derive(Debug, Clone, Copy)]
pub enum HopDone<'a> {
    /// The name's first usable answer is known.
    Dns(&'a DnsHop, f64),
    /// The proxy answered, or did not.
    Proxy(&'a ProxyHop, f64),
    /// Connections.
    Tcp(&'a TcpHop, f64),
    /// The handshake.
    Tls(&'a TlsHop, f64),
    /// The calls.
    Http(&'a HttpHop, f64),
}

/// Walks the path to `target`.
pub async fn walk(
    target: &Target,
    plan: &Plan,
    world: &World,
    credential: &Credential,
    observe: &dyn Fn(HopDone<'_>),
) -> Evidence {
    let since = Instant::now();
    let kind = WalkKind::Primary;
    let start = Start { target, plan, world, credential, observe, since, kind };
    // Compared with a privatelink name: the name that applications must use, to TLS only. Compared
    // with a gateway: the host behind it, to its answer to a call without a credential: whose the
    // credential is, the gateway's or the account's, is not known here.
    let original = target.original();
    let of_backend = plan.of_backend();
    let (other, other_plan) = match (&original, &plan.backend) {
        (Some(original), _) => (original, plan),
        (None, Some(backend)) => (backend, &of_backend),
        (None, None) => return walk_to(start, &TargetCalls).await.evidence,
    };
    let reference = Start {
        target: other,
        plan: other_plan,
        credential: &Credential::none(),
        observe: &|_| {},
        kind: WalkKind::Reference,
        ..start
    };
    let (primary, reference) =
        futures_util::join!(walk_to(start, &TargetCalls), walk_to(reference, &TargetCalls));
    let (mut evidence, reference) = (primary.evidence, reference.evidence);
    evidence.cost.add(&reference.cost);
    evidence.cost.took_ms = evidence.cost.took_ms.max(reference.cost.took_ms);
    match original.is_some() {
        true => evidence.original = Some(Box::new(reference)),
        false => evidence.backend = Some(Box::new(reference)),
    }
    evidence
}
