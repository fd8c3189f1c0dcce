//! What a script (PAC) of the user's settings gives a call, as WinHTTP answered (facts P190 to P192).
//! Pure.

use super::shown::masked;
use super::{PROXY_VARIABLES, ProxyOption, Settings, parse};
use crate::evidence::text::clean;
use crate::evidence::vantage::{ScriptEvidence, ScriptOutcome, error_name};
use crate::platform::ScriptAnswer;
use crate::services::Opening;
use crate::target::Target;
use crate::world::{ScriptRun, ScriptRunner};

/// Proxies of a list that are kept as evidence.
const PROXIES_KEPT: usize = 10;

/// What the script gives a client that runs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// It was not run, or such a client may get another answer than this program.
    Unknown,
    /// This proxy, as it is written.
    Through(String),
    /// None.
    Direct,
    /// Nothing: it cannot be fetched or run, and clients go on as if there were none.
    Nothing,
}

/// What the script of the user's settings gives for a host; none where they name no script.
pub(super) fn given(settings: Settings<'_>, host: &str) -> Option<Given> {
    settings.script()?;
    Some(match settings.script_run(host) {
        None => Given::Unknown,
        Some(run) => match run.answer {
            Some(ScriptAnswer::Proxies(list)) => match proxies(&list).next() {
                Some(first) => Given::Through(first.to_owned()),
                None => Given::Direct,
            },
            Some(ScriptAnswer::Direct) => Given::Direct,
            Some(ScriptAnswer::Failed(_)) | None => match outcome(&run).is_passed_over() {
                true => Given::Nothing,
                false => Given::Unknown,
            },
        },
    })
}

/// The address of the script that has to be run before it is known which proxy applies: where neither an
/// option nor a variable decides, and something here runs scripts.
#[must_use]
pub fn script_to_run<'a>(
    target: &Target,
    option: &ProxyOption,
    settings: Settings<'a>,
) -> Option<&'a str> {
    let by_settings = *option == ProxyOption::Env
        && target.opening() == Opening::Https
        && PROXY_VARIABLES.iter().all(|name| settings.environment.get(name).is_none());
    let runs =
        settings.scripts.is_some_and(|scripts| !matches!(scripts.runner, ScriptRunner::Nothing));
    settings.script().filter(|_| by_settings && runs)
}

/// The URL for which the script is run: .NET gives it the whole one, of which WinHTTP hands the
/// script the host alone.
#[must_use]
pub fn url_to_ask(target: &Target) -> String {
    match target.seen.port {
        443 => format!("https://{}/", target.seen.host),
        port => format!("https://{}:{port}/", target.seen.host),
    }
}

/// The proxies for https in WinHTTP's list, as .NET reads it: entries between semicolons or blanks, each
/// with the scheme of the calls that it is for before `=` or `://`, if it is not for all. WinHTTP leaves
/// out the words of the script's own list (`PROXY a; DIRECT`), wine's may not.
pub(super) fn proxies(list: &str) -> impl Iterator<Item = &str> {
    let mut entries = list.split(|c: char| c == ';' || c.is_whitespace());
    std::iter::from_fn(move || {
        loop {
            let entry = entries.next()?.trim();
            let is = |word: &str| entry.eq_ignore_ascii_case(word);
            if is("DIRECT") {
                return None;
            } else if is("SOCKS") || is("SOCKS4") || is("SOCKS5") {
                // .NET takes none of those; its server comes next.
                entries.next()?;
            } else if !entry.is_empty() && !["PROXY", "HTTP", "HTTPS"].into_iter().any(is) {
                return Some(entry);
            }
        }
    })
    .filter_map(|entry| {
        let (scheme, rest) = entry.split_once('=').unwrap_or(("", entry));
        let (second, rest) = rest.split_once("://").unwrap_or(("", rest));
        let for_https = |scheme: &str| scheme.is_empty() || scheme.eq_ignore_ascii_case("https");
        (for_https(scheme) && for_https(second) && !rest.is_empty()).then_some(rest)
    })
}

/// The run as evidence, without passwords.
pub(super) fn evidence(target: &Target, run: &ScriptRun) -> ScriptEvidence {
    ScriptEvidence {
        url: clean(&url_to_ask(target), 300),
        outcome: outcome(run),
        took_ms: millis(run),
    }
}

fn outcome(run: &ScriptRun) -> ScriptOutcome {
    match &run.answer {
        Some(ScriptAnswer::Proxies(list)) => ScriptOutcome::Proxies {
            proxies: proxies(list)
                .take(PROXIES_KEPT)
                .map(|server| match parse(server) {
                    Some(proxy) => clean(&proxy.url, 300),
                    None => masked(server),
                })
                .collect(),
        },
        Some(ScriptAnswer::Direct) => ScriptOutcome::Direct,
        Some(ScriptAnswer::Failed(code)) => {
            ScriptOutcome::Failed { code: *code, name: error_name(*code).map(str::to_owned) }
        }
        None => ScriptOutcome::TimedOut { after_ms: millis(run) },
    }
}

fn millis(run: &ScriptRun) -> u64 {
    u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
