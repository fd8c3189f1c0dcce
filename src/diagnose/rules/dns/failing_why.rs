//! Every deciding resolver fails, and the additional questions show how far the first of them
//! reaches: UDP alone is lost, its own upstream is, or this one zone's.

use crate::diagnose::headline::Clause;
use crate::diagnose::view::gives::{Asked, Gives};
use crate::diagnose::view::tried::{self, Reach};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{Resolver, Upstream};
use super::failures::{Row, adds, probe};
use super::symptoms::NO_ADDRESS;
use super::words;

const ASKED: &[&str] = &["root-servers", "over-tcp", "own-name", "uncached-name", "parent-zone"];

pub(super) const UDP_FILTERED: Rule = rule!(
    "dns-udp-filtered",
    Dns,
    "The resolver answers over TCP, and nothing over UDP",
    DnsFailure(&Row {
        when: |r| r.reach == Reach::OverTcpAlone,
        sure: |_| Sure::Proved,
        says: udp_is_lost,
        shown_by: ASKED,
        why: udp_filtered,
    })
)
.explains(NO_ADDRESS);

pub(super) const VALIDATION_FAILS: Rule = rule!(
    "dns-validation-fails",
    Dns,
    "The resolver has the answer and throws it away: DNSSEC does not validate",
    DnsFailure(&Row {
        when: |r| r.reach == Reach::Unvalidated,
        // The resolver's own word (RFC 8914), or what a SERVFAIL that is kept looks like as well.
        sure: |r| if tried::says_bogus(r.seen) { Sure::Proved } else { Sure::Inferred },
        says: does_not_validate,
        shown_by: &["without-validation", "ask-again"],
        why: validation_fails,
    })
)
.explains(NO_ADDRESS);

pub(super) const UPSTREAM_DEAD: Rule = rule!(
    "dns-upstream-dead",
    Dns,
    "The resolver runs, and gets no answer for any name that it must ask others for",
    DnsFailure(&Row {
        when: |r| r.reach == Reach::NothingOfOthers,
        // SERVFAIL for all may also be a validator whose clock is wrong; silence for all, an
        // upstream that is slower than the deadline.
        sure: |_| Sure::Inferred,
        says: nothing_of_others,
        shown_by: ASKED,
        why: upstream_dead,
    })
)
.explains(NO_ADDRESS);

pub(super) const ZONE_FAILS: Rule = rule!(
    "dns-zone-fails",
    Dns,
    "The resolver answers for other zones and fails for this one",
    DnsFailure(&Row {
        when: |r| {
            matches!(r.gives, Gives::Silent | Gives::ServFail(_)) && r.reach == Reach::OtherZones
        },
        sure: |r| if is_silent(r) { Sure::Inferred } else { Sure::Proved },
        says: this_zone_alone,
        shown_by: ASKED,
        why: zone_fails,
    })
)
.explains(NO_ADDRESS);

fn is_silent(r: &Asked<'_>) -> bool {
    matches!(r.gives, Gives::Silent)
}

fn udp_is_lost(_: &View<'_>, r: &Asked<'_>) -> Clause {
    let (ip, port) = (r.seen.address.ip(), r.seen.address.port());
    words::clause(
        format!("UDP to port {port} of {ip} is lost, TCP is answered"),
        "UDP to the resolver is lost, TCP is answered",
    )
}

fn udp_filtered(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let (ip, port) = (r.seen.address.ip(), r.seen.address.port());
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(because)
        .known_by(format!(
            "{ip} answers the same question over TCP and not over UDP, where questions for the \
             root and for localhost had no answer either"
        ))
        .ruled_out("a resolver that is down, and a route that is missing")
        .owner("Network")
        .look("ask over TCP", probe(e, r))
        .act(
            Step::shared(
                format!("let UDP port {port} through from this machine to {ip}, both ways"),
                "the firewall on the way: name this machine and this resolver, no wider range",
            )
            .undo("take the rule out again"),
        );
    let because = match resolver.whose.class.is_public() {
        true => because.act(
            Step::local("or ask a resolver of this network: the block may be on purpose")
                .undo("put the old resolver back"),
        ),
        false => because,
    };
    because.act(
        Step::local("until then `options use-vc` in resolv.conf makes the C library ask over TCP")
            .undo("take the option out again"),
    )
}

