//! What is told of an outage, and what is not.

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::path::{CANARY, Path443};
use crate::receiver::{Answers, next, receiver};
use crate::watching::{PATIENCE, Watching};

#[test]
fn an_outage_is_reported_once_with_its_cause_and_its_end() {
    let path = Path443::new();
    let heartbeat = path.file("watch.prom");
    let more = format!("heartbeat = {{ file = {heartbeat:?}, every = \"1s\" }}");
    let mut watch = path.watch(&path.inventory(&["prod"], &more));
    watch.message("watching 1 target");
    path.broken.store(true, Ordering::SeqCst);
    let line = watch.message("prod: BROKEN");
    assert!(line.contains("at tls (tls-closed)"), "{line}");
    let after = path.connections.load(Ordering::SeqCst);
    let open = path.history(&[]);
    assert!(open.contains("prod  BROKEN at tls (tls-closed), page"), "{open}");
    assert!(open.contains("still open") && open.contains("1 incident, 1 open"), "{open}");
    // Several more walks with the same result are not reported again.
    let end = Instant::now() + PATIENCE;
    while path.connections.load(Ordering::SeqCst) < after + 3 {
        assert!(Instant::now() < end, "walks go on");
        std::thread::yield_now();
    }
    path.broken.store(false, Ordering::SeqCst);
    let line = watch.message("WORKS again after");
    assert!(line.contains("prod: ") && line.contains("(tls-closed)"), "{line}");
    let (status, took, said) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} after {took:?}\n{said}");
    assert_eq!(said.matches("BROKEN").count(), 1, "{said}");
    assert!(said.ends_with("ended"), "{said}");
    assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
    assert!(!path.file("history.db-wal").exists(), "the history is closed");
    let metrics = std::fs::read_to_string(&heartbeat).unwrap();
    assert!(metrics.contains("\naoai_probe_watch_targets 1\n"), "{metrics}");
    // The evidence is a report that can be judged again.
    let listed: Value = serde_json::from_str(&path.history(&["--format", "json"])).unwrap();
    let incident = &listed["incidents"][0];
    assert_eq!(incident["cause"], "tls-closed");
    assert!(incident["lasted_seconds"].as_f64().unwrap() > 1.0, "{incident}");
    let walk = incident["walk"].as_i64().unwrap().to_string();
    let report = path.file("evidence.json");
    std::fs::write(&report, path.history(&["--walk", &walk])).unwrap();
    let judged = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
        .args(["diagnose", "-q"])
        .arg(&report)
        .output()
        .unwrap();
    let judged = String::from_utf8(judged.stdout).unwrap();
    assert!(judged.contains("BROKEN at tls (tls-closed)"), "{judged}");
}

#[test]
fn targets_with_one_cause_are_reported_together() {
    let path = Path443::new();
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let more = "webhook = { url_variable = \"HOOK\" }";
    let config = path.inventory(&["a", "b", "c", "d"], more);
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    path.broken.store(true, Ordering::SeqCst);
    let mut watch = Watching::begin(command);
    let line = watch.message("BROKEN");
    let (called, body) = next(&calls);
    assert!(called.starts_with(&format!("POST /{CANARY} ")), "{called}");
    let told = body["targets"].as_u64().unwrap();
    assert!(told >= 2, "{body:#}");
    assert!(line.contains(&format!("{told} targets: BROKEN: tls-closed (")), "{line}");
    assert_eq!((&body["kind"], &body["severity"]), (&"opened".into(), &"page".into()));
    assert_eq!(body["events"][0]["labels"]["team"], "ai");
    assert_eq!(body["events"][0]["cause"]["finding"], "tls-closed");
    assert!(!body.to_string().contains(CANARY));
    let (status, ..) = watch.ended_by("-INT");
    assert!(status.success());
    assert_eq!(path.sqlite3("SELECT count(*) FROM events WHERE pending"), "0");
}

#[test]
fn a_muted_target_is_recorded_and_not_reported() {
    let path = Path443::new();
    let (hook, calls) = receiver(|_| Answers::Status(200));
    let config = path.inventory(&["prod"], "webhook = { url_variable = \"HOOK\" }");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str("until = 2999-01-01T00:00:00Z\n");
    std::fs::write(&config, text).unwrap();
    path.broken.store(true, Ordering::SeqCst);
    let mut command = path.command(&config);
    command.env("HOOK", format!("http://{hook}/{CANARY}"));
    let mut watch = Watching::begin(command);
    watch.message("(muted) prod: BROKEN");
    path.broken.store(false, Ordering::SeqCst);
    watch.message("(muted) prod: WORKS again");
    let (status, ..) = watch.ended_by("-TERM");
    assert!(status.success());
    assert!(calls.try_recv().is_err(), "no webhook was called");
    assert!(path.history(&[]).contains("prod  BROKEN at tls (tls-closed), muted"));
}
