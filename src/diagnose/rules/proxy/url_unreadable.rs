//! A proxy variable that applies and is not a proxy URL: this walk connected directly, clients
//! differ.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::{ProxyReason, ProxyVariable};

pub(super) const RULE: Rule = rule!(
    "proxy-url-unreadable",
    Proxy,
    "A proxy variable applies to the target, but its value is not a proxy URL",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let ProxyReason::Variable { name } = &proxy.reason else { return None };
    let value = proxy.variables.iter().find(|variable| variable.name == *name);
    let shown = value.map(ProxyVariable::words).unwrap_or_default();
    // Where it is no URL without the blank either, that is the lesser fault.
    let blank = proxy.applies.is_some() && value.is_some_and(|variable| variable.blank_around);
    let (message, reasoning) = match &proxy.applies {
        // It is a URL for clients that take the blank away, as this check did.
        Some(url) if blank => (
            format!("{name} has a blank or a line end around its value"),
            format!(
                "this check takes the blank away and reads {url}; clients differ: curl fails \
                 (\"Unsupported proxy syntax\"), requests and httpx mostly fail, Go connects directly or to \
                 another host, and Node takes it; a file with Windows line ends (CR LF) leads to such a value"
            ),
        ),
        Some(_) => return None,
        None => (
            format!("{name} applies to the target, but is not a proxy URL"),
            "this check connected directly; clients differ: curl and httpx fail with an error, others \
             ignore the variable"
                .to_owned(),
        ),
    };
    let finding = FindingBuilder::new(Level::Risk, Confidence::Proved, message)
        .fact(format!("{name}={shown}"))
        .reasoning(reasoning)
        .cites("/vantage/proxy")
        .owner("Application");
    let finding = match blank {
        true => finding.inspect(
            "see its bytes in the application's environment: a blank or a line end is not seen otherwise",
            format!("printenv {name} | od -c"),
        ),
        false => finding
            .inspect("see its value in the application's environment", format!("printenv {name}")),
    };
    Some(
        finding
            .step(Step::local(match blank {
                true => format!("take the blank or the line end out of {name} where it is set"),
                false => format!("correct {name} in the application's environment, or unset it"),
            }))
            .check(reading::again(e)),
    )
}
