//! Which service was called, by the client library whose package or class a failure names (fact H185).

/// What a client prints of itself, in lower case and with dots between its parts, and the id of its service.
const OF_SERVICES: &[(&str, &str)] = &[
    ("azure.search.documents", "search"),
    ("azure.search-documents", "search"),
    ("azure.data.appconfiguration", "appconfig"),
    ("azure.appconfiguration", "appconfig"),
    ("azure.app-configuration", "appconfig"),
    ("azure.security.keyvault", "keyvault"),
    ("azure.keyvault", "keyvault"),
    ("keyvault.baseclient", "keyvault"),
    ("azure.cosmos", "cosmos"),
    ("azure.storage.blob", "blob"),
    ("azure.storage-blob", "blob"),
    ("azure.storage.queue", "queue"),
    ("azure.storage-queue", "queue"),
    ("azure.data.tables", "table"),
    ("azure.storage.files.datalake", "dfs"),
    ("azure.storage.filedatalake", "dfs"),
];
/// What clients of an account print, in the same form.
const OF_ACCOUNTS: &[&str] = &[
    "openai.api",
    "openai.auth",
    "openai.bad",
    "openai.notfound",
    "openai.permission",
    "openai.ratelimit",
    "openai._base_client",
    "azure.ai.",
    "openaiexception",
    "clientresultexception",
];

/// Headers by which a service's answer is known that no other server sends together, in lower case.
const OF_HEADERS: &[(&[&str], &str)] =
    &[(&["server: openresty", "x-ms-correlation-request-id: "], "appconfig")];

/// What begins a line of code that names a library and calls nothing, in lower case.
const IMPORTS: &[&str] = &["from ", "import ", "using "];
/// The mark of an account's own front end.
const OF_FRONT_END: &str = "apim-request-id";

/// The service whose library is named last before the answer, which ends at `end`; where none is, first behind
/// it.
pub(super) fn service(text: &str, end: usize) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.contains(OF_FRONT_END) {
        return None;
    }
    // As long as it was: `end` is a place in the text.
    let plain: String = lower.split_inclusive('\n').map(without_imports).collect();
    let (before, behind) = plain.split_at_checked(end).unwrap_or((&plain, ""));
    let all = || OF_SERVICES.iter().copied().map(|(name, id)| (name, Some(id)));
    let all = || all().chain(OF_ACCOUNTS.iter().map(|name| (*name, None)));
    let last = all().filter_map(|(name, id)| Some((before.rfind(name)?, id))).max();
    let first = || all().filter_map(|(name, id)| Some((behind.find(name)?, id))).min();
    let sends = |(headers, _): &&(&[&str], &'static str)| headers.iter().all(|h| lower.contains(h));
    let by_headers = || Some(("", OF_HEADERS.iter().find(sends).map(|(_, id)| *id)));
    let named = last.or_else(first).map(|(_, id)| ("", id));
    named.or_else(by_headers)?.1
}

/// A line with dots between its parts; blanks where it is one that imports.
fn without_imports(line: &str) -> String {
    match IMPORTS.iter().any(|word| line.trim_start().starts_with(word)) {
        true => " ".repeat(line.len()),
        false => line.replace(['/', '\\'], "."),
    }
}
