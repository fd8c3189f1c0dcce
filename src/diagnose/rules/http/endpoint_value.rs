//! The value of the endpoint's variable is not one that a client can call: this program reads past what
//! is wrong with it (facts H162, H111).

use crate::diagnose::headline::Clause;
use crate::diagnose::{FindingBuilder, Rule, View};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::ValueFault;

pub(super) const RULE: Rule = rule!(
    "http-endpoint-value",
    Http,
    "The endpoint that the application is given is not a URL that it can call",
    Code(check)
)
.short("the application cannot call the endpoint that it is given");

/// What the value has, and what openai for Python makes of it.
const fn words(fault: ValueFault) -> (&'static str, &'static str) {
    match fault {
        ValueFault::LineEnd => (
            "has a line end in it",
            "InvalidURL (Invalid non-printable ASCII character in URL), before anything is sent",
        ),
        ValueFault::Tab => (
            "has a tab in it",
            "InvalidURL (Invalid non-printable ASCII character in URL), before anything is sent",
        ),
        ValueFault::LeadingBlank => (
            "begins with a blank",
            "Connection error: Request URL is missing an 'http://' or 'https://' protocol",
        ),
        ValueFault::Blank => (
            "has a blank in it or at its end",
            "a blank behind the host makes another name of it, and behind the / another path (%20): no \
             such host, or 404",
        ),
        ValueFault::Invisible => (
            "has a character in it that is not shown (such as a zero-width space)",
            "InvalidURL (Invalid IDNA hostname) in the host, a missing protocol before it, another path \
             and 404 behind it",
        ),
        ValueFault::NoScheme => (
            "has no https:// before the host",
            "Connection error: Request URL is missing an 'http://' or 'https://' protocol",
        ),
        ValueFault::FinalDot => (
            "ends the host with a dot",
            "Connection error: the certificate is not for a name with that dot (hostname mismatch)",
        ),
        ValueFault::Query => (
            "has a ? behind the endpoint",
            "what it adds for a call comes behind the ?, and what is before the ? is the whole path: 404; \
             a program that posts to the value as it stands is not affected",
        ),
        ValueFault::Fragment => (
            "has a # behind the endpoint",
            "what is behind the # is not sent, /openai included: 404",
        ),
    }
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let repaired = e.target.repaired.as_ref()?;
    let first = *repaired.faults.first()?;
    let variable = &repaired.variable;
    let port = match e.target.port {
        443 => String::new(),
        port => format!(":{port}"),
    };
    let right = format!("https://{}{port}{}/", e.target.host, e.target.base_path);
    let finding = FindingBuilder::new(
        Level::Risk,
        Confidence::Inferred,
        Clause::from(format!("{variable} {}: the SDK cannot call it", words(first).0))
            .or(format!("{variable} {}", words(first).0))
            .or(format!("the SDK cannot call the value of {variable}")),
    );
    let finding = repaired.faults.iter().fold(finding, |finding, fault| {
        let (has, then) = words(*fault);
        finding
            .fact(format!("{variable} {has}"))
            .reasoning(format!("openai for Python, given such a value: {then}"))
    });
    Some(
        finding
            .fact(format!("called here: {right}"))
            .reasoning(
                "this check reads the value as it is meant, so its own calls prove the way to the account \
                 and not that the application finds it; other clients may read past it, too",
            )
            .cites("/target/repaired")
            .owner("Application")
            .inspect("see its value, each character of it", format!("printenv {variable} | od -c"))
            .step(
                Step::local(format!(
                    "where an SDK reads it, set {variable} to {right}, and restart that program"
                ))
                    .command(format!("export {variable}={right}"))
                    .undo("set the former value again"),
            )
            // A check of the host as an argument would not see the variable.
            .check(format!("printenv {variable} | od -c")),
    )
}
