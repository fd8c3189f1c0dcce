//! Every deciding resolver fails, and the additional questions show how far the first of them
//! reaches: UDP alone is lost, its own upstream is, or this one zone's.

use crate::diagnose::{Rule, reading};
use crate::diagnosis::{Step, Sure};

use super::advice::{Resolver, Upstream};
use super::resolver_failures::{EXPLAINS, failure, first_of_failures, probe};
use super::words;
use crate::diagnose::view::gives::{self, Gives};
use crate::diagnose::view::tried::{self, Reach};

const ASKED: &[&str] = &["root-servers", "over-tcp", "own-name", "uncached-name", "parent-zone"];

pub(super) const UDP_FILTERED: Rule = rule!(
    "dns-udp-filtered",
    Dns,
    "The resolver answers over TCP, and nothing over UDP",
    Code(|e| {
        let r = first_of_failures(e)?;
        if r.reach != Reach::OverTcpAlone {
            return None;
        }
        let (ip, port) = (r.seen.address.ip(), r.seen.address.port());
        let mut because = failure(
            e,
            r,
            Sure::Proved,
            words::clause(
                format!("UDP to port {port} of {ip} is lost, TCP is answered"),
                "UDP to the resolver is lost, TCP is answered",
            ),
        );
        for pointer in tried::pointers(e, r.seen, ASKED) {
            because = because.read_at(pointer);
        }
        let resolver = Resolver::of(e, r);
        because = resolver
            .who(because)
            .known_by(format!(
                "{ip} answers the same question over TCP and not over UDP, where questions for \
                 the root and for localhost had no answer either"
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
        if resolver.whose.class.is_public() {
            because = because.act(
                Step::local("or ask a resolver of this network: the block may be on purpose")
                    .undo("put the old resolver back"),
            );
        }
        Some(
            because
                .act(
                    Step::local(
                        "until then `options use-vc` in resolv.conf makes the C library ask over \
                         TCP",
                    )
                    .undo("take the option out again"),
                )
                .check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);

pub(super) const VALIDATION_FAILS: Rule = rule!(
    "dns-validation-fails",
    Dns,
    "The resolver has the answer and throws it away: DNSSEC does not validate",
    Code(|e| {
        let r = first_of_failures(e)?;
        if r.reach != Reach::Unvalidated {
            return None;
        }
        let label = r.label();
        let suffix = reading::public_suffix(e);
        let says = words::clause(
            format!("{label} throws its answer for {suffix} away: DNSSEC does not validate"),
            "the resolver throws its answer away: DNSSEC does not validate",
        );
        // The resolver's own word (RFC 8914), or what a SERVFAIL that is kept looks like as well.
        let own_word = tried::says_bogus(r.seen);
        let sure = if own_word { Sure::Proved } else { Sure::Inferred };
        let mut because = failure(e, r, sure, says);
        for pointer in tried::pointers(e, r.seen, &["without-validation", "ask-again"]) {
            because = because.read_at(pointer);
        }
        if let Some(text) = gives::message(r.seen).and_then(words::extended) {
            because = because.seen(format!("{label} adds: {text}"));
        }
        let given = tried::unvalidated(e, r.seen);
        let resolver = Resolver::of(e, r);
        let zone = reading::private_zone(e);
        because = because
            .known_by(format!(
                "the same question with checking disabled (CD) is answered by {label}{}; \
                     without CD it answers SERVFAIL each time",
                if given.is_empty() {
                    String::new()
                } else {
                    format!(" with {}", words::brief(&given))
                }
            ))
            .known_by(
                "private zones of Azure are not signed: a trust anchor or a signed parent \
                     above them, a forwarder that strips signatures, or a clock that is wrong \
                     makes a validating resolver take them for forged",
            )
            .known_by(match own_word {
                true => "the resolver itself gives DNSSEC as its reason".to_owned(),
                false => "a resolver that keeps the SERVFAIL of a dead forwarder for some \
                              seconds looks the same: walk again after ten"
                    .to_owned(),
            })
            .ruled_out(format!("the way to {label}"))
            .owner(resolver.owner())
            .look("compare", format!("{} +cd", words::dig(&e.dns.name, r.seen)));
        because = resolver.look(resolver.who(because));
        because = because.act(match resolver.place() {
            Some(place) => Step::shared(
                format!(
                    "{place}: first see whether its clock is right; then except {suffix} and \
                     {zone} from validation (unbound `domain-insecure`, BIND `validate-except`, \
                     systemd-resolved `DNSSEC=`, dnsmasq and others: no trust anchor for them)"
                ),
                "every client of that resolver: forged answers for these two zones are then \
                 accepted",
            )
            .undo("take the exception out again"),
            None => Step::local(format!(
                "ask another resolver than {label}, whose validation cannot be changed from here"
            ))
            .undo("put the old resolver back"),
        });
        Some(because.check(words::dig(&e.dns.name, r.seen)))
    })
)
.explains(EXPLAINS);

pub(super) const UPSTREAM_DEAD: Rule = rule!(
    "dns-upstream-dead",
    Dns,
    "The resolver runs, and gets no answer for any name that it must ask others for",
    Code(|e| {
        let r = first_of_failures(e)?;
        if r.reach != Reach::NothingOfOthers {
            return None;
        }
        let label = r.label();
        let quiet = matches!(r.gives, Gives::Silent);
        // SERVFAIL for all may also be a validator whose clock is wrong; silence for all, an
        // upstream that is slower than the deadline.
        let sure = Sure::Inferred;
        let how = if quiet { "silent for" } else { "SERVFAIL for" };
        let says = words::clause(
            format!("{label} runs, but is {how} every name that it must ask others for"),
            "the resolver runs, but its own upstream does not answer it",
        );
        let mut because = failure(e, r, sure, says);
        for pointer in tried::pointers(e, r.seen, ASKED) {
            because = because.read_at(pointer);
        }
        because = because.known_by(if quiet {
            format!(
                "{label} answers what it has itself (localhost, the root without recursion or from \
                 its cache), and neither this name nor a fresh name of another zone"
            )
        } else {
            format!(
                "{label} answers SERVFAIL for this name and for a fresh name of another zone: its \
                 forwarders or the internet are out of its reach, or it refuses all answers \
                 (DNSSEC with a wrong clock)"
            )
        });
        if quiet {
            because = because.known_by(words::or_too_slow(e));
        }
        let resolver = Resolver::of(e, r);
        because = resolver
            .who(because)
            .ruled_out(format!("the way from here to {label}, and this zone alone"))
            .look("see that another name fails as well", words::dig("azure.com", r.seen));
        Some(
            resolver.upstream(because, Upstream::Everything).check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);

pub(super) const ZONE_FAILS: Rule = rule!(
    "dns-zone-fails",
    Dns,
    "The resolver answers for other zones and fails for this one",
    Code(|e| {
        let r = first_of_failures(e)?;
        if !matches!(r.gives, Gives::Silent | Gives::ServFail(_)) || r.reach != Reach::OtherZones {
            return None;
        }
        let label = r.label();
        let suffix = reading::public_suffix(e);
        let quiet = matches!(r.gives, Gives::Silent);
        let (how, sure) =
            if quiet { ("silent", Sure::Inferred) } else { ("SERVFAIL", Sure::Proved) };
        let says = words::clause(
            format!("{label} answers for other zones, but not for {suffix}: {how}"),
            format!("the resolver fails for this zone alone: {how}"),
        );
        let mut because = failure(e, r, sure, says);
        for pointer in tried::pointers(e, r.seen, ASKED) {
            because = because.read_at(pointer);
        }
        if quiet {
            because = because.known_by(words::or_too_slow(e));
        }
        // Which of the two zones it is: the public one's SOA is asked by itself.
        let zone = match tried::parent_soa(e, r.seen) {
            Some(soa) if soa.zone.eq_ignore_ascii_case(suffix) => reading::private_zone(e),
            _ => suffix,
        };
        because = because.known_by(format!(
            "a fresh name of another zone is answered by {label}, so it and its way out work; \
             what it asks for {zone} (a conditional forwarder, a stub zone) does not answer it or \
             refuses, DNSSEC fails for this zone, or a policy blocks it"
        ));
        let resolver = Resolver::of(e, r);
        because = resolver
            .who(because)
            .ruled_out(format!("the way from here to {label}, and its way to other zones"))
            .look("see that another name is answered", words::dig("azure.com", r.seen));
        Some(
            resolver.upstream(because, Upstream::Zone(zone)).check(words::dig(&e.dns.name, r.seen)),
        )
    })
)
.explains(EXPLAINS);
