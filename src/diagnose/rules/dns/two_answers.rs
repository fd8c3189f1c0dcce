//! One question, two answers from the same address that contradict each other: a device on the way
//! answers before the resolver does, or two hosts have its address (RFC 5452, section 3).

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::diagnose::view::gives::{self, Asked};
use crate::diagnose::view::tried;
use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Step, Sure};
use crate::evidence::classify;
use crate::evidence::dns::{Answer, Exchange, LateAnswer, Rcode};

use super::advice::Resolver;
use super::symptoms::{ANOTHER_SERVER, NO_HANDSHAKE, NOT_CONNECTED, NOT_LET_IN};
use super::{answers_vary, words};

pub(super) const RULE: Rule = rule!(
    "dns-two-answers",
    Dns,
    "One question to a resolver gets two answers that contradict each other",
    Code(check)
)
.explains(&[
    "dns-servfail",
    "dns-refused",
    "dns-upstream-dead",
    "dns-zone-fails",
    "dns-record-missing",
    "dns-name-not-found",
    "dns-no-address",
    "dns-system-differs",
    "dns-system-fails",
    "dns-zone-not-linked",
    "dns-outside-resolver",
    "dns-unusable-address",
    "dns-own-record",
    "dns-public-not-expected",
    "dns-address-not-expected",
    "dns-private-not-expected",
    "dns-resolver-down",
    "dns-resolvers-disagree",
    "dns-answers-vary",
    "dns-forged-answer",
])
.explains_groups(&[NOT_CONNECTED, NO_HANDSHAKE, ANOTHER_SERVER, NOT_LET_IN])
.decided_by(&["over-tcp"]);

/// Which of the two the resolver gives over TCP, where answers are seldom injected.
#[derive(PartialEq)]
enum Own {
    First,
    Late,
    Unknown,
}

fn addresses(answer: &Answer, name: &str) -> BTreeSet<IpAddr> {
    answer.chain(name).addresses.into_iter().collect()
}

/// An answer in two words.
fn brief(answer: &Answer, name: &str) -> String {
    let all = answer.chain(name).addresses;
    match &answer.rcode {
        Rcode::NoError if all.is_empty() => "no address".to_owned(),
        Rcode::NoError => words::brief(&all),
        rcode => rcode.to_string(),
    }
}

/// Whether no server that is asked once would have given both.
fn contradicts(first: &Answer, late: &LateAnswer, name: &str) -> bool {
    let (one, other) = (addresses(first, name), addresses(&late.answer, name));
    let failed = |answer: &Answer| !answer.rcode.is_answer();
    // The whole answer is that over TCP.
    if first.truncated || late.answer.truncated {
        return false;
    }
    // A repeat of ours is a question of its own: it may meet a rate limit, or a turned record.
    let repeated = late.asked > 1;
    if failed(first) || failed(&late.answer) {
        return !repeated && first.rcode != late.answer.rcode;
    }
    let outside = |all: &BTreeSet<IpAddr>| all.iter().all(|a| gives::is_outside(*a));
    if !one.is_empty() && !other.is_empty() && outside(&one) && outside(&other) {
        // Traffic managers turn the addresses at the end of one chain, also for a question that
        // the network has doubled.
        let aliases = (first.chain(name).aliases, late.answer.chain(name).aliases);
        let turned = aliases.0 == aliases.1 && (repeated || !aliases.0.is_empty());
        return one != other && !turned;
    }
    one != other || (one.is_empty() && first.rcode != late.answer.rcode)
}

/// The first contradiction of a resolver: its place, the question, the two answers.
fn twice<'a>(r: &'a Asked<'a>) -> Option<(String, &'a Exchange, &'a Answer, &'a LateAnswer)> {
    [("a", &r.seen.a), ("aaaa", &r.seen.aaaa)].into_iter().find_map(|(field, observed)| {
        let exchange = observed.saw()?;
        let first = exchange.answer()?;
        let all = exchange.late.iter().enumerate();
        let (place, late) = { all }.find(|(_, late)| contradicts(first, late, &exchange.name))?;
        let pointer = format!("/dns/resolvers/{}/{field}/saw/late/{place}", r.index);
        Some((pointer, exchange, first, late))
    })
}

