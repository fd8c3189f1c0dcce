//! An entry of NO_PROXY exempts the target: this walk connected directly, while a process without
//! that entry goes through the proxy (facts P1, P4).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::vantage::ProxyReason;

pub(super) const RULE: Rule = rule!(
    "proxy-exempted",
    Proxy,
    "NO_PROXY exempts the target: the proxy was not tested",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let ProxyReason::Exempted { entry } = &proxy.reason else { return None };
    let variable = proxy.variables.iter().find(|v| {
        let name = v.name.to_ascii_lowercase();
        ["https_proxy", "all_proxy"].contains(&name.as_str()) && !v.value.is_empty()
    })?;
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Proved,
        headline::fitting(&[
            format!("NO_PROXY entry {entry} exempts the target: {} was not tested", variable.value),
            format!("NO_PROXY entry {entry} exempts the target: the proxy was not tested"),
            "an entry of NO_PROXY exempts the target: the proxy was not tested".to_owned(),
        ]),
    )
    .caveat()
    .fact(format!("{}={}", variable.name, variable.value))
    .cites("/vantage/proxy")
    .reasoning(
        "this follows from this shell's variables; a service, a container or a client that does \
         not read this entry goes through the proxy, which was not tested",
    );
    Some(finding.decide_with(reading::again_with(e, &format!("--proxy {}", variable.value))))
}
