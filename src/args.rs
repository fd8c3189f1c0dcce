//! What a user may type: parsed and validated. Touches no file, no network, no environment.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::credential::Choice as CredentialChoice;
use crate::evidence::text::{begins_as_url, holds_at_sign, repeatable};
use crate::evidence::{Expect, Trust};
use crate::walk::plan::option;
use crate::walk::proxy_choice::{self, ProxyOption};
use crate::world::Detour;

/// Walks the path of an application's call to Azure OpenAI over Private Link and says which
/// hop breaks, what the root cause is, how it knows, and who fixes it with which command.
#[derive(Debug, Parser)]
#[command(
    name = "aoai-probe",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Exit status: 0 works, 1 at risk, 2 a hop is broken, 3 cannot tell, \
                  64 usage, 70 a bug of ours or no memory,\n130 and 143 ended by a signal: what was known by then is written.\n\
                  Keys and tokens come from AZURE_OPENAI_API_KEY, AZURE_OPENAI_AD_TOKEN or a \
                  file, never from the command line."
)]
pub struct Cli {
    /// The command; without one, the targets are walked.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The walk's options.
    #[command(flatten)]
    pub check: Check,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Walk the targets (the word may be left out)
    Check(Box<Check>),
    /// The page of one finding, or the list of all or of a hop
    Explain {
        /// Id of a finding, e.g. dns-zone-not-linked, or a hop; none: every finding
        finding: Option<String>,
        /// List every finding
        #[arg(long, conflicts_with = "finding")]
        list: bool,
    },
    /// Judge saved reports again, offline (- is standard input)
    Diagnose {
        /// Reports written with --format json
        #[arg(required = true, value_name = "REPORT.json", value_parser = file)]
        reports: Vec<String>,
        /// How the result is written
        #[command(flatten)]
        output: Output,
    },
    /// Walk an inventory's targets again and again, and report what changes
    Watch(Watch),
    /// Answer Prometheus, which asks for walks of an inventory's targets, and show people a page
    Serve(Serve),
    /// What watch has kept: incidents with their causes and their evidence
    History(Past),
    /// Write the man page, completions, the JSON schema, rules for Prometheus and other files
    Generate {
        /// What to write
        #[command(subcommand)]
        what: Generate,
    },
}

/// Options of `watch`.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// The inventory (TOML): targets, how they are walked, who is notified
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: String,
    /// Send one test notification to the webhook, say whether it was taken, and end
    #[arg(long)]
    pub test_webhook: bool,
    /// Keep walks and incidents in this SQLite file; none: the inventory's, else history.db in
    /// systemd's state directory
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub history: Option<String>,
}

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// The inventory (TOML): no other target is ever walked
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: String,
    /// Listen here, in place of the inventory's `listen` or 127.0.0.1:9715. TLS and passwords
    /// are the matter of a proxy in front
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// Options of `history`.
#[derive(Debug, Clone, Args)]
pub struct Past {
    /// Only this target of the inventory
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// The file that watch keeps
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub history: Option<String>,
    /// Take the file that this inventory names
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with = "history")]
    pub config: Option<String>,
    /// Only what was so within this time, e.g. 24h
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Duration>,
    /// The report of this walk, as diagnose reads it
    #[arg(long, value_name = "WALK", conflicts_with_all = ["name", "since"])]
    pub walk: Option<i64>,
    /// Format of the list
    #[arg(long, value_enum, default_value_t = PastFormat::Human)]
    pub format: PastFormat,
}

/// `history --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PastFormat {
    /// For people
    Human,
    /// For programs
    Json,
}

/// What `generate` writes.
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
    /// The JSON schema of an inventory, for editors
    InventorySchema,
    /// The index of findings, in Markdown
    Findings,
    /// The table of counter-experiments, in Markdown
    Experiments,
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
    /// The names of an inventory's targets, one a line: what completions offer
    TargetNames {
        /// The inventory (TOML); none: the package's
        #[arg(long, value_name = "FILE", value_parser = file)]
        config: Option<String>,
        /// Only names that begin so
        #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
        prefix: String,
    },
}

