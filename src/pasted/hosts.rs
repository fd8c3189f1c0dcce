//! Which host the answer in a text is of: what was requested last before it, and where no request is
//! shown, what the text names.

use crate::diagnose::pasted::{is_of_account, is_of_service, quotes};

/// Words before the URL of a request, in lower case.
const REQUESTED: &[&str] = &[
    "for url:",
    "request url:",
    "requesturi:",
    "request to",
    " get",
    " post",
    " put",
    " delete",
    " head",
    " patch",
    "uri:",
    "url:",
    "url=",
];
/// What is between such words and the URL.
const BETWEEN: [char; 7] = ['\'', '"', '`', '<', '(', ' ', ','];
/// How far before a URL they are looked for.
const NEAR: usize = 32;
/// What shows that a platform was asked for a token, in lower case (fact H151).
const PLATFORM: &[&str] = &[
    "169.254.169.254",
    "/metadata/identity",
    "/msi/token",
    "/host/token",
    "localhost:2579",
    "127.0.0.1:2579",
    "managedidentitycredential",
    "imds",
];
/// What shows that it gave one.
const GIVEN: &[&str] = &["acquired a token", "get_token succeeded", "gettoken succeeded"];

/// What shows, in lower case, that words are of a store, a queue or telemetry.
const OF_OTHERS: &[&str] = &[
    "redis",
    "psycopg",
    "postgres",
    "sqlalchemy",
    "pymongo",
    "mongodb",
    "mysql",
    "pyodbc",
    "kafka",
    "amqp",
    "rabbitmq",
    "celery",
    "memcache",
    "elasticsearch",
    "opentelemetry",
    "otlp",
    "statsd",
    "smtp",
    "applicationinsights",
    "/v1/traces",
    "/v1/metrics",
    "/v1/logs",
    "/v2.1/track",
];
/// What shows, in lower case, that they are of a client of the service.
const OF_CLIENTS: &[&str] = &[
    "openai.api",
    "apiconnectionerror",
    "apitimeouterror",
    "litellm",
    "azure.core",
    "azure.identity",
    "com.azure.core",
    "azure.requestfailed",
];
/// The same of a library that other clients use too: no sign where the words name another host.
const OF_LIBRARIES: &[&str] = &["httpx.", "httpcore."];

/// A host in a URL of a text.
struct Mention {
    at: usize,
    host: String,
    is_requested: bool,
    /// Its own line shows a success.
    passed: bool,
}

/// The host of a text that its answer, which ends at `end`, is of.
#[must_use]
pub(super) fn callee(text: &str, end: usize, fits: impl Fn(&str) -> bool) -> Option<String> {
    let all = mentions(text);
    // What a message quotes of another call has the host of that one: the answer is of its caller.
    let quoted = quotes(text).and_then(|leg| leg.inside.as_ref());
    let is_inside = |host: &str| quoted.is_some_and(|inside| is_of_service(host, inside.service));
    let fits = |host: &str| fits(host) && !is_inside(host);
    let fitting = |found: &&Mention| fits(&found.host);
    let host = |found: &Mention| found.host.clone();
    // A message that quotes another call names the host of that one too: it is a part of the answer.
    if quotes(text).is_none() {
        let failed = |found: &&Mention| found.is_requested && !found.passed;
        let last = all.iter().rfind(|found| found.at < end && failed(found));
        let behind = || all.iter().find(|found| found.at >= end && failed(found));
        if let Some(found) = last.or_else(behind) {
            return Some(host(found));
        }
    }
    let named = all.iter().filter(|found| !found.passed).find(fitting);
    let passed = || all.iter().rfind(|found| found.is_requested && fits(&found.host));
    named.or_else(passed).map(host).or_else(|| bare(text).find(|host| fits(host)))
}

/// The first host in a text that `fits`.
#[must_use]
pub(super) fn named_first(text: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    bare(text).find(|host| fits(host))
}

/// Whether the last that was asked before `end` is the platform's own token endpoint.
#[must_use]
pub(super) fn is_of_platform(text: &str, end: usize) -> bool {
    let text = text.get(..end).unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let last = |words: &[&str]| words.iter().filter_map(|word| lower.rfind(word)).max();
    let Some(asked) = last(PLATFORM) else { return false };
    let later = mentions(text).iter().any(|found| found.is_requested && found.at > asked);
    !later && last(GIVEN).is_none_or(|given| given < asked.saturating_sub(NEAR * 2))
}

/// Whether words of a client without an answer, behind an answer, are of another part of the application: of
/// a store or of telemetry, or about another host than what was called `before`.
#[must_use]
pub(super) fn is_of_another(text: &str, before: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let called: Vec<String> = named(before).collect();
    let is_called = |host: &String| match called.is_empty() {
        true => is_of_account(host),
        false => called.contains(host),
    };
    let mut hosts = named(text).peekable();
    let about_others = hosts.peek().is_some();
    let about_it = hosts.any(|host| is_called(&host));
    match about_others {
        true => !about_it && !says(OF_CLIENTS),
        false => says(OF_OTHERS) && !says(OF_CLIENTS) && !says(OF_LIBRARIES),
    }
}

/// The hosts of URLs, and those that urllib3 names.
fn named(text: &str) -> impl Iterator<Item = String> + '_ {
    let hosts = ["https://", "http://", "host='", "host=\"", "Host: "];
    let behind = move |sign| {
        text.match_indices(sign).filter_map(move |(at, _)| {
            let host = host_of(&text[at + str::len(sign)..])?;
            (!host.starts_with("aka.ms")).then_some(host)
        })
    };
    hosts.into_iter().flat_map(behind)
}

fn mentions(text: &str) -> Vec<Mention> {
    let one = |(at, scheme): (usize, &str)| {
        let host = host_of(&text[at + scheme.len()..])?;
        let near = (at.saturating_sub(NEAR)..=at).find(|near| text.is_char_boundary(*near))?;
        let before = text[near..at].trim_end_matches(BETWEEN);
        let before = format!(" {}", before.to_ascii_lowercase());
        let line = text[at..].lines().next().unwrap_or_default();
        Some(Mention {
            at,
            host,
            is_requested: REQUESTED.iter().any(|word| before.ends_with(word)),
            passed: line.split_once("\"HTTP/").is_some_and(|(_, rest)| {
                rest.split(' ').nth(1).is_some_and(|status| status.starts_with('2'))
            }),
        })
    };
    text.match_indices("https://").filter_map(one).collect()
}

fn host_of(text: &str) -> Option<String> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)));
    let host = text[..end.unwrap_or(text.len())].trim_end_matches('.').to_ascii_lowercase();
    host.contains('.').then_some(host)
}

/// The names of hosts that stand without a scheme.
fn bare(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)));
    words.filter(|word| word.split('.').count() > 2).filter_map(host_of)
}
