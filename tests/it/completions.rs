//! Completions as real shells read them: bash, zsh and fish, each asked what it would offer.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::run;

/// Calls the function that the script registered, as bash calls it for a press of Tab.
const BASH: &str = r#"
script=$1; shift
source "$script"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
offers=$(complete -p aoai-probe) offers=${offers##*-F } offers=${offers%% *}
"$offers" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A zsh with a line editor, on a terminal of its own, in which Tab is pressed; what it would add
/// goes into a file.
const ZSH: &str = r#"
script=$1 offered=$2; shift 2
zmodload zsh/zpty
zpty inner 'TERM=dumb zsh -f -i'
zpty -w inner "PS1= PS2= RPS1=; autoload -Uz compinit; compinit -u -D; source ${(q)script}"
zpty -w inner "compadd() {
    local -a hits
    if [[ \" \$* \" != *' '-[OAD]' '* ]]; then
        builtin compadd -O hits \"\$@\"
        print -rl -- \$hits >>${(q)offered}
    fi
    builtin compadd \"\$@\"
}"
zpty -w inner "finish() { exit }; zle -N finish; bindkey '^I' complete-word; bindkey '^X' finish"
zpty -w -n inner "${(j: :)${(q)@[1,-2]}} ${(q)@[-1]:-}"$'\t\C-X'
while zpty -r inner line; do :; done
touch $offered
"#;

/// Fish has a builtin for it.
const FISH: &str =
    "source $argv[1]; complete -C (string join ' ' -- (string escape -- $argv[3..-2]) $argv[-1])";

/// What a shell offers for the last of these words.
fn offered(shell: &str, folder: &Path, words: &[&str]) -> Vec<String> {
    let script = folder.join(format!("script.{shell}"));
    fs::write(&script, run(&["generate", "completions", shell]).went_well()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_aoai-probe")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let list = folder.join("offered");
    let _ = fs::remove_file(&list);
    let mut command = Command::new(shell);
    command.env_clear().env("PATH", path).env("HOME", folder).stdin(Stdio::null());
    match shell {
        "bash" => command.args(["--norc", "-c", BASH, "bash"]).arg(&script),
        "zsh" => command.args(["-f", "-c", ZSH, "zsh"]).arg(&script).arg(&list),
        _ => command.args(["--no-config", "-c", FISH]).arg(&script).arg(&list),
    };
    let out = command.arg("aoai-probe").args(words).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.trim().is_empty(), "{shell} complains: {said}");
    let text = match shell {
        "zsh" => fs::read_to_string(&list).unwrap(),
        _ => String::from_utf8(out.stdout).unwrap(),
    };
    // Fish puts a description behind a tab.
    let mut offers: Vec<String> = text
        .lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    offers.sort();
    offers.dedup();
    offers
}

fn shells() -> Vec<&'static str> {
    let there = |shell: &&str| {
        let there = Command::new(shell).arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(there || std::env::var_os("CI").is_none(), "CI needs {shell} (.ci/packages)");
        if !there {
            eprintln!("skipped: {shell} is not installed");
        }
        there
    };
    ["bash", "zsh", "fish"].into_iter().filter(there).collect()
}

#[test]
fn names_of_an_inventory_are_offered_where_they_are_typed() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("targets.toml");
    let entry = |name: &str| format!("[[target]]\ntarget = \"myacct\"\nname = \"{name}\"\n");
    let text: String = ["prod-east", "prod-west", "spare"].map(entry).concat();
    fs::write(&inventory, text).unwrap();
    let file = inventory.display().to_string();
    for shell in shells() {
        let offers = |words: &[&str]| offered(shell, folder.path(), words);
        let all = ["prod-east", "prod-west", "spare"];
        assert_eq!(offers(&["check", "--config", &file, ""]), all, "{shell}");
        assert_eq!(offers(&["--config", &file, ""]), all, "{shell}");
        assert_eq!(offers(&["check", "--config", &file, "spare", "prod-"]), all[..2], "{shell}");
        assert_eq!(offers(&["history", "--config", &file, "sp"]), ["spare"], "{shell}");
        assert_eq!(offers(&["--config", &file, "--timeout", "2", "prod-w"]), ["prod-west"]);
        let option = offers(&["check", "--config", &file, "--dead"]);
        assert!(option.iter().any(|word| word.contains("--deadline")), "{shell}: {option:?}");
        let none = folder.path().join("none.toml").display().to_string();
        assert_eq!(offers(&["check", "--config", &none, "prod"]), [""; 0], "{shell}");
    }
}

#[test]
fn findings_services_credentials_and_commands_are_offered() {
    let folder = tempfile::tempdir().unwrap();
    for shell in shells() {
        for (words, wanted) in [
            (&["explain", "dns-zone-not"][..], "dns-zone-not-linked"),
            (&["explain", "identi"], "identity"),
            (&["check", "--credential", "workload"], "workload-identity"),
            (&["--service", "keyv"], "keyvault"),
            (&["generate", "man", "hist"], "history"),
            (&["generate", "completions", "fi"], "fish"),
            (&["check", "--expect", "priv"], "private"),
            (&["hist"], "history"),
        ] {
            let offers = offered(shell, folder.path(), words);
            assert!(offers.iter().any(|word| word == wanted), "{shell} {words:?}: {offers:?}");
        }
    }
}

#[test]
fn the_names_of_an_inventory_are_bounded_and_one_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("targets.toml");
    let entry = |n: usize| format!("[[target]]\ntarget = \"myacct\"\nname = \"t{n}\"\n");
    fs::write(&inventory, (0..1_000).map(entry).collect::<String>()).unwrap();
    let file = inventory.display().to_string();
    let names = |prefix: &str| {
        let prefix = format!("--prefix={prefix}");
        run(&["generate", "target-names", "--config", &file, &prefix]).went_well().to_owned()
    };
    assert_eq!(names("").lines().count(), aoai_probe::generate::completions::MOST_NAMES);
    assert_eq!(names("t999"), "t999\n");
    assert_eq!(names("nothing"), "");
    // Without a file it is the package's, which is not on a machine that builds.
    if !Path::new(aoai_probe::inventory::PACKAGED).exists() {
        run(&["generate", "target-names"]).refused(aoai_probe::inventory::PACKAGED);
    }
}
