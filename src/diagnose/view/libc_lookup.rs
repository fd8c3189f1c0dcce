//! How the C library looks a name up, by its configuration (nsswitch.conf(5), resolv.conf(5)), and what
//! other libraries do instead.

use crate::diagnose::view::library::Library;
use crate::diagnose::{FindingBuilder, View, reading};
use crate::diagnosis;
use crate::evidence::Evidence;
use crate::evidence::dns::{CODE_CRASHES, CODE_NOT_CALLED};

use super::library_waits;

/// A source of `getaddrinfo`'s answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Source {
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

/// How a name service ends a lookup (nsswitch.conf(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnose) enum Status {
    Success,
    NotFound,
    Unavailable,
    TryAgain,
}

impl Status {
    /// All that glibc knows.
    const ALL: [Self; 4] = [Self::Success, Self::NotFound, Self::Unavailable, Self::TryAgain];

    const fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::NotFound => "notfound",
            Self::Unavailable => "unavail",
            Self::TryAgain => "tryagain",
        }
    }
}

/// One name service of the hosts line, with its actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnose) struct Step {
    pub(in crate::diagnose) source: Source,
    pub(in crate::diagnose) name: String,
    /// The actions as they are written: `[NOTFOUND=return]`.
    written: String,
    /// With which statuses the lookup ends here.
    ends: Vec<Status>,
}

impl Step {
    fn new(name: &str) -> Self {
        let source = match name {
            "files" => Source::Files,
            "dns" => Source::Dns,
            "resolve" => Source::Resolved,
            _ if name.starts_with("mdns") => Source::Multicast,
            _ => Source::Other,
        };
        // Without an action, success alone ends the lookup.
        let ends = vec![Status::Success];
        Self { source, name: name.to_owned(), written: String::new(), ends }
    }

    /// Applies one action, `STATUS=action` or `!STATUS=action`; a later one replaces an earlier one.
    fn apply(&mut self, action: &str) {
        let Some((negated, word, action)) = parts(action) else { return };
        let named = |status: &Status| (status.word() == word) != negated;
        self.ends.retain(|status| !named(status));
        if action == "return" {
            self.ends.extend(Status::ALL.iter().copied().filter(named));
        }
    }

    /// Whether the lookup of a name that this service does not know ends here. A service that is not
    /// installed or does not run is unavailable; the hosts file is there.
    fn ends_unknown_name(&self) -> bool {
        let ends_with = |status| self.ends.contains(&status);
        match self.source {
            Source::Dns | Source::Resolved => false,
            // A "minimal" multicast service is not asked for names outside .local: its status then
            // decides nothing unless each ends the lookup.
            Source::Multicast if self.name.contains("minimal") => {
                ends_with(Status::NotFound) && ends_with(Status::Unavailable)
            }
            Source::Files | Source::Multicast | Source::Other => ends_with(Status::NotFound),
        }
    }

    /// Whether the service may ask DNS by ways of its own, or have names from another directory.
    fn may_know_internet_names(&self) -> bool {
        self.source == Source::Other && !LOCAL_SERVICES.contains(&self.name.as_str())
    }
}

/// Services that know names of this machine and its guests, or of a file, alone.
const LOCAL_SERVICES: &[&str] =
    &["myhostname", "mymachines", "db", "compat", "libvirt", "libvirt_guest"];

/// The parts of an action: whether it is negated, its status and what it does, in lower case; none
/// where glibc does not know one of them.
fn parts(action: &str) -> Option<(bool, String, String)> {
    let (status, action) = action.split_once('=')?;
    let (negated, word) = match status.strip_prefix('!') {
        Some(word) => (true, word),
        None => (false, status),
    };
    let (word, action) = (word.to_ascii_lowercase(), action.to_ascii_lowercase());
    let known = Status::ALL.iter().any(|status| status.word() == word)
        && ["return", "continue", "merge"].contains(&action.as_str());
    known.then_some((negated, word, action))
}

