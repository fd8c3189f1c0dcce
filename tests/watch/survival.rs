//! What a watch outlives: a bug of ours, `kill -9`, a full disk.

use std::cell::Cell;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use aoai_probe::inventory::Inventory;
use aoai_probe::monitor::walker::Walker;
use aoai_probe::monitor::watch::log::Level;
use aoai_probe::monitor::watch::{self, Setup, Webhooks};

use crate::path::Path443;
use crate::watching::{PATIENCE, Watching};

/// Watches in this process until it says `last`; everything that it said until then.
fn said_until(setup: Setup, hear: &dyn Fn(&str), last: &str) -> Vec<String> {
    let said = std::cell::RefCell::new(Vec::new());
    let heard = tokio::sync::Notify::new();
    let say = |text: &str, _: Level| {
        said.borrow_mut().push(text.to_owned());
        hear(text);
        if text.contains(last) {
            heard.notify_one();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ends = tokio::time::timeout(PATIENCE, heard.notified());
        tokio::select! {
            ended = watch::watch(setup, &say) => panic!("{ended:?}"),
            told = ends => assert!(told.is_ok(), "nothing says {last:?}: {:?}", said.borrow()),
        }
    });
    said.into_inner()
}

/// A watch of this inventory with this clock.
fn setup(inventory: Inventory, clock: impl Fn() -> SystemTime + 'static) -> Setup {
    Setup {
        inventory,
        webhooks: Webhooks::default(),
        reload: Arc::new(|| Err("not here".to_owned())),
        history: None,
        history_given: false,
        walker: Arc::new(|| Walker::new(aoai_probe::world::World::of_this_machine)),
        clock: Box::new(clock),
        host: "lab".to_owned(),
        concurrency: 8,
    }
}

#[test]
fn a_panic_in_one_walk_does_not_affect_others() {
    let path = Path443::new();
    let text = std::fs::read_to_string(path.inventory(&["buggy", "prod"], "")).unwrap();
    let mut inventory = aoai_probe::inventory::read(&text).unwrap();
    inventory.entries[0].plan.deadline = Duration::MAX;
    inventory.entries[0].plan.timeout = Duration::MAX;
    let said = said_until(setup(inventory, SystemTime::now), &|_| {}, "buggy: CANNOT");
    let line = said.last().unwrap();
    assert!(line.contains("buggy: CANNOT TELL (walk-failed): a bug of ours"), "{line}");
    assert!(path.connections.load(Ordering::SeqCst) >= 2, "prod is walked meanwhile");
}

#[test]
fn kill_9_loses_no_finished_walk_and_the_incident_continues() {
    let path = Path443::new();
    let config = path.inventory(&["a", "b"], "");
    path.broken.store(true, Ordering::SeqCst);
    let mut told = 0;
    let mut walks = 0;
    for _ in 0..6 {
        let before = path.connections.load(Ordering::SeqCst);
        let watch = path.watch(&config);
        path.connects(5);
        let (status, _, said) = watch.ended_by("-KILL");
        assert!(!status.success());
        told += said.matches("BROKEN").count();
        let made = path.connections.load(Ordering::SeqCst) - before;
        assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
        let kept: usize = path.sqlite3("SELECT count(*) FROM walks").parse().unwrap();
        // Two targets: what was under way when it ended is not finished.
        assert!(kept - walks + 2 >= made, "{made} walks, {} kept", kept - walks);
        walks = kept;
    }
    assert!(told <= 2, "told {told} times");
    assert_eq!(path.sqlite3("SELECT count(*), count(ended) FROM incidents"), "2|0");
    assert_eq!(path.sqlite3("SELECT count(*) FROM machines"), "2");
}

#[test]
fn a_full_disk_stops_no_check() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "[watch.history]\nkeep_megabytes = 1");
    let disk = path.file("disk");
    std::fs::create_dir(&disk).unwrap();
    let possible = Command::new("unshare").args(["-rm", "true"]).status().unwrap().success();
    if !possible {
        assert!(std::env::var_os("CI").is_none(), "CI needs namespaces (unshare -rm)");
        eprintln!("skipped: namespaces are not permitted here (unshare -rm)");
        return;
    }
    // Full from the start.
    let script = "mount -t tmpfs -o size=4m none \"$1\"; cat /dev/zero 2>/dev/null >\"$1/ballast\"; \
                  shift; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(&disk);
    command.arg(env!("CARGO_BIN_EXE_aoai-probe")).args(["watch", "--config"]).arg(&config);
    command.arg("--history").arg(disk.join("history.db"));
    let mut watch = Watching::begin(command);
    watch.message("the disk is full; walks continue and are kept in memory");
    path.broken.store(true, Ordering::SeqCst);
    watch.message("prod: BROKEN");
    // The disk is another one for us: the process's own view of it leads there.
    let inside = PathBuf::from(format!("/proc/{}/root{}", watch.child.id(), disk.display()));
    std::fs::remove_file(inside.join("ballast")).unwrap();
    let again = watch.message("can be written again");
    assert!(again.contains("had been waiting"), "{again}");
    // And once more, under way.
    let mut ballast = std::fs::File::create(inside.join("ballast")).unwrap();
    while ballast.write_all(&[0; 4096]).is_ok() {}
    drop(ballast);
    watch.message("the disk is full");
    path.broken.store(false, Ordering::SeqCst);
    watch.message("prod: WORKS again");
    std::fs::remove_file(inside.join("ballast")).unwrap();
    watch.message("can be written again");
    // The disk goes with the process, but what is open stays.
    let mut history = std::fs::File::open(inside.join("history.db")).unwrap();
    let (status, _, said) = watch.ended_by("-TERM");
    assert!(status.success(), "{said}");
    assert_eq!(said.matches("disk is full").count(), 2, "{said}");
    let mut copy = std::fs::File::create(path.file("history.db")).unwrap();
    std::io::copy(&mut history, &mut copy).unwrap();
    assert_eq!(path.sqlite3("PRAGMA integrity_check"), "ok");
    let incidents = "SELECT count(*), count(evidence), count(ended) FROM incidents";
    assert_eq!(path.sqlite3(incidents), "1|1|1");
}

