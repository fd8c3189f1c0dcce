//! The TLS session stands, and the call has no answer. The outcomes differ in words alone.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::Evidence;
use crate::evidence::http::{HttpCall, HttpOutcome};

use super::said::{place, pointer, purpose, request};

pub(super) const RULES: [Rule; 3] = [
    rule!("http-silent", Http, "The call is not answered", Code(silent)),
    rule!("http-closed", Http, "The connection ends before an answer", Code(closed)),
    rule!("http-malformed", Http, "The answer is not HTTP", Code(malformed)),
];

/// The first call that ended in such a way.
fn ended(e: &Evidence, how: fn(&HttpOutcome) -> bool) -> Option<(usize, &HttpCall)> {
    e.http.saw()?.calls.iter().enumerate().find(|(_, call)| how(&call.outcome))
}

fn because(e: &Evidence, index: usize, call: &HttpCall, sure: Sure, says: &str) -> Because {
    Because::new(Level::Broken, sure, super::said::short(says, 100))
        .seen(format!("{} {}, ended after {:.0} ms", request(call), place(e), call.took_ms))
        .ruled_out("DNS, TCP and TLS: the session stood when the call was sent")
        .owner("Network")
        .read_at(pointer(index))
        .check(reading::again(e))
}

fn silent(e: &View<'_>) -> Option<Because> {
    let (index, call) = ended(e, |outcome| *outcome == HttpOutcome::Silent)?;
    let says = format!("no answer for {} within {:.0} ms", purpose(call.purpose), call.took_ms);
    Some(
        // A longer wait may bring it: applications wait for minutes.
        because(e, index, call, Sure::Inferred, &says)
            .known_by("the request was written to the session, and no whole answer came back")
            .known_by(
                "either the service is slow, or a device on the way lets the handshake pass and \
                 holds what follows, or hands it on in drips",
            )
            .look("see whether a longer deadline helps", reading::again_with(e, "--timeout 30"))
            .act(Step::look(
                "look for a device that inspects TLS, or drops large packets, on this path",
            )),
    )
}

fn closed(e: &View<'_>) -> Option<Because> {
    let (index, call) =
        ended(e, |outcome| matches!(outcome, HttpOutcome::Closed | HttpOutcome::Reset))?;
    let (how, mark) = match call.outcome {
        HttpOutcome::Reset => ("reset", "RST"),
        _ => ("closed", "FIN"),
    };
    let what = purpose(call.purpose);
    let says = format!("the connection was {how} before an answer for {what}");
    Some(
        because(e, index, call, Sure::Proved, &says)
            .known_by(format!("{mark} came in place of an answer, after the handshake"))
            .known_by(
                "a proxy or firewall that looks into the session does this, and so does a \
                 backend that dies",
            )
            .act(Step::look(
                "look into the log of each device on the path for this time and this host",
            ))
            .look("see whether it happens each time", reading::again(e)),
    )
}

fn malformed(e: &View<'_>) -> Option<Because> {
    let (index, call) = ended(e, |outcome| matches!(outcome, HttpOutcome::Malformed { .. }))?;
    let HttpOutcome::Malformed { says: fault } = &call.outcome else { return None };
    let says = format!("the answer for {} is not HTTP", purpose(call.purpose));
    Some(
        because(e, index, call, Sure::Inferred, &says)
            .seen(format!("fault: {}", super::said::short(fault, 160)))
            .known_by("the service speaks HTTP/1.1 on this port; something else answered")
            .act(Step::look(format!(
                "find out what serves {} port {}",
                e.target.host, e.target.port
            ))),
    )
}
