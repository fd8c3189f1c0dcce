//! Suggestions for likely mistakes: words in place of a target, and options of other tools.

use std::path::Path;

use crate::evidence::text::repeatable;
use crate::target::COMMANDS;

/// Words for something that this tool calls differently.
const WORDS: &[(&str, &str)] = &[
    ("version", "aoai-probe --version"),
    ("run", "aoai-probe check --config FILE, or a target alone"),
    ("test", "aoai-probe check --config FILE, or a target alone"),
    ("scan", "aoai-probe check --config FILE, or a target alone"),
    ("probe", "aoai-probe check --config FILE, or a target alone"),
    ("ping", "aoai-probe check --config FILE, or a target alone"),
    ("doctor", "aoai-probe check --config FILE, or a target alone"),
    ("monitor", "aoai-probe watch --config FILE"),
    ("daemon", "aoai-probe watch --config FILE"),
    ("exporter", "aoai-probe serve --config FILE"),
    ("server", "aoai-probe serve --config FILE"),
    ("start", "aoai-probe watch --config FILE"),
    ("list", "aoai-probe explain lists the findings, history the incidents"),
    ("incidents", "aoai-probe history"),
    ("findings", "aoai-probe explain"),
    ("man", "aoai-probe generate man"),
    ("completion", "aoai-probe generate completions SHELL"),
    ("completions", "aoai-probe generate completions SHELL"),
    ("schema", "aoai-probe generate schema"),
    ("config", "aoai-probe check --config FILE"),
    ("report", "aoai-probe diagnose REPORT.json"),
    ("judge", "aoai-probe diagnose REPORT.json"),
    ("diff", "aoai-probe compare A.json B.json"),
    ("validate", "aoai-probe check --config FILE --plan"),
    ("plan", "aoai-probe --plan TARGET"),
];

/// Extensions of files, and the option that takes such a file. None is a top-level domain.
const ENDINGS: &[(&str, &str)] = &[
    (".toml", "aoai-probe check --config"),
    (".json", "aoai-probe diagnose"),
    (".jsonl", "aoai-probe diagnose"),
    (".db", "aoai-probe history --history"),
    (".sqlite", "aoai-probe history --history"),
    (".pem", "aoai-probe TARGET --ca-file"),
    (".crt", "aoai-probe TARGET --ca-file"),
    (".cer", "aoai-probe TARGET --ca-file"),
    (".key", "aoai-probe TARGET --api-key-file"),
    (".txt", ""),
    (".yaml", ""),
    (".yml", ""),
    (".xml", ""),
    (".csv", ""),
    (".log", ""),
    (".conf", ""),
    (".cfg", ""),
    (".ini", ""),
    (".env", ""),
];

/// Options of other tools, and their equivalents.
const OPTIONS: &[(&[&str], &str)] = &[
    (&["--json"], "--format json"),
    (&["--yaml", "--xml", "--csv", "--table"], "--format takes human, json, json-lines and more"),
    (&["--junit"], "--format junit"),
    (&["--nagios"], "--format nagios"),
    (&["--prometheus", "--metrics"], "--format prometheus, or aoai-probe serve"),
    (
        &[
            "-k",
            "--insecure",
            "--no-verify",
            "--no-check-certificate",
            "--skip-verify",
            "--ssl-no-verify",
            "--allow-insecure",
            "--tls-skip-verify",
            "--insecure-skip-verify",
        ],
        "certificates are always verified: --ca-file adds a root, --trust system uses this \
         machine's store",
    ),
    (&["--cacert", "--ca", "--ca-bundle", "--cafile", "--ca-cert"], "--ca-file PEM"),
    (&["-p", "-P", "--port"], "append the port to the name: myacct.openai.azure.com:8443"),
    (
        &["--key", "--api-key", "--apikey", "--subscription-key"],
        "a key is never given on the command line: use AZURE_OPENAI_API_KEY or --api-key-file FILE",
    ),
    (
        &["--token", "--bearer", "--access-token"],
        "a token is never given on the command line: use AZURE_OPENAI_AD_TOKEN or --token-file FILE",
    ),
    (
        &["--user", "-u", "--password", "--secret", "--client-secret"],
        "a secret is never given on the command line: --credential SOURCE takes it from the environment",
    ),
    (&["--tenant", "--tenant-id"], "AZURE_TENANT_ID in the environment"),
    (&["--client-id"], "--identity ID for a managed identity, else AZURE_CLIENT_ID"),
    (&["--debug", "--trace", "-vv", "-vvv", "--verbosity", "-d"], "-v shows all evidence"),
    (&["--silent", "-s"], "-q"),
    (
        &["--url", "--endpoint", "--host", "--hostname", "--target", "--account", "--name", "-n"],
        "give the target without an option: aoai-probe myacct",
    ),
    (&["--header", "-H", "--data", "-X", "--method"], "the calls are fixed: --plan shows them"),
    (&["--proxy-user", "-U", "--proxy-auth"], "a URL with the password in HTTPS_PROXY"),
    (&["-x", "--http-proxy", "--https-proxy"], "--proxy URL"),
    (&["--no-proxy", "--noproxy"], "--proxy none"),
    (&["--dns", "--nameserver", "--dns-server", "--server"], "--resolver IP"),
    (&["--resolve", "--ip", "--address"], "--connect-to HOST:PORT:ADDRESS:PORT"),
    (&["--model", "--deployment-name"], "--deployment NAME"),
    (&["-f", "--file", "-c", "--inventory", "--targets"], "--config FILE"),
    (&["--out", "--output-file", "-O"], "--output FILE"),
    (&["-m", "--max-time", "--connect-timeout", "-t", "-w"], "--timeout SECONDS"),
    (&["-4", "-6", "--ipv4", "--ipv6"], "both families are always asked"),
    (&["--no-color", "--no-colour", "--colour"], "--color never"),
    (&["-V"], "--version"),
    (&["--dry-run"], "--plan"),
    (&["--interval", "--every", "--loop", "--follow"], "aoai-probe watch --config FILE"),
    (&["--listen"], "aoai-probe serve --config FILE --listen ADDRESS:PORT"),
    (&["--retry", "--retries", "--count"], "a check runs once: aoai-probe watch repeats it"),
    (&["--traceroute", "--trace-route", "--mtr"], "--deep"),
];

