//! Rules whose cause is at the proxy hop: its name, its connection, its answer to CONNECT, and what
//! it does with a target that is private from here.

mod address_dead;
mod before_private_endpoint;
mod client_proxies;
mod clients_without;
mod clients_without_script;
mod connect;
mod connections;
mod exempted;
mod kind_not_walked;
mod name_unresolved;
pub(in crate::diagnose) mod no_proxy;
mod no_proxy_dialect;
mod not_walked;
mod refusals;
mod resolves_publicly;
mod script_failed;
mod script_not_run;
mod script_others;
mod url_unreadable;

use std::fmt::Display;

use super::slow;
use crate::diagnose::Rule;
use crate::diagnose::headline::{self, Clause};
use crate::diagnosis::Step;
use crate::evidence::Evidence;

/// The rules of this hop.
pub(super) const RULES: &[Rule] = &[
    name_unresolved::RULE,
    connections::SILENT,
    connections::REFUSED,
    connections::UNREACHABLE,
    refusals::LOGIN,
    refusals::DENIED,
    refusals::UNRESOLVED,
    refusals::UNREACHABLE,
    connect::NOT_HTTP,
    connect::MALFORMED,
    connect::NO_ANSWER,
    resolves_publicly::RULE,
    kind_not_walked::RULE,
    before_private_endpoint::RULE,
    no_proxy_dialect::RULE,
    not_walked::RULE,
    exempted::RULE,
    script_not_run::RULE,
    script_failed::RULE,
    script_others::RULE,
    clients_without::RULE,
    clients_without_script::RULE,
    url_unreadable::RULE,
    address_dead::RULE,
    slow::PROXY,
];

/// The step that lets the proxy open tunnels to one host.
fn opening(host: &str, port: u16) -> Step {
    Step::shared(
        format!(
            "allow CONNECT {host}:{port} at the proxy, for this one host, once the owner of its \
             rules agrees: the block may be deliberate"
        ),
        "every client of the proxy can reach this host; a wildcard would allow every tenant's \
         account",
    )
    .undo("remove the rule again")
    .opens()
}

/// A clause about the proxy, with its URL where that fits the first line.
pub(super) fn clause(url: &str, message: impl Display) -> Clause {
    headline::fitting(&[format!("the proxy {url} {message}"), format!("the proxy {message}")])
}

/// Which variable or option sets the proxy.
pub(in crate::diagnose) fn configured_by(e: &Evidence) -> String {
    use crate::evidence::vantage::ProxyReason as Reason;
    match &e.vantage.proxy.reason {
        Reason::Variable { name } => format!("set by {name}"),
        Reason::OptionUrl => "set by --proxy".to_owned(),
        Reason::System => "set by the system's proxy settings".to_owned(),
        Reason::Script => "given by the script of the system's proxy settings".to_owned(),
        Reason::NotConfigured
        | Reason::NotHttp
        | Reason::OptionNone
        | Reason::Exempted { .. }
        | Reason::SystemExempted { .. }
        | Reason::ScriptDirect => "applied to this target".to_owned(),
    }
}
