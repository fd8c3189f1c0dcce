//! Files that are not what they should be, as input and as output.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{HOST, run, tool};

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
}

#[test]
fn a_pipe_that_nobody_writes_into_holds_no_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    fifo(&pipe);
    for option in ["--api-key-file", "--token-file", "--ca-file"] {
        let mut command = tool();
        command.args([HOST, "--timeout=0.5", "--deadline=1", option]);
        let (output, shown) = run(command.arg(&pipe));
        assert_eq!(output.status.code(), Some(64), "{option}: {shown}");
        assert!(shown.contains("within the deadline"), "{option}: {shown}");
    }
}

#[test]
fn a_standard_input_that_never_ends_holds_no_run() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
        .args([HOST, "--deadline=1", "--api-key-file=-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tool runs");
    // The writing end stays open here until the tool has ended by itself.
    let kept = child.stdin.take();
    assert_eq!(child.wait().expect("it ends").code(), Some(64));
    drop(kept);
}

#[test]
fn an_output_file_is_replaced_where_its_link_leads_and_kept_on_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let written = |file: &Path| {
        let mut command = tool();
        command.args([HOST, "--resolver=127.0.0.1:1", "--timeout=0.2", "--output"]);
        run(command.arg(file))
    };
    fs::write(at("real"), "old").expect("a file");
    fs::set_permissions(at("real"), fs::Permissions::from_mode(0o640)).expect("its mode");
    symlink(at("real"), at("link")).expect("a link");
    let (_, shown) = written(&at("link"));
    assert!(at("link").is_symlink(), "{shown}");
    assert!(fs::read_to_string(at("real")).expect("a report").starts_with("BROKEN"), "{shown}");
    assert_eq!(fs::metadata(at("real")).expect("the file").permissions().mode() & 0o777, 0o640);
    for (file, wanted) in [(at(""), "directory"), (at("none/here"), "No such file")] {
        let (output, shown) = written(&file);
        assert_eq!(output.status.code(), Some(64), "{shown}");
        assert!(shown.contains("--output") && shown.contains(wanted), "{shown}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 2, "nothing is left over");
}

#[test]
fn a_device_named_as_output_stays_a_device() {
    let folder = tempfile::tempdir().expect("a folder");
    symlink("/dev/null", folder.path().join("null")).expect("a link");
    let mut command = tool();
    command.args([HOST, "--resolver=127.0.0.1:1", "--timeout=0.2", "--output"]);
    run(command.arg(folder.path().join("null")));
    assert!(fs::metadata("/dev/null").expect("it is there").file_type().is_char_device());
}

#[test]
fn a_full_disk_is_no_success() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let output = Command::new(env!("CARGO_BIN_EXE_aoai-probe"))
        .args(["explain", "--list"])
        .stdout(full)
        .output()
        .expect("the tool runs");
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(64), "{shown}");
    assert!(shown.contains("No space left") && !shown.contains("os error"), "{shown}");
}

#[test]
fn closed_streams_and_few_files_end_in_a_verdict() {
    let probe = env!("CARGO_BIN_EXE_aoai-probe");
    for (script, statuses) in [
        ("exec \"$0\" \"$@\" <&- >&- 2>&-", &[2, 3][..]),
        ("\"$0\" \"$@\" | head -c 1 >/dev/null", &[0]),
        ("ulimit -n 20; exec \"$0\" \"$@\"", &[2, 3]),
        ("ulimit -n 6; exec \"$0\" \"$@\"", &[2, 3, 64]),
    ] {
        let output = Command::new("sh")
            .args(["-c", script, probe, HOST, "--resolver=127.0.0.1:1", "--timeout=0.2"])
            .env_remove("HTTPS_PROXY")
            .output()
            .expect("a shell");
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        let status = output.status.code().expect("no signal");
        assert!(statuses.contains(&status), "{script}: {status} {shown}");
        assert!(!shown.contains("os error") && !shown.contains("bug of ours"), "{script}: {shown}");
    }
}

#[test]
fn commands_of_a_foreign_report_do_not_reach_a_shell() {
    let base = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bases/private.json"),
    )
    .expect("a fixture");
    let evidence: serde_json::Value = serde_json::from_str(&base).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    for (pointer, text, refused) in [
        ("/target/host", "x;$(reboot)", true),
        ("/target/account", "x'; reboot; '", true),
        ("/dns/name", "x`reboot`", true),
        ("/target/input", "x$(reboot)", false),
    ] {
        let mut evidence = evidence.clone();
        *evidence.pointer_mut(pointer).expect("the field") = text.into();
        evidence["tls"] = serde_json::json!({"state": "not_reached", "stopped_at": "tcp"});
        let report = serde_json::json!({"schema_version": "1.0", "evidence": evidence});
        let file = folder.path().join("report.json");
        fs::write(&file, report.to_string()).expect("a file");
        let (output, shown) = run(tool().args(["diagnose", "-v"]).arg(&file));
        assert_eq!(output.status.code() == Some(64), refused, "{pointer}: {shown}");
        let bare = shown.lines().find(|line| line.contains("aoai-probe x"));
        assert_eq!(bare, None, "{pointer}");
    }
    // The walk on the way to a token is read as strictly.
    let mut path = evidence.clone();
    path["target"]["host"] = "x;$(reboot)".into();
    let mut evidence = evidence;
    evidence["identity"]["acquisition"] = serde_json::json!({
        "source": "client-secret", "tenant": "t", "client": "c'; reboot; '", "scope": "s",
        "assertion": null, "outcome": {"kind": "not_answered"}, "took_ms": 1.0,
        "requests": [{
            "purpose": "entra", "method": "POST", "url": "https://x/", "path": path,
            "tcp": null, "outcome": null, "started_ms": 0.0, "took_ms": 1.0
        }],
    });
    let file = folder.path().join("token.json");
    let report = serde_json::json!({"schema_version": "1.0", "evidence": evidence});
    fs::write(&file, report.to_string()).expect("a file");
    let (output, shown) = run(tool().args(["diagnose", "-v"]).arg(&file));
    assert_eq!(output.status.code(), Some(64), "{shown}");
}
