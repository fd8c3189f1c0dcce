//! What must hold of a call beside its status and words, for a row of the table to fit.

use crate::diagnose::rules::identity::credential;
use crate::evidence::Evidence;
use crate::evidence::http::{ErrorFrame, HttpAnswer, HttpCall, Purpose};
use crate::evidence::identity::CredentialKind;

use super::super::answered_by::{answered_by, is_page, service_headers};
use super::super::origin::{self, Origin};
use super::accepted;

/// A condition on the call beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// The credential did not go with the call.
    NotSent,
    /// The credential in hand is an API key.
    Key,
    /// The credential in hand is a token.
    Token,
    /// The call is of this purpose.
    For(Purpose),
    /// The account is of another service than Azure OpenAI.
    OtherService,
    /// The body has an error in one of the frames that the service uses (fact G13). Others use
    /// them too.
    Frame,
    /// The error frame says in the service's words that no caller was named (H7 to H9).
    AsksWho,
    /// The refusal is about the empty question, and comes from behind the front end: by its
    /// headers, by its type or code, or by the server that gave the list.
    FromDeployment,
    /// It has none.
    NoFrame,
    /// The frame is the gateway's.
    Flat,
    /// The frame is not the gateway's, or the service's headers are there.
    NotForeignFlat,
    /// The service's own headers are there.
    ServiceHeaders,
    /// They are not.
    NoServiceHeaders,
    /// The message begins so, in lower case.
    Begins(&'static str),
    /// The body is a page for people.
    Page,
    /// No frame, and a page or the mark of a product in front.
    Front,
    /// The answer asks for a login that the service does not know (Basic, NTLM, ...).
    Login,
    /// The body does not hold what the call asks for.
    Unfulfilled,
    /// The body is not JSON.
    NoJson,
    /// The body has an error too.
    ErrorToo,
    /// The token that went with the call was past its end, or before its begin, by more than a
    /// clock's error.
    DeadToken,
    /// The body did not come to its end.
    Incomplete,
    /// The answer calls its body something other than JSON.
    OtherType,
    /// The list has no entry.
    EmptyList,
    /// Neither headers nor the certificate show that the account gave the answer.
    OriginOpen,
}

/// Words of a 401 by which the service asks who is calling (facts H7 to H9).
const ASKS_WHO: &[&str] =
    &["access token is missing", "invalid subscription key or wrong api endpoint"];

/// Codes with which a deployment refuses a question that is empty or not its own (fact G2c).
const QUESTION_CODES: &[&str] = &[
    "operationnotsupported",
    "unsupported_parameter",
    "unsupported_value",
    "missing_required_parameter",
    "empty_array",
    "content_filter",
];

/// Words of a refusal that is about the question, not about the deployment (fact G2c).
const QUESTION_WORDS: &[&str] = &["messages", "prompt", "input", "too short", "empty array"];

/// Whether a refusal is about the question. One for another reason ("Invalid model name", "the
/// deployment is paused") leaves open whether a real question would be answered.
pub(in crate::diagnose::rules::http) fn about_the_question(answer: &HttpAnswer) -> bool {
    let Some(error) = &answer.error else { return false };
    let code = error.code.as_deref().unwrap_or_default().to_ascii_lowercase();
    let message = error.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    QUESTION_CODES.contains(&code.as_str()) || QUESTION_WORDS.iter().any(|w| message.contains(w))
}

/// Whether the refusal of an empty question comes from behind the front end.
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
    let list = e.http.saw().and_then(|hop| hop.main()).filter(|call| accepted(e, call));
    let same = list.and_then(HttpCall::answer).is_some_and(|list| {
        let server = list.header("server");
        server.is_some() && server == answer.header("server")
    });
    own || service_headers(answer) || same
}

/// Seconds by which a clock may be wrong: tokens are judged with five minutes of allowance.
const CLOCK_ERROR_S: i64 = 300;

/// Whether the token that went with the call was past its end, or before its begin, by more than a
/// clock's error.
pub(in crate::diagnose::rules::http) fn dead_token(e: &Evidence, call: &HttpCall) -> bool {
    let expired = credential::expires_in(e).is_some_and(|seconds| seconds < -CLOCK_ERROR_S);
    let early = credential::begins_in(e).is_some_and(|seconds| seconds > CLOCK_ERROR_S);
    call.credential_sent && (expired || early)
}

impl Only {
    pub(super) fn holds(self, e: &Evidence, call: &HttpCall, answer: &HttpAnswer) -> bool {
        let frame = answer.error.as_ref().map(|error| error.frame);
        match self {
            Only::NotSent => !call.credential_sent,
            Only::Key => e.identity.kind == CredentialKind::ApiKey,
            Only::Token => e.identity.kind == CredentialKind::Token,
            Only::For(purpose) => call.purpose == purpose,
            Only::OtherService => e.target.service.as_deref() != Some("openai"),
            Only::Frame => frame.is_some(),
            Only::AsksWho => answer.message().is_some_and(|message| {
                let message = message.to_ascii_lowercase();
                frame != Some(ErrorFrame::Bare) && ASKS_WHO.iter().any(|w| message.contains(w))
            }),
            Only::FromDeployment => from_deployment(e, answer),
            Only::NoFrame => frame.is_none(),
            Only::Flat => frame == Some(ErrorFrame::Flat),
            Only::NotForeignFlat => {
                frame.is_some() && (frame != Some(ErrorFrame::Flat) || service_headers(answer))
            }
            Only::ServiceHeaders => service_headers(answer),
            Only::NoServiceHeaders => !service_headers(answer),
            Only::Begins(words) => answer
                .message()
                .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with(words)),
            Only::Page => is_page(answer),
            Only::Front => {
                frame.is_none() && (is_page(answer) || answered_by(answer).product().is_some())
            }
            Only::Login => asks_for_login(answer),
            Only::Unfulfilled => !answer.fulfils(call.purpose),
            Only::NoJson => answer.models.is_none() && answer.body_excerpt.is_some(),
            Only::ErrorToo => answer.error.is_some(),
            Only::DeadToken => dead_token(e, call),
            Only::Incomplete => !answer.body_complete,
            Only::OtherType => origin::other_type(answer).is_some(),
            Only::EmptyList => answer.models == Some(0),
            Only::OriginOpen => origin::origin(e, answer) == Origin::Open,
        }
    }
}

/// Whether the answer asks for a login that the service does not know.
#[must_use]
pub fn asks_for_login(answer: &HttpAnswer) -> bool {
    answer.headers.iter().any(|h| {
        h.name == "www-authenticate"
            && ["basic", "ntlm", "negotiate", "digest"]
                .iter()
                .any(|scheme| h.value.to_ascii_lowercase().trim_start().starts_with(scheme))
    })
}
