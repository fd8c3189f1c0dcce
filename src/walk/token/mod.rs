//! Token requests: each is a walk of its own to Entra ID, or a connection to a metadata endpoint,
//! and its hops are evidence of the identity hop.

mod acquire;
mod evidence;
mod refusal;
mod send;
mod shown;

pub(super) use acquire::{acquired, at_hand, finished};
pub(super) use evidence::cost;
