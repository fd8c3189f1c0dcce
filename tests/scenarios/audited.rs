//! `aoai-probe azure` over the same estates: no path is walked, and what Azure alone says is judged.

use aoai_probe::args::{Cli, Command};
use aoai_probe::run::{self, Terminal};
use clap::Parser as _;

use crate::lab::Lab;
use crate::lab::world::World;

/// Options of a check that an audit has, too, with a value.
const SHARED: &[&str] = &[
    "--connect-to",
    "--ca-file",
    "--timeout",
    "--subscription",
    "--account-id",
    "--azure-credential",
];

/// Runs the audit of a world that expects one; returns what it writes.
pub(crate) fn audited(lab: &Lab, world: &World) -> Result<Vec<(String, String)>, String> {
    let Some(wanted) = world.azure.as_ref().and_then(|azure| azure.audit.clone()) else {
        return Ok(Vec::new());
    };
    let mut texts = Vec::new();
    for options in [&["-v"][..], &["--format", "json"][..]] {
        let done =
            run::audit_in(&arguments(lab, world, options)?, lab.world(), Terminal::default())?;
        let state = wanted.split(' ').next().unwrap_or_default();
        let status = match state {
            "WORKS:" | "WORKS" => 0,
            "AT" => 1,
            "BROKEN" => 2,
            _ => 3,
        };
        let line = match options.first() {
            Some(&"-v") => done.out.lines().next().unwrap_or_default().to_owned(),
            _ => {
                let json: serde_json::Value =
                    serde_json::from_str(&done.out).map_err(|e| e.to_string())?;
                json["line"].as_str().unwrap_or_default().to_owned()
            }
        };
        if !line.starts_with(&wanted) || done.status != status {
            return Err(format!("audit: wanted {wanted}, exit status {status}\n{}", done.out));
        }
        texts.push((format!("audit {options:?}"), done.out + &done.err));
    }
    Ok(texts)
}

fn arguments(
    lab: &Lab,
    world: &World,
    options: &[&str],
) -> Result<aoai_probe::args::AzureAudit, String> {
    let mut all = lab.arguments();
    if !all.iter().any(|word| word == "--azure-credential") {
        all.extend(["--azure-credential".to_owned(), "managed-identity".to_owned()]);
        let ids = lab.azure_arguments(false);
        let pairs = ids.windows(2).filter(|pair| pair[0].ends_with("-id"));
        all.extend(pairs.flatten().cloned());
    }
    let mut words = vec!["aoai-probe".to_owned(), "azure".to_owned(), world.target.clone()];
    for pair in all.windows(2).filter(|pair| SHARED.contains(&pair[0].as_str())) {
        words.extend(pair.iter().cloned());
    }
    words.extend(options.iter().map(|&option| option.to_owned()));
    match Cli::try_parse_from(words).map_err(|e| e.to_string())?.command {
        Some(Command::Azure(audit)) => Ok(*audit),
        _ => Err("no audit".to_owned()),
    }
}
