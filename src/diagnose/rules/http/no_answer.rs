//! The TLS session is open, and a call gets no answer that can be read: a row each.

use crate::diagnose::engines::no_answer::Row;
use crate::diagnose::{Rule, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::http::{Beginning, HttpCall, HttpOutcome};
use crate::services::purpose::words;

use super::refusal_match::short;

pub(super) const SILENT: Rule = rule!(
    "http-silent",
    Http,
    "The call is not answered",
    NoAnswer(&Row {
        ended: |outcome| *outcome == HttpOutcome::Silent,
        // Applications wait for minutes, and may get the answer.
        confidence: Confidence::Inferred,
        message: |call| {
            format!("no answer for {} within {:.0} ms", words(call.purpose).what, call.took_ms)
        },
        facts: |finding, e, _| {
            finding
                .reasoning(
                    "the request was sent over the session, and no complete answer came back",
                )
                .reasoning(
                    "either the service is slow, or a device on the path lets the handshake pass \
                     and then holds or throttles what follows",
                )
                .inspect(
                    "see whether a longer deadline helps",
                    reading::again_with(e, "--timeout 30"),
                )
                .step(Step::inspect(
                    "look for a device on this path that inspects TLS or drops large packets",
                ))
        },
    })
);

pub(super) const CLOSED: Rule = rule!(
    "http-closed",
    Http,
    "The connection ends before an answer",
    NoAnswer(&Row {
        ended: |outcome| matches!(outcome, HttpOutcome::Closed | HttpOutcome::Reset),
        confidence: Confidence::Proved,
        message: |call| {
            let how = if call.outcome == HttpOutcome::Reset { "reset" } else { "closed" };
            format!("the connection was {how} before an answer for {}", words(call.purpose).what)
        },
        facts: |finding, e, call| {
            let segment = if call.outcome == HttpOutcome::Reset { "RST" } else { "FIN" };
            finding
                .reasoning(format!("after the handshake, a {segment} came instead of an answer"))
                .reasoning(
                    "a proxy or firewall that inspects the session does this, and so does a \
                     backend that crashes",
                )
                .step(Step::inspect(
                    "search the log of each device on the path for this time and this host",
                ))
                .inspect("see whether it happens each time", reading::again(e))
        },
    })
);

pub(super) const MALFORMED: Rule = rule!(
    "http-malformed",
    Http,
    "The answer cannot be read as HTTP/1.1",
    NoAnswer(&Row {
        ended: |outcome| matches!(outcome, HttpOutcome::Malformed { .. }),
        confidence: Confidence::Inferred,
        message: |call| {
            let what = words(call.purpose).what;
            match beginning(call) {
                Beginning::Http => format!("the answer for {what} is malformed HTTP"),
                Beginning::LargeHead => format!("the answer for {what} has too large a head"),
                Beginning::Http2 => {
                    format!("the answer for {what} is HTTP/2")
                }
                Beginning::Other => format!("the answer for {what} is not HTTP"),
            }
        },
        facts: |finding, e, call| {
            let finding = match &call.outcome {
                HttpOutcome::Malformed { message, .. } => {
                    finding.fact(format!("fault: {}", short(message, 160)))
                }
                _ => finding,
            };
            finding
                .reasoning(match beginning(call) {
                    Beginning::Http => {
                        "it begins as HTTP: a proxy, a gateway or the service corrupts it, and a client \
                         that is more lenient may read it all the same"
                    }
                    Beginning::LargeHead => {
                        "it is HTTP; httpx (openai for Python) reads no more than 100 KB, requests 64 KB \
                         a field and 100 fields, curl 300 KB: a cookie or a field that a gateway adds \
                         with each call is the usual reason"
                    }
                    Beginning::Http2 => {
                        "the server sent the first frame of HTTP/2 although the handshake agreed on \
                         HTTP/1.1 or on nothing: clients without HTTP/2 fail, as the SDKs do"
                    }
                    Beginning::Other => {
                        "the service speaks HTTP/1.1 on this port; something else answered"
                    }
                })
                .step(Step::inspect(format!(
                    "find out what serves {} port {}",
                    e.target.host, e.target.port
                )))
        },
    })
);

fn beginning(call: &HttpCall) -> Beginning {
    match call.outcome {
        HttpOutcome::Malformed { begins, .. } => begins,
        _ => Beginning::Other,
    }
}
