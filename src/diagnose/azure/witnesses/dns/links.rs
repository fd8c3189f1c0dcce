//! Whether the private zone is linked to the network whose Azure DNS the resolver asks.

use crate::diagnose::azure::{Proof, Ruling, zone_steps};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::dns::{AskedFrom, Origin};
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Link, Record, ZoneState};
use crate::diagnosis::Step;
use crate::evidence::azure::{ResourceId, ZoneLink};
use crate::sorting;

use super::{by_origin, keep, missing, named, not_placed, open, record_words, records, who};

const LINKS: &str = "Microsoft.Network/privateDnsZones/virtualNetworkLinks/read";
const ZONES: &str = "Microsoft.Network/privateDnsZones/read";

/// Whether the zone is linked to the resolver's network, and the link complete.
pub(super) fn zone_not_linked(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let Some(origin) = case.origin() else {
        return not_placed(azure, &case).or_else(|| no_zone(&case, azure));
    };
    let Some(wanted) = case.wanted(azure) else { return undecided(&case, azure) };
    // A network links to one zone of a name: with another one in place, this link is not what lacks.
    if case.linked().is_some_and(|linked| linked.zone.id != wanted.zone.id) {
        return None;
    }
    match wanted.link {
        Link::InProgress(link) => Some(in_progress(e, azure, &case, origin, wanted, link)),
        Link::Missing => Some(not_linked(e, azure, &case, origin, wanted)),
        Link::Done(_) => None,
        Link::Unknown => open([missing(&wanted.zone.links, LINKS, wanted.zone.id.as_str())]),
    }
}

/// Which of three: the endpoint does not register, the zone is not linked, or the forwarder's fault,
/// which is a finding of its own.
pub(super) fn suffix_left_out(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let lacks = case.wanted(azure).is_some_and(|wanted| wanted.record == Record::Absent);
    let registered = lacks.then(|| records::why_absent(azure, &case)).flatten();
    let linked = case.linked().is_some();
    match registered {
        Some(proof) if linked || case.resolver.outcome.addresses().is_empty() => {
            Some(records::by_zone(&case, keep(proof, e)))
        }
        _ => zone_not_linked(e, azure),
    }
}

/// A resolver outside every network: what the private record says, and which resolvers see it.
pub(super) fn outside_resolver(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    if !matches!(case.from, AskedFrom::Outside) {
        return None;
    }
    let Some(wanted) = case.wanted(azure) else { return no_zone(&case, azure) };
    let fact = record_words(wanted, azure, &case.record)?;
    let networks: Vec<ResourceId> =
        wanted.zone.links.items().iter().filter_map(|link| link.network.clone()).collect();
    let mut proof = Proof::default().fact(fact).cites(format!("{}/record", wanted.pointer));
    if !networks.is_empty() {
        let names: Vec<String> = networks.iter().map(named).collect();
        proof = proof
            .fact(format!("{} is linked to {}", case.zone, names.join(", ")))
            .cites(format!("{}/links", wanted.pointer));
    }
    let inbound: Vec<String> = azure
        .inbound_in(&networks)
        .filter_map(|one| Some(format!("{} ({})", one.addresses.first()?, one.id.name())))
        .collect();
    if !inbound.is_empty() {
        proof = proof
            .fact(format!("inbound endpoints that see it: {}", inbound.join(", ")))
            .cites("/estate/inbound_endpoints");
    }
    Some(match wanted.record {
        Record::Right(_) => Ruling::Proves(proof),
        _ => Ruling::Suggests(proof),
    })
}

