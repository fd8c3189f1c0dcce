//! Every deciding resolver fails, and additional questions show what works at the first of them:
//! only UDP is lost, its own upstream is dead, or only this zone fails.

use crate::diagnose::headline::Clause;
use crate::diagnose::view::dns_experiments::{self, Reachability};
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};

use super::advice::{Resolver, Upstream};
use super::failures::{Row, adds, probe};
use super::symptoms::NO_ADDRESS;
use super::{record_gap, text};

const ASKED: &[&str] = &["root-servers", "over-tcp", "local-name", "uncached-name", "parent-zone"];

pub(super) const UDP_FILTERED: Rule = rule!(
    "dns-udp-filtered",
    Dns,
    "The resolver answers over TCP and not over UDP",
    DnsFailure(&Row {
        when: |r| r.reachability == Reachability::TcpOnly,
        // A path that loses nine of ten datagrams loses a handful of questions as a filter does.
        confidence: |_| Confidence::Inferred,
        message: udp_is_lost,
        shown_by: ASKED,
        why: udp_filtered,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const VALIDATION_FAILS: Rule = rule!(
    "dns-validation-fails",
    Dns,
    "The resolver rejects the answer: DNSSEC does not validate",
    DnsFailure(&Row {
        when: |r| r.reachability == Reachability::ValidationFails,
        // Proved by the resolver's own extended error (RFC 8914); a cached SERVFAIL looks the same.
        confidence: |r| if dns_experiments::reports_dnssec_failure(r.seen) {
            Confidence::Proved
        } else {
            Confidence::Inferred
        },
        message: does_not_validate,
        shown_by: &["without-validation", "repeat-query"],
        why: validation_fails,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const UPSTREAM_DEAD: Rule = rule!(
    "dns-upstream-dead",
    Dns,
    "The resolver runs, but gets no answer for any name that it must ask others for",
    DnsFailure(&Row {
        when: |r| r.reachability == Reachability::OwnDataOnly,
        // SERVFAIL for all names may also come from a validator whose clock is wrong, and silence
        // from an upstream that is slower than the deadline.
        confidence: |_| Confidence::Inferred,
        message: nothing_of_others,
        shown_by: ASKED,
        why: upstream_dead,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

pub(super) const ZONE_FAILS: Rule = rule!(
    "dns-zone-fails",
    Dns,
    "The resolver answers for other zones and fails for this one",
    DnsFailure(&Row {
        when: |r| {
            matches!(r.outcome, ResolverOutcome::Silent | ResolverOutcome::ServFail(_))
                && r.reachability == Reachability::OtherZonesOnly
        },
        confidence: |r| if is_silent(r) { Confidence::Inferred } else { Confidence::Proved },
        message: this_zone_alone,
        shown_by: ASKED,
        why: zone_fails,
    })
)
.explains(NO_ADDRESS)
.explains_groups(record_gap::SYMPTOMS);

fn is_silent(r: &ResolverView<'_>) -> bool {
    matches!(r.outcome, ResolverOutcome::Silent)
}

fn udp_is_lost(_: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let (ip, port) = (r.seen.address.ip(), r.seen.address.port());
    text::clause(
        format!("UDP to port {port} of {ip} is lost, TCP is answered"),
        "UDP to the resolver is lost, TCP is answered",
    )
}

fn udp_filtered(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let (ip, port) = (r.seen.address.ip(), r.seen.address.port());
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(finding)
        .reasoning(format!(
            "{ip} answers the same question over TCP and not over UDP; questions over UDP for the \
             root and for localhost get no answer either"
        ))
        .reasoning(
            "a filter does that to all datagrams; a limit on them, or a path or resolver that loses \
             nearly all of them, looks the same in so few questions",
        )
        .decide_with(format!(
            "for i in $(seq 20); do {} +short +tries=1 +time=1; done",
            text::dig(&e.dns.name, r.seen)
        ))
        .ruled_out("a resolver that is down, and a missing route")
        .owner("Network")
        .inspect("ask over TCP", probe(e, r))
        .step(
            Step::shared(
                format!("allow UDP port {port} from this machine to {ip}, both ways"),
                "the firewall on the way: name only this machine and this resolver",
            )
            .undo("remove the rule again"),
        );
    let finding = match resolver.whose.class.is_public() {
        true => finding.step(
            Step::local("use a resolver of this network: the block may be deliberate")
                .or()
                .undo("put the old resolver back"),
        ),
        false => finding,
    };
    if !Library::of(e).is_glibc() {
        return finding;
    }
    finding.step(
        Step::local("until then `options use-vc` in resolv.conf makes the C library ask over TCP")
            .undo("remove the option again"),
    )
}

fn does_not_validate(e: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    text::clause(
        format!("{label} rejects the answer for {suffix}: DNSSEC does not validate"),
        "the resolver rejects the answer: DNSSEC does not validate",
    )
}

fn validation_fails(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    let given = match dns_experiments::unvalidated_addresses(e, r.seen) {
        all if all.is_empty() => String::new(),
        all => format!(" with {}", text::brief(&all)),
    };
    let resolver = Resolver::of(e, r);
    let zone = reading::private_zone(e);
    let finding = adds(finding, r)
        .reasoning(format!(
            "{label} answers the same question with checking disabled (CD){given}; without CD it \
             answers SERVFAIL each time"
        ))
        .reasoning(
            "Azure private zones are not signed: a trust anchor or a signed parent above them, a \
             forwarder that strips signatures, or a wrong clock makes a validating resolver treat \
             them as forged",
        )
        .reasoning(match dns_experiments::reports_dnssec_failure(r.seen) {
            true => "the resolver itself reports DNSSEC as the reason",
            false => {
                "a resolver that caches the SERVFAIL of a dead forwarder for some seconds looks \
                 the same: check again after ten seconds"
            }
        })
        .ruled_out(format!("the path to {label}"))
        .owner(resolver.owner())
        .inspect("compare", format!("{} +cd", text::dig(&e.dns.name, r.seen)));
    resolver.inspect(resolver.who(finding)).step(match resolver.place() {
        Some(place) => Step::shared(
            format!(
                "{place}: first see whether its clock is right; then exempt {suffix} and {zone} \
                 from validation (unbound `domain-insecure`, BIND `validate-except`, \
                 systemd-resolved `DNSSEC=`, dnsmasq and others: no trust anchor for them)"
            ),
            "every client of that resolver: forged answers for these two zones are then accepted",
        )
        .undo("remove the exception again"),
        None => Step::local(format!(
            "use another resolver than {label}, whose validation you cannot change"
        ))
        .undo("put the old resolver back"),
    })
}

fn nothing_of_others(_: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let how = if is_silent(r) { "is silent" } else { "answers SERVFAIL" };
    text::clause(
        format!("{} runs, but {how} for every name that it must ask others for", r.label()),
        "the resolver runs, but its upstream does not answer",
    )
}

fn upstream_dead(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let label = r.label();
    let finding = match is_silent(r) {
        true => finding
            .reasoning(format!(
                "{label} answers what it holds itself (localhost, the root without recursion or \
                 from its cache), but neither this name nor an uncached name in another zone"
            ))
            .reasoning(text::slower_looks_the_same(e)),
        false => finding.reasoning(format!(
            "{label} answers SERVFAIL for this name and for an uncached name in another zone: it \
             cannot reach its forwarders or the internet, it rejects all answers (DNSSEC with a wrong \
             clock), or it answers so to a client that asks too often (dnsdist `MaxQPSIPRule`)"
        )),
    };
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(finding)
        .ruled_out(format!("the path from here to {label}, and a fault of this zone alone"))
        .inspect("see whether another name fails as well", text::dig("azure.com", r.seen));
    resolver.upstream(finding, Upstream::Everything)
}

fn this_zone_alone(e: &View<'_>, r: &ResolverView<'_>) -> Clause {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    // Only the one name was asked for, and a limit on equal answers is silent for one name.
    if is_silent(r) {
        return text::clause(
            format!("{label} answers for other zones, but is silent for {}", e.dns.name),
            "the resolver is silent for this name, and answers for other zones",
        );
    }
    text::clause(
        format!("{label} answers for other zones, but not for {suffix}: SERVFAIL"),
        "the resolver fails only for this zone: SERVFAIL",
    )
}

fn zone_fails(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    let finding =
        if is_silent(r) { finding.reasoning(text::slower_looks_the_same(e)) } else { finding };
    // Which of the two zones fails: the SOA of the public one was asked for separately.
    let zone = match dns_experiments::suffix_soa(e, r.seen) {
        Some(soa) if soa.zone.eq_ignore_ascii_case(suffix) => reading::private_zone(e),
        _ => suffix,
    };
    let finding = finding.reasoning(format!(
        "{label} answers for an uncached name in another zone, so it and its internet access work; \
         its upstream for {zone} (a conditional forwarder, a stub zone) does not answer or \
         refuses, DNSSEC fails for this zone, or a policy blocks it"
    ));
    let finding = match is_silent(r) {
        true => finding
            .reasoning(
                "or it limits how often it gives one answer to one network of clients (BIND \
                 `rate-limit` with `slip 0`), and other clients ask for this name often: then it \
                 answers over TCP",
            )
            .inspect(
                "see whether it answers over TCP: then a limit on UDP is the cause",
                probe(e, r),
            ),
        false => finding,
    };
    let resolver = Resolver::of(e, r);
    let finding = resolver
        .who(finding)
        .ruled_out(format!("the path from here to {label}, and its path to other zones"))
        .inspect("see whether another name is answered", text::dig("azure.com", r.seen));
    resolver.upstream(finding, Upstream::Zone(zone))
}
