//! The refusal is an account's, and the name is a gateway's: the gateway's own call was refused.

use super::super::host_kind::{GATEWAY_TEAM, host_kind};
use crate::diagnose::{FindingBuilder, reading};
use crate::diagnosis::Step;
use crate::evidence::Evidence;

/// An account's error text at a gateway's name: the gateway's own call was refused.
pub(super) fn behind_gateway(e: &Evidence, finding: FindingBuilder) -> FindingBuilder {
    let host_kind = host_kind(e);
    let finding = finding
        .reasoning(format!(
            "{} is not the account: {} answers there. The error text is an account's, so most \
             likely its own call to the account was refused; this machine's path is not the cause",
            e.target.host,
            host_kind.name()
        ))
        .owner(GATEWAY_TEAM)
        .inspect(format!("see {} and its network", host_kind.name()), host_kind.show(e));
    let finding = match host_kind.behind(e) {
        Some(command) => finding.inspect("see which account it calls", command),
        None => finding.step(Step::inspect(format!(
            "ask the team that runs {} which account it calls",
            e.target.host
        ))),
    };
    finding.step(
        Step::inspect("run a check from the gateway's own network to the account's name")
            .command(format!("aoai-probe {}", behind(e))),
    )
}

/// A name of the service behind a gateway, as a placeholder.
pub(in crate::diagnose::rules::http) fn behind(e: &Evidence) -> String {
    if let Some(backend) = &e.backend {
        return reading::word(&backend.target.host);
    }
    let cloud = reading::cloud(e);
    let named = reading::service(e)
        .and_then(|service| service.endpoints.iter().find(|endpoint| endpoint.cloud == cloud));
    let suffix = named.map_or("openai.azure.com", |endpoint| endpoint.suffix);
    format!("<{}>.{suffix}", reading::noun(e))
}
