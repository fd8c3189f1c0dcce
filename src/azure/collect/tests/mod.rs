//! An estate in memory, and what is asked of it.

mod decided;
mod economy;
mod estate;
mod hostile;
mod partial;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Scope, collect};
use crate::azure::allowed::Request;
use crate::azure::reader::Sending;
use crate::azure::{Reader, Reply};
use crate::evidence::Evidence;
use crate::evidence::azure::{Estate, Read};

/// The host that is asked.
const HOST: &str = "management.azure.com";

/// Answers by path, and rows by type.
#[derive(Default)]
pub(super) struct Fake {
    /// Bodies by path in lower case, without query.
    answers: BTreeMap<String, (u16, Value)>,
    /// Rows of Resource Graph.
    rows: Vec<Value>,
    /// Ids that no row and no GET shows.
    pub(super) hidden: Vec<String>,
    /// Replies that come first, by path.
    first: RefCell<BTreeMap<String, Reply>>,
    /// What was sent: method and path, and the query.
    pub(super) sent: RefCell<Vec<String>>,
    /// Parts of paths that are never answered.
    pub(super) silent: Vec<&'static str>,
}

impl Fake {
    /// A resource that a GET shows, and Resource Graph too.
    pub(super) fn resource(&mut self, id: &str, properties: Value) {
        self.with(id, json!({"id": id, "name": id.rsplit('/').next(), "properties": properties}));
    }

    /// The same with other fields than `properties`.
    pub(super) fn with(&mut self, id: &str, value: Value) {
        self.rows.push(value.clone());
        self.answers.insert(id.to_lowercase(), (200, value));
    }

    /// A collection, or a resource that GETs alone show.
    pub(super) fn get(&mut self, path: &str, value: Value) {
        self.answer(path, 200, value);
    }

    /// Any answer.
    pub(super) fn answer(&mut self, path: &str, status: u16, value: Value) {
        self.answers.insert(path.to_lowercase(), (status, value));
    }

    /// A row that Resource Graph alone has.
    pub(super) fn row(&mut self, row: Value) {
        self.rows.push(row);
    }

    /// Takes the rows away whose ids hold a text: the caller may not see them, or they are late.
    pub(super) fn hide_rows(&mut self, part: &str) {
        let part = part.to_lowercase();
        self.rows.retain(|row| !row["id"].as_str().unwrap_or("").to_lowercase().contains(&part));
    }

    /// Refuses every GET below a path.
    pub(super) fn refuse(&mut self, below: &str) {
        self.hidden.push(below.to_lowercase());
    }

    /// A reply that comes once, before the others of its path.
    pub(super) fn once(&mut self, path: &str, reply: Reply) {
        self.first.get_mut().insert(path.to_lowercase(), reply);
    }

    fn reply(&self, request: &Request) -> Reply {
        let path = request.path().split('?').next().unwrap_or("").to_lowercase();
        if let Some(reply) = self.first.borrow_mut().remove(&path) {
            return reply;
        }
        if let Some(body) = request.body() {
            let body: Value = serde_json::from_str(body).unwrap();
            let query = body["query"].as_str().unwrap();
            return reply(200, &json!({"data": self.matching(query)}));
        }
        if self.hidden.iter().any(|below| path.starts_with(below)) {
            let message = format!(
                "The client 'ann@contoso.example' with object id '1' does not have authorization \
                 to perform action 'some/read' over scope '{path}' or the scope is invalid."
            );
            let error = json!({"code": "AuthorizationFailed", "message": message});
            return reply(403, &json!({"error": error}));
        }
        match self.answers.get(&path) {
            Some((status, value)) => reply(*status, value),
            None => reply(404, &json!({"error": {"code": "ResourceNotFound", "message": "none"}})),
        }
    }

    /// The rows that a query selects: those of its types whose JSON holds one of its quoted words.
    fn matching(&self, query: &str) -> Vec<Value> {
        // Changes have no type.
        let Some((_, words)) = query.split_once("| where type") else { return Vec::new() };
        let quoted: Vec<String> =
            words.split('\'').skip(1).step_by(2).map(str::to_lowercase).collect();
        let (types, words): (Vec<_>, Vec<_>) =
            quoted.iter().partition(|word| word.starts_with("microsoft."));
        let is_selected = |row: &&Value| {
            let id = row["id"].as_str().unwrap_or("").to_lowercase();
            let text = row.to_string().to_lowercase();
            let of_type = types.iter().any(|kind| type_of(&id) == **kind);
            of_type && (words.is_empty() || words.iter().any(|word| text.contains(word.as_str())))
        };
        self.rows.iter().filter(is_selected).cloned().collect()
    }

    /// What is collected, with the reads that it took.
    pub(super) async fn collect(
        &self,
        evidence: &Evidence,
        scope: &Scope,
        within: Duration,
    ) -> (Estate, Vec<Read>) {
        let send = move |request: Request| -> Sending<'_> {
            Box::pin(async move {
                let query = request.body().unwrap_or("");
                self.sent.borrow_mut().push(format!("{} {query}", request.path()));
                if self.silent.iter().any(|part| request.path().contains(part)) {
                    std::future::pending::<()>().await;
                }
                Ok(self.reply(&request))
            })
        };
        let reader = Reader::new(HOST, &send, Instant::now() + within);
        let estate = collect(&reader, evidence, scope).await;
        (estate, reader.into_reads())
    }

    /// The same, with time enough.
    pub(super) async fn ask(&self, evidence: &Evidence, scope: &Scope) -> Estate {
        self.collect(evidence, scope, Duration::from_secs(30)).await.0
    }

    /// How many requests had a text in their path or query.
    pub(super) fn count(&self, part: &str) -> usize {
        self.sent.borrow().iter().filter(|sent| sent.contains(part)).count()
    }
}

/// Provider and type of an id, e.g. `microsoft.network/privatednszones/virtualnetworklinks`.
fn type_of(id: &str) -> String {
    let after = id.rsplit_once("/providers/").map_or("", |(_, after)| after);
    let mut segments = after.split('/');
    let provider = segments.next().unwrap_or("").to_owned();
    let types: Vec<&str> = segments.step_by(2).collect();
    match (id.starts_with("/subscriptions/"), after) {
        (true, "") => "microsoft.resources/subscriptions".to_owned(),
        _ => format!("{provider}/{}", types.join("/")),
    }
}

/// A reply with a body.
pub(super) fn reply(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        retry_after: None,
        location: None,
        correlation_id: Some("c".to_owned()),
        body: body.to_string().into_bytes(),
    }
}

/// A walk of the fixtures, changed by a merge patch.
pub(super) fn walk(patch: Value) -> Evidence {
    let base = include_str!("../../../../fixtures/bases/private.json");
    let mut value: Value = serde_json::from_str(base).unwrap();
    merge(&mut value, patch);
    serde_json::from_value(value).unwrap()
}

fn merge(value: &mut Value, patch: Value) {
    match patch {
        Value::Object(patch) if value.is_object() => {
            for (key, change) in patch {
                merge(&mut value[key.as_str()], change);
            }
        }
        other => *value = other,
    }
}
