//! One resolver fails among others that answer: applications wait for it, or will have none
//! when the other fails.

use crate::diagnose::view::gives::{self, Asked, Gives};
use crate::diagnose::view::tried::{self, Reach, Tcp};
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::dns::ResolverRole;

use super::advice::{Resolver, Upstream};
use super::failures::refused;
use super::{heard, words};

pub(super) const RULE: Rule =
    rule!("dns-resolver-down", Dns, "One resolver fails among others that answer", Code(check))
        .explains(&["dns-system-slow"]);

/// Experiments that tell how far a resolver reaches.
const ASKED: &[&str] = &["root-servers", "over-tcp", "uncached-name", "without-validation"];

/// A lookup that takes less than this has not waited for a nameserver: `timeout:` counts
/// whole seconds (resolv.conf(5)).
const LONG_MS: f64 = 900.0;

fn check(e: &View<'_>) -> Option<Because> {
    let all = e.dns.asked();
    // Without any of these it is no "one among others": see the rules for all of them failing.
    if e.dns.all_fail() {
        return None;
    }
    let down: Vec<&Asked<'_>> = all
        .iter()
        .filter(|r| {
            let others =
                matches!(r.gives, Gives::Silent) && heard::other_than_by_us(e, r.seen).is_some();
            let tried =
                r.seen.role != ResolverRole::Assumed && !matches!(r.gives, Gives::TcpFailed(_));
            tried && !others && !r.gives.is_answer()
        })
        .collect();
    let first = down.first()?;
    // An odd rcode with no address left is the cause itself, not a bystander.
    if e.dns.effective().is_empty()
        && e.dns.decider().is_some_and(|last_word| last_word.index == first.index)
    {
        return None;
    }
    // The stub answers, so its upstreams are reached: a lone one that we cannot ask directly
    // may be behind TLS, or in reach of the stub alone.
    let only_upstreams = down.iter().all(|r| r.seen.role == ResolverRole::StubUpstream)
        && !all.iter().any(|r| r.seen.role == ResolverRole::StubUpstream && r.gives.is_answer());
    // `--resolver` says whose answer is judged; the machine's own resolvers only stand beside.
    let bystanders =
        e.asked.resolver_given && down.iter().all(|r| r.seen.role != ResolverRole::Given);
    let level =
        if only_upstreams || bystanders || reading::proxied(e) { Level::Note } else { Level::Risk };
    let label = first.label();
    let waits = !gives::pinned(e)
        && e.dns.system.took_ms().is_none_or(|took| took >= LONG_MS)
        && e.dns.deciding().first().is_some_and(|r| r.index == first.index);
    let what = match &first.gives {
        Gives::Silent => format!("{label} does not answer"),
        Gives::PortRefused => format!("the DNS port of {label} is closed"),
        Gives::Unreachable(_) | Gives::NotSent(_) => format!("{label} cannot be reached"),
        Gives::Malformed => format!("{label} sends no DNS message"),
        _ => format!(
            "{label} answers {}",
            gives::message(first.seen).map_or("an error", |answer| answer.rcode.as_str())
        ),
    };
    let long = if waits && matches!(first.gives, Gives::Silent) {
        let (seconds, _) = words::waits(e);
        format!("{what}, and applications wait {seconds} s for it at each new lookup")
    } else {
        format!("{what}; other answers are in use")
    };
    let says = words::clause(long, "one resolver of several fails");
    let reach = first.reach;
    // Silence over UDP and TCP alike may be slowness.
    let quiet = matches!(first.gives, Gives::Silent)
        && !matches!(reach, Reach::OverTcpAlone | Reach::OverUdpAlone);
    let sure = if quiet { Sure::Inferred } else { Sure::Proved };
    let mut because = Because::new(level, sure, says);
    for r in all {
        because = because.seen(format!("{}: {}", r.label(), words::gives(r))).read_at(r.pointer());
    }
    because = match &reach {
        Reach::Unvalidated => because.known_by(format!(
            "{label} answers with checking disabled (CD): DNSSEC does not validate there, or a \
             SERVFAIL is kept for some seconds"
        )),
        Reach::OverTcpAlone => because.known_by(format!(
            "{label} answers the same question over TCP: UDP to it is lost on the way"
        )),
        Reach::OverUdpAlone => because.known_by(format!(
            "`options use-vc` asks over TCP, which {label} does not answer; UDP it does"
        )),
        Reach::NothingOfOthers => because.known_by(format!(
            "{label} runs, and fails for every name that it must ask others for: its upstream is \
             dead"
        )),
        Reach::OtherZones => because.known_by(format!(
            "{label} answers for a fresh name of another zone: what it asks for this zone is dead"
        )),
        Reach::RefusesAll => because
            .known_by(format!("{label} refuses every name: this machine is not among its clients")),
        Reach::Nothing(_) | Reach::Unknown => because,
    };
    if quiet {
        because = because.known_by(words::or_too_slow(e));
    }
    for pointer in tried::pointers(e, first.seen, ASKED) {
        because = because.read_at(pointer);
    }
    if waits {
        let (seconds, _) = words::waits(e);
        because = because.known_by(format!(
            "{label} is the first nameserver: a resolver library asks it first and goes on to \
             the next only after its timeout ({seconds} s, `timeout:` of resolv.conf)"
        ));
    }
    because = because.known_by("the same question was put to each resolver by itself");
    Some(
        fix(because, e, first, &reach)
            .act(
                Step::shared(
                    format!("or take {label} out of what gives clients their resolvers"),
                    "every client that has it configured",
                )
                .undo("put it back when it answers"),
            )
            .check(words::dig(&e.dns.name, first.seen)),
    )
}

/// Who has to do what, by the way in which it fails and by whose resolver it is.
fn fix(because: Because, e: &View<'_>, r: &Asked<'_>, reach: &Reach) -> Because {
    let resolver = Resolver::of(e, r);
    let port = r.seen.address.port();
    let because = resolver.who(because).look("ask it alone", words::dig(&e.dns.name, r.seen));
    let suffix = reading::public_suffix(e);
    match (&r.gives, reach) {
        (Gives::PortRefused | Gives::Malformed, _) => resolver.runs(because),
        (Gives::Unreachable(_) | Gives::NotSent(_), _)
        | (
            _,
            Reach::OverTcpAlone | Reach::OverUdpAlone | Reach::Nothing(Tcp::Silent | Tcp::Refused),
        ) => resolver.way(because, port),
        (_, Reach::Nothing(Tcp::Stood) | Reach::NothingOfOthers) => {
            resolver.upstream(because, Upstream::Everything)
        }
        (_, Reach::OtherZones | Reach::Unvalidated) => {
            resolver.upstream(because, Upstream::Zone(suffix))
        }
        (Gives::ServFail(_), _) => resolver.upstream(because, Upstream::Zone(suffix)),
        (Gives::Refused(_), _) => refused(because, e, &resolver),
        (Gives::Silent, _) => resolver.way(because, port),
        _ => resolver.look(because.owner(resolver.owner())),
    }
}
