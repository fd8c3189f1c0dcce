//! The heartbeat: a file for the textfile collector, and a call whose absence another service
//! notices.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::files::{self, May};
use crate::monitor::webhook::Webhook;

/// Makes the calls, one at a time.
pub(super) struct HeartbeatSender {
    hook: Option<Rc<Webhook>>,
    called: Option<Instant>,
    under_way: Option<LocalBoxFuture<'static, Result<(), String>>>,
}

impl HeartbeatSender {
    pub(super) fn new(hook: Option<Webhook>) -> Self {
        Self { hook: hook.map(Rc::new), called: None, under_way: None }
    }

    pub(super) fn replace(&mut self, hook: Option<Webhook>) {
        self.hook = hook.map(Rc::new);
    }

    /// Starts a call, unless the last one has not been answered yet or was less than `every` ago.
    pub(super) fn call(&mut self, every: Duration, body: impl FnOnce() -> Value) {
        let Some(hook) = &self.hook else { return };
        // Ticks may be a little early or late.
        let due = self.called.is_none_or(|called| called.elapsed() >= every.mul_f64(0.9));
        if self.under_way.is_some() || !due {
            return;
        }
        self.called = Some(Instant::now());
        let (hook, body) = (Rc::clone(hook), body());
        self.under_way = Some(async move { hook.call(&body).await }.boxed_local());
    }

    /// The result of the call.
    pub(super) async fn called(&mut self) -> Result<(), String> {
        match &mut self.under_way {
            Some(call) => {
                let taken = call.await;
                self.under_way = None;
                taken
            }
            None => std::future::pending().await,
        }
    }
}

/// Statistics of the watch itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct WatchStats {
    /// Wall clock, in seconds since 1970.
    pub(super) now: f64,
    pub(super) targets: usize,
    pub(super) walks: u64,
    pub(super) failed_walks: u64,
    pub(super) skipped_ticks: u64,
    pub(super) open: [(&'static str, usize); 3],
    pub(super) history_waiting: usize,
    pub(super) history_writes: bool,
    pub(super) webhook_failed: u64,
}

impl WatchStats {
    /// For the heartbeat's call.
    pub(super) fn to_json(&self) -> Value {
        let open: serde_json::Map<String, Value> =
            self.open.iter().map(|(severity, n)| ((*severity).to_owned(), json!(n))).collect();
        json!({
            "targets": self.targets,
            "walks": self.walks,
            "failed_walks": self.failed_walks,
            "open_incidents": open,
            "history_up": self.history_writes,
            "webhook_failed": self.webhook_failed,
        })
    }

    /// In Prometheus's text form, without timestamps, for the textfile collector.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let mut metric = |name: &str, kind: &str, help: &str, value: f64| {
            out.push_str(&format!(
                "# HELP aoai_probe_watch_{name} {help}\n# TYPE aoai_probe_watch_{name} {kind}\n\
                 aoai_probe_watch_{name} {value}\n"
            ));
        };
        let count = |n: usize| n as f64;
        metric(
            "heartbeat_timestamp_seconds",
            "gauge",
            "When every target was last walked in time.",
            self.now,
        );
        metric("targets", "gauge", "Watched targets.", count(self.targets));
        metric("walks_total", "counter", "Walks since the start.", self.walks as f64);
        metric(
            "failed_walks_total",
            "counter",
            "Walks that failed because of a fault of the watch itself.",
            self.failed_walks as f64,
        );
        metric(
            "skipped_ticks_total",
            "counter",
            "Walks skipped because the previous one was still running.",
            self.skipped_ticks as f64,
        );
        metric(
            "history_up",
            "gauge",
            "Whether the history can be written.",
            f64::from(u8::from(self.history_writes)),
        );
        metric(
            "history_waiting",
            "gauge",
            "Walks waiting to be written to the history.",
            count(self.history_waiting),
        );
        metric(
            "webhook_failed_total",
            "counter",
            "Notifications that could not be delivered to the webhook.",
            self.webhook_failed as f64,
        );
        out.push_str(
            "# HELP aoai_probe_watch_open_incidents Open incidents by severity.\n\
             # TYPE aoai_probe_watch_open_incidents gauge\n",
        );
        for (severity, count) in self.open {
            out.push_str(&format!(
                "aoai_probe_watch_open_incidents{{severity=\"{severity}\"}} {count}\n"
            ));
        }
        out
    }
}

/// How the text of every version begins.
const BEGINNING: &[u8] = b"# HELP aoai_probe_watch_";

/// Replaces the file atomically, so that no reader sees a part of it; a link stays a link. What no
/// heartbeat has written, such as a history, an inventory or a device, is left alone.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    // The target of a link; a new file is created under its given name.
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    match files::beginning(file, May::BeAFile, BEGINNING.len() as u64) {
        Ok(there) if there.is_empty() || there == BEGINNING => {}
        Ok(_) => {
            let words =
                "contains something other than a heartbeat and is left alone: name another file";
            return Err(io::Error::other(words));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // The collector runs as another user.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut new = builder.prefix(".aoai-probe-").tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(file: &Path) -> String {
        String::from_utf8(files::whole(file, May::BeAFile, 1 << 16).unwrap()).unwrap()
    }

    #[test]
    fn a_heartbeat_replaces_a_heartbeat_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("beat.prom");
        let text = WatchStats::default().text();
        fs::write(&file, "").unwrap();
        write(&file, &text).unwrap();
        write(&file, &text).unwrap();
        assert_eq!(content(&file), text);
        for other in ["SQLite format 3\0", "[[target]]\n", "# HELP node_load1 x\n", "k"] {
            let there = folder.path().join("other");
            fs::write(&there, other).unwrap();
            assert!(write(&there, &text).unwrap_err().to_string().contains("left alone"));
            assert_eq!(content(&there), other);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_heartbeat_replaces_neither_a_device_nor_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("beat.prom"), folder.path().join("link.prom"));
        let text = WatchStats::default().text();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        fs::write(&file, "").unwrap();
        write(&link, &text).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(content(&file), text);
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(write(&pipe, &text).unwrap_err().to_string(), "is no regular file");
        assert!(!fs::metadata(&pipe).unwrap().is_file());
    }
}
