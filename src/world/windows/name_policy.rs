//! The Name Resolution Policy Table (NRPT, [MS-GPNRPT]): which rule is about a name. The name that is
//! asked for decides; Windows lets the server follow the aliases.

use std::net::{IpAddr, SocketAddr};

use crate::evidence::text::clean;
use crate::evidence::vantage::{NamePolicy, PolicyKind, PolicyMatch};
use crate::platform::{RegistryRule, ResolverSettings};

/// Bits of `ConfigOptions`: which kinds of setting a rule has ([MS-GPNRPT] 2.2.2.2).
const DIRECT_ACCESS: u32 = 0x4;
const GENERIC_SERVERS: u32 = 0x8;

/// Servers of a rule that are kept.
const MOST: usize = 8;

/// How closely an entry fits a name: the greatest is used (fact D97).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// `.`, every name.
    Any,
    /// A suffix of so many characters.
    Suffix(usize),
    /// The first label.
    Prefix,
    /// The whole name.
    Whole,
}

/// The rule that decides for `name`, and one that is about its privatelink name alone.
#[must_use]
pub fn policies(
    settings: &ResolverSettings,
    name: &str,
    privatelink_name: Option<&str>,
) -> Vec<NamePolicy> {
    let own = applies(settings, name, PolicyMatch::Name);
    let alias = privatelink_name
        .and_then(|alias| applies(settings, alias, PolicyMatch::PrivatelinkName))
        .filter(|other| {
            let same = own.as_ref().is_some_and(|own| own.rule == other.rule);
            !same && other.namespace != "." && !other.servers.is_empty()
        });
    own.into_iter().chain(alias).collect()
}

/// The servers that are asked for `name` by a rule.
#[must_use]
pub fn servers_for(settings: &ResolverSettings, name: &str) -> Vec<SocketAddr> {
    let policy = applies(settings, name, PolicyMatch::Name);
    let servers = policy.into_iter().flat_map(|policy| policy.servers);
    servers
        .filter_map(|server| server.parse::<IpAddr>().ok())
        .map(|server| SocketAddr::new(server, 53))
        .collect()
}

fn applies(settings: &ResolverSettings, name: &str, matches: PolicyMatch) -> Option<NamePolicy> {
    // Where group policy sets a rule, those of this machine do not count.
    let (kind, rules) = match settings.group_rules.is_empty() {
        false => (PolicyKind::GroupPolicy, &settings.group_rules),
        true => (PolicyKind::Local, &settings.local_rules),
    };
    let fitting = rules.iter().filter(|rule| directs(rule)).flat_map(|rule| {
        let entries = rule.name.iter();
        entries.filter_map(move |entry| Some((fit(entry, name)?, entry, rule)))
    });
    let (_, entry, rule) = fitting.max_by_key(|(fit, ..)| *fit)?;
    let servers = rule.generic_dns_servers.as_deref().unwrap_or_default();
    let direct_access = rule.direct_access_dns_servers.as_deref().unwrap_or_default();
    Some(NamePolicy {
        kind,
        rule: clean(&rule.key, 80),
        namespace: clean(entry, 255),
        servers: match rule.config_options & GENERIC_SERVERS {
            0 => Vec::new(),
            _ => listed(servers),
        },
        direct_access: rule.config_options & DIRECT_ACCESS != 0 && !direct_access.is_empty(),
        matches,
    })
}

/// Whether a rule is about who is asked: others are about DNSSEC or the encoding of names.
fn directs(rule: &RegistryRule) -> bool {
    rule.config_options & (DIRECT_ACCESS | GENERIC_SERVERS) != 0
}

