//! Status, headers and body of an answer, as programs print them: `curl -i` and `-v`, the SDKs of
//! several languages, a log line in JSON, or the body alone.

use serde_json::{Deserializer, Value};

use crate::diagnose::pasted::{is_of_gateway, no_answer, phrase, refused_by_proxy};
use crate::evidence::http::HttpAnswer;
use crate::evidence::text::clean;
use crate::secret::Redactor;
use crate::wire::http::{KEPT_HEADERS, printed_answer};

use super::errors::{has_error, inside, is_flat, is_wrapped, quoted_status, status_of_code, texts};
use super::statuses::{Found, chosen, statuses};
use super::{errors, hosts, python};

/// Characters that are kept of a text without a body that can be read.
const TEXT: usize = 4000;
/// Places at which a body may begin and none does, in a text and the texts in it: each may be read to the
/// end of the text. Objects that are read are passed over as a whole, and cost nothing.
const TRIES: usize = 64;
/// The last places that are tried in any case: what failed is at the end of a log.
const LAST: usize = 256;
/// The last bodies that are looked at.
const BODIES: usize = 64;
/// Texts inside texts, at most.
const DEPTH: usize = 4;

/// What comes before the phrase of a status, where a program prints no number.
const BEFORE_PHRASE: &[&str] = &["invalid status '", "Error: (", "Exception: ("];
/// What was found in a text.
pub(super) struct Printed<'t> {
    text: &'t str,
    status: Option<u16>,
    headers: Vec<(String, String)>,
    body: Option<Value>,
    /// A body in XML.
    markup: Option<&'t str>,
    /// Where the line ends in which it ends; none: at the end of the text.
    end: Option<usize>,
}

impl<'t> Printed<'t> {
    /// The parts of an answer. Of several in one text, as in a log, it is the last that failed. An
    /// application logs errors of its own behind one: a body that no table `reads` is passed over
    /// where one before it is read.
    pub(super) fn read(
        text: &'t str,
        redactor: &Redactor<'_>,
        reads: impl Fn(&HttpAnswer) -> bool,
    ) -> Self {
        let mut tries = TRIES;
        let bodies = bodies(text, DEPTH, &mut tries);
        let all = statuses(text);
        let Some(last) = bodies.last() else {
            if let Some(rest) = unanswered(text, &all, 0) {
                return Self::whole(rest);
            }
            let body = object_alone(text).filter(|_| !is_of_gateway(text));
            return Self { body, ..Self::whole(text) };
        };
        if let Some(rest) = unanswered(text, &all, last.end) {
            return Self::whole(rest);
        }
        let of = |at: usize| Self::of_body(text, &all, &bodies, at);
        let end = bodies.len() - 1;
        let read = (0..=end).rev().find(|at| reads(&of(*at).answer(None, redactor)));
        let flat = |at: usize| is_flat(&bodies[at].value);
        let status = |at: usize| of(at).status.unwrap_or(0);
        // One that passes by itself is not the cause of a later one of the service. One without a status
        // is of the application.
        let is_cause = |read: usize| {
            let passes = matches!(status(read), 408 | 429 | 500..);
            (read + 1..=end).all(|at| flat(at) || !passes && matches!(status(at), 0 | 500..))
        };
        let at = read.filter(|at| is_cause(*at)).unwrap_or(end);
        let printed = of(at);
        // A failure without a body that can be read may follow those with one.
        let failed = |found: &&Found| found.status >= 400 && found.is_head;
        let later = all.iter().rev().find(failed);
        let later =
            later.filter(|found| found.at >= last.end && printed.status != Some(found.status));
        match later {
            Some(_) => Self::whole(text.get(last.end..).unwrap_or_default()),
            None => printed,
        }
    }

    /// The answer whose body is one of several.
    fn of_body(text: &'t str, all: &[Found], bodies: &[Body], at: usize) -> Self {
        let before = at.checked_sub(1).map_or(0, |at| bodies[at].end);
        let next = bodies.get(at + 1).map_or(text.len(), |next| next.start);
        let body = &bodies[at];
        Self {
            status: body.status.or_else(|| status_of(text, all, body, before, next)),
            headers: headers(text.get(before..next).unwrap_or_default()),
            body: Some(body.value.clone()),
            markup: None,
            text,
            end: end_of_line(text, body.end),
        }
    }

    /// A text that is an answer as a whole: no part of it is its body, or one in XML.
    pub(super) fn whole(text: &'t str) -> Self {
        let all = statuses(text);
        let chosen = chosen(all.iter());
        Self {
            status: chosen.map(|found| found.status),
            headers: headers(text),
            body: None,
            markup: markup(text),
            text,
            end: chosen.and_then(|found| end_of_line(text, found.at)),
        }
    }

