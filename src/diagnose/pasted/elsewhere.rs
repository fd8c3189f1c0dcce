//! Which service refused where nothing but the text shows which was called: the one whose own table
//! reads it.

use crate::evidence::Evidence;
use crate::evidence::http::{ErrorBody, ErrorFrame, HttpAnswer};
use crate::services::refusal::{Blames, Refusal};
use crate::services::{self, Service};

use super::{matched_by, of_service, refusals};

/// A code is a service's own from this length on, wherever it stands.
const OWN: usize = 14;

/// The row of a service's own table that reads the answer, and the evidence in which it does.
pub(super) fn matched(
    base: &Evidence,
    answer: &HttpAnswer,
) -> Option<(Evidence, &'static Refusal)> {
    let of = |service: &'static Service| {
        let mut base = base.clone();
        of_service(&mut base, service.id);
        let coded = coded(service, answer);
        let (mut evidence, row) = matched_by(&base, coded.as_ref().unwrap_or(answer))?;
        let own = service.refusals.iter().any(|own| std::ptr::eq(own, row) && is_own(own));
        // The services of one resource have one table.
        let kind = |service: &Service| service.resource.as_ref().map(|resource| resource.kind);
        let alike = services::all().filter(|other| kind(other) == kind(service)).count();
        if let Some(resource) = service.resource.as_ref().filter(|_| alike > 1) {
            evidence.target.service_name = Some(format!("a {}", resource.noun));
        }
        own.then_some((evidence, row))
    };
    services::all().filter(|service| !service.refusals.is_empty()).find_map(of)
}

/// Whether no other service sends what the row goes by.
fn is_own(row: &Refusal) -> bool {
    let shared = |words: &&str| refusals::common().iter().any(|other| other.words.contains(words));
    matches!(row.blames, Blames::Network | Blames::Rights)
        && row.by_text()
        && (row.words.is_empty() || !row.words.iter().any(shared))
}

/// The answer with the code of the service's own table that its text has, where it is not printed as a
/// body.
pub(super) fn coded(service: &Service, answer: &HttpAnswer) -> Option<HttpAnswer> {
    let text = answer.body_excerpt.as_deref().filter(|_| answer.error.is_none())?;
    let lower = text.to_ascii_lowercase();
    let stands = |code: &str| {
        let alone = |(at, code): (usize, &str)| {
            let joins = |c: char| c.is_ascii_alphanumeric();
            !lower[..at].ends_with(joins) && !lower[at + code.len()..].starts_with(joins)
        };
        code.len() >= OWN && lower.match_indices(code).any(alone)
    };
    let of = |row: &Refusal| {
        let code = |codes: &[&'static str]| codes.iter().find(|code| stands(code)).copied();
        let words = row.words.iter().any(|words| lower.contains(words));
        let code = match words {
            true => row.codes.first().copied(),
            false if row.words.is_empty() => code(row.codes),
            false => None,
        };
        let inner = code_of_inner(row, stands);
        (code.is_some() || inner.is_some()).then_some((code, inner))
    };
    let (code, inner) = service.refusals.iter().filter(|row| is_own(row)).find_map(of)?;
    let error = ErrorBody {
        frame: service.signature.frame.unwrap_or(ErrorFrame::Error),
        code: code.map(str::to_owned),
        kind: None,
        message: Some(text.to_owned()),
        inner_code: inner.map(str::to_owned),
        activity_id: None,
    };
    Some(HttpAnswer { error: Some(error), ..answer.clone() })
}

fn code_of_inner(row: &Refusal, stands: impl Fn(&str) -> bool) -> Option<&'static str> {
    row.inner.iter().find(|code| stands(code)).copied()
}
