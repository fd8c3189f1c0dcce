//! The call is redirected: never followed, since it carries a secret.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::refusal_match::{find_refusal, short};

pub(super) const RULE: Rule = rule!(
    "http-redirect",
    Http,
    "The call is redirected (3xx); the redirect was not followed",
    Code(check)
)
.short("the call is redirected elsewhere");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let refusal = find_refusal(e, RULE.id)?;
    let status = refusal.answer.status;
    let message = match refusal.answer.header("location") {
        Some(location) => format!("{status} redirects the call: {}", short(location, 60)),
        None => format!("{status} redirects the call"),
    };
    let mut finding = refusal.finding(refusal.level(e), Confidence::Inferred, message);
    for name in ["location", "server", "via"] {
        if let Some(line) = refusal.header_line(name) {
            finding = finding.fact(line);
        }
    }
    Some(
        finding
            .reasoning(
                "the service does not redirect these calls: a portal, a login page or a gateway \
                 in front does",
            )
            .reasoning(
                "the redirect was not followed: a call that carries a secret goes only to \
                       its target",
            )
            .ruled_out("DNS, TCP and TLS: the certificate covers the name")
            .owner("Network")
            .step(Step::inspect(
                "ask the team that runs the host in the location header what is in front of the \
                 service",
            ))
            .step(
                Step::local(format!(
                    "correct the base URL in the application's configuration, if {} is not the \
                 service itself (keep the old line to undo it)",
                    e.target.host
                ))
                .or(),
            )
            .check(reading::again(e)),
    )
}
