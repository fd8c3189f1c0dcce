//! The statuses in a text, and which of several counts.

/// Words before a status, in lower case.
const BEFORE_STATUS: &[&str] = &[
    "http/",
    "http ",
    "status",
    "response",
    "resultcode",
    "resultsignature",
    "error code",
    "errorcode",
    "error:",
    "authentication error",
    "{code=",
    "<title>",
    "<h1>",
];
/// What follows a status with which a line begins, in lower case.
const BEHIND_STATUS: &[&str] = &[": litellm."];
/// What follows a status wherever it is, in lower case: a message that begins with its status, behind the
/// words of the program that logs it.
const BEGINS_MESSAGE: &[&str] = &[
    " status code (no body)",
    " resource not found",
    " access denied due to ",
    " public access is disabled",
    " traffic is not from an approved private endpoint",
    " unauthorized. access token is ",
    " the api deployment for this resource does not exist",
    " the principal `",
    "): forbidden",
    "): unauthorized",
];
/// Statuses with their phrases, which a client prints beside each other in either order, in lower case
/// (fact H184).
const PHRASES: &[(u16, &str)] = &[
    (400, "bad request"),
    (401, "unauthorized"),
    (403, "forbidden"),
    (404, "not found"),
    (429, "too many requests"),
    (500, "internal server error"),
    (502, "bad gateway"),
    (503, "service unavailable"),
    (504, "gateway time"),
];
/// What follows a number that is a count and no status, in lower case.
const COUNTED: &[&str] = &[
    " validation error",
    " rows",
    " items",
    " documents",
    " records",
    " files",
    " warnings",
    " tests",
    " bytes",
    " tokens",
    " seconds",
    " ms",
];
/// What Kubernetes says of the application's own answer, in lower case.
const OF_PROBE: &str = "probe failed";
/// What begins the line of a request, in lower case.
const METHODS: &[&str] =
    &["get /", "post /", "put /", "delete /", "patch /", "head /", "options /"];
/// How far before the version of a request's line its method is looked for.
const LINE: usize = 4096;
/// How far before a status they are looked for.
const NEAR: usize = 24;

/// A status in a text, with its place.
pub(super) struct Found {
    pub(super) at: usize,
    /// Whether it is in the first line of an answer.
    pub(super) is_head: bool,
    /// Whether that line is quoted in one of a log: no body follows it.
    pub(super) is_quoted: bool,
    pub(super) status: u16,
}

/// The statuses: three digits behind a word that announces them.
pub(super) fn statuses(text: &str) -> Vec<Found> {
    let lower = text.to_ascii_lowercase();
    let found = |from: usize| {
        let digits: String = lower[from..].chars().take_while(char::is_ascii_digit).collect();
        let status = digits.parse().ok().filter(|status| (200..600).contains(status))?;
        let before: String = lower[..from].chars().rev().take(NEAR).collect();
        let before: String = before.chars().rev().collect();
        let last = BEFORE_STATUS.iter().filter_map(|word| Some((before.rfind(word)?, *word))).max();
        let behind = &lower[from + digits.len()..];
        if COUNTED.iter().any(|words| behind.starts_with(words)) {
            return None;
        }
        let begins = lower[..from].is_empty() || lower[..from].ends_with('\n');
        if begins && BEHIND_STATUS.iter().any(|words| behind.starts_with(words)) {
            return Some(Found { at: from, is_head: false, is_quoted: false, status });
        }
        if digits.len() == 3 && BEGINS_MESSAGE.iter().any(|words| behind.starts_with(words)) {
            return Some(Found { at: from, is_head: false, is_quoted: false, status });
        }
        let is_of_probe = || line_before(&lower, from).contains(OF_PROBE);
        let Some((at, word)) = last.filter(|_| digits.len() == 3 && !is_of_probe()) else {
            let status = status_beside_phrase(&lower, from, digits.len(), status)?;
            return Some(Found { at: from, is_head: false, is_quoted: false, status });
        };
        // Between the word and the number: a version, signs, or `code`.
        let between = before[at + word.len()..]
            .trim_start_matches(|c: char| word == "http/" && (c.is_ascii_digit() || c == '.'));
        let between = between.replace("code", "");
        let joins = |c: char| " :='\"()\\_-".contains(c);
        let is_head = word == "http/";
        let line = line_before(&lower, from - before.len() + at);
        let fits =
            digits.len() == 3 && between.chars().all(joins) && !(is_head && is_of_server(line));
        let is_quoted = line.contains('"');
        if !fits {
            let status = status_beside_phrase(&lower, from, digits.len(), status)?;
            return Some(Found { at: from, is_head: false, is_quoted: false, status });
        }
        Some(Found { at: from, is_head, is_quoted, status })
    };
    let starts = lower.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric())
    });
    starts.filter_map(|(at, _)| found(at)).collect()
}

