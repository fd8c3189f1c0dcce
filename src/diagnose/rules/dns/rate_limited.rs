//! A resolver that is up does not answer some questions of this walk: it, or a firewall in front of
//! it, limits the number of answers per second.

use crate::diagnose::headline::Clause;
use crate::diagnose::view::answer_losses::{self, Losses};
use crate::diagnose::view::resolver_view::{ResolverOutcome, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, QuestionType, ResolverRole};

use super::answers_others::{self, AnswersOthers};
use super::{downstream, libc_lookup, system_slow, text};

pub(super) const RULE: Rule =
    rule!("dns-rate-limited", Dns, "A resolver answers some questions and not others", Code(check))
        .explains(&[
            "dns-system-fails",
            "dns-system-slow",
            "dns-aaaa-swallowed",
            "dns-resolver-slow",
            "proxy-name-unresolved",
        ])
        .about(crate::diagnose::About::Load);

/// With fewer unanswered questions, a single lost datagram explains them as well.
const FEW: usize = 2;

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    e.dns
        .resolver_views()
        .iter()
        .find_map(|r| unheard(e, r).or_else(|| in_part(e, r)).or_else(|| in_error(e, r)))
}

/// The walk's own question got no answer, and other questions did.
fn unheard(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    if !matches!(r.outcome, ResolverOutcome::Silent) {
        return None;
    }
    let heard = answers_others::evidence(e, r.seen)?;
    let (label, sent) = (r.label(), r.seen.a.value()?.sent);
    // Otherwise applications still have their addresses.
    let lost = e.dns.all_fail();
    let message = match heard {
        AnswersOthers::System => text::clause(
            format!("{label} answers getaddrinfo, but not this tool's own question"),
            "a resolver answers others, but not this tool",
        ),
        AnswersOthers::Walks { answered, asked } => text::clause(
            format!(
                "{label} answered {answered} of {asked} checks of this round, but not this one"
            ),
            "a resolver answers others, but not this tool",
        ),
        AnswersOthers::Repeats { missed, asked } => lost_in_part(&label, missed, asked),
    };
    // Questions of this walk alone do not show that applications get an address.
    let level = match heard {
        AnswersOthers::Repeats { .. } if e.dns.lacks_address() => {
            downstream::level_without_address(e)
        }
        AnswersOthers::Repeats { .. } if waited_for(e, r) => Level::Risk,
        _ if lost => Level::Risk,
        _ => Level::Note,
    };
    let finding = FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(match sent {
            1 => format!("{label} for {}: no answer to 1 packet", e.dns.name),
            _ => format!("{label} for {}: no answer to {sent} packets", e.dns.name),
        })
        .cites(r.pointer());
    let finding = match heard {
        AnswersOthers::System => finding
            .fact(format!("getaddrinfo got its answer, and asks no other resolver than {label}"))
            .cites("/dns/system"),
        AnswersOthers::Walks { answered, asked } => finding
            .fact(format!("{answered} of {asked} checks of the last 30 s were answered"))
            .cites(format!("/dns/resolvers/{}/round", r.index)),
        AnswersOthers::Repeats { .. } => {
            match answer_losses::of(e, r.seen, &QuestionType::A).filter(|losses| losses.own) {
                Some(losses) => counted(finding, &losses, "A", &e.dns.name),
                None => own_data(finding, &answers_others::own_losses(e, r.seen)?),
            }
        }
    };
    let finding = with_advice(finding, e, r, Instead::Silence);
    Some(match level {
        Level::Broken => finding,
        _ if lost => finding.untested(),
        _ => finding.caveat(),
    })
}

/// Whether applications ask this resolver, and wait for it.
fn waited_for(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    r.seen.role == ResolverRole::Configured && !reading::proxied(e) && !e.options.resolver_given
}

/// The name was answered, and some repeats of the same question were not.
fn in_part(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    r.seen.a.value()?.answer()?;
    let waits = system_slow::is_slow(e) && waited_for(e, r);
    // An answer to the second of two packets is one lost packet, unless applications wait as well.
    let several = |all: &Losses| all.silent >= FEW || waits && all.missed >= FEW;
    let a = answer_losses::of(e, r.seen, &QuestionType::A).filter(several);
    let (kind, losses) = match a {
        Some(losses) => ("A", losses),
        None => ("AAAA", for_ipv6(e, r)?),
    };
    let label = r.label();
    let finding = FindingBuilder::new(
        if waits { Level::Risk } else { Level::Note },
        Confidence::Inferred,
        lost_in_part(&label, losses.missed, losses.asked),
    )
    .cites(r.pointer());
    let finding = match waits {
        true => {
            finding.fact("getaddrinfo, which asks the same resolvers, waits").cites("/dns/system")
        }
        false => finding,
    };
    Some(with_advice(counted(finding, &losses, kind, &e.dns.name), e, r, Instead::Silence).caveat())
}

