//! A key or token from a file or from standard input.

use std::io::Read;

use zeroize::Zeroizing;

use super::CredentialError;
use crate::wire::words;

/// The largest key or token file that is read, in octets.
const LIMIT: u64 = 64 << 10;

/// The file's text, and its mode in octal when others may read it. `-` is standard input.
#[expect(clippy::disallowed_methods, reason = "the user named this file; it is read with a limit")]
pub(super) fn read(path: &str) -> Result<(Zeroizing<String>, Option<String>), CredentialError> {
    let fail = |says: String| CredentialError::File { path: path.to_owned(), says };
    let mut octets = Zeroizing::new(Vec::new());
    let mode = if path == "-" {
        std::io::stdin().take(LIMIT).read_to_end(&mut octets).map_err(|e| fail(words(&e)))?;
        None
    } else {
        let file = std::fs::File::open(path).map_err(|e| fail(words(&e)))?;
        let metadata = file.metadata().map_err(|e| fail(words(&e)))?;
        if metadata.is_dir() {
            return Err(fail("is a directory".to_owned()));
        }
        file.take(LIMIT).read_to_end(&mut octets).map_err(|e| fail(words(&e)))?;
        open_mode(&metadata)
    };
    if octets.len() as u64 == LIMIT {
        return Err(fail("is larger than 64 KiB, so no key or token".to_owned()));
    }
    let text = std::str::from_utf8(&octets).map_err(|_| fail("is not text".to_owned()))?;
    Ok((Zeroizing::new(text.to_owned()), mode))
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