/// Whether a word is a command's name.
pub(super) fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word)
}

/// The equivalent of another tool's option; clap gives the option with its value.
pub(super) fn option(typed: &str) -> Option<&'static str> {
    let name = typed.split(['=', ':', ' ']).next().unwrap_or(typed);
    OPTIONS.iter().find(|(names, _)| names.contains(&name)).map(|(_, has)| *has)
}

/// Checks whether a word in place of a target was probably meant as something else.
///
/// # Errors
///
/// The suggestion.
pub(super) fn target(word: &str) -> Result<(), String> {
    let word = word.trim();
    if let Some((_, meant)) = WORDS.iter().find(|(known, _)| *known == word) {
        return Err(format!(
            "`{word}` is not checked: did you mean `{meant}`? {}",
            by_full_name(word)
        ));
    }
    if let Some(command) = near_command(word) {
        return Err(format!(
            "`{word}` is not checked: did you mean the command `aoai-probe {command}`? {}",
            by_full_name(word)
        ));
    }
    let lower = word.to_ascii_lowercase();
    let ending = ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending));
    let bare = !word.contains("://");
    let shown = repeatable(word.rsplit(['/', '\\']).next().unwrap_or(word));
    match ending {
        Some((_, "")) if bare => Err(format!("`{shown}` is the name of a file, not of a target")),
        Some((_, takes)) if bare => Err(format!(
            "`{shown}` is the name of a file, not of a target: did you mean `{takes} {shown}`?"
        )),
        _ if bare && word.contains(['.', '/', '\\']) && Path::new(word).is_file() => {
            Err(format!("`{shown}` is a file in this directory, not a target"))
        }
        _ => Ok(()),
    }
}

fn by_full_name(word: &str) -> String {
    format!("For an account of that name, use {word}.openai.azure.com")
}

/// The command that a word is a likely typo of. Names with digits or hyphens are rather accounts.
pub(super) fn near_command(word: &str) -> Option<&'static str> {
    if !word.chars().all(|c| c.is_ascii_lowercase()) || COMMANDS.contains(&word) {
        return None;
    }
    let near = |command: &&&str| {
        let typos = strsim::osa_distance(command, word);
        // Two typos in a short word, or another first letter, make another word.
        let most = match command.len() {
            ..4 => 0,
            4..6 => 1,
            _ => 2,
        };
        word.starts_with(&command[..1]) && typos <= most
    };
    COMMANDS.iter().filter(|command| **command != "help").find(near).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typos_words_and_files_get_a_suggestion() {
        for (word, meant) in [
            ("histroy", "aoai-probe history"),
            ("chekc", "aoai-probe check"),
            ("wach", "aoai-probe watch"),
            ("explian", "aoai-probe explain"),
            ("version", "aoai-probe --version"),
            ("targets.toml", "check --config targets.toml"),
            ("/etc/aoai-probe/Targets.TOML", "check --config Targets.TOML"),
            ("report.json", "diagnose report.json"),
            ("root.pem", "--ca-file root.pem"),
            ("notes.txt", "is the name of a file"),
            ("Cargo.lock", "is a file in this directory"),
        ] {
            let message = target(word).unwrap_err();
            assert!(message.contains(meant), "{word}: {message}");
        }
    }

    #[test]
    fn accounts_and_hosts_are_checked() {
        for name in [
            "myacct",
            "check2",
            "watch-prod",
            "catch",
            "aoai",
            "prod",
            "serverless",
            "version.openai.azure.com",
            "https://myacct.openai.azure.com/report.json",
            "gateway.corp.example",
            "10.3.0.5",
        ] {
            assert_eq!(target(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn options_of_other_tools_are_known_with_their_values() {
        assert_eq!(option("--json"), Some("--format json"));
        assert!(option("--insecure").is_some_and(|has| has.contains("--ca-file")));
        assert!(option("--port=8443").is_some() && option("--apikey:x").is_some());
        assert!(option("-k").is_some());
        assert_eq!(option("--no-such-option"), None);
    }
}
