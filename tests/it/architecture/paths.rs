//! The paths that the text of a source names, read without a compiler.

use std::collections::BTreeSet;

/// The module of a file, from the crate down: `walk/path.rs` is `walk::path`.
pub(super) fn module(file: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The modules named by the paths of a text without comments and strings.
pub(super) fn imported(text: &str, place: &[String]) -> BTreeSet<String> {
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
pub(super) fn words(text: &str) -> Vec<String> {
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
pub(super) fn code(text: &str) -> String {
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
