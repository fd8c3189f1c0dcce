//! What the host is, so that commands are aimed at it: an account, or a gateway in front of one.

use crate::diagnose::account;
use crate::diagnose::reading;
use crate::evidence::{Evidence, TargetKind};

/// What the host is, by its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose::rules) enum Aim {
    /// An account of Azure OpenAI, Azure AI services or Foundry.
    Account,
    /// API Management.
    ApiManagement,
    /// App Service or Functions.
    AppService,
    /// Container Apps.
    ContainerApps,
    /// A host of an unknown suffix, which `--service` says to be one.
    Host,
}

/// The first label of the host, by which Azure names it.
fn label(e: &Evidence) -> &str {
    e.target.account.as_deref().unwrap_or("<account>")
}

/// What the host is.
pub(in crate::diagnose::rules) fn aim(e: &Evidence) -> Aim {
    // Without `--service` a gateway is the target's own service.
    let own = e.target.service.as_deref();
    let own = own.filter(|id| matches!(*id, "apim" | "appservice" | "containerapps"));
    match e.target.suffix_service.as_deref().or(own) {
        Some("apim") => Aim::ApiManagement,
        Some("appservice") => Aim::AppService,
        Some("containerapps") => Aim::ContainerApps,
        Some(_) => Aim::Host,
        None if e.target.public_suffix.is_none() && e.target.kind != TargetKind::Unknown => {
            Aim::Host
        }
        None => Aim::Account,
    }
}

impl Aim {
    /// Whether something stands in front of the account by the host's own name.
    pub(in crate::diagnose::rules) const fn is_gateway(self) -> bool {
        !matches!(self, Aim::Account)
    }

    /// What it is, for people.
    pub(in crate::diagnose::rules) const fn name(self) -> &'static str {
        match self {
            Aim::Account => "the account",
            Aim::ApiManagement => "the API Management gateway",
            Aim::AppService => "the App Service app",
            Aim::ContainerApps => "the container app",
            Aim::Host => "the gateway",
        }
    }

    /// A command that only reads and shows what it is and which networks it takes calls from.
    pub(in crate::diagnose::rules) fn show(self, e: &Evidence) -> String {
        let name = label(e);
        match self {
            Aim::Account => account::named(
                name,
                "show",
                "--query \"{kind:kind,endpoint:properties.endpoint,\
                 access:properties.publicNetworkAccess,rules:properties.networkAcls}\"",
            ),
            Aim::ApiManagement => format!(
                "az apim show -n {name} -g <group> --query \
                 \"{{gateway:gatewayUrl,access:publicNetworkAccess,network:virtualNetworkType}}\""
            ),
            Aim::AppService => format!(
                "az webapp show -n {name} -g <group> --query \
                 \"{{host:defaultHostName,access:publicNetworkAccess,subnet:virtualNetworkSubnetId}}\""
            ),
            Aim::ContainerApps => format!(
                "az containerapp show -n {name} -g <group> --query properties.configuration.ingress"
            ),
            Aim::Host => format!("curl -sv https://{}/ -o /dev/null", e.target.host),
        }
    }

    /// The account that judges the credential, for people: this one, or one behind a gateway.
    pub(in crate::diagnose::rules) fn judge(self, e: &Evidence) -> String {
        match self {
            Aim::Account => reading::account(e).to_owned(),
            _ => format!("the account behind {}", self.name()),
        }
    }

    /// A command that only reads, with its words, and shows which keys are the right ones; at a
    /// gateway, which account it calls: its own key or the caller's may be the one that is refused.
    pub(in crate::diagnose::rules) fn keys(self, e: &Evidence) -> (String, String) {
        match self {
            Aim::Account => (
                "see the account's keys (their output is secret)".to_owned(),
                account::command(e, "keys list", ""),
            ),
            _ => (
                format!(
                    "see what {} calls, and with whose key: the caller's, or one of its own",
                    self.name()
                ),
                self.behind(e).unwrap_or_else(|| self.show(e)),
            ),
        }
    }

    /// A command that only reads and shows where it sends calls on to.
    pub(in crate::diagnose::rules) fn behind(self, e: &Evidence) -> Option<String> {
        let name = label(e);
        match self {
            Aim::ApiManagement => Some(format!(
                "az apim backend list --service-name {name} -g <group> --query \"[].url\" -o tsv"
            )),
            Aim::AppService => Some(format!(
                "az webapp config appsettings list -n {name} -g <group> --query \"[].name\" -o tsv"
            )),
            _ => None,
        }
    }
}
