//! Why two machines, or two days, get other addresses for one name.

use super::{Explanation, Row};
use crate::compare::view::{Party, View, same_kind};
use crate::evidence::dns::ResolverEvidence;
use crate::evidence::{AZURE_DNS, AddressClass, Hop, classify};
use crate::render::{quoted, text};
use crate::sorting;

/// Hops at which other addresses show: where they are of one kind, the first one behind dns.
const PATH: &[Hop] = &[Hop::Dns, Hop::Tcp, Hop::Tls, Hop::Http];

pub(super) const ROWS: &[Row] = &[
    Row::new("hosts-entry", PATH, "Server", hosts_entry),
    Row::new("other-resolver", PATH, "DNS", other_resolver),
    Row::new("resolver-answer", PATH, "DNS", resolver_answer),
    Row::new("resolver-silent", PATH, "Network", resolver_silent),
    Row::new("system-lookup", PATH, "Server", system_lookup),
];

fn hosts_entry(v: &View<'_>) -> Option<Explanation> {
    let words = |party: &Party<'_>| match party.pinned() {
        Some(address) => format!("{}'s hosts file gives {address}", party.letter),
        None => format!("{} asks DNS and gets {}", party.letter, party.gets()),
    };
    let (good, bad) = (v.good.pinned(), v.bad.pinned());
    (good != bad && v.leads_elsewhere()).then(|| {
        let explanation = Explanation::new(format!("{}, {}", words(&v.good), words(&v.bad)));
        explanation
            .because(
                "An entry of the hosts file takes precedence over DNS, and does not follow when \
                 the address of the private endpoint changes",
            )
            .proved_if(v.bad.pinned().is_some())
    })
}

/// The resolvers of both sides, where applications get what these answer, and not the same.
fn resolvers<'a>(v: &View<'a>) -> Option<(&'a ResolverEvidence, &'a ResolverEvidence)> {
    let pinned = v.good.pinned().is_some() || v.bad.pinned().is_some();
    let (good, bad) = (v.good.resolver()?, v.bad.resolver()?);
    let obtained = v.good.obtained_from(good) && v.bad.obtained_from(bad);
    let differ = v.good.gets() != v.bad.gets();
    (!pinned && obtained && differ && v.leads_elsewhere()).then_some((good, bad))
}

fn other_resolver(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = resolvers(v)?;
    if is_same(v, good, bad) {
        return None;
    }
    // One address can be a resolver on each of the two machines.
    let local = good.label() == bad.label();
    let named = |one: &ResolverEvidence| match local {
        true => format!("its own {}", one.label()),
        false => one.label(),
    };
    let headline = format!(
        "{} asks {} and gets {}, {} asks {} and gets {}",
        v.good.letter,
        named(good),
        v.good.gets(),
        v.bad.letter,
        named(bad),
        v.bad.gets()
    );
    let explanation = Explanation::new(headline).by_option(v, "target.resolver");
    // The same resolver, asked from the other side, gave the same there, or addresses of one kind.
    let asked_there = |party: &Party<'_>, resolver: &ResolverEvidence, of: &Party<'_>| {
        let there = party.e().dns.resolvers.iter().find(|one| is_same(v, one, resolver))?;
        there.a_answer()?;
        let mut here = resolver.addresses(&of.e().dns.name);
        let mut there = there.addresses(&party.e().dns.name);
        sorting::ascending(&mut here);
        sorting::ascending(&mut there);
        same_kind(&there, &here).then_some((resolver.label(), there == here))
    };
    let (one, other) = (asked_there(&v.bad, good, &v.good), asked_there(&v.good, bad, &v.bad));
    // Equal answers show more.
    let shared = one.into_iter().chain(other).max_by_key(|(_, equal)| *equal);
    if let Some((shared, equal)) = shared {
        let (answers, decides) = match equal {
            true => ("answers the same", "decides"),
            false => ("answers with addresses of the same kind", "may decide"),
        };
        return Some(
            explanation
                .because(format!(
                    "{shared} was asked in both reports and {answers}: which resolver is asked \
                     {decides}"
                ))
                .proved_if(equal),
        );
    }
    if local && is_azure(good) {
        return Some(
            explanation
                .because(
                    "168.63.129.16 answers each machine by the private DNS zones that are linked \
                     to the virtual network of that machine",
                )
                .decide([link(v, "the virtual networks of both machines")]),
        );
    }
    if local {
        return Some(
            explanation
                .because(format!(
                    "{} means each machine itself or its own link: two resolvers, each with its \
                     own answer and perhaps its own upstreams",
                    good.label()
                ))
                .with(v.shown(&["vantage.stub"]))
                .decide([format!("compare where {} forwards to on both machines", good.label())]),
        );
    }
    Some(
        explanation
            .because(format!(
                "The reports show two resolvers, each with its own answer; they do not show what \
                 {} would answer {}'s machine",
                good.label(),
                v.bad.letter
            ))
            .decide([match is_local(good) && !v.same_machine() {
                true if is_azure(good) => link(
                    v,
                    &format!("the virtual network that {}'s forwarders ask from", bad.label()),
                ),
                true => format!(
                    "find where {} forwards to on {}'s machine, and ask that from {}'s",
                    good.label(),
                    v.good.letter,
                    v.bad.letter
                ),
                false => format!(
                    "on {}'s machine: aoai-probe {} --resolver {}",
                    v.bad.letter,
                    quoted(v.host()),
                    quoted(&good.label())
                ),
            }]),
    )
}

