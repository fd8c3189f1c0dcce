//! A public address, and nothing says that there is a private endpoint (facts D30, D31, D41).

use crate::diagnose::rules::http::aim::aim;
use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::dns::ResolverSeen;
use crate::evidence::{Expect, TargetKind};

use super::words;

pub(super) const RULE: Rule = rule!(
    "dns-no-private-endpoint",
    Dns,
    "Nothing in DNS shows a private endpoint of the account",
    Code(check)
)
.decided_by(&["zone-soa", "privatelink-name"]);

fn check(e: &View<'_>) -> Option<Because> {
    if e.asked.expect != Expect::Auto
        || !reading::public_only(e)
        || e.target.private_zone.is_none()
        || matches!(e.target.kind, TargetKind::Regional | TargetKind::Unknown)
        || gives::endpoint(e).is_some()
    {
        return None;
    }
    let name = &e.dns.name;
    if aim(e).is_gateway() {
        return Some(of_gateway(e));
    }
    let says = match e.dns.aliases_seen() {
        true => "no privatelink alias: no private endpoint is seen, and the public address is used",
        false => "the public address is used; whether there is a private endpoint is not seen",
    };
    let mut because = Because::new(Level::Note, Sure::Inferred, says)
        .caveat()
        .seen(format!("{name} -> {}", words::brief(&e.dns.effective())))
        .read_at("/dns/walked");
    if let Some(r) = e.dns.decider() {
        because = because.read_at(r.pointer());
        if let Some(configuration) = configuration(r.seen, name) {
            because = because
                .seen(format!("aliases: {}", r.seen.aliases(name).join(" -> ")))
                .known_by(configuration);
        }
    }
    if !e.dns.aliases_seen() {
        because = because.known_by(
            "getaddrinfo gives addresses alone: the aliases, which would show a private endpoint, \
             were not seen",
        );
    }
    Some(because.known_by(
        "Azure answers with an alias into the privatelink zone as soon as an account has a private \
         endpoint connection; --expect private makes a public address a fault",
    ))
}

/// A gateway's private side need not be a private endpoint.
fn of_gateway(e: &View<'_>) -> Because {
    let aim = aim(e);
    Because::new(
        Level::Note,
        Sure::Inferred,
        format!("{} is called at its public address", aim.name()),
    )
    .caveat()
    .seen(format!("{} -> {}", e.dns.name, words::brief(&e.dns.effective())))
    .read_at("/dns/walked")
    .known_by(
        "the gateway's own network settings say who may call it; whether it calls the account over \
         a private path is not seen from here",
    )
    .tells_it(aim.show(e))
}

/// What the intermediate names show of the account's network configuration.
pub(super) fn configuration(r: &ResolverSeen, name: &str) -> Option<&'static str> {
    let aliases = r.aliases(name);
    if aliases.iter().any(|a| a.ends_with(".vnet.cog.trafficmanager.net")) {
        Some("the alias prod.vnet.cog shows network rules on the account, without an endpoint")
    } else if aliases
        .iter()
        .any(|a| a.ends_with(".api.cognitive.microsoft.com") || a.ends_with(".azure-api.net"))
    {
        Some("the aliases are those of an account without network rules")
    } else {
        None
    }
}
