//! `serve`: an exporter for Prometheus that walks when it is scraped, and pages for people.
//!
//! One thread holds the connections; walks are made by threads of their own, as many as the
//! machine has processors. A request never holds a walk, and a walk never waits for a client:
//! they meet at the desk.

mod desk;
mod hosts;
mod listen;
mod numbers;
mod page;
mod past;
mod refresh;
mod routes;
mod stream;
mod targets;
mod walkers;

use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::reading;
use super::signals::Signal;
use super::systemd::{self, Tell};
use crate::inventory::{Inventory, ServeSettings};
use crate::render::words::count;

use desk::Desk;
use hosts::Hosts;
pub use listen::bind;
use numbers::Numbers;
use past::Past;
use routes::Served;
use targets::Targets;
pub use walkers::Look;

/// A server whose walkers stand ready.
pub struct Server {
    served: Arc<Served>,
    hosts: Vec<String>,
    refresh: Option<Duration>,
    look: Look,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Starts the walkers; nothing is contacted yet.
    ///
    /// # Errors
    ///
    /// No threads are to be had.
    pub fn start(
        inventory: Inventory,
        settings: &ServeSettings,
        look: Look,
    ) -> Result<Self, String> {
        let numbers = Arc::new(Numbers::new().map_err(|e| e.to_string())?);
        let past = Arc::new(Past::default());
        let targets = Targets::of(inventory);
        numbers.inventory(targets.entries.len(), unix(look().now));
        let targets = Arc::new(RwLock::new(Arc::new(targets)));
        let (senders, receivers): (Vec<_>, Vec<_>) =
            (0..walkers::count()).map(|_| mpsc::unbounded_channel()).unzip();
        let (concurrency, queue) = (settings.concurrency, settings.queue);
        let desk = Arc::new(Desk::new(senders, concurrency, queue, Arc::clone(&numbers)));
        let shared = Arc::new(walkers::Shared {
            desk: Arc::clone(&desk),
            past: Arc::clone(&past),
            targets: Arc::clone(&targets),
            numbers: Arc::clone(&numbers),
            look: Arc::clone(&look),
        });
        for (number, jobs) in receivers.into_iter().enumerate() {
            walkers::start(number, Arc::clone(&shared), jobs)?;
        }
        let served = Arc::new(Served { desk, past, numbers, targets });
        let hosts = settings.hosts.clone();
        let refresh = settings.refresh;
        Ok(Self { served, hosts, refresh, look, stop: watch::Sender::new(false) })
    }

    /// Answers on `listener` until `signal` says to end: what is under way then is finished
    /// within a second and a half, or left. `reload` reads the inventory again, on a thread of
    /// its own, and names what in it cannot be walked; where it fails the old one stays. `say`
    /// tells the operator.
    pub async fn run(
        &self,
        listener: TcpListener,
        mut signal: impl AsyncFnMut() -> Signal,
        reload: impl Fn() -> Result<(Inventory, Vec<String>), String> + Clone + Send + 'static,
        say: impl Fn(&str),
    ) {
        let address = listener.local_addr().map_or(Ipv4Addr::LOCALHOST.into(), |at| at.ip());
        let hosts = Hosts::of(address, &self.hosts);
        let router = routes::router(Arc::clone(&self.served), hosts);
        let numbers = Arc::clone(&self.served.numbers);
        let listening =
            listen::listen(listener, listen::CONNECTIONS, router, numbers, self.stop.subscribe());
        let told = async {
            systemd::tell(Tell::Ready(&self.status()));
            let mut asked = signal().await;
            while asked == Signal::Reload {
                systemd::tell(Tell::Reloading);
                let mut reading = std::pin::pin!(reading::again(reload.clone()));
                // An end is heard while a file does not answer; one more SIGHUP is one more reading.
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
                        let targets = self.take(inventory);
                        say(&format!("the inventory was read again: {}", count(targets, "target")));
                    }
                    Err(says) => {
                        self.served.numbers.inventory_refused();
                        say(&format!("{says}\nthe inventory stays as it was"));
                    }
                }
                systemd::tell(Tell::Ready(&self.status()));
                asked = match again {
                    Some(again) => again,
                    None => signal().await,
                };
            }
            systemd::tell(Tell::Stopping);
            self.stop.send_replace(true);
            self.served.desk.stop();
        };
        let refreshed = refresh::refresh(&self.served, self.refresh, self.stop.subscribe());
        futures_util::join!(listening, told, refreshed, alive(self.stop.subscribe()));
    }

    /// For `systemctl status`.
    fn status(&self) -> String {
        let targets = self.served.targets.read().unwrap_or_else(PoisonError::into_inner);
        format!("serving {}", count(targets.entries.len() as u64, "target"))
    }

    /// Takes another inventory in the place of the one that it has.
    fn take(&self, inventory: Inventory) -> u64 {
        let new = Arc::new(Targets::of(inventory));
        let number = new.entries.len();
        self.served.numbers.inventory(number, unix((self.look)().now));
        let mut targets = self.served.targets.write().unwrap_or_else(PoisonError::into_inner);
        let stays = |name: &str| targets.named(name).is_some_and(|entry| new.have(&entry));
        self.served.past.retain(stays);
        *targets = new;
        number as u64
    }
}

/// Tells systemd that the thread of the connections turns, for as long as it is to.
async fn alive(mut stop: watch::Receiver<bool>) {
    let Some(every) = systemd::watchdog() else { return };
    let mut beat = tokio::time::interval(every);
    loop {
        tokio::select! {
            _ = beat.tick() => systemd::tell(Tell::Alive),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn unix(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
