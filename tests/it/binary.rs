//! The program's promises to a shell: flags, exit status, streams, files, secrets.
//!
//! Nothing here reaches a network: runs end before the walk, or have none to reach.

mod plan;
mod saved;
mod secrets;

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::fixtures::root;
use crate::program::{Ran, fed, program, run, saved as saved_report, text};

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
    let bad = saved_report(folder.path(), "zone-not-linked");
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
    let bad = saved_report(folder.path(), "zone-not-linked");
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
fn a_key_of_the_environment_is_shown_of_nothing_that_was_pasted() {
    for pasted in [
        "HTTP/1.1 403 x\n\ncanary word",
        r#"{"SourceIp":"10.0.0.4","Action":"Deny","Fqdn":"myacct.openai.azure.com","Rule":"canary word"}"#,
        "ScStatus,CsHost\n403,canary word\n",
        "HTTPS request from 10.0.0.4:5 to myacct.openai.azure.com:443. Action: Deny. canary word",
        "api-key: canary word",
        "can\u{1b}[31mary word in colours: 403",
    ] {
        let mut command = program();
        command.env("AZURE_OPENAI_API_KEY", "canary word").args(["explain", "--answer", "-"]);
        let ran = fed(command, pasted.as_bytes());
        assert!(ran.out.contains("[secret]"), "{pasted}: {}", ran.out);
        assert!(!ran.out.contains("word"), "{pasted}: {}", ran.out);
    }
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
    let ran = run(&["explain", "--answer", text(&file), "--format", "json"]);
    let json: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["answers"][0]["meaning"]["finding"], "http-leg-of-skill", "{json}");
    assert!(ran.status == 0 && !ran.out.contains(key), "{}", ran.out);
    run(&["explain", "--format", "json"]).refused("--answer");
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
