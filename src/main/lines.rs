//! Lines that are said while the process works, written by a thread a stream: a pipe that
//! nobody reads, or a journal that restarts, holds up nothing but its own lines.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// Lines that wait for a reader, at most.
const MOST_WAITING: usize = 1000;
/// How long the end waits for a reader.
const FAREWELL: Duration = Duration::from_millis(200);

/// The lines of one stream.
pub(crate) struct Lines {
    queue: SyncSender<String>,
    /// Ends when everything is written.
    written: mpsc::Receiver<()>,
    left_out: usize,
}

impl Lines {
    /// Begins to write into `stream`; None when the system has no thread for it.
    pub(crate) fn into<S: Write>(stream: impl FnOnce() -> S + Send + 'static) -> Option<Self> {
        let (queue, lines) = mpsc::sync_channel::<String>(MOST_WAITING);
        let (done, written) = mpsc::channel::<()>();
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || {
                let _done = done;
                let mut stream = stream();
                for line in lines {
                    // A reader that has gone away is no failure.
                    let _ = writeln!(stream, "{line}");
                }
            })
            .ok()?;
        Some(Self { queue, written, left_out: 0 })
    }

    /// One line, soon; left out when nobody reads, which is said once somebody does.
    pub(crate) fn say(&mut self, line: &str) {
        if self.left_out > 0 {
            let says =
                format!("aoai-probe: lines left out here, since nobody read: {}", self.left_out);
            match self.queue.try_send(says) {
                Ok(()) => self.left_out = 0,
                Err(_) => {
                    self.left_out += 1;
                    return;
                }
            }
        }
        if let Err(TrySendError::Full(_)) = self.queue.try_send(line.to_owned()) {
            self.left_out += 1;
        }
    }

    /// Waits until everything is written, or until `end`; false when somebody does not read, so
    /// that the stream must not be touched any more.
    pub(crate) fn end(self, end: Instant) -> bool {
        let Self { queue, written, .. } = self;
        drop(queue);
        let left = end.saturating_duration_since(Instant::now());
        !matches!(written.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }
}

/// When the end must not wait any more.
pub(crate) fn farewell() -> Instant {
    Instant::now() + FAREWELL
}
