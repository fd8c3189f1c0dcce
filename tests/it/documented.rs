//! What the documentation says of the command line is so: each command of it that is printed
//! anywhere is one that the program reads, and each option that is named exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aoai_probe::args::Cli;
use clap::{CommandFactory, Parser};

use crate::fixtures::root;

/// Options of other programs that the texts name by themselves.
const OTHERS: &[&str] = &[
    // cargo, Docker, az, azd, kubectl
    "--no-default-features",
    "--read-only",
    "--network",
    "--dns",
    "--ip-address",
    "--vnet-name",
    "--tenant",
    "--tenant-id",
    "--no-prompt",
    "--scope",
    "--from-literal",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

/// README, documentation, units and manifests, each with its text.
fn texts() -> Vec<(String, String)> {
    let mut found = vec![root().join("README.md")];
    for folder in ["docs", "packaging"] {
        files(&root().join(folder), &mut found);
    }
    let text = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let is_read = !name.ends_with(".json") && !name.ends_with("changelog");
        is_read.then_some((name, text))
    };
    found.into_iter().filter_map(text).collect()
}

/// Code spans of Markdown, each on one line.
fn spans(text: &str) -> Vec<String> {
    let flowing = text.split("\n\n").filter(|part| !part.starts_with("    "));
    let odd = |part: &str| -> Vec<String> {
        let joined = part.replace("\n", " ");
        joined.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    flowing.flat_map(odd).collect()
}

/// Lines that begin with the program: of code blocks, of units, of scripts.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let begins = |line: &str| {
        let line = line.trim_start().trim_start_matches("#   ").trim_start_matches("$ ");
        let line = line.strip_prefix("ExecStart=/usr/bin/").unwrap_or(line);
        line.starts_with("aoai-probe ").then(|| line.to_owned())
    };
    text.lines()
        .filter(|line| line.starts_with("    ") || line.contains("ExecStart="))
        .filter_map(begins)
        .collect()
}

/// A command line up to what another program or the shell does with it, word by word.
fn words(command: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in command.split_whitespace() {
        if matches!(word, "|" | ">" | ">>" | "2>&1" | "&&" | "||" | ";" | "#" | "&" | "<")
            || word.starts_with("2>")
            || word.starts_with('#')
        {
            break;
        }
        let ends = word.ends_with(';');
        words.push(word.trim_end_matches([';', ',']).trim_matches(['"', '\'']).to_owned());
        if ends {
            break;
        }
    }
    words
}

#[test]
fn each_command_that_is_documented_is_read() {
    let mut read = 0;
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        let markdown = if name.ends_with(".md") { spans(&text) } else { Vec::new() };
        for command in markdown.into_iter().chain(lines(&text)) {
            // What stands for something, or goes on.
            let shown = command.contains("...") || command.contains(" [") || command.contains('{');
            if !command.starts_with("aoai-probe ") || shown {
                continue;
            }
            // What it is for, in a column of its own, is no part of it.
            let command = command.replace("<account>", "myacct").replace("<target>", "myacct");
            let words = words(command.split("  ").next().unwrap_or_default());
            // A sentence about the program in a block of output, and what is to be filled in.
            if words.iter().any(|word| word.starts_with(['(', '<'])) {
                continue;
            }
            read += 1;
            if let Err(error) = Cli::try_parse_from(&words)
                && error.use_stderr()
            {
                let message = error.to_string();
                let message = message.lines().next().unwrap_or_default().to_owned();
                wrong.push(format!("{name}: {}: {message}", words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 40, "only {read} commands were found");
}

#[test]
fn each_option_that_is_named_exists() {
    fn options(command: &clap::Command, into: &mut BTreeSet<String>) {
        into.extend(
            command
                .get_opts()
                .chain(command.get_arguments())
                .filter_map(|option| option.get_long())
                .map(|long| format!("--{long}")),
        );
        for below in command.get_subcommands() {
            options(below, into);
        }
    }
    let mut known: BTreeSet<String> = ["--help".into(), "--version".into()].into();
    options(&Cli::command(), &mut known);
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        for span in spans(&text) {
            let option = span.split([' ', '=']).next().unwrap_or_default();
            let named = option.starts_with("--") && option.len() > 2;
            if named && !known.contains(option) && !OTHERS.contains(&option) {
                wrong.push(format!("{name}: {option}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_variable_that_app_reads_is_in_its_page() {
    let page = fs::read_to_string(root().join("docs/app.md")).unwrap();
    for variable in aoai_probe::application::VARIABLES {
        assert!(page.contains(&format!("`{}`", variable.name)), "{}", variable.name);
    }
}
