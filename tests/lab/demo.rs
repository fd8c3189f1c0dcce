//! Starts the lab and walks through two of its worlds with the program's own code: no Azure, no
//! root, no network needed. `cargo run --example lab`; with `--serve` the lab stays up, so that
//! `check`, `watch` and `serve` can be tried on it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a demonstration: it speaks, and reads its own files"
)]
#![allow(unreachable_pub, reason = "a binary's modules are reached from nowhere else")]
#![allow(dead_code, reason = "the tests use the rest of the lab")]

#[path = "mod.rs"]
mod lab;

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use aoai_probe::run::{self, Terminal};
use lab::Lab;
use lab::world::{Certificate, World};

/// The worlds that are shown: what a healthy walk looks like, and the commonest mistake.
const SHOWN: [&str; 2] = ["healthy-private", "zone-not-linked"];

fn main() -> ExitCode {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    let stays = named.first().is_some_and(|word| word == "--serve");
    if stays {
        named.remove(0);
    }
    let worlds: Vec<String> = match named.is_empty() {
        true => SHOWN.iter().map(|&name| name.to_owned()).collect(),
        false => named,
    };
    if stays {
        return match serve(&worlds) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("lab: {error}");
                ExitCode::FAILURE
            }
        };
    }
    for name in &worlds {
        if let Err(error) = show(name) {
            eprintln!("lab: {name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    println!("The other worlds: ls fixtures/scenarios; cargo run --example lab -- <world>");
    println!("To try check, watch and serve: cargo run --example lab -- --serve [<world> ...]");
    ExitCode::SUCCESS
}

fn world(name: &str) -> Result<World, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    World::read(&folder.join(format!("{name}.toml")))
}

/// Keeps these worlds up, and says how to try the program on them.
fn serve(names: &[String]) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let key = folder.path().join("key");
    let inventory = folder.path().join("targets.toml");
    std::fs::write(&key, lab::KEY).map_err(|e| e.to_string())?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&key, private).map_err(|e| e.to_string())?;
    }
    let mut text = String::new();
    let mut labs = Vec::new();
    for name in names {
        let mut world = world(name).map_err(|error| format!("{name}: {error}"))?;
        // The program tried on it has the machine's clock, not the lab's.
        for endpoint in [&mut world.private, &mut world.public] {
            if endpoint.certificate == Certificate::default() {
                endpoint.certificate = Certificate::LongLived;
            }
        }
        let lab = Lab::start(&Arc::new(world)).map_err(|error| format!("{name}: {error}"))?;
        text.push_str(&lab.target(name, &key));
        labs.push(lab);
    }
    std::fs::write(&inventory, text).map_err(|e| e.to_string())?;
    let file = inventory.display();
    println!("The lab is up: {}. In another terminal:\n", names.join(", "));
    println!("  aoai-probe check --config {file}");
    println!("  aoai-probe watch --config {file}");
    println!("  aoai-probe serve --config {file}      then http://127.0.0.1:9715/");
    println!("\nCtrl-C ends it.");
    let mut rest = String::new();
    loop {
        // Ends with the terminal that holds it, too.
        match std::io::stdin().read_line(&mut rest) {
            Ok(0) | Err(_) if !std::io::stdin().is_terminal() => std::thread::park(),
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => rest.clear(),
        }
    }
}

fn show(name: &str) -> Result<(), String> {
    let world = Arc::new(world(name)?);
    let lab = Lab::start(&world)?;
    println!("-- {name}: {}", world.about);
    println!("$ {}\n", typed(&world));
    let out = std::io::stdout().is_terminal();
    let color = if out { "auto" } else { "never" };
    let terminal = Terminal { out, err: false };
    let done = run::check_in(&lab.check(&["--color", color])?, lab.world(), terminal, &|_| {})?;
    print!("{}{}", done.err, done.out);
    println!("\n(exit status {})\n", done.status);
    Ok(())
}

/// The command as a user types it where the addresses are real; the lab adds `--connect-to`,
/// so that they lead to loopback, and `--ca-file` for its own root.
fn typed(world: &World) -> String {
    std::iter::once("aoai-probe")
        .chain([world.target.as_str()])
        .chain(world.arguments.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
}
