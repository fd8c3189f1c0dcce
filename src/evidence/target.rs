//! What was named to be walked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The target as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetInfo {
    /// What the user typed (without any secret).
    pub input: String,
    /// The name asked, lower case, without trailing dot, in its ASCII form.
    pub host: String,
    /// Port, 443 unless the URL says otherwise.
    pub port: u16,
    /// What kind of name this is.
    pub kind: TargetKind,
    /// Id of the row in the table of services (`openai`, `keyvault`, …), if known.
    pub service: Option<String>,
    /// Id of the service that the suffix belongs to, where `--service` names the one behind it:
    /// the host is a gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix_service: Option<String>,
    /// The service's name for people.
    pub service_name: Option<String>,
    /// Cloud of the name's suffix: `public`, `usgov`, `china`.
    pub cloud: Option<String>,
    /// The public suffix that matched, e.g. `openai.azure.com`.
    pub public_suffix: Option<String>,
    /// The private DNS zone that the service uses, e.g. `privatelink.openai.azure.com`.
    pub private_zone: Option<String>,
    /// The first label: the account's name.
    pub account: Option<String>,
    /// The path under which calls are made, e.g. `/api/projects/demo`; empty for none.
    pub base_path: String,
    /// What the variable that named the target has after the base path; absent where it has nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<BeyondBase>,
    /// What was left out of the variable that named the target, or added to it; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<RepairedValue>,
}

/// A variable of the application whose value this program reads past what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepairedValue {
    /// The variable.
    pub variable: String,
    /// What is wrong with its value.
    pub faults: Vec<ValueFault>,
}

/// What makes the value of a variable another than the URL of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueFault {
    /// A carriage return or a line feed.
    LineEnd,
    /// A tab.
    Tab,
    /// A blank at its beginning.
    LeadingBlank,
    /// A blank elsewhere.
    Blank,
    /// A character that is not shown, such as a zero-width space.
    Invisible,
    /// No scheme before the host.
    NoScheme,
    /// A host that ends with a dot.
    FinalDot,
    /// A query.
    Query,
    /// A fragment.
    Fragment,
}

/// A variable of the application whose URL has more than SDKs are given as endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeyondBase {
    /// The variable.
    pub variable: String,
    /// The whole path of its URL.
    pub path: String,
}

/// What kind of name a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// An Azure AI account (custom subdomain): the authenticated call is made.
    Account,
    /// A Foundry project's endpoint under an account.
    Project,
    /// A regional endpoint, `<region>.api.cognitive.microsoft.com`.
    Regional,
    /// The privatelink name itself, which applications must not use.
    Privatelink,
    /// Another Azure service.
    OtherService,
    /// A name of no known suffix: walked as far as TLS.
    Unknown,
}
