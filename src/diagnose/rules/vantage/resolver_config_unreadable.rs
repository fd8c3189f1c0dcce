//! The resolver configuration cannot be read, or has lines that make no sense.

use crate::diagnose::{Because, Rule, View, reading};
use crate::diagnosis::{Level, Step, Sure};
use crate::evidence::vantage::FileState;

pub(super) const RULE: Rule = rule!(
    "vantage-resolver-config-unreadable",
    Vantage,
    "The resolver configuration cannot be read in full",
    Code(check)
);

fn check(e: &View<'_>) -> Option<Because> {
    let config = &e.vantage.resolver_config;
    let path = &config.path;
    let because = match &config.state {
        FileState::Unreadable { says } => {
            let short = format!("{path} cannot be read");
            let level = if reading::proxied(e) { Level::Note } else { Level::Risk };
            Because::new(
                level,
                Sure::Proved,
                if short.len() <= 100 { short } else { "resolv.conf cannot be read".to_owned() },
            )
            .seen(format!("{path}: {says}"))
            .read_at("/vantage/resolver_config/state")
            .known_by("an application of this user cannot read it either and then asks 127.0.0.1")
            .look("see its owner and mode", format!("ls -lL {}", reading::word(path)))
            .act(
                Step::local("let every user read the file")
                    .command(format!("chmod 0644 {}", reading::word(path)))
                    .undo("set the old mode again (ls -lL shows it)"),
            )
        }
        _ if !config.bad_lines.is_empty() => {
            let lines = config.bad_lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let says = format!("{path} has lines that make no sense: {lines}");
            Because::new(
                Level::Note,
                Sure::Proved,
                if says.len() <= 100 {
                    says
                } else {
                    format!("the resolver configuration has {} bad lines", config.bad_lines.len())
                },
            )
            .seen(format!("{path}, lines {lines}"))
            .read_at("/vantage/resolver_config/bad_lines")
            .known_by(
                "the C library ignores such lines silently; a nameserver line that ends \
                 with a carriage return (CRLF, as written on Windows) is one",
            )
            .look("see the file", format!("cat -A {}", reading::word(path)))
            .act(
                Step::local("correct the lines, or the service that writes the file")
                    .undo("put the file back: keep a copy"),
            )
        }
        _ => return None,
    };
    Some(because.owner("Server").check(reading::again(e)))
}