/// What glibc does not understand of a line; then it asks none of its services (fact D211).
fn not_understood(line: &str) -> Option<String> {
    let mut rest = line;
    while let Some((_, inside)) = rest.split_once('[') {
        let Some((actions, after)) = inside.split_once(']') else {
            return Some(format!("`[{}` has no `]`", inside.trim_end()));
        };
        rest = after;
        // Blanks may surround the `=`.
        let joined = actions.replace('=', " = ").split_whitespace().collect::<Vec<_>>().join(" ");
        let joined = joined.replace(" = ", "=").replace("! ", "!");
        if joined.is_empty() || joined.split(' ').any(|one| parts(one).is_none()) {
            return Some(format!("`[{}]` has a word that is not known", actions.trim()));
        }
    }
    None
}

/// The steps of a `hosts:` line; without one, glibc's own (`files dns`).
pub(in crate::diagnose) fn steps(line: Option<&str>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Actions may contain blanks: `[ NOTFOUND=return ]`.
    let mut rest = line.unwrap_or("files dns");
    while let Some(word) = { rest.trim_start().chars().next() } {
        rest = rest.trim_start();
        if word == '[' {
            let (actions, after) = rest[1..].split_once(']').unwrap_or((&rest[1..], ""));
            if let Some(step) = steps.last_mut() {
                let mut shown: Vec<String> = Vec::new();
                for one in actions.split_whitespace() {
                    step.apply(one);
                    let (status, action) = one.split_once('=').unwrap_or((one, ""));
                    shown.push(format!("{}={action}", status.to_ascii_uppercase()));
                }
                step.written = format!("{} [{}]", step.written, shown.join(" "));
            }
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '[').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        steps.push(Step::new(name));
        rest = after;
    }
    steps
}

/// Why the C library asks nothing where its lookup kills the process.
pub(in crate::diagnose) fn crash(code: &str) -> Option<String> {
    let why = match code {
        CODE_CRASHES => {
            "glibc crashes at this hosts line, as it does where the line is empty or begins with an \
             action: a copy of this program that looked a name up was killed, as Python, curl and \
             others are (exit status 139 in a shell)"
        }
        CODE_NOT_CALLED => {
            "glibc crashes at a hosts line that is empty or begins with an action (exit status 139 in \
             a shell), and this program could not try this line in safety"
        }
        _ => return None,
    };
    Some(why.to_owned())
}

/// Whether answers of several services are to be merged, which getaddrinfo does not do (fact D211).
pub(in crate::diagnose) fn merges(line: &str) -> bool {
    line.to_ascii_lowercase().replace(char::is_whitespace, "").contains("=merge")
}

/// Why the lookup that failed with `code` asked no resolver, where that is known.
pub(in crate::diagnose) fn not_asked(e: &Evidence, code: &str) -> Option<String> {
    crash(code).or_else(|| dns_not_reached(e.vantage.nsswitch_hosts.as_deref(), Some(code)))
}

/// Why `dns` is never asked for a name that is not in the hosts file, if it is not; `code` is that with
/// which the lookup failed.
pub(in crate::diagnose) fn dns_not_reached(
    line: Option<&str>,
    code: Option<&str>,
) -> Option<String> {
    if let Some(why) = not_understood(line.unwrap_or_default()) {
        return Some(format!("{why}, and glibc then asks no service of the line"));
    }
    for step in steps(line) {
        // resolved asks DNS itself; where it does not run, the next service is asked.
        if matches!(step.source, Source::Dns | Source::Resolved) {
            return None;
        }
        if step.ends_unknown_name() {
            return Some(format!("`{}{}` comes before `dns`", step.name, step.written));
        }
    }
    let none = "the hosts line has no service that asks DNS";
    // Names are separated by blanks, and those of services have neither commas nor capital letters.
    let is_misspelt =
        |step: &&Step| step.name.contains(|c: char| c == ',' || c.is_ascii_uppercase());
    if let Some(step) = steps(line).iter().find(is_misspelt) {
        return Some(format!("{none}: `{}` is not the name of one", step.name));
    }
    // No service of the line could be loaded, or none of them answered at all (fact D211).
    let unanswered = code == Some("EAI_SYSTEM");
    match !unanswered && steps(line).iter().any(Step::may_know_internet_names) {
        true => None,
        false => Some(none.to_owned()),
    }
}

