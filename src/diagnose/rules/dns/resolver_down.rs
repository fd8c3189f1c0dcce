//! One resolver fails among others that answer: applications wait for it, or will have none when
//! the others fail.

use crate::diagnose::headline::Clause;
use crate::diagnose::rules::hop_limit;
use crate::diagnose::view::dns_experiments::{self, Reachability, TcpProbe};
use crate::diagnose::view::icmp::Refuser;
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::{self, ResolverOutcome, ResolverView};
use crate::diagnose::view::withheld;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::ResolverRole;
use crate::evidence::tcp::IcmpMeaning;

use super::advice::{Resolver, Upstream};
use super::failures::{admit, closes, may_lack_endpoints, own_filter, refused};
use super::no_address::{allow_addresses, why_withheld};
use super::{answers_others, library_waits, local_error, text};

pub(super) const RULE: Rule =
    rule!("dns-resolver-down", Dns, "One resolver fails among others that answer", Code(check))
        .explains(&["dns-system-slow"]);

/// Experiments that show what works at a resolver.
const ASKED: &[&str] = &["root-servers", "over-tcp", "uncached-name", "without-validation"];

/// A lookup that takes less than this, in milliseconds, has not waited for a nameserver: `timeout:`
/// is in whole seconds (resolv.conf(5)).
const LONG_MS: f64 = 900.0;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    // Where every resolver fails, other rules say how.
    if e.dns.all_fail() {
        return None;
    }
    let down: Vec<&ResolverView<'_>> =
        e.dns.resolver_views().iter().filter(|r| is_down(e, r)).collect();
    let first = *down.first()?;
    // An unusual rcode that leaves no address is the cause itself.
    if e.dns.lacks_address()
        && e.dns.effective_resolver().is_some_and(|effective| effective.index == first.index)
    {
        return None;
    }
    let silent = matches!(first.outcome, ResolverOutcome::Silent);
    // Silence over UDP and TCP alike may be slowness.
    let may_be_slow =
        silent && !matches!(first.reachability, Reachability::TcpOnly | Reachability::UdpOnly);
    let confidence = if may_be_slow { Confidence::Inferred } else { Confidence::Proved };
    let waits = applications_wait(e, first);
    let mut finding =
        FindingBuilder::new(level(e, &down), confidence, clause(e, first, silent && waits));
    for r in e.dns.resolver_views() {
        finding = finding.fact(format!("{}: {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    if let Some(sentence) = how_far(e, first) {
        finding = finding.reasoning(sentence);
    }
    if may_be_slow {
        finding = finding.reasoning(text::slower_looks_the_same(e));
    }
    for pointer in dns_experiments::pointers(e, first.seen, ASKED) {
        finding = finding.cites(pointer);
    }
    let alone = is_alone(e, first);
    let rotates = library::rotates(e);
    if waits && !alone && rotates {
        finding = finding.reasoning(format!(
            "with `rotate` the C library begins with any of its nameservers: lookups that begin with \
             {} wait for its timeout ({} s, `timeout:` of {})",
            first.label(),
            library_waits::lookup_timeouts(e).0,
            library_waits::set_in(e, "timeout:")
        ));
    } else if waits && !alone {
        let (seconds, _) = library_waits::lookup_timeouts(e);
        let timeout = match Library::of(e) {
            Library::Winsock => format!("its timeout ({seconds} s, fixed in Windows)"),
            Library::Other => "a timeout".to_owned(),
            Library::Glibc | Library::Musl => {
                let set_in = library_waits::set_in(e, "timeout:");
                format!("its timeout ({seconds} s, `timeout:` of {set_in})")
            }
        };
        finding = finding.reasoning(format!(
            "{} is the first nameserver: a resolver library asks it first and goes on to the next \
             only after {timeout}",
            first.label()
        ));
    }
    if let Some(other) = e.dns.answering_beside(first) {
        finding = finding.reasoning(format!(
            "Windows asks the servers of several interfaces at the same time: {}, of another \
             interface, answers",
            other.label()
        ));
    }
    finding = text::read_in_octal(finding, e);
    let check = text::dig(&e.dns.name, first.seen);
    if alone {
        let finding = finding.reasoning(
            "it is the only resolver that applications ask, so the address comes from elsewhere (a \
             hosts file, a cache, another name service); names that are not there have none",
        );
        return Some(fix(finding, e, first).check(check));
    }
    finding = finding.reasoning("each resolver was asked the same question on its own");
    Some(
        fix(finding, e, first)
            .step(
                Step::shared(
                    format!("remove {} from what gives clients their resolvers", first.label()),
                    "every client that has it configured",
                )
                .or()
                .undo("put it back when it answers"),
            )
            .check(check),
    )
}

/// Whether applications ask no resolver but this one.
fn is_alone(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    matches!(e.dns.deciding().as_slice(), [only] if only.index == r.index)
        && e.dns.resolver_views().len() == 1
}

/// Whether a resolver fails, and not merely for this walk.
fn is_down(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    let answers_others = matches!(r.outcome, ResolverOutcome::Silent)
        && answers_others::evidence(e, r.seen).is_some();
    let has_other_rule = r.seen.role == ResolverRole::Assumed
        || matches!(r.outcome, ResolverOutcome::TcpFailed(_))
        || local_error::refused(&r.seen.a).is_some();
    !has_other_rule && !answers_others && !r.outcome.is_answer()
}

/// A risk, unless applications do not depend on any of these resolvers.
fn level(e: &View<'_>, down: &[&ResolverView<'_>]) -> Level {
    let is_upstream = |r: &ResolverView<'_>| r.seen.role == ResolverRole::StubUpstream;
    // The stub answers, so its upstreams can be reached: one that we cannot ask directly may need
    // TLS, or accept the stub alone.
    let only_upstreams = down.iter().all(|r| is_upstream(r))
        && !e.dns.resolver_views().iter().any(|r| is_upstream(r) && r.outcome.is_answer());
    // `--resolver` says whose answer is judged; the machine's own resolvers are only shown.
    let bystanders =
        e.options.resolver_given && down.iter().all(|r| r.seen.role != ResolverRole::Given);
    let beside = down.iter().all(|r| e.dns.answering_beside(r).is_some());
    match only_upstreams || bystanders || beside || reading::proxied(e) {
        true => Level::Note,
        false => Level::Risk,
    }
}

