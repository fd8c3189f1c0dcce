//! The real program, and what it says.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::path::CANARY;

/// No line that is waited for takes longer.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A `watch` that runs; killed when it is dropped.
pub struct Watching {
    pub child: Child,
    pub lines: mpsc::Receiver<String>,
    pub heard: Vec<String>,
}

impl Watching {
    pub fn begin(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = mpsc::channel();
        let out: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let err: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        for from in [out, err] {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(from).lines() {
                    let _ = tell.send(line.unwrap());
                }
            });
        }
        Self { child, lines, heard: Vec::new() }
    }

    /// The next line with these words in it.
    pub fn message(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("nothing says {words:?}:\n{}", self.heard.join("\n"));
            };
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    pub fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Ends it; everything that it ever said.
    pub fn ended_by(mut self, signal: &str) -> (ExitStatus, Duration, String) {
        let begun = Instant::now();
        self.signal(signal);
        let status = self.child.wait().unwrap();
        let took = begun.elapsed();
        self.heard.extend(self.lines.iter());
        let said = self.heard.join("\n");
        assert!(!said.contains(CANARY), "a secret in the output:\n{said}");
        (status, took, said)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
