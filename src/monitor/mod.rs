//! Repeated walks: a round over an inventory, `watch`, `serve`.
//!
//! A walk is the same as by hand. Nothing here judges a path; what is kept between walks is
//! documented where it is kept. [`state`] is pure: observations in, events out.

mod azure;
pub mod changed;
pub mod confirm;
pub mod event;
pub mod group;
pub mod history;
pub mod observation;
mod reload;
pub mod round;
pub mod serve;
pub mod settings;
pub mod signals;
pub mod state;
pub mod systemd;
pub mod walker;
pub mod watch;
pub mod webhook;
