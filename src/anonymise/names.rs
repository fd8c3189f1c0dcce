//! DNS names: the part that is Azure's or the internet's stays, what comes before it is replaced
//! label by label, so that a name below another one stays below it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Anonymiser, known};
use crate::services;

/// The domain of names that stand for addresses, by its kind.
const REVERSED_V4: &str = ".in-addr.arpa";
const REVERSED_V6: &str = ".ip6.arpa";

/// Whether a text with dots has the form of a name of the internet or of a network.
pub(super) fn is_name(text: &str) -> bool {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    let Some((_, last)) = lower.rsplit_once('.') else { return false };
    let letters = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    let known = [known::GENERIC, known::INNER].iter().any(|list| list.contains(&last));
    let domain = kept_suffix(&lower).is_some();
    domain || known || (letters && last.len() == 2 || last.starts_with("xn--"))
}

/// Whether a text has a name of the reverse zones.
pub(super) fn is_reversed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains(REVERSED_V4) || lower.contains(REVERSED_V6)
}

/// The end of a name that stays: the suffix of a service, or a domain of Azure or of the
/// internet's registries.
fn kept_suffix(name: &str) -> Option<&str> {
    let service = services::find(name).map(|found| found.suffix);
    let zone = services::find_privatelink(name).map(|found| found.zone);
    let known = known::DOMAINS.iter().map(|domain| (*domain).to_owned());
    let ends = |suffix: &String| {
        name.strip_suffix(suffix.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let longest =
        service.into_iter().chain(zone).chain(known).filter(ends).map(|s| s.len()).max()?;
    name.get(name.len() - longest..)
}

impl Anonymiser {
    /// A name, with one label or several, or a pattern of names (`*.x`, `.x`).
    pub(super) fn name(&mut self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        if let Some(reversed) = self.reversed(&lower) {
            return reversed;
        }
        let (bare, dot) = match lower.strip_suffix('.') {
            Some(bare) => (bare, "."),
            None => (lower.as_str(), ""),
        };
        let new = match kept_suffix(bare) {
            Some(suffix) => {
                let front = &bare[..bare.len() - suffix.len()];
                let labels = front.strip_suffix('.').map(|front| self.each_label(front) + ".");
                labels.unwrap_or_default() + suffix
            }
            None => self.own_domain(bare),
        };
        match new == bare {
            true => name.to_owned(),
            false => new + dot,
        }
    }

    /// A name of a domain that is the customer's own.
    fn own_domain(&mut self, name: &str) -> String {
        let Some((front, last)) = name.rsplit_once('.') else {
            let kept = [known::INNER, known::GENERIC].iter().any(|list| list.contains(&name));
            let kept = kept && self.words.replacement(name).is_none();
            return if kept { name.to_owned() } else { self.label(name) };
        };
        if front.is_empty() {
            return format!(".{}", self.own_domain(last));
        }
        let front = self.each_label(front);
        match (known::INNER.contains(&last), known::GENERIC.contains(&last)) {
            (true, _) => format!("{front}.{last}"),
            (false, true) => format!("{front}.{last}.example"),
            (false, false) => format!("{front}.{}.example", self.label(last)),
        }
    }

    fn each_label(&mut self, labels: &str) -> String {
        let all: Vec<String> = labels.split('.').map(|label| self.label(label)).collect();
        all.join(".")
    }

    /// One label.
    pub(super) fn label(&mut self, label: &str) -> String {
        if let Some(found) = self.words.replacement(label) {
            return found;
        }
        let kept = label.len() <= 1 || label.starts_with('_') || known::LABELS.contains(&label);
        match kept {
            true => label.to_owned(),
            false => self.words.replace(label, "name"),
        }
    }

    /// A name of the reverse zones, which spells an address backwards.
    fn reversed(&mut self, name: &str) -> Option<String> {
        let bare = name.strip_suffix('.').unwrap_or(name);
        if let Some(front) = bare.strip_suffix(REVERSED_V4) {
            let bytes: Vec<u8> = front.split('.').rev().filter_map(|b| b.parse().ok()).collect();
            let whole = <[u8; 4]>::try_from(bytes);
            let IpAddr::V4(new) = self.addresses.address(IpAddr::V4(Ipv4Addr::from(whole.ok()?)))
            else {
                return None;
            };
            let [a, b, c, d] = new.octets();
            return Some(format!("{d}.{c}.{b}.{a}{REVERSED_V4}"));
        }
        let digits: String = bare.strip_suffix(REVERSED_V6)?.split('.').rev().collect();
        let whole = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
        let IpAddr::V6(new) = self.addresses.address(IpAddr::V6(Ipv6Addr::from(whole))) else {
            return None;
        };
        let digits = format!("{:032x}", u128::from(new));
        let spelt: Vec<String> = digits.chars().rev().map(String::from).collect();
        Some(spelt.join(".") + REVERSED_V6)
    }
}
