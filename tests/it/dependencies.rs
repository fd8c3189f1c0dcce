//! What the tool is made of: licences, sources, and crates that may not come in.
//!
//! `cargo metadata` says what Cargo.lock holds, for every platform.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::fixtures::root;

/// Licences that may be in the tree, with what they ask of us. Each is needed: without it
/// some package would have none left to choose.
const LICENCES: &[(&str, &str)] = &[
    ("MIT", "permissive: keep the notice"),
    ("Zlib", "permissive: keep the notice in sources"),
    ("Apache-2.0", "permissive, with a patent grant: keep the notice"),
    ("BSD-3-Clause", "permissive: keep the notice, no endorsement"),
    ("ISC", "permissive: keep the notice"),
    ("Unicode-3.0", "permissive: the data tables behind IDNA (ICU4X)"),
    ("MPL-2.0", "file-level copyleft: colored, used unchanged"),
    ("CDLA-Permissive-2.0", "data: webpki-roots, Mozilla's list of roots"),
];

/// Licences that only the named packages may have.
const ONLY: &[(&str, &[&str])] =
    &[("MPL-2.0", &["colored"]), ("CDLA-Permissive-2.0", &["webpki-roots", "webpki-root-certs"])];

/// Packages that may not be among what users run, with the reason.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "a second TLS stack, and a C library to ship; rustls is ours"),
    ("openssl-sys", "a second TLS stack, and a C library to ship; rustls is ours"),
    ("native-tls", "a second TLS stack that hides the alert and the chain"),
    ("hyper-tls", "a second TLS stack behind hyper"),
    ("boring", "a second TLS stack"),
    ("curl", "a second HTTP stack, in C"),
    ("ureq", "a second HTTP stack"),
    ("isahc", "a second HTTP stack, over curl"),
    ("async-std", "a second runtime"),
    ("smol", "a second runtime"),
    ("chrono", "a second calendar; time is in the tree through x509-parser"),
    ("regex", "untrusted text is compared, not matched by patterns"),
    ("lazy-regex", "untrusted text is compared, not matched by patterns"),
    ("trust-dns-resolver", "the old name of hickory-resolver"),
    ("atty", "unmaintained (RUSTSEC-2024-0375); std has IsTerminal"),
    ("ansi_term", "unmaintained (RUSTSEC-2021-0139)"),
    ("structopt", "unmaintained; clap has derive"),
];

/// Packages of which there is one version only: two of them would be two stacks.
const ONE_VERSION: &[&str] = &[
    "h2",
    "hickory-net",
    "hickory-proto",
    "hickory-resolver",
    "http",
    "hyper",
    "hyper-util",
    "rustls",
    "rustls-pki-types",
    "rustls-webpki",
    "socket2",
    "tokio",
    "tokio-rustls",
    "url",
    "webpki-roots",
];

struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    source: Option<String>,
    /// In what users run, or in what builds it.
    normal: bool,
}

/// Every package of Cargo.lock.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let mut normal: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![metadata["resolve"]["root"].as_str().unwrap()];
    while let Some(id) = open.pop() {
        if !normal.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).unwrap(),
            version: text(&package["version"]).unwrap(),
            licence: text(&package["license"]),
            source: text(&package["source"]),
            normal: normal.contains(package["id"].as_str().unwrap()),
        })
        .collect()
}

#[test]
fn every_licence_is_one_that_we_can_keep() {
    let packages = packages();
    let all: Vec<&str> = LICENCES.iter().map(|(name, _)| *name).collect();
    for package in &packages {
        let expression = package.licence.as_deref().unwrap_or("none");
        assert!(
            satisfied(expression, &all),
            "{} {}: the licence {expression:?} is not on the list",
            package.name,
            package.version
        );
        for (licence, only) in ONLY {
            let others: Vec<&str> = all.iter().copied().filter(|name| name != licence).collect();
            assert!(
                satisfied(expression, &others) || only.contains(&package.name.as_str()),
                "{}: {licence} is for {only:?} only",
                package.name
            );
        }
    }
    for (licence, why) in LICENCES {
        let others: Vec<&str> = all.iter().copied().filter(|name| name != licence).collect();
        assert!(
            packages.iter().any(|p| !satisfied(p.licence.as_deref().unwrap_or(""), &others)),
            "no package needs {licence} ({why}) any more: take it out"
        );
    }
}

#[test]
fn every_package_comes_from_crates_io() {
    for package in packages() {
        match package.source.as_deref() {
            // The second is tests/panic.
            None => assert!(
                ["aoai-probe", "panic"].contains(&package.name.as_str()),
                "{}: a package from a local path",
                package.name
            ),
            Some(source) => assert_eq!(
                source, "registry+https://github.com/rust-lang/crates.io-index",
                "{}",
                package.name
            ),
        }
    }
}

#[test]
fn banned_packages_are_not_in_the_tool() {
    for package in packages().iter().filter(|package| package.normal) {
        let banned = BANNED.iter().find(|(name, _)| *name == package.name);
        assert!(banned.is_none(), "{} {}: {banned:?}", package.name, package.version);
    }
}

#[test]
fn there_is_one_stack_of_each_kind() {
    let packages = packages();
    for name in ONE_VERSION {
        let versions: Vec<&str> = packages
            .iter()
            .filter(|package| package.name == *name && package.normal)
            .map(|package| package.version.as_str())
            .collect();
        assert!(versions.len() <= 1, "{name} is there {} times: {versions:?}", versions.len());
    }
}

/// Whether an SPDX expression can be met with these licences alone. AND binds closer than
/// OR; the old `/` means OR; an exception (`WITH`) only adds rights.
fn satisfied(expression: &str, licences: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, licences);
    met && words.peek().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, licences: &[&str]) -> bool {
    let mut met = both(words, licences);
    while words.next_if_eq(&"OR").is_some() {
        met |= both(words, licences);
    }
    met
}

fn both(words: &mut Words<'_>, licences: &[&str]) -> bool {
    let mut met = one(words, licences);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, licences);
    }
    met
}

fn one(words: &mut Words<'_>, licences: &[&str]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any(words, licences);
        return met & words.next_if_eq(&")").is_some();
    }
    let met = words.next().is_some_and(|name| licences.contains(&name));
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    met
}

#[test]
fn licence_expressions_are_read() {
    let ours = ["MIT", "ISC"];
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 OR MIT AND ISC", true),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND BSD-3-Clause", false),
        ("MIT WITH LLVM-exception OR GPL-3.0", true),
        ("", false),
        ("MIT ISC", false),
    ] {
        assert_eq!(satisfied(expression, &ours), met, "{expression}");
    }
}
