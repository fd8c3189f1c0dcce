//! `azure`: one account's private access by what Resource Manager says, without a walk.

use super::azure::Offline;
use super::output::style;
use super::{Output, Terminal, destinations};
use crate::args::{AzureAudit, TextOrJson};
use crate::credential::Credential;
use crate::diagnose::audit;
use crate::diagnosis::State;
use crate::render::audit::{render, to_json};
use crate::target::Target;
use crate::walk::{self, Seen};
use crate::world::World;

/// Reads, judges and renders.
///
/// # Errors
///
/// What is wrong with the arguments or the files that they name.
pub fn audit_in(
    arguments: &AzureAudit,
    world: World,
    terminal: Terminal,
) -> Result<Output, String> {
    let writing = &arguments.writing;
    let inputs: Vec<(&str, &str)> =
        arguments.way.ca_file.iter().map(|file| ("--ca-file", file.as_str())).collect();
    destinations::check_file(writing, &inputs)?;
    let environment = world.environment.clone();
    let target = Target::parse(&arguments.target, None).map_err(|e| e.to_string())?;
    let offline = Offline::new(&arguments.way, world)?;
    let why = "only Resource Manager was asked".to_owned();
    let none = Credential::none();
    let mut walked =
        walk::unfinished(&target, &offline.plan, &offline.world, &none, Seen::default(), why);
    walked.azure = offline.audit(&arguments.questions, &walked)?.map(Box::new);
    let Some(audit) = audit::audit(&walked) else {
        return Err("interrupted before anything was read".to_owned());
    };
    let style = style(writing, &environment, terminal.out && writing.output.is_none());
    let out = match arguments.format {
        TextOrJson::Json => to_json(&audit).map_err(|e| e.to_string())?,
        TextOrJson::Human => render(&audit, style),
    };
    let status = match audit.state {
        State::Works => 0,
        State::AtRisk => 1,
        State::Broken => 2,
        State::CannotTell => 3,
    };
    Ok(Output { out, file: writing.output.clone(), status, ..Output::default() })
}
