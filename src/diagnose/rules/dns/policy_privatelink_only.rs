//! A rule of Windows' Name Resolution Policy Table is about the privatelink zone, and none about the
//! name that applications ask for (fact D97): Windows compares that name with the rules, and the server
//! follows the aliases, so the rule is never used. macOS begins the lookup again at the alias, and uses
//! its rule (fact D160).

use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Step};
use crate::evidence::vantage::{NamePolicy, PolicyKind, PolicyMatch};

use super::{advice, libc_lookup, text, zone_not_linked};

pub(super) const RULE: Rule = rule!(
    "dns-policy-privatelink-only",
    Dns,
    "A name resolution policy is for the privatelink zone, and the name is not in it",
    Code(check)
)
.explains_groups(zone_not_linked::SYMPTOMS)
.explains(&["dns-zone-not-linked", "dns-outside-resolver", "dns-forwards-privatelink-only"])
.short("the NRPT rule is for the privatelink zone alone");

/// The rule that is never used, with its place.
fn unused<'v>(e: &'v View<'_>) -> Option<(usize, &'v NamePolicy)> {
    let config = &e.vantage.resolver_config;
    let decided = config.policy().is_some_and(|policy| !policy.servers.is_empty());
    if decided || e.options.resolver_given {
        return None;
    }
    let mut all = config.policies.iter().enumerate();
    let (index, policy) = all.find(|(_, policy)| {
        policy.matches == PolicyMatch::PrivatelinkName && !policy.kind.follows_aliases()
    })?;
    let asked = e.dns.deciding().iter().any(|r| policy.servers.contains(&r.seen.host()));
    (!asked).then_some((index, policy))
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let (index, policy) = unused(e)?;
    let (all, outside) = zone_not_linked::unwanted(e)?;
    let decider = e.dns.effective_resolver()?;
    let (suffix, zone) = (reading::public_suffix(e), reading::private_zone(e));
    let servers = policy.servers.join(", ");
    let level = zone_not_linked::level(e, all.len() > outside.len());
    let finding = FindingBuilder::new(
        level,
        Confidence::Inferred,
        text::clause(
            format!("the NRPT rule for {} does not apply to the name asked for", policy.namespace),
            "the NRPT rule for the privatelink zone does not apply to the name",
        ),
    )
    .fact(format!("NRPT rule ({}): {} -> {servers}", policy.kind.words(), policy.namespace))
    .cites(format!("/vantage/resolver_config/policies/{index}"))
    .fact(zone_not_linked::chain(decider, &e.dns.name, &outside))
    .cites(decider.pointer())
    .reasoning(format!(
        "Windows compares the name that is asked for, {}, with the rules, and lets the server follow \
         the alias into {zone}: the rule is never used, and {} was asked",
        e.dns.name,
        decider.label()
    ))
    .owner(match policy.kind {
        PolicyKind::GroupPolicy => "DNS",
        _ => "Server",
    });
    let finding = match policy.servers.first() {
        Some(server) => finding.inspect("ask the rule's server", text::dig_at(&e.dns.name, server)),
        None => finding,
    };
    let finding = finding
        .inspect("see the rules in use", "Get-DnsClientNrptPolicy -Effective")
        .step(step(policy, suffix, &servers));
    Some(libc_lookup::empty_cache(finding, e).check(reading::again(e)))
}

/// The rule for the public suffix.
fn step(policy: &NamePolicy, suffix: &str, servers: &str) -> Step {
    let namespace = format!(".{suffix}");
    match policy.kind {
        PolicyKind::GroupPolicy => Step::shared(
            format!(
                "in the group policy (Computer Configuration, Windows Settings, Name Resolution \
                 Policy): add the suffix {namespace} with the servers {servers}; rules of this \
                 machine do not count next to those of group policy"
            ),
            advice::whole_suffix(suffix),
        )
        .undo(format!("remove the rule for {namespace} from the group policy")),
        _ => {
            let step = Step::local(format!(
                "add a rule for {namespace} with the servers {servers}, in the VPN client's settings \
                 if it writes the rules; on this machine an account of {suffix} without a record in \
                 the private zone then stops resolving"
            ))
            .undo(format!("remove the rule for {namespace} again (Remove-DnsClientNrptRule)"));
            match policy.servers.as_slice() {
                [only] => step.command(format!(
                    "Add-DnsClientNrptRule -Namespace {} -NameServers {}",
                    reading::word(&namespace),
                    reading::word(only)
                )),
                _ => step,
            }
        }
    }
}