fn does_not_validate(e: &View<'_>, r: &Asked<'_>) -> Clause {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    words::clause(
        format!("{label} throws its answer for {suffix} away: DNSSEC does not validate"),
        "the resolver throws its answer away: DNSSEC does not validate",
    )
}

fn validation_fails(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    let given = match tried::unvalidated(e, r.seen) {
        all if all.is_empty() => String::new(),
        all => format!(" with {}", words::brief(&all)),
    };
    let resolver = Resolver::of(e, r);
    let zone = reading::private_zone(e);
    let because = adds(because, r)
        .known_by(format!(
            "the same question with checking disabled (CD) is answered by {label}{given}; without \
             CD it answers SERVFAIL each time"
        ))
        .known_by(
            "private zones of Azure are not signed: a trust anchor or a signed parent above them, \
             a forwarder that strips signatures, or a clock that is wrong makes a validating \
             resolver take them for forged",
        )
        .known_by(match tried::says_bogus(r.seen) {
            true => "the resolver itself gives DNSSEC as its reason",
            false => {
                "a resolver that keeps the SERVFAIL of a dead forwarder for some seconds looks the \
                 same: walk again after ten"
            }
        })
        .ruled_out(format!("the way to {label}"))
        .owner(resolver.owner())
        .look("compare", format!("{} +cd", words::dig(&e.dns.name, r.seen)));
    resolver.look(resolver.who(because)).act(match resolver.place() {
        Some(place) => Step::shared(
            format!(
                "{place}: first see whether its clock is right; then except {suffix} and {zone} \
                 from validation (unbound `domain-insecure`, BIND `validate-except`, \
                 systemd-resolved `DNSSEC=`, dnsmasq and others: no trust anchor for them)"
            ),
            "every client of that resolver: forged answers for these two zones are then accepted",
        )
        .undo("take the exception out again"),
        None => Step::local(format!(
            "ask another resolver than {label}, whose validation cannot be changed from here"
        ))
        .undo("put the old resolver back"),
    })
}

fn nothing_of_others(_: &View<'_>, r: &Asked<'_>) -> Clause {
    let how = if is_silent(r) { "silent for" } else { "SERVFAIL for" };
    words::clause(
        format!("{} runs, but is {how} every name that it must ask others for", r.label()),
        "the resolver runs, but its own upstream does not answer it",
    )
}

fn upstream_dead(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let label = r.label();
    let because = match is_silent(r) {
        true => because
            .known_by(format!(
                "{label} answers what it has itself (localhost, the root without recursion or from \
                 its cache), and neither this name nor a fresh name of another zone"
            ))
            .known_by(words::or_too_slow(e)),
        false => because.known_by(format!(
            "{label} answers SERVFAIL for this name and for a fresh name of another zone: its \
             forwarders or the internet are out of its reach, or it refuses all answers (DNSSEC \
             with a wrong clock)"
        )),
    };
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(because)
        .ruled_out(format!("the way from here to {label}, and this zone alone"))
        .look("see that another name fails as well", words::dig("azure.com", r.seen));
    resolver.upstream(because, Upstream::Everything)
}

fn this_zone_alone(e: &View<'_>, r: &Asked<'_>) -> Clause {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    let how = if is_silent(r) { "silent" } else { "SERVFAIL" };
    words::clause(
        format!("{label} answers for other zones, but not for {suffix}: {how}"),
        format!("the resolver fails for this zone alone: {how}"),
    )
}

fn zone_fails(because: Because, e: &View<'_>, r: &Asked<'_>) -> Because {
    let (label, suffix) = (r.label(), reading::public_suffix(e));
    let because = if is_silent(r) { because.known_by(words::or_too_slow(e)) } else { because };
    // Which of the two zones it is: the public one's SOA is asked by itself.
    let zone = match tried::parent_soa(e, r.seen) {
        Some(soa) if soa.zone.eq_ignore_ascii_case(suffix) => reading::private_zone(e),
        _ => suffix,
    };
    let because = because.known_by(format!(
        "a fresh name of another zone is answered by {label}, so it and its way out work; what it \
         asks for {zone} (a conditional forwarder, a stub zone) does not answer it or refuses, \
         DNSSEC fails for this zone, or a policy blocks it"
    ));
    let resolver = Resolver::of(e, r);
    let because = resolver
        .who(because)
        .ruled_out(format!("the way from here to {label}, and its way to other zones"))
        .look("see that another name is answered", words::dig("azure.com", r.seen));
    resolver.upstream(because, Upstream::Zone(zone))
}