/// Whose zone shadows the public suffix.
pub(super) fn parent_zone(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let case = ZoneCase::of(e, azure)?;
    let suffix = reading::public_suffix(e);
    let above = azure.estate().zones.items().iter().filter(|zone| {
        let name = zone.name.as_str();
        name == suffix || suffix.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'))
    });
    let mut names: Vec<&str> = above.map(|zone| zone.name.as_str()).collect();
    // The longest name is the zone that answers.
    sorting::by_key(&mut names, |name| std::cmp::Reverse(name.len()));
    names.dedup();
    let Some(origin) = case.origin() else {
        return not_placed(azure, &case);
    };
    let found = names.iter().find_map(|name| {
        let states = azure.zones_named(name, Some(&origin.network));
        states.into_iter().find(|state| matches!(state.link, Link::Done(_)))
    });
    let Some(state) = found else {
        return open([missing(&azure.estate().zones, ZONES, "the resource group of that zone")]);
    };
    let Link::Done(link) = state.link else { return None };
    let network = origin.network.name();
    let zone = &state.zone.id;
    let headline = Clause::from(format!("your zone {} is linked to {network}", zone.name()))
        .or(format!("a zone of your own hides {suffix}"));
    let mut proof = Proof::default()
        .headline(headline)
        .fact(format!(
            "{} is linked to {} by {}",
            named(zone),
            named(&origin.network),
            link.id.name()
        ))
        .fact(who(&case.resolver.label(), origin))
        .cites(format!("{}/links", state.pointer))
        .cites(origin.server.pointer())
        .reasoning(format!(
            "a private zone named {} hides every name under it that it does not hold, Azure's \
             included",
            zone.name()
        ))
        .owner("DNS");
    if let Some(words) = record_words(&state, azure, &case.record) {
        proof = proof.fact(words);
    }
    let keep_zone = reading::private_zone(e);
    let affects = format!(
        "every client of {network}: names of {suffix} then follow Azure's public chain, privately \
         where {keep_zone} has a record, else publicly, and records that exist only in {} are lost",
        zone.name()
    );
    let proof = proof.step(zone_steps::see_records(zone)).step(zone_steps::unlink(
        &link.id,
        zone,
        &origin.network,
        affects,
    ));
    Some(match state.zone.links.proved() {
        Some(_) => by_origin(origin, keep(proof, e)),
        None => Ruling::Suggests(proof),
    })
}

fn not_linked(
    e: &View<'_>,
    azure: &AzureView<'_>,
    case: &ZoneCase<'_>,
    origin: &Origin<'_>,
    wanted: &ZoneState<'_>,
) -> Ruling {
    let (zone, network) = (&wanted.zone.id, &origin.network);
    let label = case.resolver.label();
    let headline = Clause::from(format!("{} is not linked to {}", case.zone, network.name()))
        .or(format!("the private zone is not linked to {}", network.name()))
        .or("the private zone is not linked to the resolver's network");
    let linked: Vec<&str> = wanted
        .zone
        .links
        .items()
        .iter()
        .filter_map(|link| Some(link.network.as_ref()?.name()))
        .collect();
    let mut proof = Proof::default()
        .headline(headline)
        .fact(who(&label, origin))
        .fact(format!(
            "{} is linked to {}, not to {}",
            named(zone),
            if linked.is_empty() { "no network".to_owned() } else { linked.join(", ") },
            network.name()
        ))
        .reasoning(format!(
            "the whole list of the zone's links was read: without a link to {}, Azure DNS there \
             answers with the public address",
            network.name()
        ))
        .cites(format!("{}/links", wanted.pointer))
        .cites(origin.server.pointer())
        .owner("DNS");
    if let Some(words) = record_words(wanted, azure, &case.record) {
        proof = proof.fact(words).cites(format!("{}/record", wanted.pointer));
    }
    proof = match wanted.record {
        Record::Right(_) => {
            proof.ruled_out("a missing or stale record: the zone has the endpoint's address")
        }
        _ => proof,
    };
    let proof = proof.step(zone_steps::see_links(zone));
    if !azure.is_accounts_zone(wanted) {
        return Ruling::Suggests(not_known_as_the_accounts(azure, case, wanted, proof));
    }
    let mut proof = proof.step(zone_steps::link(zone, network, reading::public_suffix(e)));
    if wanted.record == Record::Absent
        && let Some(endpoint) = azure.right_addresses().first()
    {
        proof = proof.step(zone_steps::register(endpoint.endpoint, zone));
    }
    if let Some(forwarded) = azure.forwarded(network, &e.dns.name) {
        let proof = Proof { headline: None, steps: Vec::new(), ..proof };
        return Ruling::Suggests(proof.reasoning(format!(
            "the ruleset {} of {} sends {} to {}, and that server answers: a link there does not \
             change this name",
            forwarded.ruleset.id.name(),
            network.name(),
            domain(&forwarded.rule.domain),
            forwarded.rule.targets.join(", ")
        )));
    }
    by_origin(origin, keep(proof, e))
}

