//! A password in a URL-like value shows in no output, however the URL is spelt and wherever it
//! was put. Each password holds the word canary.

use std::fs;

use aoai_probe::run::{self, Terminal};

use crate::bundle::unpacked;
use crate::program::{Ran, program, saved};

/// Spellings of a URL with a password, and of what people make of one by mistake.
const SPELLINGS: &[&str] = &[
    "http://bob:canary",
    "http://bob:canary/",
    "HTTP://bob:canary",
    "http://bob:canary@proxy.corp:3128",
    "http://bob:canary%40proxy.corp:3128",
    "http://bob:canary%2540proxy.corp:3128",
    "http://bob:canary\u{ff20}proxy.corp:3128",
    "http://bob:canary\u{fe6b}proxy.corp",
    "http://bob:canary%EF%BC%A0proxy.corp",
    "http://bob:can,canary@proxy.corp",
    "http://bob:a,canary,b@proxy.corp",
    "http://bob:80/canary@proxy.corp",
    "http://bob:80/canary%40proxy.corp",
    "http://bob:canary#@proxy.corp",
    "http://bob:canary?@proxy.corp",
    "http://bob:80?canary@proxy.corp",
    "http//bob:canary@proxy.corp",
    "http:/bob:canary@proxy.corp",
    "http;//bob:canary@proxy.corp",
    "http:\\\\bob:canary@proxy.corp",
    "https//bob:canary@myacct.openai.azure.com",
    "https//bob:canary",
    " http://bob:canary@proxy.corp",
    "ftp://bob:canary@proxy.corp",
    "socks5://bob:canary@proxy.corp",
    "bob:canary@proxy.corp",
    "bob:canary%40proxy.corp",
];

/// Runs the program's own function, since thousands of processes would take minutes.
fn shows_nothing(words: Vec<String>) {
    let shown = words.join(" ");
    let words = std::iter::once("aoai-probe".to_owned()).chain(words).map(Into::into);
    let done = run::run(words, Terminal::default(), &|_| {});
    let bundled = done.bundle.iter().flat_map(|bundle| &bundle.files);
    let text = bundled.fold(done.out + &done.err, |text, (_, file)| text + file);
    assert!(!text.contains("canary"), "{shown}: a secret in the output:\n{text}");
}

#[test]
fn a_password_on_the_command_line_is_shown_nowhere() {
    let places: &[&[&str]] = &[
        &[""],
        &["myacct", "--proxy="],
        &["myacct", "--resolver="],
        &["myacct", "--connect-to="],
        &["myacct", "--expect="],
        &["myacct", "--credential="],
        &["myacct", "--credential=none", "--identity="],
        &["myacct", "--service="],
        &["myacct", "--deployment="],
        &["myacct", "--api-version="],
        &["myacct", "--trust="],
        &["myacct", "--timeout="],
        &["myacct", "--api-key-file="],
        &["myacct", "--token-file="],
        &["myacct", "--assertion-file="],
        &["myacct", "--ca-file="],
        &["myacct", "--output="],
        &["myacct", "--bundle="],
        &["myacct", "--format="],
        &["myacct", "--no-such-option="],
        &["--config="],
        &["--config=/nowhere.toml", ""],
        &["explain", ""],
        &["diagnose", ""],
        &["compare", "a.json", ""],
        &["history", "--history=/nowhere.db", ""],
        &["history", "--history="],
        &["watch", "--config="],
        &["serve", "--listen="],
        &["generate", "completions", ""],
        &["generate", ""],
    ];
    for spelling in SPELLINGS {
        for place in places {
            let (last, before) = place.split_last().unwrap();
            let walk = !["explain", "diagnose", "compare", "history", "watch", "serve", "generate"]
                .contains(place.first().unwrap());
            // No place leads to a packet: a walk is only planned.
            let words = walk.then_some("--plan").into_iter().chain(before.iter().copied());
            let words = words.map(str::to_owned).chain([format!("{last}{spelling}")]);
            shows_nothing(words.collect());
        }
    }
}