/// Whether each new lookup waits for this resolver. musl asks all at once and waits for none, nor does
/// Windows for that of one interface among several.
fn applications_wait(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    if library::rotates(e) && !resolver_view::is_from_hosts_file(e) {
        return e.dns.deciding().iter().any(|deciding| deciding.index == r.index);
    }
    Library::of(e) != Library::Musl
        && !resolver_view::is_from_hosts_file(e)
        && e.dns.answering_beside(r).is_none()
        && e.dns.system.took_ms().is_none_or(|took| took >= LONG_MS)
        && e.dns.deciding().first().is_some_and(|first| first.index == r.index)
}

fn clause(e: &View<'_>, r: &ResolverView<'_>, waits: bool) -> Clause {
    let label = r.label();
    let what = match &r.outcome {
        ResolverOutcome::Silent => format!("{label} does not answer"),
        ResolverOutcome::PortRefused => format!("the DNS port of {label} is closed"),
        ResolverOutcome::Unreachable(..) | ResolverOutcome::NotSent(_) => {
            format!("{label} cannot be reached")
        }
        ResolverOutcome::Malformed => format!("{label} sends bytes that are not a DNS message"),
        _ => format!(
            "{label} answers {}",
            resolver_view::message(r.seen).map_or("an error", |answer| answer.rcode.as_str())
        ),
    };
    if is_alone(e, r) {
        return text::clause(
            format!("{what}; applications get the address without it"),
            "the resolver fails; applications get the address without it",
        );
    }
    let (seconds, _) = library_waits::lookup_timeouts(e);
    let long = match waits {
        true if library::rotates(e) => {
            format!("{what}, and applications wait {seconds} s for it at some lookups (`rotate`)")
        }
        true => format!("{what}, and applications wait {seconds} s for it at each new lookup"),
        false if e.dns.effective().is_empty() => format!("{what}; another one answers"),
        false => format!("{what}; other answers are in use"),
    };
    text::clause(long, "one resolver of several fails")
}

