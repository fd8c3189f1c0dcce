//! Reading the inventory again while walks continue.

use crate::files::words;
use crate::{blocking, panics};

/// Runs `read` on a thread of its own, since a file may be on a server that does not answer. It may
/// not use the network.
///
/// # Errors
///
/// Those of `read`; also a thread that cannot be started and a panic, neither of which may end a
/// monitor.
pub(super) async fn read_inventory<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match panics::caught_in(blocking::run_blocking(read)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(format!("a thread to read it cannot be started: {}", words(&error))),
        Err(bug) => Err(format!("{bug} ended the reading")),
    }
}
