//! Status, headers and body of an answer, as programs print them: `curl -i` and `-v`, the SDKs of
//! several languages, a log line in JSON, or the body alone.

use serde_json::{Deserializer, Value};

use crate::diagnose::pasted::phrase;
use crate::evidence::http::HttpAnswer;
use crate::evidence::text::clean;
use crate::secret::Redactor;
use crate::wire::http::{KEPT_HEADERS, printed_answer};

use super::python;

/// Characters that are kept of a text without a body that can be read.
const TEXT: usize = 4000;
/// Places at which a body may begin that are tried, in a text and the texts in it.
const TRIES: usize = 64;
/// Texts inside texts, at most.
const DEPTH: usize = 4;

/// Words before a status, in lower case.
const BEFORE_STATUS: &[&str] =
    &["http/", "status", "error code", "errorcode", "error:", "<title>", "<h1>"];
/// How far before a status they are looked for.
const NEAR: usize = 24;

/// What was found in a text.
pub(super) struct Printed<'t> {
    text: &'t str,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

impl<'t> Printed<'t> {
    /// The parts of an answer.
    pub(super) fn read(text: &'t str) -> Self {
        let mut tries = TRIES;
        let body = body(text, DEPTH, &mut tries).or_else(|| last_object(text));
        Self { status: status(text), headers: headers(text), body, text }
    }

    /// A text that is an answer as a whole: no part of it is its body.
    pub(super) fn whole(text: &'t str) -> Self {
        Self { status: status(text), headers: headers(text), body: None, text }
    }

    /// As an answer of a walk; its status is 0 where neither the text nor `status` has one.
    pub(super) fn answer(&self, status: Option<u16>, redactor: &Redactor<'_>) -> HttpAnswer {
        let body = self.body.as_ref().map(Value::to_string);
        let page = self.text.find("<html").or_else(|| self.text.find("<!DOCTYPE"));
        let text = page.and_then(|at| self.text.get(at..)).unwrap_or(self.text);
        let known = status.or(self.status);
        let mut answer = printed_answer(
            known.unwrap_or(400),
            &self.headers,
            body.as_deref().unwrap_or(text),
            redactor,
        );
        if self.body.is_none() {
            let words: Vec<&str> = self.text.split_whitespace().collect();
            answer.body_excerpt = Some(clean(&redactor.redact(&words.join(" ")), TEXT));
        }
        // A code that is a number is a status, where nothing else names one.
        let code = || answer.code()?.parse().ok().or_else(|| phrase(answer.code()?));
        answer.status = known.or_else(code).filter(|s| (100..600).contains(s)).unwrap_or(0);
        answer
    }
}

/// The hosts that a text names in URLs, in order.
#[must_use]
pub fn hosts(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for rest in text.split("https://").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c)));
        let host = rest[..end.unwrap_or(rest.len())].trim_end_matches('.').to_ascii_lowercase();
        if host.contains('.') && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

/// The status: three digits behind a word that announces it. Of several heads the last one counts, as
/// behind a proxy's answer to CONNECT.
fn status(text: &str) -> Option<u16> {
    let lower = text.to_ascii_lowercase();
    let found = |from: usize| {
        let digits: String = lower[from..].chars().take_while(char::is_ascii_digit).collect();
        let status = digits.parse().ok().filter(|status| (200..600).contains(status))?;
        let before: String = lower[..from].chars().rev().take(NEAR).collect();
        let before: String = before.chars().rev().collect();
        let last = BEFORE_STATUS.iter().filter_map(|word| Some((before.rfind(word)?, *word))).max();
        let (at, word) = last?;
        // Between the word and the number: a version, signs, or `code`.
        let between = before[at + word.len()..]
            .trim_start_matches(|c: char| word == "http/" && (c.is_ascii_digit() || c == '.'));
        let between = between.replace("code", "");
        let joins = |c: char| " :='\"()\\_-".contains(c);
        (digits.len() == 3 && between.chars().all(joins)).then_some((word, status))
    };
    let starts = lower.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric())
    });
    let all: Vec<(&str, u16)> = starts.filter_map(|(at, _)| found(at)).collect();
    let head = all.iter().rev().find(|(word, _)| *word == "http/");
    head.or_else(|| all.first()).map(|(_, status)| *status)
}

/// Lines that are headers of an answer, with the marks of `curl -v` before them.
fn headers(text: &str) -> Vec<(String, String)> {
    let one = |line: &str| {
        let line = line.trim().trim_start_matches("< ");
        let (name, value) = line.split_once(':')?;
        let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        let value = value.trim().trim_matches(['"', '\'', ',']);
        KEPT_HEADERS.contains(&name.as_str()).then(|| (name, value.to_owned()))
    };
    text.lines().filter_map(one).collect()
}

/// The JSON body in a text, or the same as Python prints it: the first object with an error in it. An
/// object without one may hold a text in which it is.
fn body(text: &str, depth: usize, tries: &mut usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    text.match_indices('{').find_map(|(at, _)| {
        *tries = tries.checked_sub(1)?;
        let text = text.get(at..)?;
        let json = Deserializer::from_str(text).into_iter::<Value>().next().and_then(Result::ok);
        let value = json.or_else(|| python::value(text))?;
        match has_error(&value) {
            true => Some(value),
            false => texts(&value).into_iter().find_map(|text| body(text, depth, tries)),
        }
    })
}

/// The object at the end of a text: the body of an answer that is no error.
fn last_object(text: &str) -> Option<Value> {
    serde_json::from_str(text.get(text.find('{')?..)?.trim()).ok()
}

/// Whether an object is in one of the forms of an error (fact G13).
fn has_error(value: &Value) -> bool {
    let wrapped = ["error", "odata.error"].iter().any(|name| value[*name].is_object());
    let flat = value.get("message").is_some()
        && (value.get("statusCode").is_some() || value.get("code").is_some());
    wrapped || flat || value["errors"][0].is_object()
}

/// The texts of an object, those of its parts included.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
