//! What else a row of the table requires of a call, apart from its status and text.

use crate::diagnose::reading;
use crate::diagnose::rules::identity::{credential, other_audience};
use crate::evidence::Evidence;
use crate::evidence::http::{ErrorFrame, HttpAnswer, HttpCall, Purpose};
use crate::evidence::identity::CredentialKind;
use crate::services::refusal::Condition;

use super::super::answered_by::{another, answered_by, is_page, service_headers};
use super::super::challenge;
use super::super::host_kind::host_kind;
use super::super::origin::{self, Origin};
use super::accepted;

/// Texts of a 401 by which the service asks for a credential (facts H7 to H9).
const ASKS_WHO: &[&str] =
    &["access token is missing", "invalid subscription key or wrong api endpoint"];

/// Codes with which a deployment refuses a request that is empty or that it does not support (fact
/// G2c).
const QUESTION_CODES: &[&str] = &[
    "operationnotsupported",
    "unsupported_parameter",
    "unsupported_value",
    "missing_required_parameter",
    "empty_array",
    "content_filter",
];

/// Texts of a refusal that is about the request, not about the deployment (fact G2c).
const QUESTION_WORDS: &[&str] = &["messages", "prompt", "input", "too short", "empty array"];

/// Whether a refusal is about the request. After one for another reason ("Invalid model name", "the
/// deployment is paused"), a real request might not be answered either.
pub(in crate::diagnose::rules::http) fn about_the_question(answer: &HttpAnswer) -> bool {
    let Some(error) = &answer.error else { return false };
    let code = error.code.as_deref().unwrap_or_default().to_ascii_lowercase();
    let message = error.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    QUESTION_CODES.contains(&code.as_str()) || QUESTION_WORDS.iter().any(|w| message.contains(w))
}

/// Whether the refusal of an empty request comes from behind the front end.
fn from_deployment(e: &Evidence, answer: &HttpAnswer) -> bool {
    let Some(error) = &answer.error else { return false };
    if !about_the_question(answer) {
        return false;
    }
    let own = error.frame == ErrorFrame::Error
        && (error.kind.as_deref() == Some("invalid_request_error")
            || error.code.as_deref().is_some_and(|code| {
                QUESTION_CODES.iter().any(|known| code.eq_ignore_ascii_case(known))
            }));
    // A report may begin with such a call: then there is no list, and no end of the question.
    let list = e.http.value().and_then(|hop| hop.main());
    let list = list.filter(|call| call.purpose != Purpose::Deployment && accepted(e, call));
    let same = list.and_then(HttpCall::answer).is_some_and(|list| {
        let server = list.header("server");
        server.is_some() && server == answer.header("server")
    });
    own || service_headers(reading::service(e), answer) || same
}

/// Seconds by which a clock may be wrong: services allow five minutes when they check tokens.
const CLOCK_ERROR_S: i64 = 300;

/// Whether the token sent with the call had expired or was not valid yet, by more than a clock's
/// error.
pub(in crate::diagnose::rules::http) fn dead_token(e: &Evidence, call: &HttpCall) -> bool {
    let expired = credential::expires_in(e).is_some_and(|seconds| seconds < -CLOCK_ERROR_S);
    let early = credential::begins_in(e).is_some_and(|seconds| seconds > CLOCK_ERROR_S);
    call.credential_sent && (expired || early)
}

