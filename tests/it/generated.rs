//! Generated files are fresh; a failure names the command that refreshes the file.

use aoai_probe::{diagnose, generate};
use clap::{Arg, Command};
use clap_complete::Shell;

use crate::fixtures::{assert_file, root};

#[test]
fn the_schema_is_fresh() {
    assert_file(
        &root().join("docs/report.schema.json"),
        &generate::schema().unwrap(),
        "cargo run -q -- generate schema > docs/report.schema.json",
    );
}

#[test]
fn the_inventory_s_schema_is_fresh() {
    assert_file(
        &root().join("docs/inventory.schema.json"),
        &generate::inventory_schema().unwrap(),
        "cargo run -q -- generate inventory-schema > docs/inventory.schema.json",
    );
}

#[test]
fn the_inventory_of_the_documentation_is_one() {
    let page = std::fs::read_to_string(root().join("docs/inventory.md")).unwrap();
    let mut examples =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let first = examples.next().expect("an example");
    aoai_probe::inventory::read(first).unwrap();
}

#[test]
fn the_index_of_findings_is_fresh() {
    let index = generate::findings();
    for rule in diagnose::rules::all() {
        assert!(index.contains(&format!("({}.md)", rule.id)), "{} is not listed", rule.id);
    }
    assert_file(
        &root().join("docs/findings/README.md"),
        &index,
        "cargo run -q -- generate findings > docs/findings/README.md",
    );
}

#[test]
fn the_table_of_experiments_is_fresh() {
    assert_file(
        &root().join("docs/experiments.md"),
        &generate::experiments(),
        "cargo run -q -- generate experiments > docs/experiments.md",
    );
}

#[test]
fn the_table_of_metrics_is_fresh() {
    assert_file(
        &root().join("docs/metrics.md"),
        &generate::monitoring::metrics_table(),
        "cargo run -q -- generate metrics > docs/metrics.md",
    );
}

#[test]
fn a_command_gives_man_page_and_completions() {
    let mut command = Command::new("aoai-probe").arg(Arg::new("resolver").long("resolver"));
    assert!(generate::man(command.clone()).unwrap().contains("resolver"));
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        let script = generate::completions(&mut command, shell).unwrap();
        assert!(script.contains("resolver"), "{shell}");
    }
}
