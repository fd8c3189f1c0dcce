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

/// The service whose library is named last before the answer, which ends at `end`; where none is, first behind
/// it.
pub(super) fn service(text: &str, end: usize) -> Option<&'static str> {
    let plain: String = text.to_ascii_lowercase().replace(['/', '\\'], ".");
    let (before, behind) = plain.split_at_checked(end).unwrap_or((&plain, ""));
    let all = || OF_SERVICES.iter().copied().map(|(name, id)| (name, Some(id)));
    let all = || all().chain(OF_ACCOUNTS.iter().map(|name| (*name, None)));
    let last = all().filter_map(|(name, id)| Some((before.rfind(name)?, id))).max();
    let first = || all().filter_map(|(name, id)| Some((behind.find(name)?, id))).min();
    last.or_else(first)?.1
}
