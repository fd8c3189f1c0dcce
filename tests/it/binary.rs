//! The program's promises to a shell: flags, exit status, streams, files, secrets.
//!
//! Nothing here reaches a network: runs end before the walk, or have none to reach.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use aoai_probe::render::html;
use serde_json::{Value, json};

use crate::fixtures::{report, root};
use crate::program::{Ran, alone, fed, program, run, saved, text};

#[test]
fn help_and_version_are_on_standard_output() {
    let help = run(&["--help"]);
    for word in ["Exit status", "--resolver", "--expect", "explain", "diagnose", "generate"] {
        assert!(help.went_well().contains(word), "{word}");
    }
    assert_eq!(run(&["--version"]).went_well(), "aoai-probe 0.1.0\n");
    assert!(run(&["diagnose", "--help"]).went_well().contains("REPORT.json"));
}

#[test]
fn a_wrong_use_is_64_and_says_what_is_wrong() {
    for (arguments, words) in [
        (&[][..], "no target"),
        (&["--no-such-option"], "--no-such-option"),
        (&["--insecure", "myacct"], "--insecure"),
        (&["-q", "-v", "myacct"], "cannot be used with"),
        (&["--format", "xml", "myacct"], "human, html, json"),
        (&["--color", "blue", "myacct"], "always"),
        (&["--exit-style", "x", "myacct"], "state, hop"),
        (&["--trust", "none", "myacct"], "public, system"),
        (&["--expect", "privat", "myacct"], "10.3.0.0/24"),
        (&["--resolver", "dns.corp", "myacct"], "use the address"),
        (&["--connect-to", "x", "myacct"], "HOST:PORT:ADDRESS:PORT"),
        (&["--timeout", "0", "myacct"], "0.05 to 3600"),
        (&["--deadline", "NaN", "myacct"], "0.05 to 3600"),
        (&["--api-version", "../x", "myacct"], "2024-10-21"),
        (&["--proxy", "http://", "--plan", "myacct"], "http://proxy.corp:3128"),
        (&["--service", "nope", "--plan", "myacct"], "openai"),
        (&["--credential", "imds-like", "myacct"], "api-key-file"),
        (&["--credential", "api-key", "myacct"], "AZURE_OPENAI_API_KEY is not set"),
        (&["--credential", "none", "--api-key-file", "k", "--plan", "myacct"], "contradict"),
        (&["--credential", "token", "--api-key-file", "k", "--plan", "myacct"], "contradict"),
        (&["--api-key-file", "k", "--token-file", "t", "myacct"], "cannot be used with"),
        (&["generate", "man", "chekc"], "no command"),
        (&["explain", "--list", "dns-zone-not-linked"], "cannot be used with"),
        (&["diagnose"], "REPORT.json"),
        (&["generate"], "generate"),
        (&["generate", "completions", "csh"], "bash"),
        (&["-v", "diagnose", "report.json"], "a command comes first"),
        (&["--plan", "explain", "dns-zone-not-linked"], "a command comes first"),
    ] {
        run(arguments).refused(words);
    }
}

#[test]
fn targets_that_cannot_be_walked_say_why() {
    let label = "a".repeat(64);
    let long_label = format!("{label}.openai.azure.com");
    let long_name = format!("{}openai.azure.com", "abcdefghi.".repeat(25));
    for (target, words) in [
        (label.as_str(), "64 bytes"),
        (&long_label, "64 bytes"),
        (&long_name, "253"),
        ("a..openai.azure.com", "empty part"),
        (".openai.azure.com", "empty part"),
        (".", "empty part"),
        ("https://user:canary@myacct.openai.azure.com/", "leave it out"),
        ("http://user:canary@myacct.openai.azure.com/", "leave it out"),
        ("user:canary@myacct.openai.azure.com", "leave it out"),
        ("user:canary@https://myacct.openai.azure.com", "leave it out"),
        ("https:/user:canary@myacct.openai.azure.com", "leave it out"),
        ("canary@myacct", "leave it out"),
        ("10.3.0.5", "is an address"),
        ("https://10.3.0.5/", "is an address"),
        ("https://0x0a030005/", "is an address"),
        ("::1", "is an address"),
        ("[fd00::5]", "is an address"),
        ("https://[fd00::5]:443/", "is an address"),
        ("http://myacct.openai.azure.com", "begins with https"),
        ("ftp://myacct.openai.azure.com", "begins with https"),
        ("https://https://myacct.openai.azure.com", "twice"),
        ("myacct.openai.azure.com:65536", "port"),
        ("my account", "no account name"),
        ("my account.openai.azure.com", "' '"),
        ("my\u{1b}[31macct", "no account name"),
        ("compare", "is a command"),
        ("app", "is a command"),
        ("watch", "is a command"),
        ("", "empty"),
        ("   ", "empty"),
    ] {
        let ran = run(&["--plan", "--", target]);
        ran.refused(words);
        assert!(!ran.err.contains('\u{1b}'), "{target:?}");
    }
}

