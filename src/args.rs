//! The command line: parsed and validated. Touches no file, no network, no environment.

mod application;
mod azure;
mod conflicts;
mod output;
mod repeat;
mod values;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::credential::SourceChoice;
use crate::evidence::{Expect, Trust};
use crate::walk::proxy_choice::ProxyOption;
use crate::world::ConnectOverride;

pub use application::{Application, With};
pub use azure::{AzureAudit, AzureOptions, AzureQuestions, AzureWay};
pub use conflicts::{
    contradiction, not_of_an_application, not_over_inventory, output_contradiction,
};
pub use output::{
    Color, ExitStyleArgument, Format, OutputOptions, TeamArgument, TextOrJson, Writing,
};
pub use repeat::given;
pub(crate) use values::{
    api_version, connect_override, credential, deployment, expect, file, named_file, proxy,
    resolver,
};
use values::{interval, seconds, since};

/// Checks the path of an application's call to Azure OpenAI over Private Link and reports which
/// hop is broken, the root cause with its evidence, and who can fix it with which command.
#[derive(Debug, Parser)]
#[command(
    name = "aoai-probe",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit status: 0 works, 1 at risk, 2 a hop is broken, 3 cannot tell, \
                  64 usage, 70 a bug in this tool or no memory,\n130 and 143 ended by a signal: the results so far are written.\n\
                  Keys and tokens come from AZURE_OPENAI_API_KEY, AZURE_OPENAI_AD_TOKEN or a \
                  file, never from the command line."
)]
pub struct Cli {
    /// The command; without one, the targets are checked.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of the check.
    #[command(flatten)]
    pub check: Check,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the targets (the word may be omitted)
    Check(Box<Check>),
    /// Check everything that an application calls: the account under each of its names, the host
    /// that gives its tokens, and other services, side by side
    App(Box<Application>),
    /// Print the page of a finding, or list the findings of a hop, or all; or explain an answer that
    /// an application printed
    Explain(Explain),
    /// Judge saved reports again, offline: JSON, JSON lines, or a page of --format html (- is standard
    /// input)
    Diagnose {
        /// Reports written with --format json, json-lines or html
        #[arg(required = true, value_name = "REPORT.json", value_parser = file)]
        reports: Vec<String>,
        /// Whether and what Resource Manager is asked
        #[command(flatten)]
        azure: AzureOptions,
        /// How it is reached
        #[command(flatten)]
        way: AzureWay,
        /// Output
        #[command(flatten)]
        output: OutputOptions,
    },
    /// Audit one account's private access by Azure Resource Manager alone: endpoints, zones, links,
    /// records, resolvers, public access; no path is walked
    Azure(Box<AzureAudit>),
    /// Compare two saved reports of one account: where they differ, and why (- is standard input)
    Compare {
        /// The first report, best one of a path that works
        #[arg(value_name = "A.json", value_parser = file)]
        a: String,
        /// The second report
        #[arg(value_name = "B.json", value_parser = file)]
        b: String,
        /// Format of the comparison
        #[arg(long, value_enum, default_value_t = TextOrJson::Human)]
        format: TextOrJson,
        /// Replace names, addresses and ids, for a comparison that leaves the company
        #[arg(long)]
        anonymise: bool,
        /// Where it goes
        #[command(flatten)]
        writing: Writing,
    },
    /// Check the targets of an inventory at intervals and report changes
    Watch(Watch),
    /// Serve checks of an inventory's targets to Prometheus, and pages to people
    Serve(Serve),
    /// Show the history of watch: incidents with their causes and evidence
    History(HistoryOptions),
    /// Print the man page, completions, the JSON schema, rules for Prometheus and other files
    Generate {
        /// What to print
        #[command(subcommand)]
        what: Generate,
    },
}

