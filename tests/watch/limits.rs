//! Limits of this machine and of its resolver: few open files, little memory, a rate of
//! questions. Each is named, and none of them is taken for a fault of the path.

use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::path::Path443;

/// How a run ended: exit status, standard output, standard error.
type Ended = (Option<i32>, String, String);

/// A walk of the lab's healthy path with this limit (`prlimit`).
fn limited(path: &Path443, limit: &str) -> Ended {
    let mut command = Command::new("prlimit");
    command.env_clear().env("PATH", "/usr/bin:/bin").arg(limit);
    command.arg(env!("CARGO_BIN_EXE_aoai-probe")).args(path.lab.arguments());
    let out = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn a_low_limit_of_open_files_never_looks_like_a_broken_path() {
    let path = Path443::new();
    let (mut said, mut works) = (0, 0);
    for files in (4..40).chain([64]) {
        let (status, out, err) = limited(&path, &format!("--nofile={files}"));
        let first = out.lines().next().unwrap_or_default();
        assert!(!err.contains("panicked") && !err.contains("bug of ours"), "{files}: {err}");
        match status {
            Some(0) => works += 1,
            Some(3) => {
                said += 1;
                assert!(first.starts_with("CANNOT TELL"), "{files} files: {out}");
                assert!(out.contains("open files"), "{files} files: {out}");
            }
            // Not even the program's own files can be opened.
            Some(64) => assert!(err.contains("Too many open files"), "{files} files: {err}"),
            // The loader's own.
            Some(127) => assert!(err.contains("shared"), "{files} files: {err}"),
            other => panic!("{files} files: {other:?}\n{out}{err}"),
        }
    }
    assert!(said > 0 && works > 0, "{said} named the limit, {works} worked");
}

#[test]
fn little_memory_never_looks_like_a_broken_path() {
    let path = Path443::new();
    let (mut works, mut named) = (0, 0);
    for megabytes in (16..160).step_by(8).chain([400]) {
        let (status, out, err) = limited(&path, &format!("--as={}", megabytes << 20));
        assert!(!err.contains("panicked") && !err.contains("bug of ours"), "{megabytes}: {err}");
        match status {
            Some(0) => works += 1,
            Some(3) => assert!(out.starts_with("CANNOT TELL"), "{megabytes} MB: {out}"),
            Some(64 | 70) => {
                named += 1;
                assert!(err.contains("memory") && out.is_empty(), "{megabytes} MB: {out}{err}");
            }
            // What the loader cannot have is not ours to name.
            Some(127) | None => assert!(out.is_empty(), "{megabytes} MB: {out}{err}"),
            other => panic!("{megabytes} MB: {other:?}\n{out}{err}"),
        }
    }
    assert!(works > 0, "{works} worked, {named} named the limit");
}

/// A resolver in front of `real` that answers so many questions in 100 ms and drops the others.
fn limiting(real: SocketAddr, most: usize, dropped: Arc<AtomicUsize>) -> SocketAddr {
    let front = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = front.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut from, mut answered) = (Instant::now(), 0);
        let mut question = [0; 1500];
        let mut answer = [0; 4096];
        while let Ok((length, client)) = front.recv_from(&mut question) {
            if from.elapsed() >= Duration::from_millis(100) {
                (from, answered) = (Instant::now(), 0);
            }
            answered += 1;
            if answered > most {
                dropped.fetch_add(1, Ordering::SeqCst);
                continue;
            }
            let back = UdpSocket::bind("127.0.0.1:0").unwrap();
            back.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            back.send_to(&question[..length], real).unwrap();
            if let Ok(read) = back.recv(&mut answer) {
                front.send_to(&answer[..read], client).unwrap();
            }
        }
    });
    address
}

#[test]
fn a_round_against_a_resolver_that_limits_its_rate_breaks_no_target() {
    let path = Path443::new();
    let arguments = path.lab.arguments();
    let at = arguments.iter().position(|word| word == "--resolver").unwrap();
    let real: SocketAddr = arguments[at + 1].parse().unwrap();
    let dropped = Arc::<AtomicUsize>::default();
    let front = limiting(real, 4, Arc::clone(&dropped)).to_string();
    let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let config = path.inventory(&names, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(&real.to_string(), &front).replace("\ntimeout = \"1s\"", "");
    std::fs::write(&config, text).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
        .env_clear()
        .args(["check", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert!(said.starts_with("20 targets: "), "{said}");
    assert!(!said.contains("BROKEN"), "{said}");
    assert!(matches!(out.status.code(), Some(0 | 1 | 3)), "{:?} {said}", out.status);
    assert!(dropped.load(Ordering::SeqCst) > 0, "the limit was met");
}

#[test]
fn a_missing_key_file_affects_only_its_target_and_changes_no_address() {
    let path = Path443::new();
    let key = path.file("key");
    let write = || std::fs::write(&key, "0123456789abcdef0123456789abcdef").unwrap();
    let config = path.inventory(&["keyed", "prod"], "");
    let text = std::fs::read_to_string(&config).unwrap();
    let own = format!("name = \"keyed\"\ncredential = \"auto\"\napi_key_file = {key:?}");
    std::fs::write(&config, text.replace("name = \"keyed\"", &own)).unwrap();
    let mut watch = path.watch(&config);
    let line = watch.message("keyed: CANNOT TELL");
    assert!(line.contains(&key.display().to_string()), "{line}");
    assert!(!line.contains("address"), "nothing was looked at: {line}");
    // The other target is walked all the while.
    path.connects(2);
    write();
    let line = watch.message("keyed: ");
    assert!(!line.contains("CANNOT TELL"), "{line}");
    std::fs::remove_file(&key).unwrap();
    let line = watch.message("keyed: CANNOT TELL");
    assert!(!line.contains("none") && !line.contains("address"), "{line}");
    let (status, _, said) = watch.ended_by("-TERM");
    assert!(status.success(), "{said}");
    assert!(!said.contains("prod: "), "{said}");
}
