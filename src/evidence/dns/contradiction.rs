//! Answers of one resolver to the A and the AAAA question that no one server would give both.

use super::chain::{is_privatelink, record_and_zone};
use super::{Answer, Exchange, Rcode, ResolverEvidence};
use crate::evidence::classify;

/// How the answers to the A and the AAAA question contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction {
    /// NXDOMAIN, which is about every type (RFC 2308, RFC 8020), for a name that the other answer
    /// shows to exist.
    Existence,
    /// One answer ends at the privatelink name, and the other goes on from there to another alias: a
    /// name with an alias has nothing else (RFC 1034, section 3.6.2).
    Zone,
}

/// Where the chain of an answer ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At the privatelink name, by a private address or by the word of the zone.
    Privatelink,
    /// Behind it.
    Behind,
}

impl ResolverEvidence {
    /// How its answers to the A and the AAAA question contradict each other, if they do.
    #[must_use]
    pub fn contradiction(&self, name: &str) -> Option<Contradiction> {
        let a = self.a.value().and_then(Exchange::answer)?;
        let aaaa = self.aaaa.value().and_then(Exchange::answer)?;
        if denies(a, aaaa, name) || denies(aaaa, a, name) {
            return Some(Contradiction::Existence);
        }
        match (a.end(name), aaaa.end(name)) {
            (Some(one), Some(other)) if one != other => Some(Contradiction::Zone),
            _ => None,
        }
    }
}

/// Whether the one answer denies a name that the other one shows.
fn denies(one: &Answer, other: &Answer, name: &str) -> bool {
    if one.rcode != Rcode::NxDomain {
        return false;
    }
    let chain = one.chain(name);
    let denied = chain.aliases.last().map_or(name, String::as_str);
    other.shows(name, denied, one.soa_holds(denied))
}

impl Answer {
    /// Whether `wanted`, a name of the chain that begins with `name`, exists by this answer; `by_zone`:
    /// the other answer is the word of the zone of `wanted`.
    fn shows(&self, name: &str, wanted: &str, by_zone: bool) -> bool {
        if self.rcode != Rcode::NoError {
            return false;
        }
        let chain = self.chain(name);
        let last = chain.aliases.last().map_or(name, String::as_str);
        if last.eq_ignore_ascii_case(wanted) {
            // An empty answer may be a filter's, or that of a cache which knows of NXDOMAIN for the
            // other type (dnsmasq, fact D184); where it alone has the SOA, it is the zone's own word.
            return !chain.addresses.is_empty() || !by_zone && self.soa_holds(wanted);
        }
        let all = std::iter::once(name).chain(chain.aliases.iter().map(String::as_str));
        { all }.any(|one| one.eq_ignore_ascii_case(wanted))
    }

    /// Whether the answer names the zone of `name`: its privatelink zone, where the record may have
    /// several labels, else the one directly above it.
    #[must_use]
    pub fn soa_holds(&self, name: &str) -> bool {
        let zone = record_and_zone(name).or_else(|| name.split_once('.')).map(|(_, zone)| zone);
        self.soa.as_ref().zip(zone).is_some_and(|(soa, zone)| soa.zone.eq_ignore_ascii_case(zone))
    }

