//! The address that applications get, and who says so.

use std::net::IpAddr;

use super::{Fact, MAX_LISTED, Mark, text};
use crate::evidence::dns::{Chain, DnsHop, is_privatelink};
use crate::evidence::{Evidence, Expect, tunnel};
use crate::sorting;

/// The address of the target; that of a tunnel is neither private nor public.
#[must_use]
pub fn target_dns(e: &Evidence) -> Fact {
    let mut fact = dns(&e.dns, &e.options.expect);
    if let Some((_, made_up)) = tunnel::of_application(e) {
        let shown = text::addresses(&e.dns.effective(), MAX_LISTED);
        let noun = made_up.maker.noun();
        fact.text = format!("{shown} ({noun}: the real target is not visible)");
        fact.brief = None;
    }
    fact
}

/// The address that applications get, and which resolvers agree on it.
#[must_use]
pub fn dns(hop: &DnsHop, expect: &Expect) -> Fact {
    let effective = hop.effective();
    let took = hop.first_address_ms.or_else(|| longest(hop));
    if effective.is_empty() {
        let mut fact = Fact::new(Mark::Breaks, format!("no address for {}", hop.name), took);
        fact.notes = groups(&answers(hop)).into_iter().take(MAX_LISTED + 1).collect();
        if fact.notes.is_empty() {
            fact = fact.note("no resolver was asked");
        }
        return fact.notes_first();
    }
    let brief = text::with_classes(&effective, MAX_LISTED, |address| hop.class(address));
    let mut text = brief.clone();
    if let Some(alias) = alias(hop, &effective) {
        text = format!("{alias} -> {brief}");
    }
    if let Some(wanted) = unexpected(hop, expect, &effective) {
        text = format!("{brief}, wanted {wanted}");
    }
    let mut fact = Fact::new(Mark::Works, text, took);
    if fact.text.ends_with(&brief) {
        fact.brief = Some(brief);
    }
    fact.notes = agreement(hop);
    // Who gets what matters where the answers differ.
    fact.first = if fact.notes.len() > 1 { fact.notes.len() } else { 0 };
    fact
}

/// What was expected, if no effective address is of that kind.
fn unexpected(hop: &DnsHop, expect: &Expect, effective: &[IpAddr]) -> Option<String> {
    let none = |fits: &dyn Fn(IpAddr) -> bool| !effective.iter().any(|address| fits(*address));
    let private = |address: IpAddr| hop.class(address).is_private();
    let public = |address: IpAddr| hop.class(address).is_public();
    match expect {
        Expect::Private if none(&private) => Some("private".to_owned()),
        Expect::Auto if hop.private_endpoint_seen() && none(&private) => Some("private".to_owned()),
        Expect::Public if none(&public) => Some("public".to_owned()),
        Expect::Cidr { .. } => {
            let inside = |address: IpAddr| expect.prefixes_hold(address) == Some(true);
            none(&inside).then(|| text::expect(expect))
        }
        _ => None,
    }
}

/// The end of the alias chain of one resolver's answers that leads to all of these addresses,
/// preferably the privatelink name. An address that comes from elsewhere, a hosts line for one, has
/// no alias.
fn alias(hop: &DnsHop, effective: &[IpAddr]) -> Option<String> {
    let aliases = hop.resolvers.iter().find_map(|resolver| {
        let chains = resolver.chains(&hop.name);
        let chain_of = |address| chains.iter().find(|chain| chain.addresses.contains(address));
        let all: Option<Vec<&Chain>> = effective.iter().map(chain_of).collect();
        let all = all?;
        let (first, rest) = all.split_first()?;
        let same = rest.iter().all(|chain| chain.aliases == first.aliases);
        same.then(|| first.aliases.clone())
    })?;
    let last = aliases.last()?;
    match aliases.iter().find(|alias| is_privatelink(alias)) {
        Some(private) if private != last => Some(format!("{private} -> ...")),
        _ => Some(last.clone()),
    }
}

/// What each resolver and the system return: addresses, or why there is none.
fn answers(hop: &DnsHop) -> Vec<(String, Vec<IpAddr>, String)> {
    let system = hop.system_addresses();
    let mut all: Vec<(String, Vec<IpAddr>, String)> = hop
        .resolvers
        .iter()
        .map(|resolver| {
            let mut addresses = resolver.addresses(&hop.name);
            // A machine without IPv6 gets no AAAA from its system, which is not a difference.
            if !system.is_empty() {
                addresses.retain(|a| system.iter().any(|b| a.is_ipv4() == b.is_ipv4()));
            }
            sorting::ascending(&mut addresses);
            addresses.dedup();
            let message = match addresses.is_empty() {
                true => text::question(&resolver.a),
                false => text::addresses(&addresses, MAX_LISTED),
            };
            (resolver.label(), addresses, message)
        })
        .collect();
    if hop.system.value().is_some() {
        let mut addresses = system.to_vec();
        sorting::ascending(&mut addresses);
        addresses.dedup();
        all.push(("the system".to_owned(), addresses, text::system(&hop.system)));
    }
    all
}

/// One line for each group with the same answer: `10.1.0.10, the system: 10.3.0.5`.
fn groups(answers: &[(String, Vec<IpAddr>, String)]) -> Vec<String> {
    let mut groups: Vec<(Vec<&str>, &[IpAddr], &str)> = Vec::new();
    for (who, addresses, message) in answers {
        let same = |group: &&mut (Vec<&str>, &[IpAddr], &str)| {
            group.1 == addresses.as_slice() && (!addresses.is_empty() || group.2 == message)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.0.push(who),
            None => groups.push((vec![who], addresses, message)),
        }
    }
    groups.iter().map(|(who, _, message)| format!("{}: {message}", who.join(", "))).collect()
}

/// Whether all agree, else the different answers.
fn agreement(hop: &DnsHop) -> Vec<String> {
    let answers = answers(hop);
    let groups = groups(&answers);
    let names: Vec<&str> = answers.iter().map(|(who, _, _)| who.as_str()).collect();
    match (groups.len(), names.as_slice()) {
        (0, _) => Vec::new(),
        (1, [one]) => vec![format!("{one} was asked")],
        (1, [first @ .., last]) => vec![format!("{} and {last} agree", first.join(", "))],
        _ => groups.into_iter().take(MAX_LISTED + 1).collect(),
    }
}

fn longest(hop: &DnsHop) -> Option<f64> {
    let asked = hop.resolvers.iter().flat_map(|r| [r.a.took_ms(), r.aaaa.took_ms()]);
    asked.chain([hop.system.took_ms()]).flatten().reduce(f64::max)
}