    /// Up to where in the `text` that was read what was requested may be before it.
    pub(super) fn end(&self, text: &str) -> usize {
        let rest = text.len().saturating_sub(self.text.len());
        self.end.map_or(text.len(), |end| rest + end)
    }

    /// As an answer of a walk; its status is 0 where neither the text nor `status` has one.
    pub(super) fn answer(&self, status: Option<u16>, redactor: &Redactor<'_>) -> HttpAnswer {
        let body = self.body.clone().map(|body| errors::on_one_line(body).to_string());
        let page = self.text.find("<html").or_else(|| self.text.find("<!DOCTYPE"));
        let text = page.and_then(|at| self.text.get(at..)).unwrap_or(self.text);
        let known = status.or(self.status);
        let mut answer = printed_answer(
            known.unwrap_or(400),
            &self.headers,
            body.as_deref().or(self.markup).unwrap_or(text),
            redactor,
        );
        if self.body.is_none() && self.markup.is_none() {
            let words: Vec<&str> = self.text.split_whitespace().collect();
            answer.body_excerpt = Some(clean(&redactor.redact(&words.join(" ")), TEXT));
        }
        // What a gateway says of its own call may be in another field than the message.
        let said = answer.message().is_some_and(is_of_gateway);
        let all = body.filter(|body| !said && is_of_gateway(body));
        if let (Some(body), Some(error)) = (all, &mut answer.error) {
            error.message = Some(clean(&redactor.redact(&body), TEXT));
        }
        // What a program logs as JSON may have the error in any of its fields.
        if let (Some(body), None, None) = (&self.body, &answer.error, &answer.models) {
            answer.body_excerpt = Some(clean(&redactor.redact(&body.to_string()), TEXT));
        }
        // A code that is a number is a status, where nothing else names one.
        let code = || status_of_code(answer.code()?);
        let known = known.or_else(code).or_else(|| status_of_phrase(self.text));
        answer.status = known.filter(|s| (100..600).contains(s)).unwrap_or(0);
        // An error of the client itself, as JSON, has no message of a service's format.
        if answer.status == 0 && answer.message().is_none() && answer.body_excerpt.is_none() {
            let body = self.body.as_ref().map(Value::to_string);
            answer.body_excerpt = body.map(|body| clean(&redactor.redact(&body), TEXT));
        }
        answer
    }
}

/// The status whose phrase alone a text has, as in `(Forbidden) Public network access ..`.
fn status_of_phrase(text: &str) -> Option<u16> {
    let behind = |words: &&str| text.find(*words).map(|at| &text[at + words.len()..]);
    let first = text.trim_start().strip_prefix('(');
    let mut found = first.into_iter().chain(BEFORE_PHRASE.iter().filter_map(behind));
    let word = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        phrase(&rest[..end])
    };
    found.find_map(word)
}

/// The end of the line of a place.
fn end_of_line(text: &str, at: usize) -> Option<usize> {
    text.get(at..)?.find('\n').map(|length| at + length)
}

/// What follows the last answer of a text, where it is words of a client that got none: then the last
/// call is the one that failed. Behind the first line of an answer they may be its body, what a proxy
/// refuses was answered, and another part of the application has its own failures.
fn unanswered<'t>(text: &'t str, all: &[Found], body: usize) -> Option<&'t str> {
    let last = all.iter().rfind(|found| found.at >= body);
    let from = match last {
        Some(found) if found.is_quoted || is_of_tunnel(text, found) => found.at,
        Some(_) => return None,
        None if body > 0 => body,
        None => return None,
    };
    let (_, rest) = text.get(from..)?.split_once('\n')?;
    let before = text.get(..from).unwrap_or_default();
    let is_own = || !refused_by_proxy(rest) && !hosts::is_of_another(rest, before);
    (no_answer(rest).is_some() && is_own()).then_some(rest)
}

/// Whether a status is that of a proxy that opened a tunnel: what the client says behind it is of the call.
fn is_of_tunnel(text: &str, found: &Found) -> bool {
    let from = text[..found.at].rfind('\n').map_or(0, |at| at + 1);
    let line = text[from..].lines().next().unwrap_or_default().to_ascii_lowercase();
    let opened = ["connection established", "tunnel established", "to connect request"];
    (200..300).contains(&found.status) && opened.iter().any(|words| line.contains(words))
}

/// The status of a body: one directly before it; else what precedes it, from the body `before` on; else
/// what follows it, up to the `next`.
fn status_of(text: &str, all: &[Found], body: &Body, before: usize, next: usize) -> Option<u16> {
    let own = || all.iter().filter(|found| (before..body.start).contains(&found.at));
    let behind = all.iter().find(|found| (body.start..next).contains(&found.at));
    let joins = |c: char| c.is_whitespace() || "-:=,".contains(c);
    let directly = own().next_back().filter(|found| {
        let between = text.get(found.at + 3..body.start).unwrap_or_default();
        !found.is_head && between.chars().all(joins)
    });
    directly.or_else(|| chosen(own())).or(behind).map(|found| found.status)
}

