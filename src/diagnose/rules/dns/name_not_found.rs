//! The original name does not exist, and nothing shows that its parent zone is the operator's own
//! (facts D62, D63, D64).

use crate::diagnose::view::{dns_experiments, resolver_view};
use crate::diagnose::{FindingBuilder, Rule, View, account, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::dns::is_privatelink;
use crate::services::azure_ai;

use super::advice::{Resolver, Upstream};
use super::record_gap::{self, RecordGap};
use super::{libc_lookup, policy_denial, text};

pub(super) const RULE: Rule =
    rule!("dns-name-not-found", Dns, "The name does not exist", Code(check))
        .for_tokens(crate::diagnose::ForTokens::NoSuchName)
        .explains(&["dns-system-fails", "dns-resolvers-disagree"])
        .explains_groups(record_gap::SYMPTOMS)
        .decided_by(&["zone-soa", "privatelink-name", "parent-zone"]);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, RecordGap::Name) = record_gap::of(e)? else { return None };
    let name = &e.dns.name;
    let label = r.label();
    let others = text::other_answers(e.dns.resolver_views(), r.index);
    let aliases = r.seen.aliases(name);
    let long = match (others.first(), aliases.last()) {
        (Some((_, text)), _) => format!("{label} answers NXDOMAIN, while {text}"),
        (None, Some(last)) => format!("{label} answers NXDOMAIN for the alias {last}"),
        (None, None) => format!("{label} answers NXDOMAIN for {name}"),
    };
    let short = format!("{label} answers NXDOMAIN: the name does not exist there");
    let answer = resolver_view::message(r.seen)?;
    let blocked = policy_denial::blocked(e, r, answer);
    let message = match &blocked {
        Some(blocked) if blocked.name != *name => text::clause(
            format!("{label} denies the alias {}, as a policy or a block list does", blocked.name),
            "the resolver denies the alias of the name, as a block list does",
        ),
        Some(_) => text::clause(
            format!("{label} denies {name} alone, as a policy or a block list does"),
            "the resolver denies this one name, as a block list does",
        ),
        None => text::clause(long, &short),
    };
    let mut finding = record_gap::finding(e, r, Confidence::Inferred, message);
    let resolver = Resolver::of(e, r);
    finding = if let Some(blocked) = blocked {
        if let Some(last) = aliases.last() {
            finding = finding
                .fact(format!("{name} -> {} -> nothing", aliases.join(" -> ")))
                .reasoning(format!("the name itself exists, as an alias: {last} is denied"))
                .ruled_out("a misspelt account");
        }
        blocked.add(finding, e, r)
    } else if !others.is_empty() {
        finding = resolver
            .who(finding)
            .reasoning(format!(
                "another resolver knows the name, so it exists; {label} does not see the zone or \
                 the forwarder that the other one uses"
            ))
            .owner(resolver.owner())
            .inspect("ask it directly", text::dig(name, r.seen));
        finding = resolver.inspect(finding);
        if let Some(place) = resolver.place() {
            finding = finding.step(
                Step::shared(
                    format!("{place}: configure the same forwarders as on the other resolver"),
                    "every client of that configuration",
                )
                .undo("put the old forwarders back"),
            );
        }
        finding.step(
            Step::local(format!("remove {label} from this machine's configuration"))
                .or()
                .undo("put the entry back"),
        )
    } else if let Some(last) = record_gap::rewritten_to(e, r) {
        policy_denial::led_elsewhere(finding, e, r, &last, "does not exist")
    } else if let Some(last) = aliases.last().filter(|_| of_azure(e)) {
        let zone = last.split_once('.').map_or(last.as_str(), |(_, zone)| zone);
        resolver.upstream(
            resolver
                .who(finding)
                .fact(format!("{name} -> {} -> nothing", aliases.join(" -> ")))
                .reasoning(format!(
                    "the name itself exists: it is an alias. {label}, or a server that it asks, \
                     denies {last}: a block list, a filter or a zone of your own for {zone}; an \
                     account that was just deleted looks the same"
                ))
                .ruled_out("a misspelt account")
                .inspect("ask for the alias directly", text::dig(last, r.seen)),
            Upstream::Zone(zone),
        )
    } else if reading::service(e).is_some_and(|service| service.endpoints.is_empty()) {
        // A host of no resource of Azure: a certificate names it, so that it is spelt right.
        resolver.upstream(
            resolver
                .who(finding)
                .reasoning(format!(
                    "certificates name this host: {label} does not resolve names of the internet, \
                     or denies this one by a block list or a local zone"
                ))
                .ruled_out("a misspelt name")
                .inspect("ask for it directly", text::dig(name, r.seen)),
            Upstream::Everything,
        )
    } else if let Some(zone) = in_private_zone_alone(e) {
        let links = format!("az network private-dns link vnet list -g <group> -z {zone} -o table");
        resolver.upstream(
            resolver
                .who(finding)
                .reasoning(format!(
                    "the private zone {zone} alone has this name: a resolver that does not see the zone \
                     answers that it does not exist, as one does whose virtual network has no link to the \
                     zone, or that forwards elsewhere; a name of what was deleted looks the same"
                ))
                .inspect("see which networks the zone is linked to; it may be in a group that Azure made", links),
            Upstream::Zone(zone),
        )
    } else {
        let resource = account::resource(e);
        let other = resource != azure_ai::RESOURCE;
        let gone = match (other, resource.recoverable) {
            (false, _) => "the account was deleted or has no custom subdomain".to_owned(),
            (true, true) => {
                format!("the {} was deleted (it can be recovered for some time)", resource.noun)
            }
            (true, false) => format!("the {} was deleted", resource.noun),
        };
        let by = match record_gap::zone_answered(e, answer) {
            true => "the zone itself answers NXDOMAIN",
            false => "the answer is NXDOMAIN",
        };
        let mut finding = match dns_experiments::record_in_private_zone(e, r.seen) {
            Some((record, _)) => finding
                .fact(format!("{record} asked directly: it is in the private zone"))
                .reasoning(format!(
                    "{by}, and the private zone still has the record of this name: {gone}, and its \
                     record was left"
                )),
            None => finding.reasoning(format!(
                "{by}: the name is misspelt, {gone}, or a new name has not propagated yet"
            )),
        };
        if other && resource.recoverable {
            finding = finding.inspect("see the deleted ones", account::list_deleted(e));
        }
        if let Some(alias) = aliases.last() {
            finding = finding.fact(format!("the aliases end at {alias}"));
        }
        if answer.soa.is_none() {
            finding = finding.reasoning(format!(
                "the answer names no zone (no SOA), as a real zone would: {label} may deny the \
                 name itself, by a block list or a local zone"
            ));
            finding = resolver.who(finding);
        }
        finding.owner("Application").inspect("see how the account is spelt", endpoint(e)).step(
            Step::local("put the endpoint that Azure shows into the application's configuration")
                .undo("put the old endpoint back"),
        )
    };
    Some(
        libc_lookup::empty_cache(record_gap::search_steps(finding, e), e)
            .check(text::dig(name, r.seen)),
    )
}

