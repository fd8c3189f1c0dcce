//! How the C library looks a name up, by its configuration (nsswitch.conf(5), resolv.conf(5)), and what
//! other libraries do instead.

use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, View};
use crate::diagnosis;

use super::library_waits;

/// A source of `getaddrinfo`'s answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The hosts file.
    Files,
    /// The resolvers of resolv.conf.
    Dns,
    /// systemd-resolved, which has resolvers of its own for each interface.
    Resolved,
    /// Multicast DNS, for names under `.local`.
    Multicast,
    /// Another service, by its name.
    Other,
}

/// One name service of the hosts line, with its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) source: Source,
    pub(super) name: String,
    /// Whether "not found" ends the lookup here (`[NOTFOUND=return]`).
    pub(super) final_when_not_found: bool,
    /// Whether any word but "unavailable" ends the lookup here (`[!UNAVAIL=return]`).
    pub(super) final_unless_unavailable: bool,
}

/// The steps of a `hosts:` line; without one, glibc's own (`files dns`).
pub(super) fn steps(line: Option<&str>) -> Vec<Step> {
    let line = line.unwrap_or("files dns").to_ascii_lowercase();
    let mut steps: Vec<Step> = Vec::new();
    // Actions may contain blanks: `[ NOTFOUND=return ]`.
    let mut rest = line.as_str();
    while let Some(word) = { rest.trim_start().chars().next() } {
        rest = rest.trim_start();
        if word == '[' {
            let (action, after) = rest[1..].split_once(']').unwrap_or((&rest[1..], ""));
            if let Some(step) = steps.last_mut() {
                for one in action.split_whitespace() {
                    step.final_when_not_found |= one == "notfound=return";
                    step.final_unless_unavailable |= one == "!unavail=return";
                }
            }
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '[').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let source = match name {
            "files" => Source::Files,
            "dns" => Source::Dns,
            "resolve" => Source::Resolved,
            _ if name.starts_with("mdns") => Source::Multicast,
            _ => Source::Other,
        };
        steps.push(Step {
            source,
            name: name.to_owned(),
            final_when_not_found: false,
            final_unless_unavailable: false,
        });
        rest = after;
    }
    steps
}

/// Why `dns` is never asked for a name that is not in the hosts file, if it is not.
pub(super) fn dns_not_reached(line: Option<&str>) -> Option<String> {
    for step in steps(line) {
        match step.source {
            Source::Dns => return None,
            // resolved asks DNS itself; where it does not run, the next service is asked.
            Source::Resolved => return None,
            // A "minimal" multicast service is not asked for names outside .local.
            Source::Multicast if !step.name.contains("minimal") && step.final_when_not_found => {
                return Some(format!("`{} [NOTFOUND=return]` comes before `dns`", step.name));
            }
            Source::Multicast => {}
            Source::Files | Source::Other if step.final_when_not_found => {
                return Some(format!("`{} [NOTFOUND=return]` comes before `dns`", step.name));
            }
            Source::Files | Source::Other => {}
        }
    }
    match steps(line).iter().any(|step| step.source == Source::Other && step.name != "myhostname") {
        true => None,
        false => Some("the hosts line has no service that asks DNS".to_owned()),
    }
}

/// Why glibc asks no resolver of resolv.conf for a name that is not in the hosts file, if it does not:
/// by its hosts line, or with `attempts:0`.
pub(super) fn resolvers_not_asked(e: &View<'_>) -> Option<String> {
    let line = e.vantage.nsswitch_hosts.as_deref();
    if !Library::of(e).is_glibc() {
        return None;
    }
    dns_not_reached(line).or_else(|| {
        no_attempts(e)
            .then(|| "with `attempts:0` the C library asks each resolver 0 times".to_owned())
    })
}

/// Whether an option leaves glibc no attempt, and no other service asks DNS before.
pub(super) fn no_attempts(e: &View<'_>) -> bool {
    let asks = |source| matches!(source, Source::Dns | Source::Resolved);
    let all = steps(e.vantage.nsswitch_hosts.as_deref());
    let first = all.iter().map(|step| step.source).find(|source| asks(*source));
    first == Some(Source::Dns) && library_waits::makes_no_attempt(e)
}

