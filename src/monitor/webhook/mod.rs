//! Webhooks: the client that calls them, and the bodies that they receive.

pub mod body;
mod client;

pub use client::{Delivery, MAX_WAITING, Outcome, Webhook};