/// What the experiments show of how far it works.
fn how_far(e: &View<'_>, r: &ResolverView<'_>) -> Option<String> {
    let label = r.label();
    if let Some(how) = withheld::by_filter(e, r.seen) {
        return Some(why_withheld(&label, how));
    }
    Some(match r.reachability {
        Reachability::ValidationFails => format!(
            "{label} answers with checking disabled (CD): DNSSEC does not validate there, or a \
             SERVFAIL is cached for some seconds"
        ),
        Reachability::TcpOnly => {
            format!("{label} answers the same question over TCP: UDP to it is lost on the way")
        }
        Reachability::UdpOnly => format!(
            "`options use-vc` asks over TCP, which {label} does not answer; it answers over UDP"
        ),
        Reachability::OwnDataOnly => format!(
            "{label} runs, and fails for every name that it must ask others for: its upstream is \
             dead"
        ),
        Reachability::OtherZonesOnly => format!(
            "{label} answers for an uncached name in another zone: the server that it asks for \
             this zone is dead, or a policy blocks the name"
        ),
        Reachability::Unanswered(TcpProbe::Closed) => closes(e, r),
        Reachability::RefusesEverything => {
            format!("{label} refuses every name: this machine is not among its clients")
        }
        Reachability::Unanswered(_) | Reachability::Unknown => return None,
    })
}

/// The owner and the steps, by how it fails and by whose resolver it is.
fn fix(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let resolver = Resolver::of(e, r);
    let port = r.seen.address.port();
    let finding = resolver.who(finding).inspect("ask it directly", text::dig(&e.dns.name, r.seen));
    let suffix = reading::public_suffix(e);
    match (&r.outcome, &r.reachability) {
        _ if withheld::by_filter(e, r.seen).is_some() => allow_addresses(finding, e, &resolver),
        (ResolverOutcome::PortRefused | ResolverOutcome::Malformed, _) => resolver.runs(finding),
        (_, Reachability::Unanswered(TcpProbe::Closed)) => admit(finding, e, &resolver),
        _ if may_lack_endpoints(e, r) => resolver.runs(finding),
        (ResolverOutcome::Unreachable(_, Refuser::Filter), _) => own_filter(finding, port),
        (ResolverOutcome::Unreachable(icmp, Refuser::Device(from) | Refuser::Peer(from)), _)
            if icmp.meaning == IcmpMeaning::TimeExceeded =>
        {
            hop_limit::ran_out(e, r.seen.address.ip(), Some(*from)).add(finding)
        }
        (ResolverOutcome::Unreachable(..) | ResolverOutcome::NotSent(_), _)
        | (
            _,
            Reachability::TcpOnly
            | Reachability::UdpOnly
            | Reachability::Unanswered(TcpProbe::Silent | TcpProbe::Refused),
        ) => resolver.way(finding, port),
        (_, Reachability::Unanswered(TcpProbe::Connected) | Reachability::OwnDataOnly) => {
            resolver.upstream(finding, Upstream::Everything)
        }
        (_, Reachability::OtherZonesOnly | Reachability::ValidationFails) => {
            resolver.upstream(finding, Upstream::Zone(suffix))
        }
        (ResolverOutcome::ServFail(_), _) => resolver.upstream(finding, Upstream::Zone(suffix)),
        (ResolverOutcome::Refused(_), _) => refused(finding, e, &resolver),
        (ResolverOutcome::Silent, _) => resolver.way(finding, port),
        _ => resolver.inspect(finding.owner(resolver.owner())),
    }
}
