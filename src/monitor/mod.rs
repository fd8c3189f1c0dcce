//! Repeated walks: what they mean together, kept, and told.
//!
//! [`state`] is pure: observations in, events out. [`history`] keeps walks and incidents in a
//! file.

pub mod confirm;
pub mod event;
pub mod group;
pub mod history;
pub mod observation;
pub mod settings;
pub mod state;
