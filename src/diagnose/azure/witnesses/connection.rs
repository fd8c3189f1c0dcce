//! A private endpoint connection that is not approved (fact C21).

use std::net::IpAddr;

use super::commands;
use crate::diagnose::azure::{Proof, Ruling};
use crate::diagnose::headline::Clause;
use crate::diagnose::view::azure::AzureView;
use crate::diagnose::view::azure::owner::EndpointAddress;
use crate::diagnosis::Step;
use crate::evidence::azure::ConnectionStatus;

/// The word for a status.
pub(super) fn word(status: &ConnectionStatus) -> &str {
    match status {
        ConnectionStatus::Approved => "Approved",
        ConnectionStatus::Pending => "Pending",
        ConnectionStatus::Rejected => "Rejected",
        ConnectionStatus::Disconnected => "Disconnected",
        ConnectionStatus::Other(other) => other,
    }
}

/// The connection of the endpoint that has the address, if it is not approved.
pub(super) fn ruling(
    azure: &AzureView<'_>,
    endpoint: &EndpointAddress<'_>,
    ip: IpAddr,
) -> Option<Ruling> {
    let connection = endpoint.connection?;
    if connection.status == ConnectionStatus::Approved {
        return None;
    }
    let (state, name) = (word(&connection.status), endpoint.id.name());
    let mut proof = Proof::default()
        .instead()
        .headline(
            Clause::from(format!("the connection of {name} ({ip}) is {state}, not Approved"))
                .or(format!("the connection of {ip} is {state}, not Approved"))
                .or(format!("the endpoint's connection is {state}")),
        )
        .fact(format!("the connection {}: {state}", connection.id.name()))
        .reasoning(format!(
            "{ip} is the address of the private endpoint {name}, and the account shows its \
             connection as {state}: only an Approved one carries calls"
        ))
        .cites("/estate/connections")
        .cites("/estate/interfaces")
        .owner("Azure platform")
        .step(
            Step::inspect("see who requests the connection, and what its owner wrote")
                .command(commands::connection(&connection.id)),
        );
    if let Some(description) = connection.description.as_deref().filter(|text| !text.is_empty()) {
        proof = proof.fact(format!("its owner wrote: \"{description}\""));
    }
    let proof = match connection.status {
        ConnectionStatus::Disconnected => proof
            .reasoning("a Disconnected connection never comes back: the endpoint must be made anew")
            .step(
                Step::shared(
                    format!(
                        "have {name} created again, and its connection approved (Terraform: \
                         azurerm_private_endpoint)"
                    ),
                    "the endpoint may get another address: its DNS zone group writes it, records \
                     made by hand do not follow",
                )
                .undo("there is none: the old endpoint carries nothing"),
            ),
        _ => proof.step(
            Step::shared(
                "approve the connection, if its endpoint is yours (Terraform: \
                 azurerm_private_endpoint)",
                "the whole network of that endpoint, and networks peered with it, get a private \
                 path to the account",
            )
            .command(format!(
                "{} --description approved",
                commands::decide_connection("approve", &connection.id)
            ))
            .undo(commands::decide_connection("reject", &connection.id)),
        ),
    };
    // Elsewhere an endpoint that is not visible may have the same address, unless all were read.
    let proved = azure.estate().connections.proved().is_some()
        && (azure.owner_is_certain(ip) || azure.knows_every_address());
    Some(if proved { Ruling::Proves(proof) } else { Ruling::Suggests(proof) })
}
