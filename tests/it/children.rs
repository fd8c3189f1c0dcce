//! The programs that this one runs: they end when it does.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::program::alone;

/// What a walk with an `az` that does not end leaves behind when `signal` ends it: how it ended,
/// and what `az` wrote after its first line.
fn ended_by(signal: &str) -> Option<(ExitStatus, String)> {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let az = folder.path().join("az");
    // Its child holds the pipe, too: the end of it comes when both are gone.
    let script =
        format!("#!/bin/sh\nexec >{}\necho began\nsleep 30\necho outlived\n", pipe.display());
    fs::write(&az, script).unwrap();
    fs::set_permissions(&az, fs::Permissions::from_mode(0o755)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_aoai-probe"));
    let mut child = alone(program, folder.path(), true)?
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.path().display()))
        .args(["--credential", "azure-cli", "myacct"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(File::open(&pipe).unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert_eq!(first, "began\n");
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    Some((status, rest))
}

#[test]
fn az_does_not_outlive_a_signal_that_ends_the_walk() {
    // SIGINT and SIGTERM end it with what is known, by the statuses that a shell gives them.
    for (signal, code, by) in
        [("-INT", Some(130), None), ("-TERM", Some(143), None), ("-HUP", None, Some(1))]
    {
        let Some((status, rest)) = ended_by(signal) else { return };
        assert_eq!((status.code(), status.signal()), (code, by), "{signal}");
        assert_eq!(rest, "", "{signal}");
    }
}
