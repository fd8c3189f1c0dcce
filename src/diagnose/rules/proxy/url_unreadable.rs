//! A proxy variable that applies and is no proxy's URL: this walk went directly, clients differ.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::vantage::ProxyReason;

pub(super) const RULE: Rule = rule!(
    "proxy-url-unreadable",
    Proxy,
    "A proxy variable applies to the target, and its value is no proxy's URL",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let proxy = &e.vantage.proxy;
    let ProxyReason::Variable { name } = &proxy.reason else { return None };
    if proxy.applies.is_some() {
        return None;
    }
    let value = proxy.variables.iter().find(|variable| variable.name == *name);
    let shown = value.map_or("", |variable| variable.value.as_str());
    Some(
        Because::new(
            Level::Risk,
            Sure::Proved,
            format!("{name} applies to the target and is no proxy's URL"),
        )
        .seen(format!("{name}={shown}"))
        .known_by(
            "the walk went directly; clients differ: curl and httpx end with an error, others \
             pass the variable over",
        )
        .read_at("/vantage/proxy")
        .owner("Application")
        .look("see it as the application does", format!("printenv {name}"))
        .act(Step::local(format!(
            "correct {name} where the application gets its environment, or unset it"
        )))
        .check(reading::again(e)),
    )
}
