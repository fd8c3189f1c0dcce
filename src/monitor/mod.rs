//! Walks that are made again and again: a round over an inventory, `watch`, `serve`.
//!
//! The walk is the same as by hand. Nothing here judges a path; what is kept from walk to
//! walk is said where it is kept.

pub mod round;
pub mod serve;
pub mod walker;