/// Lines that are headers of an answer, with the marks of `curl -v` before them.
fn headers(text: &str) -> Vec<(String, String)> {
    let mut lines = text.lines().peekable();
    let mut headers = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim().trim_start_matches("< ");
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        let value = value.trim().trim_matches(['"', '\'', ',']);
        // nslookup names the server that it asked in the same form, with its address behind it.
        let is_of_lookup =
            name == "server" && lines.peek().is_some_and(|next| next.trim().starts_with("Address"));
        if KEPT_HEADERS.contains(&name.as_str()) && !is_of_lookup {
            headers.push((name, value.to_owned()));
        }
    }
    headers
}

/// A body in a text.
struct Body {
    start: usize,
    end: usize,
    value: Value,
    /// Its own status, where it is in a text of another object.
    status: Option<u16>,
}

/// The JSON bodies in a text, or the same as Python prints them: the objects with an error in them,
/// each as a whole. An object without one may hold a text in which it is.
fn bodies(text: &str, depth: usize, tries: &mut usize) -> Vec<Body> {
    let starts: Vec<usize> = text.match_indices('{').map(|(at, _)| at).collect();
    let mut found: Vec<Body> = Vec::new();
    let tried = search(text, &starts, depth, tries, &mut found);
    if depth == DEPTH && tried < starts.len() {
        let last = starts.len().saturating_sub(LAST).max(tried);
        search(text, &starts[last..], depth, &mut LAST.clone(), &mut found);
    }
    found.split_off(found.len().saturating_sub(BODIES))
}

/// Adds the bodies that begin at these places; how many places were looked at.
fn search(
    text: &str,
    starts: &[usize],
    depth: usize,
    tries: &mut usize,
    found: &mut Vec<Body>,
) -> usize {
    let Some(depth) = depth.checked_sub(1) else { return starts.len() };
    // Where what was read last ends.
    let mut end = found.last().map_or(0, |body| body.end);
    for (place, start) in starts.iter().enumerate() {
        if *start < end {
            continue;
        }
        let Some((value, length)) = text.get(*start..).and_then(object) else {
            match tries.checked_sub(1) {
                Some(left) => *tries = left,
                None => return place,
            }
            continue;
        };
        end = start + length;
        // What an application logs has the answer of the service as a text in it, and may have a code and
        // a message of its own.
        let (value, status) = match has_error(&value) {
            true if is_wrapped(&value) => (Some(value), None),
            is_error => {
                let mut texts = texts(&value).into_iter();
                let of_text = || texts.find_map(|text| quoted(text, depth, tries));
                match inside(&value, None).or_else(of_text) {
                    Some((inner, status)) => (Some(inner), status),
                    None => {
                        let status = is_error.then(|| quoted_status(&value)).flatten();
                        (is_error.then_some(value), status)
                    }
                }
            }
        };
        found.extend(value.map(|value| Body { start: *start, end, value, status }));
    }
    starts.len()
}

/// The last body in a text of an object, and its status.
fn quoted(text: &str, depth: usize, tries: &mut usize) -> Option<(Value, Option<u16>)> {
    let bodies = bodies(text, depth, tries);
    let at = bodies.len().checked_sub(1)?;
    let own = Printed::of_body(text, &statuses(text), &bodies, at).status;
    let value = bodies.into_iter().next_back()?.value;
    let status = own.filter(|status| (100..600).contains(status));
    let status = status.or_else(|| errors::status_of_error(&value));
    Some((value, status))
}

/// The object that a text begins with, and its length.
fn object(text: &str) -> Option<(Value, usize)> {
    let mut json = Deserializer::from_str(text).into_iter::<Value>();
    match json.next() {
        Some(Ok(value)) => Some((value, json.byte_offset())),
        _ => python::value(text),
    }
}

/// The object at the end of a text: the body of an answer that is no error. It begins its line: one that
/// words introduce is a part of a message. The errors of a token endpoint are read as a text.
fn object_alone(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let line = text[..start].rsplit('\n').next().unwrap_or_default();
    let value: Value = serde_json::from_str(text.get(start..)?.trim()).ok()?;
    (line.trim().is_empty() && value.get("error_description").is_none()).then_some(value)
}

/// The error in XML that a text holds.
fn markup(text: &str) -> Option<&str> {
    let start = text.find("<Error>").or_else(|| text.find("<Error "))?;
    let start = text[..start].rfind("<?xml").unwrap_or(start);
    let end = text.get(start..)?.find("</Error>")? + start + "</Error>".len();
    text.get(start..end)
}