/// Options of the walk.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Account name, host name or endpoint URL; none: AZURE_OPENAI_ENDPOINT. With --config, names
    /// of the inventory; none: all of it
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Walk the targets of this inventory (TOML), which also says how; an option that is given too
    /// takes the place of its setting for this run
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub config: Option<String>,
    /// Ask this resolver too; the first one given is the one whose answer is walked
    #[arg(long = "resolver", value_name = "IP[:PORT]", value_parser = resolver)]
    pub resolvers: Vec<SocketAddr>,
    /// What the address should be: auto (the default), private, public, closed, any, or prefixes
    #[arg(long, value_name = "EXPECTATION", value_parser = expect)]
    pub expect: Option<Expect>,
    /// Redirect a connection as curl does; DNS is still asked and judged
    #[arg(long = "connect-to", value_name = "HOST:PORT:ADDR:PORT", value_parser = detour)]
    pub connect_to: Vec<Detour>,
    /// Which credential: auto (the default), none, or a source such as api-key, client-secret,
    /// workload-identity, managed-identity, azure-cli
    #[arg(long, value_name = "SOURCE", value_parser = credential)]
    pub credential: Option<CredentialChoice>,
    /// Read the API key from this file (- is standard input)
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with = "token_file")]
    pub api_key_file: Option<String>,
    /// Read an Entra token from this file (- is standard input)
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub token_file: Option<String>,
    /// Present the assertion in this file to Entra ID (with AZURE_TENANT_ID, AZURE_CLIENT_ID)
    #[arg(long, value_name = "FILE", value_parser = file, conflicts_with_all = ["api_key_file", "token_file"])]
    pub assertion_file: Option<String>,
    /// The user-assigned managed identity: its client id, resource id, or object:ID
    #[arg(long, value_name = "ID")]
    pub identity: Option<String>,
    /// What answers at a gateway or an unknown name: openai, ...
    #[arg(long, value_name = "ID")]
    pub service: Option<String>,
    /// Also prove this deployment, without spending tokens
    #[arg(long, value_name = "NAME", value_parser = deployment)]
    pub deployment: Option<String>,
    /// The dated api-version of the calls
    #[arg(long, value_name = "VERSION", value_parser = api_version)]
    pub api_version: Option<String>,
    /// Trust the certificates in this file, in addition to the roots of --trust
    #[arg(long, value_name = "PEM", value_parser = file)]
    pub ca_file: Option<String>,
    /// Whose roots decide: the built-in public ones (the default) or the system's
    #[arg(long, value_enum)]
    pub trust: Option<TrustArgument>,
    /// env (the default, as SDKs do), none, or the URL of a proxy
    #[arg(long, value_name = "PROXY", value_parser = proxy)]
    pub proxy: Option<ProxyOption>,
    /// Next to a proxied path, walk the direct one even when its address is public
    #[arg(long)]
    pub direct: bool,
    /// Make no counter-experiments, only the plain walk
    #[arg(long)]
    pub no_experiments: bool,
    /// In trouble, also trace the path, and try unrelated names in SNI and unallocated addresses
    #[arg(long, conflicts_with = "no_experiments")]
    pub deep: bool,
    /// Deadline of one hop, in seconds; 5 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Deadline of the whole walk, in seconds; 30 by default
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub deadline: Option<Duration>,
    /// Only say what would be contacted
    #[arg(long)]
    pub plan: bool,
    /// How the result is written.
    #[command(flatten)]
    pub output: Output,
}

