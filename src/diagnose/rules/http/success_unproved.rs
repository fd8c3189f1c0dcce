//! A call whose status reports success, or a refusal like that of a working deployment, and whose
//! answer does not prove that the service sent it (facts G1, G2c, G17, H8).

use crate::diagnose::rules::identity::credential::{duration, expires_in};
use crate::diagnose::rules::identity::other_audience;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Evidence;
use crate::evidence::http::{Payload, Purpose};
use crate::services::purpose::words;

use super::host_kind::host_kind;
use super::origin;
use super::refusal_match::{MatchedRefusal, find_refusal, short};
use super::refusals::{about_the_question, coding, dead_token};

pub(super) const RULE: Rule = rule!(
    "http-success-unproved",
    Http,
    "The status reports success, but the answer does not prove it",
    Code(check)
)
.short("the answer does not prove that the call works");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let (message, known) = why(e, &refusal);
    // A list that proves nothing is outweighed by the application's own call.
    let level = refusal.level(e).min(Level::Risk);
    let mut finding = refusal.finding(level, Confidence::Inferred, message).reasoning(known);
    for name in ["server", "via", "content-type", "content-encoding", "content-length"] {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    if refusal.own_headers() {
        finding = finding.reasoning(
            "the answer has the service's headers: the network allowed the call, but what the \
             service did with it is unknown",
        );
    }
    let url = reading::word(&format!("https://{}{}", e.target.host, refusal.call.path));
    finding = finding
        .ruled_out("DNS, TCP and TLS: the certificate covers the name")
        .decide_with(format!("curl -sv {url}"))
        .owner("Application")
        .inspect("see the whole answer, without a credential", format!("curl -sv {url}"));
    finding = if refusal.call.purpose == Purpose::Deployment {
        finding.step(crate::diagnosis::Step::inspect(
            "make one real call with the application's own client and see whether it succeeds",
        ))
    } else {
        finding.step(crate::diagnosis::Step::inspect(format!(
            "ask the team that runs {} what answers there: a gateway, a test double, a cache or a \
             proxy",
            e.target.host
        )))
    };
    Some(finding.check(reading::again(e)))
}

/// The observation in one clause, and what it means.
fn why(e: &Evidence, refusal: &MatchedRefusal<'_>) -> (String, &'static str) {
    let (status, what) = (refusal.answer.status, refusal.what());
    let refused = status >= 400;
    if refused && !about_the_question(refusal.answer) {
        return (
            format!(
                "{status} for {what}, not because the request is empty: whether it works is unknown"
            ),
            "the empty request should be refused because it is empty; the answer gives another \
             reason, which may apply to a real request too",
        );
    }
    if refused {
        return (
            format!(
                "{status} for {what}, in a form any server could send: whether it exists is unknown"
            ),
            "a deployment refuses an empty request with invalid_request_error, or with the \
             service's headers; this answer has neither, and does not come from the server that \
             sent the list",
        );
    }
    if let Some(coding) = coding(refusal.answer) {
        return (
            format!("{status} for {what} with a body that is not read: {}", short(coding, 20)),
            "the call asks for no coding, so any may be used (RFC 9110, section 12.5.3), and this one \
             is not decoded here: the application's client may read it",
        );
    }
    if !refusal.answer.fulfils(refusal.call.purpose) {
        let holds = match refusal.answer.payload {
            _ if refusal.answer.error.is_some() => "an error",
            None if refusal.answer.body_bytes == 0 => "no body",
            Some(
                Payload::Models
                | Payload::Deployments
                | Payload::Secrets
                | Payload::Listing
                | Payload::KeyValues
                | Payload::ApiList,
            ) => "another list",
            _ => "something else",
        };
        let wanted = words(refusal.call.purpose).holds;
        return (
            format!("{status} for {what} with {holds} instead of {wanted}"),
            "a status alone proves nothing: the answer to this call has a documented form, which \
             this one lacks",
        );
    }
    if refusal.answer.error.is_some() {
        return (
            format!("{status} for {what} with an error in the same answer"),
            "the service sends a list or an error, never both",
        );
    }
    if !refusal.call.credential_sent {
        return (
            format!("{what} came without a credential: the server does not authenticate callers"),
            "the service answers no unauthenticated call: a gateway with its own credential, or \
             something that only imitates the service, does",
        );
    }
    if dead_token(e, refusal.call) {
        return match expires_in(e).filter(|seconds| *seconds < 0) {
            Some(past) => (
                format!(
                    "{what} came for a token that expired {} ago: the server does not check it",
                    duration(past.unsigned_abs())
                ),
                "the service refuses an expired token: this server did not check it",
            ),
            None => (
                format!(
                    "{what} came for a token that is not valid yet: the server does not check it"
                ),
                "the service refuses a token before its begin: what answers here did not look at \
                 it",
            ),
        };
    }
    let unknown = !host_kind(e).is_gateway() && !origin::azures_session(e);
    if let Some(audience) = other_audience(e).filter(|_| unknown) {
        return (
            format!("{what} came for a token of another service: {}", short(audience, 40)),
            "the service refuses a token for another audience, and the certificate does not show that \
             the service itself was asked: something in front may call it with a credential of its own",
        );
    }
    if status != 200 {
        return (
            format!("{status} for {what}, where the service answers 200"),
            "the service answers this call with 200: a proxy or a gateway changes the status, or \
             answers instead",
        );
    }
    if let Some(kind) = origin::other_type(refusal.answer) {
        return (
            format!("{what} came as {}, not as JSON", short(kind, 40)),
            "the service sends application/json: something else sent this answer, or rewrote its \
             type; clients that rely on the type fail",
        );
    }
    if refusal.answer.models == Some(0) {
        return (
            format!("{what} is empty: the server may not be the account"),
            "the service lists its base models even for an account without deployments; an empty \
             list comes from a test double, a cache or a gateway's own answer",
        );
    }
    (
        format!("{what} came without the service's headers, under a private certificate"),
        "the service's own answers carry a header that names their region, and its certificate has a \
         public root; this answer has neither, so any server with such a certificate (an \
         inspecting proxy, a gateway under the account's name, a test double) may have sent it",
    )
}
