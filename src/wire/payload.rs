//! What the JSON body of a successful answer holds, by its form alone.

use serde_json::Value;

use crate::evidence::http::Payload;

/// What a JSON body holds. A list counts only when each of its entries is of its kind: other JSON
/// has arrays of these names as well.
pub(super) fn of(value: &Value) -> Payload {
    let each = |name: &str, key: &str| {
        value.get(name).and_then(Value::as_array).is_some_and(|list| {
            list.iter().all(|entry| entry.get(key).is_some_and(Value::is_string))
        })
    };
    if each("data", "id") {
        return Payload::Models;
    }
    if each("value", "name") {
        return Payload::Deployments;
    }
    if each("value", "id") {
        return Payload::Secrets;
    }
    if each("value", "TableName") || each("filesystems", "name") {
        return Payload::Listing;
    }
    if each("items", "key") {
        return Payload::KeyValues;
    }
    let of_api = ["blocklistName", "projectName", "format"].iter().any(|key| each("value", key));
    let categories = |entry: &Value| entry.get("categories").is_some_and(Value::is_array);
    let vision = value.get("models").and_then(Value::as_array);
    let limit = value.get("customDocumentModels").and_then(|models| models.get("limit"));
    if of_api
        || each("values", "self")
        || limit.is_some_and(Value::is_number)
        || vision.is_some_and(|models| models.iter().all(categories))
    {
        return Payload::ApiList;
    }
    let object = |name: &str| value.get(name).is_some_and(Value::is_object);
    if object("counters") && object("limits") {
        return Payload::Statistics;
    }
    let choices = value.get("choices").and_then(Value::as_array);
    match choices.and_then(|list| list.first()) {
        Some(Value::Object(_)) => Payload::Completion,
        _ => Payload::Other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evidence::http::Purpose;

    #[test]
    fn a_body_is_what_its_entries_are() {
        for (body, payload) in [
            (json!({ "data": [{ "id": "gpt-4o" }], "object": "list" }), Payload::Models),
            (json!({ "data": [] }), Payload::Models),
            (json!({ "value": [{ "name": "gpt-4o" }] }), Payload::Deployments),
            (json!({ "value": [] }), Payload::Deployments),
            (json!({ "value": [{ "id": "https://v/secrets/a" }] }), Payload::Secrets),
            (json!({ "choices": [{ "index": 0 }] }), Payload::Completion),
            (json!({ "choices": [] }), Payload::Other),
            (json!({ "counters": {}, "limits": {} }), Payload::Statistics),
            (json!({ "counters": {} }), Payload::Other),
            (json!({ "value": [{ "TableName": "t" }] }), Payload::Listing),
            (json!({ "filesystems": [] }), Payload::Listing),
            (json!({ "items": [{ "key": "a" }] }), Payload::KeyValues),
            (json!({ "customDocumentModels": { "count": 0, "limit": 500 } }), Payload::ApiList),
            (json!({ "customDocumentModels": [] }), Payload::Other),
            (json!({ "value": [{ "blocklistName": "a" }] }), Payload::ApiList),
            (json!({ "value": [{ "format": "PlainText" }] }), Payload::ApiList),
            (json!({ "values": [{ "self": "https://a" }] }), Payload::ApiList),
            (json!({ "models": [{ "name": "landmarks", "categories": [] }] }), Payload::ApiList),
            (json!({ "models": [{ "name": "llama3" }] }), Payload::Other),
            (json!({ "items": [] }), Payload::KeyValues),
            (json!({ "items": [{ "name": "a" }] }), Payload::Other),
            (json!({ "data": [1, 2] }), Payload::Other),
            (json!({ "data": [{ "id": "a" }, { "id": 7 }] }), Payload::Other),
            (json!({ "data": "many", "value": 3 }), Payload::Other),
            (json!({ "error": { "code": "500" } }), Payload::Other),
            (json!({}), Payload::Other),
            (json!([]), Payload::Other),
            (json!(null), Payload::Other),
        ] {
            assert_eq!(of(&body), payload, "{body}");
        }
    }

    #[test]
    fn no_purpose_is_fulfilled_by_other_json() {
        for purpose in [
            Purpose::Models,
            Purpose::Project,
            Purpose::Deployment,
            Purpose::Secrets,
            Purpose::Statistics,
            Purpose::Listing,
            Purpose::KeyValues,
            Purpose::ApiList,
            Purpose::Challenge,
        ] {
            assert!(!purpose.success().contains(&Payload::Other), "{purpose:?}");
        }
        assert!(!Purpose::Models.success().contains(&Payload::Deployments));
        assert!(!Purpose::Deployment.success().contains(&Payload::Models));
    }
}
