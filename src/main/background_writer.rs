//! Lines that are written while the process works, by one thread per stream: a pipe that is not
//! read, or a journal that restarts, delays nothing but its own lines.

use std::io::Write;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// Queued lines, at most.
const MAX_WAITING: usize = 1000;
/// How long the end of the process waits for a reader.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(200);

/// Writes the lines of one stream.
pub(crate) struct BackgroundWriter {
    queue: SyncSender<String>,
    /// Closed when everything is written.
    written: mpsc::Receiver<()>,
    dropped: usize,
}

impl BackgroundWriter {
    /// Starts to write to `stream`; none if a thread cannot be started.
    pub(crate) fn start<S: Write>(stream: impl FnOnce() -> S + Send + 'static) -> Option<Self> {
        let (queue, lines) = mpsc::sync_channel::<String>(MAX_WAITING);
        let (done, written) = mpsc::channel::<()>();
        std::thread::Builder::new()
            .name("lines".to_owned())
            .spawn(move || {
                let _done = done;
                let mut stream = stream();
                for line in lines {
                    // A reader that has gone away is not an error.
                    let _ = writeln!(stream, "{line}");
                }
            })
            .ok()?;
        Some(Self { queue, written, dropped: 0 })
    }

    /// Queues one line. Lines are dropped while the stream is not read, and their number is written
    /// once it is read again.
    pub(crate) fn write_line(&mut self, line: &str) {
        if self.dropped > 0 {
            let message =
                format!("aoai-probe: {} lines dropped here: the output was not read", self.dropped);
            match self.queue.try_send(message) {
                Ok(()) => self.dropped = 0,
                Err(_) => {
                    self.dropped += 1;
                    return;
                }
            }
        }
        if let Err(TrySendError::Full(_)) = self.queue.try_send(line.to_owned()) {
            self.dropped += 1;
        }
    }

    /// Waits until everything is written, or until `end`; false if the stream is not being read and
    /// must not be used any more.
    pub(crate) fn end(self, end: Instant) -> bool {
        let Self { queue, written, .. } = self;
        drop(queue);
        let left = end.saturating_duration_since(Instant::now());
        !matches!(written.recv_timeout(left), Err(RecvTimeoutError::Timeout))
    }
}

/// When the end of the process must no longer wait.
pub(crate) fn shutdown_deadline() -> Instant {
    Instant::now() + SHUTDOWN_GRACE
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender};

    /// A reader that reads on request and passes its lines on.
    struct Slow {
        at_work: Sender<()>,
        go: Receiver<()>,
        got: Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.at_work.send(());
            // Once the channel is closed, it reads everything.
            let _ = self.go.recv();
            let _ = self.got.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn dropped_lines_are_counted_once_the_stream_is_read_again() {
        let (tell, go) = mpsc::channel();
        let (got, read) = mpsc::channel();
        let (at_work, begun) = mpsc::channel();
        let slow = Slow { at_work, go, got };
        let mut lines = BackgroundWriter::start(move || std::io::LineWriter::new(slow)).unwrap();
        lines.write_line("0");
        // It holds that line and takes no other.
        begun.recv().unwrap();
        let said = 1 + MAX_WAITING + 499;
        for n in 1..said {
            lines.write_line(&n.to_string());
        }
        let dropped = lines.dropped;
        assert_eq!(dropped, 499);
        drop(tell);
        let taken: Vec<String> = read.iter().take(said - dropped).collect();
        assert_eq!((taken[0].as_str(), taken.len()), ("0\n", said - dropped));
        lines.write_line("again");
        assert!(lines.end(soon()));
        let last: Vec<String> = read.iter().collect();
        let message =
            format!("aoai-probe: {dropped} lines dropped here: the output was not read\n");
        assert_eq!(last, [message, "again\n".to_owned()]);
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader() {
        let (tell, go) = mpsc::channel();
        let (got, _read) = mpsc::channel();
        let (at_work, _begun) = mpsc::channel();
        let mut lines = BackgroundWriter::start(move || Slow { at_work, go, got }).unwrap();
        lines.write_line("one");
        assert!(!lines.end(Instant::now()));
        drop(tell);
    }
}
