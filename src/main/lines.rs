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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender};

    /// A reader that reads when it is told to; says how many lines it has.
    struct Slow {
        at_work: Sender<()>,
        go: Receiver<()>,
        got: Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            let _ = self.at_work.send(());
            // Whoever has no go any more reads everything.
            let _ = self.go.recv();
            let _ = self.got.send(String::from_utf8_lossy(octets).into_owned());
            Ok(octets.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn what_nobody_read_is_counted_for_whoever_reads_again() {
        let (tell, go) = mpsc::channel();
        let (got, read) = mpsc::channel();
        let (at_work, begun) = mpsc::channel();
        let slow = Slow { at_work, go, got };
        let mut lines = Lines::into(move || std::io::LineWriter::new(slow)).unwrap();
        lines.say("0");
        // It has that line in its hands, and takes no other one.
        begun.recv().unwrap();
        let said = 1 + MOST_WAITING + 499;
        for n in 1..said {
            lines.say(&n.to_string());
        }
        let left_out = lines.left_out;
        assert_eq!(left_out, 499);
        drop(tell);
        let taken: Vec<String> = read.iter().take(said - left_out).collect();
        assert_eq!((taken[0].as_str(), taken.len()), ("0\n", said - left_out));
        lines.say("again");
        assert!(lines.end(soon()));
        let last: Vec<String> = read.iter().collect();
        let says = format!("aoai-probe: lines left out here, since nobody read: {left_out}\n");
        assert_eq!(last, [says, "again\n".to_owned()]);
    }

    #[test]
    fn the_end_waits_for_no_reader() {
        let (tell, go) = mpsc::channel();
        let (got, _read) = mpsc::channel();
        let (at_work, _begun) = mpsc::channel();
        let mut lines = Lines::into(move || Slow { at_work, go, got }).unwrap();
        lines.say("one");
        assert!(!lines.end(Instant::now()));
        drop(tell);
    }
}
