//! The path works by an address whose private endpoint Azure shows as not connected to the account: such
//! a change takes minutes to act (facts C18, C21, H115).

use std::net::IpAddr;

use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::owner::Owner;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::azure::{Connection, ConnectionStatus};
use crate::evidence::{Expect, tunnel};

use super::host_kind::host_kind;
use super::refusal_match::walked;

pub(super) const RULE: Rule = rule!(
    "http-endpoint-withdrawn",
    Http,
    "The path works by a private endpoint that Azure shows as not connected",
    Code(check)
)
.short("the path works by an endpoint that Azure shows as not connected");

/// Why Azure contradicts the path.
enum Why<'a> {
    /// The endpoint's connection has another status.
    Status(&'a Connection, &'a str),
    /// The account has no connection that is approved.
    NoConnection,
}

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let azure = e.azure.as_ref()?;
    let account = azure.estate().account.proved()?;
    let answered =
        reading::main_answer(e).is_some_and(|answer| (200..300).contains(&answer.status));
    let by_design = matches!(e.options.expect, Expect::Public | Expect::Closed);
    if !answered || by_design || reading::proxied(e) || host_kind(e).is_gateway() {
        return None;
    }
    // Of several addresses, the one that was called.
    let ip = walked(e).filter(|address| tunnel::is_private(e, *address))?;
    let why = why(azure, ip)?;
    let name = account.id.name();
    let finding = match &why {
        Why::Status(connection, status) => FindingBuilder::new(
            Level::Risk,
            Confidence::Inferred,
            Clause::from(format!("{ip} works, and its endpoint's connection is {status}"))
                .or(format!("the connection of the endpoint is {status}")),
        )
        .fact(format!("the connection {}: {status}", connection.id.name()))
        .step(Step::inspect("see the connection, and what its owner wrote").command(format!(
            "az network private-endpoint-connection show --id {}",
            connection.id.as_str()
        ))),
        Why::NoConnection => FindingBuilder::new(
            Level::Risk,
            Confidence::Possible,
            Clause::from(format!("{ip} works, and {name} has no approved endpoint in Azure"))
                .or("Azure shows no approved private endpoint of the account"),
        )
        .fact(format!("{name} has no private endpoint connection that is Approved"))
        .reasoning(format!("a server of your own at {ip} that passes calls on looks the same"))
        .decide_with(format!(
            "az network private-endpoint-connection list --id {} -o table",
            account.id.as_str()
        )),
    };
    Some(
        finding
            .cites("/azure/estate/connections")
            .fact(format!("the service answers at {ip}"))
            .reasoning(
                "Azure shows what is to be, and such a change takes minutes to act: only an \
                 Approved connection carries calls then",
            )
            .owner("Azure platform")
            .check(reading::again(e)),
    )
}

fn why<'a>(azure: &AzureView<'a>, ip: IpAddr) -> Option<Why<'a>> {
    match azure.owner(ip) {
        Owner::Account(endpoint) => {
            let connection = endpoint.connection?;
            let status = match &connection.status {
                ConnectionStatus::Approved => return None,
                ConnectionStatus::Pending => "Pending",
                ConnectionStatus::Rejected => "Rejected",
                ConnectionStatus::Disconnected => "Disconnected",
                ConnectionStatus::Other(other) => other,
            };
            Some(Why::Status(connection, status))
        }
        // Only the whole list shows that there is none.
        Owner::NotVisible => azure.approved()?.is_empty().then_some(Why::NoConnection),
        _ => None,
    }
}
