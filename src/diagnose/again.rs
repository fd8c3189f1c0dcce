//! The only builder of commands that repeat a walk, for `check:` and for what would decide.
//!
//! A report may come from another machine, or from an attacker: each word is quoted, and an option
//! that no walk has is omitted.

use crate::evidence::dns::ResolverRole;
use crate::evidence::{Evidence, Trust};

/// Options that a walk may have been given. `--output` is not one of them: a report must not
/// make its reader write a file.
const OPTIONS: &[&str] = &[
    "--resolver",
    "--connect-to",
    "--service",
    "--backend",
    "--credential",
    "--api-key-file",
    "--token-file",
    "--assertion-file",
    "--identity",
    "--deployment",
    "--api-version",
    "--trust",
    "--ca-file",
    "--proxy",
    "--direct",
    "--no-experiments",
    "--deep",
    "--timeout",
    "--deadline",
    "--expect",
];

/// Options of which a walk takes one, or that contradict each other.
const ONE_OF: &[&[&str]] = &[
    &["--credential", "--api-key-file", "--token-file", "--assertion-file", "--identity"],
    &["--deep", "--no-experiments"],
];

/// The command that repeats this walk with all that it was given.
#[must_use]
pub fn again(e: &Evidence) -> String {
    command(e, &options(e))
}

/// [`again`] with another option, e.g. `--deep` or `--trust system`, in place of those that it
/// contradicts.
#[must_use]
pub fn again_with(e: &Evidence, option: &str) -> String {
    let mut options = options(e);
    let option = option.replacen(' ', "=", 1);
    let name = name(&option).to_owned();
    let others = ONE_OF.iter().find(|group| group.contains(&name.as_str()));
    options.retain(|given| {
        let given = self::name(given);
        given != name && others.is_none_or(|others| !others.contains(&given))
    });
    options.push(option);
    command(e, &options)
}

/// [`again`] without an option.
#[must_use]
pub fn again_without(e: &Evidence, option: &str) -> String {
    let mut options = options(e);
    options.retain(|given| name(given) != option);
    command(e, &options)
}

/// The walk to another host in the same way: with the resolvers, proxy and roots of this one.
#[must_use]
pub fn again_at(e: &Evidence, target: &str) -> String {
    // The backend is that of this walk's target.
    let options = e.options.repeat.options.iter().filter(|given| name(given) != "--backend");
    line("aoai-probe", target, &options.cloned().collect::<Vec<_>>())
}

/// What this walk was given.
fn options(e: &Evidence) -> Vec<String> {
    let repeat = &e.options.repeat;
    match &repeat.inventory {
        Some(target) => target.options.clone(),
        None if repeat.options.is_empty() => as_asked(e),
        None => repeat.options.clone(),
    }
}

/// The same for a report of an older version, as far as it can be read.
fn as_asked(e: &Evidence) -> Vec<String> {
    let given = e.dns.resolvers.iter().filter(|r| r.role == ResolverRole::Given);
    let given = given.map(|r| format!("--resolver={}", r.label()));
    let deployment = e.options.deployment.iter().map(|name| format!("--deployment={name}"));
    let trust = (e.options.trust == Trust::System).then(|| "--trust=system".to_owned());
    let roots = e.options.ca_file.iter().map(|path| format!("--ca-file={path}"));
    let expect = e.options.expect.as_option().map(|value| format!("--expect={value}"));
    given.chain(deployment).chain(trust).chain(roots).chain(expect).collect()
}

/// Options as people type them, each with a blank before it.
#[must_use]
pub fn command_options(options: &[String]) -> String {
    options.iter().filter_map(|option| shown(option)).collect()
}

fn command(e: &Evidence, options: &[String]) -> String {
    match &e.options.repeat.inventory {
        Some(target) => {
            let program = format!("aoai-probe check --config {}", word(&target.file));
            line(&program, &target.name, options)
        }
        None => line("aoai-probe", &e.target.input, options),
    }
}

fn line(program: &str, target: &str, options: &[String]) -> String {
    let options = command_options(options);
    match target.starts_with('-') {
        true => format!("{program}{options} -- {}", word(target)),
        false => format!("{program} {}{options}", word(target)),
    }
}

