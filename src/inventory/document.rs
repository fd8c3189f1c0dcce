//! The inventory's TOML document, key by key. Pure data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Values for targets that do not set their own.
    pub defaults: Settings,
    /// The targets.
    #[schemars(with = "Vec<Settings>")]
    pub target: Vec<Spanned<Settings>>,
    /// How `watch` confirms and reports.
    pub watch: Watch,
    /// How `serve` listens.
    pub serve: Serve,
}

/// Text with its place in the file.
type Text = Option<Spanned<String>>;

/// One `[[target]]`, or `[defaults]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Account name, host name or endpoint URL.
    #[schemars(with = "Option<String>")]
    pub target: Text,
    /// The name in outputs; by default the host.
    #[schemars(with = "Option<String>")]
    pub name: Text,
    /// Muted until this time (RFC 3339): walked and recorded, but not reported.
    #[schemars(with = "Option<String>")]
    pub until: Option<Spanned<When>>,
    /// As `--service`.
    #[schemars(with = "Option<String>")]
    pub service: Text,
    /// As `--backend`: the host behind this gateway, which every walk checks as well.
    #[schemars(with = "Option<String>")]
    pub backend: Text,
    /// As `--expect`.
    #[schemars(with = "Option<String>")]
    pub expect: Text,
    /// As `--resolver`, in order.
    #[schemars(with = "Option<Vec<String>>")]
    pub resolvers: Option<Vec<Spanned<String>>>,
    /// As `--connect-to`.
    #[schemars(with = "Option<Vec<String>>")]
    pub connect_to: Option<Vec<Spanned<String>>>,
    /// As `--credential`.
    #[schemars(with = "Option<String>")]
    pub credential: Text,
    /// File of an API key.
    #[schemars(with = "Option<String>")]
    pub api_key_file: Text,
    /// Environment variable of an API key, instead of `AZURE_OPENAI_API_KEY`.
    #[schemars(with = "Option<String>")]
    pub api_key_variable: Text,
    /// File of an Entra token.
    #[schemars(with = "Option<String>")]
    pub token_file: Text,
    /// File of an assertion for Entra ID.
    #[schemars(with = "Option<String>")]
    pub assertion_file: Text,
    /// A user-assigned managed identity.
    #[schemars(with = "Option<String>")]
    pub identity: Text,
    /// Deployment to prove.
    #[schemars(with = "Option<String>")]
    pub deployment: Text,
    /// The dated api-version of the calls.
    #[schemars(with = "Option<String>")]
    pub api_version: Text,
    /// As `--proxy`.
    #[schemars(with = "Option<String>")]
    pub proxy: Text,
    /// As `--direct`.
    pub direct: Option<bool>,
    /// `public` or `system`.
    #[schemars(with = "Option<String>")]
    pub trust: Text,
    /// File of further roots, in PEM.
    #[schemars(with = "Option<String>")]
    pub ca_file: Text,
    /// Whether counter-experiments are made.
    pub experiments: Option<bool>,
    /// Deadline of one hop.
    #[schemars(with = "Option<Time>")]
    pub timeout: Option<Spanned<Time>>,
    /// Deadline of a walk.
    #[schemars(with = "Option<Time>")]
    pub deadline: Option<Spanned<Time>>,
    /// Whether Azure Resource Manager is asked as well, read-only: by `check` each time, by `watch`
    /// and `serve` about a fault.
    pub azure: Option<bool>,
    /// Time between the questions of `watch` and `serve`, an hour at least.
    #[schemars(with = "Option<Time>")]
    pub azure_interval: Option<Spanned<Time>>,
    /// Time between walks in `watch`.
    #[schemars(with = "Option<Time>")]
    pub interval: Option<Spanned<Time>>,
    /// At risk when the certificate expires in fewer days.
    #[schemars(with = "Option<u32>")]
    pub certificate_days: Option<Spanned<u32>>,
    /// At risk when a hop takes longer.
    pub slow: Option<Slow>,
    /// Labels in outputs, merged with those of the defaults.
    #[schemars(with = "BTreeMap<String, String>")]
    pub labels: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// A moment: a TOML date-time or its text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum When {
    /// TOML's own form.
    Toml(toml::value::Datetime),
    /// RFC 3339 text.
    Text(String),
}

