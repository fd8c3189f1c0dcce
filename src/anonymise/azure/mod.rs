//! What Resource Manager says (`evidence.azure`): everything in it names something of the owner's.
//!
//! | file | what it does |
//! | --- | --- |
//! | `fields` | what each field holds; one that no row has is a text of the user's |
//! | `ids` | ids of resources and paths of reads, segment by segment |
//! | `known` | names that Azure gives to all |

mod fields;
mod ids;
mod known;

use serde_json::Value;

use super::words::Words;
use super::{Anonymiser, known as common};
use fields::What;

impl Anonymiser {
    /// Replaces what Resource Manager says. The hops to it are evidence as any other.
    pub(super) fn azure(&mut self, value: &mut Value) {
        for (key, one) in value.as_object_mut().into_iter().flatten() {
            match (key.as_str(), &one) {
                ("path", Value::Object(_)) => self.field(one, "evidence", ""),
                _ => self.azure_field(one, key, "azure"),
            }
        }
    }

    fn azure_field(&mut self, value: &mut Value, name: &str, parent: &str) {
        match value {
            Value::String(text) => *text = self.azure_text(text, fields::what(name, parent)),
            Value::Array(list) => {
                list.iter_mut().for_each(|one| self.azure_field(one, name, parent));
            }
            Value::Object(fields) => {
                for (key, one) in fields {
                    // The value of an answer is what the question's field holds.
                    match key.as_str() {
                        "value" => self.azure_field(one, name, parent),
                        _ => self.azure_field(one, key, name),
                    }
                }
            }
            _ => {}
        }
    }

    fn azure_text(&mut self, text: &str, what: What) -> String {
        if text.is_empty() {
            return String::new();
        }
        if text.starts_with('/') {
            return self.azure_path(text);
        }
        if let Some(address) = self.address(text) {
            return address;
        }
        match what {
            What::Word if known::WORDS.contains(&text) => text.to_owned(),
            What::Word | What::Text => self.typed(text),
            What::Guid => self.words.id(text),
            What::Host => self.host(text),
            What::Label => self.azure_label(text),
            What::Named(kind) => named(&mut self.words, text, kind),
            What::Rule => {
                // `securityRules/<name>` where it is in effect.
                let parts = text.split('/').map(|part| match known::TYPES.contains(&part) {
                    true => part.to_owned(),
                    false => named(&mut self.words, part, "rule"),
                });
                parts.collect::<Vec<_>>().join("/")
            }
            What::Prefix => self.azure_prefix(text),
            What::Ports if text.bytes().all(|b| b.is_ascii_digit() || b"*-".contains(&b)) => {
                text.to_owned()
            }
            What::Ports => self.typed(text),
            What::Operation if is_operation(text) => text.to_owned(),
            What::Operation => self.typed(text),
            What::Model => match self.words.replacement(text) {
                Some(found) => found,
                None if is_model(text) => text.to_owned(),
                None => self.words.replace(text, "model"),
            },
            What::Role if known::ROLES.contains(&text) => text.to_owned(),
            What::Role => self.words.replace(text, "role"),
            What::Time => match text.get(..19).filter(|_| is_utc_time(text)) {
                Some(seconds) => format!("{seconds}Z"),
                None => self.typed(text),
            },
            What::Property => self.azure_property(text),
            What::Free if known::WORDS.contains(&text) => text.to_owned(),
            What::Free => self.words.replace(text, "text"),
        }
    }

    /// A name that is a label of DNS names as well.
    fn azure_label(&mut self, text: &str) -> String {
        match text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._*@".contains(&b)) {
            true => text.split('.').map(|one| self.label(one)).collect::<Vec<_>>().join("."),
            false => self.words.replace(text, "name"),
        }
    }

    /// A service tag, or a range: `AzureCloud.westeurope`, `10.0.0.1-10.0.0.9`.
    fn azure_prefix(&mut self, text: &str) -> String {
        let (tag, part) =
            text.split_once('.').map_or((text, None), |(tag, part)| (tag, Some(part)));
        match (known::TAGS.contains(&tag), part) {
            (true, None | Some("Frontend" | "Backend" | "FirstParty")) => text.to_owned(),
            (true, Some(region)) => {
                format!("{tag}.{}", named(&mut self.words, region, "region"))
            }
            (false, _) => self.typed(text),
        }
    }

    /// The place of a property, `properties.networkAcls.ipRules[0].value`: a name in it, as a tag's,
    /// is the owner's.
    fn azure_property(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut in_tags = false;
        for piece in text.split_inclusive(['.', '[', ']']) {
            let part = piece.trim_end_matches(['.', '[', ']']);
            let letters = part.bytes().all(|byte| byte.is_ascii_alphabetic());
            let index = out.ends_with('[') && part.bytes().all(|byte| byte.is_ascii_digit());
            let kept = !in_tags && (index || letters && self.words.is_ordinary(part));
            in_tags = in_tags || part.eq_ignore_ascii_case("tags");
            match kept || part.is_empty() {
                true => out.push_str(part),
                false => out.push_str(&self.words.replace(part, "word")),
            }
            out.push_str(&piece[part.len()..]);
        }
        out
    }
}

/// What takes the place of a resource's name. One that is an ordinary word has a replacement for
/// its own use alone: elsewhere the word means itself, as in the path of a call.
fn named(words: &mut Words, text: &str, kind: &'static str) -> String {
    if text.is_empty() || known::NAMES.contains(&text) {
        return text.to_owned();
    }
    if crate::evidence::text::is_guid(text) {
        return words.id(text);
    }
    if let Some(found) = words.replacement(text) {
        return found;
    }
    let lower = text.to_ascii_lowercase();
    let means_itself = common::LABELS.contains(&lower.as_str()) || words.is_ordinary(text);
    match means_itself {
        true => words.replace_by(&format!("resource {lower}"), kind, |n| format!("{kind}-{n}")),
        false => words.replace(text, kind),
    }
}

/// Gives the names in ids their replacements, so that they are found in texts as well.
pub(super) fn find_names(value: &Value, words: &mut Words) {
    match value {
        Value::String(text) if text.starts_with("/subscriptions/") => {
            ids::find_names(text, words);
        }
        Value::Array(list) => list.iter().for_each(|one| find_names(one, words)),
        Value::Object(fields) => fields.values().for_each(|one| find_names(one, words)),
        _ => {}
    }
}

/// Whether a text is an operation, or several, of a provider of Microsoft's.
fn is_operation(text: &str) -> bool {
    let namespace = text.split('/').next().unwrap_or_default();
    let plain = |b: u8| b.is_ascii_alphabetic() || b"./*".contains(&b);
    let known = namespace == "*" || known::is_namespace(namespace);
    known && text.bytes().all(plain)
}

/// Whether every part of a model's name is one that its maker gave: a fine-tuned model has the
/// owner's own.
fn is_model(text: &str) -> bool {
    let version = |part: &str| {
        let end = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        end.len() < part.len() && end.len() <= 1 && part.len() <= 4
    };
    let lower = text.to_ascii_lowercase();
    lower.split('-').all(|part| known::MODELS.contains(&part) || version(part))
}

/// Whether a text is a time in UTC, as RFC 3339 has it.
fn is_utc_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00";
    let fits = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    let end = text.get(form.len()..).unwrap_or_default();
    let fraction = |c: char| c == '.' || c.is_ascii_digit();
    text.len() > form.len()
        && text.bytes().zip(form.bytes()).all(fits)
        && matches!(end.trim_start_matches(fraction), "Z" | "+00:00")
}
