//! `--expect private`, and nothing in DNS says that there is a private endpoint (facts D30,
//! D31, D41).

use std::net::IpAddr;

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::{Level, Sure};
use crate::evidence::{Evidence, Hop};

use super::gives;
use super::wrong_address::{NOT_CONNECTED, NOT_LET_IN, joined};
use super::{no_private_endpoint, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-public-not-expected",
    hop: Hop::Dns,
    title: "A private address is expected, and the address is public",
    page: include_str!("../../../../docs/findings/dns-public-not-expected.md"),
    explains: &joined::<13>(&[
        NOT_CONNECTED,
        NOT_LET_IN,
        &["dns-resolvers-disagree", "dns-unusable-address"],
    ]),
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let outside: Vec<IpAddr> =
        gives::application(e).into_iter().filter(|a| gives::is_outside(*a)).collect();
    // With a sign of an endpoint the question is why it is not given: other rules tell.
    if !reading::private_demanded(e) || outside.is_empty() || gives::endpoint(e).is_some() {
        return None;
    }
    let name = &e.dns.name;
    let level = if reading::proxied(e) { Level::Risk } else { Level::Broken };
    let mut because = Because::new(
        level,
        Sure::Proved,
        format!("{} is public, and --expect private was given", words::brief(&outside)),
    )
    .seen(format!("{name} -> {} (wanted: private)", reading::list(&outside)))
    .read_at("/dns/walked")
    .read_at("/asked/expect")
    .known_by(
        "no resolver shows an alias into a privatelink zone or a private address: the account \
         has no private endpoint connection, or every resolver asked here hides it",
    );
    if let Some(decider) = gives::decider(e) {
        because = because.read_at(decider.pointer());
        if let Some(configuration) = no_private_endpoint::configuration(decider.seen, name) {
            because = because.known_by(configuration);
        }
    }
    Some(
        because
            .owner("Azure")
            .look(
                "see whether the account has an approved endpoint",
                "az network private-endpoint-connection list --id <account resource id> -o table",
            )
            .step(format!(
                "create the private endpoint (group `account`) with a DNS zone group for {}, or \
                 drop the expectation",
                reading::private_zone(e)
            ))
            .check(format!("dig +short {name}")),
    )
}
