//! One profile a service of Azure: names, audiences, requests, how `az` names its resources.
//! What is known of one service is in its profile and nowhere else.
//!
//! Source of suffixes and zones: Microsoft Learn, "Azure Private Endpoint private DNS zone
//! values" (facts D2, D20, D21, the tables of zones in `docs/facts.md`).

mod app_configuration;
pub mod azure_ai;
mod azure_ai_apis;
mod container_registry;
mod cosmos;
mod endpoint;
mod find;
mod gateways;
mod key_vault;
mod monitor;
mod opening;
mod profile;
pub mod purpose;
pub mod refusal;
pub mod request;
pub mod resource;
mod search;
mod service_bus;
mod storage;
mod tls_only;

pub use endpoint::Endpoint;
use endpoint::{NAME, china, public, usgov};
pub use find::{Match, by_id, find, find_privatelink, other_names};
use opening::POSTGRESQL;
pub use opening::{Opening, TlsRequest};
use profile::HTTPS;
pub use profile::{Gateway, Keys, Kind, Order, OtherPort, Role, Roles, Service, Signature};
pub use refusal::Refusal;
pub use request::Request;
use resource::{NETWORK_RULE, NETWORKS};
pub use resource::{Resource, Rules};

/// The families, one file each.
const FAMILIES: &[&[Service]] = &[
    azure_ai::SERVICES,
    azure_ai_apis::SERVICES,
    key_vault::SERVICES,
    search::SERVICES,
    storage::SERVICES,
    cosmos::SERVICES,
    app_configuration::SERVICES,
    container_registry::SERVICES,
    service_bus::SERVICES,
    gateways::SERVICES,
    monitor::SERVICES,
    tls_only::SERVICES,
];

/// Every service.
pub fn all() -> impl Iterator<Item = &'static Service> {
    FAMILIES.iter().copied().flatten()
}

/// Whether clients of a service connect to a port, other than that of HTTPS.
#[must_use]
pub fn has_port(port: u16) -> bool {
    let of_service = |service: &Service| {
        service.port == port || service.other_ports.iter().any(|other| other.port == port)
    };
    port > HTTPS && all().any(of_service)
}

/// The keys that a call to a service may carry. Where none is known or no call is made, they are those
/// of an account, which then stay here.
#[must_use]
pub fn keys_of(service: Option<&Service>) -> Option<&'static Keys> {
    match service {
        Some(service) if service.has_call() => service.keys,
        _ => Some(azure_ai::KEYS),
    }
}

/// Every service's keys, each once.
pub fn all_keys() -> impl Iterator<Item = &'static Keys> {
    let before = |at: usize| all().take(at).filter_map(|service| service.keys);
    all().enumerate().filter_map(move |(at, service)| {
        service.keys.filter(|keys| !before(at).any(|one| one == *keys))
    })
}
