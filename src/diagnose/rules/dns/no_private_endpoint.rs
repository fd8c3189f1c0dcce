//! A public address, and nothing shows that there is a private endpoint (facts D30, D31, D41).

use crate::diagnose::rules::http::host_kind::host_kind;
use crate::diagnose::view::resolver_view;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level};
use crate::evidence::dns::ResolverEvidence;
use crate::evidence::{Expect, TargetKind};

use super::text;

pub(super) const RULE: Rule = rule!(
    "dns-no-private-endpoint",
    Dns,
    "Nothing in DNS shows a private endpoint of the account",
    Code(check)
)
.decided_by(&["zone-soa", "privatelink-name"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    if e.options.expect != Expect::Auto
        || !reading::public_only(e)
        || e.target.private_zone.is_none()
        || matches!(e.target.kind, TargetKind::Regional | TargetKind::Unknown)
        || resolver_view::shows_endpoint(e, e.dns.effective_resolver())
    {
        return None;
    }
    let name = &e.dns.name;
    if host_kind(e).is_gateway() {
        return Some(of_gateway(e));
    }
    let seen = e.dns.effective_resolver().map(|r| r.seen);
    let always = seen.and_then(|r| resolver_view::alias(r, name));
    let message = match e.dns.aliases_seen() && always.is_none() {
        true => "no privatelink alias shows a private endpoint, and the public address is used",
        false => "the public address is used; whether there is a private endpoint is not known",
    };
    let mut finding = FindingBuilder::new(Level::Note, Confidence::Inferred, message)
        .caveat()
        .fact(format!("{name} -> {}", text::brief(&e.dns.effective())))
        .cites("/dns/selected");
    if let Some(r) = e.dns.effective_resolver() {
        finding = finding.cites(r.pointer());
        if let Some(configuration) = configuration(r.seen, name) {
            finding = finding
                .fact(format!("aliases: {}", r.seen.aliases(name).join(" -> ")))
                .reasoning(configuration);
        }
    }
    if !e.dns.aliases_seen() {
        finding = finding.reasoning(
            "getaddrinfo gives only addresses: the aliases, which would show a private endpoint, \
             are not known",
        );
    }
    if let Some(alias) = always {
        return Some(finding.reasoning(format!(
            "the alias {alias} is there with and without a private endpoint; --expect private makes a \
             public address a fault"
        )));
    }
    Some(finding.reasoning(
        "as soon as an account has a private endpoint connection, Azure answers with an alias into \
         the privatelink zone; --expect private makes a public address a fault",
    ))
}

/// A gateway may have a private side that is not a private endpoint.
fn of_gateway(e: &View<'_>) -> FindingBuilder {
    let aim = host_kind(e);
    FindingBuilder::new(
        Level::Note,
        Confidence::Inferred,
        format!("{} is called at its public address", aim.name()),
    )
    .caveat()
    .fact(format!("{} -> {}", e.dns.name, text::brief(&e.dns.effective())))
    .cites("/dns/selected")
    .reasoning(
        "the gateway's own network settings decide which clients may call it; whether it calls the \
         account over a private path is not visible from here",
    )
    .decide_with(aim.show(e))
}

/// What the intermediate names show of the account's network configuration.
pub(super) fn configuration(r: &ResolverEvidence, name: &str) -> Option<&'static str> {
    let aliases = r.aliases(name);
    if aliases.iter().any(|a| a.ends_with(".vnet.cog.trafficmanager.net")) {
        Some(
            "the alias prod.vnet.cog shows that the account has network rules but no private \
             endpoint",
        )
    } else if aliases
        .iter()
        .any(|a| a.ends_with(".api.cognitive.microsoft.com") || a.ends_with(".azure-api.net"))
    {
        Some("the aliases are those of an account without network rules")
    } else {
        None
    }
}
