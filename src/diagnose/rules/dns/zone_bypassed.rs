//! The private zone has the right record and is linked to the resolver's network, as Resource
//! Manager shows, and the resolver gives another answer: what is between them is the cause (facts
//! C25, C49).

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::dns::{Origin, Server};
use crate::diagnose::view::azure::zone_case::ZoneCase;
use crate::diagnose::view::azure::zones::{Link, Record, ZoneState};
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::{Expect, TargetKind, tunnel};

use super::advice::{self, Resolver};
use super::record_gap::{self, RecordGap};
use super::symptoms::ANOTHER_SERVER;
use super::{downstream, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-zone-bypassed",
    Dns,
    "The private zone is right and linked, and the resolver gives another answer",
    Code(check)
)
.explains(&["dns-system-fails"])
.explains_groups(zone_not_linked::SYMPTOMS)
.yields_to(&["dns-forwards-privatelink-only", "dns-privatelink-forwarder-dead"])
.short("the private zone is right, and the resolver gives another answer");

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let case = ZoneCase::of(e, azure)?;
    let (origin, state) = (case.origin()?, case.linked()?);
    let Record::Right(right) = &state.record else { return None };
    let r = case.resolver;
    let own_record = is_own_record(e, r);
    let front = front(e, azure, r).filter(|_| own_record);
    let level = level(e, &case, right)?;
    if front == Some(Front::Machine) || (front.is_some() && level != Level::Broken) {
        return None;
    }
    let label = r.label();
    let (given, given_addresses) = (text::outcome(r), r.outcome.addresses());
    let network = origin.network.name();
    let headline = Clause::from(format!(
        "the zone linked to {network} has {}, {label} gives {given}",
        text::brief(right)
    ))
    .or(match given_addresses.is_empty() {
        true => format!("the private zone has {}, {label} gives {given}", text::brief(right)),
        false => format!(
            "the private zone has {}, {label} gives {}",
            text::brief(right),
            text::brief(given_addresses)
        ),
    })
    .or("the private zone is right, and the resolver gives another answer");
    let mut finding = FindingBuilder::new(level, Confidence::Inferred, headline)
        .fact(format!(
            "{} (resource group {}): {} -> {} (right: the endpoint's address)",
            case.zone,
            state.zone.id.group(),
            case.record,
            reading::list(right)
        ))
        .fact(format!(
            "{} at {label}: {given}{}",
            e.dns.name,
            if front.is_some() { "" } else { " (wrong)" }
        ))
        .fact(format!("{label} is {}, in {network}", origin.server.noun()))
        .cites(r.pointer())
        .cites(format!("/azure{}/record", state.pointer))
        .cites(format!("/azure{}/links", state.pointer))
        .cites(format!("/azure{}", origin.server.pointer()));
    if let Link::Done(link) = state.link {
        finding =
            finding.fact(format!("{} is linked to {network} ({})", case.zone, link.id.name()));
    }
    finding = finding
        .ruled_out("a missing link, and a missing or stale record: both were read")
        .reasoning(format!(
            "Azure DNS in {network} has the right address, so the fault is in what answers in its \
             place"
        ))
        // What came back for a question to an address is not proved to be that server's own answer.
        .reasoning(format!(
            "a rule on this machine (a VPN client, a service mesh, a DNS filter) or a device on the \
             way that redirects port 53 would look the same: then {label} is right"
        ));
    finding = between(finding, e, azure, &case, origin, own_record);
    if front.is_some() {
        finding = finding
            .reasoning(
                "a proxy or a load balancer in front of the account may have this address on \
                 purpose: then the record is right, and what is there fails",
            )
            .step(Step::inspect(format!(
                "see whether something in front of the account has {} on purpose; if so, repair \
                 that, and leave the record",
                text::brief(given_addresses)
            )));
    }
    finding = recent(finding, azure, state);
    let resolver = Resolver::of(e, r);
    finding = resolver.who(finding).owner("DNS");
    Some(
        steps(finding, e, &case, origin, &resolver, own_record)
            .check(text::dig(&e.dns.name, r.seen)),
    )
}

/// What may have an address that no private endpoint has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    /// A machine in Azure, or a service behind a private endpoint: a proxy or a relay, as far as
    /// Azure shows.
    Machine,
    /// Nothing that is visible.
    Unknown,
}

/// Whether the private address comes without Azure's alias: a record of the resolver's own.
fn is_own_record(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    !r.outcome.addresses().is_empty()
        && r.seen.privatelink_alias(&e.dns.name).is_none()
        && e.target.kind != TargetKind::Privatelink
}

/// What may be in front of the account on purpose: something with a private address that is not
/// another private endpoint's.
fn front(e: &View<'_>, azure: &AzureView<'_>, r: &ResolverView<'_>) -> Option<Front> {
    let all = r.outcome.addresses();
    let private = all.iter().all(|a| tunnel::is_private(e, *a));
    if !private || all.iter().any(|a| azure.endpoint_of_another(*a).is_some()) {
        return None;
    }
    let machine = all.iter().any(|a| azure.may_be_in_front(*a));
    Some(if machine { Front::Machine } else { Front::Unknown })
}

