//! A proxy variable that applies and is not a proxy URL: this walk connected directly, clients
//! differ.

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::ProxyReason;

pub(super) const RULE: Rule = rule!(
    "proxy-url-unreadable",
    Proxy,
    "A proxy variable applies to the target, but its value is not a proxy URL",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let ProxyReason::Variable { name } = &proxy.reason else { return None };
    if proxy.applies.is_some() {
        return None;
    }
    let value = proxy.variables.iter().find(|variable| variable.name == *name);
    let shown = value.map_or("", |variable| variable.value.as_str());
    Some(
        FindingBuilder::new(
            Level::Risk,
            Confidence::Proved,
            format!("{name} applies to the target, but is not a proxy URL"),
        )
        .fact(format!("{name}={shown}"))
        .reasoning(
            "this check connected directly; clients differ: curl and httpx fail with an error, \
             others ignore the variable",
        )
        .cites("/vantage/proxy")
        .owner("Application")
        .inspect("see its value in the application's environment", format!("printenv {name}"))
        .step(Step::local(format!("correct {name} in the application's environment, or unset it")))
        .check(reading::again(e)),
    )
}