#[test]
fn unusual_names_are_walked_in_their_ascii_form() {
    for (target, name) in [
        ("MyAcct", "myacct.openai.azure.com"),
        ("myacct.openai.azure.com.", "myacct.openai.azure.com"),
        ("b\u{fc}cher.openai.azure.com", "xn--bcher-kva.openai.azure.com"),
        ("https://myacct.openai.azure.com/openai/v1/", "myacct.openai.azure.com"),
    ] {
        let ran = run(&["--plan", target]);
        assert!(ran.went_well().starts_with(&format!("{name} would contact:\n")), "{}", ran.out);
    }
}

#[test]
fn the_plan_says_what_would_be_contacted() {
    let ran = run(&[
        "check",
        "--plan",
        "--resolver",
        "127.0.0.1:5353",
        "--deployment",
        "gpt-4o",
        "https://myacct.openai.azure.com/?subscription-key=canary",
        "v.vault.azure.net",
        "s.blob.core.windows.net",
        "s.database.windows.net",
    ]);
    for words in [
        "127.0.0.1:5353",
        "--resolver",
        "GET https://myacct.openai.azure.com/openai/models?api-version=",
        "POST https://myacct.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
        "v.vault.azure.net would contact:",
        "GET https://v.vault.azure.net/secrets?api-version=7.4&maxresults=1",
        "s.blob.core.windows.net would contact:",
        "GET https://s.blob.core.windows.net/?comp=list&maxresults=1",
        "s.database.windows.net would contact:",
        "no call is known for this service",
    ] {
        assert!(ran.went_well().contains(words), "{words}: {}", ran.out);
    }
    let proxied = program()
        .args(["--plan", "myacct"])
        .env("HTTPS_PROXY", "http://user:canary@proxy.corp:3128")
        .output()
        .unwrap();
    assert!(Ran::of(proxied).went_well().contains("proxy.corp:3128"));
}

