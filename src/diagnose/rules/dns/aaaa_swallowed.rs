//! The A question is answered and the AAAA question is not (RFC 4074): resolver libraries send both
//! and wait for both answers.

use crate::diagnose::headline::Clause;
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::view::{answer_losses, answer_series, contradictions, dns_experiments};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, QuestionType, Rcode, ResolverRole};

use super::{answers_others, libc_lookup, library_waits, text};

pub(super) const RULE: Rule = rule!(
    "dns-aaaa-swallowed",
    Dns,
    "The A question is answered, the AAAA question is not",
    Code(check)
)
.for_tokens(crate::diagnose::ForTokens::Care)
.explains(&["dns-system-slow", "dns-system-fails"]);

/// How the AAAA question ends at a resolver that answers the A question.
enum Aaaa {
    /// No answer: C libraries wait for it.
    Silent,
    /// An error, in words; some C libraries end the whole lookup (musl, fact X21).
    Error(String),
}

/// The first deciding resolver that answers A and not AAAA. Applications do not wait for others.
fn swallowing<'v>(e: &'v View<'_>) -> Option<(&'v ResolverView<'v>, Aaaa)> {
    // Where several servers answer, and one of them knows no such name, that is the fault.
    let several = |r: &ResolverView<'_>| {
        contradictions::of(e, r.seen).is_some() || answer_series::varying(e, r.seen).is_some()
    };
    e.dns.deciding().into_iter().filter(|r| !several(r)).find_map(|r| {
        // A resolver that fails on A as well is down, and has its own finding.
        let a = reading::message(&r.seen.a).filter(|_| r.outcome.is_answer())?;
        let how = match &r.seen.aaaa.value()?.outcome {
            DnsOutcome::Answered { answer } => {
                let same = answer.rcode == Rcode::NoError || answer.rcode == a.rcode;
                Aaaa::Error((!same).then(|| answer.rcode.to_string())?)
            }
            // The type is not the reason where another question for it was answered.
            DnsOutcome::TimedOut if answered_elsewhere(e, r) => return None,
            DnsOutcome::TimedOut => Aaaa::Silent,
            DnsOutcome::PortRefused => Aaaa::Error("port closed".to_owned()),
            DnsOutcome::Unreachable { icmp } => Aaaa::Error(text::unreachable(icmp, None)),
            DnsOutcome::Malformed => Aaaa::Error("bytes that are not a DNS message".to_owned()),
            DnsOutcome::TcpFailed { message, .. } => Aaaa::Error(message.clone()),
            // It was not asked.
            DnsOutcome::LocalError { errno: Some(_), .. } => return None,
            DnsOutcome::LocalError { message, .. } => Aaaa::Error(message.clone()),
        };
        Some((r, how))
    })
}

/// Whether the resolver answered AAAA questions other than the walk's own.
fn answered_elsewhere(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    answer_losses::of(e, r.seen, &QuestionType::Aaaa).is_some()
        || answers_others::for_both_types(e, r.seen)
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, aaaa) = swallowing(e)?;
    // The lookup failed although an address was there.
    let application = !reading::proxied(e)
        && r.seen.role != ResolverRole::Given
        && !library_waits::asks_no_aaaa(e)
        && libc_lookup::resolvers_not_asked(e).is_none();
    let gives_address = !r.outcome.addresses().is_empty();
    let ends_lookup = application && gives_address && libc_lookup::failed_at_resolvers(e).is_some();
    let (label, dig) = (r.label(), text::dig(&e.dns.name, r.seen));
    let finding = match &aaaa {
        Aaaa::Silent => {
            let level = match (application, ends_lookup) {
                (false, _) => Level::Note,
                (true, true) => Level::Broken,
                (true, false) => Level::Risk,
            };
            let finding = FindingBuilder::new(level, Confidence::Inferred, silent_clause(&label));
            let finding = silent(finding, e, r);
            // Programs with a resolver of their own do not read the option, and wait.
            if library_waits::asks_no_aaaa(e) { finding.caveat() } else { finding }
        }
        Aaaa::Error(how) => {
            // Where musl itself answered here, its own result shows.
            let others = Library::of(e) != Library::Musl;
            let doubt = !ends_lookup
                && gives_address
                && r.seen.contradiction(&e.dns.name).is_some()
                && repeated(e, r)
                && answer_series::steady(e, r.seen) < answer_series::STEADY;
            let level = match (ends_lookup, doubt && application) {
                (true, _) => Level::Broken,
                (false, true) => Level::Risk,
                (false, false) => Level::Note,
            };
            let confidence = match (ends_lookup, doubt) {
                (true, _) => Confidence::Inferred,
                (false, true) => Confidence::Possible,
                (false, false) => Confidence::Proved,
            };
            denied(error(r, how, (level, confidence), gives_address && others), e, r, doubt)
        }
    };
    let finding = finding.cites(r.pointer()).cites(format!("/dns/resolvers/{}/aaaa", r.index));
    let finding = match e.dns.system.took_ms() {
        Some(took) => finding.fact(format!("getaddrinfo took {took:.0} ms")).cites("/dns/system"),
        None => finding,
    };
    let finding = finding.owner("DNS").inspect("ask for AAAA alone", format!("{dig} AAAA")).step(
        Step::shared(
            format!(
                "have {label}, or the firewall in front of it, answer AAAA with an empty \
                         NOERROR"
            ),
            format!("every client of {label}"),
        )
        .undo("set it back as it was"),
    );
    let finding = match Library::of(e) {
        Library::Glibc if !library_waits::asks_no_aaaa(e) => finding.step(
            Step::local(
                "until then set `options no-aaaa` (glibc 2.36; no name has an IPv6 address then), or \
                 `single-request-reopen` and a shorter `timeout:`; musl (Alpine) reads the last of \
                 them alone",
            )
            .undo("remove the option again"),
        ),
        Library::Musl => finding.step(
            Step::local("until then set a shorter `timeout:`").undo("remove the option again"),
        ),
        Library::Glibc | Library::Winsock | Library::Other => finding,
    };
    Some(finding.check(format!("{dig} AAAA")))
}