/// How a result is written.
#[derive(Debug, Clone, Args)]
pub struct Output {
    /// Format of the report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write the report to this file, replacing it atomically
    #[arg(long, short = 'o', value_name = "FILE", value_parser = file)]
    pub output: Option<String>,
    /// Show all evidence
    #[arg(long, short = 'v', conflicts_with = "quiet")]
    pub verbose: bool,
    /// Show the verdict alone
    #[arg(long, short = 'q')]
    pub quiet: bool,
    /// Colour: auto obeys the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// What the exit status of a broken walk says: 2, or the hop (10 dns ... 60 http)
    #[arg(long, value_enum, default_value_t = ExitStyleArgument::State)]
    pub exit_style: ExitStyleArgument,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// For programs: one object, or an array for several targets
    Json,
    /// For programs: one object a line
    JsonLines,
    /// For Nagios, Icinga and Naemon: as a plugin, with perfdata
    Nagios,
    /// For Prometheus's textfile collector
    Prometheus,
    /// For CI servers that read JUnit's XML
    Junit,
    /// For GitHub Actions: annotations, and the step's summary
    Github,
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

/// Options that contradict each other, where clap cannot see it.
///
/// # Errors
///
/// What contradicts what.
pub fn contradiction(check: &Check) -> Result<(), String> {
    let file = check.api_key_file.as_ref().map(|_| "--api-key-file");
    let file = file.or(check.token_file.as_ref().map(|_| "--token-file"));
    let file = file.or(check.assertion_file.as_ref().map(|_| "--assertion-file"));
    match (&check.credential, file) {
        (Some(CredentialChoice::None), Some(option)) => {
            Err(format!("--credential none and {option} contradict each other"))
        }
        (Some(CredentialChoice::Named(name)), Some(option)) if format!("--{name}") != option => {
            let name = repeatable(name);
            Err(format!("--credential {name} and {option} contradict each other"))
        }
        _ => Ok(()),
    }
}

/// Options that cannot be laid over an inventory.
///
/// # Errors
///
/// Which, and why.
pub fn not_over_inventory(check: &Check) -> Result<(), String> {
    if check.service.is_some() {
        return Err("--service is not taken with --config: the key 'service' of the target's own \
                    entry says it"
            .to_owned());
    }
    let named = |choice: &CredentialChoice| *choice != CredentialChoice::None;
    let of_one = [
        ("--deployment", check.deployment.is_some()),
        ("--credential", check.credential.as_ref().is_some_and(named)),
        ("--api-key-file", check.api_key_file.is_some()),
        ("--token-file", check.token_file.is_some()),
        ("--assertion-file", check.assertion_file.is_some()),
        ("--identity", check.identity.is_some()),
    ];
    if let Some((option, _)) = of_one.iter().find(|(_, given)| *given)
        && check.targets.len() != 1
    {
        return Err(format!("{option} belongs to one target: with --config, name that target too"));
    }
    let files = [&check.api_key_file, &check.token_file, &check.assertion_file];
    match files.into_iter().flatten().any(|file| file == "-") {
        true => Err("with --config no key comes from standard input: name a file".to_owned()),
        false => Ok(()),
    }
}

/// The options that were given, each as one word with its value: what repeats the run.
#[must_use]
pub fn given(check: &Check) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    let mut add = |name: &str, value: &str| options.push(option(name, value));
    for resolver in &check.resolvers {
        match resolver.port() {
            53 => add("--resolver", &resolver.ip().to_string()),
            _ => add("--resolver", &resolver.to_string()),
        }
    }
    for detour in &check.connect_to {
        add("--connect-to", &detour.to_string());
    }
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64().to_string());
    let credential = check.credential.as_ref().map(|choice| match choice {
        CredentialChoice::Auto => "auto".to_owned(),
        CredentialChoice::None => "none".to_owned(),
        CredentialChoice::Named(name) => name.clone(),
    });
    let proxy = check.proxy.as_ref().map(|proxy| match proxy {
        ProxyOption::Env => "env".to_owned(),
        ProxyOption::None => "none".to_owned(),
        ProxyOption::Url(url) => url.clone(),
    });
    let trust = check.trust.map(|trust| match trust {
        TrustArgument::Public => "public".to_owned(),
        TrustArgument::System => "system".to_owned(),
    });
    let expect = check.expect.as_ref().map(|e| e.as_option().unwrap_or_else(|| "auto".to_owned()));
    let values = [
        ("--service", check.service.clone()),
        ("--credential", credential),
        ("--api-key-file", check.api_key_file.clone()),
        ("--token-file", check.token_file.clone()),
        ("--assertion-file", check.assertion_file.clone()),
        ("--identity", check.identity.clone()),
        ("--deployment", check.deployment.clone()),
        ("--api-version", check.api_version.clone()),
        ("--trust", trust),
        ("--ca-file", check.ca_file.clone()),
        ("--proxy", proxy),
        ("--timeout", seconds(check.timeout)),
        ("--deadline", seconds(check.deadline)),
        ("--expect", expect),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            add(name, &value);
        }
    }
    let flags = [
        (check.direct, "--direct"),
        (check.no_experiments, "--no-experiments"),
        (check.deep, "--deep"),
    ];
    options.extend(flags.into_iter().filter(|(given, _)| *given).map(|(_, name)| name.into()));
    options
}

pub(crate) fn resolver(text: &str) -> Result<SocketAddr, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 53));
    }
    text.parse().map_err(|_| {
        "a resolver is given by its address: 10.1.0.10, 10.1.0.10:5353 or [fd00::53]:53".to_owned()
    })
}

pub(crate) fn expect(text: &str) -> Result<Expect, String> {
    const FORM: &str = "it is none of auto, private, public, closed, any, and not a list of \
                        prefixes such as 10.3.0.0/24,fd00::/8";
    Ok(match text {
        "auto" => Expect::Auto,
        "private" => Expect::Private,
        "public" => Expect::Public,
        "closed" => Expect::Closed,
        "any" => Expect::Any,
        prefixes => Expect::Cidr {
            prefixes: prefixes
                .split(',')
                .map(|prefix| {
                    let prefix = prefix.trim();
                    IpNet::from_str(prefix)
                        .or_else(|_| IpAddr::from_str(prefix).map(IpNet::from))
                        .map(|net| net.trunc().to_string())
                        .map_err(|_| FORM.to_owned())
                })
                .collect::<Result<_, _>>()?,
        },
    })
}

