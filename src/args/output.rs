//! Options of the output.

use clap::{Args, ValueEnum};

use super::values::destination;

/// Options of the reports that a command writes.
#[derive(Debug, Clone, Args)]
pub struct OutputOptions {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// With --format markdown: write the ticket for this team; by default for the team that owns
    /// the cause
    #[arg(long = "for", value_enum, value_name = "TEAM")]
    pub team: Option<TeamArgument>,
    /// Replace names, addresses and ids, for a report that leaves the company; the verdict stays
    #[arg(long)]
    pub anonymise: bool,
    /// Also write a zip archive for support: the report in several forms, version, platform,
    /// options and variables, never a secret
    #[arg(long, value_name = "FILE.zip", value_parser = destination)]
    pub bundle: Option<String>,
    /// Exit status if a hop is broken: 2, or the number of the hop (10 dns ... 60 http)
    #[arg(long, value_enum, default_value_t = ExitStyleArgument::State)]
    pub exit_style: ExitStyleArgument,
    /// Where it goes
    #[command(flatten)]
    pub writing: Writing,
}

/// Where the result of any command goes, and how much of it.
#[derive(Debug, Clone, Args)]
pub struct Writing {
    /// Write the report to this file, replacing it atomically
    #[arg(long, short = 'o', value_name = "FILE", value_parser = destination)]
    pub output: Option<String>,
    /// Show all evidence
    #[arg(long, short = 'v', conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show only the verdict
    #[arg(long, short = 'q')]
    pub quiet: bool,
    /// Colour: auto depends on the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// The form of a result that is not a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    Human,
    /// For programs
    Json,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For people: one page with the path drawn, the fix and all evidence
    Html,
    /// For programs: one object, or an array for several targets
    Json,
    /// For programs: one object per line
    JsonLines,
    /// For Nagios, Icinga and Naemon: as a plugin, with perfdata
    Nagios,
    /// For Prometheus's textfile collector
    Prometheus,
    /// For CI servers that read JUnit's XML
    Junit,
    /// For GitHub Actions: annotations, and the step's summary
    Github,
    /// For the team that owns the fix: a ticket
    Markdown,
    /// For spreadsheets: a row for each hop of each target
    Csv,
}

/// `--for`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TeamArgument {
    /// Resolvers, forwarders, private DNS zones
    Dns,
    /// Routes, NSGs, firewalls, proxies, VPN and ExpressRoute
    Network,
    /// TLS inspection, policy, corporate roots
    Security,
    /// Entra ID, roles
    Identity,
    /// The calling application and its settings
    Application,
    /// The Azure resources: account, private endpoint
    Azure,
    /// The administrators of the machine that ran the check
    Server,
}

impl TeamArgument {
    /// Its name as the owner of a fix (`diagnosis::TEAMS`).
    #[must_use]
    pub const fn team(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Network => "Network",
            Self::Security => "Security",
            Self::Identity => "Identity",
            Self::Application => "Application",
            Self::Azure => "Azure platform",
            Self::Server => "Server",
        }
    }
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--exit-style`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExitStyleArgument {
    /// 2 for every broken hop
    State,
    /// A number for each hop
    Hop,
}