    fn end(&self, name: &str) -> Option<End> {
        if !self.rcode.is_answer() {
            return None;
        }
        let chain = self.chain(name);
        let mut rest = std::iter::once(name)
            .chain(chain.aliases.iter().map(String::as_str))
            .skip_while(|one| !is_privatelink(one));
        let first = rest.next()?;
        match rest.next() {
            Some(_) => Some(End::Behind),
            // A public address there may be that of a forwarder which removes the aliases behind it.
            None if chain.addresses.iter().any(|a| classify(*a).is_private()) => {
                Some(End::Privatelink)
            }
            None if self.soa_holds(first) => Some(End::Privatelink),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DnsOutcome, Observed, QuestionType, Record, ResolverRole, Soa, Transport};
    use super::*;

    const NAME: &str = "a.openai.azure.com";
    const ALIAS: &str = "a.privatelink.openai.azure.com";

    fn answer(rcode: &str, records: &[(&str, &str, &str)], zone: &str) -> Observed<Exchange> {
        let records = records.iter().map(|(name, kind, data)| Record {
            name: (*name).to_owned(),
            kind: (*kind).to_owned().into(),
            ttl: 1,
            data: (*data).to_owned(),
        });
        let soa = (!zone.is_empty()).then(|| Soa {
            zone: zone.to_owned(),
            mname: "m".to_owned(),
            rname: "r".to_owned(),
            serial: 1,
        });
        let answer = Answer {
            rcode: rcode.to_owned().into(),
            authoritative: false,
            truncated: false,
            recursion_available: true,
            authentic_data: false,
            records: records.collect(),
            records_omitted: 0,
            soa,
            extended_errors: Vec::new(),
            size: 12,
        };
        let asked = Exchange::unanswered(NAME, QuestionType::A, Transport::Udp);
        let value = Exchange { outcome: DnsOutcome::Answered { answer }, ..asked };
        Observed::Done { started_ms: 0.0, took_ms: 1.0, value }
    }

    #[test]
    fn a_record_of_several_labels_is_held_by_its_zone() {
        let name = "myreg.eastus.data.privatelink.azurecr.io";
        let empty = answer("NOERROR", &[], "privatelink.azurecr.io");
        let held = empty.value().and_then(Exchange::answer).map(|answer| answer.soa_holds(name));
        assert_eq!(held, Some(true));
    }

    #[test]
    fn one_server_gives_both_answers_or_they_contradict() {
        let alias = (NAME, "CNAME", ALIAS);
        let private = || answer("NOERROR", &[alias, (ALIAS, "A", "10.3.0.5")], "");
        let public = || {
            let on = (ALIAS, "CNAME", "x.trafficmanager.net");
            answer("NOERROR", &[alias, on], "trafficmanager.net")
        };
        let flattened = || answer("NOERROR", &[alias, (ALIAS, "A", "20.62.58.5")], "");
        let empty = || answer("NOERROR", &[alias], "privatelink.openai.azure.com");
        let filtered = || answer("NOERROR", &[], "");
        let filtered_there = || answer("NOERROR", &[alias], "");
        let denied = || answer("NXDOMAIN", &[], "");
        let denied_there = || answer("NXDOMAIN", &[alias], "privatelink.openai.azure.com");
        let denied_by_filter = || answer("NXDOMAIN", &[alias], "");
        let own = || answer("NOERROR", &[(NAME, "A", "10.3.0.5")], "");
        for (a, aaaa, wanted) in [
            (private(), empty(), None),
            (private(), filtered(), None),
            (public(), public(), None),
            (denied(), denied(), None),
            (denied(), filtered(), None),
            (own(), public(), None),
            (flattened(), public(), None),
            (private(), public(), Some(Contradiction::Zone)),
            (public(), empty(), Some(Contradiction::Zone)),
            (private(), denied(), Some(Contradiction::Existence)),
            (denied(), empty(), Some(Contradiction::Existence)),
            (denied_there(), empty(), None),
            (denied_by_filter(), empty(), Some(Contradiction::Existence)),
            (denied_there(), filtered_there(), None),
            (denied_there(), public(), Some(Contradiction::Existence)),
            (own(), denied(), Some(Contradiction::Existence)),
        ] {
            let resolver = ResolverEvidence {
                address: ([10, 1, 0, 10], 53).into(),
                scope: None,
                role: ResolverRole::Configured,
                a,
                aaaa,
                zone_soa: Observed::NotPossible { message: String::new() },
                round: None,
            };
            assert_eq!(resolver.contradiction(NAME), wanted, "{resolver:?}");
        }
    }
}
