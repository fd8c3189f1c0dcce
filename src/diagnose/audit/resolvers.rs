//! Resolvers in Azure: what forwards the account's names elsewhere, and what blocks them.

use crate::audit::AuditCheck;
use crate::diagnose::view::azure::AzureView;
use crate::diagnosis::State;
use crate::evidence::azure::{ForwardingRule, Ruleset};

/// Rules of forwarding rulesets that match the account's names. A linked private zone and a rule for
/// the same name compete (fact C49): said, not judged.
pub(super) fn forwarding(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let target = &view.walk.target;
    let matches = |rule: &ForwardingRule, name: &str| {
        rule.enabled
            && (name == rule.domain || name.ends_with(&format!(".{}", rule.domain)))
            && !rule.domain.is_empty()
    };
    let checks = view.rulesets.items().iter().filter_map(|ruleset: &Ruleset| {
        let rules = ruleset.rules.items();
        let public = rules.iter().find(|rule| matches(rule, &target.host));
        let zone = target.private_zone.as_deref().unwrap_or_default();
        let private = rules.iter().find(|rule| !zone.is_empty() && matches(rule, zone));
        let name = ruleset.id.name();
        let (state, says) = match (public, private) {
            (None, None) => return None,
            (None, Some(rule)) => (
                State::AtRisk,
                format!(
                    "{name} forwards {} alone: a forwarder must have the public name, since the \
                     resolver that it asks follows the alias itself",
                    rule.domain
                ),
            ),
            (Some(rule), _) => (
                State::Works,
                format!("{name} forwards {} to {}", rule.domain, rule.targets.join(", ")),
            ),
        };
        let check = AuditCheck::new("forwarding", state, says).fact(ruleset.id.as_str());
        let networks = ruleset.networks.items().iter();
        Some(networks.map(|id| format!("linked to {id}")).fold(check, AuditCheck::fact))
    });
    checks.collect()
}

/// DNS security policies that block the account's name in a network that has a part in this.
pub(super) fn policies(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let networks = view.networks.items().iter();
    let blocks = networks.flat_map(|network| {
        let blocks = view.blocks(&network.id, &view.walk.target.host);
        blocks.into_iter().map(move |block| (network, block))
    });
    let checks = blocks.map(|(network, block)| {
        let rule = block.rule.id.name();
        match block.domain {
            Some(domain) => {
                let says = format!("{rule} blocks {domain} in {}", network.id.name());
                AuditCheck::new("dns-policy", State::Broken, says)
            }
            None => {
                let says = format!(
                    "{rule} blocks a list whose domains are not shown, in {}",
                    network.id.name()
                );
                AuditCheck::new("dns-policy", State::CannotTell, says)
            }
        }
        .fact(block.policy.id.as_str())
        .fact(block.list.id.as_str())
    });
    checks.collect()
}
