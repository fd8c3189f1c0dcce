//! `app`: everything that an application calls, side by side.

use std::cell::RefCell;
use std::collections::BTreeSet;

use url::Url;

use super::round::{self, FollowUp, Round};
use super::{Output, Progress, Terminal, check, suggestions};
use crate::application::{self, Origin, PART, Part, UNUSED, USED, revocation};
use crate::args::{self, Application, Check};
use crate::credential::destinations::{Destination, planned};
use crate::credential::{
    self, API_KEY_VARIABLE, SourceChoice, for_another_service, looks_like_a_key,
};
use crate::evidence::repeat::Repeat;
use crate::evidence::text::may_hold_password;
use crate::inventory::{self, Entry};
use crate::render;
use crate::report::Report;
use crate::walk::plan::DEADLINE;
use crate::walk::proxy_choice::ProxyOption;
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
    let with_variables = check::with_variables(options, &world.environment)?;
    let entry = |(part, entry)| entry_of(part, entry, &with_variables);
    let entries = entries.map(entry).collect();
    let counts = |place: usize| parts.get(place).is_some_and(Part::is_used);
    let places: RefCell<BTreeSet<String>> = RefCell::default();
    let seen = |place: usize, report: &Report| {
        if counts(place) {
            places.borrow_mut().extend(revocation::places(&report.evidence));
        }
    };
    let further = || revocation_entries(&places.borrow(), options);
    let round = Round {
        entries,
        counts: &counts,
        words: words(arguments),
        file: None,
        table: Some(render::application::table),
        follow_up: Some(FollowUp { seen: &seen, entries: &further, plan: REVOCATION_PLAN }),
    };
    // Each entry has its own options already; those of the command line repeat one of them alone.
    let notes = notes(&world, &parts, options.output.anonymise);
    let mut output = round::walked(round, options, world, terminal, progress)?;
    output.err.insert_str(0, &notes);
    Ok(output)
}

/// What is contacted for clients that check revocation, of which only certificates know the names.
const REVOCATION_PLAN: &str = "the hosts that verified certificates name for OCSP and CRLs would be \
     contacted then:\n  dns    getaddrinfo, and the resolvers\n  tcp    port 80; no request\n";

/// The entries of hosts that clients ask which check revocation: their names and connections, past any
/// proxy.
fn revocation_entries(places: &BTreeSet<String>, options: &Check) -> Vec<Entry> {
    let parts = revocation::parts(places);
    // Each name of them was read from a certificate: none that cannot be in an inventory is walked.
    let read = inventory::read(&application::document(&parts));
    let entries = read.map(|inventory| inventory.entries).unwrap_or_default();
    let options = Check { proxy: Some(ProxyOption::None), ..options.clone() };
    let entries = parts.iter().zip(&entries);
    entries.map(|(part, entry)| entry_of(part, entry, &options)).collect()
}

/// The inventory of the same parts.
pub(super) fn inventory(arguments: &Application, world: &World) -> Result<Output, String> {
    let parts = parts(arguments, world)?;
    let used: Vec<Part> = parts.into_iter().filter(Part::is_used).collect();
    let err = notes(world, &used, false);
    Ok(Output { out: application::document(&used), err, ..Output::default() })
}

/// What is set and is not checked, for standard error.
fn notes(world: &World, parts: &[Part], anonymise: bool) -> String {
    // What leaves the company has no names of it.
    if anonymise {
        return String::new();
    }
    let checked: Vec<String> = parts.iter().map(|part| part.target.seen.host.clone()).collect();
    let notes = application::notes(&world.environment, &checked);
    notes.iter().map(|note| format!("aoai-probe: {note}\n")).collect()
}

