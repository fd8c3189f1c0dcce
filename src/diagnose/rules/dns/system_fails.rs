//! `getaddrinfo` fails although the resolvers answer (nsswitch.conf(5)), or no resolver could be
//! asked for comparison.

use crate::diagnose::headline::Clause;
use crate::diagnose::platform_advice::{self, Topic};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::ResolverView;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Observed;
use crate::evidence::dns::{
    CODE_CRASHES, CODE_NOT_CALLED, DnsOutcome, Exchange, LookupFailure, QuestionType, Rcode,
    SystemAnswer,
};
use crate::evidence::vantage::FileState;

use super::{downstream, edns_differs, libc_lookup, library_waits, odd_answer, text};

pub(super) const RULE: Rule =
    rule!("dns-system-fails", Dns, "The system's own lookup fails", Code(check))
        .explains(&["dns-system-slow"]);

/// In place of an error code.
const STALLED: &str = "no answer in time";
fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let code = match e.dns.system.value()? {
        SystemAnswer::Failed { code } => code.as_str(),
        SystemAnswer::Addresses { addresses } if addresses.is_empty() => "no addresses",
        SystemAnswer::Addresses { .. } => return None,
        SystemAnswer::Stalled => STALLED,
    };
    if !e.dns.effective().is_empty() {
        return None;
    }
    let deciding = e.dns.deciding();
    let answering = e.dns.effective_resolver().filter(|r| !r.outcome.addresses().is_empty());
    // Where the resolvers fail too, the way in which they do is the finding.
    if answering.is_none() && !deciding.is_empty() {
        return None;
    }
    let level = match downstream::proxy_name_unresolved(e) {
        true => Level::Broken,
        false => downstream::level_without_address(e),
    };
    if e.vantage.resolver_config.state == FileState::NotRead && deciding.is_empty() {
        return Some(resolvers_not_seen(e, code, level));
    }
    let line = e.vantage.nsswitch_hosts.as_deref();
    let not_asked = libc_lookup::not_asked(e, code);
    // Where no resolver is asked, and where the library got an answer, no connection matters.
    let truncated = Library::of(e)
        .is_glibc()
        .then(|| fell_back(e, &deciding))
        .flatten()
        .filter(|_| not_asked.is_none() && !no_attempts(e, code) && unanswered(code));
    let untested = untested_plain(e, &deciding).filter(|_| not_asked.is_none());
    let odd = deciding.iter().find_map(|r| Some((r, odd_answer::of(r)?)));
    let odd = odd.filter(|_| not_asked.is_none());
    let confidence = match code == STALLED
        || code == CODE_NOT_CALLED
        || truncated.is_some()
        || untested.is_some()
        || odd.is_some()
    {
        true => Confidence::Inferred,
        false => Confidence::Proved,
    };
    let mut finding = FindingBuilder::new(level, confidence, clause(e, code, answering))
        .fact(format!("getaddrinfo for {}: {code}", e.dns.name))
        .cites("/dns/system");
    for r in &deciding {
        finding = finding.fact(format!("{}: {}", r.label(), text::outcome(r))).cites(r.pointer());
    }
    finding = error_answers(finding, &deciding);
    if let Some((r, why)) = odd {
        return Some(odd_answer::finding(finding, e, r, &why));
    }
    finding = without_interface(finding, e);
    finding = finding
        .owner("Server")
        .inspect("see what applications get", format!("getent ahosts {}", e.dns.name));
    if !Library::of(e).is_glibc() {
        return Some(without_nsswitch(finding, e));
    }
    if no_attempts(e, code) {
        return Some(with_attempts(finding, e).check(format!("getent ahosts {}", e.dns.name)));
    }
    if let Some(r) = truncated {
        return Some(over_tcp(finding, e, r).check(format!("getent ahosts {}", e.dns.name)));
    }
    if let Some((r, size)) = untested {
        finding = finding
            .reasoning(format!(
                "the answer of {} has {size} bytes: the C library asks without EDNS, where it is \
                 truncated above 512, and then over TCP, which was not tried here",
                r.label()
            ))
            .decide_with(format!("{} +noedns", text::dig(&e.dns.name, r.seen)));
    }
    let merges = line.is_some_and(libc_lookup::merges);
    let step = fix(code, not_asked.is_some() || merges);
    finding = where_it_ends(finding, e, code, not_asked)
        .inspect("see the order of name services", "grep ^hosts: /etc/nsswitch.conf");
    if let Some(advice) = platform_advice::on(e, Topic::ResolverUnanswered) {
        finding = finding.reasoning(advice.why).step(advice.step());
    }
    Some(finding.step(step).check(format!("getent ahosts {}", e.dns.name)))
}

