//! Whether the account has a private endpoint at all.

use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::reading;
use crate::diagnose::view::View;
use crate::diagnose::view::azure::AzureView;
use crate::evidence::Expect;
use crate::evidence::azure::{Connection, ConnectionStatus};

use super::{missing, named, open};

/// Whether there is one. An approved one makes it a fault of DNS, which is another finding.
pub(super) fn no_private_endpoint(e: &View<'_>, azure: &AzureView<'_>) -> Option<Ruling> {
    let estate = azure.estate();
    let Some(all) = estate.connections.proved() else {
        let account = estate.account.known().map(|account| account.id.to_string());
        let over = account.unwrap_or_else(|| format!("the account of {}", e.dns.name));
        let right = "Microsoft.CognitiveServices/accounts/privateEndpointConnections/read";
        return open([missing(&estate.connections, right, &over).or_else(|| {
            missing(&estate.account, "Microsoft.CognitiveServices/accounts/read", &over)
        })]);
    };
    if all.iter().any(|one| one.status == ConnectionStatus::Approved) {
        return None;
    }
    let account = estate
        .account
        .known()
        .map_or_else(|| reading::account(e).to_owned(), |account| account.id.name().to_owned());
    let wanted = matches!(e.options.expect, Expect::Private | Expect::Cidr { .. });
    let behind = if wanted { ", and --expect private was given" } else { "" };
    let proof = Proof::default()
        .cites("/estate/connections")
        .ruled_out("a resolver that hides the alias of a private endpoint");
    let proof = if all.is_empty() {
        proof
            .headline(
                Clause::from(format!("{account} has no private endpoint{behind}"))
                    .or("the account has no private endpoint"),
            )
            .fact("the account has no private endpoint connection")
            .reasoning("the whole list of the account's private endpoint connections is empty")
    } else {
        let states: Vec<String> = all.iter().map(connection).collect();
        proof
            .headline(
                Clause::from(format!("{account} has no approved private endpoint{behind}"))
                    .or("the account has no approved private endpoint"),
            )
            .fact(format!("private endpoint connections of the account: {}", states.join("; ")))
            .reasoning(
                "Azure shows the alias of a private endpoint only once a connection is approved",
            )
    };
    Some(Ruling::Proves(proof))
}

fn connection(one: &Connection) -> String {
    let status = match &one.status {
        ConnectionStatus::Approved => "Approved",
        ConnectionStatus::Pending => "Pending",
        ConnectionStatus::Rejected => "Rejected",
        ConnectionStatus::Disconnected => "Disconnected",
        ConnectionStatus::Other(other) => other,
    };
    let endpoint = one.endpoint.as_ref().map_or_else(|| one.id.name().to_owned(), named);
    format!("{endpoint}: {status}")
}