fn name(option: &str) -> &str {
    option.split('=').next().unwrap_or_default()
}

/// An option as people type it, with a blank before it.
fn shown(option: &str) -> Option<String> {
    OPTIONS.contains(&name(option)).then(|| match option.split_once('=') {
        None => format!(" {option}"),
        // What begins with a hyphen would be read as an option of its own.
        Some((name, value)) if value.len() > 1 && value.starts_with('-') => {
            format!(" {name}={}", word(value))
        }
        Some((name, value)) => format!(" {name} {}", word(value)),
    })
}

/// A word of a command line that people copy into a shell, quoted where the shell would interpret
/// it: it may come from the network, or from another party's report.
#[must_use]
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@%+=,".contains(c);
    let inert =
        text == "-" || !text.is_empty() && !text.starts_with('-') && text.chars().all(plain);
    // A placeholder such as `<group>` is for people, and stays as it is.
    let inside = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let blank =
        inside.is_some_and(|i| i.chars().all(|c| c.is_ascii_alphanumeric() || " -.".contains(c)));
    if inert || blank { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::repeat::{InInventory, Repeat};

    fn evidence(options: &[&str]) -> Evidence {
        let base = include_str!("../../fixtures/bases/private.json");
        let report: serde_json::Value = serde_json::from_str(base).unwrap();
        let evidence = report.get("evidence").cloned().unwrap_or(report);
        let mut e: Evidence = serde_json::from_value(evidence).unwrap();
        e.target.input = "myacct".to_owned();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        e.options.repeat = Repeat { options, inventory: None };
        e
    }

    #[test]
    fn everything_that_a_walk_was_given_is_in_the_command() {
        let e = evidence(&["--api-key-file=/run/my key", "--deep", "--expect=private"]);
        assert_eq!(
            again(&e),
            "aoai-probe myacct --api-key-file '/run/my key' --deep --expect private"
        );
        assert_eq!(
            again_with(&e, "--credential azure-cli"),
            "aoai-probe myacct --deep --expect private --credential azure-cli"
        );
        assert_eq!(
            again_with(&e, "--no-experiments"),
            "aoai-probe myacct --api-key-file '/run/my key' --expect private --no-experiments"
        );
        let without = again_without(&e, "--expect");
        assert_eq!(without, "aoai-probe myacct --api-key-file '/run/my key' --deep");
    }

    #[test]
    fn a_target_of_an_inventory_is_walked_by_its_name() {
        let mut e = evidence(&["--timeout=2"]);
        e.options.repeat.inventory = Some(InInventory {
            file: "targets.toml".to_owned(),
            name: "prod west".to_owned(),
            options: Vec::new(),
        });
        let command = "aoai-probe check --config targets.toml 'prod west'";
        assert_eq!(again(&e), command);
        assert_eq!(again_with(&e, "--deep"), format!("{command} --deep"));
        assert_eq!(again_at(&e, "x.example"), "aoai-probe x.example --timeout 2");
    }

    #[test]
    fn a_hostile_report_adds_no_option_and_no_command() {
        let mut e = evidence(&["--output=/etc/passwd", "--x;reboot", "--proxy=$(reboot)"]);
        assert_eq!(again(&e), "aoai-probe myacct --proxy '$(reboot)'");
        e.target.input = "--output=/etc/passwd".to_owned();
        assert_eq!(again(&e), "aoai-probe --proxy '$(reboot)' -- '--output=/etc/passwd'");
    }

    #[test]
    fn a_word_stays_one_word_in_a_shell() {
        for plain in ["a.openai.azure.com", "https://a.openai.azure.com/openai/v1", "<group>"] {
            assert_eq!(word(plain), plain);
        }
        assert_eq!(word("<corporate-ca.pem>"), "<corporate-ca.pem>");
        assert_eq!(word("$(reboot)"), "'$(reboot)'");
        assert_eq!(word("a'; reboot"), r"'a'\''; reboot'");
        assert_eq!(word("<a> reboot; <b>"), "'<a> reboot; <b>'");
        assert_eq!((word(""), word("--all")), ("''".to_owned(), "'--all'".to_owned()));
    }
}
