//! Which module of `src` may import which: the arrow of `lib.rs`, as a table that is checked.
//!
//! The text of the sources is read, without comments, strings and unit tests; a path is
//! `crate::module`, `super::..` from the file's own place, or `aoai_probe::module` in `main.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::fixtures::root;

/// Each module, the modules that it imports, and what it is for. Nothing else may be imported,
/// and what is written here is in use: an arrow that is gone leaves the table too.
///
/// The order is from the ground up: a module imports only modules above its line, so there are no
/// cycles.
const MODULES: &[(&str, &[&str], &str)] = &[
    ("secret", &[], "a value that nothing can print"),
    ("texts", &[], "pages and schema, unpacked"),
    ("panics", &[], "a bug of ours ends one walk; knows none"),
    ("files", &[], "a file, read up to a limit; knows none"),
    ("blocking", &["panics"], "a thread for what may block"),
    ("clouds", &[], "a table of data"),
    ("sorting", &[], "a stable sort by a key"),
    ("commands", &[], "commands of rules as each system has them; a table, knows none"),
    ("evidence", &[], "plain data of what was seen; imports no stage"),
    ("services", &["clouds", "evidence"], "profiles of data"),
    ("diagnosis", &["evidence"], "plain data of what was concluded; imports no stage"),
    ("comparison", &["diagnosis", "evidence"], "plain data of what differs; imports no stage"),
    ("audit", &["diagnosis", "evidence"], "plain data of an audit; imports no stage"),
    ("platform", &["blocking", "evidence", "files"], "what only the operating system can say"),
    ("target", &["clouds", "evidence", "secret", "services"], "what is walked, not yet resolved"),
    (
        "wire",
        &["evidence", "files", "panics", "platform", "secret"],
        "one hop, once: knows no walk and no verdict",
    ),
    (
        "world",
        &["blocking", "evidence", "files", "platform", "wire"],
        "the outside as values, wire's root store one",
    ),
    (
        "credential",
        &[
            "blocking", "clouds", "evidence", "files", "platform", "secret", "services", "target",
            "wire", "world",
        ],
        "where a key or token comes from",
    ),
    (
        "azure",
        &["evidence", "services", "sorting"],
        "what is asked of Resource Manager; opens no connection, judges nothing",
    ),
    (
        "walk",
        &[
            "azure",
            "blocking",
            "clouds",
            "credential",
            "evidence",
            "panics",
            "platform",
            "secret",
            "services",
            "sorting",
            "target",
            "wire",
            "world",
        ],
        "the order of the hops; judges nothing",
    ),
    (
        "diagnose",
        &["audit", "clouds", "commands", "diagnosis", "evidence", "services", "sorting", "texts"],
        "pure: evidence and the profiles of services in, diagnosis out",
    ),
    ("report", &["diagnosis", "evidence", "files"], "the saved form; may not judge or print"),
    (
        "anonymise",
        &["evidence", "report", "services", "texts"],
        "pure: a report in, evidence without names out; judges nothing",
    ),
    (
        "render",
        &["audit", "commands", "comparison", "diagnosis", "evidence", "report", "sorting"],
        "a report or a comparison as text; reaches nothing",
    ),
    (
        "compare",
        &["comparison", "diagnosis", "evidence", "render", "report"],
        "pure: two judged reports in, comparison out",
    ),
    ("explain", &["diagnose", "evidence"], "the pages of the catalogue"),
    (
        "pasted",
        &["diagnose", "diagnosis", "evidence", "secret", "wire"],
        "an answer's text in, what it means out; contacts nothing",
    ),
    ("args", &["credential", "evidence", "walk", "world"], "parses into their plain types"),
    (
        "inventory",
        &["args", "credential", "evidence", "report", "sorting", "target", "walk", "world"],
        "a file of targets as plain settings; opens nothing",
    ),
    (
        "application",
        &["args", "clouds", "evidence", "inventory", "report", "services", "target", "world"],
        "names in, parts out; resolves and opens nothing",
    ),
    (
        "generate",
        &["azure", "diagnose", "evidence", "inventory", "render", "services", "texts", "walk"],
        "what is made from the catalogues and types",
    ),
    (
        "monitor",
        &[
            "azure",
            "blocking",
            "clouds",
            "compare",
            "credential",
            "diagnose",
            "diagnosis",
            "evidence",
            "explain",
            "files",
            "inventory",
            "panics",
            "platform",
            "render",
            "report",
            "secret",
            "sorting",
            "walk",
            "wire",
            "world",
        ],
        "the same walk, again and again",
    ),
    (
        "run",
        &[
            "anonymise",
            "application",
            "args",
            "azure",
            "blocking",
            "clouds",
            "compare",
            "comparison",
            "credential",
            "diagnose",
            "diagnosis",
            "evidence",
            "explain",
            "files",
            "generate",
            "inventory",
            "monitor",
            "pasted",
            "platform",
            "render",
            "report",
            "secret",
            "services",
            "sorting",
            "target",
            "walk",
            "wire",
            "world",
        ],
        "the one function that knows every stage",
    ),
    ("main", &["panics", "platform", "run"], "parse, run, write, exit"),
];

