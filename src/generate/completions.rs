//! Completions: clap's for the command line, with the values of positional arguments in every
//! shell, and the names of an inventory's targets, which the shell gets from the program itself.

use std::fmt::Write as _;

use clap::{Arg, Command};
use clap_complete::Shell;

use super::GenerateError;
use crate::inventory::{Inventory, PACKAGED};
use crate::sorting;

/// Most names that a completion offers. A longer list fills the screen and does not help.
pub const MOST_NAMES: usize = 200;

/// The names of the targets that begin with `prefix`, one a line, at most [`MOST_NAMES`]. Names
/// that a shell would split are omitted.
#[must_use]
pub fn names(inventory: &Inventory, prefix: &str) -> String {
    let fits = |name: &&str| name.starts_with(prefix) && !name.contains(char::is_whitespace);
    let names = inventory.entries.iter().map(|entry| entry.name.as_str()).filter(fits);
    names.take(MOST_NAMES).map(|name| format!("{name}\n")).collect()
}

/// The completions of a command for a shell.
///
/// # Errors
///
/// [`GenerateError::NotUtf8`].
pub fn completions(command: &mut Command, shell: Shell) -> Result<String, GenerateError> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, command, name, &mut script);
    let script = String::from_utf8(script)?;
    let own = |text: &str| text.replace("@INVENTORY@", PACKAGED);
    Ok(match shell {
        Shell::Bash => {
            let values = with_value(command).join(" ");
            // clap_complete 4.6 writes the hyphen of the program's name in two ways, so that no
            // command would be found.
            let script = script.replace("aoai__subcmd__probe", "aoai__probe");
            script + &own(include_str!("completions/bash")).replace("@VALUES@", &values)
        }
        Shell::Zsh => {
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            zsh(&script, &own(include_str!("completions/zsh")), &names.join("|"))
        }
        Shell::Fish => {
            let mut script = fish(&script);
            positional(&mut script, command, &[]);
            script + &own(include_str!("completions/fish"))
        }
        _ => script,
    })
}

/// The options of all commands that take a value, as they are typed.
fn with_value(command: &Command) -> Vec<String> {
    let mut options: Vec<String> = Vec::new();
    for option in command.get_opts() {
        options.extend(option.get_long().map(|long| format!("--{long}")));
        options.extend(option.get_short().map(|short| format!("-{short}")));
    }
    options.extend(command.get_subcommands().flat_map(with_value));
    sorting::ascending(&mut options);
    options.dedup();
    options
}

/// Inserts our own functions into the script of zsh where clap offers files. It also takes the
/// first word for a target and the second for the command, so that no command would be found.
fn zsh(script: &str, functions: &str, commands: &str) -> String {
    let mut out = String::new();
    for line in script.lines() {
        let action = match line {
            _ if line.starts_with("'::targets -- ") => continue,
            _ if line.starts_with("'*::targets -- ") => "_aoai-probe_names check",
            _ if line.starts_with("'::name -- ") => "_aoai-probe_names history",
            _ if line.starts_with("'--config=[") => "_aoai-probe_inventories",
            _ => "",
        };
        if line.starts_with("if [ \"$funcstack[1]\"") {
            out.push_str(functions);
        }
        let line = line.replace("$line[2]", "$line[1]");
        let line = line.replace("\":: :_aoai-probe_commands\"", "\":: :_aoai-probe_first\"");
        match line.strip_suffix(":_default' \\").filter(|_| !action.is_empty()) {
            // Writing to a String cannot fail.
            Some(start) => drop(writeln!(out, "{start}:{action}' \\")),
            None => drop(writeln!(out, "{line}")),
        }
        if line.trim() == "(aoai-probe)" {
            // The command's own call of _arguments forgets what this one has read. Where the first
            // word is a target, so are the others.
            let other = "_aoai-probe_names check; return";
            out.push_str("        local -A given=(\"${(@kv)opt_args}\")\n");
            let _ = writeln!(out, "        [[ $line[1] == ({commands}) ]] || {{ {other}; }}");
        }
    }
    out
}

/// Offers no command behind --config, where a word is a name. An option without its value, which
/// is what is being typed, makes clap's function fail: it then reads the words before it.
fn fish(script: &str) -> String {
    let first = "-n \"__fish_aoai_probe_needs_command";
    let read = "argparse -s (__fish_aoai_probe_global_optspecs) --";
    script
        .replace(
            &format!("{first}\" -a"),
            &format!("{first}; and not __fish_aoai_probe_of_inventory\" -f -a"),
        )
        .replace(
            &format!("{read} $cmd 2>/dev/null\n"),
            &format!("{read} $cmd 2>/dev/null\n    or {read} $cmd[1..-2] 2>/dev/null\n"),
        )
}

/// Adds the values of positional arguments to fish's script: clap omits them.
fn positional(script: &mut String, command: &Command, above: &[&str]) {
    for argument in command.get_positionals() {
        let condition = match above {
            [] => continue,
            [command] => format!("__fish_aoai_probe_using_subcommand {command}"),
            [command, rest @ ..] => format!(
                "__fish_aoai_probe_using_subcommand {command}; and __fish_seen_subcommand_from {}",
                rest.join(" ")
            ),
        };
        let values = values(argument);
        if !values.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(
                script,
                "complete -c aoai-probe -n \"{condition}\" -f -a \"{}\"",
                values.join(" ")
            );
        }
    }
    for below in command.get_subcommands() {
        positional(script, below, &[above, &[below.get_name()]].concat());
    }
}

fn values(argument: &Arg) -> Vec<String> {
    let values = argument.get_possible_values();
    values.iter().map(|value| value.get_name().to_owned()).collect()
}
