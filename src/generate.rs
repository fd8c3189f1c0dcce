//! What is made from the catalogues and the types: schema, index of findings, man page,
//! completions, files for Prometheus and Grafana. Everything here returns text; the caller writes it.

pub mod completions;
pub mod discovery;
pub mod man;
pub mod monitoring;

use std::fmt::Write as _;

use crate::diagnose::{RETIRED, rules};
use crate::evidence::Hop;
use crate::walk::experiments::{self, Intrusiveness};

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The schema could not be written as JSON.
    #[error("it cannot be written as JSON: {0}")]
    Schema(#[from] serde_json::Error),
    /// The man page could not be written.
    #[error("the man page cannot be written: {0}")]
    Man(#[from] std::io::Error),
    /// A generator's output is not UTF-8.
    #[error("the generated text is not UTF-8: {0}")]
    NotUtf8(#[from] std::string::FromUtf8Error),
}

/// The JSON schema of a report. A test holds that it is the one of the types; the program carries
/// the text alone, since what makes it weighs twice as much.
pub const SCHEMA: &str = include_str!("../docs/report.schema.json");

/// The index of findings: `docs/findings/README.md`.
#[must_use]
pub fn findings() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         Every finding that aoai-probe gives, by the hop of its cause. An id is stable for\n\
         ever: it is retired, never used again. `aoai-probe explain <id>` prints the same page.\n\n\
         Made by `cargo run -q -- generate findings`.\n",
    );
    for hop in Hop::ALL {
        let mut of_hop = rules::all().filter(|rule| rule.hop == hop).peekable();
        if of_hop.peek().is_none() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {}\n\n", hop.name());
        for rule in of_hop {
            let _ = writeln!(text, "* [{id}]({id}.md): {}", rule.title, id = rule.id);
        }
    }
    if !RETIRED.is_empty() {
        text.push_str("\n## Retired\n\n");
        for (id, since) in RETIRED {
            let _ = writeln!(text, "* {id}, since {since}");
        }
    }
    text
}

/// The table of counter-experiments: `docs/experiments.md`.
#[must_use]
pub fn experiments() -> String {
    let mut text = String::from(
        "# Counter-experiments\n\n\
         Where two causes look alike, the walk puts one more question to the network, with two\n\
         possible answers. An experiment is made only when its symptom is there, while the hop\n\
         is still silent, never in a healthy walk; it sends no secret. Those marked deep are\n\
         made with `--deep` alone: TTL-limited packets, unrelated names, unallocated addresses.\n\
         `--no-experiments` leaves all out.\n\n\
         Questions to one resolver leave 30 ms apart (closer where less than a second is left),\n\
         since resolvers and firewalls limit bursts. One that has no answer after two fifths of\n\
         its time is put once more, from a new port and with a new id, if the resolver has\n\
         answered anything at all. The numbers of packets below are without that repeat.\n\n\
         Made by `cargo run -q -- generate experiments`.\n\n\
         | experiment | when | question | packets at most |\n\
         |---|---|---|---|\n",
    );
    for entry in experiments::catalogue() {
        let when: Vec<&str> = entry.due.iter().map(|symptom| symptom.words()).collect();
        let deep = if entry.intrusiveness == Intrusiveness::Deep { " (deep)" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {}{deep} | {} | {} | {} |",
            entry.id,
            when.join("; "),
            entry.question,
            entry.packets
        );
    }
    text.push_str(
        "\n## What proves what\n\n\
         | cause | experiment | the answer that proves it |\n\
         |---|---|---|\n",
    );
    for entry in experiments::catalogue() {
        for (finding, answer) in entry.proves {
            let _ =
                writeln!(text, "| [{finding}](findings/{finding}.md) | {} | {answer} |", entry.id);
        }
    }
    text
}

/// The man page of a command, in roff.
///
/// # Errors
///
/// [`GenerateError::Man`] and [`GenerateError::NotUtf8`].
pub fn man(command: clap::Command) -> Result<String, GenerateError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}
