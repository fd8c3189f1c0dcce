//! `app`: everything that an application calls, side by side.

use url::Url;

use super::round::{self, Round};
use super::{Output, Progress, Terminal, check, suggestions};
use crate::application::{self, Origin, PART, Part, UNUSED, USED};
use crate::args::{self, Application, Check};
use crate::credential::SourceChoice;
use crate::credential::destinations::{Destination, planned};
use crate::evidence::repeat::Repeat;
use crate::inventory::{self, Entry};
use crate::render;
use crate::walk::plan::DEADLINE;
use crate::world::World;

/// Walks every part once and renders the results.
pub(super) fn check(
    arguments: &Application,
    world: World,
    terminal: Terminal,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Output, String> {
    let options = &arguments.check;
    args::contradiction(options)?;
    args::not_of_an_application(options)?;
    let parts = parts(arguments, &world)?;
    let document = application::document(&parts);
    let read = inventory::read(&document).map_err(|problems| {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    })?;
    let entries = parts.iter().zip(&read.entries);
    let entries = entries.map(|(part, entry)| entry_of(part, entry, options, &world)).collect();
    let counts = |place: usize| parts.get(place).is_none_or(Part::is_used);
    let round = Round {
        entries,
        counts: &counts,
        words: words(arguments),
        file: None,
        table: Some(render::application::table),
    };
    // Each entry has its own options already; those of the command line repeat one of them alone.
    round::walked(round, options, world, terminal, progress)
}

/// The inventory of the same parts.
pub(super) fn inventory(arguments: &Application, world: &World) -> Result<Output, String> {
    let parts = parts(arguments, world)?;
    let used: Vec<Part> = parts.into_iter().filter(Part::is_used).collect();
    Ok(Output { out: application::document(&used), ..Output::default() })
}

/// What the application calls, with the hosts that its credential asks for tokens.
fn parts(arguments: &Application, world: &World) -> Result<Vec<Part>, String> {
    let options = &arguments.check;
    options.targets.iter().try_for_each(|typed| suggestions::target(typed))?;
    let environment = &world.environment;
    let found = application::parts(&options.targets, &arguments.with, environment);
    let mut parts = found.map_err(|e| e.to_string())?;
    let request = check::reference(options).request(world, options.deadline.unwrap_or(DEADLINE));
    let mut hosts: Vec<String> = Vec::new();
    for part in parts.iter().filter(|part| part.is_used()) {
        let request = request.for_service(part.target.service());
        for destination in planned(&request, environment, &part.target) {
            if let Destination::Host { origin, .. } = destination
                && Url::parse(&origin).is_ok_and(|url| url.scheme() == "https")
                && !hosts.contains(&origin)
            {
                hosts.push(origin);
            }
        }
    }
    let (origin, hosts) = match hosts.is_empty() {
        true => {
            let host = application::cloud(&parts).login_host();
            (Origin::Implied, vec![format!("https://{host}")])
        }
        false => (Origin::Credential, hosts),
    };
    for host in hosts {
        parts.push(application::token_part(&host, origin).map_err(|e| e.to_string())?);
    }
    Ok(parts)
}

/// The entry of a part, with those options of the command line that are about it.
fn entry_of(part: &Part, entry: &Entry, options: &Check, world: &World) -> Entry {
    let mut own = options.clone();
    if !part.may_be_private() {
        own.expect = None;
    }
    if !part.is_used() {
        own.credential = Some(SourceChoice::None);
        (own.api_key_file, own.token_file) = (None, None);
        (own.assertion_file, own.identity) = (None, None);
    }
    if !part.is_account() {
        (own.deployment, own.api_version) = (None, None);
        // A key or a token of the account is for no other service.
        (own.api_key_file, own.token_file) = (None, None);
    } else if part.is_used() {
        let variable = |name: &str| world.environment.get(name).map(str::to_owned);
        own.deployment = own.deployment.or_else(|| variable("AZURE_OPENAI_DEPLOYMENT"));
        own.api_version = own.api_version.or_else(|| variable("OPENAI_API_VERSION"));
    }
    let mut entry = round::overridden(entry, &own);
    entry.labels.insert(PART.to_owned(), part.label.clone());
    if !part.is_used() {
        entry.labels.insert(USED.to_owned(), UNUSED.to_owned());
    }
    entry.plan.repeat = Repeat { options: entry.options(), inventory: None };
    entry
}

/// The words that chose the parts.
fn words(arguments: &Application) -> Vec<String> {
    let with = arguments.with.iter().map(|with| format!("--with={}={}", with.kind, with.name));
    with.collect()
}
