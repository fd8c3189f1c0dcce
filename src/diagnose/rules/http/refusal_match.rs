//! An answer with its classification, as the rules of http and identity cite it.

use crate::diagnose::view::http::OwnCall;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::http::{HttpAnswer, HttpCall, Purpose};
use crate::evidence::{Evidence, Expect, Hop, tunnel};
use crate::services::Service;
use crate::services::purpose::words;

use super::answered_by::{AnsweredBy, answered_by, service_headers};
use super::origin::{Origin, origin};
use super::refusals::{Leaves, Refusal};

/// A call whose answer the table of refusals classifies.
pub(in crate::diagnose) struct MatchedRefusal<'e> {
    /// Its place among the calls.
    pub(in crate::diagnose) index: usize,
    /// The call.
    pub(in crate::diagnose) call: &'e HttpCall,
    /// Its answer.
    pub(in crate::diagnose) answer: &'e HttpAnswer,
    /// The row that matches.
    pub(in crate::diagnose) row: &'static Refusal,
    /// The target's service.
    service: Option<&'static Service>,
    /// What shows that the account sent it.
    origin: Origin,
    /// For the list: what the call to the deployment shows.
    own_call: OwnCall,
    /// For another call: whether the list was given to the same caller.
    list_accepted: bool,
}

/// The first call whose answer is the refusal `id`.
pub(in crate::diagnose) fn find_refusal<'e>(e: &View<'e>, id: &str) -> Option<MatchedRefusal<'e>> {
    all_refusals(e).find(|refusal| refusal.row.id == id)
}

/// Every call whose answer is some refusal.
pub(in crate::diagnose) fn all_refusals<'e>(
    e: &View<'e>,
) -> impl Iterator<Item = MatchedRefusal<'e>> {
    let service = reading::service(e);
    e.http.calls().filter_map(move |read| {
        let (answer, row) = (read.call.answer()?, read.row?);
        let origin = origin(e, answer);
        let own_call = match read.call.purpose {
            Purpose::Deployment => OwnCall::NotMade,
            _ => e.http.own_call(e),
        };
        let (index, call) = (read.index, read.call);
        let list_accepted = e.http.main().is_some_and(|main| {
            main.index != index
                && main.accepted()
                && main.call.credential_sent == call.credential_sent
        });
        Some(MatchedRefusal { index, call, answer, row, service, origin, own_call, list_accepted })
    })
}

