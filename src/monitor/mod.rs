//! Walks that are made again and again: a round over an inventory, `watch`, `serve`.
//!
//! The walk is the same as by hand. Nothing here judges a path; what is kept from walk to
//! walk is said where it is kept. [`state`] is pure: observations in, events out.

pub mod confirm;
pub mod event;
pub mod group;
pub mod history;
pub mod observation;
mod reading;
pub mod round;
pub mod serve;
pub mod settings;
pub mod signals;
pub mod state;
pub mod systemd;
pub mod walker;
pub mod watch;
pub mod webhook;
