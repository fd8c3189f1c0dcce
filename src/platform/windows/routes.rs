//! Interfaces, routes and listening ports.

use std::net::IpAddr;

use crate::platform::{NetworkInterface, RouteTowards};

/// Their names alone.
#[must_use]
pub fn interfaces() -> Vec<NetworkInterface> {
    let mut names: Vec<String> =
        if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|i| i.name).collect();
    names.dedup();
    names.into_iter().map(|name| NetworkInterface { name, kind: None }).collect()
}

/// Not known.
#[must_use]
pub fn default_gateways() -> Vec<IpAddr> {
    Vec::new()
}

/// Not known.
#[must_use]
pub fn listening_ports() -> Vec<u16> {
    Vec::new()
}

/// Not known.
#[must_use]
pub fn routes(addresses: &[IpAddr]) -> Vec<Option<RouteTowards>> {
    addresses.iter().map(|_| None).collect()
}

/// Not known.
#[must_use]
pub fn tunnels_down() -> Vec<String> {
    Vec::new()
}
