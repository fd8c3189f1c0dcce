//! Applications get no address because every deciding resolver fails: one row for each way in which
//! the first of them fails, read by one function. The rows are in `failure_replies` and
//! `failure_causes`.

use crate::diagnose::headline::Clause;
use crate::diagnose::resolver_class::{self, ResolverClass};
use crate::diagnose::view::dns_experiments::{self, Reachability};
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::view::withheld;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::tcp::IcmpMeaning;

use super::advice::{Resolver, Upstream};
use super::{answers_others, downstream, local_error, record_gap, text};

/// A way in which the first deciding resolver fails.
pub(in crate::diagnose) struct Row {
    /// Whether a resolver fails in this way.
    pub(super) when: fn(&ResolverView<'_>) -> bool,
    /// The confidence.
    pub(super) confidence: fn(&ResolverView<'_>) -> Confidence,
    /// The headline.
    pub(super) message: fn(&View<'_>, &ResolverView<'_>) -> Clause,
    /// The ids of the experiments that show it.
    pub(super) shown_by: &'static [&'static str],
    /// Adds how it is known, the owner and the steps.
    pub(super) why: fn(FindingBuilder, &View<'_>, &ResolverView<'_>) -> FindingBuilder,
}

/// The finding of a row, where the first deciding resolver fails in this way.
pub(in crate::diagnose) fn check(e: &View<'_>, row: &Row) -> Option<FindingBuilder> {
    let r = first_of_failures(e).filter(|r| (row.when)(r) && !stub_fails(e, r))?;
    let mut finding = failure(e, r, (row.confidence)(r), (row.message)(e, r));
    for pointer in dns_experiments::pointers(e, r.seen, row.shown_by) {
        finding = finding.cites(pointer);
    }
    let finding = record_gap::search_steps((row.why)(finding, e, r), e);
    Some(finding.check(text::dig(&e.dns.name, r.seen)))
}

/// A stub that takes the question and fails, although its upstreams answer it.
fn stub_fails(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    resolver_class::stub_fails(e, r.seen)
        && r.reachability != Reachability::ValidationFails
        && matches!(
            r.outcome,
            ResolverOutcome::Silent | ResolverOutcome::ServFail(_) | ResolverOutcome::Refused(_)
        )
}

/// The failure of such a stub, with the upstreams that answer.
pub(super) fn of_stub(
    e: &View<'_>,
    message: impl FnOnce(&ResolverView<'_>) -> Clause,
) -> Option<FindingBuilder> {
    let r = first_of_failures(e).filter(|r| stub_fails(e, r))?;
    Some(failure(e, r, Confidence::Inferred, message(r)).check(text::dig(&e.dns.name, r.seen)))
}

/// The first deciding resolver, when applications get no address and no resolver has answered. An
/// unusual rcode ends the lookup, so its resolver is the one that counts.
fn first_of_failures<'v>(e: &'v View<'_>) -> Option<&'v ResolverView<'v>> {
    if !e.dns.lacks_address() {
        return None;
    }
    let withheld = |r: &ResolverView<'_>| withheld::by_filter(e, r.seen).is_some();
    if let Some(last_word) = e.dns.effective_resolver() {
        let error = matches!(last_word.outcome, ResolverOutcome::OtherError(_));
        let ends_lookup = error || last_word.half_answered();
        return Some(last_word).filter(|r| ends_lookup && !withheld(r));
    }
    let all = e.dns.deciding();
    if all.iter().any(|r| r.outcome.is_answer() || rate_limited(e, r)) {
        return None;
    }
    // Questions that this machine itself could not send have a rule of their own.
    let sent = |r: &ResolverView<'_>| local_error::refused(&r.seen.a).is_none();
    all.into_iter().next().filter(|r| sent(r) && !withheld(r))
}

/// Whether a resolver that did not answer this walk answered others.
fn rate_limited(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    matches!(r.outcome, ResolverOutcome::Silent) && answers_others::evidence(e, r.seen).is_some()
}

/// The level, and what every resolver and the system gave.
fn failure(
    e: &View<'_>,
    r: &ResolverView<'_>,
    confidence: Confidence,
    message: impl Into<Clause>,
) -> FindingBuilder {
    let level = if downstream::proxy_name_unresolved(e) {
        Level::Broken
    } else {
        downstream::level_without_address(e)
    };
    let mut finding = FindingBuilder::new(level, confidence, message);
    for other in e.dns.resolver_views() {
        finding = finding
            .fact(format!("{} for {}: {}", other.label(), e.dns.name, text::outcome(other)))
            .cites(other.pointer());
    }
    if let Some(code) = reading::system_failed(e) {
        finding = finding.fact(format!("getaddrinfo reports {code}")).cites("/dns/system");
    }
    finding = record_gap::searched(text::ends_lookup(finding, e, r), e);
    if let Some(stub) = &e.vantage.resolver_config.stub
        && stub.address == r.seen.address.ip()
    {
        finding = finding
            .fact(format!("{} is a stub that asks {}", r.label(), reading::list(&stub.upstreams)))
            .cites("/vantage/resolver_config/stub");
    }
    text::read_in_octal(finding, e)
}

/// Adds the extended errors of the resolver's answer.
pub(super) fn adds(finding: FindingBuilder, r: &ResolverView<'_>) -> FindingBuilder {
    match resolver_view::message(r.seen).and_then(text::extended_errors) {
        Some(text) => finding.fact(format!("{} adds: {text}", r.label())),
        None => finding,
    }
}

/// `10.1.0.10 answers SERVFAIL`.
pub(super) fn answers(_: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let code = resolver_view::message(r.seen).map_or("an error", |answer| answer.rcode.as_str());
    format!("{} answers {code}", r.label()).into()
}

/// What a silent resolver does that takes a connection and ends it (fact D221).
pub(super) fn closes(e: &View<'_>, r: &ResolverView<'_>) -> String {
    let label = r.label();
    let does = "TCP to its port connects, and is closed without an answer";
    match Resolver::of(e, r).whose.class.is_public() {
        true => format!(
            "{does}: a firewall on the way that takes the connection in the place of {label}, and drops \
             UDP, looks like this, and so does a resolver that admits other clients alone"
        ),
        false => format!(
            "{does}: {label} is up and can be reached, and its access list drops the questions of this \
             machine in place of refusing them (BIND `blackhole`, unbound `access-control: ... deny`, \
             PowerDNS `allow-from`, dnsdist's `setACL`), or it has no server behind it that works; a \
             firewall that takes the connection in its place would look the same"
        ),
    }
}

/// Advice about such a resolver.
pub(super) fn admit(
    finding: FindingBuilder,
    e: &View<'_>,
    resolver: &Resolver<'_>,
) -> FindingBuilder {
    if resolver.whose.class.is_public() {
        return resolver.runs(finding);
    }
    refused(finding, e, resolver).step(Step::inspect(format!(
        "if the list of {} admits this machine already, have its administrators see whether the servers \
         that it asks work",
        resolver.label()
    )))
}

/// The command that separates a dropped question from a dead resolver.
pub(super) fn probe(e: &View<'_>, r: &ResolverView<'_>) -> String {
    format!("{} +tcp +time=3 +tries=1", text::dig(&e.dns.name, r.seen))
}

/// What REFUSED from 168.63.129.16 means (facts D55, D67): it has no access list to correct.
pub(super) const OF_AZURE: &str = "it has no access list that you could change, and a DNS security \
                                   policy answers with an alias instead. The refusal comes from \
                                   the server to which a forwarding rule of this network sends the \
                                   question, or from a device on the way that answers in the name \
                                   of 168.63.129.16, as happens outside Azure";

/// Advice about a server that refuses.
pub(super) fn refused(
    finding: FindingBuilder,
    e: &View<'_>,
    resolver: &Resolver<'_>,
) -> FindingBuilder {
    match resolver.place() {
        _ if resolver.whose.class == ResolverClass::AzureDns => resolver.upstream(
            finding.inspect("see which route the question takes", "ip route get 168.63.129.16"),
            Upstream::Everything,
        ),
        Some(place) => resolver.inspect(finding.owner(resolver.owner())).step(
            Step::shared(
                format!(
                    "{place}: allow this machine{} in the access list of the server that refuses",
                    source(e)
                ),
                "the clients that may use that server: add only this one",
            )
            .undo("remove the client from the list again"),
        ),
        None => resolver.upstream(finding, Upstream::Everything),
    }
}

/// Whether the node of a cluster may have rejected the question because the DNS service has no
/// endpoints: kube-proxy does so with port unreachable, from the node's address, which with the host's
/// network is this machine's own.
pub(super) fn may_lack_endpoints(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    let rejected = matches!(
        &r.outcome,
        ResolverOutcome::Unreachable(icmp, Refuser::Filter | Refuser::Device(_) | Refuser::Peer(_))
            if icmp.meaning == IcmpMeaning::PortUnreachable
    );
    rejected && Resolver::of(e, r).whose.class == ResolverClass::ClusterDns
}

/// Advice where this machine's own packet filter rejects the question.
pub(super) fn own_filter(finding: FindingBuilder, port: u16) -> FindingBuilder {
    finding
        .owner("Server")
        .inspect("see this machine's packet filter rules", "nft list ruleset; iptables-save")
        .step(
            Step::local(format!(
                "allow UDP and TCP {port} to this resolver before the rule that rejects, once the \
                 owner of the rule agrees: the block may be deliberate"
            ))
            .undo("remove the rule again"),
        )
}

/// This machine's address on the private side, if the evidence has one.
fn source(e: &View<'_>) -> String {
    e.vantage
        .sources
        .iter()
        .find_map(|s| s.source)
        .map(|address| format!(" ({address})"))
        .unwrap_or_default()
}
