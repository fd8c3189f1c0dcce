//! Words that a reader should not have to look up: what the program prints, its pages, its
//! documentation and its source are free of them.

use std::fs;

use crate::fixtures::root;

/// Words that have a plainer one, or another meaning in this field.
const AVOIDED: &[&str] = &[
    "octet",
    "octets",
    "nobody",
    "whoever",
    "anybody",
    "beside",
    "mend",
    "mends",
    "parted",
    "errand",
    "patience",
    "told apart",
    "stands in",
    "stands for",
    "own words",
    "come by",
    "limited lives",
    "foreign names",
];

/// String literals and the help texts of options, each with its line.
fn printed(text: &str, help: bool) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = Vec::new();
    for (line, number) in code.lines().zip(1..) {
        let line = line.trim();
        match line.strip_prefix("///") {
            Some(words) if help => found.push((number, words.to_owned())),
            _ if line.starts_with("//") || line.contains("reason = ") => {}
            // A string that goes on over several lines is prose on each of them.
            _ if !line.contains('"') && line.ends_with('\\') => {
                found.push((number, line.to_owned()));
            }
            _ => found
                .extend(line.split('"').skip(1).step_by(2).map(|words| (number, words.to_owned()))),
        }
    }
    found
}

#[test]
fn what_is_printed_is_in_plain_words() {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    let mut folders: Vec<_> = [
        "args",
        "diagnose/engines",
        "diagnose/platform_advice",
        "diagnose/rules/http",
        "diagnose/rules/proxy",
        "diagnose/rules/tcp",
        "generate",
        "inventory",
        "monitor",
        "render",
        "report",
        "run",
    ]
    .map(|folder| root().join("src").join(folder))
    .to_vec();
    let mut files =
        vec![root().join("src/args.rs"), root().join("src/run.rs"), root().join("src/generate.rs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|end| end == "rs") => files.push(path),
                false => {}
            }
        }
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let help = file.ends_with("args.rs") || file.ends_with("args/output.rs");
        for (line, words) in printed(&text, help) {
            looked_at += 1;
            let plain: String = words
                .to_lowercase()
                .chars()
                .map(|c| if c.is_alphanumeric() { c } else { ' ' })
                .collect();
            // What is between braces is a name of the code.
            let names: Vec<&str> =
                words.split('{').skip(1).filter_map(|w| w.split(['}', ':']).next()).collect();
            let padded = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
            for word in AVOIDED {
                if padded.contains(&format!(" {word} ")) && !names.contains(word) {
                    wrong.push(format!("{}:{line}: {word:?} in {words:?}", file.display()));
                }
            }
        }
    }
    assert!(looked_at > 500, "{looked_at} texts");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Words of an old dialect that nothing in the tree uses: code, comments, pages, snapshots.
const RETIRED: &[&str] = &[
    "octet",
    "octets",
    "nobody",
    "nobodys",
    "whoever",
    "anybody",
    "mends",
    "parted",
    "errand",
    "patience",
    "told apart",
    "stands in",
    "come by",
    "came by",
    "beside it",
    "beside the",
    "limited lives",
    "foreign names",
    "rooms",
    "blotted",
    "fresh name",
    "own frame",
    "is told",
    "are told",
    "is said",
    "the bill",
];

/// What is written so in other people's formats and interfaces.
const OTHERS: &[&str] = &[
    "octets()",
    "addr::octets",
    "octets(ip",
    "octet-stream",
    "application/octet",
    "user nobody",
    "* nobody ",
    "user=nobody",
];

#[test]
fn the_old_dialect_is_gone() {
    let mut wrong = Vec::new();
    let mut read = 0;
    let mut places: Vec<_> =
        ["src", "docs", "README.md", "fixtures/reports", "fixtures/formats", "packaging"]
            .map(|place| root().join(place))
            .to_vec();
    while let Some(place) = places.pop() {
        if place.is_dir() {
            places.extend(fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(text) = fs::read_to_string(&place) else { continue };
        read += 1;
        for (line, number) in text.lines().zip(1..) {
            let mut lower = line.to_lowercase();
            for other in OTHERS {
                lower = lower.replace(other, " ");
            }
            let plain: String =
                lower.chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
            let padded = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
            for word in RETIRED.iter().filter(|word| padded.contains(&format!(" {word} "))) {
                wrong.push(format!("{}:{number}: {word:?} in {:?}", place.display(), line.trim()));
            }
        }
    }
    assert!(read > 500, "{read} files");
    assert!(wrong.is_empty(), "{} places\n{}", wrong.len(), wrong.join("\n"));
}