/// The level, where the answer is another one than the zone has and is not wanted.
fn level(e: &View<'_>, case: &ZoneCase<'_>, right: &[IpAddr]) -> Option<Level> {
    let given = case.resolver.outcome.addresses();
    if given.is_empty() {
        return match record_gap::of(e) {
            Some((_, RecordGap::Record)) => Some(downstream::level_without_address(e)),
            _ => None,
        };
    }
    let used = e.dns.effective();
    if given.iter().chain(&used).any(|a| right.contains(a))
        || !used.iter().any(|a| given.contains(a))
    {
        return None;
    }
    if given.iter().all(|a| resolver_view::could_be_public(*a)) {
        let (all, outside) = zone_not_linked::unwanted(e)?;
        return Some(zone_not_linked::level(e, all.len() > outside.len()));
    }
    // The service itself answered: whatever the address is, it leads there.
    if matches!(e.options.expect, Expect::Public | Expect::Closed | Expect::Any)
        || downstream::service_answered(e)
    {
        return None;
    }
    Some(if downstream::service_not_reached(e) { Level::Broken } else { Level::Risk })
}

/// What answers in place of the zone.
fn between(
    finding: FindingBuilder,
    e: &View<'_>,
    azure: &AzureView<'_>,
    case: &ZoneCase<'_>,
    origin: &Origin<'_>,
    own_record: bool,
) -> FindingBuilder {
    let label = case.resolver.label();
    if let Some(one) = azure.forwarded(&origin.network, &e.dns.name) {
        return finding
            .fact(format!(
                "the ruleset {} of {} sends {} to {} (rule {})",
                one.ruleset.id.name(),
                origin.network.name(),
                if one.rule.domain.is_empty() { "every name" } else { &one.rule.domain },
                one.rule.targets.join(", "),
                one.rule.name
            ))
            .reasoning("the ruleset's target may have given this answer, before any private zone")
            .cites("/azure/estate/rulesets");
    }
    let suffix = reading::public_suffix(e);
    match (&origin.provided, origin.server) {
        (_, Server::Machine(_)) if own_record => finding.reasoning(format!(
            "the answer lacks the alias that Azure's own has: {label} has a record of its own for the \
             name (local data, a zone, a rewrite), or does not ask Azure DNS (168.63.129.16) for \
             {suffix} and removes aliases"
        )),
        (Some(_), Server::Machine(_)) => finding.reasoning(format!(
            "{label} does not ask Azure DNS (168.63.129.16) for {suffix}, or gives an older answer \
             from its cache; its forwarders are not visible in Azure"
        )),
        (Some(condition), _) => finding.reasoning(format!(
            "either {label} answers from its cache or its own data, or it is not so that {condition}"
        )),
        (None, _) => finding.reasoning(
            "the answer is older than the link or the record and comes from a cache, or a server \
             in between changes it",
        ),
    }
}

/// What changed shortly before: a cache explains it then.
fn recent(finding: FindingBuilder, azure: &AzureView<'_>, state: &ZoneState<'_>) -> FindingBuilder {
    let link = match state.link {
        Link::Done(link) => azure.changed(&link.id),
        _ => None,
    };
    match link.or_else(|| azure.changed(&state.zone.id)) {
        Some(ago) => finding
            .reasoning(format!("the zone or its link was changed {ago} before this check"))
            .cites("/azure/estate/changes"),
        None => finding,
    }
}

fn steps(
    finding: FindingBuilder,
    e: &View<'_>,
    case: &ZoneCase<'_>,
    origin: &Origin<'_>,
    resolver: &Resolver<'_>,
    own_record: bool,
) -> FindingBuilder {
    let (label, network) = (case.resolver.label(), origin.network.name());
    let suffix = reading::public_suffix(e);
    let finding = finding.inspect(
        format!("on a machine in {network}, ask Azure DNS itself: it gives the right address"),
        format!("dig {} @168.63.129.16", reading::word(&e.dns.name)),
    );
    let ttl = match &case.resolver.outcome {
        ResolverOutcome::Addresses(_) => case
            .resolver
            .seen
            .a_answer()
            .and_then(|answer| answer.records.iter().map(|record| record.ttl).min()),
        _ => None,
    };
    let wait = match ttl {
        Some(ttl) => format!(
            "ask {label} again after {ttl} s, the answer's remaining time to live: a cached answer \
             is gone then"
        ),
        None => format!("ask {label} again after some minutes: a cached answer is gone then"),
    };
    let finding = finding
        .inspect(
            format!(
                "ask {label} again on its own machine, or on another one of its network: the same \
                 answer there is its own"
            ),
            text::dig(&e.dns.name, case.resolver.seen),
        )
        .inspect(
            "see whether this machine redirects its own DNS queries",
            "iptables -t nat -S OUTPUT; nft list ruleset",
        );
    let finding = resolver.inspect(finding.step(Step::inspect(wait)));
    match origin.server {
        Server::Machine(_) if own_record => finding.step(
            Step::shared(
                format!(
                    "on {label}: if it has a record of its own for {}, remove it, so that Azure \
                     DNS is asked for the name",
                    e.dns.name
                ),
                format!("every client of {label}, for this name only"),
            )
            .undo("put the record back: note its address and TTL first"),
        ),
        Server::Machine(_) => finding.step(
            Step::shared(
                format!("on {label}: forward {suffix} to 168.63.129.16, not {} alone", case.zone),
                advice::whole_suffix(suffix),
            )
            .undo(format!("restore the old forwarding of {suffix}: note it first")),
        ),
        _ => finding,
    }
}

/// The symptoms of an address of another server, for the rules that find one with Azure's help.
pub(super) const OF_WRONG_ADDRESS: &[&[&str]] = &[
    super::symptoms::NOT_CONNECTED,
    super::symptoms::NO_HANDSHAKE,
    super::symptoms::NOT_LET_IN,
    ANOTHER_SERVER,
];
