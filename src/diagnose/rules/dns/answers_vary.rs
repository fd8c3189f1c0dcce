//! One resolver answers one question with answers of different kinds: behind its address are
//! several servers or upstreams with different views.

use crate::diagnose::view::answer_series::{self, AnswerKind};
use crate::diagnose::view::contradictions::{self, About};
use crate::diagnose::view::dns_experiments;
use crate::diagnose::view::resolver_view::{self, ResolverView};
use crate::diagnose::{FindingBuilder, Rule, View, endpoint_of, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::Expect;
use crate::evidence::dns::{QuestionType, ResolverRole};
use crate::sorting;

use super::symptoms::{NOT_LET_IN, OF_ONE_ANSWER};
use super::{downstream, libc_lookup, text};

pub(super) const RULE: Rule = rule!(
    "dns-answers-vary",
    Dns,
    "One resolver gives different answers to the same question",
    Code(check)
)
.explains(&[
    "tcp-silent",
    "tcp-refused",
    "tcp-unreachable",
    "tls-silent",
    "tls-reset",
    "tls-closed",
])
.explains_groups(&[OF_ONE_ANSWER, NOT_LET_IN]);

/// What makes one server answer in two ways: dnsmasq forwards the questions for other types than that
/// of the rule.
const LOCAL_RULE: &str = "a rule of the resolver for one type, one name or one address \
                          (dnsmasq `address=/name/ip`, `bogus-nxdomain`), which forwards the other \
                          questions";

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    repeated(e).or_else(|| contradicting(e))
}

/// The first resolver, deciding ones before others, of which something holds; whether it decides
/// nothing.
fn first<'v, 'a, T>(
    e: &'v View<'a>,
    holds: impl Fn(&ResolverView<'a>) -> Option<T>,
) -> Option<(&'v ResolverView<'a>, bool, T)> {
    let deciding = e.dns.deciding();
    let mut all = deciding.iter().copied().chain(e.dns.resolver_views());
    let (r, shown) = all.find_map(|r| Some((r, holds(r)?)))?;
    Some((r, !deciding.iter().any(|other| other.index == r.index), shown))
}

/// One question got answers of different kinds.
fn repeated(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, bystander, mut kinds) = first(e, |r| answer_series::varying(e, r.seen))?;
    let asked = kinds.len();
    let alternates = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count() > 1;
    sorting::ascending(&mut kinds);
    let count = |kind: &AnswerKind| kinds.iter().filter(|other| *other == kind).count();
    let mut distinct = kinds.clone();
    distinct.dedup();
    let parts: Vec<String> = distinct.iter().map(|kind| kind.describe(&distinct)).collect();
    let label = r.label();
    let message = text::clause(
        format!("{label} sometimes gives {}", parts.join(", sometimes ")),
        "the resolver gives different answers to the same question",
    );
    // An error in place of an answer may also be a limit's, and then one server gives both.
    let fails = distinct.contains(&AnswerKind::Fails);
    let confidence = if fails { Confidence::Inferred } else { Confidence::Proved };
    let mut finding = FindingBuilder::new(level(e, r, bystander), confidence, message)
        .caveat()
        .fact(format!("{label}, first: {}", text::outcome(r)))
        .cites(r.pointer());
    for kind in &distinct {
        finding = finding.fact(format!(
            "{} in {} of {asked} answers",
            kind.describe(&distinct),
            count(kind)
        ));
    }
    let private = distinct.iter().filter(|kind| kind.is_private()).count();
    if private > 0 && distinct.contains(&AnswerKind::Outside) {
        finding = super::advice::root_hints(finding, e, r);
    }
    for pointer in dns_experiments::pointers(e, r.seen, &["repeat-query"]) {
        finding = finding.cites(pointer);
    }
    if let Some(who) = text::cluster(e, r.seen) {
        finding = finding.reasoning(who);
    }
    finding = finding.reasoning(format!(
        "{label} was asked the same question {asked} times within moments: behind the address are \
         several servers, or it asks several upstreams in turn, and {}",
        if fails && distinct.len() == 2 { "one of them fails" } else { "their views differ" }
    ));
    if fails {
        finding = finding.reasoning(
            "a limit on the questions of one client, or an overloaded server, also answers some with \
             an error (dnsdist `MaxQPSIPRule`)",
        );
    }
    // One step from old answers to new ones is a change of the record; going back and forth is not.
    finding = if alternates {
        finding.ruled_out("a change of the record: old and new answers would not alternate")
    } else {
        finding.reasoning(
            "the answers changed once and did not change back: a record that was just changed \
             looks the same until every cache has it",
        )
    };
    let addresses = distinct.iter().filter_map(|kind| match kind {
        AnswerKind::Private(all) if private > 1 => all.first(),
        _ => None,
    });
    let finding = addresses.fold(finding.owner("DNS"), |finding, address| {
        endpoint_of::look(finding, format!("see which endpoint has {address}"), address)
    });
    Some(match fails && distinct.len() == 2 {
        true => who_fails(finding, e, r),
        false => one_view(finding, e, r, ""),
    })
}

