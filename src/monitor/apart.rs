//! Work that may wait for a slow file, on a thread of its own. May not use the network.

use crate::wire::words;

/// Does `work` on a thread of its own, beside the loop that asks for it.
///
/// # Errors
///
/// Those of `work`; and where the system has no thread, which must not end a monitor.
pub(super) fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> impl Future<Output = Result<T, String>> + 'static {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("reading".to_owned())
        .spawn(move || drop(tell.send(work())));
    async move {
        thread.map_err(|error| format!("no thread to read it: {}", words(&error)))?;
        told.await.unwrap_or_else(|_| Err("a bug of ours ended the reading".to_owned()))
    }
}
