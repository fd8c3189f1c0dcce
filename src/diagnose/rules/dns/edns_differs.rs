//! The resolver answers a question with EDNS in one way and the plain one in another (facts D186,
//! D187): the C library asks the plain one, and this walk the other.

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::view::{answer_losses, answer_series, dns_experiments};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::dns::{DnsOutcome, Exchange, QuestionType};
use crate::evidence::{classify, tunnel};

use super::symptoms::{NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OTHER_ADDRESS};
use super::{downstream, libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-edns-differs",
    Dns,
    "The resolver answers questions with EDNS and plain ones differently",
    Code(check)
)
.explains(&["dns-system-fails", "dns-system-slow", "dns-aaaa-swallowed"])
.explains_groups(&[OTHER_ADDRESS, NOT_CONNECTED, NO_HANDSHAKE, NOT_LET_IN]);

/// How a question ended that got no answer.
const SILENCE: &str = "no answer";

/// What a message of DNS over UDP holds without EDNS (RFC 1035, section 4.2.1).
const WITHOUT_EDNS: u32 = 512;

/// What the plain question gets, where it is another answer and the one that applications get.
struct Plain {
    addresses: Vec<IpAddr>,
    words: String,
}

/// How a question ended that gave no address; none where that shows nothing of the resolver.
fn without_address(exchange: &Exchange) -> Option<String> {
    Some(match &exchange.outcome {
        DnsOutcome::Answered { answer } if answer.rcode.as_str() == "NOERROR" => {
            "no address".to_owned()
        }
        DnsOutcome::Answered { answer } => answer.rcode.to_string(),
        DnsOutcome::TimedOut if exchange.sent > 0 => SILENCE.to_owned(),
        DnsOutcome::Malformed => "a broken message".to_owned(),
        _ => return None,
    })
}

fn plain(e: &View<'_>, r: &ResolverView<'_>) -> Option<Plain> {
    let of = |kind| dns_experiments::plain(e, r.seen, kind);
    let a = of(QuestionType::A)?;
    let both = [Some(a), of(QuestionType::Aaaa)];
    let addresses: Vec<IpAddr> =
        both.into_iter().flatten().flat_map(dns_experiments::addresses).collect();
    let (system, own) = (e.dns.system_addresses(), r.outcome.addresses());
    let words = match addresses.is_empty() {
        true => without_address(a)?,
        false => text::brief(&addresses),
    };
    let public = |all: &[IpAddr]| !all.is_empty() && all.iter().all(|a| classify(*a).is_public());
    // Traffic managers rotate public addresses.
    let alike = |one: &[IpAddr], other: &[IpAddr]| {
        one.iter().any(|a| other.contains(a)) || public(one) && public(other)
    };
    let applications_get_it = match system {
        [] => addresses.is_empty() && !own.is_empty() && fails(e),
        _ => alike(system, &addresses) && !alike(own, &addresses),
    };
    applications_get_it.then_some(Plain { addresses, words })
}

/// Whether the system's lookup asked the resolvers and has no address of them.
fn fails(e: &View<'_>) -> bool {
    libc_lookup::resolvers_not_asked(e).is_none() && e.dns.system.value().is_some()
}

/// The size of its larger answer, where that does not fit into a message without EDNS.
pub(super) fn large(r: &ResolverView<'_>) -> Option<u32> {
    let size = [&r.seen.a, &r.seen.aaaa].into_iter().filter_map(reading::message);
    size.map(|answer| answer.size).max().filter(|size| *size > WITHOUT_EDNS)
}

fn level(e: &View<'_>, own: &[IpAddr], plain: &Plain) -> Level {
    let private = |all: &[IpAddr]| all.iter().any(|a| tunnel::is_private(e, *a));
    let unwanted = reading::private_demanded(e)
        && plain.addresses.iter().any(|a| resolver_view::could_be_public(*a));
    if reading::proxied(e) {
        Level::Note
    } else if e.dns.effective().is_empty() {
        downstream::level_without_address(e)
    } else if unwanted || downstream::service_not_reached(e) {
        Level::Broken
    } else if plain.addresses.is_empty() || private(own) && !private(&plain.addresses) {
        Level::Risk
    } else {
        Level::Note
    }
}

