//! Where bytes go on the direct path: connections to addresses of the target.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::context::Context;
use crate::evidence::tcp::TcpAttempt;
use crate::panics::{self, Bug};
use crate::wire::connect::{self, Connection};
use crate::wire::session::Verified;

/// A connection to an address of the target. Where many walks connect to one address at once, its
/// time begins when the limiter admits it.
pub(super) async fn connect(
    context: &Context<'_>,
    address: IpAddr,
) -> (TcpAttempt, Option<Connection>) {
    let (logical, to) = context.connect_to(address);
    let connecting = context.connect(logical, to);
    match &context.world.peer_limiter {
        Some(limiter) => limiter.run(to.ip(), connecting).await,
        None => connecting.await,
    }
}

/// A connection that nothing waits for once the walk has ended.
pub(super) type Detached = JoinHandle<Option<TcpAttempt>>;

/// A connection, or the bug that ended the task that opened it.
type Opened = Result<(TcpAttempt, Option<Connection>), Bug>;

/// The same on a task of its own, which runs to its end also when the walk no longer waits for
/// it: an address that never answers makes tokens slow for clients that try it first. The task
/// returns the attempt if the walk had ended before it.
pub(super) fn connect_detached(
    context: &Context<'_>,
    address: IpAddr,
) -> (oneshot::Receiver<Opened>, Detached) {
    let (logical, to) = context.connect_to(address);
    let connecting = connect::connect(logical, to, None, context.since, context.hop_timeout());
    let (report, done) = oneshot::channel();
    let task = tokio::spawn(async move {
        match report.send(panics::caught_in(connecting).await) {
            Ok(()) => None,
            Err(Ok((attempt, _))) => Some(attempt),
            Err(Err(bug)) => panics::pass_on(bug),
        }
    });
    (done, task)
}

/// A second session to an address, where a server ends the first one after an answer.
pub(super) async fn reopen_session(context: &Context<'_>, address: IpAddr) -> Option<Verified> {
    let (logical, to) = context.connect_to(address);
    let (_, connection) = context.connect(logical, to).await;
    let (route, socket) = connection?.into_route();
    context.extra_sockets.borrow_mut().push(Arc::clone(&socket));
    context.handshake(route, Some(&socket)).await.1
}
