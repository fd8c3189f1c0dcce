//! The original name does not exist, and nothing says that its parent zone is somebody's own
//! (facts D62, D63, D64).

use crate::diagnose::{Because, Rule, reading};
use crate::diagnosis::Sure;
use crate::evidence::{Evidence, Hop};

use super::missing::{self, Missing};
use super::{gives, words};

pub(super) const RULE: Rule = Rule {
    id: "dns-name-not-found",
    hop: Hop::Dns,
    title: "The name does not exist",
    page: include_str!("../../../../docs/findings/dns-name-not-found.md"),
    explains: &["dns-system-fails", "dns-resolvers-disagree"],
    check,
};

fn check(e: &Evidence) -> Option<Because> {
    let (r, Missing::Name) = missing::of(e)? else { return None };
    let name = &e.dns.name;
    let label = r.label();
    let others = words::others(&gives::asked(e), r.index);
    let aliases = r.seen.aliases(name);
    let long = match (others.first(), aliases.last()) {
        (Some((_, text)), _) => format!("{label} says NXDOMAIN, while {text}"),
        (None, Some(last)) => format!("the alias {last} does not exist, says {label}"),
        (None, None) => format!("{name} does not exist, says {label}"),
    };
    let short = format!("the name does not exist, says {label}");
    let mut because = missing::because(e, &r, Sure::Inferred, words::clause(long, &short));
    because = if !others.is_empty() {
        because
            .known_by(format!(
                "another resolver knows the name, so it exists; {label} does not see the zone or \
                 the forwarder that the other one sees"
            ))
            .owner("DNS")
            .look("ask it alone", words::dig(name, r.seen))
            .step(format!(
                "give {label} the same forwarders and zone links as the other resolver, or take \
                 it out of the configuration"
            ))
    } else {
        let mut because = because.known_by(
            "NXDOMAIN is the zone's own word: the name is misspelt, the account was deleted or \
             has no custom subdomain, or a new name has not spread yet",
        );
        if let Some(alias) = aliases.last() {
            because = because.seen(format!("the aliases end at {alias}"));
        }
        if gives::message(r.seen).is_some_and(|answer| answer.soa.is_none()) {
            because = because.known_by(format!(
                "the answer names no zone (no SOA), as a zone should: {label} may make NXDOMAIN \
                 up itself, from a block list or a local zone"
            ));
        }
        because
            .owner("Application")
            .look("see how the account is spelt", endpoint(e))
            .step("put the endpoint that Azure shows into the application's configuration")
    };
    Some(because.check(words::dig(name, r.seen)))
}

/// The command that shows an account's endpoint.
fn endpoint(e: &Evidence) -> String {
    if e.target.private_zone.is_none() {
        return "az resource list --query \"[].{name:name,type:type}\" -o table".to_owned();
    }
    match e.target.kind {
        crate::evidence::TargetKind::OtherService => format!(
            "az resource list --name {} --query \"[].{{name:name,type:type}}\" -o table",
            reading::account(e)
        ),
        _ => "az cognitiveservices account list --query \
              \"[].{name:name,endpoint:properties.endpoint}\" -o table"
            .to_owned(),
    }
}
