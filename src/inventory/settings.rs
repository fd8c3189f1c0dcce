//! Settings of `watch` and `serve`, and the only place of their defaults. A test compares the docs,
//! `--help` and the package's files with them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Time between walks of a target.
pub const INTERVAL: Duration = Duration::from_secs(60);
/// Time between questions to Azure Resource Manager about a target, and the least there is.
pub const AZURE_INTERVAL: Duration = Duration::from_secs(3600);
/// Days before its end at which a certificate is reported, in descending order.
pub const CERTIFICATE_DAYS: [i64; 3] = [30, 14, 7];

/// `[watch]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchSettings {
    /// Number of last walks that are considered.
    pub walks: u32,
    /// Bad walks among them that confirm a bad state.
    pub bad: u32,
    /// Or the time over which two or more walks in a row are bad.
    pub within: Duration,
    /// Good walks in a row that end an incident.
    pub good_again: u32,
    /// Changes of state that make a target unstable,
    pub unstable_changes: u32,
    /// within this time.
    pub unstable_within: Duration,
    /// The file of the heartbeat.
    pub heartbeat_file: Option<String>,
    /// The place of the URL that is called at each heartbeat.
    pub heartbeat_url: Option<WebhookPlace>,
    /// Time between heartbeats.
    pub heartbeat_every: Duration,
    /// The webhook for notifications.
    pub webhook: Option<WebhookSettings>,
    /// The history's file.
    pub history_file: Option<String>,
    /// How long walks are kept.
    pub keep: Duration,
    /// Size of the file, at most, in bytes.
    pub keep_bytes: u64,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            walks: 5,
            bad: 3,
            within: Duration::from_secs(120),
            good_again: 2,
            unstable_changes: 6,
            unstable_within: Duration::from_secs(3600),
            heartbeat_file: None,
            heartbeat_url: None,
            heartbeat_every: Duration::from_secs(60),
            webhook: None,
            history_file: None,
            keep: Duration::from_secs(90 * 24 * 3600),
            keep_bytes: 256 << 20,
        }
    }
}

/// `[watch.webhook]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// The place of its URL.
    pub url: WebhookPlace,
    /// The form of its body.
    pub shape: WebhookShape,
    /// Deadline of one attempt.
    pub timeout: Duration,
}

/// The place of a secret URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookPlace {
    /// In this file.
    File(String),
    /// In this environment variable.
    Variable(String),
}

/// The form of a webhook's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebhookShape {
    /// The event as JSON.
    #[default]
    Generic,
    /// For Slack's incoming webhooks.
    Slack,
    /// For Teams's workflows: an adaptive card.
    Teams,
}

/// `[serve]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Walks at the same time.
    pub concurrency: usize,
    /// Probes that may be queued.
    pub queue: usize,
    /// Allowed names, in addition to its addresses and localhost. Without any, a server beyond loopback
    /// allows every name.
    pub hosts: Vec<String>,
    /// A target that has not been scraped for this time is walked for the pages; none: never.
    pub refresh: Option<Duration>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9715),
            concurrency: 64,
            queue: 1024,
            hosts: Vec::new(),
            refresh: Some(Duration::from_secs(300)),
        }
    }
}
