//! The forward proxy: squid.

use std::fs;
use std::path::Path;

use super::servers::Servers;
use super::world::{PROXY, World};

/// Starts squid, where the world has a proxy.
///
/// # Errors
/// A file cannot be written or squid does not start.
pub fn start(world: &World, work: &Path, servers: &mut Servers) -> Result<(), String> {
    let Some(proxy) = &world.proxy else { return Ok(()) };
    let file = work.join("squid.conf");
    let text = format!(
        "http_port {PROXY}:3128\npid_filename none\naccess_log none\ncache_log /dev/stderr\n\
         cache deny all\nnetdb_filename none\ncoredump_dir none\nshutdown_lifetime 0 seconds\n\
         visible_hostname proxy.contoso.example\nmax_filedescriptors 1024\npinger_enable off\n\
         dns_nameservers {}\nconnect_timeout 2 seconds\n\
         acl CONNECT method CONNECT\n{}\n",
        proxy.resolver,
        proxy.access.join("\n")
    );
    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    // As root squid gives up its rights, which this namespace has no other user for; as an
    // ordinary user, in a user namespace of its own, it just runs.
    let file = file.display().to_string();
    servers.start(
        "proxy",
        "proxy",
        "unshare",
        &["-U", "--map-user=13", "--map-group=13", "squid", "-N", "-f", &file],
    )
}

/// Waits until it listens.
///
/// # Errors
/// It does not.
pub fn ready(world: &World, servers: &mut Servers) -> Result<(), String> {
    match &world.proxy {
        Some(_) => servers.listens(&format!("{PROXY}:3128")),
        None => Ok(()),
    }
}