/// The status of a failure that stands beside its phrase, as in `ERROR 403: Forbidden` and `Forbidden (403)`,
/// or alone in brackets behind a colon, as .NET Framework has it behind words of each language.
fn status_beside_phrase(lower: &str, from: usize, length: usize, status: u16) -> Option<u16> {
    let line = line_before(lower, from);
    let requested = line.rfind("http/").is_some_and(|at| is_of_server(&line[..at]));
    if length != 3 || requested || line.contains(OF_PROBE) {
        return None;
    }
    let behind = &lower[from + length..];
    let phrase = PHRASES.iter().find(|(number, _)| *number == status).map(|(_, phrase)| *phrase)?;
    let before = line.trim_end();
    let announced = [":", "(", "...", "error"].iter().any(|sign| before.ends_with(sign));
    let follows = announced && behind.trim_start_matches([':', ' ', ')', '-']).starts_with(phrase);
    let precedes = line.trim_end_matches([' ', '(']).ends_with(phrase) && behind.starts_with(')');
    let in_brackets = line.ends_with(": (") && behind.starts_with(") ");
    (follows || precedes || in_brackets).then_some(status)
}

/// What is before a place in its line, as far as it matters.
fn line_before(text: &str, place: usize) -> &str {
    let near = (place.saturating_sub(LINE)..=place).find(|at| text.is_char_boundary(*at));
    text[near.unwrap_or(place)..place].rsplit('\n').next().unwrap_or_default()
}

/// Whether this is, up to the version of HTTP, the line that a server logs of a request it was sent: the
/// status behind it is the application's own. A client that logs the same names the server before it
/// (fact H140).
fn is_of_server(line: &str) -> bool {
    let (before, request) = line.rsplit_once('"').unwrap_or(("", line));
    let words = before.split_whitespace().next_back().unwrap_or_default();
    METHODS.iter().any(|method| request.contains(method)) && !words.contains("://")
}

/// Which of several statuses counts: that of the last head that failed, or of the last, as behind a
/// proxy's answer to CONNECT; without heads the first. Behind the head of a success in a log, what
/// failed then may have none.
pub(super) fn chosen<'f>(all: impl Iterator<Item = &'f Found>) -> Option<&'f Found> {
    let all: Vec<&Found> = all.collect();
    let last = all.iter().rposition(|found| found.is_head);
    let passed = last.filter(|at| all[*at].is_quoted && all[*at].status < 400);
    let behind = passed.and_then(|at| all[at..].iter().find(|found| found.status >= 400));
    let heads = || all.iter().rev().filter(|found| found.is_head);
    let failed = heads().find(|found| found.status >= 400);
    // Without heads, other lines of a log may have a success of their own.
    let first = || all.iter().find(|found| phrase_of(found.status)).or_else(|| all.first());
    behind.or(failed).or_else(|| heads().next()).or_else(first).copied()
}

/// Whether a number is a status with which a call fails, and mostly nothing else.
fn phrase_of(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 407..=410 | 413 | 429 | 431 | 500..=504)
}