#[test]
fn each_service_gets_its_own_key_and_the_plan_says_where_it_goes() {
    let hosts = ["myacct", "s.search.windows.net", "v.vault.azure.net"];
    let ran = program()
        .args(["--plan", hosts[0], hosts[1], hosts[2]])
        .env("AZURE_OPENAI_API_KEY", "canary-account")
        .env("AZURE_SEARCH_KEY", "canary-search")
        .output()
        .unwrap();
    let ran = Ran::of(ran);
    let plan = ran.went_well();
    for line in [
        "key    from AZURE_OPENAI_API_KEY, in the header api-key",
        "key    from AZURE_SEARCH_KEY, in the header api-key",
        "key    AZURE_OPENAI_API_KEY is not sent: it is for a key of Azure OpenAI",
    ] {
        assert_eq!(plan.matches(line).count(), 1, "{line}: {plan}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "canary").unwrap();
    let shared =
        run(&["--api-key-file", file.path().to_str().unwrap(), "myacct", "s.search.windows.net"]);
    assert!(shared.err.contains("targets with keys of their own"), "{}", shared.err);
}

#[test]
fn the_plan_says_how_the_host_that_gives_tokens_is_found_and_reached() {
    let plan = |proxy: &str| {
        let ran = program()
            .args(["--plan", "--resolver", "127.0.0.1:5353", "myacct.openai.azure.us"])
            .env("AZURE_TENANT_ID", "t")
            .env("AZURE_CLIENT_ID", "c")
            .env("AZURE_CLIENT_SECRET", "canary")
            .env("HTTPS_PROXY", proxy)
            .output()
            .unwrap();
        Ran::of(ran).went_well().to_owned()
    };
    let host = "login.microsoftonline.us";
    let direct = plan("");
    for line in [
        format!("A, AAAA {host}, for the token"),
        format!("getaddrinfo {host}"),
        format!("every address of {host}, port 443"),
        format!("SNI {host}"),
        format!("POST https://{host}: a token for AZURE_CLIENT_SECRET"),
    ] {
        assert!(direct.contains(&line), "{line}: {direct}");
    }
    // A resolver that was given is asked for the target alone.
    assert!(!direct.contains(&format!("127.0.0.1:5353: A, AAAA {host}")), "{direct}");
    let proxied = plan("http://proxy.corp:3128");
    assert!(proxied.contains(&format!("CONNECT {host}:443")), "{proxied}");
    assert!(!proxied.contains(&format!("A, AAAA {host}")), "{proxied}");
}

#[test]
fn the_endpoint_comes_from_the_environment_when_no_target_is_given() {
    let plan = |endpoint: &str| {
        Ran::of(program().arg("--plan").env("AZURE_OPENAI_ENDPOINT", endpoint).output().unwrap())
    };
    let ran = plan("https://myacct.openai.azure.com/");
    assert!(ran.went_well().starts_with("myacct.openai.azure.com would"));
    plan("https://user:canary@myacct.openai.azure.com/").refused("leave it out");
    plan("").refused("no target");
}

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

#[test]
fn saved_reports_are_judged_again() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(folder.path(), "healthy");
    let bad = saved(folder.path(), "zone-not-linked");
    let page = folder.path().join("page.html");
    let ran = run(&["diagnose", "--format", "html", "-o", text(&page), text(&good), text(&bad)]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    let [of_page, of_reports] = [&[text(&page)][..], &[text(&good), text(&bad)]]
        .map(|files| run(&[&["diagnose", "--format", "json"], files].concat()).out);
    assert_eq!(of_page, of_reports, "a page holds the reports that it shows, in their order");
    let ran = run(&["diagnose", text(&good)]);
    assert!(ran.went_well().starts_with("WORKS"), "{}", ran.out);

    let ran = run(&["diagnose", text(&bad)]);
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    assert!(ran.out.starts_with("BROKEN at dns (dns-zone-not-linked)"), "{}", ran.out);
    let ran = run(&["diagnose", "--exit-style", "hop", text(&bad)]);
    assert_eq!(ran.status, 10);
    let ran = run(&["diagnose", text(&good), text(&bad)]);
    assert_eq!(ran.status, 2, "the worst one counts");

    let quiet = run(&["diagnose", "-q", text(&bad)]);
    assert_eq!(quiet.out.lines().count(), 1, "{}", quiet.out);
    let verbose = run(&["diagnose", "-v", text(&bad)]);
    let normal = run(&["diagnose", text(&bad)]);
    assert!(verbose.out.len() > 2 * normal.out.len(), "{}", verbose.out);

    let ran = run(&["diagnose", "--format", "json", text(&bad)]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["verdict"]["state"], "broken");
    assert_eq!(value["verdict"]["cause"], "dns-zone-not-linked");
    let ran = run(&["diagnose", "--format", "json", text(&bad), text(&good)]);
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value.as_array().map(Vec::len), Some(2));

    let mut command = program();
    command.args(["diagnose", "-"]);
    let ran = fed(command, &fs::read(&good).unwrap());
    assert!(ran.went_well().starts_with("WORKS"), "{}", ran.out);
}

#[test]
fn a_step_of_github_gets_its_summary_behind_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, file) = (saved(folder.path(), "zone-not-linked"), folder.path().join("summary"));
    fs::write(&file, "before\n").unwrap();
    let github = |summary: &Path, format: &str| {
        let mut command = program();
        command.env("GITHUB_STEP_SUMMARY", summary).args(["diagnose", "--format", format]);
        Ran::of(command.arg(&bad).output().unwrap())
    };
    let ran = github(&file, "github");
    assert_eq!((ran.status, ran.err.as_str()), (2, ""));
    let summary = fs::read_to_string(&file).unwrap();
    assert!(summary.starts_with("before\n## aoai-probe\n"), "{summary}");
    assert!(summary.contains("| dns | **broken** |"), "{summary}");
    // Other forms leave it alone; one that cannot be written loses no result.
    assert_eq!(github(&file, "human").status, 2);
    assert_eq!(fs::read_to_string(&file).unwrap(), summary);
    let ran = github(folder.path(), "github");
    assert_eq!(ran.status, 2);
    assert!(ran.out.starts_with("::error ") && ran.err.contains("GITHUB_STEP_SUMMARY: "));
}

