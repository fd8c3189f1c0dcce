//! Starts the lab and walks through two of its worlds with the program's own code: no Azure, no
//! root, no network needed. `cargo run --example lab`
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
use lab::world::World;

/// The worlds that are shown: what a healthy walk looks like, and the commonest mistake.
const SHOWN: [&str; 2] = ["healthy-private", "zone-not-linked"];

fn main() -> ExitCode {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let worlds: Vec<String> = match named.is_empty() {
        true => SHOWN.iter().map(|&name| name.to_owned()).collect(),
        false => named,
    };
    for name in &worlds {
        if let Err(error) = show(name) {
            eprintln!("lab: {name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    println!("The other worlds: ls fixtures/scenarios; cargo run --example lab -- <world>");
    ExitCode::SUCCESS
}

fn show(name: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios");
    let world = Arc::new(World::read(&folder.join(format!("{name}.toml")))?);
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