/// How the one that answers with an error is found; no views differ.
fn who_fails(finding: FindingBuilder, e: &View<'_>, r: &ResolverView<'_>) -> FindingBuilder {
    let label = r.label();
    finding
        .inspect("see the answers change", text::repeated_with(&e.dns.name, r.seen, ""))
        .step(Step::inspect(format!(
            "find the servers behind {label} and its upstreams, and ask each one directly; take one that \
             fails out of rotation"
        )))
        .step(Step::inspect(format!(
            "see whether {label}, or what is in front of it, limits the questions of one client"
        )))
        .check(text::dig(&e.dns.name, r.seen))
}

/// How all servers behind the resolver's address get the same view; `kind` is the type that varies,
/// for `dig`.
fn one_view(
    finding: FindingBuilder,
    e: &View<'_>,
    r: &ResolverView<'_>,
    kind: &str,
) -> FindingBuilder {
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    finding
        .inspect("see the answers change", text::repeated_with(&e.dns.name, r.seen, kind))
        .step(Step::inspect(format!(
            "find the servers behind {} and its upstreams, and ask each one directly",
            r.label()
        )))
        .step(
            Step::shared(
                format!(
                    "give all of them the same view: the same forwarder for {suffix}, networks \
                     linked to {zone}"
                ),
                format!(
                    "every account of {suffix} for those clients: one without a record in {zone} \
                     stops resolving there"
                ),
            )
            .undo("remove the forwarder or the link again"),
        )
        .check(format!("{}{kind}", text::dig(&e.dns.name, r.seen)))
}