/// The name was answered, and some repeats of the same question got an error.
fn in_error(e: &View<'_>, r: &ResolverView<'_>) -> Option<FindingBuilder> {
    let failed = reading::system_failed(e).filter(|_| e.dns.lacks_address() && waited_for(e, r));
    let failed = failed.is_some_and(|code| libc_lookup::not_asked(e, code).is_none());
    // No datagram was lost: one error is enough where the system's lookup, which asked too, failed.
    let least = if failed { 1 } else { FEW };
    let (losses, word) = answer_losses::errors(e, r.seen).filter(|(all, _)| all.missed >= least)?;
    let Losses { asked, missed, .. } = losses;
    let label = r.label();
    let level = if failed { downstream::level_without_address(e) } else { Level::Note };
    let message = text::clause(
        format!("{label} answers some questions and not others: {missed} of {asked} got {word}"),
        "a resolver answers some questions and not others",
    );
    let finding = FindingBuilder::new(level, Confidence::Inferred, message)
        .fact(format!("of {asked} questions for A {} {missed} were answered {word}", e.dns.name))
        .cites(r.pointer());
    let finding = losses.places.iter().fold(finding, |finding, place| finding.cites(place));
    let finding = match reading::system_failed(e) {
        Some(code) => finding.fact(format!("getaddrinfo reports {code}")).cites("/dns/system"),
        None => finding,
    };
    let finding = with_advice(finding, e, r, Instead::Errors);
    Some(if level == Level::Broken { finding } else { finding.caveat() })
}

/// The walk's own AAAA question, sent three times from one port, was lost.
fn for_ipv6(e: &View<'_>, r: &ResolverView<'_>) -> Option<Losses> {
    let own = r.seen.aaaa.value()?;
    if own.outcome != DnsOutcome::TimedOut || (own.sent as usize) < FEW {
        return None;
    }
    answer_losses::of(e, r.seen, &QuestionType::Aaaa)
}

fn lost_in_part(label: &str, missed: usize, asked: usize) -> Clause {
    text::clause(
        format!("{label} answers some questions and not others: {missed} of {asked} were missed"),
        "a resolver answers some questions and not others",
    )
}

fn counted(finding: FindingBuilder, losses: &Losses, kind: &str, name: &str) -> FindingBuilder {
    let Losses { asked, missed, .. } = losses;
    let finding = finding.fact(format!(
        "of {asked} questions for {kind} {name} {missed} got no answer, or one only once they were sent \
         again"
    ));
    losses.places.iter().fold(finding, |finding, place| finding.cites(place))
}

fn own_data(finding: FindingBuilder, losses: &Losses) -> FindingBuilder {
    let Losses { asked, missed, .. } = losses;
    let finding = finding.fact(format!(
        "of {asked} questions {missed} got no answer, one for localhost among them, which needs no other \
         server; a new name of another zone was answered"
    ));
    losses.places.iter().fold(finding, |finding, place| finding.cites(place))
}

/// What came in place of the answers.
#[derive(Clone, Copy)]
enum Instead {
    /// Nothing.
    Silence,
    /// Errors.
    Errors,
}

fn with_advice(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    instead: Instead,
) -> FindingBuilder {
    let label = r.label();
    let repeats = text::dig(&e.dns.name, r.seen);
    let finding = match text::cluster(e, r.seen) {
        Some(who) => finding.reasoning(who),
        None => finding,
    };
    let finding = finding
        .reasoning(
            "a resolver that answers some questions, and drops or refuses others, limits the answers \
             to one client (unbound `ip-ratelimit`, BIND `rate-limit`, dnsdist `MaxQPSIPRule`, a \
             firewall's limit on UDP 53, Azure's limit for each virtual machine), or is overloaded",
        )
        .reasoning(format!(
            "or behind {label} are several servers (a load balancer, the DNS service of a cluster), or \
             it asks several upstreams in turn, and one of them {}",
            match instead {
                Instead::Silence =>
                    "does not answer; such devices choose by the port of the question, and a program \
                     that asks again from the same port waits in vain",
                Instead::Errors => "fails",
            }
        ));
    let (finding, fails) = match instead {
        Instead::Silence => {
            (finding.reasoning("or the path to it loses packets"), "does not answer")
        }
        Instead::Errors => (finding, "fails"),
    };
    finding
        .ruled_out(format!("a resolver that is down: {label} answers"))
        .owner("DNS")
        .inspect(
            "see how many of 20 questions are answered, each from a port of its own",
            format!("for i in $(seq 20); do {repeats} +short +tries=1 +time=1; done"),
        )
        .step(Step::inspect(format!(
            "find the servers behind {label} and its upstreams, and ask each one directly; take one that \
             {fails} out of rotation"
        )))
        .step(
            Step::shared(
                format!(
                    "if it is a limit: raise that of {label} for this machine, or use a resolver with \
                     spare capacity"
                ),
                "the limit protects the resolver from every client: raise it for this address only",
            )
            .undo("restore the old limit"),
        )
        .check(reading::again(e))
}
