//! An entry of NO_PROXY exempts the target: this walk went directly, and a process without that
//! entry goes through the proxy (facts P1, P4).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::vantage::ProxyReason;

pub(super) const RULE: Rule = rule!(
    "proxy-exempted",
    Proxy,
    "NO_PROXY exempts the target: the proxy was not walked",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let proxy = &e.vantage.proxy;
    let ProxyReason::Exempted { entry } = &proxy.reason else { return None };
    let variable = proxy.variables.iter().find(|v| {
        let name = v.name.to_ascii_lowercase();
        ["https_proxy", "all_proxy"].contains(&name.as_str()) && !v.value.is_empty()
    })?;
    let because = Because::new(
        Level::Note,
        Sure::Proved,
        headline::fitting(&[
            format!("NO_PROXY entry {entry} exempts the target: {} was not walked", variable.value),
            format!("NO_PROXY entry {entry} exempts the target: the proxy was not walked"),
            "an entry of NO_PROXY exempts the target: the proxy was not walked".to_owned(),
        ]),
    )
    .caveat()
    .seen(format!("{}={}", variable.name, variable.value))
    .read_at("/vantage/proxy")
    .known_by(
        "the variables of this shell; a service, a container or a client that does not read this \
         entry goes through the proxy, and what it gets there was not tested",
    );
    Some(because.tells_it(reading::again_with(e, &format!("--proxy {}", variable.value))))
}
