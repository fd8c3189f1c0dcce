//! What was tried, from where, when and as which caller.

use super::writer::Writer;
use crate::evidence::http::{Header, HttpOutcome};
use crate::evidence::identity::IdentityHop;
use crate::evidence::{Evidence, Expect, Hop};
use crate::render::{azure, fact_lines, hop_table, text};
use crate::report::Report;

/// Headers by which the service's own logs find a call.
const IDS: [&str; 5] = [
    "apim-request-id",
    "x-ms-request-id",
    "x-ms-client-request-id",
    "microsoft-azure-api-management-correlation-id",
    "x-azure-ref",
];

pub(super) fn section(writer: &mut Writer, report: &Report) {
    let e = &report.evidence;
    writer.heading(2, "What was tried");
    let service = e.target.service_name.as_ref().map(|name| format!(" ({name})"));
    let service = service.unwrap_or_default();
    writer.item(&format!("target: {}, port {}{service}", e.target.host, e.target.port));
    if e.options.expect != Expect::Auto {
        writer.item(&format!("expected address: {}", text::expect(&e.options.expect)));
    }
    writer.item(&format!("from: {}, {}{}", e.vantage.host, e.vantage.os, platforms(e)));
    // Its source address, resolvers and proxy.
    writer.item(&format!("by way of: {}", fact_lines::vantage(e).text));
    writer.item(&format!("when: {}", when(&e.started)));
    writer.item(&format!("as: {}", caller(report)));
    for id in request_ids(e) {
        writer.item(&id);
    }
    if let Some(said) = e.azure.as_deref().filter(|said| !said.reads.is_empty()) {
        // Whose view of Azure it is: another caller may see more.
        writer.item(&format!("{} was read as: {}", said.host, azure::caller(&said.caller)));
    }
}

fn platforms(e: &Evidence) -> String {
    let azure = e.vantage.azure.answer == Some(true);
    let names = e.vantage.platforms.iter().map(|sign| sign.platform.name());
    let all = azure.then_some("an Azure machine").into_iter().chain(names);
    all.map(|name| format!(", {name}")).collect()
}

/// The start to the second: it is looked up in logs.
fn when(started: &str) -> String {
    match started.get(..19) {
        Some(second) => format!("{} UTC", second.replace('T', " ")),
        None => started.to_owned(),
    }
}

fn caller(report: &Report) -> String {
    let fact = hop_table::fact(report, Hop::Identity);
    let mut parts = vec![fact.text];
    parts.extend(ids(&report.evidence.identity));
    parts.extend(fact.notes);
    parts.join("; ")
}

/// Who a token that was at hand is for. A requested one has this in its notes.
fn ids(hop: &IdentityHop) -> Vec<String> {
    let Some(claims) = hop.claims.as_ref().filter(|_| hop.acquisition.is_none()) else {
        return Vec::new();
    };
    [
        ("application", &claims.application),
        ("object", &claims.object),
        ("tenant", &claims.tenant),
        ("managed identity", &claims.managed_identity),
    ]
    .into_iter()
    .filter_map(|(name, id)| id.as_ref().map(|id| format!("{name} {id}")))
    .collect()
}

/// The ids by which the owner of a server finds these requests.
fn request_ids(e: &Evidence) -> Vec<String> {
    let calls = e.http.value().map(|http| http.calls.as_slice()).unwrap_or_default();
    let headers = calls.iter().filter_map(|call| match &call.outcome {
        HttpOutcome::Answered { answer } => Some(&answer.headers),
        _ => None,
    });
    let known = |header: &&Header| IDS.contains(&header.name.as_str());
    let mut all: Vec<String> = headers
        .flatten()
        .filter(known)
        .map(|header| format!("{}: {}", header.name, header.value))
        .collect();
    let requests = e.identity.acquisition.iter().flat_map(|how| &how.requests);
    for refusal in requests.filter_map(|r| r.outcome.as_ref()?.refusal.as_ref()) {
        let of = |name: &str, id: &Option<String>| {
            id.as_ref().map(|id| format!("{name} of Entra ID: {id}"))
        };
        all.extend(of("correlation id", &refusal.correlation_id));
        all.extend(of("trace id", &refusal.trace_id));
    }
    all
}
