//! What is asked of Azure Resource Manager, in which order, and what its answers say.
//!
//! It only reads ([`allowed`] is the whole list), opens no connection ([`reader::Send`] is the
//! caller's) and judges nothing: what comes out is evidence. Not visible is never absent
//! (facts C2, C4).

pub mod allowed;
mod collect;
mod errors;
pub mod graph;
pub mod reader;
mod resources;

pub use collect::{Scope, collect};
pub use reader::{Reader, Reply};