/// The names that the C library asks for, in order (`search`, `ndots`).
pub(super) fn names(name: &str, search: &[String], options: &[String]) -> Vec<String> {
    let ndots = library_waits::option_number(options, "ndots:").unwrap_or(1).min(15);
    let own = name.trim_end_matches('.').to_owned();
    if name.ends_with('.') {
        return vec![own];
    }
    let searched = search.iter().map(|domain| format!("{own}.{}", domain.trim_end_matches('.')));
    if own.matches('.').count() as u64 >= ndots {
        std::iter::once(own.clone()).chain(searched).collect()
    } else {
        searched.chain(std::iter::once(own.clone())).collect()
    }
}

/// What may answer applications instead of the resolvers.
pub(super) fn suspects(e: &View<'_>) -> String {
    match Library::of(e) {
        Library::Glibc => by_hosts_line(e.vantage.nsswitch_hosts.as_deref()),
        Library::Musl => {
            "musl has no cache and reads the hosts file and resolv.conf alone: a local \
                          agent (VPN, zero trust) or a device on the way answers it differently"
                .to_owned()
        }
        Library::Winsock => "the DNS client of Windows answers from its cache first, and a VPN or \
                             zero-trust client on this machine may answer in its place"
            .to_owned(),
        Library::Other => {
            "a cache or an agent on this machine (VPN, zero trust) answers first".to_owned()
        }
    }
}

/// The step that empties the cache of Windows, which keeps answers that there is no such name too.
/// Others keep none, or say so themselves.
pub(super) fn empty_cache(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
    if !Library::of(e).is_winsock() {
        return finding;
    }
    finding.step(
        diagnosis::Step::local(
            "then empty the cache of this machine's DNS client, which keeps answers without an \
             address too",
        )
        .command("Clear-DnsClientCache")
        .undo("none is needed: the cache refills by itself"),
    )
}

/// What may answer before the resolvers do, by the hosts line.
fn by_hosts_line(line: Option<&str>) -> String {
    let before: Vec<String> = steps(line)
        .into_iter()
        .take_while(|step| step.source != Source::Dns)
        .filter(|step| step.source != Source::Files && step.name != "myhostname")
        .map(|step| step.name)
        .collect();
    match before.as_slice() {
        [] => "according to nsswitch.conf and resolv.conf applications should get the resolvers' \
               answer: a cache (nscd) or an agent on this host (VPN, zero trust) answers first"
            .to_owned(),
        [one] if one == "resolve" => "systemd-resolved is asked before `dns`: it has its own \
                                      resolvers for each interface, and a cache"
            .to_owned(),
        some => format!(
            "{} is asked before `dns` and may have answered, or a cache (nscd) or an agent on this \
             host (VPN, zero trust) did",
            some.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_is_reached_unless_the_line_ends_before_it() {
        for (line, reached) in [
            (None, true),
            (Some("files dns"), true),
            (Some("files"), false),
            (Some("files myhostname"), false),
            (Some("dns files"), true),
            (Some("files mdns4_minimal [NOTFOUND=return] dns"), true),
            (Some("files mdns4 [NOTFOUND=return] dns"), false),
            (Some("files [ NOTFOUND=return ] dns"), false),
            (Some("files[NOTFOUND=return] dns"), false),
            (Some("files resolve [!UNAVAIL=return] dns"), true),
            (Some("files sss"), true),
            (Some(""), false),
        ] {
            assert_eq!(dns_not_reached(line).is_none(), reached, "{line:?}");
        }
    }

    #[test]
    fn names_are_asked_in_the_order_of_ndots() {
        let search = ["corp.example".to_owned(), "lab.".to_owned()];
        let of = |name: &str, options: &[&str]| {
            let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
            names(name, &search, &options)
        };
        assert_eq!(of("a.b", &[]), ["a.b", "a.b.corp.example", "a.b.lab"]);
        assert_eq!(of("a.b", &["ndots:5"]), ["a.b.corp.example", "a.b.lab", "a.b"]);
        assert_eq!(of("a.b.", &["ndots:5"]), ["a.b"]);
        assert_eq!(of("a", &["ndots:0"]), ["a", "a.corp.example", "a.lab"]);
    }

    #[test]
    fn suspects_are_named_by_the_line() {
        assert!(by_hosts_line(Some("files dns")).contains("nscd"));
        assert!(by_hosts_line(Some("files resolve [!UNAVAIL=return] dns")).contains("resolved"));
        assert!(by_hosts_line(Some("files wins dns")).starts_with("wins is asked"));
    }
}
