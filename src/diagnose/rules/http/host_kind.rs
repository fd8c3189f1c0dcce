//! What kind of host it is, so that commands fit: an account, or a gateway in front of one.

use crate::diagnose::account;
use crate::diagnose::reading;
use crate::evidence::{Evidence, TargetKind};
use crate::services::{self, Gateway, Service, azure_ai};

/// What the host is, by its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum HostKind {
    /// A resource of the target's own service.
    Account,
    /// A gateway of Azure.
    Gateway(&'static Gateway),
    /// A host with an unknown suffix, which `--service` declares to be one.
    Host,
}

/// The team that a gateway's own configuration and network belong to.
pub(in crate::diagnose) const GATEWAY_TEAM: &str = "Azure platform";

/// The first label of the host, by which Azure names it.
fn label(e: &Evidence) -> &str {
    e.target.account.as_deref().unwrap_or("<account>")
}

/// What the host is.
pub(in crate::diagnose) fn host_kind(e: &Evidence) -> HostKind {
    let of_suffix = e.target.suffix_service.as_deref();
    // Without `--service` a gateway is the target's own service.
    let service = of_suffix.map_or_else(|| reading::service(e), services::by_id);
    match service.and_then(Service::gateway) {
        Some(gateway) => HostKind::Gateway(gateway),
        None if of_suffix.is_some() => HostKind::Host,
        None if e.target.public_suffix.is_none() && e.target.kind != TargetKind::Unknown => {
            HostKind::Host
        }
        None => HostKind::Account,
    }
}

impl HostKind {
    /// Whether, by the host's own name, something is in front of the account.
    pub(in crate::diagnose) const fn is_gateway(self) -> bool {
        !matches!(self, HostKind::Account)
    }

    /// What it is, for people.
    pub(in crate::diagnose) const fn name(self) -> &'static str {
        match self {
            HostKind::Account => "the account",
            HostKind::Gateway(gateway) => gateway.name,
            HostKind::Host => "the gateway",
        }
    }

    /// A read-only command that shows what it is and which networks it accepts calls from.
    pub(in crate::diagnose) fn show(self, e: &Evidence) -> String {
        let name = label(e);
        match self {
            HostKind::Account if account::resource(e).networks != azure_ai::RESOURCE.networks => {
                account::show_networks(e)
            }
            HostKind::Account => account::named(
                e,
                name,
                "show",
                &format!(
                    "--query \"{{kind:kind,endpoint:{},access:properties.publicNetworkAccess,\
                     rules:properties.networkAcls}}\"",
                    account::resource(e).endpoint
                ),
            ),
            HostKind::Gateway(gateway) => format!(
                "az {} -g <group> --query {}",
                gateway.show.replace("{name}", name),
                gateway.networks
            ),
            HostKind::Host => format!("curl -sv https://{}/ -o /dev/null", e.target.host),
        }
    }

    /// The account that checks the credential, for people: this one, or one behind a gateway.
    pub(in crate::diagnose) fn judge(self, e: &Evidence) -> String {
        match self {
            HostKind::Account => reading::account(e).to_owned(),
            _ => format!("the account behind {}", self.name()),
        }
    }

    /// A read-only command with its description, which shows which keys are right, or, at a
    /// gateway, which account it calls: the refused key may be the gateway's or the caller's.
    pub(in crate::diagnose) fn keys(self, e: &Evidence) -> (String, String) {
        match self {
            HostKind::Account => (
                "see the account's keys (the output is secret)".to_owned(),
                account::command(e, "keys list", ""),
            ),
            _ => (
                format!(
                    "see what {} calls, and with which key: the caller's or its own",
                    self.name()
                ),
                self.behind(e).unwrap_or_else(|| self.show(e)),
            ),
        }
    }

    /// A read-only command that shows where it forwards calls.
    pub(in crate::diagnose) fn behind(self, e: &Evidence) -> Option<String> {
        match self {
            HostKind::Gateway(gateway) if !gateway.behind.is_empty() => {
                Some(gateway.behind.replace("{name}", label(e)))
            }
            _ => None,
        }
    }
}