/// The one resolver of both sides.
fn one_resolver<'a>(v: &View<'a>) -> Option<(&'a ResolverEvidence, &'a ResolverEvidence)> {
    resolvers(v).filter(|(good, bad)| is_same(v, good, bad))
}

/// Whether both are one server. An address of the machine itself, or of its link, is another
/// server on another machine; 168.63.129.16 answers by the virtual network that asks.
fn is_same(v: &View<'_>, one: &ResolverEvidence, other: &ResolverEvidence) -> bool {
    one.label() == other.label() && (!is_local(one) || v.same_machine())
}

fn is_local(resolver: &ResolverEvidence) -> bool {
    let class = classify(resolver.address.ip());
    is_azure(resolver)
        || matches!(
            class,
            AddressClass::Loopback | AddressClass::LinkLocal | AddressClass::Unspecified
        )
}

fn is_azure(resolver: &ResolverEvidence) -> bool {
    resolver.address.ip() == AZURE_DNS
}

/// What to look at where Azure's resolver answers.
fn link(v: &View<'_>, networks: &str) -> String {
    let zone = v.good.e().target.private_zone.as_deref().unwrap_or("the private DNS zone");
    format!("whether {zone} is linked to {networks}")
}

fn resolver_answer(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = one_resolver(v)?;
    good.a_answer()?;
    bad.a_answer()?;
    let headline = format!(
        "{} answers {} in {}, and {} in {}",
        good.label(),
        v.good.gets(),
        v.good.letter,
        v.bad.gets(),
        v.bad.letter
    );
    let of_time = match is_azure(good) {
        true => {
            "the zone's links to this machine's virtual network, or its records, changed between \
             the two reports"
        }
        false => "its records, its forwarders or its cache changed between the two reports",
    };
    Some(
        Explanation::new(headline)
            .because(format!(
                "The same resolver answers the same name differently: {}",
                v.either("it answers by the client's address, or its servers differ", of_time)
            ))
            .decide(v.at_the_same_time())
            .proved_if(v.same_machine() && v.differs(&["dns.outcome"])),
    )
}

fn resolver_silent(v: &View<'_>) -> Option<Explanation> {
    let (good, bad) = one_resolver(v)?;
    good.a_answer()?;
    if bad.a_answer().is_some() {
        return None;
    }
    let headline = format!(
        "{} answers {}; for {}: {}",
        good.label(),
        v.good.letter,
        v.bad.letter,
        text::question(&bad.a)
    );
    Some(
        Explanation::new(headline)
            .because(format!(
                "The resolver, or the way to it, is what differs: {}",
                v.either(
                    "a rule or route on the way from that machine",
                    "it stopped answering, or this machine no longer reaches it"
                )
            ))
            .decide(v.at_the_same_time()),
    )
}

fn system_lookup(v: &View<'_>) -> Option<Explanation> {
    let pinned = v.good.pinned().is_some() || v.bad.pinned().is_some();
    let resolver = v.bad.resolver()?;
    let given = resolver.addresses(&v.bad.e().dns.name);
    let like_good = !given.is_empty() && same_kind(&given, &v.good.e().dns.effective());
    let other = !v.bad.obtained_from(resolver) && v.leads_elsewhere();
    (!pinned && like_good && other).then(|| {
        Explanation::new(format!(
            "{}'s resolver {} gives {}, as {} gets, but {}'s applications get {}",
            v.bad.letter,
            resolver.label(),
            text::classed_addresses(&given, 3),
            v.good.letter,
            v.bad.letter,
            text::system(&v.bad.e().dns.system)
        ))
        .because("The system's own lookup (nsswitch, a cache, a client) differs from DNS there")
        .with(v.shown(&["vantage.nsswitch", "vantage.search", "vantage.stub"]))
    })
}
