//! The call was sent elsewhere: never followed, since it carries a secret.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::said::{said, short};

pub(super) const RULE: Rule = rule!(
    "http-redirect",
    Http,
    "The call is sent elsewhere (3xx); it was not followed",
    Code(check)
)
.short("the call is redirected elsewhere");

fn check(e: &View<'_>) -> Option<Because> {
    let said = said(e, RULE.id)?;
    let status = said.answer.status;
    let says = match said.answer.header("location") {
        Some(location) => format!("{status} sends the call elsewhere: {}", short(location, 60)),
        None => format!("{status} sends the call elsewhere"),
    };
    let mut because = said.because(said.level(e), Sure::Inferred, says);
    for name in ["location", "server", "via"] {
        if let Some(line) = said.header_line(name) {
            because = because.seen(line);
        }
    }
    Some(
        because
            .known_by(
                "the calls of the service do not redirect: a portal, a login or a gateway in \
                 front does",
            )
            .known_by("it was not followed: a call that carries a secret goes to its target only")
            .ruled_out("DNS, TCP and TLS: the certificate covers the name")
            .owner("Network")
            .act(Step::look(
                "ask the team that runs the host in the location header what is in front",
            ))
            .act(Step::local(format!(
                "or correct the base URL in the application's configuration, if {} is not the \
                 service itself (keep the old line to undo it)",
                e.target.host
            )))
            .check(reading::again(e)),
    )
}