/// The promises of the crate's documentation, whatever the table says: module, and what it can
/// never reach, directly or through others.
const NEVER: &[(&str, &[&str])] = &[
    ("evidence", &["*"]),
    ("secret", &["*"]),
    ("diagnosis", &["wire", "world", "walk", "platform", "credential", "secret", "render"]),
    ("diagnose", &["wire", "world", "walk", "platform", "credential", "secret", "render", "args"]),
    ("report", &["wire", "world", "walk", "platform", "credential", "secret", "render", "args"]),
    ("render", &["wire", "world", "walk", "platform", "credential", "secret", "diagnose", "args"]),
    ("compare", &["wire", "world", "walk", "platform", "credential", "secret", "diagnose", "args"]),
    ("wire", &["walk", "world", "credential", "diagnose", "diagnosis", "report", "render", "args"]),
    ("world", &["walk", "credential", "diagnose", "diagnosis", "report", "render", "args"]),
    (
        "azure",
        &[
            "wire",
            "world",
            "walk",
            "platform",
            "credential",
            "secret",
            "diagnose",
            "render",
            "args",
        ],
    ),
    ("azure", &["wire", "world", "walk", "platform", "credential", "secret", "diagnose", "render"]),
    ("walk", &["diagnose", "diagnosis", "report", "render", "args", "run"]),
    ("inventory", &["diagnose", "render", "run"]),
    ("explain", &["wire", "world", "walk", "platform", "credential", "secret"]),
];

