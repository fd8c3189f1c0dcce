//! `explain`: pages, near misses, the list.

use std::fs;

use aoai_probe::diagnose::rules;
use aoai_probe::explain::{self, NoPage};

use crate::fixtures::root;

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
