//! A regional endpoint has no private endpoint and takes no Entra token (fact D5).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop, TargetKind};

pub(super) const RULE: Rule = Rule {
    id: "dns-regional-endpoint",
    hop: Hop::Dns,
    title: "The target is a region's endpoint, not an account's",
    page: include_str!("../../../../docs/findings/dns-regional-endpoint.md"),
    explains: &[],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    if e.target.kind != TargetKind::Regional {
        return None;
    }
    Some(
        Because::new(
            Level::Note,
            Sure::Inferred,
            "this is a region's endpoint: it has no private endpoint and takes no Entra token",
        )
        .seen(format!("{}, asked for {}", e.dns.name, reading::list(&reading::counting(e))))
        .caveat()
        .read_at("/target")
        .known_by(
            "an account with network rules or a private endpoint is called by its custom \
             subdomain, e.g. <account>.openai.azure.com",
        )
        .owner("Application")
        .look(
            "see the account's own endpoint",
            "az cognitiveservices account list --query \
             \"[].{name:name,endpoint:properties.endpoint}\" -o table",
        ),
    )
}
