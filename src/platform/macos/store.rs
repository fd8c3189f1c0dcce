//! The dynamic store of SystemConfiguration (`scutil` shows it), as plain values: the one place that
//! touches its types.
#![allow(unsafe_code, reason = "untyped lists and dictionaries of Core Foundation")]

use std::ffi::c_void;

use serde_json::Value;
use system_configuration::core_foundation::array::CFArray;
use system_configuration::core_foundation::base::{CFType, TCFType as _};
use system_configuration::core_foundation::boolean::CFBoolean;
use system_configuration::core_foundation::dictionary::CFDictionary;
use system_configuration::core_foundation::number::CFNumber;
use system_configuration::core_foundation::string::CFString;
use system_configuration::dynamic_store::SCDynamicStoreBuilder;

use super::readers::Store;

/// How deep values are read; those of networks have three levels.
const DEEPEST: usize = 6;

/// The values whose keys match a pattern (regex(3)); none where the store cannot be read.
pub(super) fn read(pattern: &'static str) -> Option<Store> {
    let session = SCDynamicStoreBuilder::new("aoai-probe").build()?;
    let keys = session.get_keys(pattern)?;
    let keys = keys.iter().map(|key| key.to_string());
    Some(
        keys.filter_map(|key| {
            let value = plain(&session.get(key.as_str())?.as_CFType(), 0);
            Some((key, value))
        })
        .collect(),
    )
}

/// A value of a property list: texts, numbers, booleans, lists and dictionaries; null for all else.
fn plain(value: &CFType, depth: usize) -> Value {
    if let Some(text) = value.downcast::<CFString>() {
        return Value::String(text.to_string());
    }
    if let Some(number) = value.downcast::<CFNumber>() {
        return number.to_i64().map_or(Value::Null, Value::from);
    }
    if let Some(boolean) = value.downcast::<CFBoolean>() {
        return Value::Bool(boolean.into());
    }
    if depth == DEEPEST {
        return Value::Null;
    }
    if let Some(list) = value.downcast::<CFArray>() {
        // SAFETY: a list of a property list has property lists in it, and lives through the call.
        let items = list.get_all_values().into_iter().map(|item| unsafe { inside(item, depth) });
        return Value::Array(items.collect());
    }
    if let Some(dictionary) = value.downcast::<CFDictionary>() {
        let (keys, values) = dictionary.get_keys_and_values();
        let pairs = keys.into_iter().zip(values).filter_map(|(key, value)| {
            // SAFETY: as above, for keys and values.
            match unsafe { (inside(key, depth), inside(value, depth)) } {
                (Value::String(key), value) => Some((key, value)),
                _ => None,
            }
        });
        return Value::Object(pairs.collect());
    }
    Value::Null
}

/// A value inside a list or dictionary.
///
/// # Safety
///
/// The pointer is null, or to an object of Core Foundation that lives through the call.
unsafe fn inside(value: *const c_void, depth: usize) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    // SAFETY: the caller's promise; the wrapper keeps the object for as long as it is used.
    plain(&unsafe { CFType::wrap_under_get_rule(value) }, depth + 1)
}
