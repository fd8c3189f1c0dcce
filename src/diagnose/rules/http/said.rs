//! An answer with its reading, as the rules of http and identity cite it.

use crate::diagnose::{Because, View};
use crate::diagnosis::{Level, Sure};
use crate::evidence::http::{HttpAnswer, HttpCall, Purpose};
use crate::evidence::{Evidence, Hop, tunnel};

use super::answered_by::{AnsweredBy, answered_by, service_headers};
use super::refusals::Refusal;

/// A call whose answer the table of refusals reads as one certain finding.
pub(in crate::diagnose::rules) struct Said<'e> {
    /// Its place among the calls.
    pub(in crate::diagnose::rules) index: usize,
    /// The call.
    pub(in crate::diagnose::rules) call: &'e HttpCall,
    /// Its answer.
    pub(in crate::diagnose::rules) answer: &'e HttpAnswer,
    /// The row that fits.
    pub(in crate::diagnose::rules) row: &'static Refusal,
}

/// The first call whose answer is the refusal `id`.
pub(in crate::diagnose::rules) fn said<'e>(e: &View<'e>, id: &str) -> Option<Said<'e>> {
    all(e).find(|said| said.row.id == id)
}

/// Every call whose answer is some refusal.
pub(in crate::diagnose::rules) fn all<'e>(e: &View<'e>) -> impl Iterator<Item = Said<'e>> {
    e.http.calls().filter_map(|read| {
        let (answer, row) = (read.call.answer()?, read.row?);
        Some(Said { index: read.index, call: read.call, answer, row })
    })
}

impl Said<'_> {
    /// A finding with this answer as its first fact.
    pub(in crate::diagnose::rules) fn because(
        &self,
        level: Level,
        sure: Sure,
        says: impl AsRef<str>,
    ) -> Because {
        Because::new(level, sure, clause(says.as_ref()))
            .seen(format!("{} -> {}", request(self.call), self.line()))
            .seen(format!("answered by: {}", self.who().name()))
            .read_at(pointer(self.index))
    }

    /// Status, code and message on one line.
    pub(in crate::diagnose::rules) fn line(&self) -> String {
        let status = self.answer.status.to_string();
        let mut line = status.clone();
        if let Some(code) = self.answer.code().filter(|code| *code != status) {
            line = format!("{line} {}", short(code, 60));
        }
        match (self.answer.message(), self.answer.body_excerpt.as_deref()) {
            (Some(message), _) => format!("{line} \"{}\"", short(message, 280)),
            (None, Some(excerpt)) => {
                let words: Vec<&str> = excerpt.split_whitespace().collect();
                format!("{line}, body: {}", short(&words.join(" "), 160))
            }
            (None, None) if self.answer.body_bytes == 0 => format!("{line}, no body"),
            (None, None) => line,
        }
    }

    /// Who answered.
    pub(in crate::diagnose::rules) fn who(&self) -> AnsweredBy {
        answered_by(self.answer)
    }

    /// A header with its name, as a fact, if it is there.
    pub(in crate::diagnose::rules) fn header_line(&self, name: &str) -> Option<String> {
        self.answer.header(name).map(|value| format!("{name}: {}", short(value, 160)))
    }

    /// Proved when the service's words came in its frame or with its headers; else inferred.
    pub(in crate::diagnose::rules) fn sure(&self) -> Sure {
        if self.answer.error.is_some() || service_headers(self.answer) {
            Sure::Proved
        } else {
            Sure::Inferred
        }
    }

    /// What was asked for, in words.
    pub(in crate::diagnose::rules) const fn what(&self) -> &'static str {
        purpose(self.call.purpose)
    }

    /// How heavy a refusal of the caller is. Where `--expect closed` asks about the network,
    /// a word about the caller settles nothing (fact H28).
    pub(in crate::diagnose::rules) fn level(&self, e: &Evidence) -> Level {
        match e.asked.expect {
            crate::evidence::Expect::Closed if self.row.hop == Hop::Identity => Level::Risk,
            _ => Level::Broken,
        }
    }
}

/// A call's purpose in words.
pub(in crate::diagnose::rules) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Models => "the list of models",
        Purpose::Project => "the project",
        Purpose::Deployment => "the deployment",
    }
}

/// Method and path of a call.
pub(in crate::diagnose::rules) fn request(call: &HttpCall) -> String {
    format!("{} {}", call.method, short(&call.path, 120))
}

/// Where a call's outcome stands in the report.
pub(in crate::diagnose::rules) fn pointer(index: usize) -> String {
    format!("/http/saw/calls/{index}/outcome")
}

/// Where the call went: the proxy, or the address.
pub(in crate::diagnose::rules) fn place(e: &Evidence) -> String {
    match (e.proxy.saw(), walked(e)) {
        (Some(proxy), _) => format!("through {}", proxy.url),
        (None, Some(address)) => format!("to {address}"),
        (None, None) => format!("to {}", e.target.host),
    }
}

/// The address that the call went to, where no proxy carries it.
pub(in crate::diagnose::rules) fn walked(e: &Evidence) -> Option<std::net::IpAddr> {
    e.tcp.saw().and_then(|tcp| tcp.walked)
}

/// Whether the call went to a private address, where no proxy carries it.
pub(in crate::diagnose::rules) fn walked_private(e: &Evidence) -> bool {
    walked(e).is_some_and(|address| tunnel::is_private(e, address))
}

/// A text of at most `limit` characters.
pub(in crate::diagnose::rules) fn short(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// A clause of at most 100 octets, as a report's first line wants it.
fn clause(text: &str) -> String {
    if text.len() <= 100 {
        return text.to_owned();
    }
    let mut end = 97;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", text[..end].trim_end())
}
