//! What resolvers answer, and what applications get.

use crate::compare::row::{Item, Reading, Row, keyed, milliseconds, one, optional, unordered};
use crate::evidence::dns::{
    Answer, DnsOutcome, Exchange, Rcode, ResolverEvidence, SystemAnswer, Transport,
};
use crate::evidence::{Evidence, Observed, SkipReason, classify, tunnel};
use crate::render::text;
use crate::report::Report;
use crate::sorting;

/// Addresses that are shown at most.
const MAX_LISTED: usize = 4;

pub(super) const ROWS: &[Row] = &[
    Row::new("dns.outcome", "what applications get", |r| {
        // Behind a proxy the proxy resolves the name.
        match r.evidence.tcp {
            Observed::NotAsked { reason: SkipReason::ProxyApplies } => None,
            _ => effective(&r.evidence),
        }
    })
    .outcome(),
    Row::new("dns.addresses", "addresses that applications get", |r| {
        unordered(r.evidence.dns.effective())
    })
    .covered_by(&["dns.outcome"]),
    Row::new("dns.system", "answer of the system (getaddrinfo)", |r| {
        let system = &r.evidence.dns.system;
        let mut sorted = system.clone();
        if let Observed::Done { value: SystemAnswer::Addresses { addresses }, .. } = &mut sorted {
            sorting::ascending(addresses);
        }
        system.value()?;
        one(text::system(&sorted))
    })
    .covered_by(&["dns.outcome", "dns.addresses"]),
    Row::new("dns.answer", "answer of", |r| {
        questions(r, |exchange| answer(exchange, &r.evidence.dns.name))
    }),
    Row::new("dns.chain", "aliases from", |r| {
        let name = &r.evidence.dns.name;
        each(r, |resolver| {
            resolver.a_answer()?;
            let aliases = resolver.aliases(name);
            Some(match aliases.is_empty() {
                true => "none".to_owned(),
                false => aliases.join(" -> ").to_ascii_lowercase(),
            })
        })
    })
    .common(),
    Row::new("dns.zone", "zone of the private endpoint, as seen by", |r| {
        each(r, |resolver| {
            let exchange = resolver.zone_soa.value()?;
            Some(match exchange.answer().and_then(|answer| answer.soa.as_ref()) {
                Some(soa) => format!("{} at {}", soa.zone, soa.mname),
                None => text::dns_outcome(&exchange.outcome),
            })
        })
    })
    .common(),
    Row::new("dns.flags", "flags and errors of", |r| questions(r, flags)).common(),
    Row::new("dns.backend", "address of the backend", |r| {
        effective(r.evidence.backend.as_deref()?)
    }),
    Row::new("dns.original", "address of the original name", |r| {
        effective(r.evidence.original.as_deref()?)
    }),
    Row::new("dns.selected", "name that was asked", |r| optional(Some(&r.evidence.dns.name)))
        .covered_by(&["target.host"]),
    Row::new("dns.time", "time to the first address", |r| {
        milliseconds(r.evidence.dns.first_address_ms)
    })
    .jitter(100.0),
];

/// The effective addresses, compared by their kind; or why there is none.
fn effective(e: &Evidence) -> Reading {
    let addresses = e.dns.effective();
    if addresses.is_empty() {
        let why = none_because(e);
        return keyed(format!("no address: {why}"), why);
    }
    if tunnel::of_application(e).is_some() {
        return keyed(text::classed_addresses(&addresses, MAX_LISTED), "tunnel");
    }
    let mut kinds: Vec<&str> = addresses
        .iter()
        .map(|address| match classify(*address) {
            class if class.is_private() => "private",
            class => class.words(),
        })
        .collect();
    sorting::ascending(&mut kinds);
    kinds.dedup();
    keyed(text::classed_addresses(&addresses, MAX_LISTED), kinds.join(" and "))
}

/// Why there is no address: what the system reports, else the first resolver.
fn none_because(e: &Evidence) -> String {
    let asked = e.dns.deciding().next();
    match asked {
        Some((_, resolver)) => text::question(&resolver.a),
        None => text::system(&e.dns.system),
    }
}

/// The records of an answer without their TTLs, or what came in its place.
fn answer(exchange: &Exchange, name: &str) -> String {
    let Some(message) = exchange.answer() else { return text::dns_outcome(&exchange.outcome) };
    let mut addresses = message.chain(name).addresses;
    sorting::ascending(&mut addresses);
    addresses.dedup();
    match addresses.as_slice() {
        [] => text::no_addresses(message),
        all => text::classed_addresses(all, MAX_LISTED),
    }
}

fn flags(exchange: &Exchange) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut flag = |set: bool, name: &str| {
        if set {
            all.push(name.to_owned());
        }
    };
    let message: Option<&Answer> = match &exchange.outcome {
        DnsOutcome::TcpFailed { truncated, .. } => Some(truncated),
        _ => exchange.answer(),
    };
    if let Some(message) = message {
        flag(message.rcode != Rcode::NoError, message.rcode.as_str());
        flag(message.authoritative, "authoritative");
        flag(message.truncated, "truncated");
        flag(!message.recursion_available, "no recursion");
        flag(message.authentic_data, "validated");
        flag(message.records_omitted > 0, "more than 64 records");
        for error in &message.extended_errors {
            flag(true, &format!("extended error {}", error.code));
        }
    }
    flag(exchange.transport == Transport::Tcp, "over TCP");
    flag(exchange.edns_declined.is_some(), "EDNS declined");
    flag(!exchange.stray.is_empty(), "other datagrams came too");
    flag(!exchange.late.is_empty(), "a second, different answer came");
    match all.is_empty() {
        true => "none".to_owned(),
        false => all.join(", "),
    }
}

/// One entry a question to a resolver.
fn questions(r: &Report, read: impl Fn(&Exchange) -> String) -> Reading {
    let of_one = |one: &ResolverEvidence| {
        let all = [("A", &one.a), ("AAAA", &one.aaaa)];
        all.map(|(kind, question)| {
            Some(Item::new(format!("{} to {kind}", one.label()), read(question.value()?)))
        })
    };
    Some(r.evidence.dns.resolvers.iter().flat_map(of_one).flatten().collect())
}

/// One entry a resolver, for those that have the fact.
fn each(r: &Report, read: impl Fn(&ResolverEvidence) -> Option<String>) -> Reading {
    let all = r.evidence.dns.resolvers.iter();
    Some(all.filter_map(|one| Some(Item::new(one.label(), read(one)?))).collect())
}
