//! How long a verdict takes beyond the one deadline of a silent hop, and what it costs
//! (`benches/verdict.sh`): every world that waits for a deadline, with two deadlines.

use std::path::{Path, PathBuf};

use super::inside::{self, Capture};
use super::network;
use super::run_tool::tool;
use super::world::World;

/// Deadlines of a hop, in seconds.
const DEADLINES: [&str; 2] = ["2", "5"];
/// Seconds that a verdict may come after the deadline.
const BAR: f64 = 0.3;
/// Packets that an unhealthy walk may cost with up to two resolvers, and each further one.
const BUDGET: (u32, u32) = (60, 20);

/// Prints the table for the worlds whose name contains `filter`.
///
/// # Errors
/// A world cannot be built, or passes a bar.
pub fn outside(filter: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/netns/worlds");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|e| e.to_string())?
        .flatten()
        .map(|entry| entry.path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .filter(|p| p.to_string_lossy().contains(filter))
        .collect();
    files.sort();
    println!(
        "{:<34} {:>8} {:>7} {:>5} {:>5} {:>5} {:>6} {:>6}  cause",
        "world", "deadline", "beyond", "cost", "wire", "again", "budget", "system"
    );
    let own = std::env::current_exe().map_err(|e| e.to_string())?.display().to_string();
    let mut within = true;
    for file in &files {
        for deadline in DEADLINES {
            let work = tempfile::tempdir().map_err(|e| e.to_string())?;
            let (world, folder) = (file.display().to_string(), work.path().display().to_string());
            let out = super::namespaces(&[&own, "--speed-inside", &world, &folder, deadline])
                .output()
                .map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&out.stdout);
            print!("{text}");
            if !out.status.success() {
                within = false;
                let name = file.file_stem().unwrap_or_default().to_string_lossy();
                println!("{name:<34} {}", String::from_utf8_lossy(&out.stderr).trim());
            }
            within &= !text.contains("OVER") && !text.contains("DIFFERS");
            // It does not wait for a deadline: another one changes nothing.
            if text.is_empty() {
                break;
            }
        }
    }
    if within { Ok(()) } else { Err("not within every bar".to_owned()) }
}

/// One world with one deadline: a row, or nothing where no hop is silent.
///
/// # Errors
/// The world cannot be built.
pub fn inside(file: &Path, work: &Path, deadline: &str, binary: &Path) -> Result<(), String> {
    let mut world = World::read(file)?;
    let args = &mut world.client.args;
    if let Some(at) = args.iter().position(|a| a == "--timeout") {
        args.drain(at..=at + 1);
    }
    args.extend(["--timeout".to_owned(), deadline.to_owned()]);
    let _servers = inside::build(&mut world, work)?;
    let capture = Capture::start()?;
    network::break_it(&world, work)?;
    let run = tool(binary, &world.client, work, &["--format", "json"])?;
    let sent = capture.stop()?.sent;
    let seconds: f64 = deadline.parse().map_err(|e| format!("{deadline}: {e}"))?;
    let beyond = run.took.as_secs_f64() - seconds;
    if beyond < -0.05 {
        return Ok(());
    }
    let report: serde_json::Value = serde_json::from_str(&run.stdout).map_err(|e| e.to_string())?;
    let cost = inside::self_cost(&report);
    let resolvers = report["evidence"]["dns"]["resolvers"].as_array().map_or(0, Vec::len);
    let further = u32::try_from(resolvers.saturating_sub(2)).unwrap_or(0);
    let budget = BUDGET.0 + BUDGET.1 * further;
    let wire = sent.segments + sent.datagrams;
    let mut marks = String::new();
    // A walk that gets through over a slow path waits for answers, not for a deadline.
    if beyond > BAR && report["verdict"]["state"] == "broken" {
        marks.push_str(" OVER-TIME");
    }
    if wire > budget {
        marks.push_str(" OVER-BUDGET");
    }
    if sent.nobody > 0 {
        marks.push_str(" (no neighbour: not all left this machine)");
    }
    if inside::cost_differs(cost, sent).is_some() {
        marks.push_str(" DIFFERS");
    }
    println!(
        "{:<34} {:>6} s {beyond:>+6.2}s {cost:>5} {wire:>5} {:>5} {budget:>6} {:>6}  {}{marks}",
        file.file_stem().unwrap_or_default().to_string_lossy(),
        deadline,
        sent.again + sent.after,
        sent.system,
        report["verdict"]["cause"].as_str().unwrap_or("-"),
    );
    Ok(())
}