/// A time: text with a unit such as `"5s"`, `"200ms"`, `"2m"`, or a number of seconds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Time {
    /// With a unit.
    Text(String),
    /// Whole seconds.
    Seconds(u32),
    /// Seconds.
    Fraction(f64),
}

/// Limits of the hops' times.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Slow {
    /// From the question to the first usable answer.
    #[schemars(with = "Option<Time>")]
    pub dns: Option<Spanned<Time>>,
    /// The connection.
    #[schemars(with = "Option<Time>")]
    pub tcp: Option<Spanned<Time>>,
    /// The handshake.
    #[schemars(with = "Option<Time>")]
    pub tls: Option<Spanned<Time>>,
    /// The call.
    #[schemars(with = "Option<Time>")]
    pub http: Option<Spanned<Time>>,
}

/// `[watch]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Watch {
    /// When a bad state is confirmed.
    pub confirm: Confirm,
    /// Good walks in a row that end an incident.
    #[schemars(with = "Option<u32>")]
    pub good_again: Option<Spanned<u32>>,
    /// When a target counts as unstable.
    pub unstable: Unstable,
    /// What is written or called while the watch itself works.
    pub heartbeat: Heartbeat,
    /// The webhook for notifications.
    pub webhook: Option<Webhook>,
    /// Where walks and incidents are kept.
    pub history: History,
}

/// `[watch] confirm`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Confirm {
    /// Number of last walks that are considered.
    #[schemars(with = "Option<u32>")]
    pub walks: Option<Spanned<u32>>,
    /// Bad walks among them that confirm a bad state.
    #[schemars(with = "Option<u32>")]
    pub bad: Option<Spanned<u32>>,
    /// Or the time over which two or more walks in a row are bad.
    #[schemars(with = "Option<Time>")]
    pub within: Option<Spanned<Time>>,
}

/// `[watch] unstable`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Unstable {
    /// Changes of state,
    #[schemars(with = "Option<u32>")]
    pub changes: Option<Spanned<u32>>,
    /// within this time.
    #[schemars(with = "Option<Time>")]
    pub within: Option<Spanned<Time>>,
}

/// `[watch] heartbeat`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Heartbeat {
    /// A file in the textfile collector's format, with the time of the last heartbeat.
    pub file: Option<String>,
    /// File that contains the URL to call at each heartbeat, which is a secret.
    pub url_file: Option<String>,
    /// Environment variable that contains that URL.
    pub url_variable: Option<String>,
    /// Time between heartbeats.
    #[schemars(with = "Option<Time>")]
    pub every: Option<Spanned<Time>>,
}

/// `[watch] webhook`: its URL is a secret, so only its place is given here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webhook {
    /// File that contains the URL.
    pub url_file: Option<String>,
    /// Environment variable that contains the URL.
    pub url_variable: Option<String>,
    /// `generic`, `slack` or `teams`.
    #[schemars(with = "Option<String>")]
    pub shape: Text,
    /// Deadline of one attempt.
    #[schemars(with = "Option<Time>")]
    pub timeout: Option<Spanned<Time>>,
}

/// `[watch.history]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct History {
    /// The SQLite file.
    pub file: Option<String>,
    /// Days for which walks are kept.
    #[schemars(with = "Option<u32>")]
    pub keep_days: Option<Spanned<u32>>,
    /// Size of the file, at most, in megabytes.
    #[schemars(with = "Option<u32>")]
    pub keep_megabytes: Option<Spanned<u32>>,
}

/// `[serve]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Serve {
    /// Address and port to listen on.
    #[schemars(with = "Option<String>")]
    pub listen: Text,
    /// Walks at the same time.
    #[schemars(with = "Option<u32>")]
    pub concurrency: Option<Spanned<u32>>,
    /// Probes that may be queued.
    #[schemars(with = "Option<u32>")]
    pub queue: Option<Spanned<u32>>,
    /// Allowed names, in addition to its addresses and localhost.
    #[schemars(with = "Option<Vec<String>>")]
    pub hosts: Option<Spanned<Vec<String>>>,
    /// A target that has not been scraped for this time is walked for the pages: by default 5m; off:
    /// never.
    #[schemars(with = "Option<Time>")]
    pub refresh: Option<Spanned<Time>>,
}