#[test]
fn a_plugin_is_unknown_where_it_cannot_begin() {
    for (arguments, words) in [
        (&["diagnose", "--format", "nagios", "no-such.json"][..], "no-such.json: cannot be read"),
        (&["--format=nagios", "--no-such-option", "myacct"], "--no-such-option"),
        (&["--format", "nagios"], "no target"),
    ] {
        let ran = run(arguments);
        assert_eq!((ran.status, ran.err.as_str()), (3, ""), "{}", ran.out);
        let first = ran.out.lines().next().unwrap();
        assert!(first.starts_with("AOAI UNKNOWN: ") && first.contains(words), "{}", ran.out);
        assert!(!ran.out.contains('|'), "{}", ran.out);
    }
    let ran =
        run(&["--format", "nagios", "--api-key-file", "canary", "--proxy", "http://a:canary@b"]);
    assert_eq!(ran.status, 3);
}

#[test]
fn judging_the_same_evidence_twice_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(&["diagnose", "--format", "json", text(&saved(folder.path(), "two-causes"))]);
    let again = folder.path().join("again.json");
    fs::write(&again, &first.out).unwrap();
    let second = run(&["diagnose", "--format", "json", text(&again)]);
    assert_eq!(first.out, second.out);
    assert_eq!(first.status, second.status);
}

