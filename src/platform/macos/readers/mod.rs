//! What macOS hands out as plain values, texts and bytes, read without a call to it: compiled and tested
//! on every system, with inputs made by hand.

pub(in crate::platform) mod proxies;
pub(in crate::platform) mod resolver_file;
pub(in crate::platform) mod resolvers;
pub(in crate::platform) mod route;
pub(in crate::platform) mod tcp;

use serde_json::{Map, Value};

/// Values of the dynamic store by their keys.
pub(in crate::platform) type Store = Map<String, Value>;

/// The texts of a list; none of anything else.
fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A text that is not empty.
fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// A port; none for 0.
fn port(value: Option<&Value>) -> Option<u16> {
    value
        .and_then(Value::as_u64)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port != 0)
}
