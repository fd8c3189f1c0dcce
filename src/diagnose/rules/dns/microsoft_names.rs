//! The domains that Azure's own chains of aliases pass (facts D30 to D33, D213).

use crate::diagnose::View;
use crate::evidence::dns::{is_privatelink, is_within};

/// Domains of Microsoft's in which the public chain of an account ends (facts D30 to D33).
const PUBLIC_CHAIN: &[&str] = &[
    "trafficmanager.net",
    "trafficmanager.cn",
    "azure.com",
    "azure.net",
    "azure.us",
    "azure.cn",
    "windows.net",
    "usgovcloudapi.net",
    "chinacloudapi.cn",
    "microsoft.com",
];

/// Further domains of Microsoft's, and those of its suppliers, that chains of other services and clouds
/// pass (facts D30, X7, D213).
const FRONTS: &[&str] = &[
    "akadns.net",
    "azure-api.net",
    "azureedge.net",
    "azurefd.net",
    "azurefd.us",
    "chinacloudapp.cn",
    "cloudapp.net",
    "msedge.net",
    "msidentity.com",
    "nsatc.net",
    "t-msedge.net",
    "usgovcloudapp.net",
    "usgovtrafficmanager.net",
];

/// Whether an alias is one that Azure's own chains have: another one is of the operator's own, or of a
/// policy that rewrites the name.
pub(super) fn is_microsofts(e: &View<'_>, alias: &str) -> bool {
    let suffix = e.target.public_suffix.as_deref();
    is_privatelink(alias)
        || suffix.is_some_and(|suffix| is_within(alias, suffix))
        || PUBLIC_CHAIN.iter().chain(FRONTS).any(|zone| is_within(alias, zone))
}

/// Whether the public chain of an account may end at the alias.
pub(super) fn ends_chain(alias: &str) -> bool {
    PUBLIC_CHAIN.iter().any(|zone| is_within(alias, zone))
}
