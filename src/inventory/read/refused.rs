//! Text that is not an inventory: invalid TOML, and unknown keys.

use super::reader::{MAX_PROBLEMS, Problem, line, starts};
use crate::credential::looks_like_a_key;
use crate::inventory::SCHEMA;
use crate::sorting;

/// What is invalid in TOML or in the structure of the document.
pub(super) fn problems(text: &str, error: &toml::de::Error) -> Vec<Problem> {
    let unknown = unknown_keys(text);
    if !unknown.is_empty() {
        return unknown;
    }
    let at = error.span().map_or(0, |span| span.start);
    vec![Problem { line: line(text, at), message: without_values(error.message()) }]
}

/// The message of TOML and serde, without the value that it repeats: it may be a secret.
fn without_values(words: &str) -> String {
    let words = words.lines().next().unwrap_or("not TOML");
    // From the first quote to the last: a value may contain quotes.
    let message = match (words.find('"'), words.rfind('"')) {
        (Some(from), Some(to)) => format!("{}[not shown]{}", &words[..from], &words[to + 1..]),
        _ => words.to_owned(),
    };
    let message = match message.contains("untagged enum Time") {
        true => "expected a time such as \"5s\", \"200ms\" or a number of seconds".to_owned(),
        false => message.split(", expected struct").next().unwrap_or_default().to_owned(),
    };
    crate::evidence::text::clean(&message, 200)
}

/// Keys that are not in the inventory's schema, each with the most similar one.
fn unknown_keys(text: &str) -> Vec<Problem> {
    let Ok(table) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let Ok(schema) = serde_json::from_slice(SCHEMA.as_bytes()) else { return Vec::new() };
    let mut found = Vec::new();
    let places = starts(text);
    look(&places, table.get_ref(), &schema, &schema, &mut found);
    sorting::by_key(&mut found, |problem: &Problem| problem.line);
    found.truncate(MAX_PROBLEMS);
    found
}

fn look(
    places: &[usize],
    table: &toml::de::DeTable<'_>,
    schema: &serde_json::Value,
    whole: &serde_json::Value,
    found: &mut Vec<Problem>,
) {
    let schema = resolved(schema, whole);
    let Some(keys) = schema.get("properties").and_then(|keys| keys.as_object()) else { return };
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let Some(inner) = keys.get(name) else {
            if found.len() >= MAX_PROBLEMS {
                return;
            }
            let line = 1 + places.partition_point(|start| *start <= key.span().start);
            found.push(Problem { line, message: unknown(name, keys.keys().map(String::as_str)) });
            continue;
        };
        match value.get_ref() {
            toml::de::DeValue::Table(table) => look(places, table, inner, whole, found),
            toml::de::DeValue::Array(items) => {
                let Some(items_schema) = resolved(inner, whole).get("items") else { continue };
                for item in items {
                    if let toml::de::DeValue::Table(table) = item.get_ref() {
                        look(places, table, items_schema, whole, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The schema that a reference leads to.
fn resolved<'a>(
    schema: &'a serde_json::Value,
    whole: &'a serde_json::Value,
) -> &'a serde_json::Value {
    let any = schema.get("anyOf").and_then(|all| all.as_array()).into_iter().flatten();
    let reference = any
        .chain([schema])
        .find_map(|schema| schema.get("$ref")?.as_str()?.strip_prefix('#'))
        .and_then(|pointer| whole.pointer(pointer));
    reference.unwrap_or(schema)
}

fn unknown<'a>(name: &str, keys: impl Iterator<Item = &'a str>) -> String {
    if ["api_key", "token", "key", "password", "secret", "client_secret"].contains(&name) {
        return format!(
            "'{name}': an inventory must not contain a secret; name its place with api_key_file, \
             api_key_variable or token_file"
        );
    }
    let plain = name.len() <= 40
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-');
    if !plain || looks_like_a_key(name) {
        return "an unknown key, which is not shown".to_owned();
    }
    let shown = format!("unknown key '{name}'");
    let near = keys
        .map(|key| (strsim::osa_distance(key, name), key))
        .filter(|(distance, key)| *distance <= key.len().max(name.len()) / 2)
        .min();
    match near {
        Some((_, key)) => format!("{shown}; did you mean '{key}'?"),
        None => shown,
    }
}
