//! The one function that knows every stage: from arguments to text and exit status.
//!
//! It writes nothing itself: text goes back to `main`, hops that finish go to its callback.

mod ends;
mod meant;
mod round;
mod serve;
mod walks;
mod watch;

use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use crate::args::{self, Check, Cli, Color, Command, ExitStyleArgument, Format, Generate, Output};
use crate::credential::{self, Credential, Request, looks_like_a_key};
use crate::diagnose::{diagnose, reading, rules};
use crate::evidence::repeat::Repeat;
use crate::evidence::text::repeatable;
use crate::evidence::{Evidence, Expect, Hop, Trust};
use crate::files::{self, May};
use crate::inventory::CredentialReference;
use crate::platform;
use crate::render::summary::{Row, Summary};
use crate::render::{self, Style, Verbosity, facts, progress};
use crate::report::{self, ExitStyle, Report};
use crate::services;
use crate::target::Target;
use crate::walk::plan::{DEADLINE, Plan, TIMEOUT, option};
use crate::walk::{self, HopDone};
use crate::wire::roots::ExtraRoots;
use crate::world::{self, Environment, World};
use crate::{blocking, explain, generate};

/// Exit status for a wrong use (sysexits.h, EX_USAGE).
pub const USAGE: u8 = 64;
/// Exit status for a bug of ours (sysexits.h, EX_SOFTWARE).
pub const BUG: u8 = 70;

/// How long `diagnose` waits for the end of a pipe.
const PATIENCE: Duration = Duration::from_secs(30);
/// Targets of one run.
const MOST_TARGETS: usize = 256;
/// Files that the runtime opens for itself: its poll, its wake-up, its signals.
const FILES_OF_THE_RUNTIME: usize = 8;

/// What `main` has to do.
#[derive(Debug, Default)]
pub struct Done {
    /// Text for standard output, or for `file`.
    pub out: String,
    /// Text for standard error.
    pub err: String,
    /// The file that takes `out` in place of standard output.
    pub file: Option<String>,
    /// A file, and the text that is put behind what it holds.
    pub appended: Option<(String, String)>,
    /// Whether `out` goes to the terminal that showed the progress, and shows the same hops.
    pub replaces_progress: bool,
    /// The exit status.
    pub status: u8,
}

