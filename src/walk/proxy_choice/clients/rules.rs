//! The rule of each client, as its sources have it.

use super::super::system::SystemChoice;
use super::super::{NO_PROXY_VARIABLES, PROXY_VARIABLES, ProxyOption, decide};
use super::call::{Call, Decided, through_unless};
use crate::evidence::vantage::ProxyReason;

/// Entries between commas, without the blanks around them.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// The entry with its dots at both ends taken off, as curl compares it.
fn undotted(entry: &str) -> &str {
    let entry = entry.strip_suffix('.').unwrap_or(entry);
    entry.strip_prefix('.').unwrap_or(entry)
}

pub(super) fn curl(call: &Call<'_>) -> Decided {
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        let blank = |c: char| matches!(c, ',' | ' ' | '\t');
        list.split(blank).find(|entry| call.is_or_below(undotted(entry))).map(str::to_owned)
    })
}

pub(super) fn httpx(call: &Call<'_>) -> Decided {
    let Some(proxy) = call.python("https").or_else(|| call.python("all")) else {
        return call.python_settings(false);
    };
    through_unless(proxy, call.python("no"), |list| {
        if entries(list).any(|entry| entry == "*") {
            return Some("*".to_owned());
        }
        let matches = |entry: &&str| match entry.strip_prefix('.') {
            Some(name) => call.is_below(name),
            None => call.is_or_below(entry),
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

pub(super) fn requests(call: &Call<'_>) -> Decided {
    let Some(proxy) = call.python("https").or_else(|| call.python("all")) else {
        return call.python_settings(true);
    };
    // Its own test: whether the host's text ends with the entry's, be it in mid-word.
    if let Some((variable, list)) = call.first(&["no_proxy", "NO_PROXY"]) {
        let bare = list.replace(' ', "");
        let with_port = format!("{}:{}", call.host, call.port);
        let ends = |entry: &&str| {
            call.host.ends_with(*entry) || (call.port != 443 && with_port.ends_with(*entry))
        };
        if let Some(entry) = bare.split(',').filter(|entry| !entry.is_empty()).find(ends) {
            return Decided::Exempted { variable, entry: entry.to_owned(), list };
        }
    }
    // Then urllib's.
    through_unless(proxy, call.python("no"), |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        entries(list)
            .find(|entry| call.is_or_below(entry.trim_start_matches('.')))
            .map(str::to_owned)
    })
}

pub(super) fn go(call: &Call<'_>) -> Decided {
    call.by(&["HTTPS_PROXY", "https_proxy"], &["NO_PROXY", "no_proxy"], |list| {
        if let Some(all) = entries(list).find(|entry| *entry == "*") {
            return Some(all.to_owned());
        }
        let matches = |entry: &&str| {
            let (host, port) = match entry.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, Some(port)),
                _ => (*entry, None),
            };
            if port.is_some_and(|port| !port.is_empty() && port != call.port.to_string()) {
                return false;
            }
            let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
            match host.strip_prefix('.') {
                Some(name) => call.is_below(name),
                None => call.is_or_below(host),
            }
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

/// As undici's EnvHttpProxyAgent has it.
pub(super) fn node(call: &Call<'_>) -> Decided {
    let proxies = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        if list == "*" {
            return Some(list.to_owned());
        }
        let matches = |entry: &&str| {
            let (host, port) = entry.rsplit_once(':').unwrap_or((entry, ""));
            if !port.is_empty() && port != call.port.to_string() {
                return false;
            }
            match host.strip_prefix('*').unwrap_or(host) {
                suffix if suffix.starts_with('.') => {
                    call.host.ends_with(&suffix.to_ascii_lowercase())
                }
                name => call.host == name.to_ascii_lowercase(),
            }
        };
        list.split([',', ' ', '\t']).filter(|e| !e.is_empty()).find(matches).map(str::to_owned)
    })
}

/// The variables where one is set, else this user's settings, whose script comes first.
pub(super) fn dotnet(call: &Call<'_>) -> Decided {
    let any = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];
    if call.first(&any).is_none() {
        return call.by_script();
    }
    let proxies = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    call.by(&proxies, &["no_proxy", "NO_PROXY"], |list| {
        let matches = |entry: &&str| match entry.strip_prefix('.') {
            Some(name) => call.is_or_below(name),
            None => call.host.eq_ignore_ascii_case(entry),
        };
        entries(list).find(matches).map(str::to_owned)
    })
}

pub(super) fn winhttp(call: &Call<'_>) -> Decided {
    let services = call.system.and_then(|system| system.services.as_ref());
    match SystemChoice::of(services, call.host) {
        SystemChoice::None => Decided::Ignores,
        choice => choice.into(),
    }
}

pub(super) fn own(call: &Call<'_>) -> Decided {
    let decision = decide(call.target, &ProxyOption::Env, call.settings).decision;
    let Some((variable, value)) = call.first(&PROXY_VARIABLES) else {
        let user = call.system.and_then(|system| system.user.as_ref());
        // A script that this program could not run does not decide for it.
        return match call.by_script() {
            Decided::Script => SystemChoice::of(user, call.host).into(),
            decided => decided,
        };
    };
    match decision.reason {
        ProxyReason::Exempted { entry } => {
            let (variable, list) = call.first(&NO_PROXY_VARIABLES).unwrap_or_default();
            Decided::Exempted { variable, entry, list }
        }
        _ => Decided::Through { variable, value },
    }
}