fn silent_clause(label: &str) -> Clause {
    text::clause(
        format!("{label} answers the A question and not the AAAA question"),
        "the A question is answered and the AAAA question is not",
    )
}

fn silent(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let (_, all) = library_waits::lookup_timeouts(e);
    finding
        .fact(format!("{}: A {}; AAAA no answer", r.label(), text::outcome(r)))
        .reasoning(text::slower_looks_the_same(e))
        .reasoning(match Library::of(e) {
            Library::Musl => format!(
                "both questions went to the same resolver at the same time; musl waits for both \
                 answers before it returns an address, and fails without the second: {all} s at each \
                 new lookup (`timeout:`)"
            ),
            Library::Winsock => format!(
                "both questions went to the same resolver at the same time; Windows repeats the one \
                 that is not answered, for up to {all} s, before it returns an address"
            ),
            Library::Other => "both questions went to the same resolver at the same time; a lookup \
                               of both kinds of address waits for the one that is lost"
                .to_owned(),
            Library::Glibc if library_waits::asks_no_aaaa(e) => {
                "`options no-aaaa` is set: glibc does not ask for AAAA, so its lookups do not wait; \
                 programs with a resolver of their own may"
                    .to_owned()
            }
            Library::Glibc => format!(
                "both questions went to the same resolver at the same time; glibc repeats the one \
                 that is not answered, each time for `timeout:`, before it returns an address: {} s \
                 at each new lookup",
                library_waits::glibc_waits_for_aaaa(e)
            ),
        })
}

/// An error at least is quick: glibc goes on with the A answer.
fn error(
    r: &ResolverView<'_>,
    how: &str,
    (level, confidence): (Level, Confidence),
    gives_address: bool,
) -> FindingBuilder {
    let label = r.label();
    let ends_lookup = level == Level::Broken;
    let musl_fails = gives_address && !ends_lookup;
    let message = match musl_fails {
        true => text::clause(
            format!("{label} answers AAAA with {how}: musl clients (Alpine) get no address"),
            "the AAAA question fails: musl clients (Alpine) get no address",
        ),
        false => text::clause(
            format!("{label} answers the A question, but AAAA with {how}"),
            "the AAAA question fails where the A question is answered",
        ),
    };
    let finding = FindingBuilder::new(level, confidence, message)
        .fact(format!("{label}: A {}; AAAA {how}", text::outcome(r)))
        .reasoning(match ends_lookup {
            true => {
                "getaddrinfo failed although the A question is answered: the error for AAAA ended \
                 the whole lookup, or its own questions met other answers"
            }
            false => {
                "glibc goes on with the A answer; musl, which Alpine images use, fails the whole \
                 lookup when either of the two answers is an error"
            }
        })
        .reasoning("both questions went to the same resolver at the same time");
    if musl_fails { finding.caveat() } else { finding }
}

/// Whether the A question was repeated, whatever came back; reports of before were without.
fn repeated(e: &View<'_>, r: &ResolverView<'_>) -> bool {
    dns_experiments::questions(e, r.seen, "repeat-query").next().is_some()
}

/// NXDOMAIN is about every type, so next to an address it is a server's fault, or another server's
/// word: repeats of the A question tell.
fn denied(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    doubt: bool,
) -> FindingBuilder {
    if r.seen.contradiction(&e.dns.name).is_none() {
        return finding;
    }
    let finding = finding.reasoning(
        "NXDOMAIN says that the name has no record of any type, which the A answer contradicts: the \
         server denies every name for AAAA (RFC 4074), or behind its address are several servers, \
         and one of them does not know the name",
    );
    let asked = answer_series::steady(e, r.seen);
    let dig = text::repeated(&e.dns.name, r.seen);
    if doubt && asked > 1 {
        return finding
            .reasoning(format!(
                "the A question was answered {asked} times, alike each time: too few to tell"
            ))
            .decide_with(dig);
    }
    if doubt {
        return finding.decide_with(dig);
    }
    match (repeated(e, r), asked >= answer_series::STEADY) {
        (true, true) => finding.reasoning(format!(
            "the A question was asked {asked} times and answered alike each time, so one server that \
             fails for AAAA is likely"
        )),
        (true, false) => finding,
        (false, _) => finding
            .reasoning("the A question was not repeated, so which of the two it is is not known")
            .decide_with(dig),
    }
}
