//! The resolver configuration cannot be read, or has invalid lines.

use crate::commands::System;
use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, Rule, View, reading};
use crate::diagnosis::{Confidence, Level, Step};
use crate::evidence::vantage::FileState;

pub(super) const RULE: Rule = rule!(
    "vantage-resolver-config-unreadable",
    Vantage,
    "The resolver configuration cannot be read in full",
    Code(check)
);

fn check(e: &View<'_>) -> Option<FindingBuilder> {
    let config = &e.vantage.resolver_config;
    let path = &config.path;
    let by_settings = match System::of(&e.vantage.os) {
        _ if Library::of(e).is_winsock() => {
            Some(("Windows does not list its network adapters", "Get-DnsClientServerAddress"))
        }
        System::MacOs if !path.starts_with('/') => {
            Some(("macOS does not show its resolvers", "resolvectl status"))
        }
        _ => None,
    };
    let finding = match &config.state {
        FileState::Unreadable { message } if by_settings.is_some() => {
            let level = if reading::proxied(e) { Level::Note } else { Level::Risk };
            let (short, command) = by_settings.unwrap_or_default();
            FindingBuilder::new(level, Confidence::Proved, short)
                .fact(format!("{path}: {message}"))
                .cites("/vantage/resolver_config/state")
                .reasoning("the DNS servers are not known: only the system's own lookup was used")
                .inspect("see the servers of each interface", command)
        }
        FileState::Unreadable { message } => {
            let short = format!("{path} cannot be read");
            let level = if reading::proxied(e) { Level::Note } else { Level::Risk };
            FindingBuilder::new(
                level,
                Confidence::Proved,
                if short.len() <= 100 { short } else { "resolv.conf cannot be read".to_owned() },
            )
            .fact(format!("{path}: {message}"))
            .cites("/vantage/resolver_config/state")
            .reasoning(
                "an application of this user cannot read it either and asks 127.0.0.1 instead",
            )
            .inspect("see its owner and mode", format!("ls -lL {}", reading::word(path)))
            .step(
                Step::local("let every user read the file")
                    .command(format!("chmod 0644 {}", reading::word(path)))
                    .undo("set the old mode again (ls -lL shows it)"),
            )
        }
        _ if !config.bad_lines.is_empty() => {
            let lines = config.bad_lines.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
            let message = format!("{path} has invalid lines: {lines}");
            FindingBuilder::new(
                Level::Note,
                Confidence::Proved,
                if message.len() <= 100 {
                    message
                } else {
                    format!(
                        "the resolver configuration has {} invalid lines",
                        config.bad_lines.len()
                    )
                },
            )
            .fact(format!("{path}, lines {lines}"))
            .cites("/vantage/resolver_config/bad_lines")
            .reasoning(
                "the C library silently ignores such lines, for example a nameserver line that \
                 ends with a carriage return (CRLF, as written on Windows)",
            )
            .inspect("see the file", format!("cat -A {}", reading::word(path)))
            .step(
                Step::local("correct the lines, or the service that writes the file")
                    .undo("put the file back: keep a copy"),
            )
        }
        _ => return None,
    };
    Some(finding.owner("Server").check(reading::again(e)))
}
