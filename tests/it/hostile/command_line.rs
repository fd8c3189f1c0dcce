//! What users type by mistake: said in words, status 64, and no secret repeated.

use super::{HOST, KEY, assert_hidden, run, tool};

const PASSWORD: &str = "canaryPassw0rdOfTheProxy";

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let url = format!("http://user:{PASSWORD}@proxy.corp:3128");
    let target = format!("https://user:{PASSWORD}@{HOST}/");
    let scheme = format!("user:{PASSWORD}://x@{HOST}");
    let api_key = format!("--api-key={KEY}");
    for arguments in [
        vec!["--proxy", &url, HOST],
        vec!["--proxy=", &url, HOST],
        vec!["--proxi", &url, HOST],
        vec!["--resolver", &url, HOST],
        vec!["--connect-to", &url, HOST],
        vec!["--expect", KEY, HOST],
        vec!["--format", KEY, HOST],
        vec!["--api-version", &url, HOST],
        vec![&api_key, HOST],
        vec!["--api-key", KEY, HOST],
        vec!["--credential", KEY, HOST],
        vec!["--api-key-file", KEY, HOST],
        vec!["--token-file", KEY, HOST],
        vec![KEY],
        vec![&target],
        vec![&scheme],
    ] {
        let (output, shown) = run(tool().args(&arguments));
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {shown}");
        assert_hidden(KEY, &shown, &format!("{arguments:?}"));
        assert_hidden(PASSWORD, &shown, &format!("{arguments:?}"));
    }
}

#[test]
fn a_key_that_also_stands_in_the_target_goes_nowhere() {
    let named = format!("{KEY}.openai.azure.com");
    for arguments in [
        vec![named.as_str()],
        vec![HOST, "--deployment", KEY],
        vec![HOST, "--api-version", KEY],
        vec!["--plan", &named],
    ] {
        let (output, shown) = run(tool().args(&arguments).env("AZURE_OPENAI_API_KEY", KEY));
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {shown}");
        assert_hidden(KEY, &shown, &format!("{arguments:?}"));
    }
}

#[test]
fn a_query_in_the_endpoint_is_not_kept() {
    let endpoint = format!("https://{HOST}/openai/?api-key={KEY}#{KEY}");
    for format in [["--plan", "-v"], ["--format=json", "-v"]] {
        let mut command = tool();
        command.args(format).args(["--resolver=127.0.0.1:1", "--timeout=0.2"]);
        let (_, shown) = run(command.env("AZURE_OPENAI_ENDPOINT", &endpoint));
        assert!(shown.contains(HOST), "{shown}");
        assert_hidden(KEY, &shown, "in the query");
    }
}

#[test]
fn wrong_values_are_named() {
    let long = "a".repeat(100_000);
    for (arguments, wanted) in [
        (vec![""], "target is empty"),
        (vec![long.as_str()], "bytes long"),
        (vec!["--deployment=", HOST], "expected the name of a deployment"),
        (vec!["--api-key-file=", HOST], "--api-key-file"),
        (vec!["--ca-file=/dev/zero", HOST], "larger than 8 MiB"),
        (vec!["--api-key-file=/dev/zero", HOST], "larger than 64 KiB"),
        (vec!["--api-key-file=/dev/null", HOST], "empty"),
        (vec!["--api-key-file=/", HOST], "is a directory"),
        (vec!["--deadline=1e400", HOST], "a time in seconds"),
        (vec!["--credential=none", "--api-key-file=x", HOST], "contradict"),
        (vec!["diagnose", "/dev/zero"], "larger than 16 MiB"),
        (vec!["diagnose", "/"], "cannot be read"),
        (vec!["diagnose", ""], "cannot be read"),
    ] {
        let (output, shown) = run(tool().args(&arguments));
        assert_eq!(output.status.code(), Some(64), "{wanted}: {shown}");
        assert!(shown.contains(wanted), "{wanted}: {shown}");
        assert!(shown.len() < 1000, "{wanted}: {} bytes", shown.len());
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_text_is_said_to_be_none() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bytes = OsStr::from_bytes(b"canary\xff\xfe");
    let (output, shown) = run(tool().arg(bytes));
    assert_eq!(output.status.code(), Some(64), "{shown}");
    for variable in ["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"] {
        let (output, shown) = run(tool().arg(HOST).env(variable, bytes));
        assert_eq!(output.status.code(), Some(64), "{shown}");
        assert!(shown.contains(variable) && shown.contains("outside ASCII"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    for variable in ["OPENAI_API_VERSION", "AZURE_OPENAI_ENDPOINT"] {
        let (output, shown) = run(tool().args(["--plan", "x"]).env(variable, bytes));
        assert_eq!(output.status.code(), Some(64), "{shown}");
    }
}
