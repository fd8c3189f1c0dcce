//! What this machine is in Azure, by its metadata service (fact C47).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::evidence::azure::ResourceId;
use crate::secret::{Redactor, Secret};
use crate::wire::connect;
use crate::wire::http::{self, SecretRequest};
use crate::wire::session::Releasable;
use crate::world::World;

/// The metadata service's address, the same in every cloud.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// The request; the response has no secret.
const PATH: &str = "/metadata/instance?api-version=2021-02-01";
/// How long each step may take: it is on this machine's host, or nowhere.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of the answer, at most.
const BODY_LIMIT: usize = 256 << 10;

/// The id of this virtual machine; none where this is none of Azure's, or its metadata service does
/// not say. It is asked straight, never through a proxy.
pub async fn this_machine(world: &World) -> Option<ResourceId> {
    if world.azure.answer == Some(false) {
        return None;
    }
    let logical = SocketAddr::new(IpAddr::V4(ADDRESS), 80);
    let to = world.connect_to(&ADDRESS.to_string(), logical);
    let (_, connection) = connect::connect(logical, to, None, Instant::now(), TIMEOUT).await;
    let connection = connection.filter(|connection| !connection.reset)?;
    let released = Releasable::local(connection, &ADDRESS.to_string())?;
    let mut line = http::open_released(released, 80).await.ok()?;
    let request = SecretRequest {
        method: "GET",
        path: PATH,
        headers: &[("metadata".to_owned(), Secret::new("true".to_owned()))],
        body: None,
        body_limit: BODY_LIMIT,
    };
    let (_, response) = line.send_secret(&request, &Redactor::default(), TIMEOUT).await;
    let body = response.filter(|response| response.status == 200)?.body;
    let said: Value = serde_json::from_slice(&body).ok()?;
    ResourceId::parse(said.pointer("/compute/resourceId")?.as_str()?)
}
