//! What the documentation names exists: paths of this repository in every page, and names of the
//! sources in the two pages that lead through them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fixtures::root;

/// Pages that lead through the sources: a file may be named there by the end of its path.
const GUIDES: [&str; 2] = ["docs/adding.md", "docs/architecture.md"];

/// The example of a rule in `docs/adding.md`, which is not there.
const EXAMPLE: &str = "teapot";

/// Folders at the top whose contents pages name.
const TOP: [&str; 8] =
    ["src/", "docs/", "tests/", "fixtures/", "benches/", "fuzz/", "packaging/", ".ci/"];

fn pages() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            names.push(format!("docs/{name}"));
        }
    }
    names.sort();
    names.into_iter().map(|n| (n.clone(), fs::read_to_string(root().join(n)).unwrap())).collect()
}

/// The words of a page in backticks, code blocks left out.
fn quoted(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut text = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !line.starts_with("    ") {
            text.push_str(line);
            text.push('\n');
        }
    }
    let words = text.split('`').skip(1).step_by(2);
    words.map(|word| word.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Every file and folder that belongs to the repository, by its path from the top.
fn tree() -> BTreeSet<String> {
    fn walk(folder: &Path, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            all.insert(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            if path.is_dir() {
                walk(&path, all);
            }
        }
    }
    let mut all = BTreeSet::from(["build.rs".to_owned()]);
    for top in TOP {
        all.insert(top.trim_end_matches('/').to_owned());
        walk(&root().join(top), &mut all);
    }
    all
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn spelt_out(path: &str) -> Vec<String> {
    match path.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
        Some((start, (among, end))) => {
            among.split(',').flat_map(|one| spelt_out(&format!("{start}{one}{end}"))).collect()
        }
        None => vec![path.to_owned()],
    }
}

/// The part of a path that is fixed: what comes before a placeholder or a wildcard.
fn fixed(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    match path.find(['<', '*']) {
        Some(at) => path[..at].rsplit_once('/').map_or("", |(folder, _)| folder),
        None => path,
    }
}

#[test]
fn paths_that_pages_name_exist() {
    let tree = tree();
    let mut faults = Vec::new();
    for (name, page) in pages() {
        let guide = GUIDES.contains(&name.as_str());
        for word in quoted(&page) {
            if word.contains(' ') || word.contains(EXAMPLE) {
                continue;
            }
            for path in spelt_out(&word) {
                let whole = TOP.iter().any(|top| path.starts_with(top));
                let file = path.ends_with(".rs") || (path.ends_with('/') && !path.contains(':'));
                let fixed = fixed(&path);
                let there = match (whole, guide && file) {
                    (true, _) => tree.contains(fixed),
                    (false, true) => {
                        let end = format!("/{fixed}");
                        tree.iter().any(|known| known == fixed || known.ends_with(&end))
                    }
                    (false, false) => true,
                };
                if !there {
                    faults.push(format!("{name} names {path}, which is not there"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The words of every source of the program and its tests.
fn words_of_sources() -> BTreeSet<String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        walk(&root().join(folder), &mut files);
    }
    let mut words = BTreeSet::new();
    for file in files.iter().filter(|file| !file.ends_with("tests/it/docs.rs")) {
        let text = fs::read_to_string(file).unwrap();
        words.extend(
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').map(str::to_owned),
        );
    }
    words
}

/// Whether a word in backticks is code of the sources: a path of names, a name with an underscore,
/// a call or a type.
fn is_code(word: &str) -> bool {
    let plain =
        word.chars().all(|c| c.is_ascii_alphanumeric() || "_:()<>,&'-. []!?+=|\"".contains(c));
    let option = word.starts_with('-') || word.starts_with('<') || word.starts_with('.');
    let begins_large = word.starts_with(|c: char| c.is_ascii_uppercase());
    plain
        && !option
        && (word.contains("::") || word.contains('_') || word.contains('(') || begins_large)
}

#[test]
fn names_of_the_sources_that_guides_name_exist() {
    let words = words_of_sources();
    let mut faults = Vec::new();
    for (name, page) in pages().into_iter().filter(|(name, _)| GUIDES.contains(&name.as_str())) {
        for word in quoted(&page) {
            let path = word.contains('/') || word.ends_with(".rs") || word.ends_with(".md");
            if path || word.contains(EXAMPLE) || !is_code(&word) {
                continue;
            }
            for part in word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                let identifier = part.len() > 2 && !part.starts_with(|c: char| c.is_ascii_digit());
                if identifier && !words.contains(part) {
                    faults.push(format!("{name}: {part} of `{word}` is in no source"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The tests above would pass over a page in which they find nothing.
#[test]
fn guides_name_files_and_items() {
    let page = fs::read_to_string(root().join("docs/adding.md")).unwrap();
    let words = quoted(&page);
    assert!(words.iter().filter(|word| word.starts_with("src/")).count() > 10);
    assert!(words.iter().filter(|word| is_code(word)).count() > 10);
    assert_eq!(spelt_out("a/{b,c}.rs"), ["a/b.rs", "a/c.rs"]);
    assert_eq!(fixed("fixtures/findings/<id>/fires-*.json"), "fixtures/findings");
}
