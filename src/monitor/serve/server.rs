//! The server: its inventory, its walker threads, reloading and shutdown.

use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::hosts::Hosts;
use super::metrics::ServerMetrics;
use super::recent_walks::RecentWalks;
use super::routes::AppState;
use super::scheduler::Scheduler;
use super::targets::Targets;
use super::walkers::WorldReader;
use super::{listen, refresh, routes, walkers};
use crate::inventory::{Inventory, ServeSettings};
use crate::monitor::reload;
use crate::monitor::signals::Signal;
use crate::monitor::systemd::{self, SystemdState};
use crate::render::text::count;

/// A server whose walker threads are running.
pub struct Server {
    app: Arc<AppState>,
    hosts: Vec<String>,
    refresh: Option<Duration>,
    read_world: WorldReader,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Starts the walker threads; contacts nothing yet.
    ///
    /// # Errors
    ///
    /// A thread cannot be started.
    pub fn start(
        inventory: Inventory,
        settings: &ServeSettings,
        read_world: WorldReader,
    ) -> Result<Self, String> {
        let metrics = Arc::new(ServerMetrics::new().map_err(|e| e.to_string())?);
        let recent = Arc::new(RecentWalks::default());
        let targets = Targets::of(inventory);
        metrics.inventory(targets.entries.len(), unix(read_world().now));
        let targets = Arc::new(RwLock::new(Arc::new(targets)));
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..walkers::count()).map(|_| mpsc::unbounded_channel()).unzip();
        let (concurrency, queue) = (settings.concurrency, settings.queue);
        let scheduler = Arc::new(Scheduler::new(senders, concurrency, queue, Arc::clone(&metrics)));
        let shared = Arc::new(walkers::Shared {
            scheduler: Arc::clone(&scheduler),
            recent: Arc::clone(&recent),
            targets: Arc::clone(&targets),
            metrics: Arc::clone(&metrics),
            read_world: Arc::clone(&read_world),
        });
        for (number, jobs) in receivers.into_iter().enumerate() {
            walkers::start(number, Arc::clone(&shared), jobs)?;
        }
        Ok(Self {
            app: Arc::new(AppState { scheduler, recent, metrics, targets }),
            hosts: settings.hosts.clone(),
            refresh: settings.refresh,
            read_world,
            stop: watch::Sender::new(false),
        })
    }

    /// Answers on `listener` until `signal` asks it to end. Open requests then have a second and
    /// a half to finish.
    ///
    /// `reload` reads the inventory again, on a thread of its own, and returns warnings about
    /// targets that cannot be walked; when it fails, the current inventory stays. `say` reports
    /// to the operator.
    pub async fn run(
        &self,
        listener: TcpListener,
        mut signal: impl AsyncFnMut() -> Signal,
        reload: impl Fn() -> Result<(Inventory, Vec<String>), String> + Clone + Send + 'static,
        say: impl Fn(&str),
    ) {
        let address = listener.local_addr().map_or(Ipv4Addr::LOCALHOST.into(), |at| at.ip());
        let hosts = Hosts::of(address, &self.hosts);
        let router = routes::router(Arc::clone(&self.app), hosts);
        let metrics = Arc::clone(&self.app.metrics);
        let limit = listen::MAX_CONNECTIONS;
        let listening = listen::listen(listener, limit, router, metrics, self.stop.subscribe());
        let signals = async {
            systemd::notify(SystemdState::Ready(&self.status()));
            let mut received = signal().await;
            while received == Signal::Reload {
                systemd::notify(SystemdState::Reloading);
                let mut reading = std::pin::pin!(reload::read_inventory(reload.clone()));
                // A file may not answer for a while: the signal to end still ends the server, and
                // another SIGHUP means another reading.
                let mut again = None;
                let read = loop {
                    tokio::select! {
                        biased;
                        read = &mut reading => break Some(read),
                        next = signal() => match next {
                            Signal::Stop => break None,
                            Signal::Reload => again = Some(next),
                        },
                    }
                };
                let Some(read) = read else { break };
                match read {
                    Ok((inventory, warnings)) => {
                        warnings.iter().for_each(|warning| say(warning));
                        let targets = count(self.replace_inventory(inventory), "target");
                        say(&format!("inventory reloaded: {targets}"));
                    }
                    Err(error) => {
                        self.app.metrics.inventory_refused();
                        say(&format!("{error}\nthe current inventory stays in use"));
                    }
                }
                systemd::notify(SystemdState::Ready(&self.status()));
                received = match again {
                    Some(again) => again,
                    None => signal().await,
                };
            }
            systemd::notify(SystemdState::Stopping);
            self.stop.send_replace(true);
            self.app.scheduler.stop();
        };
        let refreshing = refresh::refresh(&self.app, self.refresh, self.stop.subscribe());
        futures_util::join!(listening, signals, refreshing, watchdog(self.stop.subscribe()));
    }

    /// For `systemctl status`.
    fn status(&self) -> String {
        let targets = self.app.targets.read().unwrap_or_else(PoisonError::into_inner);
        format!("serving {}", count(targets.entries.len() as u64, "target"))
    }

    /// Replaces the inventory; returns its number of targets.
    fn replace_inventory(&self, inventory: Inventory) -> u64 {
        let new = Arc::new(Targets::of(inventory));
        let number = new.entries.len();
        self.app.metrics.inventory(number, unix((self.read_world)().now));
        let mut targets = self.app.targets.write().unwrap_or_else(PoisonError::into_inner);
        let stays = |name: &str| targets.named(name).is_some_and(|entry| new.contains(&entry));
        self.app.recent.retain(stays);
        *targets = new;
        number as u64
    }
}

/// Notifies systemd's watchdog for as long as the thread of the connections makes progress.
async fn watchdog(mut stop: watch::Receiver<bool>) {
    let Some(every) = systemd::watchdog() else { return };
    let mut ticks = tokio::time::interval(every);
    loop {
        tokio::select! {
            _ = ticks.tick() => systemd::notify(SystemdState::Alive),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