#[test]
fn modules_import_what_the_table_says_and_no_more() {
    let found = arrows();
    let mut wrong = Vec::new();
    for (module, imports) in &found {
        let Some((_, allowed, why)) = MODULES.iter().find(|(name, ..)| name == module) else {
            wrong.push(format!("{module} is not in the table"));
            continue;
        };
        for (import, places) in imports {
            if !allowed.contains(&import.as_str()) {
                let places = places.iter().cloned().collect::<Vec<_>>().join(", ");
                wrong.push(format!("{module} ({why}) may not import {import}: {places}"));
            }
        }
        for import in *allowed {
            if !imports.contains_key(*import) {
                wrong.push(format!("{module} does not import {import} any more: take it out"));
            }
        }
    }
    for (module, ..) in MODULES {
        if !found.contains_key(*module) {
            wrong.push(format!("{module} is in the table and not in src"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What the walk's machine is made of: plain data, and the catalogue of experiments. It reaches no
/// network, no runtime and no clock.
#[test]
fn the_machine_of_the_walk_has_no_way_to_the_outside() {
    let mut files = Vec::new();
    sources(&root().join("src/walk/machine"), &mut files);
    assert!(files.len() > 5, "the machine is elsewhere: {files:?}");
    let mut wrong = Vec::new();
    for file in files {
        let text = code(&fs::read_to_string(&file).unwrap());
        let words = words(&text);
        for never in [
            "wire",
            "tokio",
            "futures_util",
            "platform",
            "world",
            "credential",
            "secret",
            "async",
            "await",
            "Instant",
            "SystemTime",
            "TcpStream",
            "UdpSocket",
            "socket2",
        ] {
            if words.iter().any(|word| word == never) {
                wrong.push(format!("{} names {never}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycles() {
    for (index, (module, imports, _)) in MODULES.iter().enumerate() {
        for import in *imports {
            assert!(
                MODULES[..index].iter().any(|(name, ..)| name == import),
                "{module} is above {import} in the table, or {import} is not in it"
            );
        }
    }
}

#[test]
fn the_promises_of_the_arrow_hold() {
    for (module, never) in NEVER {
        let reached = reach(module);
        if *never == ["*"] {
            assert!(reached.is_empty(), "{module} imports nothing, but reaches {reached:?}");
        }
        for other in *never {
            assert!(!reached.contains(other), "{module} reaches {other}");
        }
    }
}

/// Everything that a module imports, through others too.
fn reach(module: &str) -> BTreeSet<&'static str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![module];
    while let Some(module) = open.pop() {
        let row = MODULES.iter().find(|(name, ..)| *name == module);
        for import in row.map_or(&[][..], |(_, imports, _)| imports) {
            if reached.insert(*import) {
                open.push(import);
            }
        }
    }
    reached
}

/// For each module the modules that it imports, and the files where.
type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn arrows() -> Arrows {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let modules: BTreeSet<String> = MODULES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut arrows = Arrows::new();
    for file in files {
        let name = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let place = module(&name);
        // lib.rs: the list of modules itself.
        let Some(module) = place.first() else { continue };
        let text = code(&fs::read_to_string(&file).unwrap());
        let imports = arrows.entry(module.clone()).or_default();
        for import in imported(&text, &place) {
            assert!(
                modules.contains(&import) || src.join(format!("{import}.rs")).exists(),
                "{name}: {import} is no module; was the path read wrongly?"
            );
            if import != *module {
                imports.entry(import).or_default().insert(name.clone());
            }
        }
    }
    arrows
}

fn sources(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// The module of a file, from the crate down: `walk/path.rs` is `walk::path`.
fn module(file: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The modules named by the paths of a text without comments and strings.
fn imported(text: &str, place: &[String]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let words = words(text);
    let mut at = 0;
    while at < words.len() {
        let starts = at == 0 || words[at - 1] != "::";
        match words[at].as_str() {
            "crate" | "aoai_probe" if starts && next_is_path(&words, at) => {
                heads(&words, at + 2, &mut found);
            }
            "super" if starts && next_is_path(&words, at) => {
                let mut up = 1;
                while words.get(at + 2).is_some_and(|w| w == "super") {
                    up += 1;
                    at += 2;
                }
                if up >= place.len() {
                    heads(&words, at + 2, &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    // `crate::Thing` names something of lib.rs, not a module; there is none.
    found
}

fn next_is_path(words: &[String], at: usize) -> bool {
    words.get(at + 1).is_some_and(|w| w == "::")
}

/// The first names after a path's root: one, or those of a `{..}` group.
fn heads(words: &[String], at: usize, found: &mut BTreeSet<String>) {
    match words.get(at).map(String::as_str) {
        Some("{") => {
            let mut depth = 0;
            let mut first = true;
            for word in &words[at..] {
                match word.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "," if depth == 1 => first = true,
                    name if depth == 1 && first => {
                        found.insert(name.to_owned());
                        first = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        }
        Some(name) => {
            found.insert(name.to_owned());
        }
        None => {}
    }
}

/// Names and marks; `::` is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if c.is_alphanumeric() || c == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            c.len_utf8()
        };
        if !c.is_whitespace() {
            words.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
    }
    words
}

/// The text without comments, strings, characters and `#[cfg(test)]` modules.
fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(end) = raw_string(rest) {
            end
        } else if c == '"' {
            string(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        match skip {
            0 => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
            skip => {
                out.push(' ');
                rest = &rest[skip..];
            }
        }
    }
    without_tests(&out)
}

fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text.len() - body.len() + body.find(&end)? + end.len())
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            text[3..].find('\'').map_or(0, |end| 3 + end + 1)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut depth = 0;
        let end = rest.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ';' if depth == 0 => return Some(at + 1),
                _ => return None,
            }
            (depth == 0).then_some(at + 1)
        });
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    out + rest
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let place: Vec<String> = ["walk", "path"].map(str::to_owned).to_vec();
    let read = |text: &str| imported(&code(text), &place).into_iter().collect::<Vec<_>>();
    assert_eq!(read("use crate::{a::{x, y as z}, b, c::d};"), ["a", "b", "c"]);
    assert_eq!(read("fn f() -> crate::a::T { super::super::b::f() }"), ["a", "b"]);
    assert_eq!(read("use super::sibling; use super::{one, two}; use self::x;"), [""; 0]);
    assert_eq!(
        read("// crate::a\n/* crate::b */ \"crate::c\" r#\"crate::\"d\"# '\"' crate::e"),
        ["e"]
    );
    assert_eq!(read("#[cfg(test)]\nmod tests { use crate::a; fn f() {} }\nuse crate::b;"), ["b"]);
    assert_eq!(read("fn f<'a>(x: &'a str) -> crate::a::B<'a> { '\\'' }"), ["a"]);
    assert_eq!(module("walk/mod.rs"), ["walk"]);
    assert_eq!(module("lib.rs"), [""; 0]);
    let above: Vec<String> = vec!["world".to_owned()];
    assert_eq!(imported("use super::wire::x;", &above).into_iter().collect::<Vec<_>>(), ["wire"]);
}
