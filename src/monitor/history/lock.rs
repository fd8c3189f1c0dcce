//! One writer a file: a lock beside it, which ends with the process, however that ends.
//!
//! It is a file of its own. SQLite's locks are on the database itself, and POSIX gives those up
//! as soon as a process closes any handle of that file.

use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::file::{OpenError, words};
use crate::files;

/// Most octets of a lock's file that are read: the number of a process.
const NUMBER: u64 = 20;

/// The lock, held as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of this history.
    ///
    /// # Errors
    ///
    /// Another process holds it; or the file cannot be made.
    pub(super) fn take(history: &Path) -> Result<Self, OpenError> {
        let path = beside(history);
        let unavailable = |error: std::io::Error| OpenError::Unavailable(words(&error));
        loop {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
            let file = options.open(&path).map_err(unavailable)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(holder(&file))),
                Err(TryLockError::Error(error)) => return Err(unavailable(error)),
            }
            let mut lock = Self { file, path: path.clone() };
            if lock.is_there() {
                lock.sign();
                return Ok(lock);
            }
            // Taken away between opening and locking: another one may hold the new file.
        }
    }

    /// Whether the file that is locked is still the one of that name.
    pub(super) fn is_there(&self) -> bool {
        let of = |about: std::io::Result<fs::Metadata>| about.ok().map(|about| identity(&about));
        let held = of(self.file.metadata());
        held.is_some() && held == of(fs::metadata(&self.path))
    }

    /// Says who holds it. A disk that is full has no room for that, which does no harm.
    fn sign(&mut self) {
        let number = std::process::id().to_string();
        let _ = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(number.as_bytes()));
    }
}

/// The number of the process that holds it, as it wrote it there.
fn holder(file: &File) -> Option<u32> {
    let bytes = files::first(file, NUMBER).ok()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// `history.db.lock`; two links to one file have one lock.
fn beside(history: &Path) -> PathBuf {
    let real = fs::canonicalize(history).unwrap_or_else(|_| history.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    PathBuf::from(name)
}

/// Device and number of a file.
#[cfg(unix)]
pub(super) fn identity(about: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

/// Elsewhere a file that is open cannot be taken away.
#[cfg(not(unix))]
pub(super) fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}
