//! Options of the questions to Azure Resource Manager.

use std::time::Duration;

use clap::Args;

use super::values::{
    account_id, connect_override, credential, named_file, proxy, seconds, subscription,
};
use super::{TextOrJson, TrustArgument, Writing};
use crate::credential::SourceChoice;
use crate::evidence::azure::ResourceId;
use crate::walk::proxy_choice::ProxyOption;
use crate::world::ConnectOverride;

/// Whether and what Resource Manager is asked.
#[derive(Debug, Clone, Default, Args)]
pub struct AzureOptions {
    /// Also ask Azure Resource Manager, which proves what the path can only suggest: read-only, with
    /// a token of its own
    #[arg(long)]
    pub azure: bool,
    /// What is asked.
    #[command(flatten)]
    pub questions: AzureQuestions,
}

/// What Resource Manager is asked, and as whom.
#[derive(Debug, Clone, Default, Args)]
pub struct AzureQuestions {
    /// The source of the token for Resource Manager; by default the first configured one that
    /// requests tokens, else azure-cli
    #[arg(long, value_name = "SOURCE", value_parser = credential)]
    pub azure_credential: Option<SourceChoice>,
    /// Also read the routes and security rules in effect at this machine's interface; needs rights
    /// to two actions, and changes nothing
    #[arg(long)]
    pub azure_effective: bool,
    /// Ask in this subscription alone
    #[arg(long, value_name = "ID", value_parser = subscription)]
    pub subscription: Option<String>,
    /// The account's resource id, where it cannot be found by its name
    #[arg(long, value_name = "RESOURCE-ID", value_parser = account_id)]
    pub account_id: Option<ResourceId>,
}

/// Options of `azure`.
#[derive(Debug, Clone, Args)]
pub struct AzureAudit {
    /// Account name, host name or endpoint URL
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// What is asked
    #[command(flatten)]
    pub questions: AzureQuestions,
    /// How Resource Manager is reached
    #[command(flatten)]
    pub way: AzureWay,
    /// Format of the audit
    #[arg(long, value_enum, default_value_t = TextOrJson::Human)]
    pub format: TextOrJson,
    /// Where it goes
    #[command(flatten)]
    pub writing: Writing,
}

/// How Resource Manager is reached, where no check says so.
#[derive(Debug, Clone, Default, Args)]
pub struct AzureWay {
    /// The user-assigned managed identity: its client id, resource id, or object:ID
    #[arg(long, value_name = "ID")]
    pub identity: Option<String>,
    /// Redirect a connection to Resource Manager or the login host, like curl's option
    #[arg(long = "connect-to", value_name = "HOST:PORT:ADDR:PORT", value_parser = connect_override)]
    pub connect_to: Vec<ConnectOverride>,
    /// Trust the certificates in this file, in addition to the roots of --trust
    #[arg(long, value_name = "PEM", value_parser = named_file)]
    pub ca_file: Option<String>,
    /// Which roots decide: the built-in public ones (the default) or the system's
    #[arg(long, value_enum)]
    pub trust: Option<TrustArgument>,
    /// env (the default, like SDKs), none, or the URL of a proxy
    #[arg(long, value_name = "PROXY", value_parser = proxy)]
    pub proxy: Option<ProxyOption>,
    /// Deadline of one step, in seconds; 5 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Deadline of all reads, in seconds; 30 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub deadline: Option<Duration>,
}

impl AzureWay {
    /// The first of these options that was given.
    #[must_use]
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--identity", self.identity.is_some()),
            ("--connect-to", !self.connect_to.is_empty()),
            ("--ca-file", self.ca_file.is_some()),
            ("--trust", self.trust.is_some()),
            ("--proxy", self.proxy.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("--deadline", self.deadline.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

impl AzureOptions {
    /// The options that ask the same, each as one word with its value.
    pub(super) fn words(&self) -> Vec<String> {
        use crate::walk::plan::option;
        let questions = &self.questions;
        let credential = questions.azure_credential.as_ref().and_then(SourceChoice::name);
        let values = [
            ("--azure-credential", credential),
            ("--subscription", questions.subscription.as_deref()),
            ("--account-id", questions.account_id.as_ref().map(ResourceId::as_str)),
        ];
        let flags = [("--azure", self.azure), ("--azure-effective", questions.azure_effective)];
        let flags = flags.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
        let values = values.into_iter().filter_map(|(name, value)| Some(option(name, value?)));
        flags.chain(values).collect()
    }

    /// Checks that nothing is asked without `--azure`.
    ///
    /// # Errors
    ///
    /// Which option needs it.
    pub fn contradiction(&self) -> Result<(), String> {
        let given = [
            ("--azure-credential", self.questions.azure_credential.is_some()),
            ("--azure-effective", self.questions.azure_effective),
            ("--subscription", self.questions.subscription.is_some()),
            ("--account-id", self.questions.account_id.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given && !self.azure) {
            Some((option, _)) => Err(format!("{option} needs --azure")),
            None => Ok(()),
        }
    }
}
