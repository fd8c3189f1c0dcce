//! The variables name a proxy, and `--proxy` made this walk go another way (fact P1).

use crate::diagnose::{Because, Rule, View, headline, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::vantage::ProxyReason;

use super::readers;

pub(super) const RULE: Rule = rule!(
    "proxy-not-walked",
    Proxy,
    "Applications go through a proxy that this walk was told to pass by",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let proxy = &e.vantage.proxy;
    let option = match proxy.reason {
        ProxyReason::OptionNone => "--proxy none",
        ProxyReason::OptionUrl => "--proxy",
        _ => return None,
    };
    let clients: Vec<_> = readers::tested(e)
        .into_iter()
        .filter(|(_, client)| client.proxy.is_some() && client.proxy != proxy.applies)
        .collect();
    let url = clients.first()?.1.proxy.clone()?;
    let because = Because::new(
        Level::Note,
        Sure::Inferred,
        headline::fitting(&[
            format!("applications here go through {url}; this walk ({option}) did not"),
            format!("applications here go through a proxy; this walk ({option}) did not"),
        ]),
    )
    .caveat()
    .known_by("the proxy variables of this environment, as each client reads them")
    .owner("Application")
    .look("walk as the applications do", reading::again_without(e, "--proxy"));
    Some(readers::seen(because, &clients))
}
