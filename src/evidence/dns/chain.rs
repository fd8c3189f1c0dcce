//! Chains of aliases, and private endpoints' names in them.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::{Record, RecordType};

/// Sorts names so that the same name stands together in any letter case (RFC 4343).
fn by_name(a: &str, b: &str) -> Ordering {
    let lower = |name: &str| name.to_ascii_lowercase();
    match a.len().cmp(&b.len()) {
        // Most servers repeat a name letter by letter.
        Ordering::Equal if a == b => Ordering::Equal,
        Ordering::Equal => lower(a).cmp(&lower(b)),
        longer => longer,
    }
}

/// [`Answer::chain`](super::Answer::chain), reading each record once: answers are untrusted.
pub(super) fn follow<'a>(name: &str, records: impl Iterator<Item = &'a Record>) -> Chain {
    let mut records: Vec<&Record> = records.collect();
    // Those of one name stay in their order.
    records.sort_by(|a, b| by_name(&a.name, &b.name));
    let of = |name: &str| {
        let from = records.partition_point(|record| by_name(&record.name, name).is_lt());
        let own = &records[from..];
        (from, &own[..own.partition_point(|record| by_name(&record.name, name).is_eq())])
    };
    // The first of several counts, as for a client.
    let alias = |name: &str| {
        let (from, own) = of(name);
        let at = own.iter().position(|record| record.kind == RecordType::Cname)?;
        Some((from + at, own[at].data.as_str()))
    };
    let mut at = name;
    let mut aliases: Vec<String> = Vec::new();
    let mut passed = vec![false; records.len()];
    let mut looped = false;
    while let Some((record, next)) = alias(at) {
        passed[record] = true;
        looped = alias(next).is_some_and(|(again, _)| passed[again]);
        if looped {
            break;
        }
        aliases.push(next.to_ascii_lowercase());
        at = next;
    }
    let is_address = |kind: &RecordType| matches!(kind, RecordType::A | RecordType::Aaaa);
    let addresses = of(at).1.iter().filter(|record| is_address(&record.kind));
    let addresses = addresses.filter_map(|record| record.data.parse().ok()).collect();
    Chain { aliases, addresses, looped }
}

/// [`Answer::addresses_in_order`](super::Answer::addresses_in_order).
pub(super) fn read_in_order<'a>(
    name: &str,
    records: impl Iterator<Item = &'a Record>,
) -> Vec<IpAddr> {
    let mut at = name.to_owned();
    let mut addresses = Vec::new();
    for record in records {
        match record.kind {
            _ if !record.name.eq_ignore_ascii_case(&at) => {}
            RecordType::Cname => at.clone_from(&record.data),
            RecordType::A | RecordType::Aaaa => addresses.extend(record.data.parse::<IpAddr>()),
            _ => {}
        }
    }
    addresses
}

/// A CNAME chain and the addresses at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Each alias's target, in order.
    pub aliases: Vec<String>,
    /// Addresses of the last name.
    pub addresses: Vec<IpAddr>,
    /// Whether the chain is a loop.
    pub looped: bool,
}

/// Domains in which Microsoft uses the label `privatelink` for its own services: an alias there
/// does not show a customer's private endpoint (fact X7).
const MICROSOFTS_OWN: &[&str] = &["msidentity.com"];

/// Zones that public names lead through whether or not there is a private endpoint (fact D141).
const ALWAYS: &[&str] = &["privatelink.monitor.azure.com"];

/// Whether an alias shows that there is a private endpoint.
#[must_use]
pub fn shows_endpoint(alias: &str) -> bool {
    is_privatelink(alias)
        && !record_and_zone(alias)
            .is_some_and(|(_, zone)| ALWAYS.iter().any(|always| zone.eq_ignore_ascii_case(always)))
}

/// A name in a `privatelink.` zone as that zone has it: its record, which may have several labels,
/// and the zone.
#[must_use]
pub fn record_and_zone(name: &str) -> Option<(&str, &str)> {
    const ZONES: &str = ".privatelink.";
    let at = name.to_ascii_lowercase().find(ZONES).filter(|_| is_privatelink(name))?;
    Some((&name[..at], &name[at + 1..]))
}

/// Whether `name` is `zone` or lies under it.
#[must_use]
pub fn is_within(name: &str, zone: &str) -> bool {
    match before_ending(name, zone) {
        Some("") => true,
        Some(before) => before.ends_with('.'),
        None => false,
    }
}

/// What is in front of `ending`, in whatever letter case it is.
fn before_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let (before, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending).then_some(before)
}

/// Whether a name lies in a `privatelink.` zone, where private endpoints have their names.
#[must_use]
pub fn is_privatelink(name: &str) -> bool {
    name.split('.').skip(1).any(|label| label.eq_ignore_ascii_case("privatelink"))
        && !MICROSOFTS_OWN
            .iter()
            .any(|own| before_ending(name, own).is_some_and(|before| before.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, kind: &str, data: &str) -> Record {
        Record {
            name: name.to_owned(),
            kind: kind.to_owned().into(),
            ttl: 1,
            data: data.to_owned(),
        }
    }

    #[test]
    fn a_chain_is_followed_with_one_look_at_each_record() {
        let mut records: Vec<Record> = (0..4000)
            .map(|n| record(&format!("N{n}.example"), "CNAME", &format!("n{}.Example", n + 1)))
            .collect();
        // The worst order for a search for the next alias that begins anew each time.
        records.reverse();
        records.push(record("n4000.example", "A", "10.3.0.5"));
        let mut looks = 0;
        let chain = follow("n0.example", records.iter().inspect(|_| looks += 1));
        assert_eq!((chain.aliases.len(), chain.looped), (4000, false));
        assert_eq!(chain.addresses, ["10.3.0.5".parse::<IpAddr>().unwrap()]);
        assert_eq!(looks, records.len());
    }

    #[test]
    fn a_chain_that_comes_back_ends() {
        let ring = [record("a", "CNAME", "b"), record("b", "CNAME", "A"), record("b", "A", "::1")];
        let chain = follow("a", ring.iter());
        assert_eq!((chain.aliases, chain.looped), (vec!["b".to_owned()], true));
        let own = [record("a", "CNAME", "a")];
        assert!(follow("A", own.iter()).looped);
    }

    #[test]
    fn a_reader_in_order_passes_over_what_comes_before_its_alias() {
        let (alias, address) = (record("a", "CNAME", "B"), record("b", "A", "10.3.0.5"));
        let found = vec!["10.3.0.5".parse::<IpAddr>().unwrap()];
        assert_eq!(read_in_order("A", [&alias, &address].into_iter()), found);
        assert_eq!(read_in_order("a", [&address, &alias].into_iter()), Vec::<IpAddr>::new());
        assert_eq!(follow("a", [&address, &alias].into_iter()).addresses, found);
    }

    #[test]
    fn microsofts_own_use_of_the_label_is_no_private_endpoint() {
        for (name, is) in [
            ("myacct.privatelink.openai.azure.com", true),
            ("reg.eastus.data.privatelink.azurecr.io", true),
            ("a.privatelink.msidentity.com", false),
            ("NA.PrivateLink.MSIdentity.com", false),
            ("a.privatelink.notmsidentity.com", true),
            ("privatelink.openai.azure.com", false),
        ] {
            assert_eq!(is_privatelink(name), is, "{name}");
        }
    }
}
