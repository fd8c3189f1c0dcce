//! A refusal that the service documents, whose fix does not depend on the path.

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::rules::http::refusal_match::find_refusal;
use crate::diagnose::view::View;
use crate::diagnose::{FindingBuilder, reading};
use crate::evidence::Evidence;

/// One documented refusal.
pub(in crate::diagnose) struct Row {
    /// The clause of the first line, with `{account}` and `{deployment}` filled in.
    pub(in crate::diagnose) message: &'static str,
    /// What it means, in sentences.
    pub(in crate::diagnose) means: &'static [&'static str],
    /// What the answer rules out by what it says.
    pub(in crate::diagnose) excludes: &'static str,
    /// The team.
    pub(in crate::diagnose) owner: &'static str,
    /// The call that was refused, where it is not the caller's own.
    pub(in crate::diagnose) leg: Option<&'static Leg>,
    /// Adds the steps of the fix.
    pub(in crate::diagnose) steps: fn(&Evidence, FindingBuilder) -> FindingBuilder,
}

/// A call that a service makes for its caller, who sees it in the answer alone.
#[derive(Debug)]
pub struct Leg {
    /// Which service makes it.
    pub caller: &'static str,
    /// What it is made to.
    pub callee: &'static str,
    /// Which of them refused.
    pub refuser: &'static str,
    /// How the answer quotes the one that it got.
    pub inside: Option<Inside>,
    /// Why a check from here shows nothing of it.
    pub untestable: &'static str,
}

/// How an answer quotes another one.
#[derive(Debug)]
pub struct Inside {
    /// The service that is called: its refusals are read first.
    pub service: &'static str,
    /// What comes before its status, in lower case: a number, or a reason phrase.
    pub status: &'static [&'static str],
    /// What comes before its body, in lower case.
    pub body: &'static [&'static str],
}

impl Inside {
    /// The status that a text quotes.
    #[must_use]
    pub fn status(&self, text: &str) -> Option<u16> {
        let rest = after(text, self.status)?;
        let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        word.parse().ok().filter(|status| (100..600).contains(status)).or_else(|| phrase(&word))
    }

    /// The text in which the quoted body is.
    #[must_use]
    pub fn body<'t>(&self, text: &'t str) -> Option<&'t str> {
        after(text, self.body)
    }
}

/// What comes after the first of these parts that is there.
fn after<'t>(text: &'t str, parts: &[&str]) -> Option<&'t str> {
    let lower = text.to_ascii_lowercase();
    parts.iter().find_map(|part| text.get(lower.find(part)? + part.len()..))
}

/// The status of a reason phrase, as libraries print it: spaces are left out.
#[must_use]
pub fn phrase(word: &str) -> Option<u16> {
    const PHRASES: &[(&str, u16)] = &[
        ("badrequest", 400),
        ("unauthorized", 401),
        ("forbidden", 403),
        ("notfound", 404),
        ("requesttimeout", 408),
        ("conflict", 409),
        ("toomanyrequests", 429),
        ("internalservererror", 500),
        ("badgateway", 502),
        ("serviceunavailable", 503),
        ("gatewaytimeout", 504),
    ];
    PHRASES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, status)| *status)
}

/// Whether the service sends the refusal `id`, which `row` describes.
pub(in crate::diagnose) fn check(e: &View<'_>, id: &str, row: &Row) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, id)?;
    let account = match host_kind(e).is_gateway() {
        true => "the account behind the gateway",
        false => reading::account(e),
    };
    let message = row
        .message
        .replace("{account}", account)
        .replace("{deployment}", e.options.deployment.as_deref().unwrap_or("the deployment"));
    let mut finding = refusal.finding(refusal.level(e), refusal.confidence(), message);
    for name in ["apim-request-id", "x-ms-region"] {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    for sentence in row.means {
        finding = finding.reasoning(*sentence);
    }
    if let Some(leg) = row.leg {
        let status = leg
            .inside
            .as_ref()
            .zip(refusal.answer.message().or(refusal.answer.body_excerpt.as_deref()))
            .and_then(|(inside, text)| inside.status(text));
        if let Some(status) = status {
            finding = finding.fact(format!("inside that answer: {status} from {}", leg.callee));
        }
        finding = finding.reasoning(leg.untestable);
    }
    finding = finding.ruled_out(row.excludes).owner(row.owner);
    Some((row.steps)(e, finding).check(reading::again(e)))
}
