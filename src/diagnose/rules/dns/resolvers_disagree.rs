//! Resolvers that give answers of different kinds (facts D52, D53, D55a): split DNS of which
//! one half is wrong, or another network's view.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::ResolverRole;
use crate::evidence::tcp::TcpOutcome;
use crate::evidence::{Expect, classify, tunnel};

use super::advice::Resolver;
use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use crate::diagnose::rules::tcp::local_link;

use super::{bad_address, downstream, text, zone_owner};

pub(super) const RULE: Rule =
    rule!("dns-resolvers-disagree", Dns, "Resolvers give answers of different kinds", Code(check))
        .explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN])
        .decided_by(&["zone-soa", "privatelink-name"]);

/// The kind of an answer, as far as resolvers must agree. Public addresses may differ, since traffic
/// managers rotate them, as long as none of them fails.
#[derive(PartialEq, Eq)]
enum AnswerKind {
    Private,
    Public,
    Mixed,
    Unusable,
}

fn kind(e: &View<'_>, addresses: &[IpAddr]) -> AnswerKind {
    if addresses.iter().all(|a| tunnel::is_private(e, *a)) {
        AnswerKind::Private
    } else if addresses.iter().all(|a| resolver_view::could_be_public(*a)) {
        AnswerKind::Public
    } else if addresses.iter().all(|a| classify(*a).is_unusable()) {
        AnswerKind::Unusable
    } else {
        AnswerKind::Mixed
    }
}

fn agree(e: &View<'_>, one: &ResolverView<'_>, other: &ResolverView<'_>) -> bool {
    match (&one.outcome, &other.outcome) {
        (ResolverOutcome::Addresses(a), ResolverOutcome::Addresses(b)) => {
            let private = |all: &[IpAddr]| -> Vec<IpAddr> {
                all.iter().copied().filter(|address| tunnel::is_private(e, *address)).collect()
            };
            let (of_a, of_b) = (private(a), private(b));
            let share = of_a.iter().any(|address| of_b.contains(address));
            kind(e, a) == kind(e, b)
                && (share || (of_a.is_empty() && of_b.is_empty()))
                && bad_address::only_in(e, one, other).is_none()
                && bad_address::only_in(e, other, one).is_none()
        }
        (a, b) => a.addresses().is_empty() == b.addresses().is_empty(),
    }
}

/// Two resolvers that disagree.
struct Disagreement<'a> {
    /// The one whose answer applications get.
    used: &'a ResolverView<'a>,
    other: &'a ResolverView<'a>,
    /// Whether applications got the answer of a resolver that is not the first to answer.
    out_of_order: bool,
}

fn disagreement<'v>(e: &'v View<'_>) -> Option<Disagreement<'v>> {
    let all = e.dns.resolver_views();
    let answering: Vec<&ResolverView<'_>> = all.iter().filter(|r| r.outcome.is_answer()).collect();
    let first = match e.dns.effective_resolver() {
        Some(effective) => *answering.iter().find(|r| r.index == effective.index)?,
        None => *answering.first()?,
    };
    if let Some(used) = used_out_of_order(e, first, &answering) {
        return Some(Disagreement { used, other: first, out_of_order: true });
    }
    let other = *answering.iter().find(|r| !agree(e, first, r))?;
    Some(Disagreement { used: first, other, out_of_order: false })
}