#[test]
fn a_password_in_the_environment_is_shown_nowhere() {
    let with: &[(&str, &[(&str, &str)])] = &[
        ("HTTPS_PROXY", &[]),
        ("https_proxy", &[]),
        ("HTTP_PROXY", &[]),
        ("ALL_PROXY", &[]),
        ("NO_PROXY", &[("HTTPS_PROXY", "http://proxy.corp:3128")]),
        ("AZURE_OPENAI_DEPLOYMENT", &[]),
        ("OPENAI_API_VERSION", &[]),
        ("AZURE_TENANT_ID", &[("AZURE_CLIENT_ID", "x"), ("AZURE_CLIENT_SECRET", "y")]),
        (
            "AZURE_AUTHORITY_HOST",
            &[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "x"), ("AZURE_CLIENT_SECRET", "y")],
        ),
        ("IDENTITY_ENDPOINT", &[("IDENTITY_HEADER", "x")]),
        ("MSI_ENDPOINT", &[]),
    ];
    for spelling in SPELLINGS {
        for (name, others) in with {
            let mut command = program();
            command.args(["--plan", "myacct"]).env(name, spelling);
            Ran::of(command.envs(others.iter().copied()).output().unwrap());
        }
        let mut command = program();
        Ran::of(command.arg("--plan").env("AZURE_OPENAI_ENDPOINT", spelling).output().unwrap());
    }
}

#[test]
fn a_password_in_the_environment_is_in_no_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let report = saved(folder.path(), "healthy");
    let bundle = folder.path().join("bundle.zip");
    let names = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "AZURE_AUTHORITY_HOST",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_OPENAI_API_KEY",
        "AZURE_OPENAI_DEPLOYMENT",
        "AZURE_OPENAI_ENDPOINT",
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "OPENAI_API_VERSION",
        "SSL_CERT_FILE",
        "X_NEW_PROXY",
    ];
    for spelling in SPELLINGS {
        let mut command = program();
        command.args(["diagnose", "--bundle"]).arg(&bundle).arg(&report);
        Ran::of(command.envs(names.map(|name| (name, *spelling))).output().unwrap());
        for (name, text) in unpacked(&bundle) {
            assert!(!text.contains("canary"), "{spelling} is in {name}:\n{text}");
            assert!(name != "about.txt" || text.contains("AZURE_OPENAI_API_KEY  set\n"), "{text}");
        }
    }
}

#[test]
fn a_password_in_an_inventory_is_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.toml");
    let strings = [
        "name",
        "expect",
        "proxy",
        "deployment",
        "api_version",
        "ca_file",
        "credential",
        "api_key_file",
        "api_key_variable",
        "token_file",
        "identity",
        "trust",
        "service",
        "timeout",
        "until",
        "no_such_key",
    ];
    for spelling in SPELLINGS {
        let value = format!("{spelling:?}").replace("\\u{", "\\u{");
        let value = value.replace("\\u{ff20}", "\u{ff20}").replace("\\u{fe6b}", "\u{fe6b}");
        let mut texts: Vec<String> = vec![
            format!("[[target]]\ntarget = {value}\n"),
            format!("[[target]]\ntarget = \"a1\"\nresolvers = [{value}]\n"),
            format!("[[target]]\ntarget = \"a1\"\nconnect_to = [{value}]\n"),
            format!("[[target]]\ntarget = \"a1\"\nlabels = {{ a = {value} }}\n"),
            format!("[[target]]\ntarget = \"a1\"\n[watch.webhook]\nurl_file = {value}\n"),
            format!("[[target]]\ntarget = \"a1\"\n[watch.webhook]\nurl_variable = {value}\n"),
            format!("[[target]]\ntarget = \"a1\"\n[watch.history]\nfile = {value}\n"),
            format!("[[target]]\ntarget = \"a1\"\n[serve]\nlisten = {value}\n"),
            format!("[[target]]\ntarget = \"a1\"\n{value} = 1\n"),
        ];
        let key = |key: &&str| format!("[[target]]\ntarget = \"a1\"\n{key} = {value}\n");
        texts.extend(strings.iter().map(key));
        for text in texts {
            fs::write(&file, &text).unwrap();
            let file = file.display().to_string();
            shows_nothing(["check", "--plan", "--config", &file].map(str::to_owned).to_vec());
        }
    }
}

#[test]
fn a_number_that_may_be_a_password_is_not_shown() {
    for (value, shown) in [
        ("http://bob:51234", false),
        ("bob:51234", false),
        ("http://proxy.corp:51234", true),
        ("http://bob:x@proxy:51234", true),
    ] {
        let mut command = program();
        command.args(["--plan", "myacct", "--credential=none"]).env("HTTPS_PROXY", value);
        let ran = Ran::of(command.output().unwrap());
        assert_eq!(ran.out.contains("51234"), shown, "{value}: {}", ran.out);
        assert!(ran.out.contains("CONNECT"), "{value}: {}", ran.out);
    }
}
