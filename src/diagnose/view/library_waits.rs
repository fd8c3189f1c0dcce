//! How long a resolver library waits for answers, by the options of resolv.conf (facts D98, D99).

use crate::diagnose::View;
use crate::diagnose::view::library::{self, Library};
use crate::diagnose::view::resolver_view::ResolverView;
use crate::evidence::Evidence;

/// Nameservers that a library asks (MAXNS in resolv.h).
const NAMESERVERS_ASKED: u32 = 3;

/// Whether an option is set.
pub(in crate::diagnose) fn has_option(e: &Evidence, name: &str) -> bool {
    e.vantage.resolver_config.options.iter().any(|option| option == name)
}

/// Whether the library asks for IPv4 addresses alone (glibc 2.36).
pub(in crate::diagnose) fn asks_no_aaaa(e: &Evidence) -> bool {
    Library::of(e).is_glibc() && has_option(e, "no-aaaa")
}

/// Whether glibc asks for both types at once.
pub(in crate::diagnose) fn asks_both_at_once(e: &Evidence) -> bool {
    Library::of(e).is_glibc() && !has_option(e, "no-aaaa") && single_request(e).is_none()
}

/// The value of the last option `key`, read as atoi(3) reads it: `2s` is 2.
pub(in crate::diagnose) fn option_number(options: &[String], key: &str) -> Option<u64> {
    options.iter().rev().find_map(|option| {
        let value = option.strip_prefix(key)?;
        let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        value[..digits].parse().ok()
    })
}

/// Whether `RES_OPTIONS` sets the option `key`: the file's value does not count then.
pub(in crate::diagnose) fn set_by_environment(e: &Evidence, key: &str) -> bool {
    let config = &e.vantage.resolver_config;
    let of_file = config.options.len().saturating_sub(config.environment_options);
    let of_environment = &config.options[of_file..];
    of_environment.iter().any(|option| option == key)
        || option_number(of_environment, key).is_some()
}

/// Where the option `key` is set, in words to follow "of".
pub(in crate::diagnose) fn set_in(e: &Evidence, key: &str) -> &'static str {
    if set_by_environment(e, key) { "RES_OPTIONS in the environment" } else { "resolv.conf" }
}

/// A timeout of 0 is read as 1 s; 0 attempts are no question at all in glibc.
fn timeout_and_attempts(e: &Evidence) -> (u64, u64) {
    let of = |key: &str, unset: u64, least: u64, most: u64| {
        let options = &e.vantage.resolver_config.options;
        option_number(options, key).unwrap_or(unset).clamp(least, most)
    };
    let least = u64::from(!Library::of(e).is_glibc());
    (of("timeout:", 5, 1, 30), of("attempts:", 2, least, 5))
}

/// Whether `attempts:0` has glibc send no question at all: its lookups end with EAI_AGAIN at once.
pub(in crate::diagnose) fn makes_no_attempt(e: &Evidence) -> bool {
    Library::of(e).is_glibc() && timeout_and_attempts(e).1 == 0
}

/// How long each new lookup waits for a nameserver that does not answer: until the next one is
/// asked, and the most that all attempts take (resolv.conf(5); for Windows fact D98). musl asks all at
/// once, and its timeout is that of all attempts.
pub(in crate::diagnose) fn lookup_timeouts(e: &Evidence) -> (u64, u64) {
    let (timeout, attempts) = timeout_and_attempts(e);
    match Library::of(e) {
        Library::Winsock => (1, 10),
        Library::Musl => (timeout, timeout),
        Library::Glibc | Library::Other => (timeout, timeout * attempts),
    }
}

/// The seconds after its first question to a deciding resolver at which the library stops waiting
/// for that one's answer, where it has such a limit: over TCP glibc has none.
pub(in crate::diagnose) fn gives_up_after(e: &View<'_>, r: &ResolverView<'_>) -> Option<u64> {
    let (timeout, attempts) = timeout_and_attempts(e);
    match Library::of(e) {
        Library::Musl => Some(timeout),
        Library::Winsock => Some(10),
        Library::Glibc if !has_option(e, "use-vc") => {
            let deciding = e.dns.deciding();
            let place = deciding.iter().position(|one| one.index == r.index)?;
            let all = u32::try_from(deciding.len()).unwrap_or(1).min(NAMESERVERS_ASKED);
            let waits = |place: u32| match place {
                0 => timeout,
                _ => ((timeout << place) / u64::from(all)).max(1),
            };
            let round: u64 = (0..all).map(waits).sum();
            // With `rotate` its place is not known: it may be the last of each round.
            let last = match library::rotates(e) {
                true => round,
                false => waits(u32::try_from(place).ok().filter(|place| *place < all)?),
            };
            Some(attempts.checked_sub(1)? * round + last)
        }
        Library::Glibc | Library::Other => None,
    }
}

/// How long glibc waits for an AAAA answer that does not come before it returns the A answer: it
/// repeats both questions one at a time, then over another socket, whatever `attempts:` says.
pub(in crate::diagnose) fn glibc_waits_for_aaaa(e: &Evidence) -> u64 {
    let (timeout, _) = timeout_and_attempts(e);
    match single_request(e) {
        Some("single-request-reopen") => timeout,
        Some(_) => timeout * 2,
        None => timeout * 3,
    }
}

/// The option by which glibc asks A and AAAA one after the other.
pub(in crate::diagnose) fn single_request(e: &Evidence) -> Option<&'static str> {
    let options = ["single-request-reopen", "single-request"];
    options.into_iter().find(|option| Library::of(e).is_glibc() && has_option(e, option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_its_digits_do() {
        let of = |options: &[&str]| {
            let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
            option_number(&options, "timeout:")
        };
        assert_eq!(of(&["timeout:1", "timeout:2s"]), Some(2));
        assert_eq!(of(&["timeout:3", "timeout:x"]), Some(3));
        assert_eq!(of(&["attempts:1"]), None);
    }
}