pub(crate) fn detour(text: &str) -> Result<Detour, String> {
    const FORM: &str = "the form is HOST:PORT:ADDRESS:PORT; HOST is a name or the address that \
                        DNS gave, ADDRESS an IP address ([..] for version 6); each may be empty";
    let parts = split_outside_brackets(text);
    let [host, port, address, to_port] = parts.as_slice() else { return Err(FORM.to_owned()) };
    let number = |text: &str| match text {
        "" => Ok(None),
        text => text.parse::<u16>().map(Some).map_err(|_| FORM.to_owned()),
    };
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_owned();
    let address = match bare(address) {
        empty if empty.is_empty() => None,
        address => Some(address.parse().map_err(|_| FORM.to_owned())?),
    };
    Ok(Detour {
        host: Some(bare(host).trim_end_matches('.').to_owned()).filter(|host| !host.is_empty()),
        port: number(port)?,
        to_address: address,
        to_port: number(to_port)?,
    })
}

/// Parts between colons, those inside brackets left whole.
fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ':' && depth == 0
    })
    .collect()
}

pub(crate) fn credential(text: &str) -> Result<CredentialChoice, String> {
    Ok(match text {
        "auto" => CredentialChoice::Auto,
        "none" => CredentialChoice::None,
        name => CredentialChoice::Named(name.to_owned()),
    })
}

pub(crate) fn deployment(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty()
        && text.len() <= 200
        && !text.contains([':', '/'])
        && !holds_at_sign(text)
        && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("a deployment has a name, e.g. gpt-4o".to_owned()) }
}

pub(crate) fn api_version(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
    if fits { Ok(text.to_owned()) } else { Err("an api-version looks like 2024-10-21".to_owned()) }
}

pub(crate) fn proxy(text: &str) -> Result<ProxyOption, String> {
    Ok(match text {
        "env" => ProxyOption::Env,
        "none" => ProxyOption::None,
        url if holds_at_sign(url) => {
            return Err("a proxy's password does not belong on the command line: put the URL \
                        into HTTPS_PROXY"
                .to_owned());
        }
        url => match proxy_choice::parse(url) {
            Some(proxy) if proxy.hides_port => {
                return Err("this may be a user name and a password, not a host and a port: name \
                            the proxy with its domain, e.g. http://proxy.corp:3128"
                    .to_owned());
            }
            Some(_) => ProxyOption::Url(url.to_owned()),
            None => return Err("a proxy's URL looks like http://proxy.corp:3128".to_owned()),
        },
    })
}

/// The path of a file. A URL is none, and may hold a password: no message about a file may
/// repeat it.
pub(crate) fn file(text: &str) -> Result<String, String> {
    // The colon of a drive's letter is not that of a password.
    let password = |(before, behind): (&str, &str)| before.len() > 1 && holds_at_sign(behind);
    match begins_as_url(text) || text.split_once(':').is_some_and(password) {
        true => Err("a file's path is wanted, and this is a URL".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn since(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "a time such as 90min, 24h or 7d".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    const FORM: &str = "a time in seconds from 0.05 to 3600, e.g. 2 or 0.5";
    let number = text.strip_suffix('s').unwrap_or(text);
    let value: f64 = number.parse().map_err(|_| FORM.to_owned())?;
    if (0.05..=3600.0).contains(&value) {
        Ok(Duration::from_secs_f64(value))
    } else {
        Err(FORM.to_owned())
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
    fn values_are_checked() {
        assert_eq!(resolver("10.1.0.10").unwrap().to_string(), "10.1.0.10:53");
        assert_eq!(resolver("[fd00::53]").unwrap().to_string(), "[fd00::53]:53");
        assert_eq!(resolver("127.0.0.1:5353").unwrap().port(), 5353);
        assert!(resolver("dns.corp").is_err());
        assert_eq!(
            expect("10.3.0.7/24,fd00::/8").unwrap(),
            Expect::Cidr { prefixes: vec!["10.3.0.0/24".into(), "fd00::/8".into()] }
        );
        assert!(expect("privat").is_err());
        assert_eq!(seconds("0.5").unwrap(), Duration::from_millis(500));
        for bad in ["0", "-1", "NaN", "1e99", "x", ""] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        let d = detour("a.openai.azure.com:443:[::1]:8443").unwrap();
        assert_eq!((d.to_address, d.to_port), (Some("::1".parse().unwrap()), Some(8443)));
        assert_eq!(detour("::127.0.0.1:8443").unwrap().host, None);
        assert!(detour("a:443:b:1").is_err());
        assert!(proxy("http://user:canary@p:1").is_err_and(|e| !e.contains("canary")));
        assert!(proxy("http://bob:51234").is_err_and(|e| !e.contains("51234")));
        assert!(proxy("http://proxy:3128").is_ok() && proxy("http://10.0.0.8:51234").is_ok());
    }
}
