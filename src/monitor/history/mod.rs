//! Walks and incidents in a file: SQLite, with one writer and any number of readers.
//!
//! The writer is a thread of its own, so that a slow disk, a lock or a full file system does not delay
//! walks; what cannot be written waits in bounded memory.

mod file;
mod lock;
mod queue;
mod read;
mod record;
mod recovery;
mod retention;
pub mod show;
mod writer;

pub use file::{OpenError, Opened};
pub use read::{HistoryQuery, IncidentRow, Reader, TargetRow};
pub use record::{HistoryWrite, Record};
pub use recovery::RecoveredState;
pub use retention::{Bounds, MIN_BYTES};
pub use writer::{History, WriterEvent};
