//! The call goes to a public address although the account has a private endpoint, and `--expect
//! any` accepts either path (facts D30, H1).

use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::Expect;

use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-public-path",
    Dns,
    "The call goes to a public address, and the account has a private endpoint",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let endpoint = resolver_view::endpoint(e)?;
    if e.options.expect != Expect::Any || !reading::public_only(e) || reading::proxied(e) {
        return None;
    }
    let public = e.dns.effective();
    let mut finding = FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        text::clause(
            format!(
                "the path to {} is public: the account has a private endpoint elsewhere",
                text::brief(&public)
            ),
            "the path is public: the account has a private endpoint elsewhere",
        ),
    )
    .caveat()
    .cites("/dns/selected");
    finding = match endpoint {
        resolver_view::Endpoint::Alias { index, alias } => {
            finding.fact(format!("alias {alias}")).cites(format!("/dns/resolvers/{index}"))
        }
        resolver_view::Endpoint::Azure { index, name } => finding
            .fact(format!("the account has the private endpoint {name}"))
            .cites(format!("/azure/estate/connections/value/{index}")),
        resolver_view::Endpoint::Address { index, address } => finding
            .fact(format!("{} gives {address}", e.dns.resolvers[index].label()))
            .cites(format!("/dns/resolvers/{index}")),
    };
    Some(
        finding
            .reasoning(
                "--expect any accepts either path; clients inside the private endpoint's network \
                 take the private one, which this check did not test",
            )
            .decide_with(reading::again_with(e, "--expect private")),
    )
}