#[test]
fn a_clock_that_jumps_by_hours_changes_no_incident_and_no_duration() {
    let path = Path443::new();
    let text = std::fs::read_to_string(path.inventory(&["prod"], "")).unwrap();
    let inventory = aoai_probe::inventory::read(&text).unwrap();
    let (ahead, broken) = (Rc::new(Cell::new(0_i64)), Arc::clone(&path.broken));
    let jumps = Rc::clone(&ahead);
    let clock = move || {
        let now = SystemTime::now();
        match u64::try_from(jumps.get()) {
            Ok(seconds) => now + Duration::from_secs(seconds),
            Err(_) => now - Duration::from_secs(jumps.get().unsigned_abs()),
        }
    };
    broken.store(true, Ordering::SeqCst);
    let hear = |text: &str| match text {
        text if text.contains("BROKEN") => ahead.set(5 * 3600),
        text if text.contains("forward") => ahead.set(-7 * 3600),
        text if text.contains("back") => broken.store(false, Ordering::SeqCst),
        _ => {}
    };
    let file = path.file("history.db");
    let setup = Setup { history: Some(file), ..setup(inventory, clock) };
    let said = said_until(setup, &hear, "WORKS again");
    let count = |words: &str| said.iter().filter(|line| line.contains(words)).count();
    assert_eq!(
        (count("BROKEN"), count("jumped 5 h forward"), count("jumped 12 h back")),
        (1, 1, 1),
        "{said:?}"
    );
    let over = said.last().unwrap();
    assert!(!over.contains(" h") && !over.contains(" min"), "it lasted seconds: {over}");
    let rows = "SELECT count(*), count(ended), max(lasted) < 60000 FROM incidents";
    assert_eq!(path.sqlite3(rows), "1|1|1");
}

/// Standard output and error as a program sees them whose reader has stopped reading.
fn full() -> (UnixStream, UnixStream) {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write_all(&[b'x'; 4096]).is_ok() {}
    while writer.write_all(b"x").is_ok() {}
    writer.set_nonblocking(false).unwrap();
    (reader, writer)
}

#[test]
fn output_that_is_not_read_delays_neither_walks_nor_the_shutdown() {
    let path = Path443::new();
    let mut command = path.command(&path.inventory(&["prod"], ""));
    let (_reader, writer) = full();
    let fd = OwnedFd::from(writer);
    command.stdin(Stdio::null()).stderr(fd.try_clone().unwrap()).stdout(fd);
    let mut child = command.spawn().unwrap();
    path.broken.store(true, Ordering::SeqCst);
    path.connects(4);
    path.broken.store(false, Ordering::SeqCst);
    path.connects(4);
    let (begun, id) = (Instant::now(), child.id().to_string());
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    let took = begun.elapsed();
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    assert!(!path.file("history.db-wal").exists(), "the history is closed");
    assert_eq!(path.sqlite3("SELECT count(*), count(ended) FROM incidents"), "1|1");
}

#[test]
fn shutdown_during_a_walk_or_with_a_locked_history_is_quick() {
    let path = Path443::new();
    let text = std::fs::read_to_string(path.inventory(&["prod"], "")).unwrap();
    let config = path.file("targets.toml");
    std::fs::write(&config, text.replace("timeout = \"1s\"", "timeout = \"30s\"")).unwrap();
    let mut watch = path.watch(&config);
    path.connects(2);
    path.silent.store(true, Ordering::SeqCst);
    path.connects(1);
    watch.message("watching 1 target");
    let (status, took, said) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    assert!(said.ends_with("ended"), "{said}");
    assert!(!path.file("history.db-wal").exists(), "the history is closed");
    assert!(path.sqlite3("SELECT count(*) FROM walks").parse::<usize>().unwrap() >= 1);

    path.silent.store(false, Ordering::SeqCst);
    let mut watch = path.watch(&config);
    path.connects(2);
    let mut locks = Command::new("sqlite3")
        .arg(path.file("history.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = locks.stdin.take().unwrap();
    writeln!(stdin, "BEGIN EXCLUSIVE;").unwrap();
    watch.message("is locked by another program; walks continue");
    let (status, took, said) = watch.ended_by("-TERM");
    assert!(status.success() && took < Duration::from_secs(2), "{status} {took:?}");
    assert!(said.contains("could not be written before the shutdown"), "{said}");
    drop(stdin);
    locks.wait().unwrap();
}
