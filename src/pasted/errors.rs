//! The errors in an object: their forms, where in it they are, and their status.

use serde_json::Value;

use crate::diagnose::pasted::phrase;

use super::statuses::statuses;

/// The status that a code is, as a number or as a phrase.
pub(super) fn status_of_code(code: &str) -> Option<u16> {
    code.parse().ok().or_else(|| phrase(code))
}

/// The error that an object has in one of its parts, as a platform logs the answer that it got, with its
/// status: its own, or that of the part around it.
pub(super) fn inside(value: &Value, around: Option<u16>) -> Option<(Value, Option<u16>)> {
    let number = |name: &str| value[name].as_u64().and_then(|status| status.try_into().ok());
    let own = ["statusCode", "status", "status_code"].iter().find_map(|name| number(name));
    let around = own.filter(|status| (400..600).contains(status)).or(around);
    // A success may have parts that were not judged.
    if value.get("choices").is_some() {
        return None;
    }
    let part = |part: &Value| match is_wrapped(part) {
        true => Some((part.clone(), status_of_error(part).or(around))),
        false => inside(part, around),
    };
    match value {
        Value::Array(list) => list.iter().find_map(part),
        Value::Object(map) => map.values().find_map(part),
        _ => None,
    }
}

/// The status that an error has as its code.
pub(super) fn status_of_error(value: &Value) -> Option<u16> {
    let code = match &value["error"]["code"] {
        Value::String(code) => status_of_code(code),
        code => code.as_u64().and_then(|code| code.try_into().ok()),
    };
    code.filter(|status| (100..600).contains(status))
}

/// The status that the message of a program's own 5xx quotes.
pub(super) fn quoted_status(value: &Value) -> Option<u16> {
    value["statusCode"].as_u64().filter(|status| *status >= 500)?;
    let found = statuses(value["message"].as_str()?);
    found.iter().map(|found| found.status).find(|status| (400..500).contains(status))
}

/// Whether an object is in one of the forms of an error (fact G13).
pub(super) fn has_error(value: &Value) -> bool {
    is_wrapped(value) || is_flat(value) || value["errors"][0].is_object()
}

pub(super) fn is_wrapped(value: &Value) -> bool {
    ["error", "odata.error"].iter().any(|name| value[*name].is_object())
}

/// The form that many a program logs its own errors in, too.
pub(super) fn is_flat(value: &Value) -> bool {
    !is_wrapped(value)
        && value.get("message").is_some()
        && (value.get("statusCode").is_some() || value.get("code").is_some())
}

/// The texts of an object, those of its parts included.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The object with each of its texts on one line: a chat, a mail or a terminal may have wrapped them.
pub(super) fn on_one_line(value: Value) -> Value {
    match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").into(),
        Value::Array(list) => list.into_iter().map(on_one_line).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, part)| (name, on_one_line(part))).collect()
        }
        other => other,
    }
}
