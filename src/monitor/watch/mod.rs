//! `watch`: every target at its interval, for as long as the process runs.

mod event_loop;
mod heartbeat;
pub mod log;
mod maintenance;
mod notifier;
mod schedule;
mod target;
mod validate;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use self::event_loop::Watch;
use self::log::Level;
use super::signals::Signals;
use super::walker::Walker;
use super::webhook::Webhook;
use crate::inventory::Inventory;

/// What a watch needs.
pub struct Setup {
    /// The inventory.
    pub inventory: Inventory,
    /// The webhooks.
    pub webhooks: Webhooks,
    /// Reads the inventory again, with the files that it names.
    pub reload: Reload,
    /// The file of the history.
    pub history: Option<PathBuf>,
    /// Whether the command line names it, which has precedence over the inventory.
    pub history_given: bool,
    /// Makes a new walker, which has read nothing yet.
    pub walker: Arc<dyn Fn() -> Walker + Send + Sync>,
    /// The wall clock.
    pub clock: Box<dyn Fn() -> SystemTime>,
    /// This machine's name.
    pub host: String,
    /// Walks at the same time.
    pub concurrency: usize,
}

/// Reads the inventory again.
pub type Reload = Arc<dyn Fn() -> Read + Send + Sync>;

/// An inventory with its webhooks, or why they cannot be used.
pub type Read = Result<(Inventory, Webhooks), String>;

/// The webhooks that are called.
#[derive(Debug, Default)]
pub struct Webhooks {
    /// For notifications.
    pub notifications: Option<Webhook>,
    /// For the heartbeat, as long as the watch itself works.
    pub heartbeat: Option<Webhook>,
}

/// Watches until a signal ends it; lines are passed to `say`.
///
/// # Errors
///
/// It cannot start: the history's file belongs to another program.
pub async fn watch(setup: Setup, say: &dyn Fn(&str, Level)) -> Result<(), String> {
    let signals = Signals::new().map_err(|e| format!("signals: {}", crate::wire::words(&e)))?;
    let watch = Watch::start(setup, say)?;
    tokio::task::LocalSet::new().run_until(watch.run(signals)).await;
    Ok(())
}