/// A resolver whose answer was truncated over UDP, and came over TCP.
fn fell_back<'v, 'a>(
    e: &View<'_>,
    deciding: &[&'v ResolverView<'a>],
) -> Option<&'v ResolverView<'a>> {
    let by_tcp = |asked: &Exchange| asked.segments > 0 && asked.answer().is_some();
    let plain = |r: &ResolverView<'_>| {
        let kinds = [QuestionType::A, QuestionType::Aaaa];
        library::asks_plain(e)
            && kinds.iter().filter_map(|k| dns_experiments::plain(e, r.seen, *k)).any(by_tcp)
    };
    let own = |asked: &Observed<Exchange>| asked.value().is_some_and(by_tcp);
    deciding.iter().copied().find(|r| own(&r.seen.a) || own(&r.seen.aaaa) || plain(r))
}

/// A resolver whose answer may not fit into the plain one of the C library, which was not asked for,
/// and the size.
fn untested_plain<'v, 'a>(
    e: &View<'_>,
    deciding: &[&'v ResolverView<'a>],
) -> Option<(&'v ResolverView<'a>, u32)> {
    if !library::asks_plain(e) {
        return None;
    }
    let all = deciding.iter().copied();
    all.filter(|r| dns_experiments::plain(e, r.seen, QuestionType::A).is_none())
        .find_map(|r| Some((r, edns_differs::large(r)?)))
}

/// The C library takes the same way over TCP, with both of its questions on one connection.
fn over_tcp(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let (label, dig) = (r.label(), text::dig(&e.dns.name, r.seen));
    finding
        .reasoning(format!(
            "{label} answers with a truncated message over UDP, and the whole answer came over TCP: \
             glibc asks again over TCP too, but A and AAAA on one connection, where this \
             check has a connection for each; a server that answers one question a connection, or a \
             device that cuts the second, leaves glibc without an answer"
        ))
        .reasoning(
            "a cache, an agent or a firewall of this machine that ends the lookup before it is not \
             ruled out",
        )
        .decide_with(format!("{dig} +tcp +keepopen {} AAAA", reading::word(&e.dns.name)))
        .owner("DNS")
        .inspect("see whether the answer is truncated", format!("{dig} +ignore +noedns"))
        .step(
            Step::shared(
                format!(
                    "have {label} answer several questions over one TCP connection (RFC 7766, \
                     section 6.2.1), or give an answer that fits into a UDP message"
                ),
                format!("every client of {label}"),
            )
            .undo("set it back as it was"),
        )
}

/// Whether `attempts:0` ends the lookup, which then fails as if no resolver had answered.
fn no_attempts(e: &View<'_>, code: &str) -> bool {
    code != STALLED && unanswered(code) && libc_lookup::no_attempts(e)
}

/// Whether the library's own questions may have had no answer.
fn unanswered(code: &str) -> bool {
    let failure = LookupFailure::of(code);
    code == STALLED || matches!(failure, LookupFailure::TryAgain | LookupFailure::NotShown)
}

fn clause(e: &View<'_>, code: &str, answering: Option<&ResolverView<'_>>) -> Clause {
    let no_attempts = no_attempts(e, code);
    if let (CODE_CRASHES, Some(r)) = (code, answering) {
        return text::clause(
            format!("getaddrinfo crashes, although {} gives {}", r.label(), text::outcome(r)),
            format!("getaddrinfo crashes, although {} answers", r.label()),
        );
    }
    let code = match LookupFailure::of(code) {
        LookupFailure::NotShown => String::new(),
        _ => format!(" ({code})"),
    };
    match answering {
        _ if no_attempts => text::clause(
            format!("getaddrinfo fails{code}: with `attempts:0` it asks no resolver"),
            "getaddrinfo asks no resolver (`attempts:0`)",
        ),
        Some(r) => text::clause(
            format!("getaddrinfo fails{code}, although {} gives {}", r.label(), text::outcome(r)),
            format!("getaddrinfo fails{code}, although {} answers", r.label()),
        ),
        None => text::clause(
            format!("getaddrinfo fails{code}, and no resolver could be asked"),
            "getaddrinfo fails, and no resolver could be asked",
        ),
    }
}

