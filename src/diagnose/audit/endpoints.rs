//! Private endpoints: their connections at the account, their addresses, and who writes their
//! records.

use super::open;
use crate::audit::AuditCheck;
use crate::diagnose::again::word;
use crate::diagnose::view::azure::AzureView;
use crate::diagnosis::{State, Step};
use crate::evidence::azure::{Answer, Connection, ConnectionStatus, PrivateEndpoint};

/// The connections of the account, in every state.
pub(super) fn connections(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let Some(account) = view.account.known() else { return Vec::new() };
    let Some(all) = view.connections.proved() else {
        let says = open(&view.connections, "private endpoint connection");
        return vec![AuditCheck::new("connections", State::CannotTell, says)];
    };
    if all.is_empty() {
        let closed = account.public_network_access.as_deref() == Some("Disabled");
        let (state, says) = match closed {
            true => (State::Broken, "no private endpoint, and public access is disabled"),
            false => (State::AtRisk, "no private endpoint: every call comes from outside"),
        };
        return vec![AuditCheck::new("connections", state, says)];
    }
    let approved = all.iter().filter(|one| one.status == ConnectionStatus::Approved).count();
    let state = match (approved, all.len()) {
        (0, _) => State::Broken,
        (some, every) if some < every => State::AtRisk,
        _ => State::Works,
    };
    let says = format!("{approved} of {} private endpoint connections approved", all.len());
    let check = AuditCheck::new("connections", state, says);
    let check = all.iter().map(line).fold(check, AuditCheck::fact);
    vec![all.iter().filter(|one| one.status == ConnectionStatus::Pending).fold(check, approve)]
}

fn line(connection: &Connection) -> String {
    let endpoint =
        connection.endpoint.as_ref().map_or("an endpoint that is not named", |id| id.name());
    let status = status_word(&connection.status);
    match connection.description.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => format!("{endpoint}: {status} ({text})"),
        None => format!("{endpoint}: {status}"),
    }
}

fn status_word(status: &ConnectionStatus) -> &str {
    match status {
        ConnectionStatus::Approved => "Approved",
        ConnectionStatus::Pending => "Pending",
        ConnectionStatus::Rejected => "Rejected",
        ConnectionStatus::Disconnected => "Disconnected",
        ConnectionStatus::Other(word) => word,
    }
}

fn approve(check: AuditCheck, connection: &Connection) -> AuditCheck {
    let id = word(connection.id.as_str());
    let show = format!("az network private-endpoint-connection show --id {id}");
    let approve =
        format!("az network private-endpoint-connection approve --id {id} --description ok");
    let reject =
        format!("az network private-endpoint-connection reject --id {id} --description undo");
    check.step(Step::inspect("see whose endpoint waits").command(show)).step(
        Step::shared("approve it", "every client of that endpoint reaches the account")
            .command(approve)
            .undo(reject),
    )
}

/// Each endpoint that is visible: its addresses, and whether something writes its records.
pub(super) fn endpoints(view: &AzureView<'_>) -> Vec<AuditCheck> {
    let all = view.endpoints.items();
    let unseen = view.connections.items().iter().filter(|connection| {
        let id = connection.endpoint.as_ref();
        connection.status == ConnectionStatus::Approved
            && !all.iter().any(|endpoint| Some(&endpoint.id) == id)
    });
    let unseen = unseen.map(|connection| {
        let says = format!(
            "{}: this endpoint is not visible to this caller",
            connection.endpoint.as_ref().map_or("without a name", |id| id.name())
        );
        AuditCheck::new("endpoint", State::CannotTell, says)
    });
    all.iter().map(|endpoint| one(view, endpoint)).chain(unseen).collect()
}

fn one(view: &AzureView<'_>, endpoint: &PrivateEndpoint) -> AuditCheck {
    let name = endpoint.id.name();
    let addresses: Vec<String> = view
        .interfaces
        .items()
        .iter()
        .filter(|interface| endpoint.interfaces.contains(&interface.id))
        .flat_map(|interface| &interface.ip_configurations)
        .map(|ip| match ip.fqdns.as_slice() {
            [] => ip.address.to_string(),
            names => format!("{} for {}", ip.address, names.join(", ")),
        })
        .collect();
    let (state, says) = match (&endpoint.zone_groups, addresses.is_empty()) {
        (_, true) => (State::CannotTell, format!("{name}: its addresses are not visible")),
        (Answer::Read { value }, _) if value.is_empty() => {
            (State::AtRisk, format!("{name}: no DNS zone group, so its records are kept by hand"))
        }
        (Answer::Read { value }, _) => {
            let zones: Vec<&str> = value.iter().map(|zone| zone.zone.name()).collect();
            (State::Works, format!("{name}: its records are written to {}", zones.join(", ")))
        }
        (other, _) => (State::CannotTell, format!("{name}: {}", open(other, "DNS zone group"))),
    };
    let check = AuditCheck::new("endpoint", state, says).fact(endpoint.id.as_str());
    addresses.into_iter().fold(check, AuditCheck::fact)
}