fn listed(servers: &str) -> Vec<String> {
    let words = servers.split([';', ',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| clean(word, 80)).take(MOST).collect()
}

/// How an entry fits a name. Entries for subnets (`in-addr.arpa`) fit no name that is asked here.
fn fit(entry: &str, name: &str) -> Option<Fit> {
    let entry = entry.trim().to_ascii_lowercase();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    match entry.strip_prefix('.') {
        Some("") => Some(Fit::Any),
        Some(_) => name.ends_with(&entry).then_some(Fit::Suffix(entry.len())),
        None if entry.is_empty() => None,
        None if entry.contains('.') => (name == entry.trim_end_matches('.')).then_some(Fit::Whole),
        None => (name.split('.').next() == Some(&entry)).then_some(Fit::Prefix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "myacct.openai.azure.com";
    const ALIAS: &str = "myacct.privatelink.openai.azure.com";

    fn rule(key: &str, names: &[&str], servers: &str) -> RegistryRule {
        RegistryRule {
            key: key.to_owned(),
            name: names.iter().map(|name| (*name).to_owned()).collect(),
            config_options: GENERIC_SERVERS,
            generic_dns_servers: Some(servers.to_owned()),
            direct_access_dns_servers: None,
        }
    }

    fn local(rules: Vec<RegistryRule>) -> ResolverSettings {
        ResolverSettings { local_rules: rules, ..ResolverSettings::default() }
    }

    #[test]
    fn the_entry_that_fits_closest_decides() {
        let any = rule("any", &["."], "10.0.0.1");
        let wide = rule("wide", &[".azure.com", ".example"], "10.0.0.2");
        let narrow = rule("narrow", &[".OpenAI.azure.com"], "10.0.0.3;fd00::3");
        let prefix = rule("prefix", &["myacct"], "10.0.0.4");
        let whole = rule("whole", &["myacct.openai.azure.com."], "10.0.0.5");
        let other =
            rule("other", &["openai.azure.com", "acct", ".cct.openai.azure.com"], "10.0.0.6");
        let all = [any, wide, narrow, prefix, whole, other.clone()];
        for (length, decides) in
            [(1, "any"), (2, "wide"), (3, "narrow"), (4, "prefix"), (6, "whole")]
        {
            let found = policies(&local(all[..length].to_vec()), NAME, None);
            assert_eq!(found[0].rule, decides);
        }
        let found = policies(&local(all[..3].to_vec()), NAME, None);
        assert_eq!(found[0].servers, ["10.0.0.3", "fd00::3"]);
        assert_eq!((found[0].kind, found[0].matches), (PolicyKind::Local, PolicyMatch::Name));
        assert!(policies(&local(vec![other]), NAME, None).is_empty());
    }

    #[test]
    fn rules_of_group_policy_put_those_of_the_machine_aside() {
        let settings = ResolverSettings {
            group_rules: vec![rule("gp", &[".corp.example"], "10.0.0.1")],
            local_rules: vec![rule("vpn", &[".openai.azure.com"], "10.0.0.2")],
            ..ResolverSettings::default()
        };
        assert!(policies(&settings, NAME, None).is_empty());
        let found = policies(&settings, "a.corp.example", None);
        assert_eq!((found[0].kind, &*found[0].rule), (PolicyKind::GroupPolicy, "gp"));
    }

    #[test]
    fn a_rule_for_the_privatelink_zone_is_not_about_the_name_that_is_asked() {
        let settings = local(vec![rule("vpn", &[".privatelink.openai.azure.com"], "10.0.0.2")]);
        let found = policies(&settings, NAME, Some(ALIAS));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].matches, PolicyMatch::PrivatelinkName);
        // One rule that is about both is listed once.
        let settings = local(vec![rule("vpn", &[".azure.com"], "10.0.0.2")]);
        let found = policies(&settings, NAME, Some(ALIAS));
        assert_eq!((found.len(), found[0].matches), (1, PolicyMatch::Name));
    }

    #[test]
    fn a_rule_without_servers_exempts_and_one_about_dnssec_is_none() {
        let exempt = policies(&local(vec![rule("x", &[NAME], "")]), NAME, None);
        assert!(exempt[0].servers.is_empty());
        let dnssec = RegistryRule { config_options: 2, ..rule("x", &[NAME], "10.0.0.1") };
        assert!(policies(&local(vec![dnssec]), NAME, None).is_empty());
        let direct = RegistryRule {
            config_options: DIRECT_ACCESS,
            direct_access_dns_servers: Some("fd00::1".to_owned()),
            ..rule("x", &[NAME], "10.0.0.1")
        };
        let found = policies(&local(vec![direct]), NAME, None);
        assert!(found[0].direct_access && found[0].servers.is_empty());
    }
}