/// What the application calls, with the hosts that its credential asks for tokens.
fn parts(arguments: &Application, world: &World) -> Result<Vec<Part>, String> {
    let options = &arguments.check;
    options.targets.iter().try_for_each(|typed| suggestions::target(typed))?;
    let environment = &world.environment;
    let found = application::parts(&options.targets, &arguments.with, environment);
    let mut parts = found.map_err(|e| e.to_string())?;
    // Before anything is looked up, written or shown.
    let typed: Vec<&str> = parts.iter().flat_map(|part| part.target.typed()).collect();
    credential::leaked_into_args(environment, &typed).map_err(|e| e.to_string())?;
    let request = |part: &Part| {
        let reference = check::reference(&options_of(part, options));
        let request = reference.request(world, options.deadline.unwrap_or(DEADLINE));
        request.for_service(part.target.service())
    };
    let alone: Vec<bool> = parts.iter().map(|part| has_own_key(part, &parts)).collect();
    for (part, alone) in parts.iter_mut().zip(alone) {
        if !part.is_own && part.is_used() {
            part.credential = for_another_service(&request(part), environment, alone);
        }
    }
    let mut hosts: Vec<String> = Vec::new();
    for part in parts.iter().filter(|part| part.is_used()) {
        let request = request(part);
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
        let mut part = application::token_part(&host, origin).map_err(|e| e.to_string())?;
        part.credential = Some("none");
        parts.push(part);
    }
    Ok(parts)
}

/// Whether a key of the part's service, which is not an account, is this part's: no other part is of
/// that service.
fn has_own_key(part: &Part, parts: &[Part]) -> bool {
    let keys = part.target.keys();
    let like = |other: &&Part| other.is_used() && other.target.keys() == keys;
    let of_account = keys.is_some_and(|keys| keys.variables.contains(&API_KEY_VARIABLE));
    keys.is_some() && !of_account && parts.iter().filter(like).count() == 1
}

/// The options of the command line that are about a part.
fn options_of(part: &Part, options: &Check) -> Check {
    let mut own = options.clone();
    if !part.may_be_private() {
        own.expect = None;
    }
    if !part.is_own {
        // A key, a token or a deployment of the account is for no other service.
        (own.api_key_file, own.token_file) = (None, None);
        (own.deployment, own.api_version) = (None, None);
    }
    if !part.is_account() {
        (own.deployment, own.api_version) = (None, None);
    }
    match part.credential {
        Some("none") => {
            own.credential = Some(SourceChoice::None);
            (own.assertion_file, own.identity) = (None, None);
        }
        Some(name) => own.credential = Some(SourceChoice::Named(name.to_owned())),
        None => {}
    }
    own
}

/// The entry of a part, with those options of the command line that are about it.
fn entry_of(part: &Part, entry: &Entry, options: &Check) -> Entry {
    let own = options_of(part, options);
    let mut entry = round::overridden(entry, &own);
    let url = application::url(part);
    if url != format!("https://{}", part.target.seen.host) && is_shown_whole(&url) {
        // Given as a target, it leads to the same place, as its host alone does not.
        entry.name = url;
    }
    if let Origin::Variable(_) = part.origin {
        entry.target.seen.beyond.clone_from(&part.target.seen.beyond);
        entry.target.seen.repaired.clone_from(&part.target.seen.repaired);
    }
    entry.labels.insert(PART.to_owned(), part.label.clone());
    if !part.is_used() {
        entry.labels.insert(USED.to_owned(), UNUSED.to_owned());
    }
    entry.plan.repeat = Repeat { options: entry.options(), inventory: None };
    entry
}

/// Whether a URL that may be no name in an inventory can be shown and repeated.
fn is_shown_whole(url: &str) -> bool {
    let legal: String = url.chars().filter(|c| !"~%;,=&!".contains(*c)).collect();
    inventory::is_name(&legal) && !may_hold_password(url) && !looks_like_a_key(url)
}

/// The words that chose the parts.
fn words(arguments: &Application) -> Vec<String> {
    let with = arguments.with.iter().map(|with| format!("--with={}={}", with.kind, with.name));
    with.collect()
}
