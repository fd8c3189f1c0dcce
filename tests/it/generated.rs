//! Generated files are fresh; a failure names the command that refreshes the file.

use aoai_probe::inventory::document::Document;
use aoai_probe::report::Report;
use aoai_probe::{diagnose, generate};
use clap::{Arg, Command};
use clap_complete::Shell;

use crate::fixtures::{assert_file, root};

/// JSON with a line for each keyword of the schema and each definition: the program carries these
/// bytes, and indentation would be two fifths of them.
fn a_definition_a_line(schema: &serde_json::Value) -> String {
    let lines = |value: &serde_json::Value, inner: &dyn Fn(&str, &serde_json::Value) -> String| {
        let entries = value.as_object().unwrap().iter();
        let lines = entries.map(|(key, value)| format!("{key:?}: {}", inner(key, value)));
        format!("{{\n{}\n}}", lines.collect::<Vec<_>>().join(",\n"))
    };
    lines(schema, &|key, value| match key {
        "$defs" => lines(value, &|_, definition| definition.to_string()),
        _ => value.to_string(),
    })
}

/// The schema of a type, as the file beside it has it.
fn schema_file(name: &str, schema: &schemars::Schema) {
    let text = a_definition_a_line(schema.as_value()) + "\n";
    let refresh = "UPDATE_SNAPSHOTS=1 cargo test --test it generated";
    assert_file(&root().join("docs").join(name), &text, refresh);
}

#[test]
fn the_schemas_are_those_of_the_types() {
    schema_file("report.schema.json", &schemars::schema_for!(Report));
    schema_file("inventory.schema.json", &schemars::schema_for!(Document));
}

#[test]
fn the_inventories_of_the_documentation_are_some() {
    for page in ["inventory.md", "monitoring.md", "deploy.md"] {
        let text = std::fs::read_to_string(root().join("docs").join(page)).unwrap();
        let example = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        aoai_probe::inventory::read(example.expect("an example")).unwrap();
    }
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
fn the_table_of_services_is_fresh() {
    assert_file(
        &root().join("docs/services.md"),
        &generate::services::services(),
        "cargo run -q -- generate services > docs/services.md",
    );
}

#[test]
fn the_reads_of_azure_are_fresh() {
    let path = root().join("docs/azure.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- generate azure-reads -->\n", "<!-- end -->\n");
    let (before, rest) = page.split_once(begin).expect("the beginning of the generated part");
    let (_, after) = rest.split_once(end).expect("its end");
    assert_file(
        &path,
        &format!("{before}{begin}\n{}\n{end}{after}", generate::azure_reads::azure_reads()),
        "UPDATE_SNAPSHOTS=1 cargo test --test it generated",
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
        let script = generate::completions::completions(&mut command, shell).unwrap();
        assert!(script.contains("resolver"), "{shell}");
    }
}