/// Whether a condition holds.
pub(super) fn holds(
    condition: Condition,
    e: &Evidence,
    call: &HttpCall,
    answer: &HttpAnswer,
) -> bool {
    let service = reading::service(e);
    let another = another(service, answer);
    // A format of another service is none of this one's.
    let foreign = another.is_some_and(|(_, header)| header.is_none());
    let frame = answer.error.as_ref().map(|error| error.frame).filter(|_| !foreign);
    let in_front = || is_page(answer) || answered_by(service, answer).product().is_some();
    match condition {
        Condition::Sent => call.credential_sent,
        Condition::NotSent => !call.credential_sent,
        Condition::Key => e.identity.kind == CredentialKind::ApiKey,
        Condition::Token => e.identity.kind == CredentialKind::Token,
        Condition::For(purpose) => call.purpose == purpose,
        Condition::List => call.purpose != Purpose::Deployment,
        Condition::ListOptional => reading::service(e).is_none_or(|s| s.list_optional),
        Condition::Frame => frame.is_some(),
        Condition::AsksWho => answer.message().is_some_and(|message| {
            let message = message.to_ascii_lowercase();
            frame.is_some_and(|f| f != ErrorFrame::Bare)
                && ASKS_WHO.iter().any(|w| message.contains(w))
        }),
        Condition::FromDeployment => from_deployment(e, answer),
        Condition::NoFrame => frame.is_none(),
        Condition::Body => answer.body_bytes > 0,
        Condition::Flat => frame == Some(ErrorFrame::Flat),
        Condition::NotForeignFlat => {
            frame.is_some() && (frame != Some(ErrorFrame::Flat) || service_headers(service, answer))
        }
        Condition::ServiceHeaders => service_headers(service, answer),
        Condition::NoServiceHeaders => !service_headers(service, answer),
        Condition::Begins(words) => answer
            .message()
            .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with(words)),
        Condition::Page => is_page(answer),
        Condition::Front => another.is_some() || (frame.is_none() && in_front()),
        Condition::NoFront => another.is_none() && (frame.is_some() || !in_front()),
        Condition::Login => asks_for_login(answer),
        Condition::Unfulfilled => !answer.fulfils(call.purpose),
        Condition::NoJson => answer.models.is_none() && answer.body_excerpt.is_some(),
        Condition::ErrorToo => answer.error.is_some(),
        Condition::DeadToken => dead_token(e, call),
        Condition::Incomplete => !answer.body_complete,
        Condition::OtherType => origin::other_type(answer).is_some(),
        Condition::EmptyList => answer.models == Some(0),
        Condition::OriginOpen => origin::origin(e, answer) == Origin::Open,
        Condition::OriginKnown => origin::origin(e, answer) != Origin::Open,
        Condition::NoGateway => !host_kind(e).is_gateway(),
        Condition::Gateway => host_kind(e).is_gateway(),
        Condition::NotErrorFrame => frame != Some(ErrorFrame::Error),
        // What a gateway takes is its own, and what the service itself takes is right; a token that was
        // requested is for what it was requested for, whatever name its issuer has for that.
        Condition::OtherAudience => {
            call.credential_sent
                && e.identity.acquisition.is_none()
                && !host_kind(e).is_gateway()
                && !origin::azures_session(e)
                && other_audience(e).is_some()
        }
        Condition::Coded => coding(answer).is_some(),
        Condition::OwnRealm => own_realm(e, answer),
        Condition::OtherTenant => call.credential_sent && other_tenant(e, answer),
    }
}

/// The coding of a body that was not decoded: the wire removes the field of one that was.
pub(in crate::diagnose::rules::http) fn coding(answer: &HttpAnswer) -> Option<&str> {
    let unread = answer.error.is_none() && answer.payload.is_none() && answer.models.is_none();
    answer.header("content-encoding").filter(|_| unread && answer.body_bytes > 0)
}

/// Whether the realm of the challenge is at the target's own host.
fn own_realm(e: &Evidence, answer: &HttpAnswer) -> bool {
    let own = format!("realm=\"https://{}/", e.target.host);
    let challenges = answer.headers.iter().filter(|header| header.name == "www-authenticate");
    challenges.into_iter().any(|header| header.value.to_ascii_lowercase().contains(&own))
}

/// Whether the answer names the tenant whose tokens it takes, and the token is of another one.
fn other_tenant(e: &Evidence, answer: &HttpAnswer) -> bool {
    let named = challenge::tenant(answer);
    let own = credential::claims(e).and_then(|claims| claims.tenant.as_deref());
    named.zip(own).is_some_and(|(named, own)| !named.eq_ignore_ascii_case(own))
}

/// Whether the answer asks for a login that the service does not support.
#[must_use]
pub fn asks_for_login(answer: &HttpAnswer) -> bool {
    answer.headers.iter().any(|h| {
        h.name == "www-authenticate"
            && ["basic", "ntlm", "negotiate", "digest"]
                .iter()
                .any(|scheme| h.value.to_ascii_lowercase().trim_start().starts_with(scheme))
    })
}
