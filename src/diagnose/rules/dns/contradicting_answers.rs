//! One question gets two contradicting answers from the same address: a device on the way answers
//! before the resolver does, or two hosts have its address (RFC 5452, section 3).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::library::Library;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::classify;
use crate::evidence::dns::{Answer, Exchange, LateAnswer, Rcode};
use crate::sorting;

use super::advice::Resolver;
use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN, OF_ONE_ANSWER};
use super::{answers_vary, text};

pub(super) const RULE: Rule = rule!(
    "dns-two-answers",
    Dns,
    "One question to a resolver gets two answers that contradict each other",
    Code(check)
)
.explains(&["dns-unusable-address", "dns-answers-vary", "dns-forged-answer"])
.explains_groups(&[OF_ONE_ANSWER, NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN])
.decided_by(&["over-tcp"]);

/// Which of the two answers the resolver gives over TCP, where answers are seldom injected.
#[derive(PartialEq)]
enum Own {
    First,
    Late,
    Unknown,
}

fn addresses(answer: &Answer, name: &str) -> BTreeSet<IpAddr> {
    sorting::set(answer.chain(name).addresses)
}

/// An answer in a few words.
fn brief(answer: &Answer, name: &str) -> String {
    let all = answer.chain(name).addresses;
    match &answer.rcode {
        Rcode::NoError if all.is_empty() => "no address".to_owned(),
        Rcode::NoError => text::brief(&all),
        rcode => rcode.to_string(),
    }
}

/// Whether a server that is asked once would not give both.
fn contradicts(first: &Answer, late: &LateAnswer, name: &str) -> bool {
    let (one, other) = (addresses(first, name), addresses(&late.answer, name));
    let failed = |answer: &Answer| !answer.rcode.is_answer();
    // Only the answer over TCP is complete.
    if first.truncated || late.answer.truncated {
        return false;
    }
    // Our repeat is a separate question: it may meet a rate limit, or a rotated record.
    let repeated = late.asked > 1;
    if failed(first) || failed(&late.answer) {
        return !repeated && first.rcode != late.answer.rcode;
    }
    let outside = |all: &BTreeSet<IpAddr>| all.iter().all(|a| resolver_view::could_be_public(*a));
    if !one.is_empty() && !other.is_empty() && outside(&one) && outside(&other) {
        // Traffic managers rotate the addresses at the end of a chain, also for a question that the
        // network duplicated.
        let aliases = (first.chain(name).aliases, late.answer.chain(name).aliases);
        let turned = aliases.0 == aliases.1 && (repeated || !aliases.0.is_empty());
        return one != other && !turned;
    }
    one != other || (one.is_empty() && first.rcode != late.answer.rcode)
}

/// The first contradiction of a resolver: its place, the question, the two answers.
fn twice<'a>(
    r: &'a ResolverView<'a>,
) -> Option<(String, &'a Exchange, &'a Answer, &'a LateAnswer)> {
    [("a", &r.seen.a), ("aaaa", &r.seen.aaaa)].into_iter().find_map(|(field, observed)| {
        let exchange = observed.value()?;
        let first = exchange.answer()?;
        let all = exchange.late.iter().enumerate();
        let (place, late) = { all }.find(|(_, late)| contradicts(first, late, &exchange.name))?;
        let pointer = format!("/dns/resolvers/{}/{field}/value/late/{place}", r.index);
        Some((pointer, exchange, first, late))
    })
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let deciding = e.dns.deciding();
    let all = e.dns.resolver_views();
    let r = deciding.iter().copied().chain(all).find(|r| twice(r).is_some())?;
    let (pointer, exchange, first, late) = twice(r)?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let (label, name) = (r.label(), &exchange.name);
    let (one, other) = (brief(first, name), brief(&late.answer, name));
    let after = format!("{:.0} ms later", late.after_ms.max(1.0));
    let own = own(e, r, first, &late.answer);
    let message = text::clause(
        format!("{label} answers one question twice: {one} first, {other} {after}"),
        "one question to the resolver gets two answers that differ",
    );
    let mut finding =
        FindingBuilder::new(answers_vary::level(e, r, bystander), Confidence::Proved, message)
            .caveat()
            .fact(format!("{name} {} at {label}: {one} first, {other} {after}", exchange.kind))
            .cites(pointer)
            .cites(r.pointer());
    if late.asked == 1 {
        finding = finding.fact("the question was sent once, and both answers have its id");
    }
    for pointer in dns_experiments::pointers(e, r.seen, &["over-tcp"]) {
        finding = finding.cites(pointer);
    }
    finding = finding.reasoning(match own {
        Own::Late => format!(
            "over TCP {label} gives {other}: the later answer is its own, and the first one, which \
             clients accept, comes from another sender"
        ),
        Own::First => format!(
            "over TCP {label} gives {one}: the first answer is its own, and the later one comes \
             from another sender; whenever that one is quicker, clients accept it"
        ),
        Own::Unknown => format!(
            "clients accept the first answer, {one}; it is not known which of the two comes from \
             {label}"
        ),
    });
    finding = finding.reasoning(
        "two senders are possible for the other one: a device on the way that answers instead of \
         the resolver (a DNS filter, a firewall that rewrites DNS, a provider), or a second host \
         with the resolver's address",
    );
    if own == Own::Unknown {
        finding = finding.decide_with(format!("{} +tcp", text::dig(name, r.seen)));
    }
    let resolver = Resolver::of(e, r);
    finding = resolver.who(finding);
    let suffix = reading::public_suffix(e);
    let port = r.seen.address.port();
    finding = finding
        .owner("Network")
        .inspect("ask over TCP: that answer is seldom tampered with", tcp(name, r))
        .inspect(
            "see both answers; a different hop limit (ttl) or MAC address means a different sender",
            format!("tcpdump -n -e -v -i any 'udp src port {port}'"),
        );
    let ip = r.seen.address.ip();
    if classify(ip).is_private() && ip.is_ipv4() {
        finding = finding.inspect(
            "if it is in this machine's own subnet: see whether two hosts have its address",
            format!("arping -c 3 -I <interface> {ip}"),
        );
    }
    finding = finding.step(
        Step::shared(
            format!(
                "exclude {suffix} from the device that answers first; its answer may be \
                 deliberate, so ask its owner (Security) first"
            ),
            "every client behind that device, for the names of that suffix",
        )
        .undo("restore the rule"),
    );
    if own == Own::Late && Library::of(e).is_glibc() {
        finding = finding.step(
            Step::local(
                "until then `options use-vc` in resolv.conf makes the C library ask over TCP, \
                 which gives the right answer",
            )
            .undo("remove the option again"),
        );
    }
    Some(finding.check(reading::again(e)))
}

fn tcp(name: &str, r: &ResolverView<'_>) -> String {
    format!("{} +tcp", text::dig(name, r.seen))
}

fn own(e: &View<'_>, r: &ResolverView<'_>, first: &Answer, late: &Answer) -> Own {
    let tried = dns_experiments::questions(e, r.seen, "over-tcp")
        .find_map(|(_, tried)| Some((tried.exchange.answer()?, tried.exchange.name.as_str())));
    let Some((answer, name)) = tried else { return Own::Unknown };
    let same = |other: &Answer| {
        other.rcode == answer.rcode && addresses(other, name) == addresses(answer, name)
    };
    match (same(first), same(late)) {
        (true, false) => Own::First,
        (false, true) => Own::Late,
        _ => Own::Unknown,
    }
}
