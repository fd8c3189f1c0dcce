//! Walks and incidents in a file: SQLite, one writer, as many readers as like.
//!
//! The writer is a thread of its own, so that a slow disk, a lock or a full file system holds
//! no walk up; what it cannot write waits in bounded memory.

mod file;
mod left;
mod lock;
mod queue;
mod read;
mod record;
mod retention;
pub mod show;
mod writer;

pub use file::{OpenError, Opened};
pub use left::Left;
pub use read::{Listed, Past, Reader, Watched};
pub use record::{Keep, Record};
pub use retention::{Bounds, SMALLEST};
pub use writer::{History, Report as Trouble};