#[test]
fn what_is_no_report_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let whole = fs::read(saved(folder.path(), "healthy")).unwrap();
    let mut other = serde_json::to_value(report("healthy")).unwrap();
    other["schema_version"] = json!("2.0");
    // 100 MB that cost no disk.
    let huge = fs::File::create(folder.path().join("huge.json")).unwrap();
    huge.set_len(100_000_000).unwrap();
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let page = html::render(&[report("healthy")]).into_bytes();
    for (path, words) in [
        (write("truncated.json", &whole[..whole.len() / 2]), "truncated"),
        (folder.path().join("huge.json"), "larger than 16 MiB"),
        (write("deep.json", deep.as_bytes()), "nested deeper"),
        (write("other.json", other.to_string().as_bytes()), "schema 2.0"),
        (write("text.json", b"hello"), "not JSON"),
        (write("page.html", b"<!DOCTYPE html><p>hello"), "an HTML page without a report in it"),
        (write("cut.html", &page[..page.len() - 100]), "truncated"),
        (write("escape.json", b"{\"schema_version\": \"\x1b[2J\"}"), "not JSON"),
        (write("number.json", b"7"), "not a report"),
        (write("empty.json", b""), "empty"),
        (folder.path().to_owned(), "cannot be read"),
        (folder.path().join("missing.json"), "cannot be read"),
    ] {
        let ran = run(&["diagnose", text(&path)]);
        ran.refused(words);
        assert!(ran.err.contains(text(&path)), "the file is named: {}", ran.err);
        assert!(!ran.err.contains('\u{1b}'), "{}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    }
}

#[test]
fn explain_shows_pages_and_neighbours() {
    let page = root().join("docs/findings/dns-zone-not-linked.md");
    assert_eq!(
        run(&["explain", "dns-zone-not-linked"]).went_well(),
        fs::read_to_string(page).unwrap()
    );
    run(&["explain", "dns-zone-not-linkd"]).refused("similar: dns-zone-not-linked");
    run(&["explain", "nothing-like-it-at-all"]).refused("--list");
    let lists = [run(&["explain", "--list"]), run(&["explain"]), run(&["explain", "tls"])];
    let [list, bare, tls] = lists.map(|ran| ran.went_well().to_owned());
    assert_eq!(list, bare);
    for rule in aoai_probe::diagnose::rules::all() {
        assert!(list.contains(rule.id), "{}", rule.id);
        assert_eq!(tls.contains(rule.id), rule.hop.name() == "tls", "{}", rule.id);
    }
}

#[test]
fn generated_text_is_on_standard_output() {
    let man = run(&["generate", "man"]);
    assert!(man.went_well().contains(".TH aoai-probe"), "{}", man.out);
    for section in ["ENVIRONMENT", "FILES", "EXAMPLES", "\"EXIT STATUS\"|EXIT STATUS"] {
        let titles = section.split('|').map(|title| format!("\n.SH {title}\n"));
        assert!(titles.into_iter().any(|title| man.out.contains(&title)), "{section}");
    }
    for command in
        ["check", "watch", "serve", "history", "explain", "diagnose", "compare", "generate"]
    {
        let page = run(&["generate", "man", command]);
        let title = format!(".TH aoai-probe-{command}");
        assert!(page.went_well().contains(&title), "{}", page.out);
        assert!(page.out.contains("\n.SH EXAMPLES\n"), "{command}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["generate", "completions", shell]);
        // The others get no positional words from clap.
        let completes = matches!(shell, "bash" | "zsh" | "fish");
        for word in ["dns-zone-not-linked", "workload-identity", "keyvault"] {
            assert!(!completes || script.out.contains(word), "{shell}: {word}");
        }
        assert!(script.went_well().contains("exit-style"), "{shell}");
    }
    let schema: Value = serde_json::from_str(run(&["generate", "schema"]).went_well()).unwrap();
    assert!(schema["properties"]["verdict"].is_object());
    assert!(run(&["generate", "findings"]).went_well().starts_with("# Findings\n"));
}

#[test]
fn colour_obeys_option_then_no_color_then_clicolor_force() {
    let folder = tempfile::tempdir().unwrap();
    let bad = saved(folder.path(), "zone-not-linked");
    let painted = |option: Option<&str>, pairs: &[(&str, &str)]| {
        let mut command = program();
        command.args(["diagnose", text(&bad)]).envs(pairs.iter().copied());
        if let Some(option) = option {
            command.args(["--color", option]);
        }
        Ran::of(command.output().unwrap()).out.contains('\u{1b}')
    };
    let (no, force) = (("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"));
    assert!(!painted(None, &[]), "standard output is no terminal");
    assert!(painted(None, &[force]));
    assert!(!painted(None, &[("CLICOLOR_FORCE", "0")]));
    assert!(!painted(None, &[no, force]), "NO_COLOR beats CLICOLOR_FORCE");
    assert!(painted(None, &[("NO_COLOR", ""), force]), "an empty NO_COLOR is not set");
    assert!(painted(Some("always"), &[no]), "--color beats NO_COLOR");
    assert!(!painted(Some("never"), &[force]), "--color beats CLICOLOR_FORCE");
    assert!(!painted(Some("auto"), &[]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let bad = saved(folder.path(), "zone-not-linked");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = program()
        .args(["diagnose", "-v", text(&bad)])
        .stdout(writer)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(2), ""));
}

#[test]
fn an_answer_that_was_pasted_is_explained_and_its_secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("error.txt");
    let key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
    let skill = "Web Api response status: 'Forbidden', Web Api response details: \
                 '{\"error\":{\"code\":\"403\",\"message\": \"Public access is disabled.\"}}'";
    fs::write(&file, format!("api-key: {key}\n{skill}")).unwrap();
    let ran = run(&["explain", "--answer", text(&file)]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{}", ran.out);
    let first = ran.out.lines().next().unwrap();
    assert!(first.starts_with("REFUSED between services (http-leg-of-skill): "), "{first}");
    for words in ["http-public-access-disabled", "openai_account", "no client can test"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!ran.out.contains(key), "{}", ran.out);
    fs::write(&file, "hello").unwrap();
    let ran = run(&["explain", "--answer", text(&file)]);
    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.starts_with("CANNOT TELL"), "{}", ran.out);
    fs::write(&file, "").unwrap();
    run(&["explain", "--answer", text(&file)]).refused("is empty");
    run(&["explain", "--answer", "/no/such/file"]).refused("cannot be read");
    run(&["explain", "--answer", text(&file), "--service", "teapot"]).refused("teapot");
    run(&["explain", "--answer", text(&file), "dns-zone-not-linked"]).refused("cannot be used");
}
