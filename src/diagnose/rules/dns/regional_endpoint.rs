//! A regional endpoint has no private endpoint and takes no Entra token (fact D5).

use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::TargetKind;

pub(super) const RULE: Rule = rule!(
    "dns-regional-endpoint",
    Dns,
    "The target is a region's endpoint, not an account's",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if e.target.kind != TargetKind::Regional {
        return None;
    }
    Some(
        FindingBuilder::new(
            Level::Note,
            Confidence::Inferred,
            "this is a region's endpoint: it has no private endpoint and takes no Entra token",
        )
        .fact(format!("{}, asked for {}", e.dns.name, reading::list(&e.dns.effective())))
        .caveat()
        .cites("/target")
        .reasoning(
            "an account with network rules or a private endpoint is called by its custom \
             subdomain, e.g. <account>.openai.azure.com",
        )
        .owner("Application")
        .inspect("see the account's own endpoint", account::endpoints(e)),
    )
}