impl MatchedRefusal<'_> {
    /// A finding with this answer as its first fact.
    pub(in crate::diagnose) fn finding(
        &self,
        level: Level,
        confidence: Confidence,
        message: impl AsRef<str>,
    ) -> FindingBuilder {
        let two_answers = self.list_accepted && self.row.holds_for_every_call();
        let confidence = match confidence {
            Confidence::Proved if two_answers => Confidence::Inferred,
            confidence => confidence,
        };
        let finding = FindingBuilder::new(level, confidence, clause(message.as_ref()))
            .fact(format!("{} -> {}", request(self.call), self.line()))
            .fact(format!("answered by: {}", self.who().name()))
            .cites(pointer(self.index));
        let reason = match (self.own_call, self.row.holds_for_every_call()) {
            _ if two_answers => {
                return finding
                    .reasoning(
                        "two answers to one caller: this refusal holds for every call, and yet the \
                         list was given to the same caller; either not every call gets to the same \
                         server, or a change is under way",
                    )
                    .step(Step::inspect(
                        "before anything is changed, check again in some minutes: a change would have \
                         arrived everywhere by then",
                    ));
            }
            (OwnCall::NotMade, _) => return finding,
            (OwnCall::Reached, false) => {
                "only the list is refused; the call to the deployment gets through, but nothing \
                 proves that the account answered it"
            }
            (OwnCall::Reached, true) => {
                "this refusal holds for every call; the deployment gets another answer, but nothing \
                 proves that the account sent it"
            }
            (OwnCall::Missing, false) => {
                "only the list is refused; the same caller learns that there is no such deployment"
            }
            (OwnCall::Answered, false) => {
                "only the list is refused; the deployment answers to the same caller"
            }
            (OwnCall::Missing | OwnCall::Answered, true) => {
                "two answers to one caller: this refusal holds for every call, and yet the account \
                 lets the call to the deployment in; either not every call gets to the same server, \
                 or a change is under way"
            }
        };
        finding.reasoning(reason)
    }

    /// Whether only the list is refused, and the account answers the application's own call.
    pub(in crate::diagnose) fn list_alone(&self) -> bool {
        matches!(self.own_call, OwnCall::Answered | OwnCall::Missing)
    }

    /// Status, code and message on one line.
    pub(in crate::diagnose) fn line(&self) -> String {
        answer_line(self.answer)
    }

    /// Which server answered.
    pub(in crate::diagnose) fn who(&self) -> AnsweredBy {
        answered_by(self.service, self.answer)
    }

    /// Whether the headers of the target's own service are there.
    pub(in crate::diagnose) fn own_headers(&self) -> bool {
        service_headers(self.service, self.answer)
    }

    /// A header with its name, as a fact, if it is there.
    pub(in crate::diagnose) fn header_line(&self, name: &str) -> Option<String> {
        self.answer.header(name).map(|value| format!("{name}: {}", short(value, 160)))
    }

    /// Proved if the service's text came with its headers, or in its error format from a server that
    /// is known to be Azure's or the gateway that was called; any server can send the format alone. What
    /// comes in a gateway's format of the caller, the gateway may have written itself (facts G13, W8).
    pub(in crate::diagnose) fn confidence(&self) -> Confidence {
        match self.origin {
            Origin::Gateway
                if self.row.hop == Hop::Identity && self.who() == AnsweredBy::GatewayFrame =>
            {
                Confidence::Inferred
            }
            Origin::Headers => Confidence::Proved,
            Origin::Certificate | Origin::Gateway if self.answer.error.is_some() => {
                Confidence::Proved
            }
            _ => Confidence::Inferred,
        }
    }

    /// Whether nothing shows that the account sent it: a private authority signed for its name.
    pub(in crate::diagnose) fn unknown_sender(&self) -> bool {
        self.origin == Origin::Open
    }

    /// What was requested, as text.
    pub(in crate::diagnose) const fn what(&self) -> &'static str {
        words(self.call.purpose).what
    }

    /// The level of a refusal. With `--expect closed`, which asks about the network, a refusal of
    /// the caller decides nothing (fact H28). A refused list breaks no application whose own call is
    /// answered, where the refusal may be about that operation alone: a role, a route. What holds for
    /// every call, comes and goes with time, or sends the client elsewhere could also affect that call,
    /// and only the account's own answer shows that it does not always.
    pub(in crate::diagnose) fn level(&self, e: &Evidence) -> Level {
        let passing = matches!(self.answer.status, 408 | 429 | 500..=599);
        let page =
            (200..=299).contains(&self.answer.status) && self.row.leaves == Leaves::FrontAsks;
        let elsewhere = page || (300..=399).contains(&self.answer.status);
        let every_call = self.row.holds_for_every_call();
        match (e.options.expect == Expect::Closed, self.own_call) {
            (true, _) if self.row.hop == Hop::Identity => Level::Risk,
            (true, _) | (_, OwnCall::NotMade) => Level::Broken,
            (_, OwnCall::Reached) if every_call => Level::Broken,
            (_, OwnCall::Answered | OwnCall::Missing) if !passing && !elsewhere && !every_call => {
                Level::Note
            }
            _ => Level::Risk,
        }
    }
}

/// Status, code and message of an answer on one line. An answer that was printed may show no status.
pub(in crate::diagnose) fn answer_line(answer: &HttpAnswer) -> String {
    let status = match answer.status {
        0 => "no status".to_owned(),
        status => status.to_string(),
    };
    let mut line = status.clone();
    if let Some(code) = answer.code().filter(|code| *code != status && !code.is_empty()) {
        line = format!("{line} {}", short(code, 60));
    }
    match (answer.message(), answer.body_excerpt.as_deref()) {
        (Some(message), _) => format!("{line} \"{}\"", short(message, 280)),
        (None, Some(excerpt)) => {
            let words: Vec<&str> = excerpt.split_whitespace().collect();
            format!("{line}, body: {}", short(&words.join(" "), 160))
        }
        (None, None) if answer.body_bytes == 0 => format!("{line}, no body"),
        (None, None) => line,
    }
}

/// Method and path of a call.
pub(in crate::diagnose) fn request(call: &HttpCall) -> String {
    format!("{} {}", call.method, short(&call.path, 120))
}

/// The tenants that a text names, in order: ids in the form of RFC 9562.
pub(in crate::diagnose) fn tenants(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter(|word| word.len() == 36 && word.matches('-').count() == 4)
}

/// Where a call's outcome is in the report.
pub(in crate::diagnose) fn pointer(index: usize) -> String {
    format!("/http/value/calls/{index}/outcome")
}

/// Where the call went: the proxy, or the address.
pub(in crate::diagnose) fn place(e: &Evidence) -> String {
    match (e.proxy.value(), walked(e)) {
        (Some(proxy), _) => format!("through {}", proxy.url),
        (None, Some(address)) => format!("to {address}"),
        (None, None) => format!("to {}", e.target.host),
    }
}

/// The address that the call went to, where no proxy carries it.
pub(in crate::diagnose) fn walked(e: &Evidence) -> Option<std::net::IpAddr> {
    e.tcp.value().and_then(|tcp| tcp.selected)
}

/// Whether the call went to a private address, where no proxy carries it.
pub(in crate::diagnose) fn walked_private(e: &Evidence) -> bool {
    walked(e).is_some_and(|address| tunnel::is_private(e, address))
}

/// A text of at most `limit` characters.
pub(in crate::diagnose) fn short(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

/// A clause of at most 100 bytes, for a report's first line.
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
