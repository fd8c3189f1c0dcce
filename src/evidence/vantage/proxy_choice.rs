//! Which proxy applies to the target, and what ordinary clients would do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ScriptEvidence;

/// Which proxy applies to the target, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyDecision {
    /// The variables that are set, secrets masked.
    pub variables: Vec<ProxyVariable>,
    /// The proxy that applies, without its password; null for none.
    pub applies: Option<String>,
    /// Why, or why not.
    pub reason: ProxyReason,
    /// NO_PROXY, entry by entry, in order.
    pub no_proxy: Vec<NoProxyEntry>,
    /// Variables whose name looks misspelt, e.g. `HTTP_PORXY`.
    pub misspelt: Vec<String>,
    /// What each client would do with these variables and settings, whatever `--proxy` says; empty
    /// where none names a proxy.
    #[serde(default)]
    pub clients: Vec<ClientProxy>,
    /// The system's own proxy settings, which some clients read where no variable names a proxy
    /// (Windows, macOS); null where the system has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemProxyEvidence>,
}

/// The proxy settings that Windows and macOS have in addition to the variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemProxyEvidence {
    /// Those of this user (Windows: Internet Options, WinINET), or of the primary network service (macOS);
    /// null where they are not shown.
    pub user: Option<SystemProxySettings>,
    /// Those of services (Windows: `netsh winhttp`); null where they are not shown, and where the system has
    /// none of their own.
    pub services: Option<SystemProxySettings>,
    /// What WinHTTP made of the script of `user` for this target; null where no script was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptEvidence>,
}

/// Proxy settings of a user or of services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemProxySettings {
    /// Whether clients look for a script by DHCP and DNS (WPAD). It was not looked for.
    pub auto_detect: bool,
    /// The URL of a script that decides (PAC), without a query.
    pub script: Option<String>,
    /// The proxy for https, without its password; null for none.
    pub proxy: Option<String>,
    /// What is asked directly, entry by entry.
    pub bypass: Vec<String>,
    /// The entry of those that exempts the target; null for none.
    pub exempted_by: Option<String>,
}

/// What one client would do with the proxy variables for a call to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClientProxy {
    /// The client, e.g. `curl`.
    pub client: String,
    /// The version that this was tested against; null where it follows its sources alone.
    pub tested: Option<String>,
    /// The proxy that it would go through, without its password; null for none.
    pub proxy: Option<String>,
    /// What decides.
    pub decision: ClientDecision,
}

/// What decides whether a client goes through a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ClientDecision {
    /// It does not read the variables.
    Ignores,
    /// None of the variables that it reads is set.
    NoVariable,
    /// This variable is set and empty, which takes the other spelling away.
    Cancelled {
        /// Its name.
        variable: String,
    },
    /// This variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// This entry of NO_PROXY exempts the target.
    Exempted {
        /// The name of the variable.
        variable: String,
        /// The entry.
        entry: String,
    },
    /// The system's proxy settings, since no variable is set.
    System,
    /// This entry of the system's proxy settings exempts the target.
    SystemExempted {
        /// The entry.
        entry: String,
    },
    /// A script of the system's proxy settings decides; it was not run.
    Script,
    /// The script of the system's proxy settings, which WinHTTP ran, gives the way.
    ScriptGives,
    /// It cannot make a call at all.
    Fails {
        /// Why.
        message: String,
    },
}

impl ClientProxy {
    /// Whether it reads the variables.
    #[must_use]
    pub fn reads(&self) -> bool {
        self.decision != ClientDecision::Ignores
    }

    /// Which way it goes, and in brackets what decides.
    #[must_use]
    pub fn words(&self) -> String {
        let way = match (&self.proxy, &self.decision) {
            (Some(url), _) => format!("through {url}"),
            (None, ClientDecision::Script) => "by a script that was not run".to_owned(),
            (None, _) => "directly".to_owned(),
        };
        let why = match &self.decision {
            ClientDecision::Ignores => "it reads no variable".to_owned(),
            ClientDecision::NoVariable => "it reads none of the variables that are set".to_owned(),
            ClientDecision::Cancelled { variable } => {
                format!("{variable} is empty and cancels the other spelling")
            }
            ClientDecision::Variable { name } => name.clone(),
            ClientDecision::Exempted { variable, entry } => format!("{variable}: {entry}"),
            ClientDecision::System | ClientDecision::Script => {
                "the system's proxy settings".to_owned()
            }
            ClientDecision::ScriptGives => "the script of the system's proxy settings".to_owned(),
            ClientDecision::SystemExempted { entry } => {
                format!("the system's proxy settings: {entry}")
            }
            ClientDecision::Fails { message } => message.clone(),
        };
        format!("{way} ({why})")
    }
}

/// A proxy variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyVariable {
    /// Its name as set.
    pub name: String,
    /// Its value, user name and password masked.
    pub value: String,
    /// Whether the value, which names a proxy, begins or ends with a blank or a line end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blank_around: bool,
}

impl ProxyVariable {
    /// Its value, and what is not seen of it.
    #[must_use]
    pub fn words(&self) -> String {
        match self.blank_around {
            true => format!("{} (with a blank or a line end around it)", self.value),
            false => self.value.clone(),
        }
    }
}

/// Why a proxy applies or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProxyReason {
    /// No variable is set.
    NotConfigured,
    /// `--proxy none`.
    OptionNone,
    /// `--proxy URL`.
    OptionUrl,
    /// This variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// This entry of NO_PROXY exempts the target.
    Exempted {
        /// The entry.
        entry: String,
    },
    /// The service is not reached by HTTPS, and its clients read no proxy variable for that.
    NotHttp,
    /// No variable is set, and the system's proxy settings name it.
    System,
    /// No variable is set, and this entry of the system's proxy settings exempts the target.
    SystemExempted {
        /// The entry.
        entry: String,
    },
    /// No variable is set, and the script of the system's proxy settings gives it.
    Script,
    /// No variable is set, and the script of the system's proxy settings gives none.
    ScriptDirect,
}

/// An entry of NO_PROXY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoProxyEntry {
    /// The entry.
    pub entry: String,
    /// Whether it exempts the target by the rules that reqwest and this tool follow.
    pub exempts: bool,
    /// Whether other clients read it otherwise (fact P4), in words; null when they agree.
    pub client_semantics: Option<String>,
}
