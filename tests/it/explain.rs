//! `explain`: pages, near misses, the list.

use std::fs;

use aoai_probe::diagnose::rules;
use aoai_probe::evidence::{Evidence, Hop, Observed};
use aoai_probe::explain::{self, NoPage};
use aoai_probe::render::Style;
use aoai_probe::{pasted, render};

use crate::fixtures::{assert_file, root};

#[test]
fn a_page_is_the_file_of_its_finding() {
    for rule in rules::all() {
        let path = root().join(format!("docs/findings/{}.md", rule.id));
        assert_eq!(explain::page(rule.id).unwrap(), fs::read_to_string(path).unwrap());
    }
    assert!(explain::page(" DNS-Zone-Not-Linked\n").is_ok());
}

#[test]
fn a_mistyped_id_finds_its_neighbours() {
    for typed in
        ["dns-zone-not-lnked", "dns-zone-notlinked", "zone-not-linked", "dnz-zone-not-linkd"]
    {
        let error = explain::page(typed).unwrap_err();
        let NoPage::Unknown { nearest, .. } = &error else { panic!("{error}") };
        assert_eq!(nearest.first(), Some(&"dns-zone-not-linked"), "{typed}");
        assert!(error.to_string().contains("similar: dns-zone-not-linked"), "{error}");
    }
    for typed in ["", "x", "something else altogether\u{1b}[2J"] {
        let error = explain::page(typed).unwrap_err().to_string();
        assert!(error.contains("--list") && !error.contains('\u{1b}'), "{error}");
    }
}

#[test]
fn the_list_has_every_finding_within_80_columns() {
    let list = explain::list();
    for rule in rules::all() {
        assert!(list.lines().any(|line| line.starts_with(&format!("{} ", rule.id))), "{}", rule.id);
    }
    assert!(list.lines().all(|line| textwrap::core::display_width(line) <= 80), "{list}");
}

/// The evidence of a walk that has reached nothing yet.
fn base() -> Evidence {
    let base = fs::read_to_string(root().join("fixtures/bases/private.json")).unwrap();
    let mut base: Evidence = serde_json::from_str(&base).unwrap();
    base.http = Observed::NotReached { stopped_at: Hop::Dns };
    base.tls = Observed::NotReached { stopped_at: Hop::Dns };
    base.tcp = Observed::NotReached { stopped_at: Hop::Dns };
    base
}

/// Where no cause is known, the first line has what is.
#[test]
fn a_call_that_ended_without_an_answer_has_its_hop_in_the_first_line() {
    let base = base();
    for (text, first) in [
        (
            "APIConnectionError: [Errno 111] Connection refused",
            "(tcp): the client got no connection",
        ),
        (
            "httpx.ConnectError: [Errno -2] Name or service not known",
            "(dns): the client found no address for the name",
        ),
        (
            "httpx.ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate",
            "(tls): the client does not trust the certificate that it was shown",
        ),
        ("ssl.SSLError: certificate has expired", "(tls): the call ended there"),
        (
            "the requested address: cannot assign requested address",
            "(tcp): the application's own machine had no port, buffer or file left for a connection",
        ),
        ("it does not work", ": nothing in this answer is in the catalogue"),
    ] {
        let answers = pasted::explain(text, &base, false);
        let shown = render::pasted::render(&answers, Style::default());
        let line = shown.lines().next().unwrap_or_default();
        assert!(line.starts_with("CANNOT TELL"), "{line}");
        assert!(line.ends_with(first) && line.len() <= 100, "{line}");
    }
}

/// The JSON of each pasted text is the one next to it: programs read it.
#[test]
fn the_json_of_an_answer_is_as_it_was() {
    let base = base();
    let folder = root().join("fixtures/answers");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<_> = files.filter(|file| file.extension().is_some_and(|e| e == "txt")).collect();
    assert!(texts.len() >= 4, "{texts:?}");
    for file in texts {
        let text = pasted::without_secrets(&fs::read_to_string(&file).unwrap());
        let json = render::pasted::to_json(&pasted::explain(&text, &base, false)).unwrap();
        assert!(!json.contains("9f8e7d6c5b4a3928"), "{json}");
        let refresh = "UPDATE_SNAPSHOTS=1 cargo test --test it explain";
        assert_file(&file.with_extension("json"), &json, refresh);
    }
}
