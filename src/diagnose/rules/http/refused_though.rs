//! The service refuses the call's network, and Azure shows that it should not (facts H1, H3, H4a,
//! T21, X1): contradictions of path and control plane.

use std::net::IpAddr;

use super::refusal_match::{MatchedRefusal, find_refusal, walked, walked_private};
use crate::diagnose::azure::commands;
use crate::diagnose::engines::network_refusal::egress;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::access::{PublicAccess, public_access};
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::azure::{ConnectionStatus, ResourceId};
use crate::evidence::{Expect, classify};

pub(super) const APPROVED: Rule = rule!(
    "http-refused-though-approved",
    Http,
    "Azure shows the private endpoint connection Approved, and the service refuses",
    Code(approved)
)
.short("403, though the endpoint's connection is Approved");

pub(super) const ALLOWED: Rule = rule!(
    "http-refused-though-allowed",
    Http,
    "Azure shows that the account lets this network in, and the service refuses",
    Code(allowed)
)
.short("403, though Azure shows that this network is let in");

const PUBLIC_ACCESS: &str = "http-public-access-disabled";
const NETWORK_RULES: &str = "http-network-rules";
const NOT_APPROVED: &str = "http-endpoint-not-approved";

fn refusal<'e>(e: &View<'e>, ids: &[&str]) -> Option<MatchedRefusal<'e>> {
    if e.options.expect == Expect::Closed {
        return None;
    }
    ids.iter().find_map(|id| find_refusal(e, id))
}

/// When a resource was changed, as a sentence about what that means.
fn since(e: &View<'_>, id: &ResourceId, what: &str) -> String {
    match e.azure.as_ref().and_then(|azure| azure.changed(id)) {
        Some(span) => format!(
            "{what} was changed {span} before this check: such a change takes minutes to reach \
             the service, for a new endpoint up to hours"
        ),
        None => format!(
            "no change of {what} in the last hour is visible; such a change takes minutes to \
             reach the service, for a new endpoint up to hours"
        ),
    }
}

fn approved(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let refusal = refusal(e, &[NOT_APPROVED, PUBLIC_ACCESS, NETWORK_RULES])?;
    let ip = walked(e).filter(|_| walked_private(e) && !reading::proxied(e))?;
    let Owner::Account(endpoint) = azure.owner(ip) else { return None };
    azure.estate().connections.proved()?;
    let connection = endpoint.connection.filter(|c| c.status == ConnectionStatus::Approved)?;
    let names = &endpoint.configuration.fqdns;
    if !names.is_empty() && !names.iter().any(|name| name.eq_ignore_ascii_case(&e.target.host)) {
        return None;
    }
    let name = endpoint.id.name();
    let finding = refusal
        .finding(refusal.level(e), Confidence::Inferred, "")
        .headline(
            Clause::from(format!("the service refuses {ip}, though Azure shows {name} Approved"))
                .or(format!("403 at {ip}, though its connection is Approved")),
        )
        .fact(format!("{ip} is an address of the account's private endpoint {name}"))
        .fact(format!("the connection {}: Approved", connection.id.name()))
        .ruled_out("a connection that is not approved: Azure shows it Approved")
        .ruled_out(format!("another account's endpoint: {ip} is an address of {name}"))
        .cites("/azure/estate/connections")
        .cites("/azure/estate/interfaces");
    let seen = egress(&refusal).filter(|seen| classify(*seen).is_public());
    let finding = match seen {
        Some(seen) => finding
            .fact(format!("the service saw the call coming from {seen}"))
            .reasoning(format!(
                "the endpoint is right and approved, and the service saw the public address \
                 {seen}: a device on the path (a firewall's application rule, a transparent \
                 proxy) terminates the connection and forwards the call from there"
            ))
            .owner("Network (firewall)"),
        None => finding
            .reasoning(since(e, endpoint.id, "the endpoint"))
            .reasoning(
                "or a device on the path terminates the connection and forwards the call from its \
                 own public address",
            )
            .owner("Azure platform"),
    };
    let finding = finding
        .inspect("see the connection at the account", commands::connection(&connection.id))
        .step(Step::inspect(match seen {
            Some(_) => {
                "see in the firewall's log which rule takes the connection: an application rule \
                 or TLS inspection ends it there, a network rule does not"
            }
            None => {
                "wait and check again; if it stays for hours, ask the platform team to open a \
                 support request with the connection's id"
            }
        }))
        .about_a(reading::noun(e));
    Some(finding.check(reading::again(e)))
}

fn allowed(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let account = azure.estate().account.proved()?;
    if walked_private(e) {
        return None;
    }
    let refusal = refusal(e, &[NETWORK_RULES, PUBLIC_ACCESS])?;
    let seen = egress(&refusal);
    let (headline, fact) = by_settings(
        account.id.name(),
        refusal.row.id == PUBLIC_ACCESS,
        account.public_network_access.as_deref(),
        seen.map(|seen| (seen, public_access(account, seen))),
    )?;
    let finding = refusal
        .finding(refusal.level(e), Confidence::Inferred, "")
        .headline(headline)
        .fact(fact)
        .reasoning(since(e, &account.id, "the account"))
        .reasoning(
            "or the name leads to another account than Azure lists under it, or a network \
             security perimeter decides",
        )
        .cites("/azure/estate/account")
        .owner("Azure platform")
        .inspect(
            "see the account's network settings",
            commands::show(
                &account.id,
                "properties.{endpoint:endpoint,access:publicNetworkAccess,rules:networkAcls}",
            ),
        )
        .step(Step::inspect("wait some minutes and check again, before changing anything"))
        .about_a(reading::noun(e));
    Some(finding.check(reading::again(e)))
}

/// The contradiction in words, if the settings let the call in.
fn by_settings(
    name: &str,
    names_switch: bool,
    access: Option<&str>,
    seen: Option<(IpAddr, PublicAccess)>,
) -> Option<(Clause, String)> {
    let enabled = access.is_some_and(|access| access.eq_ignore_ascii_case("Enabled"));
    if names_switch {
        return enabled.then(|| {
            (
                Clause::from(format!(
                    "403 public access is disabled, and Azure shows {name} Enabled"
                ))
                .or("403 public access is disabled, and Azure shows it Enabled"),
                format!("{name}: publicNetworkAccess Enabled"),
            )
        });
    }
    match seen? {
        (ip, PublicAccess::Listed) => Some((
            Clause::from(format!("403, though Azure shows {ip} in the IP rules of {name}"))
                .or(format!("403, though Azure shows {ip} in the IP rules")),
            format!("{name}: an IP rule has {ip}, from which the service saw the call coming"),
        )),
        (ip, PublicAccess::Open) => Some((
            Clause::from(format!("403, though Azure shows {name} open to every network"))
                .or("403, though Azure shows the account open to every network"),
            format!("{name}: default action Allow; the service saw the call coming from {ip}"),
        )),
        _ => None,
    }
}
