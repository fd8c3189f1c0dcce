//! PostgreSQL itself. It does not run as root, which is what the one user of a world is called, so it
//! runs in a user namespace where that user has another number.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use super::network::run;
use super::servers::Servers;

/// The same user under another number.
const AS_USER: [&str; 4] = ["--user", "--map-user=1000", "--map-group=1000", "--"];
/// Where Debian has initdb, which is not on the PATH.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Makes an empty database and starts its server.
///
/// # Errors
/// PostgreSQL is not there, or a file cannot be written.
pub fn start(
    name: &str,
    host: &str,
    address: &str,
    tls: bool,
    work: &Path,
    servers: &mut Servers,
) -> Result<(), String> {
    let programs = programs()?;
    let data = work.join(format!("{name}.pgdata"));
    run(Command::new("unshare")
        .args(AS_USER)
        .arg(programs.join("initdb"))
        .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"])
        .arg("--pgdata")
        .arg(&data)
        .env_remove("LC_ALL"))?;
    // A key that others could read is refused.
    let key = data.join("server.key");
    fs::copy(work.join(format!("{name}.key.pem")), &key).map_err(|e| e.to_string())?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).map_err(|e| e.to_string())?;
    let chain = work.join(format!("{name}.chain.pem"));
    let settings = format!(
        "listen_addresses = '{address}'\nport = 5432\nunix_socket_directories = ''\nfsync = off\n\
         shared_buffers = '1MB'\ndynamic_shared_memory_type = mmap\nssl = {}\nssl_cert_file = '{}'\n\
         ssl_key_file = 'server.key'\n",
        if tls { "on" } else { "off" },
        chain.display()
    );
    fs::write(data.join("postgresql.auto.conf"), settings).map_err(|e| e.to_string())?;
    let program = programs.join("postgres").display().to_string();
    let data = data.display().to_string();
    let args = [&AS_USER[..], &[program.as_str(), "-D", data.as_str()]].concat();
    servers.start(name, host, "unshare", &args)
}

/// The programs of the newest version that is installed.
fn programs() -> Result<std::path::PathBuf, String> {
    let versions = fs::read_dir(VERSIONS).map_err(|e| format!("{VERSIONS}: {e}"))?;
    let mut folders: Vec<_> = versions.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.pop().map(|folder| folder.join("bin")).ok_or_else(|| format!("{VERSIONS} is empty"))
}
