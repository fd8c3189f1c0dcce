//! A regional endpoint has no private endpoint and takes no Entra token (fact D5).

use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::TargetKind;

pub(super) const RULE: Rule = rule!(
    "dns-regional-endpoint",
    Dns,
    "The target is a region's endpoint, not an account's",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    if e.target.kind != TargetKind::Regional {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Inferred,
            "this is a region's endpoint: it has no private endpoint and takes no Entra token",
        )
        .seen(format!("{}, asked for {}", e.dns.name, reading::list(&e.dns.effective())))
        .caveat()
        .read_at("/target")
        .known_by(
            "an account with network rules or a private endpoint is called by its custom \
             subdomain, e.g. <account>.openai.azure.com",
        )
        .owner("Application")
        .look("see the account's own endpoint", account::endpoints()),
    )
}
