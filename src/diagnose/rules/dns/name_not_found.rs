//! The original name does not exist, and nothing shows that its parent zone is one's own
//! (facts D62, D63, D64).

use crate::diagnose::view::gives;
use crate::diagnose::{Because, Rule, View, account, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{Resolver, Upstream};
use super::missing::{self, Missing};
use super::words;

pub(super) const RULE: Rule =
    rule!("dns-name-not-found", Dns, "The name does not exist", Code(check))
        .for_tokens(crate::diagnose::ForTokens::NoSuchName)
        .explains(&["dns-system-fails", "dns-resolvers-disagree"])
        .decided_by(&["zone-soa", "parent-zone"]);

fn check(e: &View<'_>) -> Option<Because> {
    let (r, Missing::Name) = missing::of(e)? else { return None };
    let name = &e.dns.name;
    let label = r.label();
    let others = words::others(e.dns.asked(), r.index);
    let aliases = r.seen.aliases(name);
    let long = match (others.first(), aliases.last()) {
        (Some((_, text)), _) => format!("{label} answers NXDOMAIN, while {text}"),
        (None, Some(last)) => format!("{label} answers NXDOMAIN for the alias {last}"),
        (None, None) => format!("{label} answers NXDOMAIN for {name}"),
    };
    let short = format!("{label} answers NXDOMAIN: the name does not exist there");
    let mut because = missing::because(e, r, Sure::Inferred, words::clause(long, &short));
    let resolver = Resolver::of(e, r);
    because = if !others.is_empty() {
        because = resolver
            .who(because)
            .known_by(format!(
                "another resolver knows the name, so it exists; {label} does not see the zone or \
                 the forwarder that the other one sees"
            ))
            .owner(resolver.owner())
            .look("ask it alone", words::dig(name, r.seen));
        because = resolver.look(because);
        if let Some(place) = resolver.place() {
            because = because.act(
                Step::shared(
                    format!(
                        "{place}: have the name resolved as the other resolver does (the same \
                         forwarders)"
                    ),
                    "every client of that configuration",
                )
                .undo("put the old forwarders back"),
            );
        }
        because.act(
            Step::local(format!("or take {label} out of this machine's configuration"))
                .undo("put the entry back"),
        )
    } else if let Some(last) = aliases.last().filter(|_| of_azure(e)) {
        let zone = last.split_once('.').map_or(last.as_str(), |(_, zone)| zone);
        resolver.upstream(
            resolver
                .who(because)
                .seen(format!("{name} -> {} -> nothing", aliases.join(" -> ")))
                .known_by(format!(
                    "the name itself exists: it is an alias. {label}, or a server that it asks, \
                     denies {last}: a block list, a filter or a zone of your own for {zone}; an \
                     account that was deleted a moment ago looks the same"
                ))
                .ruled_out("a misspelt account")
                .look("ask for the alias itself", words::dig(last, r.seen)),
            Upstream::Zone(zone),
        )
    } else {
        let mut because = because.known_by(
            "NXDOMAIN is the answer of the zone itself: the name is misspelt, the account was \
             deleted or has no custom subdomain, or a new name has not spread yet",
        );
        if let Some(alias) = aliases.last() {
            because = because.seen(format!("the aliases end at {alias}"));
        }
        if gives::message(r.seen).is_some_and(|answer| answer.soa.is_none()) {
            because = because.known_by(format!(
                "the answer names no zone (no SOA), as a zone should: {label} may deny the name \
                 itself, by a block list or a local zone"
            ));
            because = resolver.who(because);
        }
        because.owner("Application").look("see how the account is spelt", endpoint(e)).act(
            Step::local("put the endpoint that Azure shows into the application's configuration")
                .undo("put the old endpoint back"),
        )
    };
    Some(because.check(words::dig(name, r.seen)))
}

/// Whether the name is one of Azure's own, so that its aliases are Azure's too.
fn of_azure(e: &View<'_>) -> bool {
    e.target.public_suffix.as_deref().is_some_and(|suffix| words::lies_in(&e.dns.name, suffix))
}

/// The command that shows an account's endpoint.
fn endpoint(e: &View<'_>) -> String {
    if e.target.private_zone.is_none() {
        return "az resource list --query \"[].{name:name,type:type}\" -o table".to_owned();
    }
    match e.target.kind {
        crate::evidence::TargetKind::OtherService => format!(
            "az resource list --name {} --query \"[].{{name:name,type:type}}\" -o table",
            reading::account(e)
        ),
        _ => account::endpoints(),
    }
}
