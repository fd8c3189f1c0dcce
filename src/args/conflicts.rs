//! Options that cannot be given together, where clap cannot check it.

use super::{Check, Format, OutputOptions};
use crate::credential::SourceChoice;
use crate::evidence::text::repeatable;

/// Checks options that contradict each other.
///
/// # Errors
///
/// Which ones contradict each other.
pub fn contradiction(check: &Check) -> Result<(), String> {
    output_contradiction(&check.output)?;
    check.azure.contradiction()?;
    if check.azure.azure && check.count.is_some() {
        return Err("--azure and --count contradict each other: ask Azure once".to_owned());
    }
    if check.count.is_some() && check.targets.len() > 1 {
        return Err(format!(
            "--count is for one target, and {} are named: `aoai-probe watch` checks several again \
             and again",
            check.targets.len()
        ));
    }
    let file = check.api_key_file.as_ref().map(|_| "--api-key-file");
    let file = file.or(check.token_file.as_ref().map(|_| "--token-file"));
    let file = file.or(check.assertion_file.as_ref().map(|_| "--assertion-file"));
    match (&check.credential, file) {
        (Some(SourceChoice::None), Some(option)) => {
            Err(format!("--credential none and {option} contradict each other"))
        }
        (Some(SourceChoice::Named(name)), Some(option)) if format!("--{name}") != option => {
            let name = repeatable(name);
            Err(format!("--credential {name} and {option} contradict each other"))
        }
        _ => baseline(check),
    }
}

/// The comparison with a baseline is text for people, below that of the result.
fn baseline(check: &Check) -> Result<(), String> {
    if check.baseline.is_none() {
        return Ok(());
    }
    if check.output.format != Format::Human {
        return Err("--baseline is for --format human: save the report with --format json, then \
                    run aoai-probe compare"
            .to_owned());
    }
    match check.output.anonymise {
        true => Err("--baseline and --anonymise: save the report with --format json, then run \
                     aoai-probe compare --anonymise"
            .to_owned()),
        false => Ok(()),
    }
}

/// Checks options of the output that contradict each other.
///
/// # Errors
///
/// Which ones contradict each other.
pub fn output_contradiction(output: &OutputOptions) -> Result<(), String> {
    match output.team.is_some() && output.format != Format::Markdown {
        true => Err("--for needs --format markdown: no other format is for one team".to_owned()),
        false => Ok(()),
    }
}

/// Checks for options that are for one target, and not for all that an application calls.
///
/// # Errors
///
/// Which option, and what to do instead.
pub fn not_of_an_application(check: &Check) -> Result<(), String> {
    let given = [
        ("--config", check.config.is_some(), "`generate inventory` writes one"),
        ("--service", check.service.is_some(), "--with names each service"),
        ("--backend", check.backend.is_some(), "--with names each service"),
        ("--azure", check.azure.azure, "check one target with it"),
        (
            "--count",
            check.count.is_some(),
            "`aoai-probe watch` checks an inventory again and again",
        ),
        ("--baseline", check.baseline.is_some(), "compare one target with it"),
    ];
    if let Some((option, _, instead)) = given.iter().find(|(_, given, _)| *given) {
        return Err(format!("{option} cannot be used with app: {instead}"));
    }
    let files = [&check.api_key_file, &check.token_file, &check.assertion_file];
    match files.into_iter().flatten().any(|file| file == "-") {
        true => Err("with app no key can come from standard input: name a file".to_owned()),
        false => Ok(()),
    }
}

/// Checks for options that cannot override an inventory.
///
/// # Errors
///
/// Which option, and why.
pub fn not_over_inventory(check: &Check) -> Result<(), String> {
    if check.service.is_some() {
        return Err("--service cannot be used with --config: set the key 'service' of the target"
            .to_owned());
    }
    if check.azure.azure {
        return Err(
            "--azure cannot be used with --config: set the key 'azure' of the targets".to_owned()
        );
    }
    if check.count.is_some() {
        return Err("--count is for one target without --config: `aoai-probe watch` checks an \
                    inventory again and again"
            .to_owned());
    }
    let named = |choice: &SourceChoice| *choice != SourceChoice::None;
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
        true => Err("with --config no key can come from standard input: name a file".to_owned()),
        false => Ok(()),
    }
}
