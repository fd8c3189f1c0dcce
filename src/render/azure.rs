//! What Resource Manager was asked: a line of the path, and every read for `-v`.

use super::fact::Fact;
use super::progress::{Mark, milliseconds};
use super::text::count;
use super::text_writer::TextWriter;
use super::verbose::walked_to;
use crate::evidence::Evidence;
use crate::evidence::azure::{AzureEvidence, Caller, Read, ReadKind};

/// The name of the line.
pub(super) const NAME: &str = "azure";

/// What was read, or why nothing was; none where it was not asked.
#[must_use]
pub(super) fn fact(e: &Evidence) -> Option<Fact> {
    let said = e.azure.as_deref()?;
    let answered = said.reads.iter().filter(|read| is_answered(read)).count();
    let refused = said.reads.iter().find(|read| read.action.is_some() || read.code.is_some());
    if answered == 0 {
        let why = match (&said.stopped, refused) {
            (Some(why), _) => why.clone(),
            (None, Some(read)) => refusal(read),
            (None, None) => "no answer came".to_owned(),
        };
        let took = (!said.reads.is_empty()).then_some(said.took_ms);
        let mut fact = Fact::new(Mark::NotDone, format!("not read: {why}"), took);
        fact.brief = why.split_once(": ").map(|(short, _)| format!("not read: {short}"));
        return Some(fact);
    }
    let reads = count(said.reads.len() as u64, "read");
    let found = found(said);
    let text = match found.is_empty() {
        true => format!("{reads}, nothing of the target is visible to this caller"),
        false => format!("{reads}: {}", found.join(", ")),
    };
    let mut fact = Fact::new(Mark::Works, text, Some(said.took_ms));
    // One row, whatever was found: the rest is shown later.
    fact.brief = Some(fact.text.clone());
    let missing = missing(said);
    if let [first, more @ ..] = missing.as_slice() {
        let more = match more.len() {
            0 => String::new(),
            n => format!(", and {n} more (-v)"),
        };
        fact = fact.note(format!("may not read: {first}{more}"));
    }
    if let Some(why) = &said.stopped {
        fact = fact.note(format!("ended early: {why}"));
    }
    Some(fact)
}

fn is_answered(read: &Read) -> bool {
    // That a resource is not there is an answer.
    read.status.is_some_and(|status| (200..300).contains(&status) || status == 404)
}

/// `403 AuthorizationFailed: Microsoft.Network/virtualNetworks/read over /subscriptions/...`.
fn refusal(read: &Read) -> String {
    let status = read.status.map(|status| status.to_string());
    let code: Vec<String> = status.into_iter().chain(read.code.clone()).collect();
    match right(read) {
        Some(right) => format!("{}: {right}", code.join(" ")),
        None => format!("{} ({})", code.join(" "), read.question),
    }
}

fn right(read: &Read) -> Option<String> {
    let action = read.action.as_deref()?;
    Some(match read.scope.as_deref() {
        Some(scope) => format!("{action} over {scope}"),
        None => action.to_owned(),
    })
}

/// The rights that the caller lacks, each once.
pub(super) fn missing(said: &AzureEvidence) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for right in said.reads.iter().filter_map(right) {
        if !all.iter().any(|one| one.eq_ignore_ascii_case(&right)) {
            all.push(right);
        }
    }
    all
}

/// What is known of the target, counted.
fn found(said: &AzureEvidence) -> Vec<String> {
    let estate = &said.estate;
    let zones = estate.zones.items();
    let links: usize = zones.iter().map(|zone| zone.links.items().len()).sum();
    let counted = |number: usize, what: &str| match number {
        0 => String::new(),
        number => count(number as u64, what),
    };
    let mut all = vec![
        if estate.account.known().is_some() { "account".to_owned() } else { String::new() },
        counted(estate.connections.items().len(), "connection"),
        counted(estate.endpoints.items().len(), "endpoint"),
        match links {
            0 => counted(zones.len(), "zone"),
            _ => format!("{} with {}", counted(zones.len(), "zone"), counted(links, "link")),
        },
        counted(estate.networks.items().len(), "network"),
        counted(estate.roles.items().len(), "role assignment"),
    ];
    all.retain(|one| !one.is_empty());
    all
}

/// Every read, and what the caller may not read.
pub(super) fn block(writer: &mut TextWriter, e: &Evidence) {
    let Some(said) = e.azure.as_deref() else { return };
    writer.write_blank_line();
    writer.set_label(NAME);
    writer.write_text(&format!("{}, asked as {}", said.host, caller(&said.caller)));
    if let Some(why) = &said.stopped {
        writer.write_text(&format!("stopped: {why}"));
    }
    for read in &said.reads {
        writer.write_text(&line(read));
    }
    for right in missing(said) {
        writer.write_text(&format!("may not read: {right}"));
    }
    writer.set_label("");
    if let Some(path) = said.path.as_deref() {
        walked_to(writer, &format!("the way to {}, in full", said.host), path);
    }
}

/// Whose token was used, by its claims.
pub(super) fn caller(caller: &Caller) -> String {
    let object = caller.object_id.as_deref().map_or_else(
        || "a caller whose token names no object".to_owned(),
        |id| format!("object {id}"),
    );
    let tenant = caller.tenant.as_deref().map(|id| format!(" of tenant {id}"));
    let whose = match caller.calls_target {
        Some(true) => ", which calls the target too",
        Some(false) => "; another identity calls the target",
        None => "",
    };
    format!("{object}{}{whose}", tenant.unwrap_or_default())
}

/// `the links of a private DNS zone: 200, 3 items, 90 ms`.
fn line(read: &Read) -> String {
    let mut parts = Vec::new();
    match read.status {
        Some(status) => {
            let code = read.code.as_ref().map(|code| format!(" {code}"));
            parts.push(format!("{status}{}", code.unwrap_or_default()));
        }
        None => parts.push("no answer".to_owned()),
    }
    if is_answered(read) && (read.items != 1 || read.pages > 1) {
        parts.push(count(read.items.into(), "item"));
    }
    if read.pages > 1 {
        parts.push(count(read.pages.into(), "page"));
    }
    parts.push(milliseconds(read.took_ms));
    let name = last_name(read.path.split('?').next().unwrap_or_default());
    let of = match (read.kind, name) {
        (ReadKind::Graph, _) => " (Resource Graph)".to_owned(),
        (_, Some(name)) => format!(" ({name})"),
        (_, None) => String::new(),
    };
    format!("{}{of}: {}", read.question, parts.join(", "))
}

/// The name of the resource that a path is about; several are asked the same. Where the result of a
/// computation is, says nothing.
fn last_name(path: &str) -> Option<&str> {
    let (_, below) = path.split_once("/providers/")?;
    let segments: Vec<&str> = below.split('/').skip(1).collect();
    // Types and names take turns; a list ends with a type.
    let named = segments.chunks_exact(2).filter(|pair| !pair[0].eq_ignore_ascii_case("providers"));
    let of_result = segments.first().is_some_and(|first| first.eq_ignore_ascii_case("locations"));
    named.map(|pair| pair[1]).next_back().filter(|_| !of_result)
}
