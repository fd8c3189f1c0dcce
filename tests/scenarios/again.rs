//! The commands that a report prints repeat its walk: as a shell reads them, they give the same
//! verdict before the fix and WORKS after it.

use std::path::Path;
use std::sync::Arc;

use aoai_probe::args::{Check, Cli, Command};
use aoai_probe::report::Report;
use aoai_probe::run::{self, Terminal};
use clap::Parser as _;
use libtest_mimic::{Failed, Trial};

use crate::lab::certificates::authorities;
use crate::lab::world::{CredentialKind, World};
use crate::lab::{KEY, Lab, WRONG_KEY};

/// The faults that are fixed: a world, options, and what is done to the world first.
const FIXES: &[(&str, &str, &[&str])] = &[
    ("key-file", "healthy-private", &["--api-key-file"]),
    ("key-file-and-more", "healthy-private", &["--deadline", "20", "--deep", "--api-key-file"]),
    ("service", "own-domain-as-openai", &["--api-key-file"]),
    ("proxy", "healthy-proxy", &["--proxy", "http://10.2.0.8:3128", "--api-key-file"]),
    ("given-resolver", "healthy-given-resolver", &["--expect", "private", "--api-key-file"]),
    ("ca-file", "healthy-private", &["--ca-file"]),
];

pub(crate) fn trials() -> Vec<Trial> {
    let by_hand = FIXES.iter().map(|(name, world, options)| {
        let name = format!("printed-check-by-hand-{name}");
        Trial::test(name, move || fixed(world, options, false))
    });
    let listed = Trial::test("printed-check-of-an-inventory", || {
        fixed("healthy-private", &["--api-key-file"], true)
    });
    by_hand.chain([listed]).collect()
}

/// Walks with a wrong file, runs the printed check, puts the file right, and runs it again.
fn fixed(world: &str, options: &[&str], listed: bool) -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let mut world = World::read(&folder.join(format!("{world}.toml")))?;
    let roots = options.last() == Some(&"--ca-file");
    world.ca_file &= !roots;
    world.credential.kind = if roots { CredentialKind::Key } else { CredentialKind::None };
    if let Some(proxy) = &mut world.proxy {
        proxy.variable = "NOT_A_PROXY_VARIABLE".to_owned();
    }
    let lab = Lab::start(&Arc::new(world))?;
    let folder = tempfile::tempdir()?;
    // A blank in its name: the command must quote it.
    let file = folder.path().join("the file");
    let (wrong, right) = match roots {
        true => (authorities().corporate_pem(), authorities().root_pem()),
        false => (WRONG_KEY, KEY),
    };
    std::fs::write(&file, wrong)?;
    let file_name = file.display().to_string();
    let given: Vec<&str> = options.iter().copied().chain([file_name.as_str()]).collect();
    let check = match listed {
        false => lab.check(&[&given[..], &["--format", "json"]].concat())?,
        true => {
            let inventory = folder.path().join("targets.toml");
            let text = format!(
                "{}[[target]]\ntarget = \"myacct\"\nname = \"prod west\"\napi_key_file = {file:?}\n",
                lab.defaults()
            );
            std::fs::write(&inventory, text)?;
            let inventory = inventory.display().to_string();
            parsed(&["check", "--config", &inventory, "--format", "json"].map(str::to_owned))?
        }
    };
    let first = walked(&lab, &check)?;
    let cause = first.verdict.cause.clone();
    let wanted = if roots { "tls-untrusted-issuer" } else { "identity-key-refused" };
    if cause.as_deref() != Some(wanted) {
        return Err(format!("the fault is not seen: {}", first.verdict.line).into());
    }
    let printed = first.cause().and_then(|finding| finding.fix.as_ref()?.check.clone());
    let printed = printed.ok_or("no check is printed")?;
    let again = as_typed(&printed, folder.path())?;
    let told = |message: &str, report: &Report| -> Failed {
        format!("{message}: {printed}: {}", report.verdict.line).into()
    };
    let second = walked(&lab, &again)?;
    if second.verdict.cause != cause {
        return Err(told("another verdict before the fix", &second));
    }
    std::fs::write(&file, right)?;
    let third = walked(&lab, &again)?;
    let sent =
        third.evidence.http.value().is_some_and(|hop| hop.calls.iter().any(|c| c.credential_sent));
    match third.verdict.line.starts_with("WORKS") && sent {
        true => Ok(()),
        false => Err(told("not WORKS after the fix", &third)),
    }
}

fn walked(lab: &Lab, check: &Check) -> Result<Report, Failed> {
    let done = run::check_in(check, lab.world(), Terminal::default(), &|_| {})?;
    Ok(serde_json::from_str(&done.out).map_err(|e| format!("{e}\n{}", done.out))?)
}

/// What a command line gives in a real shell, with `--format json`.
fn as_typed(command: &str, folder: &Path) -> Result<Check, Failed> {
    use std::os::unix::fs::PermissionsExt as _;
    let program = folder.join("aoai-probe");
    std::fs::write(&program, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")?;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let out = std::process::Command::new("sh").args(["-c", command]).env("PATH", path).output()?;
    let words = String::from_utf8(out.stdout)?;
    let words = words.lines().map(str::to_owned).chain(["--format".into(), "json".into()]);
    parsed(&words.collect::<Vec<_>>())
}

fn parsed(words: &[String]) -> Result<Check, Failed> {
    let words = std::iter::once("aoai-probe".to_owned()).chain(words.iter().cloned());
    let cli = Cli::try_parse_from(words).map_err(|e| e.to_string())?;
    Ok(match cli.command {
        Some(Command::Check(check)) => *check,
        _ => cli.check,
    })
}

/// Every command that a report prints reads as one of ours, and goes the way of its walk.
pub(crate) fn commands_read(check: &Check, report: &Report) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let fixes = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
    let steps = fixes.clone().flat_map(|fix| &fix.steps).filter_map(|s| s.command.as_ref());
    let tells = report.findings.iter().flat_map(|finding| &finding.decide_with);
    let mut commands: Vec<&String> =
        fixes.filter_map(|fix| fix.check.as_ref()).chain(tells).chain(steps).collect();
    commands.retain(|command| command.starts_with("aoai-probe ") && !command.contains('<'));
    commands.sort_unstable();
    commands.dedup();
    for command in commands {
        // The walk of another machine, or one that leaves the proxy out on purpose.
        let again = as_typed(command, folder.path())?;
        let differs = |what: &str| -> Failed { format!("another {what}: {command}").into() };
        if again.connect_to != check.connect_to && command.contains("--") {
            return Err(differs("--connect-to"));
        }
        if again.ca_file != check.ca_file && command.contains("--") {
            return Err(differs("--ca-file"));
        }
    }
    Ok(())
}
