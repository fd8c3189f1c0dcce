//! Fields of a JSON value by their path.

use std::net::IpAddr;

use serde_json::Value;

use crate::evidence::azure::ResourceId;
use crate::evidence::text::clean;

/// The longest text that is kept.
const TEXT: usize = 300;
/// Items of one list, at most: above the limits of Azure for what is written. What is in effect can
/// be more.
pub(super) const LIST: usize = 1000;

/// The field at `path`, e.g. `properties.subnet.id`. Providers differ in the case of names
/// (`privateIPAddress`, `privateIpAddress`), and old versions from new ones. An empty path is the
/// value itself.
pub(super) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(value, |value, name| {
        let object = value.as_object()?;
        let any_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        object.get(name).or_else(|| any_case().map(|(_, value)| value))
    })
}

/// A text; none where it is empty.
#[must_use]
pub(in crate::azure) fn text(value: &Value, path: &str) -> Option<String> {
    at(value, path)?.as_str().filter(|text| !text.is_empty()).map(|text| clean(text, TEXT))
}

/// A switch.
pub(super) fn flag(value: &Value, path: &str) -> Option<bool> {
    match at(value, path)? {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

/// The items of a list.
pub(super) fn list<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    every(value, path).take(LIST)
}

/// The items of a list, however many: for those of which the first ones must not be kept.
pub(super) fn every<'a>(value: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    at(value, path).and_then(Value::as_array).map_or(&[][..], Vec::as_slice).iter()
}

/// A list of texts.
pub(super) fn texts(value: &Value, path: &str) -> Vec<String> {
    list(value, path).filter_map(Value::as_str).map(|text| clean(text, TEXT)).collect()
}

/// Whether a list has more items than are kept.
pub(super) fn is_cut(value: &Value, path: &str) -> bool {
    at(value, path).and_then(Value::as_array).is_some_and(|items| items.len() > LIST)
}

/// A text, or a list of texts in another field: `addressPrefix` and `addressPrefixes`.
pub(super) fn one_or_many(value: &Value, one: &str, many: &str) -> Vec<String> {
    let mut all = texts(value, many);
    if let Some(text) = text(value, one).filter(|text| !all.contains(text)) {
        all.insert(0, text);
    }
    all
}

/// An id.
#[must_use]
pub(in crate::azure) fn id_at(value: &Value, path: &str) -> Option<ResourceId> {
    at(value, path)?.as_str().and_then(ResourceId::parse)
}

/// The id of the resource.
#[must_use]
pub(in crate::azure) fn own_id(value: &Value) -> Option<ResourceId> {
    id_at(value, "id")
}

/// The ids of a list of references.
pub(super) fn ids(value: &Value, path: &str) -> Vec<ResourceId> {
    list(value, path).filter_map(own_id).collect()
}

/// An address.
pub(super) fn address(value: &Value, path: &str) -> Option<IpAddr> {
    at(value, path)?.as_str()?.parse().ok()
}

/// A list of addresses.
pub(super) fn addresses(value: &Value, path: &str) -> Vec<IpAddr> {
    list(value, path).filter_map(|one| one.as_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_whatever_its_case_and_its_absence_is_no_error() {
        let value = json!({"properties": {"privateIpAddress": "10.3.0.5", "on": "True", "n": 1}});
        assert_eq!(address(&value, "properties.privateIPAddress"), "10.3.0.5".parse().ok());
        assert_eq!(flag(&value, "properties.on"), Some(true));
        for path in ["properties.n.x", "properties.none", "x.y", ""] {
            assert_eq!((text(&value, path), list(&value, path).count()), (None, 0), "{path}");
        }
        assert_eq!(own_id(&json!({"id": "/subscriptions/1/../2"})), None);
    }
}
