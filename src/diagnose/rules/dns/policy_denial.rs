//! A policy or a block list that leaves out one name, or the alias that it leads to (facts D195 to D197).

use std::net::IpAddr;

use crate::diagnose::resolver_class::is_azure_private;
use crate::diagnose::view::contradictions::is_microsoft_zone;
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::Step;
use crate::evidence::dns::{Answer, Rcode, Soa};

use super::advice::Resolver;
use super::record_gap::zone_answered;
use super::text;

/// What of an answer itself shows that a policy gave it: the last name of its chain is left out.
pub(super) fn said<'a>(
    e: &'a View<'_>,
    r: &'a ResolverView<'_>,
    answer: &'a Answer,
) -> impl Iterator<Item = String> + 'a {
    // 15 is also what dnsmasq adds where it removes a private address.
    let lowest = if answer.rcode == Rcode::NxDomain { 15 } else { 16 };
    let by_error = answer.extended_errors.iter().any(|error| (lowest..=18).contains(&error.code));
    let label = r.label();
    let by_error = by_error.then(move || {
        format!("{label} itself adds that it, or a server that it asks, blocks the name")
    });
    let name = left_out(e, r);
    let elsewhere = |soa: &&Soa| {
        // The alias into a zone of Azure's may have been left out of the answer.
        !soa.zone.trim_end_matches('.').is_empty()
            && !text::is_within(&name, &soa.zone)
            && !is_azure_private(soa)
            && !is_microsoft_zone(soa)
    };
    let by_zone = answer.soa.as_ref().filter(elsewhere).map(|soa| {
        format!(
            "{} is not a zone in which {name} can be: a response policy names its own zone",
            soa.zone
        )
    });
    let by_apex = denies_its_own_zone(&name, answer).then(|| {
        format!(
            "the answer denies {name} and names a zone of that very name, which would hold it: a policy \
             makes such an answer up (Knot Resolver does)"
        )
    });
    by_error.into_iter().chain(by_zone).chain(by_apex)
}

/// Whether an answer denies a name and names a zone of that name, which exists where the zone does.
pub(super) fn denies_its_own_zone(name: &str, answer: &Answer) -> bool {
    let is = |soa: &Soa| soa.zone.trim_end_matches('.').eq_ignore_ascii_case(name);
    answer.rcode == Rcode::NxDomain && answer.soa.as_ref().is_some_and(is)
}

/// The name that an answer without an address leaves out: the last alias, or the name itself.
fn left_out(e: &View<'_>, r: &ResolverView<'_>) -> String {
    r.seen.aliases(&e.dns.name).pop().unwrap_or_else(|| e.dns.name.clone())
}

/// What shows that a policy or a block list leaves out this one name (facts D195 to D197).
pub(super) struct Blocked<'a> {
    /// The name, or the alias that is left out.
    pub(super) name: String,
    /// The privatelink name, which the same resolver finds in the private zone, with its address.
    pub(super) record: Option<(&'a str, Option<IpAddr>)>,
    /// What of the answer itself shows it.
    said: Vec<String>,
}

/// Whether a policy leaves out this one name: by the answer's own word, or because the private zone
/// has the name's record and no zone above the name gave this answer.
pub(super) fn blocked<'a>(
    e: &'a View<'_>,
    r: &ResolverView<'a>,
    answer: &Answer,
) -> Option<Blocked<'a>> {
    let mut said: Vec<String> = said(e, r, answer).collect();
    let name = left_out(e, r);
    // An alias ends in zones of which this program knows less.
    if name != e.dns.name {
        return (!said.is_empty()).then_some(Blocked { name, record: None, said });
    }
    let label = r.label();
    let denied = answer.rcode == Rcode::NxDomain;
    let by_zone = zone_answered(e, answer);
    if answer.authoritative
        && answer.soa.is_none()
        && dns_experiments::suffix_soa(e, r.seen).is_some_and(is_microsoft_zone)
    {
        said.push(format!(
            "{label} sets AA, as an authority for the name does, and gives {} from Microsoft's own \
             zone: it has data of its own for this one name",
            reading::public_suffix(e)
        ));
    }
    let record = dns_experiments::record_in_private_zone(e, r.seen).filter(|_| !by_zone);
    let record = record.filter(|(_, address)| denied || address.is_some());
    (record.is_some() || !said.is_empty()).then_some(Blocked { name, record, said })
}

impl Blocked<'_> {
    /// The finding with what shows it, whose it is, and how the name is let through.
    pub(super) fn add(
        self,
        mut finding: FindingBuilder,
        e: &View<'_>,
        r: &ResolverView<'_>,
    ) -> FindingBuilder {
        let (name, label) = (&self.name, r.label());
        let only_record = self.said.is_empty();
        for sentence in self.said {
            finding = finding.reasoning(sentence);
        }
        if let Some((record, address)) = self.record {
            let found = address.map_or("it is in the private zone".to_owned(), |a| a.to_string());
            finding = finding
                .fact(format!("{record} asked directly: {found}"))
                .reasoning(
                    "the private zone has the record of this very name, and the same resolver finds \
                     it: a block list, a response policy or local data leaves out the original name",
                )
                .ruled_out("a misspelt name");
            for pointer in
                dns_experiments::pointers(e, r.seen, &["privatelink-name", "parent-zone"])
            {
                finding = finding.cites(pointer);
            }
        }
        if only_record {
            finding = finding
                .reasoning(
                    "an account that was deleted, with a record that was left, looks the same where \
                     a cache gives the denial without its zone (SOA)",
                )
                .decide_with(format!("dig {} @<another resolver>", reading::word(name)));
        }
        let resolver = Resolver::of(e, r);
        let finding = resolver
            .who(finding)
            .owner(resolver.owner())
            .inspect("see the answer in full", text::dig(name, r.seen));
        let finding = resolver.inspect(finding);
        finding.step(match resolver.place() {
            Some(place) => Step::shared(
                format!(
                    "{place}: find what leaves out {name} (BIND `response-policy`, unbound \
                     `local-zone`, dnsmasq `address=`, a filter), and exempt this one name, once the \
                     owner of the list agrees: the block may be deliberate"
                ),
                format!("every client of {label}, for this name only"),
            )
            .undo("remove the exception again"),
            None => Step::shared(
                format!("exempt {name} from the filter in your account with {label}, if you have one"),
                "every client of that account",
            )
            .undo("remove the exception again"),
        })
    }
}

/// The finding where the chain of aliases leaves Azure's domains and ends without an address: whose alias
/// it is, and how it goes. `ends` says what becomes of the last alias.
pub(super) fn led_elsewhere(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    last: &str,
    ends: &str,
) -> FindingBuilder {
    let (name, label) = (&e.dns.name, r.label());
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(finding)
        .fact(format!("{name} -> {} -> nothing", r.seen.aliases(name).join(" -> ")))
        .reasoning(format!(
            "{last} is in none of the domains that Azure's own chains are known to pass: {label}, or a \
             server that it asks, leads the name there by a record of its own or a policy (BIND \
             `response-policy`, dnsmasq `cname=`, the sinkhole of a firewall), and {last} {ends}"
        ))
        .ruled_out("a misspelt account")
        .owner(resolver.owner())
        .inspect("see the answer in full", text::dig(name, r.seen));
    let place = resolver.place().unwrap_or_else(|| format!("instead of {label}"));
    resolver.inspect(finding).step(
        Step::shared(
            format!(
                "{place}: remove what leads {name} to {last}, once its owner agrees, or make {last} \
                 resolve: it may be deliberate"
            ),
            format!("every client of {label}, for this name only"),
        )
        .undo("put the record or the rule back"),
    )
}
