//! Which module of `src` may import which: the arrow of `lib.rs`, as a table that is checked.
//!
//! The text of the sources is read, without comments, strings and unit tests; a path is
//! `crate::module`, `super::..` from the file's own place, or `aoai_probe::module` in `main.rs`.

mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::fixtures::root;
use paths::{code, imported, module, words};

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
    ("sorting", &[], "one stable sort for every type; knows none"),
    ("commands", &[], "commands of rules as each system has them; a table, knows none"),
    ("evidence", &[], "plain data of what was seen; imports no stage"),
    ("services", &["clouds", "evidence"], "profiles of data"),
    ("diagnosis", &["evidence"], "plain data of what was concluded; imports no stage"),
    ("comparison", &["diagnosis", "evidence"], "plain data of what differs; imports no stage"),
    ("audit", &["diagnosis", "evidence"], "plain data of an audit; imports no stage"),
    (
        "platform",
        &["blocking", "evidence", "files", "sorting"],
        "what only the operating system can say",
    ),
    (
        "target",
        &["clouds", "evidence", "secret", "services", "sorting"],
        "what is walked, not yet resolved",
    ),
    (
        "wire",
        &["evidence", "files", "panics", "platform", "secret", "sorting"],
        "one hop, once: knows no walk and no verdict",
    ),
    (
        "world",
        &["blocking", "evidence", "files", "platform", "sorting", "wire"],
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
        &["evidence", "report", "services", "sorting", "texts"],
        "pure: a report in, evidence without names out; judges nothing",
    ),
    (
        "render",
        &["audit", "commands", "comparison", "diagnosis", "evidence", "report", "sorting"],
        "a report or a comparison as text; reaches nothing",
    ),
    (
        "compare",
        &["comparison", "diagnosis", "evidence", "render", "report", "sorting"],
        "pure: two judged reports in, comparison out",
    ),
    ("explain", &["diagnose", "evidence", "sorting"], "the pages of the catalogue"),
    (
        "pasted",
        &["diagnose", "diagnosis", "evidence", "secret", "sorting", "wire"],
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
        &[
            "args",
            "clouds",
            "evidence",
            "inventory",
            "report",
            "services",
            "sorting",
            "target",
            "world",
        ],
        "names in, parts out; resolves and opens nothing",
    ),
    (
        "generate",
        &[
            "azure",
            "diagnose",
            "evidence",
            "inventory",
            "render",
            "services",
            "sorting",
            "texts",
            "walk",
        ],
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
