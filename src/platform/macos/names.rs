//! How macOS resolves names, and its proxy settings.

use std::time::Duration;

use super::{readers, store};
use crate::files::{self, May};
use crate::platform::{ScriptAnswer, SystemProxies, SystemResolvers};
use crate::sorting;

/// `/etc/resolv.conf` is written for programs that read it themselves; the system's own lookups do not.
pub const READS_RESOLV_CONF: bool = false;

/// The keys of the dynamic store that tell of resolvers, as a pattern (regex(3)).
const RESOLVERS: &str = "State:/Network/(Global|Service/[^/]+)/(DNS|IPv4|IPv6)";
/// Files of this folder are resolvers for the domain that their name is (resolver(5)).
const RESOLVER_FILES: &str = "/etc/resolver";
/// Files that are read at most, and bytes of each.
const MOST_FILES: usize = 100;
const MOST_BYTES: u64 = 64 << 10;

/// What answers for `getaddrinfo`: a daemon, which keeps answers.
#[must_use]
pub fn lookup_by() -> Option<String> {
    Some("mDNSResponder".to_owned())
}

/// The resolvers of the dynamic store, and those of `/etc/resolver`.
#[must_use]
pub fn resolver_settings() -> Option<SystemResolvers> {
    let store = store::read(RESOLVERS);
    Some(SystemResolvers::MacOs(readers::resolvers::resolvers(store.as_ref(), &resolver_files())))
}

/// The names and texts of the files, by name.
fn resolver_files() -> Vec<(String, String)> {
    let Ok(folder) = std::fs::read_dir(RESOLVER_FILES) else { return Vec::new() };
    let mut files: Vec<(String, String)> = folder
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .take(MOST_FILES)
        .filter_map(|name| {
            let path = format!("{RESOLVER_FILES}/{name}");
            let bytes = files::beginning(path, May::BeAFile, MOST_BYTES).ok()?;
            Some((name, String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect();
    sorting::ascending(&mut files);
    files
}

/// The proxy settings of the primary network service; macOS has none of its own for services.
#[must_use]
pub fn system_proxies() -> Option<SystemProxies> {
    let store = store::read(readers::proxies::KEY)?;
    Some(SystemProxies { user: readers::proxies::proxies(&store), services: None })
}

/// Scripts that choose a proxy are named and not run.
pub const RUNS_PROXY_SCRIPTS: bool = false;

/// None: see [`RUNS_PROXY_SCRIPTS`].
#[must_use]
pub const fn proxy_by_script(_: &str, _: &str, _: Duration) -> Option<ScriptAnswer> {
    None
}
