//! A call that succeeds by its status, or is refused as a sound deployment would refuse it, and
//! whose answer does not prove that the service gave it (facts G1, G2c, G17, H8).

use crate::diagnose::rules::identity::credential::{duration, expires_in};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::Evidence;
use crate::evidence::http::{Payload, Purpose};

use super::answered_by::service_headers;
use super::origin;
use super::refusals::{about_the_question, dead_token};
use super::said::{Said, said, short};

pub(super) const RULE: Rule = rule!(
    "http-success-unproved",
    Http,
    "A call succeeds by its status, and the answer does not prove it",
    Code(check)
)
.short("the answer does not prove that the call works");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let (says, known) = why(e, &said);
    let mut because = said.because(Level::Risk, Sure::Inferred, says).known_by(known);
    for name in ["server", "via", "content-type", "content-length"] {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    if service_headers(said.answer) {
        because = because.known_by(
            "the answer has headers of the service: the network let the call through, and what \
             the service did with it is open",
        );
    }
    let url = reading::word(&format!("https://{}{}", e.target.host, said.call.path));
    because = because
        .ruled_out("DNS, TCP and TLS: the certificate covers the name")
        .tells_it(format!("curl -sv {url}"))
        .owner("Application")
        .look("see the whole answer, without a credential", format!("curl -sv {url}"));
    because = if said.call.purpose == Purpose::Deployment {
        because.act(crate::diagnosis::Step::look(
            "make one real call with the application's own client and see whether it completes",
        ))
    } else {
        because.act(crate::diagnosis::Step::look(format!(
            "ask who runs {} what answers there: a gateway, a test double, a cache or a proxy",
            e.target.host
        )))
    };
    Some(because.check(reading::again(e)))
}

/// The observation in one clause, and what it means.
fn why(e: &Evidence, said: &Said<'_>) -> (String, &'static str) {
    let (status, what) = (said.answer.status, said.what());
    let refused = status >= 400;
    if refused && !about_the_question(said.answer) {
        return (
            format!(
                "{status} for {what}, and not for its empty question: whether it works is open"
            ),
            "the empty question was to be refused because it is empty; the reason given is another \
             one, which a real question may meet too",
        );
    }
    if refused {
        return (
            format!(
                "{status} for {what}, in a form that any server gives: whether it is there is open"
            ),
            "a deployment refuses an empty question with invalid_request_error, or with the \
             service's headers; this answer has neither, and does not come from the server that \
             gave the list",
        );
    }
    if !said.answer.fulfils(said.call.purpose) {
        let holds = match said.answer.payload {
            _ if said.answer.error.is_some() => "an error",
            None if said.answer.body_bytes == 0 => "no body",
            Some(Payload::Models | Payload::Deployments) => "another list",
            _ => "something else",
        };
        let wanted = match said.call.purpose {
            Purpose::Models => "models",
            Purpose::Project => "deployments",
            Purpose::Deployment => "a completion",
        };
        return (
            format!("{status} for {what} with {holds} in place of {wanted}"),
            "a status alone proves nothing: the answer to this call has a documented form, and \
             this one does not have it",
        );
    }
    if said.answer.error.is_some() {
        return (
            format!("{status} for {what} with an error in the same answer"),
            "the service sends a list or an error, never both",
        );
    }
    if !said.call.credential_sent {
        return (
            format!("{what} came without a credential: what answers does not authenticate"),
            "the service gives nothing to a caller that it does not know: a gateway that uses a \
             credential of its own, or something that only imitates the service, does",
        );
    }
    if dead_token(e, said.call) {
        return match expires_in(e).filter(|seconds| *seconds < 0) {
            Some(past) => (
                format!(
                    "{what} came for a token that expired {} ago: what answers does not check it",
                    duration(past.unsigned_abs())
                ),
                "the service refuses a token after its end: what answers here did not look at it",
            ),
            None => (
                format!(
                    "{what} came for a token that is not valid yet: what answers does not check it"
                ),
                "the service refuses a token before its begin: what answers here did not look at \
                 it",
            ),
        };
    }
    if status != 200 {
        return (
            format!("{status} for {what}, where the service gives 200"),
            "the service answers this call with 200: a proxy or a gateway changes the status, or \
             answers in its place",
        );
    }
    if let Some(kind) = origin::other_type(said.answer) {
        return (
            format!("{what} came as {}, not as JSON", short(kind, 40)),
            "the service sends application/json: something gave this answer, or rewrote its type; \
             clients that go by the type fail on it",
        );
    }
    if said.answer.models == Some(0) {
        return (
            format!("{what} came without an entry: what answers may not be the account"),
            "the service lists its base models also for an account without any deployment; an \
             empty list comes from a test double, a cache or a gateway's own answer",
        );
    }
    (
        format!("{what} came without the service's headers, under a private certificate"),
        "the account's own answers carry apim-request-id and x-ms-region, and its certificate has \
         a public root; this answer has neither, so that anything which holds such a certificate \
         (an inspecting proxy, a gateway under the account's name, a test double) may have given it",
    )
}
