//! Resource Graph: tables of what the caller may read, and a small interpreter of the query language.
//! What it does not know is refused, so that a wrong query fails its test.

mod evaluate;
mod parse;

use serde_json::{Value, json};

use super::http::{Asked, Reply};
use super::resources::Resource;
use super::{Mock, errors};

/// The most rows of a page (fact C11).
const LARGEST: u64 = 1000;

/// The answer to a query.
pub fn answer(mock: &Mock, asked: &Asked) -> Reply {
    let Ok(body) = serde_json::from_str::<Value>(&asked.body) else {
        mock.violation("a query that is no JSON".to_owned());
        return errors::bad_request("The request body is not valid JSON.");
    };
    let Some(query) = body["query"].as_str() else {
        return errors::bad_request("The request body has no query.");
    };
    let given: Vec<String> = body["subscriptions"]
        .as_array()
        .map(|all| all.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect())
        .unwrap_or_default();
    let subscriptions: Vec<&Resource> = mock
        .resources
        .iter()
        .filter(|r| r.kind == "Microsoft.Resources/subscriptions" && mock.rights.sees(&r.id))
        .filter(|r| r.body["tenantId"] == mock.rights.tenant.as_str())
        .filter(|r| {
            let id = r.body["subscriptionId"].as_str().unwrap_or_default();
            given.is_empty() || given.iter().any(|one| one.eq_ignore_ascii_case(id))
        })
        .collect();
    if subscriptions.is_empty() {
        return errors::no_subscriptions(&given);
    }
    let parsed = match parse::query(query, mock.now) {
        Ok(parsed) => parsed,
        Err(why) => return refused(mock, query, &why),
    };
    if !TABLES.contains(&parsed.table.as_str()) {
        return refused(mock, query, &format!("no table {}", parsed.table));
    }
    let rows = mock
        .resources
        .iter()
        .filter(|r| r.table == Some(parsed.table.as_str()))
        .filter(|r| subscriptions.iter().any(|s| below(&r.id, &s.id)))
        .filter(|r| mock.rights.may(&format!("{}/read", r.kind), &r.id))
        .filter(|r| !mock.lacks.iter().any(|end| r.id.to_ascii_lowercase().ends_with(end)))
        .map(|r| row(r, &mock.rights.tenant))
        .collect();
    match evaluate::run(&parsed, rows) {
        Ok(rows) => page(mock, &body, query, &rows),
        Err(why) => refused(mock, query, &why),
    }
}

/// Tables that there are (RGT).
const TABLES: [&str; 7] = [
    "Resources",
    "ResourceContainers",
    "DnsResources",
    "NetworkResources",
    "ComputeResources",
    "AuthorizationResources",
    "ResourceChanges",
];

fn below(id: &str, subscription: &str) -> bool {
    let (id, subscription) = (id.to_ascii_lowercase(), subscription.to_ascii_lowercase());
    id.strip_prefix(&subscription).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn refused(mock: &Mock, query: &str, why: &str) -> Reply {
    mock.violation(format!("a query that Resource Graph does not take, {why}: {query}"));
    errors::bad_query(json!([
        { "code": "InvalidQuery", "message": "Query is invalid. Please refer to the documentation \
            for the Azure Resource Graph service and fix the error before retrying." },
        { "code": "ParserFailure", "message": why },
    ]))
}

/// A row: what a GET shows, with more columns and types in lower case.
fn row(resource: &Resource, tenant: &str) -> Value {
    let mut row = resource.body.clone();
    let part = |at: usize| resource.id.split('/').nth(at).unwrap_or_default().to_owned();
    row["type"] = resource.kind.to_ascii_lowercase().into();
    // A property that a provider's version here does not have (fact C17).
    if let Some(properties) = row["properties"].as_object_mut() {
        properties.remove("resolutionPolicy");
    }
    row["tenantId"] = tenant.into();
    row["subscriptionId"] = part(2).into();
    row["resourceGroup"] = part(4).to_ascii_lowercase().into();
    row
}

fn page(mock: &Mock, body: &Value, query: &str, rows: &[Value]) -> Reply {
    let options = &body["options"];
    // A key `top` is ignored without a sign (fact C11).
    let top = options["$top"].as_u64().unwrap_or(100);
    if !(1..=LARGEST).contains(&top) || options["resultFormat"] != "objectArray" {
        mock.violation(format!("options of a query: {options}"));
        return errors::bad_request("The options are not valid.");
    }
    let start = match options["$skipToken"].as_str() {
        None => 0,
        // It belongs to its query and its scope.
        Some(token) => match mock.token_of(token, query, &body["subscriptions"]) {
            Some(at) => at,
            None => {
                mock.violation("a token of another query".to_owned());
                return errors::bad_request("The skip token is not valid.");
            }
        },
    };
    let size = usize::try_from(top).unwrap_or(usize::MAX).min(mock.page);
    let end = rows.len().min(start.saturating_add(size));
    let data = rows.get(start..end).unwrap_or_default();
    let mut answer = json!({
        "totalRecords": rows.len(), "count": data.len(), "data": data, "facets": [],
        // Also on a page that is cut (fact C12).
        "resultTruncated": "false",
    });
    if end < rows.len() {
        if data.iter().any(|row| row["id"].is_null()) {
            mock.violation(format!("pages without an id: {query}"));
        }
        answer["$skipToken"] = mock.keep_token(end, query, &body["subscriptions"]).into();
    }
    Reply::json(200, &answer)
        .with("x-ms-user-quota-remaining", "14")
        .with("x-ms-user-quota-resets-after", "00:00:05")
}