/// The private zone that the name is in, where its clients call it by that name and no public zone has it
/// (fact D274).
fn in_private_zone_alone<'a>(e: &'a View<'_>) -> Option<&'a str> {
    reading::service(e).filter(|service| service.called_by_private_name)?;
    let (_, zone) = e.dns.name.split_once('.').filter(|_| is_privatelink(&e.dns.name))?;
    Some(zone)
}

/// Whether the name is under a suffix of Azure, so that its aliases are Azure's too.
fn of_azure(e: &View<'_>) -> bool {
    e.target.public_suffix.as_deref().is_some_and(|suffix| text::is_within(&e.dns.name, suffix))
}

/// The command that shows an account's endpoint.
fn endpoint(e: &View<'_>) -> String {
    if e.target.private_zone.is_none() {
        return "az resource list --query \"[].{name:name,type:type}\" -o table".to_owned();
    }
    match e.target.kind {
        crate::evidence::TargetKind::OtherService => {
            match reading::service(e).and_then(|service| service.resource) {
                Some(resource) => format!(
                    "az resource list --resource-type {} --query \
                     \"[].{{name:name,group:resourceGroup}}\" -o table",
                    resource.kind
                ),
                None => format!(
                    "az resource list --name {} --query \"[].{{name:name,type:type}}\" -o table",
                    reading::account(e)
                ),
            }
        }
        _ => account::endpoints(e),
    }
}
