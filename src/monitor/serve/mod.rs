//! `serve`: an exporter for Prometheus that walks when it is scraped, and pages for people.
//!
//! One thread handles the connections; walks run on threads of their own, one for each processor.
//! A handler asks the scheduler for a walk and waits for its result, so that a walk never waits
//! for a client, and a client that goes away holds no walk.

mod hosts;
mod listen;
mod metrics;
mod page;
mod recent_walks;
mod refresh;
mod routes;
mod scheduler;
mod server;
mod stream;
mod targets;
mod walkers;

pub use listen::bind;
pub use server::Server;
pub use walkers::WorldReader;
