//! Secrets and the files that hold them: none is repeated, none is taken from where it cannot be.

use std::fs;
#[cfg(target_os = "linux")]
use std::path::Path;

#[cfg(target_os = "linux")]
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::program::alone;
use crate::program::{Ran, fed, program, run, text};

#[test]
fn a_secret_on_the_command_line_is_not_repeated() {
    // In the forms of a key and of a token.
    let key = "3kT7pQx9Zb2LmN8vR4sW6yC1dF5gH0jKaB3eD7iJ9canary2qU4wXz6A";
    let token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJjYW5hcnkxMjM0NTY3ODkwIn0.canary";
    for arguments in [
        &[key][..],
        &["--deployment", key, "myacct"],
        &["--assertion-file", token, "myacct"],
        &["--ca-file", key, "myacct"],
        &["--proxy", key, "myacct"],
        &["app", key],
        &["app", "myacct", "--with", &format!("search={key}")],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 64, "{arguments:?}");
        assert!(!ran.err.contains("canary"), "{}", ran.err);
    }
    for arguments in [
        &["--api-key=canary", "myacct"][..],
        &["--api-key", "canary", "myacct"],
        &["--proxy", "http://user:canary@proxy.corp:3128", "myacct"],
        &["--proxy", "user:canary@proxy.corp:3128", "myacct"],
        &["--resolver", "user:canary@10.1.0.10", "myacct"],
        &["-H", "api-key: canary", "myacct"],
    ] {
        assert_eq!(run(arguments).status, 64, "{arguments:?}");
    }
}

#[test]
fn a_secret_in_the_variable_of_something_else_is_refused_unseen() {
    let secret = "canary-word";
    for variable in ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST"] {
        let mut command = program();
        command.arg("myacct").env("AZURE_CLIENT_SECRET", secret).env(variable, secret);
        let ran = Ran::of(command.output().unwrap());
        ran.refused(variable);
        assert!(ran.err.contains("AZURE_CLIENT_SECRET"), "{}", ran.err);
    }
}

#[test]
fn a_key_that_cannot_be_a_key_is_refused_unseen() {
    for (value, words) in [
        ("canary\nkey", "line end at character 7"),
        ("canary\r\n\r\nkey", "line end at character 7"),
        ("canary\u{1}", "control character at character 7"),
        ("canary\u{fc}", "outside ASCII"),
        ("\"canary\"", "space or quote at character 1"),
        ("canary canary", "space or quote"),
    ] {
        for variable in ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"] {
            let ran = Ran::of(program().arg("myacct").env(variable, value).output().unwrap());
            ran.refused(words);
            assert!(ran.err.contains(variable), "{}", ran.err);
        }
        for option in ["--api-key-file", "--token-file"] {
            let mut command = program();
            command.args([option, "-", "myacct"]);
            let ran = fed(command, value.as_bytes());
            ran.refused(words);
            assert!(ran.err.contains("standard input"), "{}", ran.err);
        }
    }
}

#[test]
fn files_that_hold_no_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    for (path, words) in [
        (write("empty", b""), "is empty"),
        (write("newline", b"\n"), "is empty"),
        (write("binary", b"canary\xff\xfe"), "is not text"),
        (write("powershell", b"\xff\xfec\0a\0n\0a\0r\0y\0"), "is in UTF-16"),
        (write("large", &[b'a'; 70_000]), "larger than 64 KiB"),
        (write("two-lines", b"canary\ncanary\n"), "line end at character 7"),
        (folder.path().join("missing"), "No such file"),
        (folder.path().to_owned(), "directory"),
    ] {
        let ran = run(&["--api-key-file", text(&path), "myacct"]);
        ran.refused(words);
        assert!(ran.err.contains(text(&path)), "the file is named: {}", ran.err);
    }
}

#[test]
fn ca_files_that_hold_no_certificate_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let key = "-----BEGIN PRIVATE KEY-----\ncanary==\n-----END PRIVATE KEY-----\n";
    let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (path, words) in [
        (write("empty.pem", b""), "no certificate"),
        (write("key.pem", key.as_bytes()), "ca-file"),
        (write("text.pem", b"not a certificate"), "no certificate"),
        (write("bad.pem", bad.as_bytes()), "no certificate that can be parsed"),
        (write("der.crt", b"\x30\x82\x01\x00"), "no certificate"),
        (folder.path().join("missing.pem"), "cannot be read"),
        (folder.path().to_owned(), "cannot be read"),
    ] {
        let ran = run(&["--ca-file", text(&path), "--plan", "myacct"]);
        ran.refused(words);
        assert!(ran.err.contains(text(&path)), "the file is named: {}", ran.err);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_file_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "canary0123456789\n").unwrap();
    for (mode, warned) in [(0o644, true), (0o640, true), (0o600, false)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let Some(mut command) =
            alone(Path::new(env!("CARGO_BIN_EXE_aoai-probe")), folder.path(), true)
        else {
            return;
        };
        command.args(["--timeout", "0.3", "--format", "json", "--api-key-file", text(&key), "a1"]);
        let ran = Ran::of(command.output().unwrap());
        assert!([2, 3].contains(&ran.status), "{}{}", ran.out, ran.err);
        let words = format!("can be read by other users (mode {mode:04o})");
        assert_eq!(ran.err.contains(&words), warned, "{:o}: {}", mode, ran.err);
        let seen: Value = serde_json::from_str(&ran.out).unwrap();
        let shown = &seen["evidence"]["identity"]["file_mode_open"];
        assert_eq!(shown.is_string(), warned, "{shown}");
        assert_eq!(seen["evidence"]["identity"]["withheld"], "not_reached");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_walk_without_any_network_is_broken_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for format in [
        "human",
        "html",
        "json",
        "json-lines",
        "nagios",
        "prometheus",
        "junit",
        "github",
        "markdown",
        "csv",
    ] {
        let Some(mut command) =
            alone(Path::new(env!("CARGO_BIN_EXE_aoai-probe")), folder.path(), true)
        else {
            return;
        };
        command
            .args(["--timeout", "0.3", "--resolver", "10.1.0.10", "--format", format, "-v", "a1"])
            .env("AZURE_OPENAI_API_KEY", "canary0123456789")
            .env("AZURE_OPENAI_AD_TOKEN", "canary.canary.canary")
            .env("NO_PROXY", "*");
        let ran = Ran::of(command.output().unwrap());
        assert_eq!((ran.status, ran.err.as_str()), (2, ""), "{}", ran.out);
        // Metrics and annotations hold no address and no variable.
        if !["prometheus", "github"].contains(&format) {
            assert!(ran.out.contains("10.1.0.10"), "{}", ran.out);
            assert!(ran.out.contains("AZURE_OPENAI_API_KEY"), "{}", ran.out);
        }
    }
}