/// An error for one type next to an address for the other: the error may end the lookup.
fn error_answers(finding: FindingBuilder, deciding: &[&ResolverView<'_>]) -> FindingBuilder {
    deciding.iter().fold(finding, |finding, r| {
        [(QuestionType::A, &r.seen.a), (QuestionType::Aaaa, &r.seen.aaaa)].into_iter().fold(
            finding,
            |finding, (kind, observed)| match observed.value().map(|exchange| &exchange.outcome) {
                Some(DnsOutcome::Answered { answer }) if answer.rcode != Rcode::NoError => finding
                    .reasoning(format!(
                        "{} answers {kind} with {}: some C libraries end the lookup there",
                        r.label(),
                        answer.rcode
                    )),
                _ => finding,
            },
        )
    })
}

/// Resolvers at link-local addresses whose interface is not there: the C library cannot ask them
/// either.
fn without_interface(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let all = e.dns.resolvers.iter().enumerate();
    let not_asked = all.filter_map(|(index, r)| match &r.a {
        Observed::NotPossible { message } if r.scope.is_some() => Some((index, r, message)),
        _ => None,
    });
    not_asked.fold(finding, |finding, (index, r, message)| {
        finding
            .fact(format!("{} was not asked: {message}", r.label()))
            .cites(format!("/dns/resolvers/{index}/a"))
            .reasoning(format!(
                "a link-local address is reached through its interface alone: where the one of {} \
                 is gone or has another name, the C library cannot ask it either",
                r.label()
            ))
            .inspect("see the names of the interfaces", "ip address show")
    })
}

/// Where the lookup ends in a library that asks the resolvers itself.
fn without_nsswitch(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    let finding = finding.reasoning(match Library::of(e) {
        Library::Winsock => {
            "Windows gives its DNS client's own answer: one that is kept in its cache from before, a \
             firewall that keeps that service (svchost.exe, Dnscache) from asking, or a VPN or \
             zero-trust client in its place"
        }
        Library::Musl => {
            "musl asks the resolvers itself: a local firewall or a sandbox ends its question, or an \
             answer to its A or AAAA question was an error"
        }
        Library::Glibc | Library::Other => {
            "the system's own resolver gives the answer: one from its cache, or a rule for the name \
             or an agent (VPN, zero trust) comes before the resolvers"
        }
    });
    let finding = match Library::of(e) {
        Library::Winsock => {
            let finding = finding
                .inspect("see what the DNS client has kept", "Get-DnsClientCache")
                .inspect("see the rules by name (NRPT)", "Get-DnsClientNrptPolicy -Effective");
            libc_lookup::empty_cache(finding, e)
        }
        Library::Musl => finding.step(Step::inspect(
            "find what stops the question: an agent or daemon on this host, its firewall, or a \
             sandbox that forbids a system call",
        )),
        Library::Glibc | Library::Other => finding.step(Step::inspect(
            "find what answers lookups on this machine before its resolvers do: a rule for the \
             name, a cache, or an agent (VPN, zero trust)",
        )),
    };
    finding.check(format!("getent ahosts {}", e.dns.name))
}

/// The option that leaves glibc no attempt, and its removal.
fn with_attempts(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    finding
        .fact(format!("options: {}", e.vantage.resolver_config.options.join(" ")))
        .cites("/vantage/resolver_config/options")
        .reasoning(
            "with `attempts:0` glibc asks each resolver 0 times, and every lookup that needs DNS \
             ends at once; dig and programs with a resolver of their own do not read the option",
        )
        .inspect("see where it is set", "grep ^options /etc/resolv.conf; printenv RES_OPTIONS")
        .step(match library_waits::set_by_environment(e, "attempts:") {
            true => Step::local(
                "remove `attempts:0` from RES_OPTIONS in the application's environment (its unit, \
                 container or shell): 2 is the default",
            )
            .undo("set the variable to its old value"),
            false => Step::local(
                "remove `attempts:0` from resolv.conf, in the settings of the service that writes \
                 the file: 2 is the default",
            )
            .undo("set the old value again: keep a copy of the file"),
        })
}

/// Where the lookup ends, as far as the hosts line of nsswitch.conf shows it.
fn where_it_ends(
    finding: FindingBuilder,
    e: &View<'_>,
    code: &str,
    not_asked: Option<String>,
) -> FindingBuilder {
    let line = e.vantage.nsswitch_hosts.as_ref();
    let finding = match line {
        Some(line) => {
            finding.fact(format!("nsswitch.conf: hosts: {line}")).cites("/vantage/nsswitch_hosts")
        }
        None => finding,
    };
    finding.reasoning(match (line, not_asked) {
        (Some(_), Some(why)) => format!("{why}: applications never ask the resolvers"),
        (_, None) if LookupFailure::of(code) == LookupFailure::TryAgain => {
            "EAI_AGAIN: a service of the hosts line was asked and did not answer, or was not \
             allowed to ask (a local firewall, a sandbox); which of the two is not known"
                .to_owned()
        }
        (_, None) if LookupFailure::of(code) == LookupFailure::NotShown => {
            "without the code it is not known which: a service of the hosts line or a local daemon \
             ends the lookup, or the one that asks DNS gets no answer or is not allowed to ask (a \
             local firewall, a sandbox)"
                .to_owned()
        }
        (Some(line), None) if libc_lookup::merges(line) => {
            "getaddrinfo of glibc merges nothing: a name that a service before `=merge` knows has no \
             address then"
                .to_owned()
        }
        (Some(_), None) => libc_lookup::suspects(e),
        (None, _) => {
            "the C library reads another configuration than the resolver list, or a local daemon \
             ends the lookup"
                .to_owned()
        }
    })
}

/// A sandbox that forbids the C library a socket option (IP_RECVERR) ends its lookups with EAI_AGAIN,
/// as a firewall does.
fn fix(code: &str, dns_not_asked: bool) -> Step {
    match LookupFailure::of(code) {
        LookupFailure::TryAgain if !dns_not_asked => {
            return Step::inspect(
                "find what stops the C library's own question: an agent or daemon on this host, \
                 its firewall, or a sandbox that forbids a system call",
            );
        }
        LookupFailure::NotShown if !dns_not_asked => {
            return Step::inspect(
                "find what ends the C library's lookup: a service of the hosts line, a local \
                 resolver daemon, an agent or firewall on this host, or a sandbox that forbids a \
                 system call",
            );
        }
        _ if !dns_not_asked => {
            return Step::inspect(
                "find what gives the C library another answer: a cache (nscd, systemd-resolved), an \
                 agent on this host (VPN, zero trust), a device on the way, or a resolver that does \
                 not answer the same each time",
            );
        }
        _ => {}
    }
    Step::local(
        "put `dns` into the hosts line (`hosts: files dns`), or remove the action that ends the lookup \
         before it, and fix or restart the local resolver daemon (systemd-resolved, nscd, sssd)",
    )
    .undo("put the old line back: keep a copy of the file")
}

/// Where the system's resolver configuration is not read, its own answer is all that is known.
fn resolvers_not_seen(e: &View<'_>, code: &str, level: Level) -> FindingBuilder {
    FindingBuilder::new(
        level,
        Confidence::Inferred,
        text::clause(
            format!("the system's own lookup fails ({code}); its resolvers are not known"),
            "the system's own lookup fails; its resolvers are not known",
        ),
    )
    .fact(format!("the system's lookup of {}: {code}", e.dns.name))
    .cites("/dns/system")
    .cites("/vantage/resolver_config/state")
    .reasoning(
        "this program does not read this system's resolver configuration: a resolver may be \
         silent, refuse, or not know the name",
    )
    .owner("DNS")
    .inspect("ask as applications do", format!("getent ahosts {}", e.dns.name))
    .inspect("see the resolvers that this system has", "resolvectl status")
    .inspect("ask one of them directly", reading::again_with(e, "--resolver <address>"))
    .check(reading::again(e))
}
