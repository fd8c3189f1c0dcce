//! The step that opens a firewall for one connection, with what it affects.

use crate::diagnosis::Step;
use crate::evidence::Evidence;

/// Allows TCP from `source` to `to`, at `firewall` if it is known.
pub(in crate::diagnose::rules) fn allow(
    e: &Evidence,
    source: &str,
    to: &str,
    firewall: Option<&str>,
) -> Step {
    let port = e.target.port;
    let at = firewall.map_or_else(String::new, |firewall| format!(" at {firewall}"));
    Step::shared(
        format!(
            "allow TCP {port} from {source} to {to}{at}, for this one address and port, once the \
             owner of the rule agrees: the block may be deliberate (Azure NSG: Terraform \
             `azurerm_network_security_rule`; Azure Firewall: \
             `azurerm_firewall_policy_rule_collection_group`)"
        ),
        "a firewall rule applies to every host in its source range; a wildcard such as \
         *.openai.azure.com would allow every tenant's account",
    )
    .undo("remove the rule again")
    .opens()
}