/// Answers to different questions that no one server would give.
fn contradicting(e: &View<'_>) -> Option<FindingBuilder> {
    let (r, bystander, about) = first(e, |r| contradictions::of(e, r.seen))?;
    let (label, name) = (r.label(), &e.dns.name);
    let place = |part| format!("/dns/resolvers/{}/{part}", r.index);
    let (message, short, why) = match about {
        About::Name => (
            format!("{label} denies the name when asked for A, and knows it when asked for AAAA"),
            "the resolver both denies the name and knows it",
            "NXDOMAIN is about every type of record, so no one zone gives both answers",
        ),
        About::NameForSystem => (
            format!("{label} gives an address for A and denies the name for AAAA and getaddrinfo"),
            "the resolver both denies the name and knows it",
            "NXDOMAIN is about every type of record; glibc goes on with the address when AAAA alone \
             is denied, and it got none, so its own A question was denied too",
        ),
        About::Types => (
            format!("{label} answers A and AAAA from two zones: one private, one public"),
            "the resolver answers A and AAAA from two zones",
            "at the privatelink name one answer ends and the other goes on to another alias: a name \
             with an alias has nothing else, so no one zone gives both",
        ),
        About::Zone => (
            format!("{label} sees the private zone in one answer and the public one in others"),
            "the resolver sees the private zone in one answer only",
            "one answer for the privatelink name is the private zone's, and the others are those of \
             the public zone",
        ),
    };
    let mut finding = FindingBuilder::new(
        level(e, r, bystander),
        Confidence::Inferred,
        text::clause(message, short),
    )
    .caveat()
    .cites(place("a"))
    .cites(place("aaaa"));
    for (kind, asked) in [(QuestionType::A, &r.seen.a), (QuestionType::Aaaa, &r.seen.aaaa)] {
        if let Some(answer) = reading::message(asked) {
            finding = finding.fact(format!("{label}, {kind}: {}", text::path(answer, name)));
        }
    }
    if about == About::NameForSystem {
        let code = reading::system_failed(e).unwrap_or_default();
        finding = finding.fact(format!("getaddrinfo: {code}")).cites("/dns/system");
    }
    if about == About::Zone {
        for (_, tried) in dns_experiments::questions(e, r.seen, "privatelink-name") {
            if let Some(answer) = tried.exchange.answer() {
                let (name, kind) = (&tried.exchange.name, &tried.exchange.kind);
                let given = text::path(answer, name);
                finding = finding.fact(format!("{label}, {kind} of {name}: {given}"));
            }
        }
        if let Some(soa) = contradictions::public_zone(r.seen) {
            finding = finding
                .fact(format!("{label}, SOA of {}: {}", soa.zone, soa.mname))
                .cites(place("zone_soa"));
        }
    }
    for pointer in dns_experiments::pointers(e, r.seen, &["privatelink-name", "repeat-query"]) {
        finding = finding.cites(pointer);
    }
    if let Some(who) = text::cluster(e, r.seen) {
        finding = finding.reasoning(who);
    }
    let asked = answer_series::steady(e, r.seen);
    let one_name = about == About::Zone && asked >= answer_series::STEADY;
    if one_name {
        finding = finding.reasoning(format!(
            "the A question was answered {asked} times, alike each time: {LOCAL_RULE}, is likelier than \
             several servers"
        ));
    }
    finding = finding.reasoning(why).reasoning(format!(
        "behind {label} are several servers, or it asks several upstreams, and their views differ: a \
         lookup that meets another one of them gets another answer"
    ));
    finding = match (asked > 1, one_name) {
        (true, false) => finding.reasoning(format!(
            "the A question was asked {asked} times and answered alike each time, which several \
             servers may do by chance; {LOCAL_RULE}, or a change of the zone that its cache does not \
             have yet, looks the same"
        )),
        (true, true) => finding.reasoning(
            "a change of the zone that its cache does not have yet looks the same too",
        ),
        (false, _) => finding.reasoning(format!("{LOCAL_RULE}, looks the same")),
    };
    // Where the A question is steady, it is the AAAA question that meets another server.
    let by_types = about == About::Types && asked > 1;
    let decides = match by_types {
        true => text::repeated_with(name, r.seen, " AAAA"),
        false => text::repeated(name, r.seen),
    };
    let finding = finding.decide_with(decides).owner("DNS");
    let finding = match about {
        About::Zone => finding,
        _ => finding.inspect("ask for AAAA alone", format!("{} AAAA", text::dig(name, r.seen))),
    };
    let finding = match one_name {
        true => finding.step(Step::inspect(format!(
            "look for a rule for this one name on {label} and its upstreams (dnsmasq: `address=/{name}/` \
             and `host-record=`; a hosts file, a response policy zone), and forward the whole zone in \
             its place"
        ))),
        false => finding,
    };
    Some(one_view(finding, e, r, if by_types { " AAAA" } else { "" }))
}

/// Broken where it made the call fail, else a risk: the next lookup may go either way.
pub(super) fn level(e: &View<'_>, r: &ResolverView<'_>, bystander: bool) -> Level {
    let addresses = e.dns.effective();
    let demanded = matches!(e.options.expect, Expect::Private | Expect::Cidr { .. });
    let given = e.options.resolver_given && r.seen.role != ResolverRole::Given;
    if reading::proxied(e) || given {
        Level::Note
    } else if bystander {
        Level::Risk
    } else if addresses.is_empty() && libc_lookup::resolvers_not_asked(e).is_none() {
        downstream::level_without_address(e)
    } else if (demanded && addresses.iter().any(|a| resolver_view::could_be_public(*a)))
        || downstream::call_is_blocked(e)
        || downstream::service_not_reached(e)
    {
        Level::Broken
    } else {
        Level::Risk
    }
}