/// The configured resolver whose answer applications got in place of the first one's, and of
/// another kind: a C library that rotates them, or did not wait for the first.
fn used_out_of_order<'a>(
    e: &View<'_>,
    first: &ResolverView<'_>,
    answering: &[&'a ResolverView<'a>],
) -> Option<&'a ResolverView<'a>> {
    let system = e.dns.system_addresses();
    let gave =
        |r: &ResolverView<'_>| r.seen.addresses(&e.dns.name).iter().any(|a| system.contains(a));
    if e.options.resolver_given || gave(first) {
        return None;
    }
    let configured = |r: &&&ResolverView<'_>| r.seen.role == ResolverRole::Configured;
    answering.iter().filter(configured).find(|r| gave(r) && !agree(e, first, r)).copied()
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let found = disagreement(e)?;
    // What a stub does not ask for this name is no other path.
    let asks_both = chosen_by_stub(e, &found).is_none();
    let experiment = asks_both.then(|| only_other_connects(e, &found)).flatten();
    let level = if experiment.is_some() { Level::Broken } else { level(e, &found) };
    // That the answers differ was observed; that it is why the path fails was not.
    let confidence = if level == Level::Broken { Confidence::Inferred } else { Confidence::Proved };
    let clause = experiment.as_ref().map_or_else(|| clause(e, &found), |seen| seen.clause(&found));
    let mut finding = FindingBuilder::new(level, confidence, clause).caveat();
    for r in e.dns.resolver_views() {
        let role = match r.seen.role {
            ResolverRole::Configured => "configured",
            ResolverRole::StubUpstream => "behind the stub",
            ResolverRole::Given => "--resolver",
            ResolverRole::Assumed => "assumed",
        };
        let interface = e.vantage.resolver_config.interface_of(r.seen.address.ip());
        let on = interface.map(|one| format!(", {}", one.interface)).unwrap_or_default();
        finding = finding
            .fact(format!("{} ({role}{on}): {}", r.label(), text::outcome(r)))
            .cites(r.pointer());
    }
    let Disagreement { used, other, .. } = found;
    finding = finding
        .reasoning("each resolver was asked the same question at the same time")
        .reasoning(which_is_used(e, &found));
    if let Some(seen) = &experiment {
        finding = seen.add_to(finding, e, other);
    } else {
        for (r, beside) in [(used, other), (other, used)] {
            if let Some(bad) = bad_address::only_in(e, r, beside) {
                finding = bad.add_to(finding, r);
            }
        }
    }
    finding = finding.inspect(
        "compare the two in full",
        format!("{}; {}", text::dig(&e.dns.name, used.seen), text::dig(&e.dns.name, other.seen)),
    );
    // A stub has no view of its own: what is compared is the upstream that it asks.
    let used = chosen_by_stub(e, &found).unwrap_or(used);
    let finding = downstream::and_the_right_address_fails(finding, e, &e.dns.effective());
    Some(same_view(finding, e, used, other).check(reading::again(e)))
}

/// Two private addresses that were connected to in the same check: only that of the answer which is
/// not used took the connection.
struct OnlyOtherConnects {
    dead: IpAddr,
    live: IpAddr,
}

fn only_other_connects(e: &View<'_>, found: &Disagreement<'_>) -> Option<OnlyOtherConnects> {
    let Disagreement { used, other, .. } = found;
    let private = |r: &ResolverView<'_>| kind(e, r.outcome.addresses()) == AnswerKind::Private;
    let bystander = e.options.resolver_given || e.options.connect_to_given || reading::proxied(e);
    if bystander || !private(used) || !private(other) || !downstream::no_connection(e) {
        return None;
    }
    let attempts = &e.tcp.value()?.attempts;
    let connected = |address: &&IpAddr| {
        let mut all = attempts.iter().filter(|attempt| attempt.address.ip() == **address);
        all.any(|attempt| attempt.outcome == TcpOutcome::Connected)
    };
    let dead = *used.outcome.addresses().first()?;
    if fails_by_itself(e, dead) {
        return None;
    }
    let live = *other.outcome.addresses().iter().find(connected)?;
    Some(OnlyOtherConnects { dead, live })
}

/// Whether the address is known to be right, by Resource Manager, or something to keep connections
/// from it, on this machine, its link or the way: then another answer is not what is missing.
fn fails_by_itself(e: &View<'_>, address: IpAddr) -> bool {
    let of_account = |azure: &AzureView<'_>| matches!(azure.owner(address), Owner::Account(_));
    if e.azure.as_ref().is_some_and(of_account) {
        return true;
    }
    let attempts = e.tcp.value().map(|hop| hop.attempts.as_slice()).unwrap_or_default();
    attempts.iter().filter(|attempt| attempt.address.ip() == address).any(|attempt| {
        let refused = matches!(
            attempt.outcome,
            TcpOutcome::Unreachable { .. } | TcpOutcome::LocalError { .. }
        );
        refused || local_link::fault(e, attempt).is_some()
    })
}

