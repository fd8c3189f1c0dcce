//! A key or token from a file or from standard input.

use std::time::Duration;

use zeroize::Zeroizing;

use super::CredentialError;
use crate::blocking;
use crate::evidence::text::clean;
use crate::files::{self, May};
use crate::secret::looks_like_a_key;
use crate::wire::words;

/// The largest key or token file that is read, in bytes.
const LIMIT: u64 = 64 << 10;

/// The file's text, and who else may read it: its mode in octal, or groups of Windows. `-` is standard
/// input. A pipe is read to its end, for `timeout` at most. `option` is what named it.
pub(super) fn read(
    option: &'static str,
    path: &str,
    timeout: Duration,
) -> Result<(Zeroizing<String>, Option<String>), CredentialError> {
    let (bytes, mode) = read_bytes(option, path, timeout)?;
    if files::is_utf_16(&bytes) {
        return Err(failed(option, path, files::UTF_16));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| failed(option, path, "is not text"))?;
    Ok((Zeroizing::new(text.to_owned()), mode))
}

fn failed(option: &'static str, path: &str, why: &str) -> CredentialError {
    CredentialError::File {
        option,
        path: match path {
            "" => "\"\"".to_owned(),
            key if looks_like_a_key(key) => "<not shown: it looks like a key>".to_owned(),
            path => clean(path, 300),
        },
        why: why.to_owned(),
    }
}

/// The file's bytes; otherwise like [`read`].
fn read_bytes(
    option: &'static str,
    path: &str,
    timeout: Duration,
) -> Result<(Zeroizing<Vec<u8>>, Option<String>), CredentialError> {
    let fail = |why: &str| failed(option, path, why);
    let from = path.to_owned();
    let (bytes, mode) = blocking::run_with_timeout(timeout, move || content(&from))
        .map_err(|_| fail("was not closed by its writer within the deadline"))?
        .map_err(|why| fail(&why))?;
    if bytes.len() as u64 >= LIMIT {
        return Err(fail("is larger than 64 KiB, so it is not a key or token"));
    }
    Ok((bytes, mode))
}

/// The text of [`read`], on a thread of its own: a file may be a pipe, or on a server that does not
/// answer, and the walk goes on meanwhile.
pub(super) async fn read_blocking(
    option: &'static str,
    path: &str,
    timeout: Duration,
) -> Result<Zeroizing<String>, String> {
    let path = path.to_owned();
    off_thread(move || read(option, &path, timeout).map(|(text, _)| text)).await
}

/// Like [`read_blocking`], as bytes.
pub(super) async fn read_bytes_blocking(
    option: &'static str,
    path: &str,
    timeout: Duration,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let path = path.to_owned();
    off_thread(move || read_bytes(option, &path, timeout).map(|(bytes, _)| bytes)).await
}

async fn off_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, CredentialError> + Send + 'static,
) -> Result<T, String> {
    blocking::run_blocking(read).await.map_err(|e| words(&e))?.map_err(|e| e.to_string())
}

fn content(path: &str) -> Result<(Zeroizing<Vec<u8>>, Option<String>), String> {
    let fail = |error: std::io::Error| words(&error);
    // One allocation: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 64));
    if path == "-" {
        files::fill(&mut bytes, std::io::stdin(), LIMIT).map_err(fail)?;
        return Ok((bytes, None));
    }
    let file = files::open(path, May::BeAnything).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    files::fill(&mut bytes, file, LIMIT).map_err(fail)?;
    Ok((bytes, open_to(path, &metadata)))
}

/// The mode in octal, when the group or others have a right to the file.
#[cfg(unix)]
fn open_to(_: &str, metadata: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (metadata.is_file() && mode & 0o077 != 0).then(|| format!("{mode:04o}"))
}

/// The groups of all users that may read the file.
#[cfg(windows)]
fn open_to(path: &str, metadata: &std::fs::Metadata) -> Option<String> {
    let groups = crate::platform::open_to(std::path::Path::new(path));
    (metadata.is_file() && !groups.is_empty()).then(|| groups.join(", "))
}
