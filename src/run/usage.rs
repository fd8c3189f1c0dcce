//! Messages about usage errors: with a suggestion, and without anything that may be a secret.

use clap::error::{ContextKind, ContextValue};

use super::suggestions;
use crate::credential::looks_like_a_key;

/// A suggestion for a usage error, as a line of its own.
pub(super) fn hint(error: &clap::Error, first: Option<&str>) -> String {
    if let Some(command) = first.and_then(suggestions::near_command) {
        return format!("\nhint: did you mean the command `aoai-probe {command}`?\n");
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return String::new();
    };
    let unknown = error.kind() == clap::error::ErrorKind::UnknownArgument;
    let has = suggestions::option(option).filter(|_| unknown);
    has.map(|has| format!("\nhint: {has}\n")).unwrap_or_default()
}

/// A usage error without values that may contain a password: clap repeats what was typed.
pub(super) fn without_password(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
    {
        if let Some(ContextValue::String(value)) = error.get(kind)
            && !may_be_shown(value)
        {
            error.insert(kind, ContextValue::String("[not shown]".to_owned()));
            // The tips repeat it.
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(Vec::new()));
        }
    }
    error
}

/// Whether a value of the command line cannot be a secret: it is a short word or an address.
fn may_be_shown(value: &str) -> bool {
    let value = value.split(" <").next().unwrap_or(value);
    let word = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    let address = |c: char| c.is_ascii_hexdigit() || "[]:./,".contains(c);
    let short = value.chars().count() <= 60;
    short && !looks_like_a_key(value) && (value.chars().all(word) || value.chars().all(address))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    #[test]
    fn no_tip_repeats_a_word_that_is_not_shown() {
        for word in ["--9f8e7d6c5b4a39281706f5e4d3c2b1a0", "--apikey:canary99"] {
            let error = crate::args::Cli::try_parse_from(["aoai-probe", "check", "myacct", word]);
            let shown = super::without_password(error.unwrap_err()).to_string();
            assert!(!shown.contains(word) && shown.contains("[not shown]"), "{shown}");
        }
    }
}
