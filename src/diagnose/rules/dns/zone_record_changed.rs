//! The path works by an address that the private zone no longer has, or has next to a wrong one, as
//! Resource Manager shows: a resolver's cache keeps it until its time to live ends (facts C18, C24,
//! C25), and clients that get the other one find no endpoint there.

use std::net::IpAddr;

use crate::diagnose::azure::zone_steps;
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::Record;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, tunnel};

use super::{downstream, text};

pub(super) const RULE: Rule = rule!(
    "dns-zone-record-changed",
    Dns,
    "The path works by an address that is not what the private zone has now",
    Code(check)
)
.short("the private zone has another record than the one in use");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    let (origin, state, r) = (case.origin()?, case.linked()?, case.resolver);
    // The answer came out of a private zone, and leads to an endpoint of the account.
    let right = azure.right_addresses();
    let is_right = |address: &IpAddr| right.iter().any(|one| one.address == *address);
    let used = e.dns.effective();
    let alias = r.seen.privatelink_alias(&e.dns.name).is_some();
    if !alias
        || !downstream::service_answered(e)
        || used.is_empty()
        || !used.iter().all(is_right)
        || matches!(e.options.expect, Expect::Public | Expect::Closed)
        || !origin.certain
        || state.zone.links.proved().is_none()
    {
        return None;
    }
    // A server of that network may forward to another one, whose zone has the record.
    let elsewhere = case.zones.iter().any(|other| matches!(other.record, Record::Right(_)));
    if elsewhere && !origin.decides() {
        return None;
    }
    let given: &[IpAddr] = match &state.record {
        Record::Wrong(given) => given,
        Record::Absent => &[],
        _ => return None,
    };
    let wrong: Vec<IpAddr> = given.iter().copied().filter(|a| !is_right(a)).collect();
    // One of several addresses of the record is right.
    let mixed = wrong.len() < given.len();
    // What may be in front of the account on purpose is no fault to come.
    if wrong.iter().any(|a| azure.may_be_in_front(*a) || !tunnel::is_private(e, *a)) {
        return None;
    }
    // What no visible interface has may belong to something that is not visible.
    let visible = !wrong.iter().any(|a| matches!(azure.owner(*a), Owner::NotVisible));
    let whose = match visible {
        true => "which is not the account's endpoint",
        false => "which no endpoint has that is visible here",
    };
    // A record that has one of the right addresses keeps it.
    let kept = right.iter().find(|one| given.contains(&one.address));
    let one = kept.or_else(|| right.first())?;
    let (has, zone) = (text::brief(&wrong), &state.zone.id);
    let headline = match given.is_empty() {
        true => Clause::from(format!("{} has no record {} any more", case.zone, case.record))
            .or("the private zone has no record of the name now"),
        false if mixed => Clause::from(format!("{} has {has} too, {whose}", case.zone))
            .or(format!("the private zone has {has} too, {whose}"))
            .or("the private zone has a second address of the name"),
        false => {
            Clause::from(format!("{} has {has} now, the endpoint has {}", case.zone, one.address))
                .or(format!("the private zone has {has} now, not {}", one.address))
        }
    };
    let ttl = r.seen.a_answer().and_then(|answer| answer.records.iter().map(|x| x.ttl).min());
    let until = match ttl {
        Some(ttl) => format!("within {ttl} s, the answer's remaining time to live"),
        None => "when a cached answer ends".to_owned(),
    };
    let mut finding = FindingBuilder::new(Level::Risk, Confidence::Inferred, headline)
        .fact(format!(
            "{} (resource group {}), linked to {}: {} -> {}",
            case.zone,
            zone.group(),
            origin.network.name(),
            case.record,
            if given.is_empty() { "no record".to_owned() } else { reading::list(given) }
        ))
        .fact(format!(
            "{} gives {} (right), and the service answers there",
            r.label(),
            text::brief(&used)
        ))
        .cites(format!("/azure{}/record", state.pointer))
        .cites(format!("/azure{}/links", state.pointer))
        .cites("/azure/estate/interfaces")
        .cites(r.pointer())
        .reasoning(match mixed {
            true => format!(
                "the zone gives {has} next to the right address, and {} gave the right one alone: \
                 that answer is from a cache, or from a server that passes on one; {until} clients \
                 get both, in turn, and {has} is an address {whose}",
                r.label()
            ),
            false => format!(
                "the zone no longer has what {} answers: that answer is from a cache, and clients \
                 lose the address {until}",
                r.label()
            ),
        })
        .reasoning(format!(
            "a server behind {} that asks another network, or has a record of its own, would look \
             the same",
            r.label()
        ))
        .owner("DNS")
        .step(zone_steps::see_record(zone, &case.record))
        .step(Step::inspect(match ttl {
            Some(ttl) => format!("ask {} again after {ttl} s", r.label()),
            None => format!("ask {} again after some minutes", r.label()),
        }));
    if let Some(ago) = azure.changed(zone) {
        finding = finding
            .reasoning(format!("the zone was changed {ago} before this check"))
            .cites("/azure/estate/changes");
    }
    finding = finding.cites("/azure/estate/connections");
    if !visible {
        let has = text::brief(&wrong);
        finding = finding
            .reasoning(format!(
                "this caller cannot see what has {has}: a proxy, a load balancer or a private link \
                 service may have it on purpose"
            ))
            .step(Step::inspect(format!(
                "see whether something in front of the account (proxy, load balancer) has {has} on \
                 purpose; then the record stays"
            )));
    }
    let steps = zone_steps::correct_record(state, &case.record, &wrong, one.address);
    Some(
        steps.into_iter().fold(finding, FindingBuilder::step).check(text::dig(&e.dns.name, r.seen)),
    )
}
