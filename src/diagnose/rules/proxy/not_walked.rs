//! The variables name a proxy, and `--proxy` made this walk take another path (fact P1).

use crate::diagnose::{FindingBuilder, Rule, View, headline, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::vantage::ProxyReason;

use super::client_proxies;

pub(super) const RULE: Rule = rule!(
    "proxy-not-walked",
    Proxy,
    "Applications go through a proxy that this check was told to bypass",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let proxy = &e.vantage.proxy;
    let option = match proxy.reason {
        ProxyReason::OptionNone => "--proxy none",
        ProxyReason::OptionUrl => "--proxy",
        _ => return None,
    };
    let clients: Vec<_> = client_proxies::tested(e)
        .into_iter()
        .filter(|(_, client)| client.proxy.is_some() && client.proxy != proxy.applies)
        .collect();
    let url = clients.first()?.1.proxy.clone()?;
    let finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        headline::fitting(&[
            format!("applications here go through {url}; this check ({option}) did not"),
            format!("applications here go through a proxy; this check ({option}) did not"),
        ]),
    )
    .caveat()
    .reasoning(
        "this follows from the proxy variables of this environment and the system's proxy settings, \
         as each client reads them",
    )
    .owner("Application")
    .inspect("check the path that applications use", reading::again_without(e, "--proxy"));
    Some(client_proxies::seen(finding, &clients))
}
