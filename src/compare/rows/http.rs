//! The calls and their answers.

use crate::compare::row::{Item, Reading, Row, milliseconds, one};
use crate::evidence::http::{Header, HttpCall, HttpOutcome};
use crate::evidence::{Observed, SkipReason};
use crate::render::text;
use crate::report::Report;

/// Header fields that differ from answer to answer.
const NOISE: &[&str] = &[
    "apim-request-id",
    "azure-openai-deployment-utilization",
    "azureml-model-session",
    "content-length",
    "date",
    "microsoft-azure-api-management-correlation-id",
    "retry-after",
    "retry-after-ms",
    "x-azure-ref",
    "x-envoy-upstream-service-time",
    "x-ms-client-request-id",
    "x-ms-request-id",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-request-id",
];

/// Characters of an answer's text that are compared and shown.
const EXCERPT: usize = 160;

pub(super) const ROWS: &[Row] = &[
    Row::new("http.outcome", "call", outcome).outcome(),
    Row::new("http.request", "request", |r| {
        each(r, |call| Some(format!("{} {}", call.method, call.path)))
    })
    .common(),
    Row::new("http.credential", "credential sent", |r| {
        each(r, |call| Some(if call.credential_sent { "yes" } else { "no" }.to_owned()))
    })
    .common(),
    Row::new("http.message", "message of the service", |r| {
        each(r, |call| Some(without_ids(call.answer()?.message()?)))
    })
    .common(),
    Row::new("http.body", "answer that is not JSON", |r| {
        each(r, |call| Some(without_ids(call.answer()?.body_excerpt.as_deref()?)))
    })
    .common(),
    Row::new("http.entries", "entries of the list", |r| {
        each(r, |call| Some(call.answer()?.models?.to_string()))
    })
    .common(),
    Row::new("http.complete", "body is complete", |r| {
        each(r, |call| Some(if call.answer()?.body_complete { "yes" } else { "no" }.to_owned()))
    })
    .common(),
    Row::new("http.header", "header", |r| headers(&main(r)?.answer()?.headers)),
    Row::new("http.time", "time of the call", |r| milliseconds(Some(main(r)?.took_ms)))
        .jitter(300.0),
];

fn main(r: &Report) -> Option<&HttpCall> {
    r.evidence.http.value()?.main()
}

/// Header fields of an answer, without those that differ each time.
pub(super) fn headers(all: &[Header]) -> Reading {
    let told = all.iter().filter(|header| !NOISE.contains(&header.name.as_str()));
    Some(told.map(|header| Item::new(&header.name, &header.value)).collect())
}

/// One entry a call, for those that have the fact.
fn each(r: &Report, read: impl Fn(&HttpCall) -> Option<String>) -> Reading {
    let calls = &r.evidence.http.value()?.calls;
    let item = |call: &HttpCall| Some(Item::new(text::purpose(call.purpose), read(call)?));
    Some(calls.iter().filter_map(item).collect())
}

/// How each call ended, compared by the status and the service's code.
fn outcome(r: &Report) -> Reading {
    let hop = match &r.evidence.http {
        Observed::Done { value, .. } => value,
        Observed::NotAsked { reason: SkipReason::ServiceHasNoCall } => return None,
        other => return one(text::not_done(other).unwrap_or_default()),
    };
    let item = |call: &HttpCall| {
        // The list of models is the one that every walk makes: it has no name of its own, so that
        // it is comparable with a walk that did not come so far.
        let main = hop.main().is_some_and(|main| std::ptr::eq(main, call));
        let of = if main { "" } else { text::purpose(call.purpose) };
        Item::new(of, text::http_call(call)).key(key(call))
    };
    Some(hop.calls.iter().map(item).collect())
}

fn key(call: &HttpCall) -> String {
    match &call.outcome {
        HttpOutcome::Answered { answer } => {
            let code = answer.code().filter(|_| answer.status >= 300).unwrap_or_default();
            format!("{} {code} {}", answer.status, answer.fulfils(call.purpose))
        }
        HttpOutcome::Malformed { begins, .. } => format!("malformed {begins:?}"),
        other => text::http_outcome(other),
    }
}

/// A text without words that look like ids or times: those with a digit and at least 8 characters.
pub(super) fn without_ids(text: &str) -> String {
    let is_id = |word: &str| word.len() >= 8 && word.bytes().any(|c| c.is_ascii_digit());
    let words = text.split_whitespace().map(|word| if is_id(word) { "..." } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(EXCERPT).collect()
}
