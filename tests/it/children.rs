//! The programs that this one runs: they end when it does.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::program::{Ran, alone};

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

/// What a check says of the token that an `azd` prints, as JSON, where `answer` is what the program
/// does once it was run exactly as the SDKs run it, with nothing that belongs to others.
fn told_by_azd(answer: &str) -> Option<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let azd = folder.path().join("azd");
    let script = format!(
        r#"#!/bin/sh
expected="auth token -o json --no-prompt --scope https://cognitiveservices.azure.com/.default"
[ "$*" = "$expected" ] || {{ echo "unknown arguments: $*" >&2; exit 64; }}
[ "$NO_COLOR" = true ] || {{ echo "colours" >&2; exit 64; }}
case "$(env)" in *canary-of-others*) echo "a secret of others" >&2; exit 64; esac
[ "$(pwd)" = /bin ] || [ "$(pwd)" = /usr/bin ] || {{ echo "run in $(pwd)" >&2; exit 64; }}
{answer}
"#
    );
    fs::write(&azd, script).unwrap();
    fs::set_permissions(&azd, fs::Permissions::from_mode(0o755)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_aoai-probe"));
    let output = alone(program, folder.path(), true)?
        .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.path().display()))
        .env("AZURE_CLIENT_SECRET", "canary-of-others")
        .args(["--credential", "azure-developer-cli", "--format", "json", "myacct"])
        .output()
        .unwrap();
    let ran = Ran::of(output);
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("a report");
    Some(
        report
            .pointer("/evidence/identity/acquisition")
            .unwrap_or(&report["identity"]["acquisition"])
            .clone(),
    )
}

#[test]
fn azd_is_run_as_the_sdks_run_it_and_its_token_is_never_shown() {
    let answer = r#"echo '{"token": "canary-token", "expiresOn": "2099-12-31T00:00:00Z"}'"#;
    let Some(acquisition) = told_by_azd(answer) else { return };
    assert_eq!(acquisition["outcome"]["kind"], "acquired", "{acquisition}");
    assert_eq!(acquisition["source"], "azure-developer-cli");
}

#[test]
fn an_error_of_azd_is_told_in_its_words_and_without_secrets() {
    for (printed, told) in [
        (
            r#"{"type":"consoleMessage","data":{"message":"ERROR: not logged in, run `azd auth login` to login"}}"#,
            "ERROR: not logged in, run `azd auth login` to login",
        ),
        (
            r#"{"error":"token eyJhbGciOiJSUzI1NiJ9.canary.c2ln was refused","suggestion":"s"}"#,
            "token [not shown] was refused",
        ),
    ] {
        let answer = format!("echo '{printed}' >&2; exit 1");
        let Some(acquisition) = told_by_azd(&answer) else { return };
        let outcome = &acquisition["outcome"];
        assert_eq!((&outcome["kind"], &outcome["message"]), (&"not_asked".into(), &told.into()));
    }
}
