//! An Azure in miniature on loopback: resolvers, servers and a proxy of our own, and the
//! `World` and command line that lead the real walk to them. Needs no root and no network.

pub mod answers;
pub mod azure;
pub mod certificates;
mod command_line;
pub mod dns;
pub mod http;
pub mod outside;
pub mod port;
pub mod proxy;
pub mod server;
pub mod services;
mod started;
pub mod tap;
pub mod views;
pub mod world;

use std::sync::Arc;

use tokio::sync::oneshot;

use started::Started;
use tap::Received;
use world::World;

/// The lab's clock, 2026-06-01T12:00:00Z: seconds since 1970.
pub const NOW: i64 = 1_780_315_200;
/// What every planted secret contains, and nothing else does.
pub const CANARY: &str = "canary-";
/// The planted API key.
pub const KEY: &str = "canary-key-7d41b6f0c2a94be1";

/// An API key that the service refuses.
pub const WRONG_KEY: &str = "canary-of-another-account-0b9d";

/// A lab that runs until it is dropped.
pub struct Lab {
    /// What the servers received.
    pub received: Received,
    /// What Resource Manager and the login host received.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub azure_received: Received,
    /// Resource Manager, where the world has Azure.
    #[allow(dead_code, reason = "not every binary with the lab looks at it")]
    pub azure: Option<Arc<azure::Mock>>,
    world: Arc<World>,
    started: Started,
    ca_file: tempfile::NamedTempFile,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
