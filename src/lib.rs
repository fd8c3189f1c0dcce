//! Walks the path of an application's call to Azure OpenAI over Private Link and names
//! the hop that breaks.
//!
//! Data flows one way through the modules of this crate:
//!
//! ```text
//! args -> target -> walk -> evidence -> diagnose -> report -> render -> text; main writes it
//! ```
//!
//! `walk` uses `credential`, `wire`, `world` and `platform`. `evidence` and `diagnosis` are plain
//! data and import no stage. `tests/it/architecture.rs` holds the table of allowed imports.

pub mod anonymise;
pub mod application;
pub mod args;
pub mod audit;
pub mod azure;
pub mod blocking;
pub mod clouds;
pub mod commands;
pub mod compare;
pub mod comparison;
pub mod credential;
pub mod diagnose;
pub mod diagnosis;
pub mod evidence;
pub mod explain;
pub mod files;
pub mod generate;
pub mod inventory;
pub mod monitor;
pub mod panics;
pub mod pasted;
pub mod platform;
pub mod render;
pub mod report;
pub mod run;
pub mod secret;
pub mod services;
pub mod sorting;
pub mod target;
pub mod texts;
pub mod walk;
pub mod wire;
pub mod world;
