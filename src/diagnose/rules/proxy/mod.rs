//! Rules whose cause lies at the proxy hop: its name, its connection, its answer to
//! CONNECT, and what it does with a target that is private from here.

mod address_dead;
mod answers;
mod before_private_endpoint;
mod clients_without;
mod connect;
pub(in crate::diagnose) mod connections;
pub(in crate::diagnose::rules) mod exempt;
mod exempted;
mod kind_not_walked;
mod name_unresolved;
mod no_proxy_dialect;
mod not_walked;
mod readers;
pub(in crate::diagnose) mod refusals;
mod resolves_publicly;
mod url_unreadable;

pub(super) use connections::put_by;

use super::slow;
use crate::diagnose::Rule;
use crate::diagnosis::Step;

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
    connect::NO_ANSWER,
    resolves_publicly::RULE,
    kind_not_walked::RULE,
    before_private_endpoint::RULE,
    no_proxy_dialect::RULE,
    not_walked::RULE,
    exempted::RULE,
    clients_without::RULE,
    url_unreadable::RULE,
    address_dead::RULE,
    slow::PROXY,
];

/// The step that lets the proxy open tunnels to one host.
fn opening(host: &str, port: u16) -> Step {
    Step::shared(
        format!(
            "let CONNECT {host}:{port} through at the proxy, for this one host, once the owner of \
             its rules agrees: the block may be deliberate"
        ),
        "every client of the proxy can reach this host; a wildcard would open every tenant's account",
    )
    .undo("remove the rule again")
    .opens()
}
