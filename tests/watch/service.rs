//! A watch as a service: its begin, the inventory read again, systemd.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::path::Path443;
use crate::watching::{PATIENCE, Watching};

#[test]
fn sighup_reloads_a_valid_inventory_and_refuses_an_invalid_one() {
    let path = Path443::new();
    let config = path.inventory(&["prod", "old"], "");
    let mut watch = path.watch(&config);
    watch.message("watching 2 targets");
    path.broken.store(true, Ordering::SeqCst);
    watch.message("BROKEN");
    std::fs::write(&config, "[[target]]\ntargt = \"x\"\n").unwrap();
    watch.signal("-HUP");
    let refused = watch.message("the new inventory is not used");
    assert!(refused.contains("line 2") && refused.contains("targt"), "{refused}");
    // A pipe without a writer delays nothing.
    let pipe = path.file("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for more in [format!("webhook = {{ url_file = {pipe:?} }}"), String::new()] {
        path.inventory(&["prod", "new"], &more);
        if more.is_empty() {
            std::fs::rename(&pipe, &config).unwrap();
        }
        let begun = Instant::now();
        watch.signal("-HUP");
        watch.message("the new inventory is not used: ");
        assert!(watch.heard.last().unwrap().contains("is no regular file"), "{:?}", watch.heard);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    std::fs::remove_file(&config).unwrap();
    path.inventory(&["prod", "new"], "");
    watch.signal("-HUP");
    watch.message("inventory reloaded: watching 2 targets");
    watch.message("the target is no longer in the inventory");
    watch.message("new: BROKEN");
    let (status, ..) = watch.ended_by("-TERM");
    assert!(status.success());
    assert_eq!(
        path.sqlite3("SELECT target, ended IS NULL FROM incidents ORDER BY target"),
        "new|1\nold|0\nprod|1"
    );
    assert_eq!(path.sqlite3("SELECT group_concat(target) FROM machines"), "new,prod");
}

#[test]
fn systemd_is_notified_and_the_journal_gets_levels() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "");
    let socket = path.file("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let heard = || {
        let mut bytes = [0; 1024];
        let length = systemd.recv(&mut bytes).expect("systemd is told");
        String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned()
    };
    let mut command = path.command(&config);
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "1000000");
    let watch = Watching::begin(command);
    assert!(heard().contains("READY=1\nSTATUS=watching 1 target"));
    assert_eq!(heard(), "WATCHDOG=1");
    assert_eq!(heard(), "WATCHDOG=1");
    watch.signal("-HUP");
    let reloading = (0..5).map(|_| heard()).find(|told| told.contains("RELOADING=1")).unwrap();
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    let (_, _, said) = watch.ended_by("-TERM");
    assert!(!said.contains("<6>"), "no journal: no levels\n{said}");
    systemd.set_nonblocking(true).unwrap();
    let mut last = String::new();
    let mut bytes = [0; 1024];
    while let Ok(length) = systemd.recv(&mut bytes) {
        last = String::from_utf8_lossy(&bytes[..length]).trim_end().to_owned();
    }
    assert_eq!(last, "STOPPING=1");
}

#[test]
fn a_watch_that_cannot_start_reports_the_reason() {
    let path = Path443::new();
    let run = |more: &str, hook: &str| {
        let config = path.inventory(&["prod"], more);
        let mut command = path.command(&config);
        let out = command.env("HOOK", hook).output().unwrap();
        let err = String::from_utf8(out.stderr).unwrap();
        assert!(!err.contains("canary"), "{err}");
        (out.status.code(), err)
    };
    let hook = "webhook = { url_variable = \"HOOK\" }";
    let (status, err) = run(hook, "http://webhooks.example/canary");
    assert_eq!(status, Some(64), "{err}");
    assert!(err.contains("the URL in HOOK is not https, and the URL is a secret"), "{err}");
    let (_, err) = run(hook, "canary");
    assert!(err.contains("is not a URL"), "{err}");
    let (_, err) = run(hook, "");
    assert!(err.contains("HOOK is not set"), "{err}");
    let (status, err) =
        run("heartbeat = { url_variable = \"HOOK\" }", "http://beat.example/canary");
    assert_eq!(status, Some(64), "{err}");
    assert!(err.contains("heartbeat: the URL in HOOK is not https"), "{err}");
    for place in ["webhook", "heartbeat"] {
        let more = format!("{place} = {{ url_file = \"https://webhooks.example/canary\" }}");
        let (status, err) = run(&more, "");
        assert_eq!(status, Some(64), "{err}");
        let message = format!("{place}: url_file and url_variable name the place of the URL");
        assert!(err.contains(&message), "{err}");
    }
    std::fs::write(path.file("history.db"), "my notes").unwrap();
    let (status, err) = run("", "");
    assert_eq!(status, Some(64), "{err}");
    assert!(err.contains("not an SQLite file; it is left alone"), "{err}");
    assert_eq!(std::fs::read_to_string(path.file("history.db")).unwrap(), "my notes");
}

#[test]
fn a_second_watch_of_one_history_is_refused() {
    let path = Path443::new();
    let config = path.inventory(&["prod"], "");
    let mut watch = path.watch(&config);
    watch.message("watching 1 target");
    let out = path.command(&config).output().unwrap();
    let err = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(64), "{err}");
    let first = watch.child.id();
    let message = format!("history.db: is in use by another watch (process {first}): each needs");
    assert!(err.contains(&message), "{err}");
    // The first one goes on, and can be read.
    path.connects(2);
    assert!(path.history(&[]).starts_with("1 target, "));
    // What holds the file goes with the process, however that ends.
    let (status, ..) = watch.ended_by("-KILL");
    assert!(!status.success());
    let mut watch = path.watch(&config);
    watch.message("watching 1 target");
    let (status, ..) = watch.ended_by("-TERM");
    assert!(status.success());
}

#[test]
fn a_history_on_the_command_line_has_precedence_on_reload() {
    let path = Path443::new();
    let mut watch = path.watch(&path.inventory(&["prod"], ""));
    watch.message("watching 1 target");
    path.inventory(&["prod"], "[watch.history]\nfile = \"/none/other.db\"");
    watch.signal("-HUP");
    watch.message("inventory reloaded: watching 1 target");
    path.inventory(&["prod"], "[watch.history]\nkeep_days = 3");
    watch.signal("-HUP");
    watch.message("[watch.history] has changed: restart to apply it");
    let (_, _, said) = watch.ended_by("-TERM");
    assert_eq!(said.matches("restart to apply it").count(), 1, "{said}");
}
