//! The inventory, read again while walks go on.

use crate::files::words;
use crate::{blocking, panics};

/// What `read` gives, on a thread of its own: a file may be on a server that is away. May not use
/// the network.
///
/// # Errors
///
/// Those of `read`; also a lack of threads and a bug of ours, neither of which may end a monitor.
pub(super) async fn again<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match panics::caught_in(blocking::apart("reading", read)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(format!("no thread to read it: {}", words(&error))),
        Err(bug) => Err(format!("{bug} ended the reading")),
    }
}
