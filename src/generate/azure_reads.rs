//! The reads of Azure Resource Manager, and a role of these reads: parts of `docs/azure.md`.

use std::fmt::Write as _;

use crate::azure::allowed::{GRAPH_PATH, LISTED, READS, Row};
use crate::sorting;

/// The tables and the role, in Markdown.
#[must_use]
pub fn azure_reads() -> String {
    let mut text = String::from(
        "| question | read | version | right |\n\
         |---|---|---|---|\n",
    );
    let (path, version) = GRAPH_PATH.split_once("?api-version=").unwrap_or((GRAPH_PATH, ""));
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "| where ids are found: Resource Graph | POST `{path}` | {version} | `read` on what is \
         listed |"
    );
    for row in READS.iter().filter(|row| !row.is_effective) {
        line(&mut text, "GET", row);
    }
    text.push_str(
        "\nWith `--azure-effective`, also these computations, which change nothing and need rights \
         to\nactions:\n\n\
         | question | read | version | right |\n\
         |---|---|---|---|\n",
    );
    for row in READS.iter().filter(|row| row.is_effective) {
        line(&mut text, "POST", row);
    }
    text.push_str("\nA custom role of these reads and nothing else:\n\n```json\n");
    let reads = READS.iter().filter(|row| !row.is_effective).map(|row| row.action);
    let actions = sorting::set(reads.chain(LISTED.iter().copied()));
    text.push_str(
        "{\n  \"Name\": \"aoai-probe reader\",\n  \"IsCustom\": true,\n  \"Description\": \"The \
         reads of aoai-probe --azure\",\n  \"Actions\": [\n",
    );
    let lines: Vec<String> = actions.iter().map(|action| format!("    \"{action}\"")).collect();
    text.push_str(&lines.join(",\n"));
    text.push_str(
        "\n  ],\n  \"NotActions\": [],\n  \"AssignableScopes\": [\"/subscriptions/<subscription \
         id>\"]\n}\n```\n",
    );
    text
}

fn line(text: &mut String, method: &str, row: &Row) {
    let of = match row.of {
        "" => "subscriptions/<id>".to_owned(),
        "Microsoft.Network/privateDnsZones/A" => {
            "Microsoft.Network/privateDnsZones/<zone>/A/<name>".to_owned()
        }
        of => format!("{of}/<name>"),
    };
    let _ = writeln!(
        text,
        "| {} | {method} `{of}{}` | {} | `{}` |",
        row.question, row.below, row.version, row.action
    );
}