fn check(e: &View<'_>) -> Option<Because> {
    let deciding = e.dns.deciding();
    let all = e.dns.asked();
    let r = deciding.iter().copied().chain(all).find(|r| twice(r).is_some())?;
    let (pointer, exchange, first, late) = twice(r)?;
    let bystander = !deciding.iter().any(|other| other.index == r.index);
    let (label, name) = (r.label(), &exchange.name);
    let (one, other) = (brief(first, name), brief(&late.answer, name));
    let after = format!("{:.0} ms later", late.after_ms.max(1.0));
    let own = own(e, r, first, &late.answer);
    let says = words::clause(
        format!("{label} answers one question twice: {one} first, {other} {after}"),
        "one question to the resolver gets two answers that differ",
    );
    let mut because = Because::new(answers_vary::level(e, r, bystander), Sure::Proved, says)
        .caveat()
        .seen(format!("{name} {} at {label}: {one} first, {other} {after}", exchange.kind))
        .read_at(pointer)
        .read_at(r.pointer());
    if late.asked == 1 {
        because = because.seen("the question was sent once; both answers have its id");
    }
    for pointer in tried::pointers(e, r.seen, &["over-tcp"]) {
        because = because.read_at(pointer);
    }
    because = because.known_by(match own {
        Own::Late => format!(
            "over TCP {label} gives {other}: the later answer is its own, and the first one, \
             which clients take, comes from elsewhere"
        ),
        Own::First => format!(
            "over TCP {label} gives {one}: the first answer is its own, and the later one comes \
             from elsewhere; whenever that one is quicker, clients take it"
        ),
        Own::Unknown => format!(
            "clients take the first answer, {one}; which of the two is that of {label} is not known"
        ),
    });
    because = because.known_by(
        "who sent the other one is open: a device on the way that answers in the place of the \
         resolver (a DNS filter, a firewall that rewrites DNS, a provider), or a second host with \
         the resolver's address",
    );
    if own == Own::Unknown {
        because = because.tells_it(format!("{} +tcp", words::dig(name, r.seen)));
    }
    let resolver = Resolver::of(e, r);
    because = resolver.who(because);
    let suffix = reading::public_suffix(e);
    let port = r.seen.address.port();
    because = because
        .owner("Network")
        .look("ask over TCP: that answer is seldom tampered with", tcp(name, r))
        .look(
            "see both answers; another hop limit (ttl) or another MAC address is another sender",
            format!("tcpdump -n -e -v -i any 'udp src port {port}'"),
        );
    let ip = r.seen.address.ip();
    if classify(ip).is_private() && ip.is_ipv4() {
        because = because.look(
            "where it is in this machine's own subnet: see whether two hosts have its address",
            format!("arping -c 3 -I <interface> {ip}"),
        );
    }
    because = because.act(
        Step::shared(
            format!(
                "have the device that answers first leave {suffix} alone; its answer may be \
                     deliberate, so ask its owner (Security) first"
            ),
            "every client behind that device, for the names of that suffix",
        )
        .undo("put the rule back as it was"),
    );
    if own == Own::Late {
        because = because.act(
            Step::local(
                "until then `options use-vc` in resolv.conf makes the C library ask over TCP, \
                 where the right answer comes",
            )
            .undo("take the option out again"),
        );
    }
    Some(because.check(reading::again(e)))
}

fn tcp(name: &str, r: &Asked<'_>) -> String {
    format!("{} +tcp", words::dig(name, r.seen))
}

fn own(e: &View<'_>, r: &Asked<'_>, first: &Answer, late: &Answer) -> Own {
    let tried = tried::at(e, r.seen, "over-tcp")
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