impl OnlyOtherConnects {
    fn clause(&self, found: &Disagreement<'_>) -> Clause {
        let Self { dead, live } = self;
        let (used, other) = (found.used.label(), found.other.label());
        Clause::from(format!("{dead} from {used} does not connect, {live} from {other} does"))
            .or(format!("{dead} does not connect, another resolver's {live} does"))
            .or("only the address that another resolver gives connects")
    }

    fn add_to(
        &self,
        finding: FindingBuilder,
        e: &View<'_>,
        other: &ResolverView<'_>,
    ) -> FindingBuilder {
        let Self { dead, live } = self;
        finding
            .reasoning(format!(
                "both addresses were tried at the same time: {live} takes the connection, {dead} \
                 does not; a firewall that drops only {dead} would look the same"
            ))
            .reasoning(format!(
                "nothing beyond TCP was tried at {live}: that it is the service is not known"
            ))
            .cites("/tcp")
            .inspect(
                format!("see whether the whole path works at {live}"),
                reading::again_with(e, &format!("--resolver {}", other.label())),
            )
    }
}

fn level(e: &View<'_>, found: &Disagreement<'_>) -> Level {
    // 168.63.129.16 answers for the network that asks (fact D55a): where no client here uses it,
    // another resolver may rightly differ.
    let azure = |r: &ResolverView<'_>| {
        r.seen.role == ResolverRole::Given
            && resolver_class::of(e, r.seen).class == ResolverClass::AzureDns
    };
    // `--resolver` names whose answer is judged; what this machine has configured is only shown.
    let bystander = e.options.resolver_given
        && (found.other.seen.role != ResolverRole::Given
            || azure(found.other)
            || azure(found.used));
    if reading::proxied(e) || e.options.expect == Expect::Any || bystander {
        Level::Note
    } else if found.out_of_order
        && downstream::service_not_reached(e)
        && !found.used.outcome.addresses().iter().any(|address| fails_by_itself(e, *address))
    {
        Level::Broken
    } else if chosen_by_stub(e, found).is_some() && !downstream::service_not_reached(e) {
        // Not known to be a risk: split DNS by domain looks like this where it is healthy.
        Level::Note
    } else {
        Level::Risk
    }
}

/// The upstream whose answer the stub gives, where another upstream gives a different one.
fn chosen_by_stub<'v>(e: &'v View<'_>, found: &Disagreement<'_>) -> Option<&'v ResolverView<'v>> {
    let stub = e.vantage.resolver_config.stub.as_ref()?;
    let is_upstream = |r: &ResolverView<'_>| r.seen.role == ResolverRole::StubUpstream;
    if found.used.seen.address.ip() != stub.address || !is_upstream(found.other) {
        return None;
    }
    e.dns
        .resolver_views()
        .iter()
        .find(|r| is_upstream(r) && !r.outcome.addresses().is_empty() && agree(e, found.used, r))
}

fn clause(e: &View<'_>, found: &Disagreement<'_>) -> Clause {
    let Disagreement { used, other, out_of_order } = found;
    let (this, that) = (text::outcome(used), text::outcome(other));
    let same_kind = kind(e, used.outcome.addresses()) == kind(e, other.outcome.addresses())
        && !other.outcome.addresses().is_empty();
    text::clause(
        match out_of_order {
            true => format!(
                "applications get {this} from {}; {} gives {that}",
                used.label(),
                other.label()
            ),
            false => format!("{} gives {this}, {} gives {that}", used.label(), other.label()),
        },
        match (same_kind, kind(e, used.outcome.addresses())) {
            (true, AnswerKind::Private) => "resolvers give different private addresses",
            (true, _) => "resolvers give different addresses",
            (false, _) => "resolvers give answers of different kinds",
        },
    )
}

