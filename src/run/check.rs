//! `check` of targets that are named on the command line.

use std::time::Instant;

use super::about::About;
use super::anonymous::Anonymous;
use super::azure::{self, Azure};
use super::bundle::Bundle;
use super::compare::Baseline;
use super::credentials::Credentials;
use super::output::{replaces_progress, style, written};
use super::repeated::{self, Repeated};
use super::{
    Output, Progress, Terminal, destinations, judged, round, runtime, suggestions, target_walks,
};
use crate::args::{self, Check};
use crate::credential::{self, Credential, CredentialOptions};
use crate::diagnose::reading;
use crate::evidence::repeat::Repeat;
use crate::evidence::{Expect, Trust};
use crate::files::May;
use crate::inventory::CredentialReference;
use crate::platform;
use crate::render::{Style, fact_lines, progress};
use crate::report::Report;
use crate::target::Target;
use crate::walk::plan::{DEADLINE, Plan, TIMEOUT, option};
use crate::walk::{self, HopDone};
use crate::wire::roots::ExtraRoots;
use crate::world::{self, Environment, World};

/// Targets of one run, at most.
const MAX_TARGETS: usize = 256;

/// Walks, judges and renders, in the world of the caller, of which the clock alone advances.
///
/// # Errors
///
/// What is wrong with the arguments or the files that they name.
pub fn check_in(
    arguments: &Check,
    world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    let began = Instant::now();
    let read_world = || {
        let mut world = world.clone();
        world.now += began.elapsed();
        world
    };
    check(arguments, &read_world, terminal, progress)
}

