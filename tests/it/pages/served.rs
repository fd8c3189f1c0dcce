//! The pages of `serve` in the same browser, from a server in which nothing but loopback is asked.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::browser::Browser;
use super::{DARK, LIGHT, PHONE, axe, judged_by_axe, keep, shows_all};
use crate::monitors::Running;
use crate::program::alone;

/// The resolver's port is closed, so that every walk ends at once.
const INVENTORY: &str = r#"
[defaults]
resolvers = ["127.0.0.1:9"]
labels = { team = "<b>ai" }
[[target]]
target = "myacct"
name = "no resolver"
[[target]]
target = "other"
name = "none-either"
[[target]]
target = "later"
name = "not-walked"
"#;

#[test]
fn chromium_and_axe_find_nothing_wrong_with_the_pages_of_serve() {
    let Some(mut browser) = Browser::start() else { return };
    let Some(axe) = axe() else { return };
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("targets.toml");
    std::fs::write(&inventory, INVENTORY).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_aoai-probe"));
    let Some(mut command) = alone(program, folder.path(), false) else { return };
    command.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(&inventory);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let errors = child.stderr.take().unwrap();
    let _running = Running(child);
    let mut lines = BufReader::new(errors).lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("http://")).expect("where it listens");
    let base = &line[line.find("http://").unwrap()..];
    let screenshots = std::env::var_os("AOAI_PROBE_SCREENSHOTS");
    // Walked before the pages are looked at.
    let broken = "target?name=no+resolver";
    browser.open(&format!("{base}probe?target=no+resolver"), LIGHT);
    browser.open(&format!("{base}probe?target=none-either"), LIGHT);
    for (name, path) in [
        ("serve-overview", ""),
        ("serve-target", broken),
        ("serve-not-walked", "target?name=not-walked"),
        ("serve-finding", "finding/dns-zone-not-linked"),
        ("serve-missing", "finding/no-such"),
    ] {
        for view in [LIGHT, DARK, PHONE] {
            let at = format!("{name}, {}", view.name);
            let (console, requests) = browser.open(&format!("{base}{path}"), view);
            // That the page is not there is for the console, too.
            assert!(console.is_empty() || name == "serve-missing", "{at}: {console:#?}");
            assert!(requests.iter().all(|url| url.starts_with(base)), "{at}: {requests:?}");
            if let Some(folder) = &screenshots {
                keep(&mut browser, Path::new(folder), name, view);
            }
            shows_all(&mut browser, &at, view);
            // A board of states reloads itself; there is nothing on it to fill in or to unfold.
            let without = if name == "serve-overview" { "meta-refresh" } else { "" };
            judged_by_axe(&mut browser, &axe, without, &at);
        }
    }
    browser.open(&format!("{base}{broken}"), LIGHT);
    let text = browser.evaluate("document.body.textContent");
    let text = text.as_str().unwrap();
    assert!(text.contains("team=<b>ai") && text.contains("BREAKS HERE"), "{text}");
}
