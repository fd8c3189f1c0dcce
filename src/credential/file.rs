//! A key or token from a file or from standard input.

use std::time::Duration;

use zeroize::Zeroizing;

use super::CredentialError;
use crate::blocking;
use crate::evidence::text::clean;
use crate::files::{self, May};
use crate::secret::looks_like_a_key;
use crate::wire::words;

/// The largest key or token file that is read, in octets.
const LIMIT: u64 = 64 << 10;

/// The file's text, and its mode in octal when others may read it. `-` is standard input.
/// A pipe is read to its end, for `patience` at most. `option` is what named it.
pub(super) fn read(
    option: &'static str,
    path: &str,
    patience: Duration,
) -> Result<(Zeroizing<String>, Option<String>), CredentialError> {
    let (octets, mode) = read_octets(option, path, patience)?;
    let text = std::str::from_utf8(&octets).map_err(|_| failed(option, path, "is not text"))?;
    Ok((Zeroizing::new(text.to_owned()), mode))
}

fn failed(option: &'static str, path: &str, says: &str) -> CredentialError {
    CredentialError::File {
        option,
        path: match path {
            "" => "\"\"".to_owned(),
            key if looks_like_a_key(key) => "<not shown: it looks like a key>".to_owned(),
            path => clean(path, 300),
        },
        says: says.to_owned(),
    }
}

/// The file's octets; else as [`read`].
fn read_octets(
    option: &'static str,
    path: &str,
    patience: Duration,
) -> Result<(Zeroizing<Vec<u8>>, Option<String>), CredentialError> {
    let fail = |says: &str| failed(option, path, says);
    let from = path.to_owned();
    let (octets, mode) = blocking::within("input", patience, move || octets(&from))
        .map_err(|_| fail("no end of it within the deadline: what writes into it?"))?
        .map_err(|says| fail(&says))?;
    if octets.len() as u64 >= LIMIT {
        return Err(fail("is larger than 64 KiB, so no key or token"));
    }
    Ok((octets, mode))
}

/// The text of [`read`], on a thread of its own: a file may be a pipe, or on a server that is
/// away, and the walk goes on beside it.
pub(super) async fn read_beside(
    option: &'static str,
    path: &str,
    patience: Duration,
) -> Result<Zeroizing<String>, String> {
    let path = path.to_owned();
    beside(move || read(option, &path, patience).map(|(text, _)| text)).await
}

/// The same of octets.
pub(super) async fn read_octets_beside(
    option: &'static str,
    path: &str,
    patience: Duration,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let path = path.to_owned();
    beside(move || read_octets(option, &path, patience).map(|(octets, _)| octets)).await
}

async fn beside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, CredentialError> + Send + 'static,
) -> Result<T, String> {
    blocking::apart("file", read).await.map_err(|e| words(&e))?.map_err(|e| e.to_string())
}

fn octets(path: &str) -> Result<(Zeroizing<Vec<u8>>, Option<String>), String> {
    let fail = |error: std::io::Error| words(&error);
    // One allocation: a vector that grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(LIMIT as usize + 64));
    if path == "-" {
        files::fill(&mut octets, std::io::stdin(), LIMIT).map_err(fail)?;
        return Ok((octets, None));
    }
    let file = files::open(path, May::BeAnything).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if metadata.is_dir() {
        return Err("is a directory".to_owned());
    }
    files::fill(&mut octets, file, LIMIT).map_err(fail)?;
    Ok((octets, open_mode(&metadata)))
}

/// The mode in octal, when the group or others have a right to the file.
#[cfg(unix)]
fn open_mode(metadata: &std::fs::Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o7777;
    (metadata.is_file() && mode & 0o077 != 0).then(|| format!("{mode:04o}"))
}

#[cfg(not(unix))]
const fn open_mode(_: &std::fs::Metadata) -> Option<String> {
    None
}