/// Another team may have a zone of the same name: a link to theirs does not help.
fn not_known_as_the_accounts(
    azure: &AzureView<'_>,
    case: &ZoneCase<'_>,
    wanted: &ZoneState<'_>,
    proof: Proof,
) -> Proof {
    let same_name = |zone: &&&ResourceId| zone.name().eq_ignore_ascii_case(&case.zone);
    let proof = Proof { headline: None, ..proof };
    match azure.registered_in().iter().find(same_name) {
        Some(zone) => proof.reasoning(format!(
            "the account's endpoint registers in {}, which is not visible: its links decide, and \
             those of {} do not",
            named(zone),
            named(&wanted.zone.id)
        )),
        None => proof
            .reasoning(format!(
                "nothing visible shows that {} is the account's zone: no endpoint is seen that \
                 registers there, and its record is not known as right",
                named(&wanted.zone.id)
            ))
            .step(zone_steps::see_record(&wanted.zone.id, &case.record)),
    }
}

fn in_progress(
    e: &View<'_>,
    azure: &AzureView<'_>,
    case: &ZoneCase<'_>,
    origin: &Origin<'_>,
    wanted: &ZoneState<'_>,
    link: &ZoneLink,
) -> Ruling {
    let network = origin.network.name();
    let mut proof = Proof::default()
        .headline(
            Clause::from(format!("the link {} of the private zone is in progress", link.id.name()))
                .or("the private zone's link is still in progress"),
        )
        .fact(format!(
            "the link {} of {} to {network} is in progress",
            link.id.name(),
            named(&wanted.zone.id)
        ))
        .fact(who(&case.resolver.label(), origin))
        .reasoning(format!(
            "Azure DNS in {network} does not see the zone until the link is complete"
        ))
        .cites(format!("{}/links", wanted.pointer))
        .owner("DNS")
        .step(zone_steps::see_links(&wanted.zone.id))
        .step(Step::inspect("wait until its state is Completed, then check again"));
    if let Some(words) = record_words(wanted, azure, &case.record) {
        proof = proof.fact(words);
    }
    match wanted.zone.links.proved() {
        Some(_) => by_origin(origin, keep(proof, e)),
        None => Ruling::Suggests(proof),
    }
}

/// No zone of that name is visible, or several and nothing shows which one is meant.
fn undecided(case: &ZoneCase<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    if case.zones.is_empty() {
        return no_zone(case, azure);
    }
    let lists = case.zones.iter().map(|state| {
        missing(&state.zone.links, LINKS, state.zone.id.as_str()).or_else(|| {
            missing(
                &state.zone.record,
                "Microsoft.Network/privateDnsZones/A/read",
                state.zone.id.as_str(),
            )
        })
    });
    open(lists)
}

fn no_zone(case: &ZoneCase<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    if !case.zones.is_empty() {
        return None;
    }
    let over = format!("the resource group of {}", case.zone);
    // Rows that the caller may not see are missing without a sign (fact C2).
    open([missing(&azure.estate().zones, ZONES, &over).or_else(|| {
        azure.estate().zones.known().map(|_| format!("{ZONES} over {over}, which is not visible,"))
    })])
}

/// A rule's domain in words.
pub(super) fn domain(domain: &str) -> &str {
    if domain.is_empty() { "every name" } else { domain }
}
