//! One writer per file: a lock next to it, which ends with the process, however that ends.
//!
//! It is a file of its own: SQLite's locks are on the database itself, and POSIX releases those as
//! soon as a process closes any handle of that file.

use std::fs::{self, File, TryLockError};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use super::file::{OpenError, words};
use crate::files;

/// Size that is read of a lock file, which contains a process id, in bytes.
const MAX_LOCK_FILE: u64 = 20;

/// The lock, held until it is dropped.
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
    /// Another process holds it, or the file cannot be created.
    pub(super) fn take(history: &Path) -> Result<Self, OpenError> {
        let path = lock_path(history);
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
                lock.write_process_id();
                return Ok(lock);
            }
            // Deleted between opening and locking: another process may hold a new file.
        }
    }

    /// Whether the locked file still has its name.
    pub(super) fn is_there(&self) -> bool {
        let of = |about: std::io::Result<fs::Metadata>| about.ok().map(|about| identity(&about));
        let held = of(self.file.metadata());
        held.is_some() && held == of(fs::metadata(&self.path))
    }

    /// Writes the process id into it. If the disk is full it stays empty, which does no harm.
    fn write_process_id(&mut self) {
        let number = std::process::id().to_string();
        let _ = self
            .file
            .rewind()
            .and_then(|()| self.file.set_len(0))
            .and_then(|()| self.file.write_all(number.as_bytes()));
    }
}

/// The process id that its holder has written.
fn holder(file: &File) -> Option<u32> {
    let bytes = files::first(file, MAX_LOCK_FILE).ok()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

/// `history.db.lock`; links to one file share one lock.
fn lock_path(history: &Path) -> PathBuf {
    let real = fs::canonicalize(history).unwrap_or_else(|_| history.to_owned());
    let mut name = real.into_os_string();
    name.push(".lock");
    PathBuf::from(name)
}

/// Device and inode of a file.
#[cfg(unix)]
pub(super) fn identity(about: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

/// On other systems an open file cannot be deleted.
#[cfg(not(unix))]
pub(super) fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}