fn clause(label: &str, plain: &Plain, own: &str) -> Clause {
    text::clause(
        format!("{label} gives {} without EDNS, and {own} with it", plain.words),
        "the resolver answers otherwise without EDNS",
    )
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let from_elsewhere =
        resolver_view::is_from_hosts_file(e) || tunnel::of_application(e).is_some();
    if !library::asks_plain(e) || e.options.resolver_given || from_elsewhere {
        return None;
    }
    let deciding = e.dns.deciding();
    let (r, plain) = deciding.into_iter().find_map(|r| Some((r, plain(e, r)?)))?;
    let own = match r.outcome.addresses() {
        [] => r.seen.a.value().and_then(without_address)?,
        some => text::brief(some),
    };
    let asked = answer_series::steady(e, r.seen);
    let silent = plain.words == SILENCE;
    // A question that is answered in the same form at another time does not fail by its form.
    let lost =
        (silent || own == SILENCE) && answer_losses::of(e, r.seen, &QuestionType::A).is_some();
    // A limit, or one server of several, answers with an error by chance.
    let refused = plain.addresses.is_empty() && answer_losses::errors(e, r.seen).is_some();
    if lost || refused {
        return None;
    }
    // Servers in turn behind one address may look the same by chance; a size that does not fit may not.
    let explained = large(r).is_some();
    let confidence = match asked >= answer_series::STEADY && !silent && explained {
        true => Confidence::Proved,
        false => Confidence::Inferred,
    };
    let (label, dig) = (r.label(), text::dig(&e.dns.name, r.seen));
    let library = Library::of(e);
    let mut finding = FindingBuilder::new(
        level(e, r.outcome.addresses(), &plain),
        confidence,
        clause(&label, &plain, &own),
    )
    .caveat()
    .fact(format!("{label} with EDNS: {}", text::outcome(r)))
    .fact(format!("{label} without: {}", plain.words))
    .cites(r.pointer())
    .cites("/dns/system");
    for pointer in dns_experiments::pointers(e, r.seen, &["plain-question", "repeat-query"]) {
        finding = finding.cites(pointer);
    }
    finding = match large(r) {
        Some(size) => finding.reasoning(format!(
            "the answer has {size} bytes, and a message without EDNS holds {WITHOUT_EDNS}: the server \
             has to set TC, so that the client asks over TCP (RFC 2181, section 9); this one fails \
             or cuts the answer instead, as some versions of CoreDNS do"
        )),
        None => finding.reasoning(format!(
            "a filter, a firewall or a load balancer in front of {label} knows one form of the \
             question alone, and the other form gets past it or is answered elsewhere"
        )),
    };
    finding = finding
        .reasoning(format!(
            "with EDNS the A question was answered {} alike; {} asks without, and its lookup ended as \
             the plain question did",
            if asked > 1 { format!("{asked} times") } else { "once".to_owned() },
            library.words()
        ))
        .reasoning(
            "Go programs, many DNS caches and forwarding resolvers ask with EDNS, and get the other \
             answer",
        )
        .owner("DNS")
        .inspect("ask with EDNS", format!("{dig} +edns=0"))
        .inspect("and without, as applications ask", format!("{dig} +noedns"))
        .step(
            Step::shared(
                format!("have {label}, or the device in front of it, answer both forms alike"),
                format!("every client of {label}"),
            )
            .undo("set it back as it was"),
        );
    let private = |all: &[IpAddr]| all.iter().any(|a| tunnel::is_private(e, *a));
    let better =
        plain.addresses.is_empty() || private(r.outcome.addresses()) && !private(&plain.addresses);
    finding = match library.is_glibc() && better {
        true => finding.step(with_edns()),
        false => finding,
    };
    Some(finding.check(format!("getent ahosts {}", e.dns.name)))
}

/// The option by which glibc asks with EDNS, for answers up to 1200 bytes over UDP.
pub(super) fn with_edns() -> Step {
    Step::local("until then `options edns0` in resolv.conf makes the C library ask with EDNS")
        .undo("remove the option again")
}
