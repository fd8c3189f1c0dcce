//! A private address that none of the account's endpoints has: its endpoint was created anew, and
//! the record kept the old address (facts C18, C24).

use std::net::IpAddr;

use crate::diagnose::azure::zone_steps;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Record, ZoneState};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, TargetKind, dns::record_and_zone, tunnel};

use super::zone_bypassed::OF_WRONG_ADDRESS;
use super::{downstream, record_gap, text};

pub(super) const RULE: Rule = rule!(
    "dns-address-stale",
    Dns,
    "The address is none of the account's private endpoints'",
    Code(check)
)
.explains(&["dns-address-not-expected", "dns-resolvers-disagree", "dns-system-differs"])
.explains_groups(OF_WRONG_ADDRESS)
.yields_to(&["dns-wrong-endpoint", "dns-zone-bypassed", "dns-hosts-pin"])
.short("the address is none of the account's private endpoints'");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    let all = e.dns.effective();
    let right = azure.right_addresses();
    let stale = |address: &IpAddr| right.iter().all(|one| one.address != *address);
    if all.is_empty()
        || right.is_empty()
        || !azure.knows_every_address()
        || matches!(e.options.expect, Expect::Public | Expect::Closed)
        || downstream::service_answered(e)
        || !all.iter().all(|a| tunnel::is_private(e, *a) && stale(a))
    {
        return None;
    }
    let one = right.first()?;
    let holding = case.holding(&all);
    let broken = downstream::service_not_reached(e);
    // A proxy or a load balancer in front may have an address of its own, on purpose: the record
    // is wrong for certain only where the endpoints register themselves in its zone.
    let of_machine = all.iter().any(|a| azure.may_be_in_front(*a));
    let of_gateway = of_machine || e.target.kind == TargetKind::Unknown;
    if holding.is_none() && (!broken || of_gateway) {
        return None;
    }
    let proved = !of_machine && holding.is_some_and(|state| azure.is_accounts_zone(state));
    let r = case.resolver;
    let (given, wanted) = (text::brief(&all), one.address);
    let headline = match holding {
        Some(_) => Clause::from(format!("{} has {given}, the endpoint has {wanted}", case.zone))
            .or(format!("the zone's record has {given}, the endpoint has {wanted}")),
        None => Clause::from(format!("{} gives {given}, the endpoint has {wanted}", r.label())),
    };
    let level = if broken { Level::Broken } else { Level::Risk };
    let (confidence, wrong, good) = match proved {
        true => (Confidence::Proved, " (wrong)", " (right)"),
        false => (Confidence::Inferred, "", ""),
    };
    let mut finding = FindingBuilder::new(level, confidence, headline)
        .fact(format!("{} -> {}{wrong}", e.dns.name, reading::list(&all)))
        .fact(format!(
            "{wanted} is the address of {} (resource group {}), the account's endpoint{good}",
            one.endpoint.id.name(),
            one.endpoint.id.group()
        ))
        .cites("/dns/selected")
        .cites("/azure/estate/interfaces")
        .cites("/azure/estate/connections")
        .reasoning(
            "every private endpoint connection of the account and the interface of each endpoint \
             were read: none has this address",
        )
        .reasoning(
            "an endpoint never changes its address, so the endpoint was created anew, or the \
             record was never its own",
        )
        .ruled_out("the address of another endpoint of the account")
        .owner("DNS")
        .step(zone_steps::see_interface(one.interface));
    if !proved {
        finding = finding
            .reasoning(
                "a proxy, a load balancer or an application gateway in front of the account may \
                 have this address on purpose: then the record is right, and what is there fails",
            )
            .step(Step::inspect(format!(
                "see whether something in front of the account has {given} on purpose; if so, \
                 repair that, and leave the record"
            )));
    }
    finding = match (holding, wildcard(e, &case)) {
        (Some(state), _) => in_zone(finding, &case, state, &all, wanted),
        (None, Some(state)) => by_wildcard(finding, &case, state),
        (None, None) => finding
            .reasoning(format!(
                "no visible private zone has it either: {} has a record of its own, or sees a zone \
             that this caller does not",
                r.label()
            ))
            .step(
                Step::shared(
                    format!(
                        "correct the record of {} to {wanted} where {} gets it",
                        e.dns.name,
                        r.label()
                    ),
                    format!("every client of {}, for this name only", r.label()),
                )
                .undo("write the old address back: note it first"),
            ),
    };
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}

/// The zone that the resolver's network is linked to, where it has no record of the name and Azure's
/// alias leads into it all the same: a wildcard record answers, or a zone of the resolver's own.
fn wildcard<'a>(e: &View<'_>, case: &'a ZoneCase<'_>) -> Option<&'a ZoneState<'a>> {
    let alias = case.resolver.seen.privatelink_alias(&e.dns.name)?;
    let into_zone = record_and_zone(&alias).is_some_and(|(_, zone)| zone == case.zone);
    case.linked().filter(|state| into_zone && matches!(state.record, Record::Absent))
}

fn by_wildcard(
    finding: FindingBuilder,
    case: &ZoneCase<'_>,
    state: &ZoneState<'_>,
) -> FindingBuilder {
    let (label, zone) = (case.resolver.label(), &state.zone.id);
    let finding = finding
        .fact(format!(
            "{} (resource group {}) has no record {}",
            case.zone,
            zone.group(),
            case.record
        ))
        .cites(format!("/azure{}/record", state.pointer))
        .reasoning(format!(
            "Azure's alias leads into {}, which has no record of the account: a wildcard record \
             there gives the address, or {label} has a zone of that name itself",
            case.zone
        ))
        .step(zone_steps::see_record(zone, "*"));
    record_gap::register(
        finding,
        &case.zone,
        "create",
        "have the endpoint register its own record, which comes before a wildcard",
    )
}

fn in_zone(
    finding: FindingBuilder,
    case: &ZoneCase<'_>,
    state: &ZoneState<'_>,
    all: &[IpAddr],
    wanted: IpAddr,
) -> FindingBuilder {
    let zone = &state.zone.id;
    let finding = finding
        .fact(format!(
            "{} (resource group {}) has {} -> {}",
            case.zone,
            zone.group(),
            case.record,
            reading::list(all)
        ))
        .cites(format!("/azure{}/record", state.pointer))
        .step(zone_steps::see_record(zone, &case.record));
    let steps = zone_steps::correct_record(state, &case.record, all, wanted);
    steps.into_iter().fold(finding, FindingBuilder::step)
}