/// The same in the world that `read_world` reads, for repeated walks before each of them.
pub(super) fn check(
    arguments: &Check,
    read_world: &dyn Fn() -> World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    args::contradiction(arguments)?;
    let inputs = [
        ("baseline", &arguments.baseline),
        ("inventory", &arguments.config),
        ("key file", &arguments.api_key_file),
        ("token file", &arguments.token_file),
        ("assertion file", &arguments.assertion_file),
        ("--ca-file", &arguments.ca_file),
    ];
    let inputs = inputs.map(|(what, file)| Some((what, file.as_deref()?)));
    let inputs: Vec<(&str, &str)> = inputs.into_iter().flatten().collect();
    destinations::check(&arguments.output, &inputs)?;
    if let Some(file) = &arguments.config {
        args::not_over_inventory(arguments)?;
        return round::run(file, arguments, read_world(), terminal, progress);
    }
    let overridden = |mut world: World| {
        world.connect_overrides.splice(..0, arguments.connect_to.iter().cloned());
        world
    };
    let world = overridden(read_world());
    let targets = targets(arguments, &world.environment)?;
    let mut plan = plan(arguments, &world.environment)?;
    plan.backend = backend(arguments, &targets)?;
    plan.repeat = Repeat { options: options(arguments, &plan), inventory: None };
    let ids = azure::typed(&arguments.azure.questions);
    let typed: Vec<&str> =
        targets.iter().flat_map(Target::typed).chain(plan.typed()).chain(ids).collect();
    credential::leaked_into_args(&world.environment, &typed).map_err(|e| e.to_string())?;
    let request = reference(arguments).request(&world, plan.deadline);
    if arguments.plan {
        let one = |target: &Target| {
            let request = request.for_service(target.service());
            Credential::check(&request, &world.environment).map_err(|e| e.to_string())?;
            let walk = contacts(&target.seen.host, target, &plan, &world, &request);
            Ok(walk + &azure::contacts(&arguments.azure, target, &plan, &world, &request))
        };
        let out = targets.iter().map(one).collect::<Result<String, String>>()?;
        return Ok(Output { out, ..Output::default() });
    }
    let seen = targets.iter().map(|target| &target.seen);
    let baseline = Baseline::read(arguments.baseline.as_ref(), seen)?;
    let credentials = Credentials::find(&request, &targets, &world.environment)?;
    credentials.leaked_into_args(&typed)?;
    let clouds = targets.iter().map(|target| walk::azure::cloud(&target.seen));
    let azure = match arguments.azure.azure {
        true => Some(Azure::new(&arguments.azure.questions, &request, &plan, &world, clouds)?),
        false => None,
    };
    let mut err = String::new();
    if let Some((file, mode)) = credentials.file_mode_open() {
        err = format!(
            "aoai-probe: warning: {file} can be read by other users (mode {mode}): run chmod 600 on \
             it\n"
        );
    }
    if let (Some(count), [target]) = (arguments.count, targets.as_slice()) {
        let repeated = Repeated {
            target,
            plan: &plan,
            read_world: &|| overridden(read_world()),
            find_credential: &|world| {
                let request = request.for_service(target.service());
                Credential::find(&request, &world.environment).ok()
            },
            count,
            interval: arguments.interval.unwrap_or(repeated::INTERVAL),
            output: &arguments.output,
            terminal,
            progress,
        };
        return repeated.run(&world, credentials.into_first(), &err);
    }
    let progress_style = style(&arguments.output.writing, &world.environment, terminal.err);
    let anonymise = arguments.output.anonymise;
    // The lines of the progress have names and addresses.
    let watched =
        terminal.err && targets.len() == 1 && !arguments.output.writing.quiet && !anonymise;
    let show = |shown: target_walks::Shown<'_>| match shown {
        target_walks::Shown::Hop(finished) => {
            progress(Progress::Line(&progress_line(finished, &plan, progress_style)))
        }
        target_walks::Shown::Waits(line) => progress(Progress::Status(&line)),
    };
    let walks = target_walks::Walks {
        plan: &plan,
        world: &world,
        credential: &|target| credentials.of(target),
        show: watched.then_some(&show as &dyn Fn(target_walks::Shown<'_>)),
    };
    let runtime = runtime()?;
    let (evidence, ended) = runtime.block_on(async {
        let (mut evidence, mut ended) = walks.walk(&targets).await;
        if let (None, Some(azure)) = (ended, azure) {
            if watched {
                progress(Progress::Status("  azure     asking Resource Manager"));
            }
            ended = azure.with_this_machine().await.read(&mut evidence).await;
        }
        (evidence, ended)
    });
    // A lookup that still blocks must not delay the end of the process.
    runtime.shutdown_background();
    let mut reports: Vec<Report> = evidence.into_iter().map(judged).collect();
    let mut repeat = plan.repeat.options.clone();
    let mut anonymous = anonymise.then(|| Anonymous::new(&reports)).transpose()?;
    if let Some(anonymous) = &mut anonymous {
        reports = anonymous.reports(&reports)?;
        repeat.iter_mut().for_each(|option| *option = anonymous.text(option));
        err = anonymous.text(&err) + &anonymous.warning();
    }
    let again = format!("aoai-probe -v{} ", reading::command_options(&repeat));
    let mut done = written(&reports, &again, &arguments.output, &world.environment, terminal)?;
    if let Some(baseline) = baseline {
        let to_terminal = terminal.out && arguments.output.writing.output.is_none();
        let style = style(&arguments.output.writing, &world.environment, to_terminal);
        done.out.push_str(&baseline.compared(&reports, style));
    }
    if let Some(file) = &arguments.output.bundle {
        let options = args::given(arguments);
        let about = About { command: "check", options, environment: &world.environment };
        done.bundle = Some(Bundle::new(file, &reports, &about, anonymous.as_mut())?);
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

/// The options that repeat these walks, including those from the environment.
fn options(arguments: &Check, plan: &Plan) -> Vec<String> {
    let mut options = args::given(arguments);
    if arguments.deployment.is_none() {
        options.extend(plan.deployment.iter().map(|name| option("--deployment", name)));
    }
    options
}

/// The place of the credential on the command line.
pub(super) fn reference(arguments: &Check) -> CredentialReference {
    CredentialReference {
        choice: arguments.credential.clone().unwrap_or_default(),
        api_key_file: arguments.api_key_file.clone(),
        api_key_variable: None,
        token_file: arguments.token_file.clone(),
        assertion_file: arguments.assertion_file.clone(),
        identity: arguments.identity.clone(),
    }
}

fn targets(arguments: &Check, environment: &Environment) -> Result<Vec<Target>, String> {
    let variable = "AZURE_OPENAI_ENDPOINT";
    let named: Vec<&str> = match arguments.targets.as_slice() {
        [] => environment.get(variable).into_iter().collect(),
        given => given.iter().map(String::as_str).collect(),
    };
    if named.is_empty() {
        return Err("no target: name an account, a host or an endpoint URL, or set \
                    AZURE_OPENAI_ENDPOINT (see --help)"
            .to_owned());
    }
    if named.len() > MAX_TARGETS {
        return Err(format!("{} targets; one run checks at most {MAX_TARGETS}", named.len()));
    }
    // A command in place of a target is the more likely mistake.
    if !named.iter().any(|typed| suggestions::is_command(typed)) {
        named.iter().try_for_each(|typed| suggestions::target(typed))?;
    }
    let parsed = named.into_iter().map(|typed| {
        let target = Target::parse(typed, arguments.service.as_deref());
        let target = target.map_err(|e| e.to_string())?;
        Ok(match arguments.targets.is_empty() {
            true => target.named_by(variable).with_value(variable, typed),
            false => target,
        })
    });
    parsed.collect()
}

/// The host behind the gateway that is checked.
fn backend(arguments: &Check, targets: &[Target]) -> Result<Option<Target>, String> {
    let Some(typed) = &arguments.backend else { return Ok(None) };
    let [gateway] = targets else {
        return Err("--backend is for one target: the gateway in front of it".to_owned());
    };
    let backend = gateway.backend(typed).map_err(|error| format!("--backend: {error}"))?;
    Ok(Some(backend))
}

/// The options, with those that a variable gives where the command line does not. A value that does
/// not fit is refused like one that was typed.
pub(super) fn with_variables(
    arguments: &Check,
    environment: &Environment,
) -> Result<Check, String> {
    let variable = |typed: &Option<String>,
                    name: &str,
                    check: fn(&str) -> Result<String, String>| {
        let value = environment.get(name).filter(|_| typed.is_none());
        match value {
            Some(value) => check(value).map(Some).map_err(|message| format!("{name}: {message}")),
            None => Ok(typed.clone()),
        }
    };
    Ok(Check {
        deployment: variable(&arguments.deployment, "AZURE_OPENAI_DEPLOYMENT", args::deployment)?,
        api_version: variable(&arguments.api_version, "OPENAI_API_VERSION", args::api_version)?,
        ..arguments.clone()
    })
}

fn plan(arguments: &Check, environment: &Environment) -> Result<Plan, String> {
    let extra_roots = match &arguments.ca_file {
        None => ExtraRoots::default(),
        Some(path) => world::ca_file(path, May::BeAnything, arguments.deadline.unwrap_or(DEADLINE))
            .map_err(|message| format!("--ca-file {path}: {message}"))?,
    };
    let Check { deployment, api_version, .. } = with_variables(arguments, environment)?;
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

/// What a walk of a target would contact.
pub(super) fn contacts(
    title: &str,
    target: &Target,
    plan: &Plan,
    world: &World,
    options: &CredentialOptions,
) -> String {
    let mut out = format!("{title} would contact:\n");
    let token = credential::destinations::planned(options, &world.environment, target);
    let token = walk::contacts::token(plan, world, token);
    for line in walk::contacts::contacts(plan, target, world).into_iter().chain(token) {
        out.push_str(&format!("  {line}\n"));
    }
    out
}

fn progress_line(finished: HopDone<'_>, plan: &Plan, style: Style) -> String {
    use crate::evidence::{Hop, Observed};
    fn ran<T: Clone>(value: &T, took_ms: f64) -> Observed<T> {
        Observed::Done { started_ms: 0.0, took_ms, value: value.clone() }
    }
    let (hop, fact, took_ms) = match finished {
        HopDone::Dns(hop, ms) => (Hop::Dns, fact_lines::dns(hop, &plan.expect), ms),
        HopDone::Proxy(hop, ms) => (Hop::Proxy, fact_lines::proxy(&ran(hop, ms)), ms),
        HopDone::Tcp(hop, ms) => (Hop::Tcp, fact_lines::tcp(&ran(hop, ms)), ms),
        HopDone::Tls(hop, ms) => (Hop::Tls, fact_lines::tls(&ran(hop, ms)), ms),
        HopDone::Http(hop, ms) => (Hop::Http, fact_lines::http(&ran(hop, ms)), ms),
    };
    let ok = fact.mark == progress::Mark::Works;
    progress::line(hop, ok, &fact.text, took_ms, style)
}