/// Whose answer applications get, now and later.
fn which_is_used(e: &View<'_>, found: &Disagreement<'_>) -> String {
    if let Some(upstream) = chosen_by_stub(e, found) {
        format!(
            "{} is a stub and gives what {} gives: if it sends names by their domain, it does not ask \
             {} for this one; if it takes its upstreams in turn, applications get the other answer \
             at times",
            found.used.label(),
            upstream.label(),
            found.other.label()
        )
    } else if library::rotates(e) && found.other.seen.role == ResolverRole::Configured {
        "the option `rotate` spreads questions over them, so calls go either way".to_owned()
    } else if found.out_of_order {
        format!(
            "{} comes first and was not used: {} did not wait for its answer",
            found.other.label(),
            Library::of(e).words()
        )
    } else if Library::of(e) == Library::Musl {
        "musl asks all of them at once and takes the answer that comes first: calls go either way"
            .to_owned()
    } else {
        format!(
            "{} is used now; when it fails or is slow, applications get the other answer",
            found.used.label()
        )
    }
}

/// How both come to give the same answer: fix what keeps one from the private address, or stop
/// asking it.
fn same_view(
    finding: FindingBuilder,
    e: &View<'_>,
    used: &ResolverView<'_>,
    other: &ResolverView<'_>,
) -> FindingBuilder {
    let private = |r: &ResolverView<'_>| {
        !r.outcome.addresses().is_empty() && kind(e, r.outcome.addresses()) == AnswerKind::Private
    };
    let (blind, sees) = match (private(used), private(other)) {
        (true, true) => return two_endpoints(finding, used, other),
        (true, false) => (other, Some(used)),
        (false, true) => (used, Some(other)),
        // Neither: the one whose address fails, else the one that is not used.
        _ if bad_address::only_in(e, used, other).is_some() => (used, None),
        _ => (other, None),
    };
    let resolver = Resolver::of(e, blind);
    let finding = resolver.who(finding).owner(resolver.owner());
    match (sees, sees.and_then(|sees| sees.outcome.addresses().first())) {
        (Some(_), Some(address)) if zone_owner::denies_record(blind) => {
            zone_owner::fix_second_zone(finding, e, blind, *address)
        }
        (Some(sees), _) if resolver.whose.class.is_outside() => {
            resolver.rather(finding, &sees.label())
        }
        (Some(_), _) => resolver.steps_to_see_private(finding),
        (None, _) => {
            let finding = resolver.inspect(finding);
            let suffix = reading::public_suffix(e);
            finding.step(Step::inspect(match resolver.place() {
                Some(place) => format!(
                    "{place}: find the source of this answer: a zone or record of its own, or the \
                     server that it asks for {suffix}"
                ),
                None => format!("see whether a filter of {} makes this answer", resolver.label()),
            }))
        }
    }
}

/// Both are private and differ: two endpoints, or a stale record. The endpoints' network
/// interfaces show which is right.
fn two_endpoints(
    finding: FindingBuilder,
    used: &ResolverView<'_>,
    other: &ResolverView<'_>,
) -> FindingBuilder {
    let finding = finding
        .reasoning(
            "both are private: the account has two endpoints, each with a zone of its own, or one \
             of two zones holds a stale record",
        )
        .owner("DNS");
    let given = [(used, other), (other, used)].into_iter().filter_map(|(r, beside)| {
        let (all, others) = (r.outcome.addresses(), beside.outcome.addresses());
        all.iter().find(|address| !others.contains(address)).or_else(|| all.first())
    });
    let finding = given.fold(finding, |finding, address| {
        endpoint_of::look(finding, format!("see which endpoint has {address}"), address)
    });
    finding
        .step(Step::inspect(
            "if both belong to endpoints of this account: check that both are reachable from here; \
             networks that each have their own endpoint may be set up like this on purpose",
        ))
        .step(
            Step::shared(
                "if one does not: correct the record in the zone that gives it, to the address of \
                 the endpoint whose names include this name",
                "every network that is linked to that zone, for this name only",
            )
            .undo("write the old address back: note it first"),
        )
}
