//! `generate` and `explain`: text that is made from the catalogues.

use clap::CommandFactory;

use super::{Output, application, round};
use crate::args::{Cli, Generate};
use crate::credential;
use crate::diagnose::rules;
use crate::evidence::Hop;
use crate::evidence::text::repeatable;
use crate::platform;
use crate::services;
use crate::sorting;
use crate::target::COMMANDS;
use crate::world::World;
use crate::{explain, generate};

pub(super) fn explain_finding(finding: Option<&str>) -> Result<Output, String> {
    match finding {
        None => Ok(Output { out: explain::list(), ..Output::default() }),
        Some(hop) if Hop::ALL.iter().any(|known| known.name() == hop) => {
            Ok(Output { out: explain::list_of(hop), ..Output::default() })
        }
        Some(id) => match explain::page(id) {
            Ok(page) => Ok(Output { out: page.to_owned(), ..Output::default() }),
            Err(error) => Err(error.to_string()),
        },
    }
}

/// The command line with values for completion where the parser accepts any word.
fn with_values() -> clap::Command {
    use clap::builder::PossibleValuesParser;
    fn walk(command: clap::Command) -> clap::Command {
        let sources = credential::SOURCES.iter().map(|source| source.name);
        let sources: Vec<&str> = ["auto", "none"].into_iter().chain(sources).collect();
        let mut services: Vec<&str> = services::all().map(|service| service.id).collect();
        sorting::ascending(&mut services);
        let expect = ["auto", "private", "public", "closed", "any"];
        command
            .mut_arg("credential", |a| a.value_parser(PossibleValuesParser::new(sources)))
            .mut_arg("service", |a| a.value_parser(PossibleValuesParser::new(services)))
            .mut_arg("expect", |a| a.value_parser(PossibleValuesParser::new(expect)))
            .mut_arg("proxy", |a| a.value_parser(PossibleValuesParser::new(["env", "none"])))
    }
    let hops = Hop::ALL.iter().map(|hop| hop.name());
    let pages: Vec<&str> = hops.chain(rules::all().map(|rule| rule.id)).collect();
    let commands = COMMANDS.iter().copied().filter(|name| *name != "help");
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

pub(super) fn generated(what: Generate, world: &dyn Fn() -> World) -> Result<Output, String> {
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
            // On Windows it would be a path that any user may create.
            let packaged = platform::HAS_UNIX_PATHS.then_some(crate::inventory::PACKAGED);
            let Some(config) = config.as_deref().or(packaged) else {
                return Ok(Output::default());
            };
            Ok(generate::completions::names(&round::inventory(config)?, &prefix))
        }
        Generate::Schema => Ok(generate::schema().to_owned()),
        Generate::Inventory(arguments) => return application::inventory(&arguments, &world()),
        Generate::InventorySchema => Ok(crate::inventory::SCHEMA.to_owned()),
        Generate::Findings => Ok(generate::findings()),
        Generate::Experiments => Ok(generate::experiments()),
        Generate::Services => Ok(generate::services::services()),
        Generate::AzureReads => Ok(generate::azure_reads::azure_reads()),
        Generate::Metrics => Ok(generate::monitoring::metrics_table()),
        Generate::PrometheusRules => Ok(generate::monitoring::prometheus_rules()),
        Generate::PrometheusSd { config } => {
            generate::discovery::prometheus_sd(&round::inventory(&config)?)
        }
        Generate::GrafanaDashboard => {
            generate::monitoring::grafana_dashboard().map_err(generate::GenerateError::Schema)
        }
    };
    Ok(Output { out: out.map_err(|e| e.to_string())?, ..Output::default() })
}
