//! Defaults of `watch` and `serve` are written once, in `src/inventory/settings.rs`. The pages,
//! `--help` and the package's files name them too, and must agree.

use std::fs;

use aoai_probe::args::Cli;
use aoai_probe::inventory::{self, Inventory, ServeSettings, WatchSettings};
use clap::CommandFactory;

use crate::fixtures::root;

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn assert_names(file: &str, values: &[String]) {
    let text = text(file);
    for value in values {
        assert!(text.contains(value), "{file} does not name {value:?}");
    }
}

/// A time as an inventory writes it: `2m`.
fn time(time: std::time::Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// Confirmation and limits of an inventory that shows the defaults.
fn assert_shows_defaults(file: &str, shown: &Inventory) {
    let (watch, serve) = (WatchSettings::default(), ServeSettings::default());
    let settings = |watch: &WatchSettings| {
        (
            (watch.walks, watch.bad, watch.within, watch.good_again),
            (watch.unstable_changes, watch.unstable_within),
            (watch.keep, watch.keep_bytes, watch.heartbeat_every),
        )
    };
    assert_eq!(settings(&shown.watch), settings(&watch), "{file}");
    assert_eq!((shown.serve.listen, shown.serve.refresh), (serve.listen, serve.refresh), "{file}");
    assert!(shown.entries.iter().all(|entry| entry.interval == inventory::INTERVAL), "{file}");
}

#[test]
fn the_pages_name_the_defaults() {
    let (watch, serve) = (WatchSettings::default(), ServeSettings::default());
    let days = inventory::CERTIFICATE_DAYS.map(|days| days.to_string());
    assert_names(
        "docs/watch.md",
        &[
            format!("| {} of {} |", watch.bad, watch.walks),
            format!("`confirm = {{ walks = {}, bad = {} }}`", watch.walks, watch.bad),
            format!("`confirm = {{ within = \"{}\" }}`", time(watch.within)),
            format!("`good_again = {}`", watch.good_again),
            format!(
                "`unstable = {{ changes = {}, within = \"{}\" }}`",
                watch.unstable_changes,
                time(watch.unstable_within)
            ),
            format!("{}, {} and {} days", days[0], days[1], days[2]),
            format!("`keep_days` ({})", watch.keep.as_secs() / 86_400),
            format!("`keep_megabytes` ({}, ", watch.keep_bytes >> 20),
        ],
    );
    assert_names(
        "docs/serve.md",
        &[
            format!("`{}`", serve.listen),
            format!("`[serve] concurrency`, {} |", serve.concurrency),
            format!("`[serve] queue`, {};", serve.queue),
            format!("`[serve] refresh` (`\"{}\"`;", time(serve.refresh.unwrap())),
        ],
    );
}

#[test]
fn an_inventory_that_is_shown_has_the_defaults() {
    let page = text("docs/inventory.md");
    let shown = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_shows_defaults("docs/inventory.md", &inventory::read(shown).unwrap());
    // A comment that a user may open has no space behind its mark.
    let packaged = text("packaging/deb/targets.toml");
    let opened: Vec<&str> = packaged
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .collect();
    let opened = inventory::read(&opened.join("\n")).unwrap();
    assert_shows_defaults("packaging/deb/targets.toml", &opened);
}

#[test]
fn help_and_packages_name_the_address() {
    let listen = ServeSettings::default().listen;
    let mut program = Cli::command();
    let serve = program.find_subcommand_mut("serve").unwrap();
    assert!(serve.render_long_help().to_string().contains(&listen.to_string()));
    assert_names("packaging/systemd/aoai-probe-serve.service", &[listen.to_string()]);
    let port = listen.port();
    assert_names("packaging/container/Containerfile", &[format!("EXPOSE {port}\n")]);
    assert_names("packaging/kubernetes/daemonset.yaml", &[format!("containerPort: {port}\n")]);
}