/// Options of `explain`.
#[derive(Debug, Clone, Args)]
pub struct Explain {
    /// Id of a finding, e.g. dns-zone-not-linked, or a hop; by default every finding
    pub finding: Option<String>,
    /// List every finding
    #[arg(long, conflicts_with_all = ["finding", "answer"])]
    pub list: bool,
    /// Explain the error text, answer or lookup (nslookup, dig) in this file (- is standard input): which
    /// service refused which call, or where a name leads, and which setting allows it. Nothing is sent
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with = "finding")]
    pub answer: Option<String>,
    /// With --answer: the service that the application called, where no host in the text shows it;
    /// openai by default
    #[arg(long, value_name = "ID", requires = "answer")]
    pub service: Option<String>,
    /// With --answer: format of the explanation
    #[arg(long, value_enum, default_value_t = TextOrJson::Human, requires = "answer")]
    pub format: TextOrJson,
}

/// Options of `watch`.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// The inventory (TOML): targets, how they are checked, which webhook is notified
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: String,
    /// Send one test notification to the webhook and report whether it was accepted
    #[arg(long)]
    pub test_webhook: bool,
    /// Keep walks and incidents in this SQLite file; by default the inventory's, else history.db in
    /// systemd's state directory
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub history: Option<String>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The inventory (TOML): no other target is ever checked
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: String,
    /// Listen here instead of the inventory's `listen` or 127.0.0.1:9715. Use a proxy in front for
    /// TLS and passwords
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Options of `history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryOptions {
    /// Only this target of the inventory
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The file that watch writes
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub history: Option<String>,
    /// Use the file that this inventory names
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with = "history")]
    pub config: Option<String>,
    /// Only what was open within this time, e.g. 24h
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Duration>,
    /// Print the report of this walk, for diagnose
    #[arg(long, value_name = "WALK", conflicts_with_all = ["name", "since"])]
    pub walk: Option<i64>,
    /// Format of the list
    #[arg(long, value_enum, default_value_t = TextOrJson::Human)]
    pub format: TextOrJson,
}

/// What `generate` prints.
#[derive(Debug, Clone, Subcommand)]
pub enum Generate {
    /// The man page of the program, or of a command, in roff
    Man {
        /// The command
        command: Option<String>,
    },
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The JSON schema of a report
    Schema,
    /// An inventory of what an application calls, as `app` finds it
    Inventory(Box<Application>),
    /// The JSON schema of an inventory, for editors
    InventorySchema,
    /// The index of findings, in Markdown
    Findings,
    /// The table of counter-experiments, in Markdown
    Experiments,
    /// The table of services: their names, calls and what answers prove, in Markdown
    Services,
    /// The reads of Azure Resource Manager and a role that allows them, in Markdown
    AzureReads,
    /// The table of metrics, in Markdown
    Metrics,
    /// Recording and alert rules for Prometheus
    PrometheusRules,
    /// An inventory's targets for Prometheus's file_sd, to be scraped through serve
    PrometheusSd {
        /// The inventory (TOML)
        #[arg(long, value_name = "FILE", value_parser = file)]
        config: String,
    },
    /// A dashboard for Grafana
    GrafanaDashboard,
    /// The names of an inventory's targets, one per line: for completions
    TargetNames {
        /// The inventory (TOML); by default the package's
        #[arg(long, value_name = "FILE", value_parser = file)]
        config: Option<String>,
        /// Only names that start with this
        #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
        prefix: String,
    },
}

/// Options of `check`.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Account name, host name or endpoint URL; by default AZURE_OPENAI_ENDPOINT. With --config,
    /// names of the inventory; by default all of them
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Check the targets of this inventory (TOML), with its settings; options on the command line
    /// override them for this run
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: Option<String>,
    /// Ask this resolver too; the answer of the first one given is used
    #[arg(long = "resolver", value_name = "IP[:PORT]", value_parser = resolver)]
    pub resolvers: Vec<SocketAddr>,
    /// The expected address: auto (the default), private, public, closed, any, or prefixes
    #[arg(long, value_name = "EXPECTATION", value_parser = expect)]
    pub expect: Option<Expect>,
    /// Redirect a connection, like curl's option; DNS is still queried and judged
    #[arg(long = "connect-to", value_name = "HOST:PORT:ADDR:PORT", value_parser = connect_override)]
    pub connect_to: Vec<ConnectOverride>,
    /// The credential: auto (the default), none, or a source such as api-key, client-secret,
    /// workload-identity, managed-identity, azure-cli
    #[arg(long, value_name = "SOURCE", value_parser = credential)]
    pub credential: Option<SourceChoice>,
    /// Read the API key from this file (- is standard input)
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with = "token_file")]
    pub api_key_file: Option<String>,
    /// Read an Entra token from this file (- is standard input)
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub token_file: Option<String>,
    /// Present the assertion in this file to Entra ID (with AZURE_TENANT_ID, AZURE_CLIENT_ID)
    #[arg(long, value_name = "FILE", value_parser = named_file, conflicts_with_all = ["api_key_file", "token_file"])]
    pub assertion_file: Option<String>,
    /// The user-assigned managed identity: its client id, resource id, or object:ID
    #[arg(long, value_name = "ID")]
    pub identity: Option<String>,
    /// The service behind a gateway or an unknown name: openai, ...
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
    /// In addition to a gateway, check the host behind it from here, without a credential, for
    /// comparison
    #[arg(long, value_name = "HOST", conflicts_with_all = ["config", "count"])]
    pub backend: Option<String>,
    /// Also check this deployment, without spending tokens
    #[arg(long, value_name = "NAME", value_parser = deployment)]
    pub deployment: Option<String>,
    /// The dated api-version of the calls
    #[arg(long, value_name = "VERSION", value_parser = api_version)]
    pub api_version: Option<String>,
    /// Trust the certificates in this file, in addition to the roots of --trust
    #[arg(long, value_name = "PEM", value_parser = named_file)]
    pub ca_file: Option<String>,
    /// Which roots decide: the built-in public ones (the default) or the system's
    #[arg(long, value_enum)]
    pub trust: Option<TrustArgument>,
    /// env (the default, like SDKs), none, or the URL of a proxy
    #[arg(long, value_name = "PROXY", value_parser = proxy)]
    pub proxy: Option<ProxyOption>,
    /// In addition to a proxied path, check the direct one even if its address is public
    #[arg(long)]
    pub direct: bool,
    /// Make no experiments, only the plain check
    #[arg(long)]
    pub no_experiments: bool,
    /// If something fails, also trace the path, and try unrelated names in SNI and unallocated
    /// addresses
    #[arg(long, conflicts_with = "no_experiments")]
    pub deep: bool,
    /// Deadline of one hop, in seconds; 5 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Deadline of the whole check, in seconds; 30 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub deadline: Option<Duration>,
    /// Compare each result with this saved report of the same account, below the result
    #[arg(long, value_name = "REPORT.json", value_parser = file, conflicts_with = "count")]
    pub baseline: Option<String>,
    /// Check the target this many times (1 to 1000), and report times, failures and verdicts over
    /// all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), conflicts_with = "bundle")]
    pub count: Option<u32>,
    /// With --count: the time from the start of one check to the start of the next, e.g. 5 or 1min;
    /// 1 s by default
    #[arg(long, value_name = "TIME", value_parser = interval, requires = "count")]
    pub interval: Option<Duration>,
    /// Resource Manager.
    #[command(flatten)]
    pub azure: AzureOptions,
    /// Only list what would be contacted
    #[arg(long, conflicts_with_all = ["anonymise", "bundle", "count", "baseline", "team"])]
    pub plan: bool,
    /// Output.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// `--trust`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TrustArgument {
    /// The built-in public roots
    Public,
    /// The system's own store
    System,
}

impl From<TrustArgument> for Trust {
    fn from(argument: TrustArgument) -> Self {
        match argument {
            TrustArgument::Public => Trust::Public,
            TrustArgument::System => Trust::System,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn each_command_is_known_as_no_account() {
        let command = Cli::command();
        let mut commands: Vec<&str> = command.get_subcommands().map(|c| c.get_name()).collect();
        commands.push("help");
        let mut known = crate::target::COMMANDS.to_vec();
        commands.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, commands);
    }
}