/// What is shown while walks are under way.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A line that stays until the report is there.
    Line(&'a str),
    /// A line in the place of the last one.
    Status(&'a str),
    /// What changed, said at once and for good.
    Change(&'a str),
    /// What is wrong with the tool itself, said at once and for good.
    Trouble(&'a str),
}

/// The terminal, as `main` sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard output is one.
    pub out: bool,
    /// Standard error is one.
    pub err: bool,
}

/// Runs the tool. `progress` takes each finished hop's line while a walk is under way, or says
/// how far a round is.
pub fn run(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Done {
    let arguments: Vec<std::ffi::OsString> = arguments.into_iter().collect();
    match as_plugin(&arguments) {
        false => run_any(arguments, terminal, progress),
        true => plugin_words(run_any(arguments, terminal, progress)),
    }
}

/// Whether `--format nagios` is among the arguments, whatever else is wrong with them.
fn as_plugin(arguments: &[std::ffi::OsString]) -> bool {
    let separate = arguments.windows(2).any(|two| two[0] == "--format" && two[1] == "nagios");
    separate || arguments.iter().any(|one| one == "--format=nagios")
}

/// What was found as a plugin says it: Nagios takes a status that it does not know for
/// CRITICAL, and shows standard output alone.
fn plugin_words(done: Done) -> Done {
    let (out, status) = match done.status {
        USAGE => (render::nagios::unknown(&done.err), 3),
        _ if !render::nagios::is_output(&done.out) => return done,
        status => render::nagios::with_status(&done.out, status, &done.err),
    };
    let file = done.file.filter(|_| done.status != USAGE);
    Done { out, err: String::new(), file, status, ..done }
}

fn run_any(
    arguments: Vec<std::ffi::OsString>,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Done {
    let first = arguments.get(1).map(|word| word.to_string_lossy().into_owned());
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let hint = hint(&error, first.as_deref());
            let error = without_password(error);
            let text = error.render().to_string() + &hint;
            return match error.use_stderr() {
                true => Done { err: text, status: USAGE, ..Done::default() },
                false => Done { out: text, ..Done::default() },
            };
        }
    };
    let world = World::of_this_machine;
    let result = match cli.command {
        None => check_in(&cli.check, world(), terminal, progress),
        Some(Command::Check(arguments)) => check_in(&arguments, world(), terminal, progress),
        Some(Command::Explain { finding, list: _ }) => explain_finding(finding.as_deref()),
        Some(Command::Diagnose { reports, output }) => {
            diagnose_files(&reports, &output, &world().environment, terminal)
        }
        Some(Command::Serve(arguments)) => serve::serve(&arguments, progress),
        Some(Command::Watch(arguments)) => watch::watch(&arguments, world(), progress),
        Some(Command::History(arguments)) => watch::history(&arguments, &world()),
        Some(Command::Generate { what }) => generated(what),
    };
    result.unwrap_or_else(|message| Done {
        err: format!("aoai-probe: {message}\n"),
        status: USAGE,
        ..Done::default()
    })
}

/// What was probably meant by a wrong use, as a line of its own.
fn hint(error: &clap::Error, first: Option<&str>) -> String {
    if let Some(command) = first.and_then(meant::near_command) {
        return format!("\nhint: is the command `aoai-probe {command}` meant?\n");
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return String::new();
    };
    let unknown = error.kind() == clap::error::ErrorKind::UnknownArgument;
    let has = meant::option(option).filter(|_| unknown);
    has.map(|has| format!("\nhint: {has}\n")).unwrap_or_default()
}

/// A wrong use, without a value that may hold a password: clap repeats what was typed.
fn without_password(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
    {
        if let Some(ContextValue::String(value)) = error.get(kind)
            && !may_be_shown(value)
        {
            error.insert(kind, ContextValue::String("[not shown]".to_owned()));
        }
    }
    error
}

/// Whether a value of the command line holds no secret, whatever was meant by it: a short word,
/// or an address.
fn may_be_shown(value: &str) -> bool {
    let value = value.split(" <").next().unwrap_or(value);
    let word = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    let address = |c: char| c.is_ascii_hexdigit() || "[]:./,".contains(c);
    let short = value.chars().count() <= 60;
    short && !looks_like_a_key(value) && (value.chars().all(word) || value.chars().all(address))
}

/// Walks, judges and writes, in a world that the caller gives; `run` gives this machine's.
///
/// # Errors
///
/// What is wrong with the arguments or the files that they name, in words for the operator.
pub fn check_in(
    arguments: &Check,
    mut world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Done, String> {
    if let Some(file) = &arguments.config {
        args::contradiction(arguments)?;
        args::not_over_inventory(arguments)?;
        return round::check(file, arguments, world, terminal, progress);
    }
    args::contradiction(arguments)?;
    world.detours.splice(..0, arguments.connect_to.iter().cloned());
    let targets = targets(arguments, &world.environment)?;
    let mut plan = plan(arguments, &world.environment)?;
    plan.repeat = Repeat { options: options(arguments, &plan), inventory: None };
    let typed: Vec<&str> = targets.iter().flat_map(Target::typed).chain(plan.typed()).collect();
    credential::misplaced(&world.environment, &typed).map_err(|e| e.to_string())?;
    let request = reference(arguments).request(&world, plan.deadline);
    if arguments.plan {
        let one = |target: &Target| contacts(&target.seen.host, target, &plan, &world, &request);
        let out = targets.iter().map(one).collect();
        return Ok(Done { out, ..Done::default() });
    }
    let credential = Credential::find(&request, &world.environment).map_err(|e| e.to_string())?;
    credential.misplaced(&typed).map_err(|e| e.to_string())?;
    let mut err = String::new();
    if let Some(mode) = credential.file_mode_open() {
        err = format!(
            "aoai-probe: warning: {} can be read by other users (mode {mode}): chmod 600 it\n",
            credential.source().unwrap_or("the file")
        );
    }
    let style = style(&arguments.output, &world.environment, terminal.err);
    let watched = terminal.err && targets.len() == 1 && !arguments.output.quiet;
    let show = |shown: walks::Shown<'_>| match shown {
        walks::Shown::Hop(finished) => {
            progress(Progress::Line(&progress_line(finished, &plan, style)))
        }
        walks::Shown::Waits(line) => progress(Progress::Status(&line)),
    };
    let walks = walks::Walks {
        plan: &plan,
        world: &world,
        credential: &credential,
        show: watched.then_some(&show as &dyn Fn(walks::Shown<'_>)),
    };
    let runtime = runtime()?;
    let (evidence, ended) = runtime.block_on(walks.walk(&targets));
    // A lookup that still blocks must not hold the process.
    runtime.shutdown_background();
    let reports: Vec<Report> = evidence.into_iter().map(judged).collect();
    let mut done = written(&reports, &arguments.output, &world.environment, terminal)?;
    if reports.len() > 1 && arguments.output.format == Format::Human && !arguments.output.quiet {
        let options = reading::command_options(&plan.repeat.options);
        let to_terminal = terminal.out && arguments.output.output.is_none();
        let style = self::style(&arguments.output, &world.environment, to_terminal);
        let mut summary = Summary::default();
        for (place, report) in reports.iter().enumerate() {
            summary.count(place, Row::of(report));
        }
        done.out.push('\n');
        done.out.push_str(&summary.render(&format!("aoai-probe -v{options} "), style));
    }
    if let Some(ended) = ended {
        platform::default_signals();
        err.push_str("aoai-probe: interrupted\n");
        done.status = ended.status();
    }
    done.err = err;
    done.replaces_progress = replaces_progress(&arguments.output, &world.environment, terminal);
    Ok(done)
}

/// The options that repeat these walks; those that the environment gave are among them.
fn options(arguments: &Check, plan: &Plan) -> Vec<String> {
    let mut options = args::given(arguments);
    if arguments.deployment.is_none() {
        options.extend(plan.deployment.iter().map(|name| option("--deployment", name)));
    }
    options
}

/// Where the credential of the command line is.
fn reference(arguments: &Check) -> CredentialReference {
    CredentialReference {
        choice: arguments.credential.clone().unwrap_or_default(),
        api_key_file: arguments.api_key_file.clone(),
        api_key_variable: None,
        token_file: arguments.token_file.clone(),
        assertion_file: arguments.assertion_file.clone(),
        identity: arguments.identity.clone(),
    }
}

/// Whether what is written takes the place of the progress on the terminal.
fn replaces_progress(output: &Output, environment: &Environment, terminal: Terminal) -> bool {
    let dumb = environment.get("TERM").is_none_or(|term| term == "dumb");
    terminal.out && !dumb && output.output.is_none() && output.format == Format::Human
}

/// One thread for every walk.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    use socket2::{Domain, Socket, Type};
    // Where not even the runtime's own files can be opened, tokio panics.
    let spare = (0..FILES_OF_THE_RUNTIME).map(|_| Socket::new(Domain::IPV4, Type::DGRAM, None));
    if let Err(error) = spare.collect::<Result<Vec<_>, _>>() {
        return Err(format!("the network cannot be used: {}", crate::wire::words(&error)));
    }
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // Deadlines are looked at after so many turns; a flooding peer's turns are long.
        .event_interval(4)
        .build()
        .map_err(|e| format!("the network cannot be used: {}", crate::wire::words(&e)))
}

fn judged(evidence: Evidence) -> Report {
    let diagnosis = diagnose(&evidence);
    Report::new(evidence, diagnosis)
}

fn targets(arguments: &Check, environment: &Environment) -> Result<Vec<Target>, String> {
    let named: Vec<&str> = match arguments.targets.as_slice() {
        [] => environment.get("AZURE_OPENAI_ENDPOINT").into_iter().collect(),
        given => given.iter().map(String::as_str).collect(),
    };
    if named.is_empty() {
        return Err("no target: name an account, a host or an endpoint URL, or set \
                    AZURE_OPENAI_ENDPOINT (see --help)"
            .to_owned());
    }
    if named.len() > MOST_TARGETS {
        return Err(format!("{} targets; one run walks {MOST_TARGETS} at most", named.len()));
    }
    // A command in a target's place is the clearer mistake.
    if !named.iter().any(|typed| meant::is_command(typed)) {
        named.iter().try_for_each(|typed| meant::target(typed))?;
    }
    named
        .into_iter()
        .map(|typed| Target::parse(typed, arguments.service.as_deref()).map_err(|e| e.to_string()))
        .collect()
}

fn plan(arguments: &Check, environment: &Environment) -> Result<Plan, String> {
    let extra_roots = match &arguments.ca_file {
        None => ExtraRoots::default(),
        Some(path) => world::ca_file(path, May::BeAnything, arguments.deadline.unwrap_or(DEADLINE))
            .map_err(|says| format!("--ca-file {path}: {says}"))?,
    };
    let variable =
        |name: &str, check: fn(&str) -> Result<String, String>| match environment.get(name) {
            Some(value) => check(value).map(Some).map_err(|says| format!("{name}: {says}")),
            None => Ok(None),
        };
    let deployment = match &arguments.deployment {
        Some(name) => Some(name.clone()),
        None => variable("AZURE_OPENAI_DEPLOYMENT", args::deployment)?,
    };
    let api_version = match &arguments.api_version {
        Some(version) => Some(version.clone()),
        None => variable("OPENAI_API_VERSION", args::api_version)?,
    };
    let mut plan = Plan {
        resolvers: arguments.resolvers.clone(),
        expect: arguments.expect.clone().unwrap_or(Expect::Auto),
        proxy: arguments.proxy.clone().unwrap_or_default(),
        direct: arguments.direct,
        trust: arguments.trust.map_or(Trust::Public, Trust::from),
        ca_file: arguments.ca_file.clone(),
        extra_roots,
        deployment,
        experiments: !arguments.no_experiments,
        deep: arguments.deep,
        timeout: arguments.timeout.unwrap_or(TIMEOUT),
        deadline: arguments.deadline.unwrap_or(DEADLINE),
        ..Plan::default()
    };
    if let Some(version) = api_version {
        plan.api_version = version;
    }
    Ok(plan)
}

/// What a walk would contact, under the target's name.
fn contacts(title: &str, target: &Target, plan: &Plan, world: &World, request: &Request) -> String {
    let mut out = format!("{title} would contact:\n");
    let token = credential::contacts::contacts(request, &world.environment, target);
    let token = walk::contacts::token(plan, world, token);
    for line in walk::contacts::contacts(plan, target, world).into_iter().chain(token) {
        out.push_str(&format!("  {line}\n"));
    }
    out
}

fn progress_line(finished: HopDone<'_>, plan: &Plan, style: Style) -> String {
    use crate::evidence::{Hop, Observed};
    fn ran<T: Clone>(saw: &T, took_ms: f64) -> Observed<T> {
        Observed::Ran { started_ms: 0.0, took_ms, saw: saw.clone() }
    }
    let (hop, fact, took_ms) = match finished {
        HopDone::Dns(hop, ms) => (Hop::Dns, facts::dns(hop, &plan.expect), ms),
        HopDone::Proxy(hop, ms) => (Hop::Proxy, facts::proxy(&ran(hop, ms)), ms),
        HopDone::Tcp(hop, ms) => (Hop::Tcp, facts::tcp(&ran(hop, ms)), ms),
        HopDone::Tls(hop, ms) => (Hop::Tls, facts::tls(&ran(hop, ms)), ms),
        HopDone::Http(hop, ms) => (Hop::Http, facts::http(&ran(hop, ms)), ms),
    };
    let ok = fact.mark == progress::Mark::Works;
    progress::line(hop, ok, &fact.text, took_ms, style)
}

fn diagnose_files(
    paths: &[String],
    output: &Output,
    environment: &Environment,
    terminal: Terminal,
) -> Result<Done, String> {
    let mut reports = Vec::new();
    for path in paths {
        let from = path.clone();
        let saved = blocking::within("input", PATIENCE, move || saved(&from))
            .map_err(|_| format!("{path}: no end of it after 30 s"))?
            .map_err(|e| format!("{path}: {e}"))?;
        reports.extend(saved.into_iter().map(|saved| {
            let mut report = judged(saved.evidence);
            // Whoever asks for a judgement wants to hear it: what was muted is not.
            (report.name, report.labels) = (saved.name, saved.labels);
            report
        }));
    }
    written(&reports, output, environment, terminal)
}

fn saved(path: &str) -> Result<Vec<report::Saved>, report::ReadError> {
    if path == "-" {
        return report::read(std::io::stdin().lock());
    }
    report::read(files::open(path, May::BeAnything).map_err(report::ReadError::Io)?)
}

fn written(
    reports: &[Report],
    output: &Output,
    environment: &Environment,
    terminal: Terminal,
) -> Result<Done, String> {
    let exit_style = match output.exit_style {
        ExitStyleArgument::State => ExitStyle::State,
        ExitStyleArgument::Hop => ExitStyle::Hop,
    };
    let to_terminal = terminal.out && output.output.is_none();
    let out = match output.format {
        Format::Human => render::human::render(reports, style(output, environment, to_terminal)),
        Format::Json => render::json::render(reports).map_err(|e| e.to_string())?,
        Format::JsonLines => render::lines::render(reports).map_err(|e| e.to_string())?,
        Format::Nagios => render::nagios::render(reports),
        Format::Prometheus => render::prometheus::render(reports),
        Format::Junit => render::junit::render(reports).map_err(|e| e.to_string())?,
        Format::Github => render::github::annotations(reports),
    };
    let summary = environment.get("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    let summary = summary.filter(|_| output.format == Format::Github);
    Ok(Done {
        out,
        err: String::new(),
        file: output.output.clone(),
        appended: summary.map(|path| (path.to_owned(), render::github::summary(reports))),
        replaces_progress: false,
        status: report::worst(reports, exit_style),
    })
}

/// `--color` beats NO_COLOR, which beats CLICOLOR_FORCE (no-color.org, bixense.com/clicolors).
fn style(output: &Output, environment: &Environment, terminal: bool) -> Style {
    let dumb = environment.get("TERM") == Some("dumb");
    let color = match output.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if environment.get("NO_COLOR").is_some() => false,
        Color::Auto if environment.get("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
        Color::Auto => terminal && !dumb,
    };
    let utf8 = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| environment.get(name))
        .is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
    Style {
        color,
        ascii: dumb || !terminal || !utf8,
        verbosity: match (output.quiet, output.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        },
        ..Style::default()
    }
}

fn explain_finding(finding: Option<&str>) -> Result<Done, String> {
    match finding {
        None => Ok(Done { out: explain::list(), ..Done::default() }),
        Some(hop) if Hop::ALL.iter().any(|known| known.name() == hop) => {
            Ok(Done { out: explain::list_of(hop), ..Done::default() })
        }
        Some(id) => match explain::page(id) {
            Ok(page) => Ok(Done { out: page.to_owned(), ..Done::default() }),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The command line with the values that a shell completes, where the parser takes any word.
fn with_values() -> clap::Command {
    use clap::builder::PossibleValuesParser;
    fn walk(command: clap::Command) -> clap::Command {
        let sources = credential::SOURCES.iter().map(|source| source.name);
        let sources: Vec<&str> = ["auto", "none"].into_iter().chain(sources).collect();
        let mut services: Vec<&str> = services::SERVICES.iter().map(|service| service.id).collect();
        services.sort_unstable();
        services.dedup();
        let expect = ["auto", "private", "public", "closed", "any"];
        command
            .mut_arg("credential", |a| a.value_parser(PossibleValuesParser::new(sources)))
            .mut_arg("service", |a| a.value_parser(PossibleValuesParser::new(services)))
            .mut_arg("expect", |a| a.value_parser(PossibleValuesParser::new(expect)))
            .mut_arg("proxy", |a| a.value_parser(PossibleValuesParser::new(["env", "none"])))
    }
    let hops = Hop::ALL.iter().map(|hop| hop.name());
    let pages: Vec<&str> = hops.chain(rules::all().map(|rule| rule.id)).collect();
    let commands = meant::COMMANDS.iter().copied().filter(|name| *name != "help");
    let commands: Vec<&str> = commands.collect();
    walk(Cli::command())
        .mut_subcommand("check", walk)
        .mut_subcommand("explain", |command| {
            command.mut_arg("finding", |a| a.value_parser(PossibleValuesParser::new(pages)))
        })
        .mut_subcommand("generate", |command| {
            command.mut_subcommand("man", |man| {
                man.mut_arg("command", |a| a.value_parser(PossibleValuesParser::new(commands)))
            })
        })
}

fn generated(what: Generate) -> Result<Done, String> {
    let out = match what {
        Generate::Man { command: None } => generate::man::page(Cli::command(), ""),
        Generate::Man { command: Some(name) } => {
            let mut program = Cli::command();
            program.build();
            let Some(command) = program.find_subcommand(&name) else {
                let name = repeatable(&name);
                return Err(format!("there is no command {name:?} (see --help)"));
            };
            generate::man::page(command.clone(), &name)
        }
        Generate::Completions { shell } => {
            generate::completions::completions(&mut with_values(), shell)
        }
        Generate::TargetNames { config, prefix } => {
            let config = config.as_deref().unwrap_or(crate::inventory::PACKAGED);
            Ok(generate::completions::names(&round::inventory(config)?, &prefix))
        }
        Generate::Schema => Ok(generate::SCHEMA.to_owned()),
        Generate::InventorySchema => Ok(crate::inventory::SCHEMA.to_owned()),
        Generate::Findings => Ok(generate::findings()),
        Generate::Experiments => Ok(generate::experiments()),
        Generate::Metrics => Ok(generate::monitoring::metrics_table()),
        Generate::PrometheusRules => Ok(generate::monitoring::prometheus_rules()),
        Generate::PrometheusSd { config } => {
            generate::discovery::prometheus_sd(&round::inventory(&config)?)
        }
        Generate::GrafanaDashboard => {
            generate::monitoring::grafana_dashboard().map_err(generate::GenerateError::Schema)
        }
    };
    Ok(Done { out: out.map_err(|e| e.to_string())?, ..Done::default() })
}