/// Why glibc asks no resolver of resolv.conf for a name that is not in the hosts file, if it does not:
/// by its hosts line, or with `attempts:0`.
pub(in crate::diagnose) fn resolvers_not_asked(e: &Evidence) -> Option<String> {
    let line = e.vantage.nsswitch_hosts.as_deref();
    if !Library::of(e).is_glibc() {
        return None;
    }
    dns_not_reached(line, reading::system_failed(e)).or_else(|| {
        no_attempts(e)
            .then(|| "with `attempts:0` the C library asks each resolver 0 times".to_owned())
    })
}

/// The code with which the system's lookup failed, where it asked the resolvers: only then is it their
/// doing.
pub(in crate::diagnose) fn failed_at_resolvers(e: &Evidence) -> Option<&str> {
    reading::system_failed(e).filter(|_| resolvers_not_asked(e).is_none())
}

/// Whether an option leaves glibc no attempt, and no other service asks DNS before.
pub(in crate::diagnose) fn no_attempts(e: &Evidence) -> bool {
    let asks = |source| matches!(source, Source::Dns | Source::Resolved);
    let all = steps(e.vantage.nsswitch_hosts.as_deref());
    let first = all.iter().map(|step| step.source).find(|source| asks(*source));
    first == Some(Source::Dns) && library_waits::makes_no_attempt(e)
}

/// The names that the C library asks for, in order (`search`, `ndots`).
pub(in crate::diagnose) fn names(name: &str, search: &[String], options: &[String]) -> Vec<String> {
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
pub(in crate::diagnose) fn suspects(e: &View<'_>) -> String {
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
pub(in crate::diagnose) fn empty_cache(finding: FindingBuilder, e: &View<'_>) -> FindingBuilder {
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
            (Some("files [!UNAVAIL=return] dns"), false),
            (Some("files [!SUCCESS=return] dns"), false),
            (Some("files [UNAVAIL=return TRYAGAIN=return] dns"), true),
            (Some("files [!NOTFOUND=return] dns"), true),
            (Some("files [!SUCCESS=return NOTFOUND=continue] dns"), true),
            (Some("files [NOTFOUND=continue] dns"), true),
            (Some("files sss [!UNAVAIL=return] dns"), false),
            (Some("files mdns4_minimal [!SUCCESS=return] dns"), false),
            (Some("files mdns4_minimal [!UNAVAIL=return] dns"), true),
            (Some("files sss"), true),
            (Some(""), false),
            (Some("files,dns"), false),
            (Some("Files DNS"), false),
            (Some("files [notfound=Return] dns"), false),
            (Some("files [BOGUS=return] dns"), false),
            (Some("files [SUCCESS=bogus] dns"), false),
            (Some("files [NOTFOUND=return dns"), false),
            (Some("files [] dns"), false),
            (Some("files [SUCCESS = return] dns"), true),
            (Some("db files"), false),
            (Some("files dns6"), true),
        ] {
            assert_eq!(dns_not_reached(line, None).is_none(), reached, "{line:?}");
        }
        // EAI_SYSTEM: no service of the line could be loaded.
        for line in ["files dns6", "nosuchmodule"] {
            assert!(dns_not_reached(Some(line), Some("EAI_SYSTEM")).is_some(), "{line}");
        }
        assert_eq!(dns_not_reached(Some("files dns"), Some("EAI_SYSTEM")), None);
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
